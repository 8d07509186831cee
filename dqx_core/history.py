"""Metrics of metrics: what a number's own history says about it."""

from __future__ import annotations

import math
import statistics
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Literal

from returns.result import Failure, Result, Success

from dqx_core.calendars import NOW, Back, Calendar
from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey
from dqx_core.metrics.base import Spec
from dqx_core.states import Number, rounded


@dataclass(frozen=True)
class Problem:
    """Why a number is not there."""

    reason: str
    no_history: bool = False
    """True when all that is wrong is that an earlier partition does not exist."""
    left_out: bool = False
    """True when the window is one that its data source leaves out on purpose."""
    absent: bool = False
    """True when all that is wrong is that there is no such partition."""


Value = Result[Number, Problem]


@dataclass(frozen=True)
class Derived(Spec):
    """A number computed from a metric's values in several windows of time."""

    base: Spec

    window: ClassVar[bool] = False
    """Whether it looks at every one of a row of windows, not at two."""
    unit: ClassVar[Literal["windows", "days"]] = "windows"
    """What its offsets count: windows of the calendar, or days on its clocks."""

    @cached_property
    def name(self) -> str:
        return f"{self.kind}({self.base.name}{self._parameters})"

    @property
    def _parameters(self) -> str:
        return ""

    @property
    @abstractmethod
    def offsets(self) -> Sequence[int]:
        """How far before its own window it needs its base, in its unit, nearest first."""

    def back(self, offset: int, calendar: Calendar) -> Back:
        """How far before its own window an offset lies.

        Raises:
            DefinitionError: The calendar has no window so many days before.
        """
        if not offset:
            return NOW
        found = Back(offset) if self.unit == "windows" else calendar.back(offset)
        if found is None:
            ago = "a day" if offset == 1 else "a week" if offset == 7 else f"{offset} days"
            raise DefinitionError(
                f"{self.name} compares with what was {ago} before, and {calendar.name} have no window that lies "
                f"{ago} before another. Compare with an earlier window: mp.ext.change(metric, windows=1)."
            )
        return found

    @abstractmethod
    def value(self, key: ResultKey, series: Mapping[int, Value]) -> Value:
        """The number for `key`, from the base's value at each offset."""

    def _label(self, key: ResultKey, offset: int) -> str:
        return key.back(self.back(offset, key.calendar)).label


def offsets_of(spec: Spec, calendar: Calendar) -> frozenset[Back]:
    """How far before its own window a number needs rows of, through all the numbers it is made of."""
    if not isinstance(spec, Derived):
        return frozenset({NOW})
    inner = offsets_of(spec.base, calendar)
    return frozenset(spec.back(outer, calendar).and_then(each) for outer in spec.offsets for each in inner)


def _first_problem(series: Mapping[int, Value], offsets: Sequence[int]) -> Problem | None:
    problems = [v.failure() for o in offsets if not _there(v := series[o])]
    if not problems:
        return None
    reasons = dict.fromkeys(p.reason for p in problems)
    return Problem(
        "; ".join(reasons), all(p.no_history for p in problems), any(p.left_out for p in problems), all_absent(problems)
    )


def all_absent(problems: Iterable[Problem]) -> bool:
    """Whether what is wrong is that a partition is not there; what compares it with its history has none either."""
    listed = list(problems)
    return any(p.absent for p in listed) and all(p.absent or p.no_history for p in listed)


def _there(value: Value) -> bool:
    return isinstance(value, Success)


@dataclass(frozen=True)
class _Comparison(Derived):
    """Now against one earlier window, relative to the earlier one."""

    unit: ClassVar[Literal["windows", "days"]] = "days"

    @property
    def distance(self) -> int:
        """How far earlier, in its unit."""
        return 1

    @property
    def offsets(self) -> Sequence[int]:
        return (0, self.distance)

    def _relative(self, key: ResultKey, series: Mapping[int, Value]) -> Result[float, Problem]:
        if problem := _first_problem(series, self.offsets):
            return Failure(problem)
        today, then = series[0].unwrap(), series[self.distance].unwrap()
        if then == 0:
            return Failure(
                Problem(f"{self.base.name} is 0 on {self._label(key, self.distance)}: nothing to compare with")
            )
        return Success((today - then) / then)


