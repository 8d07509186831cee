"""What a partition held before it was made again, and what is different now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dqx_core.datasets.stored import DATA, Manifest, content_fingerprint, manifest, partition_path, read_file
from dqx_core.errors import DefinitionError, EngineError

if TYPE_CHECKING:
    from dqx_core.engines.duckdb import DuckDB

NEW = "new"
"""What is said of a partition that was not there."""


@dataclass(frozen=True)
class Before:
    """What is known of a partition that is about to be replaced."""

    rows: int
    fingerprint: str | None
    """By the hash that the new one is of; None: its rows cannot be read."""
    definition_hash: str
    data_version: str

    @classmethod
    def of(cls, said: Manifest) -> Self:
        """What a manifest says, whose fingerprint is by the hash that is used now."""
        return cls(said.rows, said.fingerprint, said.definition_hash, said.data_version)

    def version(self, definition_hash: str, fingerprint: str) -> str | None:
        """Its data version, if what is there now is the same content of the same definition."""
        same = (self.definition_hash, self.fingerprint) == (definition_hash, fingerprint)
        return self.data_version if same else None


def before(engine: DuckDB, root: Path, dataset: str, date: dt.date, split: str, *, hashed_by: str) -> Before | None:
    """What a stored partition holds; None: it is not there, or is damaged.

    Where another version of the engine took its fingerprint, the fingerprint is taken again: an engine that
    hashes otherwise does not make old content new.
    """
    try:
        said = manifest(root, dataset, date, split)
    except DefinitionError:
        return None  # damaged, and replaced now
    if said is None:
        return None
    known: str | None = said.fingerprint
    if said.fingerprint_by != hashed_by:
        try:
            _, known, _ = content_fingerprint(engine, read_file(partition_path(root, dataset, date, split) / DATA))
        except EngineError:
            known = None  # its file is gone or damaged
    return Before(said.rows, known, said.definition_hash, said.data_version)


def difference(old: Before | None, rows: int, fingerprint: str) -> str:
    """What is different, in words: new, the same, or changed and by how many rows."""
    if old is None:
        return NEW
    if old.fingerprint == fingerprint:
        return "the same"
    more = rows - old.rows
    if not more:
        return "changed: as many rows"
    return f"changed: {abs(more):,} {'row' if abs(more) == 1 else 'rows'} {'more' if more > 0 else 'fewer'}"
