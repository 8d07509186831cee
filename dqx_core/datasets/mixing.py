"""Whether partitions that are read together may be: by one definition of the split, and with no row in two splits."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.flow import PARTED
from dqx_core.datasets.splits import by_role
from dqx_core.datasets.windows import part_name

if TYPE_CHECKING:
    from dqx_core.datasets.stored import Manifest

_UP_TO = re.compile(r"< (\d+)\s+THEN '(\w+)'")
_REST = re.compile(r"ELSE '(\w+)'\s+END$")


class MixedSplitsWarning(UserWarning):
    """What is read together was not made to be: a row, or a key, may be in train and in what train is judged by."""


def mixture(manifests: Iterable[Manifest]) -> str | None:
    """Why partitions are not of one definition of the split; None: they are, as far as they say."""
    said = sorted(manifests, key=lambda each: (each.written_at, each.split))
    splits = {hash_: _split_of(next(each for each in said if each.definition_hash == hash_)) for hash_ in _hashes(said)}
    ways: dict[str, list[Manifest]] = {}
    for each in said:
        split = splits[each.definition_hash]
        if (
            split is not None
            and "FARM_FINGERPRINT" not in split
            and each.window.get("whole") != each.window[each.split]
        ):
            split = None  # in time: what is of one day is told by `of_a_day`
        if split is not None:
            ways.setdefault(split, []).append(each)
    if len(ways) > 1:
        *older, (newest, _) = ways.items()
        older = [(split, held) for split, held in older if not _renamed(split, newest)]
        if not older:
            return None
        told = "; ".join(f"{_days(held)} by {held[0].definition_hash}" for held in ways.values())
        moved = ", ".join(dict.fromkeys(_moved(before, newest) for before, _ in older))
        return (
            f"Dataset '{said[0].dataset}' has partitions of {len(ways)} definitions of its split ({told}), and "
            f"{moved}: read together, a key may be in train and in eval. {_remake(said[0].dataset)}"
        )
    return _by_other_order(said, splits) or _of_a_day(said)


def overlap(manifests: Iterable[Manifest]) -> str | None:
    """Why days of snapshots are not read together; None: no row is in train of one and held out by another."""
    said = list(manifests)
    parted = [
        each for each in said if "whole" in each.window and list(each.window[each.split]) != list(each.window["whole"])
    ]
    dates = sorted({each.date for each in parted}, key=part_name)
    if len(dates) < 2 or len({each.split for each in parted}) < 2:
        return None
    return (
        f"Dataset '{said[0].dataset}' is split by time, and {len(dates)} of its snapshots are read together "
        f"({part_name(dates[0])} to {part_name(dates[-1])}): rows that one holds out for eval are train rows "
        f"of a later one. Read one date, such as {part_name(dates[-1])}, or one split."
    )


def _hashes(said: Sequence[Manifest]) -> list[str]:
    return list(dict.fromkeys(each.definition_hash for each in said))


def _split_of(manifest: Manifest) -> str | None:
    """The expression of the split in the SQL of a partition; None where it cannot be told."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(manifest.sql, dialect=manifest.engine)
    except (SqlglotError, ValueError):
        return None
    steps = (step.this for step in getattr(tree, "ctes", ()) if step.alias == PARTED)
    found = (each for step in steps for each in step.selects if each.alias == SPLIT_COLUMN)
    split = next(found, None)
    return None if split is None else str(split.this.sql(dialect=manifest.engine))


def _by_other_order(said: Sequence[Manifest], splits: Mapping[str, str | None]) -> str | None:
    """What was made when buckets went to the parts as they were written."""
    for each in said:
        reached = [part for _, part in _shares(splits[each.definition_hash] or "")]
        if reached and reached != list(by_role(reached)):
            return (
                f"Dataset '{each.dataset}' has partitions whose buckets went to {', '.join(reached)}, as their "
                f"definition was written; they go to {', '.join(by_role(reached))} now, whatever its order. "
                f"{_remake(each.dataset)}"
            )
    return None


def _of_a_day(said: Sequence[Manifest]) -> str | None:
    """Splits of one day that are not of one definition of the split, told by the days that it gives them."""
    in_order = sorted(said, key=lambda each: part_name(each.date))
    for date, of_day in groupby(in_order, key=lambda each: each.date):
        held = list(of_day)
        if len(_hashes(held)) > 1 and len({_split_of(each) for each in held}) > 1:
            names = ", ".join(f"{each.split} by {each.definition_hash}" for each in held)
            return (
                f"Dataset '{said[0].dataset}' has splits of {part_name(date)} that are of several definitions of the "
                f"split ({names}): a row may be in two, or in none. {_remake(said[0].dataset)}"
            )
    return None


def _shares(split: str) -> list[tuple[int, str]]:
    """Up to which bucket each part goes, in order; none where it is not parted by buckets."""
    if "FARM_FINGERPRINT" not in split:
        return []
    last = _REST.search(split)
    return [(int(up_to), part) for up_to, part in _UP_TO.findall(split)] + ([(10_000, last[1])] if last else [])


def _moves(before: str, after: str) -> dict[tuple[str, str], int] | None:
    """How many buckets are in another part than before; None: they are not of the same hash."""
    old, new = _shares(before), _shares(after)
    rest, other = (_UP_TO.sub("", _REST.sub("", each)).split() for each in (before, after))
    if not old or not new or rest != other:
        return None
    return moves_between(old, new)


def moves_between(old: Sequence[tuple[int, str]], new: Sequence[tuple[int, str]]) -> dict[tuple[str, str], int]:
    """How many buckets are in another part than before, of parts that go up to these."""
    moves: dict[tuple[str, str], int] = {}
    bounds = sorted({0, *(up_to for up_to, _ in (*old, *new))})
    for start, end in pairwise(bounds):
        was, now = (next(part for up_to, part in each if start < up_to) for each in (old, new))
        if was != now:
            moves[was, now] = moves.get((was, now), 0) + end - start
    return moves


def _renamed(before: str, after: str) -> bool:
    """Whether parts have other names and the same keys, so that no key is in two that are read together."""
    moves = _moves(before, after) or {}
    old, new = ({part for _, part in _shares(each)} for each in (before, after))
    return bool(moves) and all(was not in new and now not in old for was, now in moves)


def _moved(before: str, after: str) -> str:
    """How many keys are in another part than before, in words."""
    moves = _moves(before, after)
    if moves is None:
        return "all rows are parted anew"
    return in_words(moves)


def in_words(moves: Mapping[tuple[str, str], int]) -> str:
    """How many keys move, of ten thousand buckets."""
    shown = " and ".join(f"{count / 100:g} % of keys move from {a} to {b}" for (a, b), count in moves.items())
    return shown or "a row without a key is in another part"


def _days(held: Sequence[Manifest]) -> str:
    dates: list[dt.date] = sorted({each.date for each in held}, key=part_name)
    first, last = part_name(dates[0]), part_name(dates[-1])
    return first if first == last else f"{first} to {last}"


def _remake(dataset: str) -> str:
    return f"Make the older ones again: dqx datasets remake {dataset} --stale"
