"""Sums of doubles, and of their squares, that are exact: the order of rows and the number of threads cannot matter.

A double of magnitude 0 or [2⁻⁷¹, 2¹²⁴) is a whole number of 2⁻¹²⁴. Cut into limbs of 62 bits, each a 64-bit
integer, it is summed without rounding; the limbs are put together again in Python's integers. This is the
small superaccumulator of Kulisch, cut to the range that data has. What lies outside (and infinities and NaN)
goes to a floating-point sum of its own, `rest`, whose last bits may depend on the order of rows.

Nearly all data is a whole number of 2⁻⁶² below 2⁶³, "simple": for it two limbs do, and they are columns of their
own (`Rows.stage`), because engines do not share work between the branches of a CASE.

Where the largest magnitude of a column is known before, its doubles may all be whole numbers of one power of two that
fit into 62 bits: integers that pandas made doubles, or prices of 1 to 500 to the cent. Then one integer a row does,
in two halves whose products are 64-bit integers. A guard says whether it held of every row; else limbs are summed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from dqx_core.sql.dialects import dialect_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows

_BITS = 62
_LIMB = 2.0**_BITS
_LARGEST = 2.0**124
_SMALLEST = 2.0**-71

_LIMBS = {"top": _BITS, "high": 0, "low": -_BITS, "tail": -2 * _BITS}
"""The power of two that one unit of each limb stands for."""

REST = "rest"

_ROOT = math.sqrt(sys.float_info.max)
"""The largest double whose square is one."""
_SMALLER = 2.0**64
"""A sum of this many doubles that are made so much smaller does not overflow."""

SMALL = 2**31
"""Integers below this have squares that are 64-bit integers."""


_HALF = 31
"""Bits of the lower half of an integer."""


def power_for(largest: float) -> int | None:
    """The power of two that numbers up to a magnitude are multiplied by to have 61 bits; None: it is not a double."""
    power = _BITS - 1 - math.frexp(largest)[1]
    return power if abs(power) < 900 else None


def is_whole(x: exp.Expr, power: int) -> exp.Expr:
    """Whether a double times 2^power is an integer of 64 bits, or null."""
    return _same(_times(_integer(_times(x, 2.0**power)), 2.0**-power), x)


def whole_sum(value: exp.Expr, power: int, rows: Rows) -> dict[str, exp.Expr]:
    """The aggregates that hold the sum of doubles exactly, if all are whole numbers of 2^-power."""
    high, low = _halves(value, power, rows)
    return {"whole_high": exact_total(high, rows), "whole_low": exact_total(low, rows), "power": _always(power)}


def whole_squares(value: exp.Expr, power: int, rows: Rows) -> dict[str, exp.Expr]:
    """The same for the squares."""
    high, low = _halves(value, power, rows)
    return {
        "squares_high": exact_total(_product(high, high), rows),
        "squares_cross": exact_total(_product(high, low), rows),
        "squares_low": exact_total(_product(low, low), rows),
    }


def _halves(value: exp.Expr, power: int, rows: Rows) -> tuple[exp.Expr, exp.Expr]:
    """The integer that a double is a multiple for, as its upper and its lower bits; the guard sees that it is one."""
    from sqlglot import exp

    x = rows.stage(value)
    whole = rows.stage(_integer(_times(x, 2.0**power)))
    rows.stages.guard(rows.stage(_same(_times(whole, 2.0**-power), x)))
    mask = exp.Literal.number(2**_HALF - 1)
    return (
        rows.stage(_paren(exp.BitwiseRightShift(this=_own(whole), expression=exp.Literal.number(_HALF)))),
        rows.stage(_paren(exp.BitwiseAnd(this=_own(whole), expression=mask))),
    )


def whole_value(seen: Mapping[str, Any]) -> Fraction:
    """The sum that the aggregates of `whole_sum` hold."""
    return _scaled((int(seen["whole_high"] or 0) << _HALF) + int(seen["whole_low"] or 0), int(seen["power"] or 0))


def whole_squares_value(seen: Mapping[str, Any]) -> Fraction:
    """The sum of squares that the aggregates of `whole_squares` hold."""
    high, cross, low = (int(seen[f"squares_{part}"] or 0) for part in ("high", "cross", "low"))
    return _scaled((high << 2 * _HALF) + (cross << _HALF + 1) + low, 2 * int(seen["power"] or 0))


def _scaled(total: int, power: int) -> Fraction:
    return Fraction(total, 1 << power) if power >= 0 else Fraction(total << -power)


def _always(number: int) -> exp.Expr:
    """An aggregate that is a number; null over no rows."""
    from sqlglot import exp

    return exp.Max(this=exp.Literal.number(number))


def exact_sum(value: exp.Expr, rows: Rows) -> dict[str, exp.Expr]:
    """The aggregates, by limb, that together hold the sum of a number's doubles exactly."""
    x = rows.stage(value)
    whole, part = _integer(x), _integer(_times(_minus(x, _integer(x)), _LIMB))
    simple = rows.stage(_same(_plus(whole, _times(part, 1 / _LIMB)), x))
    known = {"high": rows.stage(whole.copy()), "low": rows.stage(part.copy())}
    in_range = _in_range(x)
    return {
        **{limb: exact_total(_either(simple, known.get(limb), in_range, of(x)), rows) for limb, of in _LIMB_OF.items()},
        **_rest(_either(simple, None, in_range, None, x), rows),
    }


