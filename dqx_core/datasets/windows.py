"""Which times a partition holds: bounds from its date and the definition's time zone, never from the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from dqx_core.calendars import Calendar, Days, Hours, Months, Weeks
from dqx_core.datasets.base import Model, Problem
from dqx_core.datasets.splits import Temporal
from dqx_core.datasets.values import Day
from dqx_core.errors import DefinitionError, hint
from dqx_core.sql.literals import NANOSECONDS, comparable, literal
from dqx_core.sql.types import is_moment_in_nanoseconds
from dqx_core.zones import instants, reading_from

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.filters import DateRange

DAY = dt.timedelta(days=1)

Cadence = Literal["hourly", "daily", "weekly", "monthly"]

FIRST, LAST = dt.date(1000, 1, 1), dt.date(9000, 12, 31)
"""Dates that can be partitions: a window around them ends before dates do."""


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone. {hint(name, available_timezones())}") from None
    return name


class Partitions(Model):
    """The days, hours, weeks or months that are partitions, and what one of them holds."""

    start: Day
    """The first day. Weeks begin on its day of the week, months on its day of the month."""
    end: Day | None = None
    """The last day, itself included; without one there is a partition for all that is over."""
    cadence: Cadence = "daily"
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    content: Literal["snapshot", "increment"] | None = None
    """The rolling window that ends with the partition, or the rows of it alone; see `DatasetDefinition.content`."""

    @property
    def calendar(self) -> Calendar:
        """Which windows the partitions are."""
        match self.cadence:
            case "hourly":
                return Hours(timezone=self.timezone)
            case "weekly":
                return Weeks(weekday=f"{self.start:%A}".lower(), timezone=self.timezone)
            case "monthly":
                return Months(day=self.start.day, timezone=self.timezone)
        return Days(timezone=self.timezone)

    @property
    def begins(self) -> str | int | None:
        """On which day its weeks or months begin."""
        found: dict[str, str | int] = {"weekly": f"{self.start:%A}".lower(), "monthly": self.start.day}
        return found.get(self.cadence)

    def problems(self) -> Iterator[Problem]:
        """A calendar that ends before it begins, or begins where dates do."""
        if not FIRST <= self.start <= LAST:
            yield ("partitions", "start"), f"start {self.start} is not a day from {FIRST} to {LAST}."
        if self.end is not None and self.end < self.start:
            yield ("partitions", "end"), f"end {self.end} is before start {self.start}."
        if self.cadence == "monthly" and self.start.day > 28:
            yield (
                ("partitions", "start"),
                f"months begin on the day of start, and not every month has a {self.start.day}th: write one up to 28.",
            )
        if self.cadence == "hourly" and not _whole_hours(self.timezone, self.start.year):
            yield (
                ("partitions", "cadence"),
                f"clocks in {self.timezone} are changed by a part of an hour, so that its hours are not all an hour "
                "long. Write timezone: UTC, or cadence: daily.",
            )


def _whole_hours(timezone: str, year: int) -> bool:
    at = ZoneInfo(timezone)
    months = (dt.datetime(each, month, 1, tzinfo=at) for each in (year, year + 1) for month in range(1, 13))
    offsets = [moment.utcoffset() or dt.timedelta() for moment in months]
    return all((offset - offsets[0]) % dt.timedelta(hours=1) == dt.timedelta() for offset in offsets)


@dataclass(frozen=True)
class Interval:
    """Whole days, or moments of hours, the first included and the last not; `start` None: since ever."""

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
    """The first moment of a day, or a moment, as a literal of a DATE, DATETIME or TIMESTAMP column."""
    if isinstance(day, dt.datetime):
        moment = reading_from(day, timezone) if type_name == "DATETIME" else day
    elif type_name == "DATE":
        return literal(day)
    else:
        moment = dt.datetime.combine(day, dt.time())
        if type_name != "DATETIME":
            moment = moment.replace(tzinfo=ZoneInfo(timezone)).astimezone(dt.UTC)
    if is_moment_in_nanoseconds(type_name):  # nothing of that type lies before or after them
        moment = min(max(moment, NANOSECONDS[0]), NANOSECONDS[1])
    return comparable(moment, type_name)


@dataclass(frozen=True)
class Window:
    """The days of one partition: all of them, and those of each part; without a temporal split all parts share them."""

    date: dt.date
    """The day on which it begins; of an hour its first moment, in UTC."""
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
    """The days of the partition of a date, which is that on which it begins; an hour is named by its first moment.

    Raises:
        DefinitionError: The definition has no partition on that date.
    """
    calendar = definition.partitions
    own = Interval(*_ends(definition, date))
    date, end = own.start or date, own.end
    whole = own if definition.content == "increment" else Interval(None, end)
    for each in definition.date_ranges:
        whole = whole.cut(_days(each, end, calendar.timezone))
    if not isinstance(definition.split, Temporal):
        return Window(date, calendar.timezone, whole, dict.fromkeys(definition.split.part_names, whole))
    parts = {part: days.cut(whole) for part, days in _parts(definition.split, end, calendar.timezone).items()}
    return Window(date, calendar.timezone, whole, parts)


def refuse_ended(definition: DatasetDefinition, windows: Iterable[Window]) -> None:
    """Refuse partitions that come so long after the end of their rows that nothing is left to judge by.

    Raises:
        DefinitionError: A part that is held out has no day.
    """
    end = next((each.end for each in definition.date_ranges if each.end is not None), None)
    if end is None or not isinstance(definition.split, Temporal):
        return
    for each in windows:
        for part, days in each.parts.items():
            if part != "train" and days.start is not None and days.start >= days.end:
                raise DefinitionError(
                    f"Dataset '{definition.name}', partition {part_name(each.date)}: date_range ends with {end}, so no "
                    f"day is left for {part}. Ask for a partition nearer to that day, write a later end, or leave it "
                    "out."
                )


def _ends(definition: DatasetDefinition, date: dt.date) -> tuple[dt.date, dt.date]:
    """Where a partition begins, and where the next one does.

    Raises:
        DefinitionError: The definition has no such partition.
    """
    partitions = definition.partitions
    hourly, last = partitions.cadence == "hourly", min(partitions.end or LAST, LAST)
    if isinstance(date, dt.datetime) != hourly:
        example = "a moment, such as 2024-01-31T13:00" if hourly else "a day, such as 2024-01-31"
        raise DefinitionError(
            f"Dataset '{definition.name}' has {partitions.cadence} partitions, and {date} is not one of them. "
            f"Name {example}."
        )
    moment = date if isinstance(date, dt.datetime) else dt.datetime.combine(date, dt.time())
    if moment.tzinfo is None:
        moment = instants(moment, partitions.timezone)[0]
    day = moment.astimezone(ZoneInfo(partitions.timezone)).date() if hourly else date
    if not partitions.start <= day <= last:
        there = f"to {partitions.end}" if partitions.end else "on"
        raise DefinitionError(
            f"Dataset '{definition.name}' has no partition {date}: they go from {partitions.start} {there}. "
            "Ask for another date, or change partitions in the definition."
        )
    if partitions.cadence == "daily":
        return date, date + DAY
    calendar = partitions.calendar
    found = calendar.at(moment)
    first, end = (found.start, found.end) if hourly else (day, calendar.day_of(calendar.at(found.end)))
    begins = found.start if hourly else calendar.day_of(found)
    if begins != (moment if hourly else day):
        raise DefinitionError(
            f"Dataset '{definition.name}' has no partition {date}: they are {partitions.cadence}, and the one that "
            f"holds it begins on {part_name(begins)}."
        )
    if not hourly and end > last + DAY:
        raise DefinitionError(
            f"Dataset '{definition.name}' has no partition {date}: it would end on {end - DAY}, and the last day is "
            f"{last}. Ask for another date, or change partitions in the definition."
        )
    return first, end


def _days(filtered: DateRange, end: dt.date, timezone: str) -> Interval:
    """The days of a filter for a partition that ends before `end`; of hours they go by the clocks of the zone."""
    if not isinstance(end, dt.datetime):
        return Interval(*filtered.days(end))
    return _moments(filtered.days(_on_clocks(end, timezone)), end, timezone)


def _parts(split: Temporal, end: dt.date, timezone: str) -> Mapping[str, Interval]:
    if not isinstance(end, dt.datetime):
        return {part: Interval(*days) for part, days in split.days(end).items()}
    found = split.days(_on_clocks(end, timezone))
    return {part: _moments(days, end, timezone) for part, days in found.items()}


def _on_clocks(moment: dt.datetime, timezone: str) -> dt.datetime:
    return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, fold=0)


def _moments(days: tuple[dt.date | None, dt.date], end: dt.datetime, timezone: str) -> Interval:
    """Readings of a zone's clocks as moments; that of the end is the end, also where it is shown twice."""

    def moment(reading: dt.date) -> dt.datetime:
        if reading == _on_clocks(end, timezone):
            return end
        at = reading if isinstance(reading, dt.datetime) else dt.datetime.combine(reading, dt.time())
        return instants(at, timezone)[0]

    start, until = days
    return Interval(None if start is None else moment(start), moment(until))


