"""How many: rows, values, nulls, values of a kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import ScanMetric
from dqx_core.states import Count, Number

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows

Scalar = int | float | str | bool | dt.date


class _Counting(ScanMetric):
    """A metric that is one COUNT; 0 over no rows."""

    def state(self, seen: Mapping[str, Any], /) -> Count:
        return Count(int(seen["n"]))

    def value(self, state: Count, /) -> Result[Number, str]:
        return Success(state.count)


@dataclass(frozen=True)
class NumRows(_Counting):
    """Rows."""

    kind: ClassVar[str] = "num_rows"

    @property
    def columns(self) -> Sequence[str]:
        return ()

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        return {"n": rows.count()}


@dataclass(frozen=True)
class CountOf(_Counting):
    """Rows in which `column` is not null; without a column, rows."""

    kind: ClassVar[str] = "count"
    column: str | None = None

    @property
    def columns(self) -> Sequence[str]:
        return () if self.column is None else (self.column,)

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        return {"n": rows.count() if self.column is None else values(self.column, rows)}


@dataclass(frozen=True)
class NullCount(_Counting):
    """Rows in which `column` is null."""

    kind: ClassVar[str] = "null_count"
    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        # Two counts that other metrics want as well are cheaper than a CASE for each column.
        return {"rows": rows.count(), "values": values(self.column, rows)}

    def state(self, seen: Mapping[str, Any], /) -> Count:
        return Count(int(seen["rows"]) - int(seen["values"]))


@dataclass(frozen=True)
class NegativeCount(_Counting):
    """Rows in which `column` is below 0; null and NaN never count."""

    kind: ClassVar[str] = "negative_count"
    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def takes(self) -> str:
        return "numbers"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        return {"n": rows.count(exp.LT(this=rows.plain(self.column), expression=exp.Literal.number(0)))}


@dataclass(frozen=True)
class CountValues(_Counting):
    """Rows whose `column` is one of `values`; null never counts."""

    kind: ClassVar[str] = "count_values"
    column: str
    values: Collection[Scalar]

    def __post_init__(self) -> None:
        super().__post_init__()
        values = tuple(self.values) if isinstance(self.values, list | tuple | set | frozenset) else (self.values,)
        if not values:
            raise DefinitionError(f"count_values({self.column}) has no values to count. Give at least one.")
        types = {_family(v) for v in values}
        if None in types or len(types) > 1:
            shown = ", ".join(sorted({type(v).__name__ for v in values}))
            raise DefinitionError(
                f"count_values({self.column}) takes int, float, str, bool or date values of one type, not: {shown}."
            )
        # A value written twice counts once, and their order is nobody's business.
        object.__setattr__(self, "values", tuple(sorted(set(values))))

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from dqx_core.sql.literals import literal

        return {"n": rows.count(rows.plain(self.column).isin(*[literal(v) for v in self.values]))}


def _family(value: object) -> type | None:
    for family in (bool, str, dt.datetime, dt.date):
        if isinstance(value, family):
            return family
    return float if isinstance(value, int | float) else None


def values(column: str, rows: Rows) -> exp.Expr:
    """How many non-null values the rows have in the column."""
    from sqlglot import exp

    return exp.Count(this=rows.column(column))
