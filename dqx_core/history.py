"""Metrics of metrics: what a number's own history says about it."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

from returns.result import Failure, Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import Spec
from dqx_core.states import Number, rounded


@dataclass(frozen=True)
class Problem:
    """Why a number is not there."""

    reason: str
    no_history: bool = False
    """True when all that is wrong is that an earlier partition does not exist."""
    left_out: bool = False
    """True when the day is one that its data source leaves out on purpose."""


Value = Result[Number, Problem]


@dataclass(frozen=True)
class Derived(Spec):
    """A number computed from a metric's values on several days."""

    base: Spec

    window: ClassVar[bool] = False
    """Whether it looks at all the days of a window, not at two days."""

    @cached_property
    def name(self) -> str:
        return f"{self.kind}({self.base.name}{self._parameters})"

    @property
    def _parameters(self) -> str:
        return ""

    @property
    @abstractmethod
    def offsets(self) -> Sequence[int]:
        """How many days before its own day it needs its base, nearest first."""

    @abstractmethod
    def value(self, day: dt.date, series: Mapping[int, Value]) -> Value:
        """The number for `day`, from the base's value at each offset."""


def offsets_of(spec: Spec) -> frozenset[int]:
    """How many days before its own day a number needs rows of, through all the numbers it is made of."""
    if not isinstance(spec, Derived):
        return frozenset({0})
    inner = offsets_of(spec.base)
    return frozenset(outer + offset for outer in spec.offsets for offset in inner)


def _first_problem(series: Mapping[int, Value], offsets: Sequence[int]) -> Problem | None:
    problems = [v.failure() for o in offsets if not _there(v := series[o])]
    if not problems:
        return None
    reasons = dict.fromkeys(p.reason for p in problems)
    return Problem("; ".join(reasons), all(p.no_history for p in problems), any(p.left_out for p in problems))


def _there(value: Value) -> bool:
    return isinstance(value, Success)


@dataclass(frozen=True)
class _Comparison(Derived):
    """Today against one earlier day, relative to the earlier day."""

    @property
    def days(self) -> int:
        """How many days earlier."""
        return 1

    @property
    def offsets(self) -> Sequence[int]:
        return (0, self.days)

    def _relative(self, day: dt.date, series: Mapping[int, Value]) -> Result[float, Problem]:
        if problem := _first_problem(series, self.offsets):
            return Failure(problem)
        today, then = series[0].unwrap(), series[self.days].unwrap()
        if then == 0:
            return Failure(
                Problem(f"{self.base.name} is 0 on {day - dt.timedelta(days=self.days)}: nothing to compare with")
            )
        return Success((today - then) / then)


@dataclass(frozen=True)
class DayOverDay(_Comparison):
    """|today - yesterday| / |yesterday|."""

    kind: ClassVar[str] = "day_over_day"

    def value(self, day: dt.date, series: Mapping[int, Value]) -> Value:
        return self._relative(day, series).map(abs)


@dataclass(frozen=True)
class WeekOverWeek(_Comparison):
    """|today - 7 days ago| / |7 days ago|."""

    kind: ClassVar[str] = "week_over_week"

    @property
    def days(self) -> int:
        return 7

    def value(self, day: dt.date, series: Mapping[int, Value]) -> Value:
        return self._relative(day, series).map(abs)


@dataclass(frozen=True)
class Change(_Comparison):
    """(today - then) / then, with its sign, where then is `ago` days earlier."""

    kind: ClassVar[str] = "change"
    ago: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.ago, bool) or not isinstance(self.ago, int) or self.ago < 1:
            raise DefinitionError(f"{self.name} has days={self.ago!r}. Give a whole number of days, 1 or more.")

    @property
    def _parameters(self) -> str:
        return f", days={self.ago}"

    @property
    def days(self) -> int:
        return self.ago

    def value(self, day: dt.date, series: Mapping[int, Value]) -> Value:
        return self._relative(day, series)


