"""Versions of dataset definitions: every change of content is kept whole, with the SQL it rendered to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from returns.maybe import Maybe
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from dqx_core.store.codec import digest
from dqx_core.store.database import Database
from dqx_core.store.tables import DATASET, DATASET_VERSION
from dqx_core.store.writing import add_missing


@dataclass(frozen=True)
class DatasetVersion:
    """One content of a dataset definition."""

    dataset: str
    version: int
    """1, 2, 3, … without gaps."""
    definition_hash: str
    definition: Mapping[str, Any]
    sql: str
    change: str
    """What changed, for people."""
    created: dt.datetime
    analysis: Mapping[str, Any] | None = None
    """The last analysis of this content; None: never analysed."""


class DatasetVersions:
    """The versions in a metric store. Every method is one transaction and raises StoreError as the store does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, dataset: str, definition: Mapping[str, Any], *, definition_hash: str, sql: str, change: str
    ) -> DatasetVersion:
        """Make a new version, unless the newest one has this hash; the newest version then."""
        content = {
            "definition_hash": definition_hash,
            "definition": json.dumps(definition, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
            "sql": sql,
            "change": change,
        }

        def work(connection: Connection) -> DatasetVersion:
            now = dt.datetime.now(dt.UTC)
            key = digest(dataset)
            named = {"dataset_key": key, "dataset": dataset, "created": now}
            add_missing(connection, DATASET, [named], on="dataset_key")
            # Locked, so that two that record at once do not take one number.
            row = select(DATASET.c.dataset_id).where(DATASET.c.dataset_key == key)
            dataset_id = connection.scalar(row.with_for_update())
            held = _versions(connection, DATASET.c.dataset_key == key)
            if held and held[-1].definition_hash == definition_hash:
                return held[-1]
            number = held[-1].version + 1 if held else 1
            connection.execute(
                insert(DATASET_VERSION).values(dataset_id=dataset_id, version=number, created=now, **content)
            )
            return _versions(connection, DATASET.c.dataset_key == key)[-1]

        return self._database.write(work, f"record a version of dataset '{dataset}'")

    def versions(self, dataset: str) -> list[DatasetVersion]:
        """All versions of a dataset, oldest first."""
        where = DATASET.c.dataset_key == digest(dataset)
        return self._database.read(lambda c: _versions(c, where), f"read the versions of dataset '{dataset}'")

    def version(self, dataset: str, number: int) -> Maybe[DatasetVersion]:
        """One version of a dataset."""
        where = (DATASET.c.dataset_key == digest(dataset), DATASET_VERSION.c.version == number)
        found = self._database.read(lambda c: _versions(c, *where), f"read version {number} of dataset '{dataset}'")
        return Maybe.from_optional(next(iter(found), None))

    def keep_analysis(self, dataset: str, number: int, analysis: Mapping[str, Any] | None) -> bool:
        """Keep an analysis with its version, or with None clear it; whether there is such a version."""
        named = select(DATASET.c.dataset_id).where(DATASET.c.dataset_key == digest(dataset)).scalar_subquery()
        where = (DATASET_VERSION.c.dataset_id == named, DATASET_VERSION.c.version == number)
        value = None if analysis is None else dict(analysis)
        return self._database.write(
            lambda c: c.execute(update(DATASET_VERSION).where(*where).values(analysis=value)).rowcount > 0,
            f"keep the analysis of dataset '{dataset}'",
        )

    def forget(self, dataset: str) -> int:
        """Delete a dataset with all its versions; how many there were."""
        named = select(DATASET.c.dataset_id).where(DATASET.c.dataset_key == digest(dataset)).scalar_subquery()

        def work(connection: Connection) -> int:
            gone = connection.execute(delete(DATASET_VERSION).where(DATASET_VERSION.c.dataset_id == named)).rowcount
            connection.execute(delete(DATASET).where(DATASET.c.dataset_key == digest(dataset)))
            return gone

        return self._database.write(work, f"forget dataset '{dataset}'")


def _versions(connection: Connection, *predicates: ColumnElement[bool]) -> list[DatasetVersion]:
    rows = connection.execute(
        select(DATASET_VERSION, DATASET.c.dataset)
        .join(DATASET, DATASET.c.dataset_id == DATASET_VERSION.c.dataset_id)
        .where(*predicates)
        .order_by(DATASET_VERSION.c.version)
    )
    return [
        DatasetVersion(
            row.dataset,
            row.version,
            row.definition_hash,
            json.loads(row.definition),
            row.sql,
            row.change,
            row.created,
            row.analysis,
        )
        for row in rows
    ]
