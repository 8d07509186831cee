"""Days and partitions as a person types them, which is as Dagster writes them: `a...b`, `2024-01-02|train`."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from dqx_core.calendars import DAYS, Calendar, Window
from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey

_FIRST_TO_BEGIN = dt.timedelta(hours=14)
"""Before UTC, where a day begins first: what is today somewhere is not refused."""
AllowFuture = Annotated[bool, typer.Option("--allow-future", help="A day that is still to come is meant.")]
MOST_KEYS = 3_660
_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*"
SPLIT = "split"


def days(texts: Iterable[str]) -> list[dt.date]:
    """The days of texts such as `2024-01-02`, `2024-01-02...2024-01-08` or `2024-01-02,2024-01-05`, each once.

    Raises:
        DefinitionError: One is not a day, or a range ends before it begins.
    """
    found: dict[dt.date, None] = {}
    for text in texts:
        for part in text.split(","):
            first, dots, last = (each.strip() for each in part.partition("..."))
            start = day(first, ", or several as 2024-01-01...2024-01-31")
            found |= dict.fromkeys(_span(start, day(last) if dots else start, part))
    return list(found)


def day(text: str, otherwise: str = "") -> dt.date:
    """A day such as 2024-01-31; `otherwise` says what else may be written there.

    Raises:
        DefinitionError: It is not one, or one of a year that nobody means.
    """
    try:
        found = dt.date(*time.strptime(text, "%Y-%m-%d")[:3]) if text.count("-") == 2 else dt.date.fromisoformat(text)
    except ValueError:
        raise DefinitionError(f"'{text}' is not a day. Write it as 2024-01-31{otherwise}.") from None
    if found.year < 1000:
        raise DefinitionError(f"'{text}' is a day of the year {found.year}. Write the year that is meant: 2024-01-31.")
    return found


def day_option(name: str, help: str) -> Any:
    """An option that is one day; what is not one is told in the same words by every command."""
    return typer.Option(name, metavar="DAY", parser=day, help=help)


def day_or_moment(text: str) -> dt.date:
    """A day, or the moment at which an hour begins, such as 2024-01-31T13:00.

    Raises:
        DefinitionError: It is neither.
    """
    if not re.fullmatch(_MOMENT, text.strip()):
        return day(text, ", or an hour as 2024-01-31T13:00")
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise DefinitionError(f"'{text}' is not a moment. Write it as 2024-01-31T13:00.") from None


def partition_option(name: str, help: str) -> Any:
    """An option that is one partition of a dataset: a day, or an hour by its first moment."""
    return typer.Option(name, metavar="DAY", parser=day_or_moment, help=help)


First = Annotated[dt.date | None, day_option("--from", "The first day.")]
Last = Annotated[dt.date | None, day_option("--to", "The last day.")]


def refuse_future(days: Iterable[dt.date], *, allowed: bool) -> None:
    """Stop at a day that has not begun anywhere yet: it is mistyped, unless somebody says that it is meant.

    Raises:
        DefinitionError: It names the day.
    """
    today = (dt.datetime.now(dt.UTC) + _FIRST_TO_BEGIN).date()
    late = [each for each in days if (each.date() if isinstance(each, dt.datetime) else each) > today]
    if late and not allowed:
        more = f", the first of {len(late):,} such days" if len(late) > 1 else ""
        raise DefinitionError(
            f"{late[0]} is in the future{more}. Write the day that is meant, or say --allow-future if it is."
        )


def tags(texts: Iterable[str]) -> dict[str, list[str]]:
    """Tag name → values, of texts such as `split=train`; a name may be given several times."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise DefinitionError(f"'{text}' is not a name and a value. Write tags as --tags split=train.")
        if value not in found.setdefault(name, []):
            found[name].append(value)
    return found


def combined(given: Mapping[str, Sequence[str]]) -> Iterator[Sequence[tuple[str, str]]]:
    """Every combination of the values of names; one of none, where there are no names."""
    return ([*zip(given, values, strict=True)] for values in itertools.product(*given.values()))


def keys(
    dates: Sequence[str],
    partitions: Sequence[str],
    given: Mapping[str, Sequence[str]],
    calendar: Calendar = DAYS,
) -> list[ResultKey]:
    """What to judge: every window under every combination of the tags' values, and every partition.

    The windows are those that begin on the days, or else the one that they are in.

    Raises:
        DefinitionError: Nothing is named, or something of it cannot be read.
    """
    found = [
        ResultKey.of(window, dict(values), calendar)
        for window in _windows(dates, calendar)
        for values in combined(given)
    ]
    if partitions and calendar != DAYS:
        raise DefinitionError("--partition names a day. Leave --window out, or use --date.")
    for text in partitions:
        if given:
            raise DefinitionError("--partition names its split itself. Leave --tags out, or use --date.")
        found += _partition(text)
    if not found:
        raise DefinitionError(
            "Say which day to judge: --date 2024-01-31, --date 2024-01-01...2024-01-31 or "
            "--partition '2024-01-31|train'."
        )
    return list(dict.fromkeys(found))


def _windows(dates: Sequence[str], calendar: Calendar) -> list[Window]:
    """The windows of a calendar that begin on the days; of a time, such as 2024-01-31T13:00, the one that holds it.

    Of days on which none begins it is the one that holds the first of them.
    """
    moments = [text for text in dates if re.fullmatch(_MOMENT, text.strip())]
    found = dict.fromkeys(_holding(dt.datetime.fromisoformat(text.strip()), calendar) for text in moments)
    wanted = days(text for text in dates if text not in moments)
    begun: dict[Window, None] = {}
    for at in wanted:
        window = _holding(dt.datetime.combine(at, dt.time()), calendar)
        while calendar.day_of(window) <= at:
            if calendar.day_of(window) == at:
                begun[window] = None
            window = calendar.at(window.end)
    if wanted and not begun:
        begun = {_holding(dt.datetime.combine(wanted[0], dt.time()), calendar): None}
    if len(found) + len(begun) > MOST_KEYS:
        raise DefinitionError(f"Those are {len(begun):,} windows; at most {MOST_KEYS:,} are judged at once.")
    return list(found | begun)


def _holding(moment: dt.datetime, calendar: Calendar) -> Window:
    return ResultKey.at(calendar, moment).interval


def _partition(text: str) -> Iterator[ResultKey]:
    """The keys of `2024-01-02|train`, or of a range of such; beside the day stands the split."""
    first, dots, last = text.partition("...")
    ends = [first, last if dots else first]
    parts = [_parts(end) for end in ends]
    splits = list(dict.fromkeys(split for _, split in parts))
    for at in _span(parts[0][0], parts[1][0], text):
        for split in splits:
            yield ResultKey(at, {SPLIT: split} if split is not None else {})


def _parts(text: str) -> tuple[dt.date, str | None]:
    first, *others = (part.strip() for part in text.split("|"))
    if len(others) > 1:
        raise DefinitionError(
            f"Partition '{text}' has {len(others) + 1} parts; beside the day there can be a split, as in "
            "2024-01-02|train. Name other dimensions with --date and --tags NAME=VALUE."
        )
    return day(first), others[0] if others else None


def _span(first: dt.date, last: dt.date, text: str) -> list[dt.date]:
    count = (last - first).days + 1
    if count < 1:
        raise DefinitionError(f"'{text}' ends before it begins.")
    if count > MOST_KEYS:
        raise DefinitionError(f"'{text}' is {count:,} days; at most {MOST_KEYS:,} are judged at once.")
    return [first + dt.timedelta(days=n) for n in range(count)]
