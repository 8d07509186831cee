"""What a number speaks of: a window of time and its tags; and the run it was used in."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import ItemsView, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dqx_core.calendars import DAYS, Back, Calendar, Window
from dqx_core.errors import DefinitionError
from dqx_core.zones import instants

ExecutionId = str

EXECUTION_TAG = "__execution_id"
"""The one tag dqx adds itself; names that start with two underscores are reserved for it."""


Value = TypeVar("Value", bound=str | None)


class _Named(Mapping[str, Value], Generic[Value]):
    """An immutable mapping of tag names: equal to any mapping with the same items, in any order."""

    __slots__ = ("_canonical", "_hash", "_items")

    def __init__(self, items: Mapping[str, Value] | None = None) -> None:
        for name, value in (items or {}).items():
            if not isinstance(name, str) or not self._takes(value):
                raise DefinitionError(f"Tag {name!r}={value!r} is not text. Tags are names and values of type str.")
        self._items = dict(sorted((items or {}).items()))
        self._hash = hash(tuple(self._items.items()))
        self._canonical: str | None = None

    def __reduce__(self) -> tuple[type[_Named[Value]], tuple[dict[str, Value]]]:
        return type(self), (self._items,)  # another process hashes text otherwise

    def _takes(self, value: object) -> bool:
        return isinstance(value, str)

    def __getitem__(self, name: str) -> Value:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or self._items == (other._items if isinstance(other, _Named) else other)

    def items(self) -> ItemsView[str, Value]:
        """Name and value of each tag, by name."""
        return self._items.items()

    def __repr__(self) -> str:
        return repr(self._items)

    def __str__(self) -> str:
        return ", ".join(f"{name}={value or '*'}" for name, value in self._items.items())


class Tags(_Named[str]):
    """Tag names and their values."""

    __slots__ = ()

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self._items.items())

    def __or__(self, other: Mapping[str, str]) -> Tags:
        return Tags({**self._items, **other})

    @property
    def canonical(self) -> str:
        """One text for equal tags, whatever order they were written in."""
        if self._canonical is None:
            self._canonical = json.dumps(self._items, ensure_ascii=False, separators=(",", ":"))
        return self._canonical


NO_TAGS = Tags()
"""One object for all keys without tags: what is found by its key is then found without comparing them."""


class TagOverrides(_Named[str | None]):
    """Tags that are laid over those of a key: a value replaces the key's, None takes its tag away."""

    __slots__ = ()

    def _takes(self, value: object) -> bool:
        return value is None or isinstance(value, str)

    def over(self, tags: Mapping[str, str]) -> Tags:
        """The tags as they come out."""
        changed = {**tags, **self._items}
        return Tags({name: value for name, value in changed.items() if value is not None})


def user_tags(tags: Mapping[str, str] | None) -> Tags:
    """The tags a person gave.

    Raises:
        DefinitionError: A name is reserved.
    """
    if not tags:
        return NO_TAGS
    _free(tags)
    return Tags(tags)


def user_overrides(tags: Mapping[str, str | None]) -> TagOverrides:
    """The tags a person lays over a key's.

    Raises:
        DefinitionError: A name is reserved.
    """
    _free(tags)
    return TagOverrides(tags)


def _free(tags: Mapping[str, str] | Mapping[str, str | None] | None) -> None:
    for name in tags or {}:
        if isinstance(name, str) and name.startswith("__"):
            raise DefinitionError(
                f"Tag name '{name}' is reserved: names that start with '__' belong to dqx. Rename it."
            )