def exact_squares(value: exp.Expr, rows: Rows) -> dict[str, exp.Expr]:
    """The same for the squares, as `squares_top` and so on.

    x² is the rounded product and the error of that rounding, both doubles (Dekker 1971). The sum is exact to
    2⁻¹²⁴ a row while x is 0 or [2⁻³⁵, 2⁶²) in magnitude.
    """
    from sqlglot import exp

    given = rows.stage(value)
    checked = dialect_of(rows.dialect).checked
    if checked:  # null, where the square is beyond doubles or nothing is left of its parts
        root = exp.LTE(this=_abs(given), expression=_double(_ROOT))
        square = rows.stage(_case(root, _product(given, given)))
        x: exp.Expr = rows.stage(_case(_less(_abs(given), _LIMB), given))
    else:
        square, x = rows.stage(_product(given, given)), given
    scaled = _times(x, 134217729.0)
    head = rows.stage(_minus(scaled, _paren(_minus(scaled.copy(), x))))
    foot = _paren(_minus(x, head))
    error = rows.stage(
        _plus(
            _plus(_paren(_minus(_product(head, head), square)), _product(_paren(_times(head, 2.0)), foot)),
            _product(foot.copy(), foot.copy()),
        )
    )
    below = [rows.stage(_times(_minus(number, _integer(number)), _LIMB)) for number in (square, error)]
    left = [rows.stage(_times(_minus(parts, _integer(parts)), _LIMB)) for parts in below]
    simple = rows.stage(_and(_less(_or_zero(_abs(given)), 2.0**30), _same(left[0], _integer(left[0]))))
    known = {
        limb: _plus(*(rows.stage(_integer(number)) for number in both))
        for limb, both in {"high": (square, error), "low": below, "tail": left}.items()
    }
    in_range = _in_range(square)
    rest: exp.Expr = square
    if checked:  # what DuckDB gives: infinity, or NaN
        beyond = _plus(_abs(given), _cast(exp.Literal.string("inf"), "double"))
        rest = _case(_and(_is_null(square), exp.Not(this=_is_null(given))), beyond, square)
    return {
        **{
            f"squares_{limb}": exact_total(
                _either(simple, known.get(limb), in_range, _plus(of(square), of(error))), rows
            )
            for limb, of in _LIMB_OF.items()
        },
        **_rest(_either(simple, None, in_range, None, rest), rows, "squares_"),
    }


def _rest(rest: exp.Expr, rows: Rows, prefix: str = "") -> dict[str, exp.Expr]:
    """The sum of what lies outside of the limbs; where it may not overflow, large numbers apart, made smaller."""
    if not dialect_of(rows.dialect).checked:
        return {prefix + REST: _sum(rest)}
    rest = rows.stage(rest)
    small = _case(_less(_abs(rest), 1.0), rest)
    large = _times(_case(_less(_abs(rest), 1.0), _null(), rest), 1 / _SMALLER)
    return {prefix + REST: _sum(small), f"{prefix}{REST}_large": _sum(large)}


def _rest_value(seen: Mapping[str, Any], prefix: str) -> float:
    return float(seen[prefix + REST] or 0.0) + float(seen.get(f"{prefix}{REST}_large") or 0.0) * _SMALLER


def integer_squares(value: exp.Expr, type_name: str, rows: Rows) -> dict[str, exp.Expr]:
    """The aggregates that together hold the sum of the squares of integers exactly."""
    from sqlglot import exp

    if type_name in dialect_of(rows.dialect).narrow:
        return {"squares": exact_total(_product(_cast(value, "bigint"), _cast(value, "bigint")), rows)}
    x = rows.stage(value)
    near = rows.stage(
        _or(
            _is_null(x),
            _paren(
                _and(
                    exp.GT(this=x.copy(), expression=exp.Neg(this=exp.Literal.number(SMALL))),
                    exp.LT(this=x.copy(), expression=exp.Literal.number(SMALL)),
                )
            ),
        )
    )
    widest = dialect_of(rows.dialect).wide
    odd = rows.stage(_cast(_case(near, _null(), x), widest))
    square = rows.stage(_product(odd, odd))
    limb = exp.Literal.number(2**_BITS)
    return {
        "squares": exact_total(_case(near, _product(_cast(x, "bigint"), _cast(x, "bigint"))), rows),
        "squares_over": exact_total(exp.IntDiv(this=square.copy(), expression=limb), rows),
        "squares_under": exact_total(exp.Mod(this=square.copy(), expression=limb.copy()), rows),
    }


def exact_total(x: exp.Expr, rows: Rows) -> exp.Expr:
    """The sum of an integer expression, without overflow."""
    exact = dialect_of(rows.dialect).exact
    return _sum(x if exact is None else _cast(x, exact))


