"""Conditions as they were printed, read back: the limits of a verdict as numbers, and which side of them is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dqx_core.bounds import Operator
from dqx_core.report import AssertionResult

_TEMPLATES = [(operator, re.compile(re.escape(operator.value).replace(r"\{\}", "(.+?)"))) for operator in Operator]
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
    """The limits of a verdict; None if there are none to draw, as where the value is only recorded.

    Limits that are expressions of metrics are the numbers that the verdict was made with.
    """
    return read(result.bound) or read(_shown_condition(result))


def read(condition: str) -> Limits | None:
    """The limits of a condition such as "between 1 and 2"; None if it has no numbers that can be drawn."""
    for operator, template in _TEMPLATES:
        found = template.fullmatch(condition)
        if found is None:
            continue
        try:
            numbers = [float(text.replace(",", "")) for text in found.groups()]
        except ValueError:
            return None
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
    return None


def _shown_condition(result: AssertionResult) -> str:
    """The condition with its limits as numbers, from the sentence of the verdict."""
    said = result.message.removesuffix(f" ({result.bound})").removeprefix(f"{result.expression} = ")
    return re.sub(r"^.*?, is (not )?", "", said, count=1)
