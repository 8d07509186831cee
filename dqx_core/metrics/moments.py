"""Sum and mean, from exact totals: the same bits in any row order and with any number of threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.metrics.base import NO_VALUES, ScanMetric, failure
from dqx_core.sql.types import ColumnKind
from dqx_core.states import Number, Total, rounded

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows


@dataclass(frozen=True)
class _OfTotal(ScanMetric):
    """A metric of how many non-null values there are and what they add up to."""

    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def takes(self) -> str:
        return "numbers"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        from dqx_core.sql.exact import exact_sum

        column = rows.column(self.column)
        count = {"n": exp.Count(this=column.copy())}
        if rows.kind(self.column) is ColumnKind.FLOAT:
            return count | exact_sum(exp.Cast(this=column, to=exp.DataType.build("double")))
        return count | {"sum": exp.Sum(this=column)}

    def state(self, seen: Mapping[str, Any], /) -> Total:
        from dqx_core.sql.exact import exact_value

        if "sum" in seen:
            return Total(int(seen["n"]), Fraction(seen["sum"] or 0))
        return Total(int(seen["n"]), *exact_value(seen))


@dataclass(frozen=True)
class Sum(_OfTotal):
    """Sum of the non-null values of `column`, in the column's unit; exact for integers and decimals."""

    kind: ClassVar[str] = "sum"

    def value(self, state: Total, /) -> Result[Number, str]:
        return Success(state.value) if state.count else failure(NO_VALUES)


@dataclass(frozen=True)
class Average(_OfTotal):
    """Mean of the non-null values of `column`, in the column's unit; nulls are not in the denominator."""

    kind: ClassVar[str] = "average"

    def value(self, state: Total, /) -> Result[Number, str]:
        if not state.count:
            return failure(NO_VALUES)
        return Success(float(rounded(state.sum / state.count, state.rest / state.count)))
