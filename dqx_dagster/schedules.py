"""Schedules: the last closed day, all splits, in one run."""

from collections.abc import Sequence

import dagster as dg

from dqx_core.errors import DefinitionError
from dqx_dagster.partitions import DATE, SPLIT


def dataset_schedule(
    asset: dg.AssetsDefinition,
    *,
    also: Sequence[dg.AssetsDefinition] = (),
    hour: int = 6,
    minute: int = 0,
    name: str | None = None,
) -> dg.ScheduleDefinition:
    """Every day at that hour: materialize the last closed day of a dataset, with all its splits and checks, in one run.

    A dataset without dates is materialized whole.

    Args:
        asset: A dataset's asset.
        also: Assets with the same partitions that belong to the same run, such as its metrics.
        hour: The hour, in the time zone of the dataset's partitions.
        minute: The minute.
        name: The schedule's name; by default the asset's, with `_daily`.
    """
    partitions_def = asset.partitions_def
    days, parts = _dimensions(asset)
    label = name or f"{asset.key.to_python_identifier()}_daily"
    job = dg.define_asset_job(
        f"{label}_job",
        selection=dg.AssetSelection.assets(asset.key, *(other.key for other in also)),
    )
    key = asset.key.to_user_string()

    @dg.schedule(
        name=label,
        job=job,
        cron_schedule=f"{minute} {hour} * * *",
        execution_timezone=days.timezone if days else "UTC",
        description=f"{f'The last closed day of {key}' if days else key}{', all splits,' if parts else ''} in one run.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        closed_days = days.get_partition_keys(current_time=context.scheduled_execution_time) if days else [""]
        if not closed_days:
            return dg.SkipReason("No day has closed yet.")
        closed = closed_days[-1]
        run_key = closed or f"{context.scheduled_execution_time:%Y-%m-%d}"
        if partitions_def is None:
            return dg.RunRequest(run_key=run_key)
        if not parts:
            return dg.RunRequest(run_key=run_key, partition_key=closed)
        first, last = (
            str(dg.MultiPartitionKey({DATE: closed, SPLIT: part})) if days else part for part in (parts[0], parts[-1])
        )
        return dg.RunRequest(
            run_key=run_key,
            tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
        )

    return daily


def _dimensions(asset: dg.AssetsDefinition) -> tuple[dg.TimeWindowPartitionsDefinition | None, Sequence[str]]:
    """The days of a dataset, if it has any, and its splits."""
    partitions_def = asset.partitions_def
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        by_name = {each.name: each.partitions_def for each in partitions_def.partitions_defs}
        days, splits = by_name.get(DATE), by_name.get(SPLIT)
        if isinstance(days, dg.TimeWindowPartitionsDefinition) and splits is not None:
            return days, splits.get_partition_keys()
    elif isinstance(partitions_def, dg.TimeWindowPartitionsDefinition):
        return partitions_def, ()
    elif partitions_def is None or isinstance(partitions_def, dg.StaticPartitionsDefinition):
        return None, partitions_def.get_partition_keys() if partitions_def else ()
    raise DefinitionError(
        f"dataset_schedule takes the asset of a dataset, whose partitions are dates, splits or both; those of "
        f"{asset.key.to_user_string()} are {partitions_def}."
    )
