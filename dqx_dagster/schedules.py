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

    Args:
        asset: A dataset's asset.
        also: Assets with the same partitions that belong to the same run, such as its metrics.
        hour: The hour, in the time zone of the dataset's partitions.
        minute: The minute.
        name: The schedule's name; by default the asset's, with `_daily`.
    """
    partitions_def = asset.partitions_def
    if not isinstance(partitions_def, dg.MultiPartitionsDefinition):
        raise DefinitionError(
            f"dataset_schedule takes an asset with date × split partitions; {asset.key} has {partitions_def}."
        )
    days = partitions_def.get_partitions_def_for_dimension(DATE)
    splits = partitions_def.get_partitions_def_for_dimension(SPLIT)
    assert isinstance(days, dg.TimeWindowPartitionsDefinition)
    label = name or f"{asset.key.to_python_identifier()}_daily"
    job = dg.define_asset_job(
        f"{label}_job",
        selection=dg.AssetSelection.assets(asset.key, *(other.key for other in also)),
    )

    @dg.schedule(
        name=label,
        job=job,
        cron_schedule=f"{minute} {hour} * * *",
        execution_timezone=days.timezone,
        description=f"The last closed day of {asset.key.to_user_string()}, all splits, in one run.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        closed_days = days.get_partition_keys(current_time=context.scheduled_execution_time)
        if not closed_days:
            return dg.SkipReason("No day has closed yet.")
        closed = closed_days[-1]
        parts = splits.get_partition_keys()
        first, last = (dg.MultiPartitionKey({DATE: closed, SPLIT: split}) for split in (parts[0], parts[-1]))
        return dg.RunRequest(
            run_key=closed,
            tags={"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)},
        )

    return daily
