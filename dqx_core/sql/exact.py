"""A sum of doubles that is exact, so that neither the order of rows nor the number of threads can change it.

A double of magnitude 0 or [2⁻⁷¹, 2¹²⁴) is a whole number of 2⁻¹²⁴. Cut into limbs of 62 bits, each a 64-bit
integer, it is summed without rounding; the limbs are put together again in Python's integers. This is the
small superaccumulator of Kulisch, cut to the range that data has. What lies outside (and infinities and NaN)
goes to a compensated floating-point sum of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot import exp

_BITS = 62
_LIMB = 2.0**_BITS
_LARGEST = 2.0**124
_SMALLEST = 2.0**-71

_LIMBS = {"top": _BITS, "high": 0, "low": -_BITS, "tail": -2 * _BITS}
"""The power of two that one unit of each limb stands for."""

REST = "rest"


def exact_sum(x: exp.Expr) -> dict[str, exp.Expr]:
    """The aggregates, by limb, that together hold the sum of a DOUBLE expression exactly."""
    from sqlglot import exp

    def number(value: float) -> exp.Expr:
        return exp.Cast(this=exp.Literal.number(repr(value)), to=exp.DataType.build("double"))

    def of(node: exp.Expr) -> exp.Expr:
        return node.copy()

    def trunc(node: exp.Expr) -> exp.Expr:
        return exp.Trunc(this=node)

    def limb(node: exp.Expr) -> exp.Expr:
        return exp.Sum(this=exp.Cast(this=trunc(node), to=exp.DataType.build("bigint")))

    def fraction(node: exp.Expr) -> exp.Expr:
        return exp.Paren(this=exp.Sub(this=node, expression=trunc(of(node))))

    size = exp.Abs(this=of(x))
    in_range = exp.and_(
        exp.LT(this=of(size), expression=number(_LARGEST)),
        exp.or_(exp.GTE(this=of(size), expression=number(_SMALLEST)), exp.EQ(this=of(x), expression=number(0.0))),
    )
    inside = exp.Case(ifs=[exp.If(this=of(in_range), true=of(x))])
    outside = exp.Case(ifs=[exp.If(this=exp.Not(this=exp.Paren(this=of(in_range))), true=of(x))])

    def over(node: exp.Expr, factor: float) -> exp.Expr:
        return exp.Mul(this=of(node), expression=number(factor))

    top = over(inside, 1 / _LIMB)
    return {
        "top": limb(top),
        "high": limb(exp.Sub(this=of(inside), expression=over(trunc(of(top)), _LIMB))),
        "low": limb(over(fraction(of(inside)), _LIMB)),
        "tail": limb(over(fraction(exp.Paren(this=over(inside, _LIMB))), _LIMB)),
        REST: exp.Anonymous(this="FSUM", expressions=[outside]),
    }


def exact_product(x: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """x² as a rounded double, and the error of that rounding, exact while x² is in range (Dekker 1971)."""
    from sqlglot import exp

    def of(node: exp.Expr) -> exp.Expr:
        return node.copy()

    def paren(node: exp.Expr) -> exp.Expr:
        return exp.Paren(this=node)

    def times(a: exp.Expr, b: exp.Expr) -> exp.Expr:
        return exp.Mul(this=of(a), expression=of(b))

    split = exp.Cast(this=exp.Literal.number("134217729.0"), to=exp.DataType.build("double"))
    scaled = paren(times(split, x))
    high = paren(exp.Sub(this=of(scaled), expression=paren(exp.Sub(this=of(scaled), expression=of(x)))))
    low = paren(exp.Sub(this=of(x), expression=of(high)))
    square = paren(times(x, x))
    error = exp.Add(
        this=exp.Add(
            this=exp.Sub(this=times(high, high), expression=of(square)),
            expression=times(paren(times(exp.Literal.number(2), high)), low),
        ),
        expression=times(low, low),
    )
    return square, paren(error)


def exact_value(seen: Mapping[str, Any]) -> tuple[Fraction, float]:
    """The sum that the aggregates of `exact_sum` hold: the exact part, and the rest."""
    total = sum((int(seen[limb] or 0) << (power + 2 * _BITS) for limb, power in _LIMBS.items()), start=0)
    return Fraction(total, 1 << (2 * _BITS)), float(seen[REST] or 0.0)
