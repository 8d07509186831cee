"""A scan as statements: all plain aggregates of a source in one, each grouped metric in one of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dqx_core.engines.base import DataSource
from dqx_core.sql.literals import literal
from dqx_core.sql.rows import DATA, Rows
from dqx_core.sql.types import ColumnKind, kind_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.metrics.base import GroupedMetric, ScanMetric

DAY = "__day"


@dataclass(frozen=True)
class Grouping:
    """Which rows a statement reads, and into which groups it parts them."""

    source: DataSource
    days: tuple[dt.date, ...]
    """Sorted; ignored when the source has no date column."""
    dimensions: tuple[str, ...] = ()
    """The tags whose columns rows are grouped by, sorted."""
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Tag name and the values whose rows are read."""

    @property
    def names(self) -> list[str]:
        """The columns that tell the groups apart, in the result."""
        dated = [DAY] if self.source.date_column is not None else []
        return [*dated, *(f"__tag_{i}" for i in range(len(self.dimensions)))]

    def groups(self) -> list[exp.Expr]:
        """The expressions rows are grouped by, aliased to `names`."""
        from sqlglot import exp

        parts: list[exp.Expr] = []
        if self.source.date_column is not None:
            parts.append(exp.Cast(this=_column(self.source.date_column), to=exp.DataType.build("date")))
        for tag in self.dimensions:
            column = _column(self.source.dimensions[tag])
            parts.append(exp.Cast(this=column, to=exp.DataType.build("text")))
        return [exp.alias_(part, name, quoted=True) for part, name in zip(parts, self.names, strict=True)]

    def among(self) -> exp.Expr | None:
        """The condition on the rows to read: half-open day bounds and tag values, as literals."""
        from sqlglot import exp

        conditions: list[exp.Expr] = []
        if self.source.date_column is not None:
            timed = kind_of(self.source.schema[self.source.date_column], self.source.dialect) is not ColumnKind.DATE
            spans = [
                exp.and_(
                    exp.GTE(this=_column(self.source.date_column), expression=_bound(first, timed)),
                    exp.LT(
                        this=_column(self.source.date_column), expression=_bound(last + dt.timedelta(days=1), timed)
                    ),
                )
                for first, last in spans_of(self.days)
            ]
            conditions.append(exp.or_(*spans))
        for tag, values in self.only:
            text = exp.Cast(this=_column(self.source.dimensions[tag]), to=exp.DataType.build("text"))
            conditions.append(text.isin(*[literal(v) for v in values]))
        return exp.and_(*conditions) if conditions else None

    def rows(self, where: str | None) -> Rows:
        """The rows as a metric with that condition sees them."""
        source = self.source
        return Rows(source.relation(), source.schema, source.dialect, where, self.among())


@dataclass(frozen=True)
class Statement:
    """A query and how to read its rows: for each metric, its aggregates by name → result column."""

    tree: exp.Query
    grouping: Grouping
    reads: Mapping[ScanMetric | GroupedMetric, Mapping[str, str]]
    counts: frozenset[str] = frozenset()
    """The result columns that are 0 over no rows; all others are null."""


def scan_statement(metrics: Sequence[ScanMetric], grouping: Grouping) -> Statement:
    """One pass that feeds every metric; equal aggregates are computed once."""
    from sqlglot import exp

    columns: dict[str, tuple[str, exp.Expr]] = {}
    reads: dict[ScanMetric | GroupedMetric, Mapping[str, str]] = {}
    for metric in metrics:
        found = {}
        for name, aggregate in metric.aggregates(grouping.rows(metric.where)).items():
            column, _ = columns.setdefault(aggregate.sql(grouping.source.dialect), (f"a{len(columns)}", aggregate))
            found[name] = column
        reads[metric] = found
    groups = grouping.groups()
    tree = exp.select(*groups, *(exp.alias_(a, name, quoted=True) for name, a in columns.values()))
    tree = tree.from_(grouping.source.relation().subquery(DATA))
    if (among := grouping.among()) is not None:
        tree = tree.where(among)
    if groups:
        tree = tree.group_by(*[group.this.copy() for group in groups])
    counts = frozenset(name for name, aggregate in columns.values() if isinstance(aggregate, exp.Count))
    return Statement(tree, grouping, reads, counts)


def grouped_statement(metric: GroupedMetric, grouping: Grouping) -> Statement:
    """The statement of a metric that groups the rows by value first."""
    tree = metric.statement(grouping.rows(metric.where), grouping.groups())
    return Statement(tree, grouping, {metric: {"value": "value"}})


def spans_of(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Runs of consecutive days, as (first, last)."""
    spans: list[tuple[dt.date, dt.date]] = []
    for day in sorted(set(days)):
        if spans and (day - spans[-1][1]).days == 1:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def _column(name: str) -> exp.Expr:
    from sqlglot import exp

    return exp.column(name, table=DATA, quoted=True)


def _bound(day: dt.date, timed: bool) -> exp.Expr:
    return literal(dt.datetime.combine(day, dt.time())) if timed else literal(day)
