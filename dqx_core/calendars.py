"""Windows of time, and calendars: which windows there are, and which is the n-th before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from dqx_core.errors import DefinitionError

_DAY = dt.timedelta(days=1)
_MIDNIGHT = dt.time(tzinfo=dt.UTC)


@dataclass(frozen=True, order=True)
class Window:
    """A half-open stretch of time, from its start up to its end, as moments in UTC."""

    start: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            moment = getattr(self, name)
            if not isinstance(moment, dt.datetime) or moment.tzinfo is None:
                raise DefinitionError(f"A window's {name} is a datetime with a time zone, not {moment!r}.")
            object.__setattr__(self, name, moment.astimezone(dt.UTC))
        if self.start >= self.end:
            raise DefinitionError(f"A window ends after it starts: {self.start} is not before {self.end}.")

    @classmethod
    def of_day(cls, day: dt.date) -> Window:
        """The day in UTC."""
        start = dt.datetime.combine(day, _MIDNIGHT)
        return cls(start, start + _DAY)

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


@runtime_checkable
class Calendar(Protocol):
    """Which windows there are: the days of a zone, its weeks, whatever a partitions definition says."""

    @property
    def name(self) -> str:
        """What it is called, in one text for equal calendars: "days"."""

    def at(self, moment: dt.datetime) -> Window:
        """The window that holds a moment, or else the last one before it."""

    def before(self, window: Window, n: int) -> Window:
        """The n-th window before one of its windows."""

    def day_of(self, window: Window) -> dt.date:
        """The date that a window is filed under: that of its start, on the calendar's own clocks."""

    def label(self, window: Window) -> str:
        """How people call the window: "2024-01-02"."""


@dataclass(frozen=True)
class Days:
    """The days in UTC."""

    @property
    def name(self) -> str:
        """What it is called."""
        return "days"

    def at(self, moment: dt.datetime) -> Window:
        """The day that holds a moment."""
        return Window.of_day(moment.astimezone(dt.UTC).date())

    def before(self, window: Window, n: int) -> Window:
        """The n-th day before."""
        return Window(window.start - n * _DAY, window.end - n * _DAY)

    def day_of(self, window: Window) -> dt.date:
        """The day itself."""
        return window.start.date()

    def label(self, window: Window) -> str:
        """The day as it is written."""
        return window.start.date().isoformat()


DAYS = Days()
