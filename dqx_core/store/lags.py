"""How many windows before the judged one a number is, told from the dates and lengths that the store keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from dqx_core.keys import ResultKey

_DAY = dt.timedelta(days=1)


def windows_before(key: ResultKey, judged: Iterable[ResultKey]) -> int:
    """How many windows a key lies before the one that was judged; of several judged windows, or none, 0.

    The store knows windows, not calendars: one that leaves days out (business days) is counted as if it did not.
    """
    windows = {(each.interval, each.yyyy_mm_dd) for each in judged}
    if len(windows) != 1:
        return 0
    [(window, day)] = windows
    length = window.end - window.start
    if length < _DAY * 0.9:
        return round((window.start - key.interval.start) / length)
    # On the calendar's own dates: days of 23 and 25 hours, months of 28 to 31 days and leap years are each one.
    days = round(length / _DAY)
    before = (day - key.yyyy_mm_dd).days
    months = _months(day, days)
    if months and day.day == key.yyyy_mm_dd.day:
        return round(((day.year - key.yyyy_mm_dd.year) * 12 + day.month - key.yyyy_mm_dd.month) / months)
    return round(before / days)


def _months(day: dt.date, days: int) -> int:
    """How many months a window of so many days is that begins on a day; 0 when it is not a number of months."""
    try:
        after = day + dt.timedelta(days=days)
    except OverflowError:
        return 0
    return (after.year - day.year) * 12 + after.month - day.month if after.day == day.day else 0
