"""The smallest and the largest value; dates and timestamps as epoch seconds in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.metrics.base import NO_VALUES, ScanMetric, failure
from dqx_core.sql.types import ColumnKind
from dqx_core.states import Greatest, Least, Number

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

    def _aggregates(self, rows: Rows, extreme: type[exp.AggFunc]) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        found: dict[str, exp.Expr] = {"value": extreme(this=rows.column(self.column))}
        if rows.kind(self.column) is ColumnKind.FLOAT:
            # Engines disagree on where NaN stands in the order; we say it spoils the extreme, so it must be seen.
            found["nans"] = rows.count(exp.IsNan(this=rows.plain(self.column)))
        return found


@dataclass(frozen=True)
class Minimum(_OfExtreme):
    """Smallest non-null value of `column`; dates and timestamps as epoch seconds UTC; NaN if there is one."""

    kind: ClassVar[str] = "minimum"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        return self._aggregates(rows, exp.Min)

    def state(self, seen: Mapping[str, Any], /) -> Least:
        return Least(float("nan") if seen.get("nans") else number(seen["value"]))


@dataclass(frozen=True)
class Maximum(_OfExtreme):
    """Largest non-null value of `column`; dates and timestamps as epoch seconds UTC; NaN if there is one."""

    kind: ClassVar[str] = "maximum"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        return self._aggregates(rows, exp.Max)

    def state(self, seen: Mapping[str, Any], /) -> Greatest:
        return Greatest(float("nan") if seen.get("nans") else number(seen["value"]))


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
    raise TypeError(f"an engine returned a {type(value).__name__} where a number was expected")
