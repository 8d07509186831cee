"""The condition of an assertion: an operator, its limits and a tolerance, judged without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from dqx_core.states import Number

if TYPE_CHECKING:
    import sympy as sp

TOLERANCE = 1e-9

_Comparable = TypeVar("_Comparable", float, Fraction)


class Operator(Enum):
    """What an assertion asks of its value x, with limits v (or lo and hi) and tolerance tol ≥ 0."""

    EQ = "= {}"
    """|x - v| ≤ tol"""
    NEQ = "≠ {}"
    """|x - v| > tol"""
    GT = "> {}"
    """x > v + tol"""
    GEQ = "≥ {}"
    """x ≥ v - tol"""
    LT = "< {}"
    """x < v - tol"""
    LEQ = "≤ {}"
    """x ≤ v + tol"""
    BETWEEN = "between {} and {}"
    """lo - tol ≤ x ≤ hi + tol"""
    NOT_BETWEEN = "not between {} and {}"
    """x < lo - tol or x > hi + tol"""
    NOOP = "recorded"
    """always true"""


@dataclass(frozen=True)
class Bound:
    """A condition; its limits are numbers or expressions over other metrics."""

    operator: Operator
    limits: tuple[sp.Expr, ...] = ()
    tolerance: float = TOLERANCE

    def holds(self, value: Number, limits: Sequence[Number]) -> bool:
        """Whether a finite value meets the condition with these finite limits; exact, whatever their size."""
        if self.operator is Operator.NOOP:
            return True
        for limit in limits:
            if not _apart(value, limit, self.tolerance):
                return self._holds(Fraction(value), Fraction(self.tolerance), [Fraction(each) for each in limits])
        return self._holds(value, self.tolerance, limits)

    def _holds(self, x: _Comparable, tol: _Comparable, limits: Sequence[_Comparable]) -> bool:
        match self.operator, limits:
            case Operator.EQ, [v]:
                return abs(x - v) <= tol
            case Operator.NEQ, [v]:
                return abs(x - v) > tol
            case Operator.GT, [v]:
                return x > v + tol
            case Operator.GEQ, [v]:
                return x >= v - tol
            case Operator.LT, [v]:
                return x < v - tol
            case Operator.LEQ, [v]:
                return x <= v + tol
            case Operator.BETWEEN, [lo, hi]:
                return lo - tol <= x <= hi + tol
            case Operator.NOT_BETWEEN, [lo, hi]:
                return x < lo - tol or x > hi + tol
        return True

    def text(self, limits: Sequence[str]) -> str:
        """How it is printed: "< 0.5"."""
        return self.operator.value.format(*limits)


def _apart(value: Number, limit: Number, tolerance: float) -> bool:
    """Whether two numbers lie so far apart that doubles tell which is larger, whatever they round."""
    return abs(value - limit) > 2 * tolerance + 1e-14 * abs(value) + 1e-14 * abs(limit)
