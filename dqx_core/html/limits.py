"""Where a verdict draws the line, for charts: from what it compared, as data."""

from __future__ import annotations

from dataclasses import dataclass

from dqx_core.bounds import Operator
from dqx_core.report import AssertionResult

_BELOW_IS_WRONG = (Operator.GT, Operator.GEQ)
_ABOVE_IS_WRONG = (Operator.LT, Operator.LEQ)


@dataclass(frozen=True)
class Limits:
    """Where an assertion's condition draws the line, for one verdict."""

    low: float | None = None
    """Below is wrong; None: nothing is too low."""
    high: float | None = None
    """Above is wrong; None: nothing is too high."""
    inside_is_wrong: bool = False
    """Between low and high is wrong, as of `not between`; the rest is right."""


def limits_of(result: AssertionResult) -> Limits | None:
    """The limits that a verdict compared with; None if there are none to draw, as where the value is only recorded.

    A profile's factor is taken out of them: they stand beside values as these were measured.
    """
    compared = result.compared
    if compared is None:
        return None
    operator, numbers = Operator[compared.operator], [float(limit) / compared.factor for limit in compared.limits]
    match operator, numbers:
        case Operator.EQ, [value]:
            return Limits(value, value)
        case Operator.BETWEEN, [low, high]:
            return Limits(low, high)
        case Operator.NOT_BETWEEN, [low, high]:
            return Limits(low, high, inside_is_wrong=True)
        case _, [value] if operator in _BELOW_IS_WRONG:
            return Limits(low=value)
        case _, [value] if operator in _ABOVE_IS_WRONG:
            return Limits(high=value)
    return None
