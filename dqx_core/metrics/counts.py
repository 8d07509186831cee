"""How many: rows, values, nulls, values of a kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import ScanMetric
from dqx_core.sql.literals import is_nan
from dqx_core.sql.types import NUMBERS, ColumnKind
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
    """Rows whose `column` is one of `values`, compared by the column's type; null never counts.

    Numbers count in columns of numbers, text in text, and so on: nothing is cast to be found.
    """

    kind: ClassVar[str] = "count_values"
    column: str
    values: Sequence[Scalar]

    def __post_init__(self) -> None:
        super().__post_init__()
        several = isinstance(self.values, list | tuple | set | frozenset)
        values = tuple(_own(v) for v in self.values) if several else (_own(self.values),)
        if not values:
            raise DefinitionError(f"count_values({self.column}) has no values to count. Give at least one.")
        types = {_family(v) for v in values}
        if None in types or len(types) > 1:
            shown = ", ".join(sorted({type(v).__name__ for v in values}))
            raise DefinitionError(
                f"count_values({self.column}) takes int, float, str, bool or date values of one type, not: {shown}."
            )
        # A value written twice counts once, and their order is nobody's business; NaN has none.
        nans = [v for v in values if is_nan(v)]
        object.__setattr__(self, "values", (*sorted({v for v in values if not is_nan(v)}), *nans[:1]))

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from dqx_core.sql.literals import one_of

        type_name = rows.type_name(self.column)
        return {"n": rows.count(one_of(rows.plain(self.column), self.values, type_name, rows.dialect))}

    def misfit(self, kind: ColumnKind) -> str | None:
        family = _family(next(iter(self.values)))
        fits = _FITS[family] if family is not None else frozenset()
        if kind in fits:
            return None
        days = family is dt.date and kind is ColumnKind.TIMESTAMP
        way_out = f" (for days write where=\"CAST({self.column} AS DATE) = '{self.values[0]}'\")" if days else ""
        return f"counts {_WORDS[family]}{way_out}"


_FITS: Mapping[type | None, frozenset[ColumnKind]] = {
    bool: frozenset({ColumnKind.BOOLEAN}),
    # Of other types some have values that are told as text: enums, UUIDs.
    str: frozenset({ColumnKind.TEXT, ColumnKind.OTHER}),
    dt.datetime: frozenset({ColumnKind.TIMESTAMP}),
    dt.date: frozenset({ColumnKind.DATE}),
    float: NUMBERS,
}
_WORDS: Mapping[type | None, str] = {
    bool: "true or false",
    str: "text",
    dt.datetime: "timestamps",
    dt.date: "dates",
    float: "numbers",
}


def _own(value: Any) -> Any:
    """The value as Python's own, where NumPy has one of its kind."""
    if type(value).__module__ != "numpy" or not hasattr(value, "item"):
        return value
    if value.dtype.kind == "M":
        value = value.astype("datetime64[us]" if value.dtype != "datetime64[D]" else "datetime64[D]")
    return value.item()


def _family(value: object) -> type | None:
    for family in (bool, str, dt.datetime, dt.date):
        if isinstance(value, family):
            return family
    return float if isinstance(value, int | float) else None


def values(column: str, rows: Rows) -> exp.Expr:
    """How many non-null values the rows have in the column."""
    from sqlglot import exp

    return exp.Count(this=rows.column(column))
