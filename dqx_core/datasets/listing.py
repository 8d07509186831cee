"""Datasets as a list, a page at a time, and one of them with all that is known of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dqx_core.errors import DefinitionError, hint

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import TableInfo
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.store import DatasetVersion

STATUSES = ("draft", "active")


@dataclass(frozen=True)
class Listed:
    """A dataset in a list."""

    name: str
    status: str
    description: str
    tables: tuple[str, ...]
    rows: int | None
    """Of its last analysis; before there is one, as many as the warehouse estimates its primary table has."""
    analyzed_at: dt.datetime | None
    """None: not since it was last changed."""


@dataclass(frozen=True)
class Page:
    """Some of the datasets that were asked for."""

    datasets: tuple[Listed, ...]
    total: int
    offset: int


@dataclass(frozen=True)
class Kept:
    """A partition as its storage knows it."""

    date: dt.date
    split: str
    rows: int
    definition_hash: str | None
    """Of the definition that made it; None: the storage does not know."""
    written_at: dt.datetime


@dataclass(frozen=True)
class StoredPartition:
    """A partition that was materialized."""

    date: dt.date
    split: str
    rows: int
    version: int | None
    """The version whose content it has; None: one that was never recorded."""
    written_at: dt.datetime


@dataclass(frozen=True)
class Details:
    """A definition, and what became of it."""

    definition: DatasetDefinition
    path: Path
    versions: tuple[DatasetVersion, ...]
    """Oldest first."""
    partitions: tuple[StoredPartition, ...]

    @property
    def version(self) -> int | None:
        """The version that the file holds; None: it was changed by hand, and nothing was done with it since."""
        newest = self.versions[-1] if self.versions else None
        return newest.version if newest and newest.definition_hash == self.definition.definition_hash else None


def stored(kept: Kept, versions: Sequence[DatasetVersion]) -> StoredPartition:
    """A partition with the version that made it: of those with its content, the last that was there when it was."""
    alike = [version for version in versions if version.definition_hash == kept.definition_hash]
    before = [version for version in alike if version.created <= kept.written_at]
    made_by = [*reversed(before), *alike][:1]
    version = made_by[0].version if made_by else None
    return StoredPartition(kept.date, kept.split, kept.rows, version, kept.written_at)


def listed(
    definitions: Mapping[str, DatasetDefinition],
    versions: Callable[[str], Sequence[DatasetVersion]],
    tables: Callable[[], Sequence[TableInfo]],
    *,
    search: str | None = None,
    status: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """The definitions whose name or description holds a text, in any case, and that have a status.

    Raises:
        DefinitionError: There is no such status, or no such page.
    """
    if status is not None and status not in STATUSES:
        raise DefinitionError(f"There is no status '{status}'. {hint(status, STATUSES)}")
    if limit < 1 or offset < 0:
        raise DefinitionError(
            f"There is no page of {limit} datasets after the first {offset}. Count from 0, take 1 or more."
        )
    text = (search or "").casefold()
    found = [
        definition
        for definition in definitions.values()
        if text in f"{definition.name}\n{definition.description}".casefold() and status in (None, definition.status)
    ]
    shown = found[offset : offset + limit]
    estimates = {info.name: info.rows for info in tables()} if shown else {}
    return Page(tuple(_listed(each, versions(each.name), estimates) for each in shown), len(found), offset)


def _listed(
    definition: DatasetDefinition, versions: Sequence[DatasetVersion], estimates: Mapping[str, int | None]
) -> Listed:
    newest = versions[-1] if versions else None
    current = newest is not None and newest.definition_hash == definition.definition_hash
    analysis = newest.analysis if newest is not None and current else None
    return Listed(
        name=definition.name,
        status=definition.status,
        description=definition.description,
        tables=definition.source.tables,
        rows=analysis["facts"]["rows"] if analysis else estimates.get(definition.source.table),
        analyzed_at=dt.datetime.fromisoformat(analysis["analyzed_at"]) if analysis else None,
    )
