"""Time zones: which moments a reading of a zone's clocks stands for."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from dqx_core.errors import DefinitionError, hint

_UTC = frozenset({"utc", "etc/utc", "z", "zulu", "etc/zulu", "gmt", "etc/gmt", "uct", "etc/uct", "universal"})


@lru_cache(maxsize=256)
def zone(name: str) -> str:
    """The name of a time zone, the same for all names of UTC.

    Raises:
        DefinitionError: There is none of that name.
    """
    if not isinstance(name, str) or not name.strip():
        raise DefinitionError(f"{name!r} is not a time zone. Give a name such as 'Europe/Amsterdam'.")
    if name.lower() in _UTC:
        return "UTC"
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise DefinitionError(f"'{name}' is not a time zone. {hint(name, available_timezones())}") from None
    return name


@lru_cache(maxsize=65_536)
def instants(reading: dt.datetime, timezone: str) -> tuple[dt.datetime, ...]:
    """The moments at which clocks show a reading: two of a time that is repeated, in order.

    Of a time that is left out it is the moment at which it was.
    """
    at = ZoneInfo(timezone)
    first = reading.replace(tzinfo=at, fold=0).astimezone(dt.UTC)
    second = reading.replace(tzinfo=at, fold=1).astimezone(dt.UTC)
    if first == second:
        return (first,)
    return (first, second) if first < second else (_change(second, first, at),)


def exists(reading: dt.datetime, timezone: str) -> bool:
    """Whether clocks ever show a reading."""
    return instants(reading, timezone)[0].astimezone(ZoneInfo(timezone)).replace(tzinfo=None) == reading


@lru_cache(maxsize=65_536)
def reading_from(moment: dt.datetime, timezone: str) -> dt.datetime:
    """The first reading of a zone's clocks that stands for this moment or a later one.

    A reading that is repeated stands for the first of its moments, one that is left out for that at which it was.
    """
    at = ZoneInfo(timezone)
    shown = moment.astimezone(at)
    if shown.fold:
        # All readings of the repeated time stand for moments before: the next is that at which clocks were put back.
        again = shown.utcoffset() or dt.timedelta()
        before = shown.replace(fold=0).utcoffset() or dt.timedelta()
        return (_change(moment - (before - again), moment, at) + before).replace(tzinfo=None)
    just_before = (moment - dt.timedelta(microseconds=1)).astimezone(at).utcoffset() or dt.timedelta()
    # Where the time from here on was put forward, what was left out stands for this moment too.
    return (moment + min(just_before, shown.utcoffset() or dt.timedelta())).replace(tzinfo=None)


def _change(after: dt.datetime, until: dt.datetime, at: ZoneInfo) -> dt.datetime:
    """The first moment from which a zone's clocks go otherwise than just after `after`, up to `until`."""
    shift = (after - dt.timedelta(microseconds=1)).astimezone(at).utcoffset()
    low, high = after - dt.timedelta(microseconds=1), until
    while high - low > dt.timedelta(microseconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(at).utcoffset() == shift:
            low = middle
        else:
            high = middle
    return high