@dataclass(frozen=True)
class _Window(Derived):
    """Over the `n` days that end with its own day."""

    n: int = 7
    min_periods: int | None = None
    """How many of the days must have a value; None: all of them."""

    window: ClassVar[bool] = True
    least: ClassVar[int] = 1
    """How many values the formula needs."""

    def __post_init__(self) -> None:
        needed = self.n if self.min_periods is None else self.min_periods
        if not self.least <= needed <= self.n:
            raise DefinitionError(
                f"{self.name} needs a window of at least {self.least} days and min_periods from {self.least} to n; "
                f"it has n={self.n}, min_periods={self.min_periods}."
            )

    @property
    def _parameters(self) -> str:
        return f", n={self.n}" + (f", min_periods={self.min_periods}" if self.min_periods is not None else "")

    @property
    def offsets(self) -> Sequence[int]:
        return range(self.n)

    def value(self, day: dt.date, series: Mapping[int, Value]) -> Value:
        return self._values(day, series, self.offsets).bind(self.over)

    def _values(
        self, day: dt.date, series: Mapping[int, Value], offsets: Sequence[int]
    ) -> Result[Sequence[Number], Problem]:
        """The values there are on those days, if they are enough. Days left out on purpose are not asked for."""
        values = [v.unwrap() for o in offsets if _there(v := series[o])]
        absent = {o: series[o].failure() for o in offsets if not _there(series[o])}
        asked = len(offsets) - sum(problem.left_out for problem in absent.values())
        needed = max(self.least, asked if self.min_periods is None else self.min_periods)
        if len(values) >= needed:
            return Success(values)
        days = sorted(day - dt.timedelta(days=o) for o in absent)
        shown = ", ".join(map(str, days[:5])) + (", …" if len(days) > 5 else "")
        # Where a day is there and its value is not, the reason is what a person needs; the missing days come after.
        reasons = dict.fromkeys(p.reason for p in absent.values() if not p.no_history)
        return Failure(
            Problem(
                f"{self.name} needs {needed} of {len(offsets)} days and has {len(values)}; "
                f"{len(days)} missing: {shown}" + "".join(f"; {reason}" for reason in list(reasons)[:5]),
                all(p.no_history for p in absent.values()),
                any(p.left_out for p in absent.values()),
            )
        )

    def over(self, values: Sequence[Number]) -> Value:
        """The number from the values there are, nearest day first."""
        if not all(map(math.isfinite, values)):
            return Failure(Problem(f"{self.name} met a value that is not finite"))
        return Success(self.formula(values))

    @abstractmethod
    def formula(self, values: Sequence[Number]) -> Number:
        """The number from finite values, at least `least` of them."""


@dataclass(frozen=True)
class Stddev(_Window):
    """Sample standard deviation (n - 1) over the window, in the base's unit."""

    kind: ClassVar[str] = "stddev"
    least: ClassVar[int] = 2

    def formula(self, values: Sequence[Number]) -> Number:
        return root(statistics.variance(map(Fraction, values)))


@dataclass(frozen=True)
class Mean(_Window):
    """Mean over the window, in the base's unit."""

    kind: ClassVar[str] = "mean"

    def formula(self, values: Sequence[Number]) -> Number:
        return rounded(sum(map(Fraction, values), Fraction(0)) / len(values))


@dataclass(frozen=True)
class Median(_Window):
    """Median over the window, in the base's unit; of an even number of days half-way between the two in the middle."""

    kind: ClassVar[str] = "median"

    def formula(self, values: Sequence[Number]) -> Number:
        return rounded(Fraction(statistics.median(map(Fraction, values))))


@dataclass(frozen=True)
class Minimum(_Window):
    """Smallest value over the window."""

    kind: ClassVar[str] = "minimum"

    def formula(self, values: Sequence[Number]) -> Number:
        return min(values)


@dataclass(frozen=True)
class Maximum(_Window):
    """Largest value over the window."""

    kind: ClassVar[str] = "maximum"

    def formula(self, values: Sequence[Number]) -> Number:
        return max(values)


@dataclass(frozen=True)
class ZScore(_Window):
    """(today - mean of the n days before) / their sample standard deviation."""

    kind: ClassVar[str] = "zscore"
    least: ClassVar[int] = 2
    n: int = 28

    @property
    def offsets(self) -> Sequence[int]:
        return range(self.n + 1)

    def value(self, day: dt.date, series: Mapping[int, Value]) -> Value:
        if problem := _first_problem(series, [0]):
            return Failure(problem)
        before = self._values(day, series, range(1, self.n + 1))
        return before.bind(lambda values: self._score(day, [series[0].unwrap(), *values]))

    def _score(self, day: dt.date, values: Sequence[Number]) -> Value:
        if not all(map(math.isfinite, values)):
            return Failure(Problem(f"{self.name} met a value that is not finite"))
        if len(set(values[1:])) == 1:
            first, last = day - dt.timedelta(days=self.n), day - dt.timedelta(days=1)
            return Failure(Problem(f"{self.base.name} is the same on every day from {first} to {last}: no deviation"))
        return Success(self.formula(values))

    def formula(self, values: Sequence[Number]) -> Number:
        today, *before = [Fraction(value) for value in values]
        mean = sum(before, Fraction(0)) / len(before)
        from_mean = today - mean
        score = root(from_mean * from_mean / statistics.variance(before, mean))
        return -score if from_mean < 0 else score


def root(number: Fraction) -> float:
    """The square root, rounded once, whatever the size of the number: its square may be too large for a double.

    Raises:
        OverflowError: The root itself is.
    """
    # So many bits that what isqrt leaves out is below half a digit of a double, unless there is nothing to leave out.
    shift = max(0, 128 - number.numerator.bit_length() + number.denominator.bit_length())
    shift += shift % 2
    scaled, rest = divmod(number.numerator << shift, number.denominator)
    whole = math.isqrt(scaled)
    exact = not rest and whole * whole == scaled
    return float(Fraction(2 * whole + (not exact), 2 << shift // 2))
