"""Partitions of splits that the definition of their day has no more: set aside when the day is made again, removed."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from dqx_core.datasets.stored import partition_path, stored_partitions
from dqx_core.errors import EngineError

SET_ASIDE = ".set-aside"
"""The folder, beside the days of a dataset, that no reader looks into."""


@dataclass(frozen=True)
class Orphan:
    """A partition of a split that the definition of its day does not have."""

    date: dt.date
    split: str
    bytes: int
    path: Path


def set_aside(root: str | Path, dataset: str, date: dt.date, parts: Collection[str]) -> tuple[str, ...]:
    """Move what a day has of other splits than these to where nobody reads it; which splits those were."""
    others = [split for day, split in stored_partitions(root, dataset, date) if day == date and split not in parts]
    for split in others:
        place = partition_path(root, dataset, date, split)
        aside = _aside(root, dataset) / place.relative_to(Path(root) / dataset)
        if aside.exists():
            shutil.rmtree(aside)
        aside.parent.mkdir(parents=True, exist_ok=True)
        place.rename(aside)
    return tuple(others)


def orphans(root: str | Path, dataset: str) -> list[Orphan]:
    """What was set aside of a dataset, in order."""
    found = []
    for path in _aside(root, dataset).glob("date=*/split=*"):
        match = re.fullmatch(r"date=(\d{4}-\d\d-\d\d)/split=(.+)", "/".join(path.parts[-2:]))
        if match:
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            found.append(Orphan(dt.date.fromisoformat(match[1]), match[2], size, path))
    return sorted(found, key=lambda each: (each.date, each.split))


def remove(root: str | Path, dataset: str) -> list[Orphan]:
    """Delete what was set aside of a dataset; what it was.

    Raises:
        EngineError: The file system does not let it go.
    """
    found = orphans(root, dataset)
    try:
        if found:
            shutil.rmtree(_aside(root, dataset))
    except OSError as error:
        raise EngineError("The file system", f"remove {_aside(root, dataset)}", error) from error
    return found


def _aside(root: str | Path, dataset: str) -> Path:
    return Path(root) / dataset / SET_ASIDE
