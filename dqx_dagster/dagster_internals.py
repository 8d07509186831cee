"""Where dqx touches what Dagster does not export or calls a preview; tests/dagster pins each behaviour."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as TargetMaterialization,
)

__all__ = ["TargetMaterialization", "known_previews", "latest_materialization"]


@contextmanager
def known_previews() -> Iterator[None]:
    """No warnings for the preview and beta features that dqx uses on purpose and its tests pin.

    Partitioned checks are a preview, backfill policies and multi-partition mappings a beta.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


def latest_materialization(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, partition: str | None
) -> TargetMaterialization | None:
    """What a check result says it judged: the newest materialization of the partition; None if there is none."""
    wanted = dg.AssetRecordsFilter(asset_key=asset_key, asset_partitions=None if partition is None else [partition])
    records = instance.fetch_materializations(wanted, limit=1).records
    if not records:
        return None
    newest = records[0]
    return TargetMaterialization(
        storage_id=newest.storage_id, run_id=newest.event_log_entry.run_id, timestamp=newest.timestamp
    )
