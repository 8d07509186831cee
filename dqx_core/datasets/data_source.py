"""A materialized dataset as what a suite measures: dates from its folders, splits as a dimension."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path

from dqx_core.datasets.stored import manifest, read_partitions, stored_partitions
from dqx_core.engines.duckdb import DuckDB
from dqx_core.engines.duckdb_source import DuckRelationDataSource


def dataset_source(engine: DuckDB, root: str | Path, dataset: str) -> DuckRelationDataSource:
    """The stored partitions of a dataset, by date and split; their manifests say their data versions.

    Raises:
        DefinitionError: No partition of it is stored.
    """
    splits_of: dict[dt.date, list[str]] = {}
    for date, split in stored_partitions(root, dataset):
        splits_of.setdefault(date, []).append(split)

    def version(date: dt.date, tags: Mapping[str, str]) -> str | None:
        splits = [tags["split"]] if "split" in tags else splits_of.get(date, [])
        found = [manifest(root, dataset, date, split) for split in splits]
        versions = [each.data_version for each in found if each is not None]
        if not versions or len(versions) < len(splits):
            return None
        return versions[0] if len(versions) == 1 else hashlib.sha256("|".join(versions).encode()).hexdigest()[:32]

    def is_there(date: dt.date, tags: Mapping[str, str]) -> bool:
        splits = splits_of.get(date, [])
        return tags["split"] in splits if "split" in tags else bool(splits)

    return DuckRelationDataSource(
        engine,
        read_partitions(root, dataset),
        dataset,
        date_column="date",
        dimensions={"split": "split"},
        data_version=version,
        is_there=is_there,
    )
