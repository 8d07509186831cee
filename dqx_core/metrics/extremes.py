"""The smallest and the largest value, and the first; dates and timestamps as epoch seconds in UTC."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.metrics.base import NO_VALUES, ScanMetric, StatementMetric, failure
from dqx_core.sql.types import ColumnKind
from dqx_core.states import First, Greatest, Least, Number

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows


@dataclass(frozen=True)
class _OfExtreme(ScanMetric):
    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def takes(self) -> str:
        return "ordered"

    def value(self, state: Least | Greatest, /) -> Result[Number, str]:
        return failure(NO_VALUES) if state.value is None else Success(state.value)


@dataclass(frozen=True)
class Minimum(_OfExtreme):
    """Smallest non-null value of `column`; dates and timestamps as epoch seconds UTC; NaN if there is one."""

    kind: ClassVar[str] = "minimum"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        found: dict[str, exp.Expr] = {"value": exp.Min(this=rows.column(self.column))}
        if rows.kind(self.column) is ColumnKind.FLOAT:
            # Engines disagree on where NaN stands when they look for the smallest, not when for the largest.
            found["largest"] = exp.Max(this=rows.column(self.column))
        return found

    def state(self, seen: Mapping[str, Any], /) -> Least:
        largest = number(seen.get("largest"))
        spoiled = largest is not None and math.isnan(largest)
        return Least(largest if spoiled else number(seen["value"]))


@dataclass(frozen=True)
class Maximum(_OfExtreme):
    """Largest non-null value of `column`; dates and timestamps as epoch seconds UTC; NaN if there is one."""

    kind: ClassVar[str] = "maximum"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        return {"value": exp.Max(this=rows.column(self.column))}

    def state(self, seen: Mapping[str, Any], /) -> Greatest:
        return Greatest(number(seen["value"]))


@dataclass(frozen=True)
class FirstValue(StatementMetric):
    """Value of `column` where `order_by` is smallest, of several there the smallest; NaN comes after all numbers.

    Rows in which either is null do not count.
    """

    kind: ClassVar[str] = "first"
    column: str
    order_by: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column, self.order_by)

    def takes_of(self, column: str) -> str:
        return "ordered" if column == self.column else "sortable"

    @property
    def mergeable(self) -> bool:
        return True

    @property
    def reads(self) -> Sequence[str]:
        return ("order", "value")

    def statement(self, rows: Rows, groups: Sequence[exp.Expr], /) -> exp.Select:
        from sqlglot import exp

        from dqx_core.sql.dialects import dialect_of

        wanted = {"order": rows.plain(self.order_by), "value": rows.plain(self.column)}
        known = [exp.Not(this=exp.Is(this=v.copy(), expression=exp.Null())) for v in wanted.values()]
        chosen = rows.selected(groups, *(exp.alias_(v, name, quoted=True) for name, v in wanted.items()))
        names = [exp.column(name, quoted=True) for name in (*(g.alias for g in groups), *self.reads)]
        floats = {
            name
            for name, column in zip(self.reads, (self.order_by, self.column), strict=True)
            if rows.kind(column) is ColumnKind.FLOAT and dialect_of(rows.dialect).nan_sorts_first
        }
        order = [
            each
            for name in names[len(groups) :]
            for each in (*([exp.IsNan(this=name.copy())] if name.name in floats else []), name.copy())
        ]
        place = exp.Window(
            this=exp.RowNumber(),
            partition_by=[name.copy() for name in names[: len(groups)]],
            # Nothing is null here; said so that no engine writes down where its nulls would be.
            order=exp.Order(expressions=[exp.Ordered(this=each, nulls_first=False) for each in order]),
        )
        ranked = exp.select(*names, exp.alias_(place, "place", quoted=True)).from_(
            chosen.where(*known).subquery("rows")
        )
        is_first = exp.EQ(this=exp.column("place", quoted=True), expression=exp.Literal.number(1))
        return exp.select(*[name.copy() for name in names]).from_(ranked.subquery("ranked")).where(is_first)

    def state(self, seen: Mapping[str, Any], /) -> First:
        order = seen["order"]
        return First(order if isinstance(order, str) else number(order), number(seen["value"]))

    def value(self, state: First, /) -> Result[Number, str]:
        return failure(NO_VALUES) if state.value is None else Success(state.value)


def number(value: object) -> Number | None:
    """A value from an engine as a number: dates and timestamps as epoch seconds UTC, naive ones taken as UTC."""
    match value:
        case None:
            return None
        case int() | float():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dt.datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
            since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
            seconds, rest = divmod(since, dt.timedelta(seconds=1))
            return seconds if not rest else since.total_seconds()
        case dt.date():
            return (value - dt.date(1970, 1, 1)).days * 86_400
    if hasattr(value, "unheld"):  # it says itself what it is
        raise ValueError(value.unheld)
    raise TypeError(f"an engine returned a {type(value).__name__} where a number was expected")
