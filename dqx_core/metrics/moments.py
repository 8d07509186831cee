"""Sum, mean and variance, from exact totals: the same bits in any row order and with any number of threads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.metrics.base import NO_VALUES, ScanMetric, failure
from dqx_core.metrics.counts import values
from dqx_core.sql.types import ColumnKind
from dqx_core.states import Moments, Number, Total, rounded

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows


@dataclass(frozen=True)
class _OfColumn(ScanMetric):
    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def takes(self) -> str:
        return "numbers"

    @property
    def adds_up(self) -> str | None:
        return self.column

    def _total(self, rows: Rows) -> dict[str, exp.Expr]:
        from sqlglot import exp

        from dqx_core.sql.exact import exact_sum, exact_total, whole_sum
        from dqx_core.sql.units import has_units, units_sum

        column, power = rows.column(self.column), rows.power(self.column)
        count = {"n": values(self.column, rows)}
        match rows.kind(self.column):
            case ColumnKind.FLOAT | ColumnKind.UNTYPED:
                doubles = _double(column, rows.type_name(self.column))
                return count | (exact_sum(doubles, rows) if power is None else whole_sum(doubles, power, rows))
            case _ if has_units(self.column, rows):
                return count | units_sum(self.column, rows)
            case ColumnKind.INTEGER:
                return count | {"sum": exact_total(_signed(column, rows.type_name(self.column)), rows)}
        total: exp.Expr = exp.Sum(this=column)
        return count | {"sum": total}


def _double(column: exp.Expr, type_name: str) -> exp.Expr:
    from sqlglot import exp

    return column if type_name in ("DOUBLE", "FLOAT64") else exp.Cast(this=column, to=exp.DataType.build("double"))


def _signed(column: exp.Expr, type_name: str) -> exp.Expr:
    """Integers as they are; of 128 bits without a sign with one, because DuckDB would sum those as doubles."""
    from sqlglot import exp

    return exp.Cast(this=column, to=exp.DataType.build("hugeint")) if type_name == "UHUGEINT" else column


def _total(seen: Mapping[str, Any]) -> tuple[Fraction, float]:
    from dqx_core.sql.exact import exact_value, whole_value
    from dqx_core.sql.units import units_value

    if "units_over" in seen:
        return units_value(seen), 0.0
    if "sum" in seen:
        return Fraction(seen["sum"] or 0), 0.0
    return (whole_value(seen), 0.0) if "power" in seen else exact_value(seen)


class _OfTotal(_OfColumn):
    """A metric of how many non-null values there are and what they add up to."""

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        return self._total(rows)

    def state(self, seen: Mapping[str, Any], /) -> Total:
        return Total(int(seen["n"]), *_total(seen))


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


class _OfMoments(_OfColumn):
    """A metric of how many non-null values there are, what they add up to, and their squares."""

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        from dqx_core.sql.exact import exact_squares, integer_squares, whole_squares
        from dqx_core.sql.units import has_units, units_squares

        column, power = rows.column(self.column), rows.power(self.column)
        match rows.kind(self.column):
            case ColumnKind.FLOAT | ColumnKind.UNTYPED:
                total, doubles = self._total(rows), _double(column, rows.type_name(self.column))
                return total | (exact_squares(doubles, rows) if power is None else whole_squares(doubles, power, rows))
            case _ if has_units(self.column, rows):
                return self._total(rows) | units_squares(self.column, rows)
            case ColumnKind.INTEGER:
                type_name = rows.type_name(self.column)
                return self._total(rows) | integer_squares(_signed(column, type_name), type_name, rows)
        widest = exp.DataType.build(_widest(rows.type_name(self.column), rows.dialect), dialect=rows.dialect)
        wide: exp.Expr = rows.stage(exp.Cast(this=column, to=widest))
        square: exp.Expr = exp.Sum(this=exp.Mul(this=wide, expression=wide.copy()))
        return self._total(rows) | {"squares": square}

    def state(self, seen: Mapping[str, Any], /) -> Moments:
        from dqx_core.sql.exact import exact_value, integer_squares_value, whole_squares_value
        from dqx_core.sql.units import units_squares_value

        total, rest = _total(seen)
        if "units_high_high" in seen:
            squares, rest_squares = units_squares_value(seen), 0.0
        elif "squares_cross" in seen:
            squares, rest_squares = whole_squares_value(seen), 0.0
        elif "squares_over" in seen:
            squares, rest_squares = integer_squares_value(seen), 0.0
        elif "squares" in seen:
            squares, rest_squares = Fraction(seen["squares"] or 0), 0.0
        else:
            squares, rest_squares = exact_value(seen, "squares_")
        return Moments(int(seen["n"]), total, squares, rest, rest_squares)


def _widest(type_name: str, dialect: str) -> str:
    """The decimal type of as many digits as there can be, and as many of them behind the point as the column has."""
    if dialect != "duckdb":
        return "BIGNUMERIC"
    return f"DECIMAL(38, {type_name.rpartition(',')[2].strip(' )')})"


def _spread(state: Moments) -> Result[Number, str]:
    if state.count < 2:
        return failure(f"needs 2 non-null values, has {state.count}")
    return Success(state.variance)


@dataclass(frozen=True)
class Variance(_OfMoments):
    """Sample variance (n - 1) of the non-null values of `column`, in the column's unit squared.

    m2 = Σx² - (Σx)²/n, from sums that are exact: it cannot cancel, and it does not depend on the order of
    rows as a merge around the joint mean does (Chan et al. 1979).
    """

    kind: ClassVar[str] = "variance"

    def value(self, state: Moments, /) -> Result[Number, str]:
        return _spread(state)


@dataclass(frozen=True)
class Stddev(_OfMoments):
    """Sample standard deviation (n - 1) of the non-null values of `column`, in the column's unit.

    The square root of `variance`, from the same exact sums.
    """

    kind: ClassVar[str] = "stddev"

    def value(self, state: Moments, /) -> Result[Number, str]:
        return _spread(state).map(math.sqrt)
