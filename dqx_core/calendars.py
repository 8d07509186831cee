"""Calendars: which windows of time there are, and which is the n-th before."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from dqx_core.errors import DefinitionError
from dqx_core.windows import NOW, Back, Window
from dqx_core.zones import exists, instants, zone

__all__ = ["DAYS", "NOW", "Back", "Calendar", "Days", "Hours", "Months", "Weeks", "Window", "Years"]

_DAY = dt.timedelta(days=1)
_EPOCH = dt.date(1970, 1, 1)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@runtime_checkable
class Calendar(Protocol):
    """Which windows there are: the days of a zone, its weeks, whatever a partitions definition says."""

    @property
    def name(self) -> str:
        """What it is called, in one text for equal calendars: "days"."""

    @property
    def timezone(self) -> str:
        """On whose clocks its windows begin."""

    @property
    def unit(self) -> str:
        """What a lag is counted in, as it is printed: "3 d earlier"."""

    def at(self, moment: dt.datetime) -> Window:
        """The window that holds a moment, or else the last one before it."""

    def before(self, window: Window, n: int) -> Window:
        """The n-th window before one of its windows."""

    def back(self, days: int) -> Back | None:
        """How far before a window that one lies which is so many days earlier; None: it has no such windows."""

    def days_before(self, window: Window, days: int) -> Window:
        """The window at the same time of day, so many days earlier."""

    def day_of(self, window: Window) -> dt.date:
        """The date that a window is filed under: that of its start, on the calendar's own clocks."""

    def label(self, window: Window) -> str:
        """How people call the window: "2024-01-02"."""


@dataclass(frozen=True, kw_only=True)
class _OfAZone:
    """Windows that begin at readings of a zone's clocks."""

    every: int = 1
    timezone: str = "UTC"

    _unit: ClassVar[str] = "windows"

    def __post_init__(self) -> None:
        object.__setattr__(self, "timezone", zone(self.timezone))
        _whole(type(self).__name__, "every", self.every, 1, 10_000)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def _local(self, moment: dt.datetime) -> dt.datetime:
        return moment.astimezone(self._zone)

    @abstractmethod
    def at(self, moment: dt.datetime) -> Window:
        """The window that holds a moment."""

    @property
    def unit(self) -> str:
        """What a lag is counted in."""
        return self._unit if self.every == 1 else "windows"

    @property
    @abstractmethod
    def _words(self) -> str:
        """Its name without its zone."""

    @property
    def name(self) -> str:
        """What it is called: what `calendar_names.calendar_of` reads."""
        return self._words + (f" in {self.timezone}" if self.timezone != "UTC" else "")

    def day_of(self, window: Window) -> dt.date:
        """The date of its start."""
        return self._local(window.start).date()

    def days_before(self, window: Window, days: int) -> Window:
        """The window that holds the same time of day, so many days earlier."""
        start = self._local(window.start)
        then = instants(start.replace(tzinfo=None) - days * _DAY, self.timezone)
        return self.at(then[min(start.fold, len(then) - 1)])


class _Counted(_OfAZone):
    """Windows that can be numbered: the n-th begins at a reading of the clocks that follows from n."""

    @abstractmethod
    def _begin(self, n: int) -> dt.datetime:
        """When the n-th window begins, on its clocks."""

    @abstractmethod
    def _near(self, day: dt.date) -> int:
        """The number of a window that begins about then."""

    def _start(self, n: int) -> dt.datetime:
        return instants(self._begin(n), self.timezone)[0]

    def _number(self, moment: dt.datetime) -> int:
        n = self._near(self._local(moment).date()) + 1
        while self._start(n) > moment:
            n -= 1
        while self._start(n + 1) <= moment:
            n += 1
        return n

    def _window(self, n: int) -> Window:
        start, end = self._start(n), self._start(n + 1)
        return Window(start, end) if start < end else self._window(n - 1)  # a date that a zone left out

    def at(self, moment: dt.datetime) -> Window:
        """The window that holds a moment."""
        return self._window(self._number(moment))

    def before(self, window: Window, n: int) -> Window:
        """The n-th window before."""
        return self._window(self._number(window.start) - n)