def dates_of(definition: DatasetDefinition, first: dt.date, last: dt.date) -> list[dt.date]:
    """The partitions that begin on these days; where none does, the one that holds the first.

    What names moments already, of hours, is each of them from the first to the last.
    """
    partitions = definition.partitions
    if partitions.cadence == "daily":
        return [first + n * DAY for n in range((last - first).days + 1)]
    calendar, zone = partitions.calendar, ZoneInfo(partitions.timezone)

    def moment(day: dt.date, ending: bool) -> dt.datetime:
        at = day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time.max if ending else dt.time())
        return at if at.tzinfo is not None else instants(at, partitions.timezone)[-1 if ending else 0]

    start, until = moment(first, ending=False), moment(last, ending=True)
    each, found = calendar.at(start), []
    holding = each
    while each.start <= until:
        if each.start >= start or isinstance(first, dt.datetime):
            found.append(each)
        each = calendar.at(each.end)
    return [
        window.start if partitions.cadence == "hourly" else window.start.astimezone(zone).date()
        for window in found or [holding]
    ]


def part_name(date: dt.date) -> str:
    """What a partition is called: its day, or the first moment of its hour."""
    return f"{date.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}" if isinstance(date, dt.datetime) else date.isoformat()


def part_date(text: str) -> dt.date:
    """The day or moment that `part_name` wrote.

    Raises:
        ValueError: It is neither.
    """
    if "T" not in text:
        return dt.date.fromisoformat(text)
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def merged(intervals: list[Interval]) -> list[Interval]:
    """The fewest intervals that hold the same days."""
    result: list[Interval] = []
    for each in sorted(intervals, key=lambda i: (i.start is not None, i.start or i.end, i.end)):
        if result and (each.start is None or each.start <= result[-1].end):
            result[-1] = Interval(result[-1].start, max(result[-1].end, each.end))
        else:
            result.append(each)
    return result
