"""The axis of a report: windows of time, usually days, in their order and under the names that people have for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from dqx_core.windows import Window

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """A window that is not a day in UTC, and the date that it is filed under."""

    day: dt.date
    window: Window

    def __str__(self) -> str:
        days = (self.window.end - self.window.start) / _DAY
        if days < 23 / 24:
            return f"{self.window.start:%Y-%m-%d %H:%M} UTC"
        if days < 1.5:
            return str(self.day)
        if self.day.day == 1 and 27.9 < days < 31.1:
            return f"{self.day:%Y-%m}"
        return f"{self.day} to {self.day + dt.timedelta(days=round(days) - 1)}"


At = dt.date | Slot
"""What stands on the axis; a date is the day in UTC."""


class Placed(Protocol):
    """What speaks of a window: a verdict, a number."""

    @property
    def yyyy_mm_dd(self) -> dt.date: ...
    @property
    def window(self) -> Window | None: ...


def at_of(placed: Placed) -> At:
    """Where something stands on the axis."""
    return placed.yyyy_mm_dd if placed.window is None else Slot(placed.yyyy_mm_dd, placed.window)


def window_of(at: At) -> Window:
    """As moments."""
    return at.window if isinstance(at, Slot) else Window.of_day(at)


def day_of(at: At) -> dt.date:
    """The date that it is filed under."""
    return at.day if isinstance(at, Slot) else at


def order(at: At) -> tuple[dt.datetime, dt.datetime]:
    """What sorts them: that which ends later comes later."""
    window = window_of(at)
    return window.end, window.start


def ordered(places: Iterable[At]) -> list[At]:
    """In their order, each once."""
    return sorted(set(places), key=order)


def left(at: At) -> float:
    """Where it begins, in days; a day in UTC has its ordinal in the middle."""
    start = window_of(at).start
    return start.toordinal() - 0.5 + (start - dt.datetime.combine(start.date(), dt.time(), dt.UTC)) / _DAY


def right(at: At) -> float:
    """Where it ends."""
    window = window_of(at)
    return left(at) + (window.end - window.start) / _DAY


def middle(at: At) -> float:
    """Half way between."""
    return (left(at) + right(at)) / 2


def before(at: At, places: Collection[At]) -> At | None:
    """The window that ends where this one begins; of a day in UTC the day before."""
    if not isinstance(at, Slot):
        return at - _DAY
    ends = [other for other in places if window_of(other).end == at.window.start]
    return max(ends, key=order, default=None)


def week_before(at: At, places: Collection[At]) -> At | None:
    """The window of a week earlier, on clocks that may have been changed since; None of what is longer than a week."""
    if not isinstance(at, Slot):
        return at - 7 * _DAY
    length, start = at.window.end - at.window.start, at.window.start - 7 * _DAY
    if length > 7 * _DAY + dt.timedelta(hours=1):
        return None
    hour = dt.timedelta(hours=1)
    near = [other for other in places if abs(window_of(other).start - start) <= (hour if length > hour else 0 * hour)]
    return min(near, key=lambda other: abs(window_of(other).start - start), default=None)
