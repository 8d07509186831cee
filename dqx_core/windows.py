"""Windows of time: half-open stretches between two moments, and how far before one another lies."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

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


class Back(NamedTuple):
    """How far before a window another one lies: some days on its calendar's clocks, then some windows."""

    windows: int = 0
    days: int = 0

    def and_then(self, other: Back) -> Back:
        """Both together."""
        if other is NOW:
            return self
        return other if self is NOW else Back(self.windows + other.windows, self.days + other.days)


NOW = Back()
"""The window itself."""