@dataclass(frozen=True, kw_only=True)
class Days(_Counted):
    """Days, or every so many of them from `start`; they begin at midnight or at `hour` and `minute`."""

    start: dt.date | None = None
    hour: int = 0
    minute: int = 0

    _unit: ClassVar[str] = "d"

    def __post_init__(self) -> None:
        super().__post_init__()
        _time_of_day("Days", self.hour, self.minute)
        _started("Days", self.every, self.start)

    @property
    def _words(self) -> str:
        counted = "days" if self.every == 1 else f"{self.every} days from {self.start}"
        return counted + _at(self.hour, self.minute)

    def _begin(self, n: int) -> dt.datetime:
        day = (self.start or _EPOCH) + n * self.every * _DAY
        return dt.datetime.combine(day, dt.time(self.hour, self.minute))

    def _near(self, day: dt.date) -> int:
        return (day - (self.start or _EPOCH)).days // self.every

    def back(self, days: int) -> Back | None:
        """So many windows, if they are whole ones."""
        return Back(days // self.every) if days % self.every == 0 else None

    def label(self, window: Window) -> str:
        """The date on which it begins, as it is written."""
        return self.day_of(window).isoformat()


@dataclass(frozen=True, kw_only=True)
class Weeks(_Counted):
    """Weeks from a day of the week, or every so many of them from `start`."""

    weekday: str = "monday"
    start: dt.date | None = None
    hour: int = 0
    minute: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _time_of_day("Weeks", self.hour, self.minute)
        _started("Weeks", self.every, self.start)
        if self.weekday.lower() not in _WEEKDAYS:
            raise DefinitionError(f"Weeks has weekday={self.weekday!r}. Give one of: {', '.join(_WEEKDAYS)}.")
        day = self.weekday.lower() if self.start is None else _WEEKDAYS[self.start.weekday()]
        object.__setattr__(self, "weekday", day)

    @property
    def _words(self) -> str:
        since = f" from {self.weekday}" if self.weekday != "monday" else ""
        counted = f"weeks{since}" if self.every == 1 else f"{self.every} weeks from {self.start}"
        return counted + _at(self.hour, self.minute)

    @property
    def _first(self) -> dt.date:
        return self.start or dt.date(1970, 1, 5 + _WEEKDAYS.index(self.weekday))

    def _begin(self, n: int) -> dt.datetime:
        return dt.datetime.combine(self._first + n * self.every * 7 * _DAY, dt.time(self.hour, self.minute))

    def _near(self, day: dt.date) -> int:
        return (day - self._first).days // (7 * self.every)

    def back(self, days: int) -> Back | None:
        """So many windows, if they are whole ones."""
        return Back(days // (7 * self.every)) if days % (7 * self.every) == 0 else None

    def label(self, window: Window) -> str:
        """Named by the date on which it begins."""
        return f"week of {self.day_of(window)}"


@dataclass(frozen=True, kw_only=True)
class Months(_Counted):
    """Months from a day of the month, or from several: `Months(day=(1, 15))` are half months; every 3 are quarters."""

    day: int | tuple[int, ...] = 1
    hour: int = 0
    minute: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _time_of_day("Months", self.hour, self.minute)
        days = (self.day,) if isinstance(self.day, int) else tuple(sorted(set(self.day)))
        if not days:
            raise DefinitionError("Months has no day. Give the day, or days, on which a window begins.")
        for day in days:  # not every month has a 29th
            _whole("Months", "day", day, 1, 28)
        object.__setattr__(self, "day", days[0] if len(days) == 1 else days)

    @property
    def _days(self) -> tuple[int, ...]:
        return (self.day,) if isinstance(self.day, int) else self.day

    @property
    def _words(self) -> str:
        since = "" if self.day == 1 else f" from {','.join(map(str, self._days))}"
        return ("months" if self.every == 1 else f"{self.every} months") + since + _at(self.hour, self.minute)

    def _begin(self, n: int) -> dt.datetime:
        group, place = divmod(n, len(self._days))
        year, month = divmod(group * self.every, 12)
        return dt.datetime.combine(dt.date(year, month + 1, self._days[place]), dt.time(self.hour, self.minute))

    def _near(self, day: dt.date) -> int:
        return (day.year * 12 + day.month - 1) // self.every * len(self._days)

    def back(self, days: int) -> Back | None:
        """Months are of many lengths."""
        return None

    def label(self, window: Window) -> str:
        """The month, or the date on which it begins."""
        day = self.day_of(window)
        return f"{day:%Y-%m}" if self.day == 1 and self.every == 1 else f"month of {day}"


@dataclass(frozen=True, kw_only=True)
class Years(_Counted):
    """Years from a date in them."""

    month: int = 1
    day: int = 1
    hour: int = 0
    minute: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _time_of_day("Years", self.hour, self.minute)
        _whole("Years", "month", self.month, 1, 12)
        _whole("Years", "day", self.day, 1, 28)

    @property
    def _words(self) -> str:
        since = "" if (self.month, self.day) == (1, 1) else f" from {self.month:02}-{self.day:02}"
        return ("years" if self.every == 1 else f"{self.every} years") + since + _at(self.hour, self.minute)

    def _begin(self, n: int) -> dt.datetime:
        return dt.datetime.combine(dt.date(n * self.every, self.month, self.day), dt.time(self.hour, self.minute))

    def _near(self, day: dt.date) -> int:
        return day.year // self.every

    def back(self, days: int) -> Back | None:
        """Years are of two lengths."""
        return None

    def label(self, window: Window) -> str:
        """The year, or the date on which it begins."""
        day = self.day_of(window)
        return f"{day:%Y}" if (self.month, self.day, self.every) == (1, 1, 1) else f"year of {day}"


@dataclass(frozen=True, kw_only=True)
class Hours(_OfAZone):
    """Hours of the day, or every so many of them from midnight; they begin at `minute`.

    A day whose clocks are changed has 23 hours or 25: one that is repeated is two windows.
    """

    minute: int = 0

    _unit: ClassVar[str] = "h"

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole("Hours", "minute", self.minute, 0, 59)
        if 24 % self.every or self.every == 24:
            raise DefinitionError(f"Hours has every={self.every!r}. Give a part of a day: 1, 2, 3, 4, 6, 8 or 12.")

    @property
    def _words(self) -> str:
        counted = "hours" if self.every == 1 else f"{self.every} hours"
        return counted + (f" at :{self.minute:02}" if self.minute else "")

    def at(self, moment: dt.datetime) -> Window:
        """The hours that hold a moment."""
        day = self._local(moment).date()
        near = self._around(day)
        place = bisect_right(near, moment)
        return Window(near[place - 1], near[place])

    def before(self, window: Window, n: int) -> Window:
        """The n-th window before."""
        day, found = self._local(window.start).date(), 0
        starts = [start for start in self._starts(day) if start < window.start]
        while found + len(starts) < n:
            found += len(starts)
            day -= _DAY
            starts = list(self._starts(day))
        return window if n == 0 else self.at(starts[found - n])

    def _around(self, day: dt.date) -> list[dt.datetime]:
        return [start for near in (-1, 0, 1) for start in self._starts(day + near * _DAY)]

    def _starts(self, day: dt.date) -> tuple[dt.datetime, ...]:
        return _starts_of_day(day, self.every, self.minute, self.timezone)

    def back(self, days: int) -> Back | None:
        """So many hours, where no day has more or fewer than 24."""
        return Back(24 // self.every * days) if self.timezone == "UTC" else Back(days=days)

    def label(self, window: Window) -> str:
        """The date and time at which it begins; of a repeated hour, which of both."""
        start = self._local(window.start)
        twice = len(instants(start.replace(tzinfo=None), self.timezone)) > 1
        return f"{start:%Y-%m-%d %H:%M%z}" if twice else f"{start:%Y-%m-%d %H:%M}"


@lru_cache(maxsize=4096)
def _starts_of_day(day: dt.date, every: int, minute: int, timezone: str) -> tuple[dt.datetime, ...]:
    found: set[dt.datetime] = set()
    for hour in range(0, 24, every):
        reading = dt.datetime.combine(day, dt.time(hour, minute))
        if every > 1:
            found.add(instants(reading, timezone)[0])
        elif exists(reading, timezone):  # an hour that is left out is not a window
            found.update(instants(reading, timezone))
    return tuple(sorted(found))


def _at(hour: int, minute: int) -> str:
    return f" at {hour:02}:{minute:02}" if hour or minute else ""


def _time_of_day(calendar: str, hour: int, minute: int) -> None:
    _whole(calendar, "hour", hour, 0, 23)
    _whole(calendar, "minute", minute, 0, 59)


def _whole(calendar: str, name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise DefinitionError(f"{calendar} has {name}={value!r}. Give a whole number from {least} to {most}.")


def _started(calendar: str, every: int, start: dt.date | None) -> None:
    if every > 1 and start is None:
        raise DefinitionError(f"{calendar} has every={every} and no start. Say with which date one begins: start=….")
    if start is not None and (isinstance(start, dt.datetime) or not isinstance(start, dt.date)):
        raise DefinitionError(f"{calendar} has start={start!r}. Give a datetime.date.")


DAYS = Days()
"""The days in UTC."""
