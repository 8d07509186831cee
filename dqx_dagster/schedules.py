"""Schedules: the last closed day, hour, week or month, all splits, in one run."""

from collections.abc import Sequence

import dagster as dg

from dqx_core.errors import DefinitionError
from dqx_dagster.partitions import DATE, SPLIT


def dataset_schedule(
    asset: dg.AssetsDefinition,
    *,
    also: Sequence[dg.AssetsDefinition] = (),
    hour: int | None = None,
    minute: int = 0,
    name: str | None = None,
) -> dg.ScheduleDefinition:
    """Every day at that hour: materialize the last closed day of a dataset, with all its splits and checks, in one run.

    Of hourly partitions it is every hour, at `minute`; of weekly and monthly ones the day on which they begin. A
    dataset without dates is materialized whole.

    Args:
        asset: A dataset's asset.
        also: Assets with the same partitions that belong to the same run, such as its metrics.
        hour: The hour, in the time zone of the dataset's partitions; 6 if it is left out.
        minute: The minute.
        name: The schedule's name; by default the asset's, with `_daily`, `_hourly`, `_weekly` or `_monthly`.

    Raises:
        DefinitionError: The asset is not that of a dataset, or there is an hour at which hours are to be made.
    """
    partitions_def = asset.partitions_def
    days, parts = _dimensions(asset)
    cadence, one, cron = _rhythm(days, minute, hour)
    label = name or f"{asset.key.to_python_identifier()}_{cadence}"
    job = dg.define_asset_job(
        f"{label}_job",
        selection=dg.AssetSelection.assets(asset.key, *(other.key for other in also)),
    )
    key = asset.key.to_user_string()

    @dg.schedule(
        name=label,
        job=job,
        cron_schedule=cron,
        execution_timezone=days.timezone if days else "UTC",
        description=f"{f'The last closed {one} of {key}' if days else key}"
        f"{', all splits,' if parts else ''} in one run.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        closed_days = days.get_partition_keys(current_time=context.scheduled_execution_time) if days else [""]
        if not closed_days:
            return dg.SkipReason(f"No {one} has closed yet.")
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


def _rhythm(days: dg.TimeWindowPartitionsDefinition | None, minute: int, hour: int | None) -> tuple[str, str, str]:
    """How often partitions are made, what one is called, and the schedule on which the last one has closed.

    Raises:
        DefinitionError: An hour is named, and there is one for each hour.
    """
    of_minute, of_hour, of_month, _, of_week = (days.get_cron_schedule() if days else "0 0 * * *").split()
    if of_hour == "*":
        if hour is not None:
            raise DefinitionError(
                f"hour={hour} is one hour of a day, and partitions are hourly: each is made when it is over. "
                "Leave hour out; minute says how long after."
            )
        # As the partitions begin, so that a row that comes late has as long as was asked for.
        return "hourly", "hour", f"{(int(of_minute) + minute) % 60} * * * *"
    at = f"{minute} {6 if hour is None else hour}"
    if of_week != "*":
        return "weekly", "week", f"{at} * * {of_week}"
    if of_month != "*":
        return "monthly", "month", f"{at} {of_month} * *"
    return "daily", "day", f"{at} * * *"


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
