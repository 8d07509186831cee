"""Partition keys ⇄ result keys: which window and tags a Dagster partition speaks of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import dagster as dg

from dqx_core.calendars import DAYS, Calendar, Window
from dqx_core.datasets.splits import Whole
from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey
from dqx_core.zones import instants
from dqx_dagster.calendars import PartitionWindows, Windowed, calendar_of_partitions

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
    dates = _dates(definition)
    splits = dg.StaticPartitionsDefinition(list(definition.split.part_names))
    match has_dates(definition), not isinstance(definition.split, Whole):
        case True, True:
            return dg.MultiPartitionsDefinition({DATE: dates, SPLIT: splits})
        case True, False:
            return dates
        case False, True:
            return splits
    return None


def _dates(definition: DatasetDefinition) -> dg.TimeWindowPartitionsDefinition:
    partitions = definition.partitions
    start, timezone = partitions.start.isoformat(), partitions.timezone
    # Dagster's end is the first day that is not a partition, ours the last that is.
    end = None if partitions.end is None else (partitions.end + dt.timedelta(days=1)).isoformat()
    match partitions.cadence:
        case "hourly":
            until = None if end is None else f"{end}-00:00"
            return dg.HourlyPartitionsDefinition(start_date=f"{start}-00:00", end_date=until, timezone=timezone)
        case "weekly":
            weekday = partitions.start.isoweekday() % 7  # Dagster's weeks begin on Sunday, the day 0
            return dg.WeeklyPartitionsDefinition(start, end_date=end, timezone=timezone, day_offset=weekday)
        case "monthly":
            day = partitions.start.day
            return dg.MonthlyPartitionsDefinition(start, end_date=end, timezone=timezone, day_offset=day)
    return dg.DailyPartitionsDefinition(start_date=start, end_date=end, timezone=timezone)


def stored_date(key: ResultKey) -> dt.date:
    """The date under which the partition of a dataset is stored: the day on which it begins, of an hour its moment."""
    return key.interval.start if key.calendar.unit == "h" else key.yyyy_mm_dd


def has_dates(definition: DatasetDefinition) -> bool:
    """Whether a dataset has a partition for each date: without a time column all its rows are of one."""
    return definition.role("timestamp") is not None


@dataclass(frozen=True)
class Partitioning:
    """The partitions of an asset, and which windows and tags they are."""

    definition: dg.PartitionsDefinition[str] | None
    date: dt.date | None = None
    """The day of partitions that have none of their own; None: the day of the run."""
    dimension: str = "partition"
    """The tag that a partition is, where it is neither a window of time nor made of dimensions with names."""

    @classmethod
    def of(
        cls, definition: dg.PartitionsDefinition[str] | None, metadata: Mapping[str, Any] | None = None
    ) -> Partitioning:
        """The partitioning of an asset, whose metadata say so if it is a dataset without dates.

        Raises:
            DefinitionError: Its partitions have two dimensions of time, so that none is the one rows are in.
        """
        date = getattr((metadata or {}).get(ONLY_DATE), "value", (metadata or {}).get(ONLY_DATE))
        if isinstance(definition, dg.MultiPartitionsDefinition):
            of_time = [each.name for each in definition.partitions_defs if isinstance(each.partitions_def, Windowed)]
            if len(of_time) > 1:
                raise DefinitionError(
                    f"Partitions have two dimensions of time, {' and '.join(of_time)}: a row is in one window only. "
                    "Use one of them, with partitions as fine as both together."
                )
        return cls(definition) if date is None else cls(definition, dt.date.fromisoformat(date), SPLIT)

    @property
    def metadata(self) -> Mapping[str, str]:
        """What `of` reads: for other assets that have the same partitions."""
        return {} if self.date is None else {ONLY_DATE: self.date.isoformat()}

    @cached_property
    def of_time(self) -> dg.TimeWindowPartitionsDefinition | None:
        """The partitions that are windows of time, alone or as a dimension."""
        definitions = (
            [each.partitions_def for each in self.definition.partitions_defs]
            if isinstance(self.definition, dg.MultiPartitionsDefinition)
            else [self.definition]
        )
        return next((each for each in definitions if isinstance(each, Windowed)), None)

    @cached_property
    def calendar(self) -> Calendar:
        """The calendar that the partitions are; days where they are not windows of time."""
        return DAYS if self.of_time is None else calendar_of_partitions(self.of_time)

    @property
    def timezone(self) -> str | None:
        """Where clocks are by which partitions begin; None where they are not windows of time."""
        return None if self.of_time is None else self.of_time.timezone

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The tags that a partition is made of, beside its window."""
        if isinstance(self.definition, dg.MultiPartitionsDefinition):
            listed = self.definition.partitions_defs
            return tuple(each.name for each in listed if not isinstance(each.partitions_def, Windowed))
        return () if self.definition is None or self.of_time is not None else (self.dimension,)

    @property
    def timeless(self) -> bool:
        """Whether the partitions say no time, nor anything else: what is judged has the day of the run."""
        return self.date is None and self.of_time is None

    def key(self, partition: str | None, today: dt.date) -> ResultKey:
        """The window and tags of a partition.

        The dimension of time gives the window, every other dimension a tag of its name. Without partitions, or
        without a dimension of time, it is the day `today`, if it is not said to be another.
        """
        nominal = self.date or today
        if partition is None or self.definition is None:
            return ResultKey(nominal)
        if isinstance(self.definition, dg.MultiPartitionsDefinition):
            parts = self.definition.get_partition_key_from_str(partition).keys_by_dimension
            tags = {name: parts[name] for name in self.dimensions}
            times = [part for name, part in parts.items() if name not in tags]
            return self._of_window(times[0], tags) if times else ResultKey(nominal, tags)
        if self.of_time is not None:
            return self._of_window(partition, {})
        return ResultKey(nominal, {self.dimension: partition})

    def _of_window(self, partition: str, tags: Mapping[str, str]) -> ResultKey:
        assert self.of_time is not None
        found = self.of_time.time_window_for_partition_key(partition)
        return ResultKey.of(Window(found.start, found.end), tags, self.calendar)

    def partition(self, key: ResultKey) -> str | None:
        """The partition that a window and tags belong to: the inverse of `key`."""
        if self.definition is None:
            return None
        if isinstance(self.definition, dg.MultiPartitionsDefinition):
            parts = {
                each.name: key.tags[each.name] if each.name in self.dimensions else self._window_key(key)
                for each in self.definition.partitions_defs
            }
            return str(dg.MultiPartitionKey(parts))
        return self._window_key(key) if self.of_time is not None else key.tags[self.dimension]

    def _window_key(self, key: ResultKey) -> str:
        assert self.of_time is not None
        calendar = self.calendar
        if not isinstance(calendar, PartitionWindows):
            return key.yyyy_mm_dd.strftime(self.of_time.fmt)
        if key.window is None and key.calendar is DAYS:  # a date alone: that on which a window begins
            last = instants(dt.datetime.combine(key.yyyy_mm_dd, dt.time(23, 59, 59)), calendar.timezone)[-1]
            return calendar.partition(calendar.at(last))
        return calendar.partition(key.interval)


def days_and_splits(keys: Sequence[ResultKey], splits: Sequence[str]) -> list[tuple[dt.date, tuple[str, ...]]]:
    """Each date with those of the splits that are wanted of it, in order; a key without a split wants them all."""
    wanted: dict[dt.date, set[str]] = {}
    for key in sorted(keys, key=lambda k: k.interval):
        wanted.setdefault(stored_date(key), set()).update([key.tags[SPLIT]] if SPLIT in key.tags else splits)
    return [(day, tuple(split for split in splits if split in some)) for day, some in wanted.items()]
