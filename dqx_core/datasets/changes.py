"""What changed between two contents of a definition, place by place, in words and in its SQL."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import Location
from dqx_core.datasets.problems import spelled
from dqx_core.datasets.writing import in_one_line
from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    from dqx_core.store.versions import DatasetVersion

_SILENT = frozenset({"description", "status"})
"""What a definition says about itself, which is not its content."""


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()
"""A value that is not there, which null is not."""


@dataclass(frozen=True)
class Change:
    """One place that differs; `before` None: it was added, `after` None: it was removed."""

    place: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.place} added: {self.after}"
        if self.after is None:
            return f"{self.place} removed: {self.before}"
        return f"{self.place}: {self.before} → {self.after}"


@dataclass(frozen=True)
class VersionDiff:
    """Two versions of a definition, side by side."""

    dataset: str
    before: int
    after: int
    changes: tuple[Change, ...]
    sql: str
    """A unified diff of the SQL; empty if it did not change."""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every place that differs between two definitions in their JSON form, description and status aside."""
    old, new = ({key: value for key, value in each.items() if key not in _SILENT} for each in (before, after))
    return tuple(_differences((), old, new))


def in_words(found: Sequence[Change], *, most: int = 5) -> str:
    """Changes in one line."""
    shown = "; ".join(str(change) for change in found[:most])
    return shown + (f"; and {len(found) - most} more" if len(found) > most else "")


def diff(before: DatasetVersion, after: DatasetVersion) -> VersionDiff:
    """What changed from one version to another."""
    lines = difflib.unified_diff(
        before.sql.splitlines(),
        after.sql.splitlines(),
        f"version {before.version}",
        f"version {after.version}",
        lineterm="",
    )
    return VersionDiff(
        after.dataset,
        before.version,
        after.version,
        differences(before.definition, after.definition),
        "\n".join(lines),
    )


def version_of(versions: Sequence[DatasetVersion], dataset: str, number: int) -> DatasetVersion:
    """The version with a number.

    Raises:
        DefinitionError: There is none.
    """
    found = next((version for version in versions if version.version == number), None)
    if found is None:
        there = f"There are versions 1 to {len(versions)}." if versions else "It has none yet."
        raise DefinitionError(f"Dataset '{dataset}' has no version {number}. {there}")
    return found


def _differences(place: Location, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences((*place, key), before.get(key, NOTHING), after.get(key, NOTHING))
    elif _same(before, after) or ((before is NOTHING or after is NOTHING) and (before is None or after is None)):
        return  # null is a default that nobody wrote
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(place, before, after)
    else:
        yield Change(spelled(place), _text(before), _text(after))


def _same(before: Any, after: Any) -> bool:
    """Whether two values are one; true is not 1."""
    return before == after and json.dumps(before, sort_keys=True, default=str) == json.dumps(
        after, sort_keys=True, default=str
    )


def _of_lists(place: Location, before: list[Any], after: list[Any]) -> Iterator[Change]:
    """Entries are matched by what they are of, so that one that is inserted does not change all that follow."""
    matcher = difflib.SequenceMatcher(a=[_of(x) for x in before], b=[_of(x) for x in after], autojunk=False)
    for what, first, last, start, end in matcher.get_opcodes():
        if what == "equal":
            for old, new in zip(range(first, last), range(start, end), strict=True):
                yield from _differences((*place, new), before[old], after[new])
            continue
        for old in range(first, last):
            yield Change(spelled((*place, old)), _text(before[old]), None)
        for new in range(start, end):
            yield Change(spelled((*place, new)), None, _text(after[new]))


def _of(entry: Any) -> str:
    """What a filter, a column or a join is of; a word is itself."""
    keys = ("kind", "table", "column")
    return json.dumps([entry.get(key) for key in keys] if isinstance(entry, Mapping) else entry)


def _text(value: Any) -> str | None:
    if value is NOTHING:
        return None
    if isinstance(value, Mapping):  # nulls are defaults that nobody wrote
        first = ("kind", "strategy", "table", "column")
        keys = sorted(value, key=lambda key: first.index(key) if key in first else len(first))
        return in_one_line({key: value[key] for key in keys if value[key] is not None})
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
