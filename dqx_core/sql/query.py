"""A scan as statements: all plain aggregates in one, grouped metrics of the same columns in one, others alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from dqx_core.engines.base import DataSource, zone_of
from dqx_core.sql.conditions import condition
from dqx_core.sql.dialects import dialect_of
from dqx_core.sql.dimensions import is_one_of, told
from dqx_core.sql.rows import COPIES, DATA, ITEMS, Items, Rows, Stages, named, of_data, per_group
from dqx_core.sql.windows import Buckets, When

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.metrics.base import MarkedMetric, MetricSpec, OverItems, ScanMetric, StatementMetric

DAY = "__day"
_NOWHERE = object()
"""The place of a window that no value of the column lies in."""
HOLDS = "__holds"
"""The result column that says whether the data is what a statement takes it for; one that has it has a `general`."""


@dataclass(frozen=True)
class Grouping:
    """Which rows a statement reads, and into which groups it parts them."""

    source: DataSource
    windows: tuple[When, ...]
    """In order of time; ignored when the source has no date column."""
    dimensions: tuple[str, ...] = ()
    """The tags whose columns rows are grouped by, sorted."""
    values: tuple[tuple[str, ...], ...] = ()
    """Of each dimension, the values that are asked for, as canonical texts."""
    only: frozenset[str] = frozenset()
    """The dimensions of which no rows but those of the values are read."""

    @property
    def names(self) -> list[str]:
        """The columns that tell the groups apart, in the result."""
        dated = [DAY] if self.source.date_column is not None else []
        return [*dated, *(f"__tag_{i}" for i in range(len(self.dimensions)))]

    @cached_property
    def _types(self) -> Mapping[str, str]:
        return {name.lower(): type_name for name, type_name in self.source.schema.items()}

    @cached_property
    def buckets(self) -> Buckets | None:
        """How the window of a row is told; None without a date column."""
        column, dialect = self.source.date_column, self.source.dialect
        if column is None:
            return None
        return Buckets.of(column, self._types[column.lower()], dialect, zone_of(self.source), self.windows)

    def place(self, when: When) -> object:
        """What the result tells of the rows of a window; None without a date column."""
        return None if self.buckets is None else self.buckets.places.get(when, _NOWHERE)

    def groups(self) -> list[exp.Expr]:
        """The expressions rows are grouped by, aliased to `names`."""
        from sqlglot import exp

        parts: list[exp.Expr] = [] if self.buckets is None else [self.buckets.bucket()]
        for tag, values in zip(self.dimensions, self.values, strict=True):
            column = self.source.dimensions[tag]
            type_name = self._types[column.lower()]
            parts.append(told(column, values, type_name, self.source.dialect, only=tag in self.only))
        return [exp.alias_(part, name, quoted=True) for part, name in zip(parts, self.names, strict=True)]

    def among(self) -> exp.Expr | None:
        """The condition on the rows to read: half-open bounds of windows and values of dimensions, as literals."""
        from sqlglot import exp

        conditions: list[exp.Expr] = [] if self.buckets is None else [self.buckets.among()]
        for tag, values in zip(self.dimensions, self.values, strict=True):
            if tag in self.only:
                column = self.source.dimensions[tag]
                conditions.append(is_one_of(column, values, self._types[column.lower()], self.source.dialect))
        return exp.and_(*conditions) if conditions else None

    def rows(self, where: str | None, stages: Stages | None = None, powers: Mapping[str, int] | None = None) -> Rows:
        """The rows as a metric with that condition sees them; without `powers` numbers may be of any size."""
        source, stages, any_size = self.source, stages or Stages(frozenset()), powers is None
        return Rows(
            source.relation(), source.schema, source.dialect, where, self.among(), stages, powers or {}, any_size
        )

    def stages(self) -> Stages:
        """Room for columns that are computed once a row."""
        return Stages(frozenset(column.lower() for column in self.source.schema))


@dataclass(frozen=True)
class Statement:
    """A query and how to read its rows: for each metric, its aggregates by name → result column."""

    tree: exp.Query
    grouping: Grouping
    reads: Mapping[MetricSpec, Mapping[str, str]]
    part: Callable[[Sequence[MetricSpec], Grouping], Statement]
    """The same statement for some of its metrics, and for these groups."""
    counts: frozenset[str] = frozenset()
    """The result columns that are 0 over no rows; all others are null."""
    otherwise: Statement | None = None
    """Another way to the same numbers, if the engine refuses this one."""
    general: Callable[[], Statement] | None = None
    """Makes the way to the same numbers for any data, if this one is refused or `HOLDS` is false in a row of it."""


def scan_statement(
    metrics: Sequence[ScanMetric], grouping: Grouping, powers: Mapping[str, int] | None = None
) -> Statement:
    """One pass that feeds every metric; equal aggregates are computed once.

    Doubles of a column in `powers` (by its name in lower case) are summed as integers, if they are. Without `powers`
    it is the statement for any numbers.
    """
    from sqlglot import exp

    stages = grouping.stages()
    where: dict[str | None, Rows] = {}
    found: dict[MetricSpec, Mapping[str, exp.Expr]] = {}
    for metric in metrics:
        condition_ = None if metric.alone else metric.where
        if condition_ not in where:
            where[condition_] = grouping.rows(condition_, stages, powers)
        found[metric] = metric.aggregates(where[condition_])
    aggregates, reads = _named(found)
    counts, general = _zeros(aggregates), None
    if stages.guards:
        aggregates[HOLDS] = exp.LogicalAnd(this=exp.and_(*stages.guards.values()))
    if stages.guards or stages.hopeful:
        general = partial(scan_statement, metrics, grouping)
    chosen = [of_data(condition(m.where)) for m in metrics if m.alone and m.where is not None]
    return Statement(
        _one_pass(aggregates, grouping, stages, chosen),
        grouping,
        reads,
        lambda some, groups: scan_statement([m for m in metrics if m in some], groups, powers),
        counts,
        general=general,
    )


def marked_statement(
    metrics: Sequence[MarkedMetric], spans: Mapping[str, tuple[int, int]], grouping: Grouping
) -> Statement:
    """One pass in which metrics of one column each mark its values, integers in known bounds, in a bitmap.

    Nothing is grouped by value: for ids that are close together a fraction of the time and memory. A value outside
    the bounds, because the data has changed since they were asked, is refused; then the rows are grouped.
    """
    from sqlglot import exp

    stages = grouping.stages()
    bitmap = dialect_of(grouping.source.dialect).bitmap
    found: dict[MetricSpec, Mapping[str, exp.Expr]] = {}
    for metric in metrics:
        rows = grouping.rows(metric.where, stages)
        (column,) = metric.columns
        bounds = [exp.Literal.number(bound) for bound in spans[column]]
        marks = exp.Anonymous(this=bitmap, expressions=[rows.column(column), *bounds])
        found[metric] = metric.marked(exp.BitwiseCount(this=marks), rows)
    aggregates, reads = _named(found)
    return Statement(
        _one_pass(aggregates, grouping, stages, []),
        grouping,
        reads,
        lambda some, groups: marked_statement([m for m in metrics if m in some], spans, groups),
        _zeros(aggregates),
        grouped_statement(metrics, tuple(metrics[0].columns), grouping) if len(metrics) == 1 else None,
    )


def _one_pass(
    aggregates: Mapping[str, exp.Expr], grouping: Grouping, stages: Stages, chosen: Sequence[exp.Expr]
) -> exp.Select:
    """The aggregates of each group, over the rows that meet the conditions."""
    from sqlglot import exp

    among = grouping.among()
    staged = stages.over(grouping.source.relation(), among)
    groups = grouping.groups()
    tree = exp.Select(expressions=[*groups, *(named(a, name) for name, a in aggregates.items())])
    tree = tree.from_(staged.subquery(DATA, copy=False), copy=False)
    if conditions := [*([among] if among is not None and not stages.trees else []), *chosen]:
        tree = tree.where(*conditions, copy=False)
    if groups:
        tree = tree.group_by(*[group.this.copy() for group in groups], copy=False)
    return tree


def grouped_statement(metrics: Sequence[OverItems], columns: tuple[str, ...], grouping: Grouping) -> Statement:
    """The rows grouped by the values of some columns, once for every metric over those columns and that condition."""
    from sqlglot import exp

    names = {column: f"item_{i}" for i, column in enumerate(columns)}
    items = Items(names, grouping.source.dialect)
    found = {metric: metric.over(items) for metric in metrics}
    aggregates, reads = _named(found)
    copies = any(column.name == COPIES for tree in aggregates.values() for column in tree.find_all(exp.Column))
    rows = grouping.rows(metrics[0].where)
    groups = grouping.groups()
    values = [exp.alias_(rows.key(column), name, quoted=True) for column, name in names.items()]
    inner = rows.selected(groups, *values, *([exp.alias_(exp.Count(this=exp.Star()), COPIES, quoted=True)] * copies))
    inner = inner.group_by(*[each.this.copy() for each in (*groups, *values)])
    tree = per_group(inner, groups, aggregates, ITEMS)
    return Statement(
        tree,
        grouping,
        reads,
        lambda some, groups: grouped_statement([m for m in metrics if m in some], columns, groups),
        _zeros(aggregates),
    )


def own_statement(metric: StatementMetric, grouping: Grouping) -> Statement:
    """The statement of a metric that is like no other."""
    tree = metric.statement(grouping.rows(metric.where), grouping.groups())
    reads: dict[MetricSpec, Mapping[str, str]] = {metric: {name: name for name in metric.reads}}
    return Statement(tree, grouping, reads, lambda _, groups: own_statement(metric, groups))


def _named(
    found: Mapping[Any, Mapping[str, exp.Expr]],
) -> tuple[dict[str, exp.Expr], dict[MetricSpec, Mapping[str, str]]]:
    """Each different aggregate under a name of its own, and the names each metric reads."""
    names: dict[exp.Expr, str] = {}
    aggregates: dict[str, exp.Expr] = {}
    reads: dict[MetricSpec, Mapping[str, str]] = {}
    for metric, wanted in found.items():
        reads[metric] = {}
        for name, tree in wanted.items():
            column = names.setdefault(tree, f"a{len(names)}")
            aggregates.setdefault(column, tree)
            reads[metric] = {**reads[metric], name: column}
    return aggregates, reads


def _zeros(aggregates: Mapping[str, exp.Expr]) -> frozenset[str]:
    from sqlglot import exp

    return frozenset(name for name, tree in aggregates.items() if isinstance(tree, exp.Count))
