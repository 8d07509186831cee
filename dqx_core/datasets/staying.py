"""What an edit of a definition leaves behind: partitions that stay as they are, beside what is made from now on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dqx_core.datasets.listing import stored
from dqx_core.datasets.mixing import in_words, moves_between
from dqx_core.datasets.splits import Group, Split
from dqx_core.datasets.windows import part_name

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.storage import Storage
    from dqx_core.store import DatasetVersion


def staying(
    before: DatasetDefinition, after: DatasetDefinition, storage: Storage, versions: Sequence[DatasetVersion]
) -> str | None:
    """Which partitions of which versions stay as they are after an edit, and how many keys move; None: none does."""
    if before.definition_hash == after.definition_hash:
        return None
    kept = [stored(each, versions) for each in storage.partitions(after.name) if each.definition_hash
            != after.definition_hash]  # fmt: skip
    if not kept:
        return None
    counts = Counter(each.version for each in kept)
    told = " and ".join(
        f"{count:,} partition{'' if count == 1 else 's'} of {_version(version)}" for version, count in counts.items()
    )
    dates = [part_name(each.date) for each in kept]
    days = dates[0] if min(dates) == max(dates) else f"{min(dates)} to {max(dates)}"
    stays = "stays as it is" if len(kept) == 1 else "stay as they are"
    moved = moved_by(before, after)
    together = f", and {moved}: read with later ones, a key may be in train and in eval" if moved else ""
    return f"{told} ({days}) {stays}{together}. Make them again: dqx datasets remake {after.name} --stale"


def moved_by(before: DatasetDefinition, after: DatasetDefinition) -> str | None:
    """How many keys an edit moves from one part to another, in words; None: the split is what it was."""
    old, new = before.split, after.split
    if _rule(before, old) == _rule(after, new):
        return None
    if not (isinstance(old, Group) and isinstance(new, Group)) or _hash(before, old) != _hash(after, new):
        return "all rows are parted anew"
    return in_words(moves_between(_up_to(old), _up_to(new)))


def _rule(definition: DatasetDefinition, split: Split) -> object:
    return (split, split.salt_of(definition.salted_by)) if isinstance(split, Group) else split


def _hash(definition: DatasetDefinition, split: Group) -> object:
    return split.key, split.salt_of(definition.salted_by)


def _up_to(split: Group) -> list[tuple[int, str]]:
    """Up to which bucket each part goes."""
    found, reached = [], 0
    for part, percent in split.parts.items():
        reached += int(percent * 100)
        found.append((reached, part))
    return found


def _version(number: int | None) -> str:
    return "an unknown version" if number is None else f"version {number}"