@dataclass(frozen=True)
class DayOverDay(_Comparison):
    """|today - yesterday| / |yesterday|."""

    kind: ClassVar[str] = "day_over_day"

    def value(self, key: ResultKey, series: Mapping[int, Value]) -> Value:
        return self._relative(key, series).map(abs)


@dataclass(frozen=True)
class WeekOverWeek(_Comparison):
    """|today - 7 days ago| / |7 days ago|."""

    kind: ClassVar[str] = "week_over_week"

    @property
    def distance(self) -> int:
        return 7

    def value(self, key: ResultKey, series: Mapping[int, Value]) -> Value:
        return self._relative(key, series).map(abs)


@dataclass(frozen=True)
class Change(_Comparison):
    """(today - then) / then, with its sign, where then is `ago` days earlier."""

    kind: ClassVar[str] = "change"
    ago: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.ago, bool) or not isinstance(self.ago, int) or self.ago < 1:
            raise DefinitionError(
                f"{self.name} has {self.unit}={self.ago!r}. Give a whole number of {self.unit}, 1 or more."
            )

    @property
    def _parameters(self) -> str:
        return f", {self.unit}={self.ago}"

    @property
    def distance(self) -> int:
        return self.ago

    def value(self, key: ResultKey, series: Mapping[int, Value]) -> Value:
        return self._relative(key, series)


@dataclass(frozen=True)
class ChangeInWindows(Change):
    """(now - then) / then, with its sign, where then is `ago` windows of the calendar earlier."""

    unit: ClassVar[Literal["windows", "days"]] = "windows"


@dataclass(frozen=True)
class _Window(Derived):
    """Over the `n` windows of the calendar that end with its own: days, of a daily suite."""

    n: int = 7
    min_periods: int | None = None
    """How many of them must have a value; None: all."""

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

    def value(self, key: ResultKey, series: Mapping[int, Value]) -> Value:
        return self._values(key, series, self.offsets).bind(self.over)

    def _values(
        self, key: ResultKey, series: Mapping[int, Value], offsets: Sequence[int]
    ) -> Result[Sequence[Number], Problem]:
        """The values there are at those offsets, if they are enough. What is left out on purpose is not asked for."""
        values = [v.unwrap() for o in offsets if _there(v := series[o])]
        absent = {o: series[o].failure() for o in offsets if not _there(series[o])}
        asked = len(offsets) - sum(problem.left_out for problem in absent.values())
        needed = max(self.least, asked if self.min_periods is None else self.min_periods)
        if len(values) >= needed:
            return Success(values)
        missing = sorted(absent, reverse=True)
        shown = ", ".join(self._label(key, o) for o in missing[:5]) + (", …" if len(missing) > 5 else "")
        many = "days" if key.calendar.unit == "d" else "windows"
        # Where a window is there and its value is not, the reason is what a person needs.
        reasons = dict.fromkeys(p.reason for p in absent.values() if not p.no_history)
        return Failure(
            Problem(
                f"{self.name} needs {needed} of {len(offsets)} {many} and has {len(values)}; "
                f"{len(missing)} missing: {shown}" + "".join(f"; {reason}" for reason in list(reasons)[:5]),
                all(p.no_history for p in absent.values()),
                any(p.left_out for p in absent.values()),
                all_absent(absent.values()),
            )
        )

    def over(self, values: Sequence[Number]) -> Value:
        """The number from the values there are, nearest first."""
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

    def value(self, key: ResultKey, series: Mapping[int, Value]) -> Value:
        if problem := _first_problem(series, [0]):
            return Failure(problem)
        before = self._values(key, series, range(1, self.n + 1))
        return before.bind(lambda values: self._score(key, [series[0].unwrap(), *values]))

    def _score(self, key: ResultKey, values: Sequence[Number]) -> Value:
        if not all(map(math.isfinite, values)):
            return Failure(Problem(f"{self.name} met a value that is not finite"))
        if len(set(values[1:])) == 1:
            first, last = self._label(key, self.n), self._label(key, 1)
            every = "on every day" if key.calendar.unit == "d" else "in every window"
            return Failure(Problem(f"{self.base.name} is the same {every} from {first} to {last}: no deviation"))
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