@dataclass(frozen=True)
class ResultKey:
    """What a number speaks of: a window of time, usually a day, and tags."""

    yyyy_mm_dd: dt.date
    """The day; of another window the date that it is filed under, that of its start on its calendar's clocks."""
    tags: Mapping[str, str] = NO_TAGS
    window: Window | None = None
    """None: the day in UTC."""
    calendar: Calendar = field(default=DAYS, compare=False, repr=False)
    """Which windows come before."""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.yyyy_mm_dd, dt.datetime) or not isinstance(self.yyyy_mm_dd, dt.date):
            raise DefinitionError(f"ResultKey takes a datetime.date, not {self.yyyy_mm_dd!r}.")
        if type(self.tags) is not Tags:
            object.__setattr__(self, "tags", user_tags(self.tags))
        if self.window is not None and self.window == Window.of_day(self.yyyy_mm_dd):
            object.__setattr__(self, "window", None)
        if self.calendar is not DAYS and self.calendar == DAYS:  # one of another process is the same
            object.__setattr__(self, "calendar", DAYS)
        # Keys are looked up many times for each number.
        object.__setattr__(self, "_hash", hash((self.yyyy_mm_dd, self.tags, self.window)))

    @classmethod
    def of(cls, window: Window, tags: Mapping[str, str] = NO_TAGS, calendar: Calendar = DAYS) -> ResultKey:
        """The key of one of a calendar's windows."""
        return cls(calendar.day_of(window), tags, window, calendar)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[ResultKey], tuple[object, ...]]:
        return ResultKey, (self.yyyy_mm_dd, self.tags, self.window, self.calendar)

    @classmethod
    def at(cls, calendar: Calendar, moment: dt.datetime, tags: Mapping[str, str] = NO_TAGS) -> ResultKey:
        """The key of the calendar's window that holds a moment; one without a time zone is on the calendar's clocks."""
        if moment.tzinfo is None:
            moment = instants(moment, calendar.timezone)[0]
        return cls.of(calendar.at(moment), tags, calendar)

    @property
    def when(self) -> tuple[dt.date, Window | None]:
        """Which window it is, whatever its tags."""
        return self.yyyy_mm_dd, self.window

    @property
    def label(self) -> str:
        """How people call the window."""
        if self.window is None:
            return str(self.yyyy_mm_dd)
        return str(self.window) if self.calendar is DAYS else self.calendar.label(self.window)

    def tagged(self, tags: Mapping[str, str]) -> ResultKey:
        """The same window under other tags."""
        return ResultKey(self.yyyy_mm_dd, tags, self.window, self.calendar)

    def back(self, back: Back) -> ResultKey:
        """The key of an earlier window of its calendar, same tags."""
        if not back.days:
            return self.lag(back.windows)
        then = self.calendar.days_before(self.interval, back.days)
        return ResultKey.of(then, self.tags, self.calendar).lag(back.windows)

    @property
    def interval(self) -> Window:
        """The window as moments, of a day too."""
        return self.window or Window.of_day(self.yyyy_mm_dd)

    def lag(self, windows: int) -> ResultKey:
        """The key `windows` windows of its calendar earlier, same tags."""
        if not windows:
            return self
        if self.calendar is DAYS and self.window is None:
            return ResultKey(self.yyyy_mm_dd - dt.timedelta(days=windows), self.tags)
        return ResultKey.of(self.calendar.before(self.interval, windows), self.tags, self.calendar)

    def range(self, lag: int, window: int) -> tuple[dt.date, dt.date]:
        """The inclusive (from, until) of `window` days that end `lag` days before this key."""
        until = self.yyyy_mm_dd - dt.timedelta(days=lag)
        return until - dt.timedelta(days=window - 1), until

    def __str__(self) -> str:
        return self.label + (f" ({self.tags})" if self.tags else "")


def calendar_of_keys(keys: Sequence[ResultKey]) -> Calendar:
    """The one calendar of some keys; days, of none.

    Raises:
        DefinitionError: They are of several, so that no lag means one thing.
    """
    found: list[Calendar] = []
    for key in keys:
        if key.calendar not in found:
            found.append(key.calendar)
    if len(found) > 1:
        raise DefinitionError(
            f"These are windows of {len(found)} calendars: {', '.join(calendar.name for calendar in found)}. Run the "
            "suite once for each."
        )
    return found[0] if found else DAYS
