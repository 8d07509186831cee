"""Partition keys ⇄ result keys: which day and tags a Dagster partition speaks of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition

DATE = "date"
SPLIT = "split"


def partitions_of(definition: DatasetDefinition) -> dg.PartitionsDefinition[str]:
    """Date × split: the partitions of a dataset."""
    partitions = definition.partitions
    dates = dg.DailyPartitionsDefinition(
        start_date=partitions.start.isoformat(),
        # Dagster's end is the first day that is no partition, ours the last that is.
        end_date=None if partitions.end is None else (partitions.end + dt.timedelta(days=1)).isoformat(),
        timezone=partitions.timezone,
    )
    return dg.MultiPartitionsDefinition(
        {DATE: dates, SPLIT: dg.StaticPartitionsDefinition(list(definition.split.part_names))}
    )


def result_key(
    partition_key: str | None, partitions_def: dg.PartitionsDefinition[str] | None, nominal: dt.date
) -> ResultKey:
    """The day and tags of a partition.

    The time-window dimension gives the day, every other dimension a tag of its name. Without partitions, or
    without a time dimension, the day is `nominal`.

    Raises:
        DefinitionError: The time dimension is finer than a day, or the key is not one of the partitions'.
    """
    if partition_key is None or partitions_def is None:
        return ResultKey(nominal)
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        parts = partitions_def.get_partition_key_from_str(str(partition_key)).keys_by_dimension
        day, tags = nominal, {}
        for dimension in partitions_def.partitions_defs:
            if isinstance(dimension.partitions_def, dg.TimeWindowPartitionsDefinition):
                day = _day(parts[dimension.name], dimension.partitions_def)
            else:
                tags[dimension.name] = parts[dimension.name]
        return ResultKey(day, tags)
    if isinstance(partitions_def, dg.TimeWindowPartitionsDefinition):
        return ResultKey(_day(str(partition_key), partitions_def))
    return ResultKey(nominal, {"partition": str(partition_key)})


def partition_key(key: ResultKey, partitions_def: dg.PartitionsDefinition[str] | None) -> str | None:
    """The partition that a day and tags belong to: the inverse of `result_key`."""
    if partitions_def is None:
        return None
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        parts = {
            dimension.name: _window_key(key.yyyy_mm_dd, dimension.partitions_def)
            if isinstance(dimension.partitions_def, dg.TimeWindowPartitionsDefinition)
            else key.tags[dimension.name]
            for dimension in partitions_def.partitions_defs
        }
        return str(dg.MultiPartitionKey(parts))
    if isinstance(partitions_def, dg.TimeWindowPartitionsDefinition):
        return _window_key(key.yyyy_mm_dd, partitions_def)
    return key.tags["partition"]


def days_and_splits(keys: Sequence[ResultKey]) -> list[tuple[dt.date, tuple[str, ...]]]:
    """Each day with the splits that are wanted of it, in date order."""
    wanted: dict[dt.date, list[str]] = {}
    for key in sorted(keys, key=lambda k: k.yyyy_mm_dd):
        wanted.setdefault(key.yyyy_mm_dd, []).append(key.tags[SPLIT])
    return [(day, tuple(dict.fromkeys(splits))) for day, splits in wanted.items()]


def _day(key: str, partitions_def: dg.TimeWindowPartitionsDefinition) -> dt.date:
    window = partitions_def.time_window_for_partition_key(key)
    if window.end - window.start < dt.timedelta(hours=22):
        raise DefinitionError(
            f"Partition '{key}' is shorter than a day; dqx keeps one number a day. Use daily partitions."
        )
    return window.start.date()


def _window_key(day: dt.date, partitions_def: dg.TimeWindowPartitionsDefinition) -> str:
    return day.strftime(partitions_def.fmt)
