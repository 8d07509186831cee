"""Calendars by name: "hours", "weeks from sunday", "days at 06:00 in Europe/Amsterdam"."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from dqx_core.calendars import Calendar, Days, Hours, Months, Weeks, Years
from dqx_core.errors import DefinitionError

_WRITTEN = re.compile(
    r"(?:every )?(?:(?P<every>\d+) )?(?P<unit>hour|day|week|month|year)s?(?:\[(?P<zone>[^\]]+)\])?"
    r"(?: from (?P<since>\S+))?(?: at (?P<hour>\d\d)?:(?P<minute>\d\d))?(?: in (?P<named>\S+))?",
    re.IGNORECASE,
)

_EXAMPLES = (
    "Write hours, 6 hours, hours at :15, days, 2 days from 2024-01-01, weeks, weeks from sunday, months, "
    "months from 15, 3 months, years or years from 04-01; then, where wanted, at 06:00 and in Europe/Amsterdam."
)


def calendar_of(text: str) -> Calendar:
    """The calendar that a text names.

    Raises:
        DefinitionError: The text names none.
    """
    found = _WRITTEN.fullmatch(" ".join(text.split()))
    made = None if found is None else _made(found)
    if found is None or made is None:
        raise DefinitionError(f"'{text}' is not a calendar. {_EXAMPLES}")
    timezone = found["zone"] or found["named"]
    return made if timezone is None else replace(made, timezone=timezone)


def _made(found: re.Match[str]) -> Hours | Days | Weeks | Months | Years | None:
    """The calendar in UTC; None where its parts do not go together."""
    every, since = int(found["every"] or 1), found["since"]
    hour, minute = int(found["hour"] or 0), int(found["minute"] or 0)
    try:
        match found["unit"].lower():
            case "hour" if since is None and found["hour"] is None:
                return Hours(every=every, minute=minute)
            case "day":
                start = None if since is None else dt.date.fromisoformat(since)
                return Days(every=every, start=start, hour=hour, minute=minute)
            case "week" if since is not None and since[:1].isdigit():
                return Weeks(every=every, start=dt.date.fromisoformat(since), hour=hour, minute=minute)
            case "week":
                return Weeks(every=every, weekday=since or "monday", hour=hour, minute=minute)
            case "month":
                days = tuple(int(day) for day in (since or "1").split(","))
                return Months(every=every, day=days, hour=hour, minute=minute)
            case "year":
                month, _, day = (since or "1-1").partition("-")
                return Years(every=every, month=int(month), day=int(day), hour=hour, minute=minute)
    except ValueError:
        return None
    return None