def exact_value(seen: Mapping[str, Any], prefix: str = "") -> tuple[Fraction, float]:
    """The sum that the aggregates of `exact_sum` hold: the exact part, and the rest."""
    total = sum((int(seen[prefix + limb] or 0) << (power + 2 * _BITS) for limb, power in _LIMBS.items()), start=0)
    return Fraction(total, 1 << (2 * _BITS)), _rest_value(seen, prefix)


def integer_squares_value(seen: Mapping[str, Any]) -> Fraction:
    """The sum of squares that the aggregates of `integer_squares` hold."""
    over, under = int(seen["squares_over"] or 0), int(seen["squares_under"] or 0)
    return Fraction(int(seen["squares"] or 0) + (over << _BITS) + under)


# The limbs of any double in range, for the rows that are not simple.


def _top(x: exp.Expr) -> exp.Expr:
    return _cast(_trunc(_times(x, 1 / _LIMB)), "bigint")


def _high(x: exp.Expr) -> exp.Expr:
    return _cast(_trunc(_minus(x, _times(_trunc(_times(x, 1 / _LIMB)), _LIMB))), "bigint")


def _low(x: exp.Expr) -> exp.Expr:
    return _cast(_trunc(_times(_minus(x, _trunc(x)), _LIMB)), "bigint")


def _tail(x: exp.Expr) -> exp.Expr:
    parts = _times(x, _LIMB)
    return _cast(_trunc(_times(_minus(parts, _trunc(parts.copy())), _LIMB)), "bigint")


_LIMB_OF = {"top": _top, "high": _high, "low": _low, "tail": _tail}


def _either(
    simple: exp.Expr,
    known: exp.Expr | None,
    in_range: exp.Expr,
    limb: exp.Expr | None,
    otherwise: exp.Expr | None = None,
) -> exp.Expr:
    """What is known of simple rows, the limb of other rows in range, and what is left for all others.

    A CASE: engines compute a branch only for the rows that take it, and here those are few.
    """
    from sqlglot import exp

    return exp.Case(
        ifs=[
            exp.If(this=_own(simple), true=_null() if known is None else _own(known)),
            exp.If(this=_own(in_range), true=_null() if limb is None else _own(limb)),
        ],
        default=None if otherwise is None else _own(otherwise),
    )


def _in_range(x: exp.Expr) -> exp.Expr:
    """Whether the limbs hold a double that is not 0, which is simple."""
    from sqlglot import exp

    return _and(_less(_abs(x), _LARGEST), exp.GTE(this=_abs(x), expression=_double(_SMALLEST)))


# Small words for nodes: built directly, because sqlglot's own builders parse and copy, and there are many.


def _own(node: exp.Expr) -> exp.Expr:
    """The node, or a copy where it may stand in a tree already."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return exp.Column(this=node.this.copy(), table=node.args["table"].copy()) if node.parent is not None else node
    return node if node.parent is None else node.copy()


def _binary(name: str, a: exp.Expr, b: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    kind: type[exp.Expr] = getattr(exp, name)
    return kind(this=_own(a), expression=_own(b))


def _plus(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    return _binary("Add", a, b)


def _minus(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    return _binary("Sub", a, b)


def _product(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    return _binary("Mul", a, b)


def _and(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    return _binary("And", a, b)


def _or(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    return _binary("Or", a, b)


def _same(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    """Equal, or both null: nulls are simple."""
    return _binary("NullSafeEQ", a, b)


def _or_zero(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Coalesce(this=node, expressions=[_double(0.0)])


def _less(a: exp.Expr, limit: float) -> exp.Expr:
    return _binary("LT", a, _double(limit))


def _times(a: exp.Expr, factor: float) -> exp.Expr:
    return _binary("Mul", _paren(a) if a.args.get("expression") is not None else a, _double(factor))


def _paren(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Paren(this=_own(node))


def _abs(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Abs(this=_own(node))


def _trunc(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Trunc(this=_own(node))


def _sum(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Sum(this=_own(node))


def _null() -> exp.Expr:
    from sqlglot import exp

    return exp.Null()


def _double(value: float) -> exp.Expr:
    """A literal that is a double, not a decimal, in every dialect: one with an exponent."""
    from sqlglot import exp

    text = repr(value)
    return exp.Literal.number(text if "e" in text else f"{text}e0")


def _cast(node: exp.Expr, type_name: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Cast(this=_own(node), to=exp.DataType(this=exp.DataType.Type[_TYPES[type_name]]))


_TYPES = {"double": "DOUBLE", "bigint": "BIGINT", "hugeint": "INT128", "bignumeric": "BIGDECIMAL"}


def _integer(node: exp.Expr) -> exp.Expr:
    """The nearest 64-bit integer; null where there is none."""
    from sqlglot import exp

    return exp.TryCast(this=_own(node), to=exp.DataType(this=exp.DataType.Type.BIGINT), safe=True)


def _is_null(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Is(this=_own(node), expression=exp.Null())


def _case(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    """Also where it is unknown whether the condition holds, it is `otherwise`."""
    from sqlglot import exp

    return exp.Case(
        ifs=[exp.If(this=_own(condition), true=_own(then))], default=None if otherwise is None else _own(otherwise)
    )
