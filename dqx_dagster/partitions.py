"""Partition keys ⇄ result keys: which day and tags a Dagster partition speaks of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from dqx_core.datasets.splits import Whole
from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition

DATE = "date"
SPLIT = "split"
ONLY_DATE = "dqx/date"
"""In the metadata of a dataset without a time column: the one date under which its partitions are kept."""


def partitions_of(definition: DatasetDefinition) -> dg.PartitionsDefinition[str] | None:
    """The partitions of a dataset: date × split; without a time column its splits, without a split its dates.

    None for a dataset that has neither.
    """
    partitions = definition.partitions
    dates = dg.DailyPartitionsDefinition(
        start_date=partitions.start.isoformat(),
        # Dagster's end is the first day that is no partition, ours the last that is.
        end_date=None if partitions.end is None else (partitions.end + dt.timedelta(days=1)).isoformat(),
        timezone=partitions.timezone,
    )
    splits = dg.StaticPartitionsDefinition(list(definition.split.part_names))
    match has_dates(definition), not isinstance(definition.split, Whole):
        case True, True:
            return dg.MultiPartitionsDefinition({DATE: dates, SPLIT: splits})
        case True, False:
            return dates
        case False, True:
            return splits
    return None


def has_dates(definition: DatasetDefinition) -> bool:
    """Whether a dataset has a partition for each date: without a time column all its rows are of one."""
    return definition.role("timestamp") is not None


@dataclass(frozen=True)
class Partitioning:
    """The partitions of an asset, and which days and tags they are."""

    definition: dg.PartitionsDefinition[str] | None
    date: dt.date | None = None
    """The day of partitions that have none of their own; None: the day of the run."""
    dimension: str = "partition"
    """The tag that a partition is, where it is neither a day nor made of dimensions with names."""

    @classmethod
    def of(
        cls, definition: dg.PartitionsDefinition[str] | None, metadata: Mapping[str, Any] | None = None
    ) -> Partitioning:
        """The partitioning of an asset, whose metadata say so if it is a dataset without dates."""
        date = getattr((metadata or {}).get(ONLY_DATE), "value", (metadata or {}).get(ONLY_DATE))
        return cls(definition) if date is None else cls(definition, dt.date.fromisoformat(date), SPLIT)

    @property
    def metadata(self) -> Mapping[str, str]:
        """What `of` reads: for other assets that have the same partitions."""
        return {} if self.date is None else {ONLY_DATE: self.date.isoformat()}

    def key(self, partition: str | None, today: dt.date) -> ResultKey:
        """The day and tags of a partition.

        The time-window dimension gives the day, every other dimension a tag of its name. Without partitions, or
        without a time dimension, the day is `today`, if it is not said to be another.

        Raises:
            DefinitionError: The time dimension is finer than a day, or the key is not one of the partitions'.
        """
        nominal = self.date or today
        if partition is None or self.definition is None:
            return ResultKey(nominal)
        if isinstance(self.definition, dg.MultiPartitionsDefinition):
            parts = self.definition.get_partition_key_from_str(partition).keys_by_dimension
            day, tags = nominal, {}
            for each in self.definition.partitions_defs:
                if isinstance(each.partitions_def, dg.TimeWindowPartitionsDefinition):
                    day = _day(parts[each.name], each.partitions_def)
                else:
                    tags[each.name] = parts[each.name]
            return ResultKey(day, tags)
        if isinstance(self.definition, dg.TimeWindowPartitionsDefinition):
            return ResultKey(_day(partition, self.definition))
        return ResultKey(nominal, {self.dimension: partition})

    def partition(self, key: ResultKey) -> str | None:
        """The partition that a day and tags belong to: the inverse of `key`."""
        if self.definition is None:
            return None
        if isinstance(self.definition, dg.MultiPartitionsDefinition):
            parts = {
                each.name: _window_key(key.yyyy_mm_dd, each.partitions_def)
                if isinstance(each.partitions_def, dg.TimeWindowPartitionsDefinition)
                else key.tags[each.name]
                for each in self.definition.partitions_defs
            }
            return str(dg.MultiPartitionKey(parts))
        if isinstance(self.definition, dg.TimeWindowPartitionsDefinition):
            return _window_key(key.yyyy_mm_dd, self.definition)
        return key.tags[self.dimension]


def days_and_splits(keys: Sequence[ResultKey], splits: Sequence[str]) -> list[tuple[dt.date, tuple[str, ...]]]:
    """Each day with those of the splits that are wanted of it, in date order; a key without a split wants them all."""
    wanted: dict[dt.date, set[str]] = {}
    for key in sorted(keys, key=lambda k: k.yyyy_mm_dd):
        wanted.setdefault(key.yyyy_mm_dd, set()).update([key.tags[SPLIT]] if SPLIT in key.tags else splits)
    return [(day, tuple(split for split in splits if split in some)) for day, some in wanted.items()]


def _day(key: str, partitions_def: dg.TimeWindowPartitionsDefinition) -> dt.date:
    window = partitions_def.time_window_for_partition_key(key)
    if window.end - window.start < dt.timedelta(hours=22):
        raise DefinitionError(
            f"Partition '{key}' is shorter than a day; dqx keeps one number a day. Use daily partitions."
        )
    return window.start.date()


def _window_key(day: dt.date, partitions_def: dg.TimeWindowPartitionsDefinition) -> str:
    return day.strftime(partitions_def.fmt)
