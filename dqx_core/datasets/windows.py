"""Which days a partition holds: bounds from its date and the definition's time zone, never from the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from dqx_core.datasets.base import Model, Problem
from dqx_core.datasets.splits import Temporal
from dqx_core.errors import DefinitionError, hint
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition

DAY = dt.timedelta(days=1)

FIRST, LAST = dt.date(1000, 1, 1), dt.date(9000, 12, 31)
"""Dates that can be partitions: a window around them ends before dates do."""


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone. {hint(name, available_timezones())}") from None
    return name


class Partitions(Model):
    """The days that are partitions, and what one of them holds."""

    start: dt.date
    end: dt.date | None = None
    """The last day, itself included; without one there is a partition for every day that is over."""
    cadence: Literal["daily"] = "daily"
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    content: Literal["snapshot", "increment"] | None = None
    """The rolling window that ends with the day, or the rows of the day; see `DatasetDefinition.content`."""

    def problems(self) -> Iterator[Problem]:
        """A calendar that ends before it begins, or begins where dates do."""
        if not FIRST <= self.start <= LAST:
            yield ("partitions", "start"), f"start {self.start} is not a day from {FIRST} to {LAST}."
        if self.end is not None and self.end < self.start:
            yield ("partitions", "end"), f"end {self.end} is before start {self.start}."


@dataclass(frozen=True)
class Interval:
    """Whole days, the first included and the last not; `start` None: since ever."""

    start: dt.date | None
    end: dt.date

    def __str__(self) -> str:
        return f"[{self.start or '…'}, {self.end})"

    @property
    def bounds(self) -> tuple[str | None, str]:
        """Both as ISO text."""
        return self.start.isoformat() if self.start else None, self.end.isoformat()

    def cut(self, other: Interval) -> Interval:
        """The days in both; empty if there are none."""
        start = max((s for s in (self.start, other.start) if s is not None), default=None)
        end = min(self.end, other.end)
        return Interval(start, end if start is None else max(start, end))

    def contains(self, column: exp.Expr, type_name: str, timezone: str) -> exp.Expr:
        """The condition that a column of this type lies in it, with literal bounds.

        A DATE and a DATETIME are read off a wall clock in the time zone; a TIMESTAMP is an instant, so its days
        begin when the clock there says midnight, 23 or 25 hours after the last where daylight saving changes.
        """
        from sqlglot import exp

        upper = exp.LT(this=column.copy(), expression=midnight(self.end, type_name, timezone))
        if self.start is None:
            return upper
        return exp.and_(exp.GTE(this=column.copy(), expression=midnight(self.start, type_name, timezone)), upper)


def midnight(day: dt.date, type_name: str, timezone: str) -> exp.Expr:
    """The first moment of a day, as a literal of a DATE, DATETIME or TIMESTAMP column."""
    if type_name == "DATE":
        return literal(day)
    moment = dt.datetime.combine(day, dt.time())
    return literal(moment if type_name == "DATETIME" else moment.replace(tzinfo=ZoneInfo(timezone)).astimezone(dt.UTC))


@dataclass(frozen=True)
class Window:
    """The days of one partition: all of them, and those of each part; without a temporal split all parts share them."""

    date: dt.date
    timezone: str
    whole: Interval
    parts: Mapping[str, Interval]

    @property
    def train(self) -> Interval:
        """The days of train."""
        return self.parts["train"]

    @property
    def eval(self) -> Interval:
        """The days of eval, of the whole if there is no such part."""
        return self.parts.get("eval", self.whole)


def window(definition: DatasetDefinition, date: dt.date) -> Window:
    """The days of the partition of a date.

    Raises:
        DefinitionError: The definition has no partition on that date.
    """
    calendar = definition.partitions
    if not calendar.start <= date <= min(calendar.end or LAST, LAST):
        last = f"to {calendar.end}" if calendar.end else "on"
        raise DefinitionError(
            f"Dataset '{definition.name}' has no partition {date}: they go from {calendar.start} {last}. "
            "Ask for another date, or change partitions in the definition."
        )
    end = date + DAY
    whole = Interval(date if definition.content == "increment" else None, end)
    for each in definition.date_ranges:
        whole = whole.cut(Interval(*each.days(end)))
    if not isinstance(definition.split, Temporal):
        return Window(date, calendar.timezone, whole, dict.fromkeys(definition.split.part_names, whole))
    parts = {part: Interval(*days).cut(whole) for part, days in definition.split.days(end).items()}
    return Window(date, calendar.timezone, whole, parts)


def merged(intervals: list[Interval]) -> list[Interval]:
    """The fewest intervals that hold the same days."""
    result: list[Interval] = []
    for each in sorted(intervals, key=lambda i: (i.start or dt.date.min, i.end)):
        if result and (each.start or dt.date.min) <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, each.end))
        else:
            result.append(each)
    return result
