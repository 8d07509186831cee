"""What the columns of a table hold: counts, extremes and spread in one scan, and their most frequent values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from dqx_core.datasets.flow import aliased
from dqx_core.datasets.types import NUMERIC, TIMES
from dqx_core.engines.values import shown_rows_of
from dqx_core.errors import DefinitionError, hint
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.engines.base import Engine

Value = bool | int | float | Decimal | str | bytes | dt.date | dt.datetime | None

MOST_SAMPLES = 1_000
_ORDERED = NUMERIC | TIMES | {"STRING"}


@dataclass(frozen=True)
class ColumnStats:
    """What a column holds, of all rows of its table."""

    column: str
    type: str
    rows: int
    nulls: int
    distinct: int
    """Values that are not null, each once; from a sketch if asked for."""
    min: Value
    max: Value
    """Both None for types without an order, and where all is null; text, of what Python does not hold."""
    mean: float | None
    stddev: float | None
    """Of a sample (n - 1); numbers only."""

    @property
    def null_share(self) -> float:
        """Nulls per row; 0 without rows."""
        return self.nulls / self.rows if self.rows else 0.0

    @property
    def uniqueness(self) -> float | None:
        """Distinct values per value; 1: a key. None without values; a sketch may err above 1, which is 1."""
        values = self.rows - self.nulls
        return min(1.0, self.distinct / values) if values else None

    @property
    def range_days(self) -> int | None:
        """Days from the smallest to the largest date or time."""
        if isinstance(self.min, dt.date) and isinstance(self.max, dt.date):
            return (self.max - self.min).days
        return None


@dataclass(frozen=True)
class ValueCount:
    """A value of a column, and how many rows have it."""

    value: Value
    count: int


def column_stats(
    table: str,
    schema: Mapping[str, str],
    columns: Sequence[str] | None = None,
    *,
    engine: Engine,
    approximate: bool = False,
) -> list[ColumnStats]:
    """What columns hold, all of them for None: one scan. `approximate` counts distinct values with sketches.

    Raises:
        DefinitionError: The table has no such column.
    """
    chosen = list(schema) if columns is None else [known_column(table, column, schema) for column in columns]
    row = shown_rows_of(engine.run(_stats_query(table, schema, chosen, approximate)))[0]

    def stats(number: int, column: str) -> ColumnStats:
        def number_or_none(what: str) -> float | None:
            value = row.get(f"{what}_{number}")
            return None if value is None else float(value)

        return ColumnStats(
            column=column,
            type=schema[column],
            rows=row["rows"],
            nulls=row["rows"] - row[f"values_{number}"],
            distinct=row[f"distinct_{number}"],
            min=row.get(f"min_{number}"),
            max=row.get(f"max_{number}"),
            mean=number_or_none("mean"),
            stddev=number_or_none("stddev"),
        )

    return [stats(number, column) for number, column in enumerate(chosen)]


def samples(table: str, schema: Mapping[str, str], column: str, *, engine: Engine, limit: int = 20) -> list[ValueCount]:
    """The most frequent values of a column with their counts, null among them; the smaller of a tie first.

    Raises:
        DefinitionError: The table has no such column, or too many are asked for.
    """
    from sqlglot import exp

    if not 1 <= limit <= MOST_SAMPLES:
        raise DefinitionError(f"{limit} values cannot be shown. Ask for 1 to {MOST_SAMPLES:,}.")
    value = column_named(known_column(table, column, schema))
    query = (
        exp.select(aliased(value, "value"), aliased(exp.Count(this=exp.Star()), "count"))
        .from_(table_of(table))
        .group_by(exp.Literal.number(1))
        .order_by(
            exp.Ordered(this=exp.Literal.number(2), desc=True, nulls_first=False),
            exp.Ordered(this=exp.Literal.number(1), desc=False, nulls_first=True),
        )
        .limit(limit)
    )
    return [ValueCount(row["value"], row["count"]) for row in shown_rows_of(engine.run(query))]


def known_column(table: str, column: str, schema: Mapping[str, str]) -> str:
    """The name, if the table has such a column.

    Raises:
        DefinitionError: It has not.
    """
    if column not in schema:
        raise DefinitionError(f"Table '{table}' has no column '{column}'. {hint(column, schema)}")
    return column


def _stats_query(table: str, schema: Mapping[str, str], columns: Sequence[str], approximate: bool) -> exp.Select:
    from sqlglot import exp

    wanted: list[exp.Expr] = [aliased(exp.Count(this=exp.Star()), "rows")]
    for number, name in enumerate(columns):
        column = column_named(name)

        def distinct(of: exp.Expr = column) -> exp.Expr:
            if approximate:
                return exp.ApproxDistinct(this=of.copy())
            return exp.Count(this=exp.Distinct(expressions=[of.copy()]))

        found: dict[str, exp.Expr] = {"values": exp.Count(this=column.copy()), "distinct": distinct()}
        if schema[name] in _ORDERED:
            found |= {"min": exp.Min(this=column.copy()), "max": exp.Max(this=column.copy())}
        if schema[name] in NUMERIC:
            value = exp.cast(column.copy(), "double")
            found |= {"mean": exp.Avg(this=value), "stddev": exp.StddevSamp(this=value.copy())}
        wanted += [aliased(tree, f"{what}_{number}") for what, tree in found.items()]
    return exp.select(*wanted).from_(table_of(table))
