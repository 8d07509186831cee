"""Metrics of metrics: what a number's own history says about it."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from returns.result import Failure, Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import Spec
from dqx_core.states import Number


@dataclass(frozen=True)
class Problem:
    """Why a number is not there."""

    reason: str
    no_history: bool = False
    """True when all that is wrong is that an earlier partition does not exist."""


Value = Result[Number, Problem]


@dataclass(frozen=True)
class Derived(Spec):
    """A number computed from a metric's values on several days."""

    base: Spec

    window: ClassVar[bool] = False
    """Whether it looks at all the days of a window, not at two days."""

    @property
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


def _first_problem(series: Mapping[int, Value], offsets: Sequence[int]) -> Problem | None:
    problems = [v.failure() for o in offsets if not _there(v := series[o])]
    if not problems:
        return None
    reasons = dict.fromkeys(p.reason for p in problems)
    return Problem("; ".join(reasons), all(p.no_history for p in problems))


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
        values = [v.unwrap() for o in self.offsets if _there(v := series[o])]
        needed = self.n if self.min_periods is None else self.min_periods
        if len(values) >= needed:
            return self.over([float(v) for v in values])
        absent = {day - dt.timedelta(days=o): series[o].failure() for o in self.offsets if not _there(series[o])}
        shown = ", ".join(str(d) for d in sorted(absent)[:5]) + (", …" if len(absent) > 5 else "")
        return Failure(
            Problem(
                f"{self.name} needs {needed} of {self.n} days and has {len(values)}; {len(absent)} missing: {shown}",
                all(p.no_history for p in absent.values()),
            )
        )

    @abstractmethod
    def over(self, values: Sequence[float]) -> Value:
        """The number from the values there are, at least `min_periods`, nearest day first."""


@dataclass(frozen=True)
class Stddev(_Window):
    """Sample standard deviation (n - 1) over the window, in the base's unit."""

    kind: ClassVar[str] = "stddev"
    least: ClassVar[int] = 2

    def over(self, values: Sequence[float]) -> Value:
        if not all(map(math.isfinite, values)):
            return Failure(Problem(f"{self.name} met a value that is not finite"))
        return Success(statistics.stdev(values))
