"""Sums of decimals and of the widest integers, and of their squares, that are exact whatever their size.

A decimal is a whole number of units of its last place. Cut into limbs, the units of 38 digits are summed, and the
products of limbs, without overflow: an integer of 128 bits has room for the sum of 2⁴⁰ rows of each.

This is for numbers that have no room in DuckDB's plain sums, which are tried first and take a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

from dqx_core.sql.dialects import dialect_of
from dqx_core.sql.types import ColumnKind, scale_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows

_HALF = 62
_THIRDS = {"high": 86, "middle": 43, "low": 0}
"""The power of two that one unit of each limb stands for."""


def has_units(column: str, rows: Rows) -> bool:
    """Whether the sums of a column may have no room in the engine's plain ones, and nothing is dared."""
    wide = dialect_of(rows.dialect).wide_types
    if not wide or (rows.kind(column) is not ColumnKind.DECIMAL and rows.type_name(column) not in wide):
        return False
    return not rows.dares


def units_sum(column: str, rows: Rows) -> dict[str, exp.Expr]:
    """The aggregates that hold the sum of a column."""
    from sqlglot import exp

    units, limb = _units(column, rows)
    return {
        "units_over": _sum(exp.IntDiv(this=units.copy(), expression=limb(2**_HALF))),
        "units_under": _sum(exp.Mod(this=units.copy(), expression=limb(2**_HALF))),
        "units_scale": exp.Max(this=exp.Literal.number(scale_of(rows.type_name(column)))),
    }


def units_squares(column: str, rows: Rows) -> dict[str, exp.Expr]:
    """The same for the squares."""
    from sqlglot import exp

    units, limb = _units(column, rows)
    high, middle = 2 ** _THIRDS["high"], 2 ** _THIRDS["middle"]
    rest = exp.Paren(this=exp.Mod(this=units.copy(), expression=limb(high)))
    parts = {
        "high": exp.IntDiv(this=units.copy(), expression=limb(high)),
        "middle": exp.IntDiv(this=rest, expression=limb(middle)),
        "low": exp.Mod(this=units.copy(), expression=limb(middle)),
    }
    limbs = {name: rows.stage(_hugeint(part)) for name, part in parts.items()}
    return {
        f"units_{one}_{other}": exp.Sum(this=exp.Mul(this=limbs[one].copy(), expression=limbs[other].copy()))
        for one, other in combinations_with_replacement(_THIRDS, 2)
    }


def units_value(seen: Mapping[str, Any]) -> Fraction:
    """The sum that the aggregates of `units_sum` hold."""
    total = (int(seen["units_over"] or 0) << _HALF) + int(seen["units_under"] or 0)
    return Fraction(total, 10 ** int(seen["units_scale"] or 0))


def units_squares_value(seen: Mapping[str, Any]) -> Fraction:
    """The sum of squares that the aggregates of `units_squares` hold."""
    total = sum(
        (1 if one == other else 2) * int(seen[f"units_{one}_{other}"] or 0) << _THIRDS[one] + _THIRDS[other]
        for one, other in combinations_with_replacement(_THIRDS, 2)
    )
    return Fraction(total, 10 ** (2 * int(seen["units_scale"] or 0)))


def _units(column: str, rows: Rows) -> tuple[exp.Expr, Any]:
    """The column in units, staged, and what makes a literal that its integers are divided by."""
    from sqlglot import exp

    value, type_name = rows.column(column), rows.type_name(column)
    unsigned = type_name == "UHUGEINT"
    if rows.kind(column) is ColumnKind.DECIMAL:
        # Its text without the point: a product with a power of ten would not have room.
        text = exp.Cast(this=value, to=exp.DataType.build("text"))
        digits = [text, exp.Literal.string("."), exp.Literal.string("")]
        value = exp.Anonymous(this="REPLACE", expressions=digits)

    def integer(node: exp.Expr) -> exp.Expr:
        return exp.Cast(this=node, to=exp.DataType.build("uhugeint" if unsigned else "hugeint", dialect="duckdb"))

    return rows.stage(integer(value)), lambda number: integer(exp.Literal.number(number))


def _hugeint(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Cast(this=exp.Paren(this=node), to=exp.DataType.build("hugeint", dialect="duckdb"))


def _sum(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Sum(this=_hugeint(node))
