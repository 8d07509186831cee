"""A partitions definition as a calendar: its windows are those that Dagster says."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from dqx_core.calendars import DAYS, Back, Calendar, Days, Hours, Weeks, Window
from dqx_core.zones import zone

Windowed = dg.TimeWindowPartitionsDefinition


@dataclass(frozen=True)
class PartitionWindows:
    """The windows of time partitions, before the first of them as well: a lag may reach there."""

    definition: Windowed

    @property
    def name(self) -> str:
        """Its schedule and zone."""
        schedule = self.definition.get_cron_schedule()
        return f"partitions '{schedule}' in {self.timezone}"

    @cached_property
    def timezone(self) -> str:
        """The zone of the partitions."""
        return zone(self.definition.timezone)

    @cached_property
    def _alike(self) -> Calendar | None:
        """The calendar with the same windows, of partitions that are hours, days or weeks; None for others."""
        if self.definition.exclusions:
            return None
        minute, hour, *of_month, of_week = self.definition.get_cron_schedule().split()
        if of_month != ["*", "*"] or not minute.isdigit():
            return None
        every = re.fullmatch(r"\*(?:/(\d+))?", hour)
        if every is not None and of_week == "*" and 24 % int(every[1] or 1) == 0 and int(every[1] or 1) < 24:
            return Hours(every=int(every[1] or 1), minute=int(minute), timezone=self.timezone)
        if not hour.isdigit():
            return None
        if of_week == "*":
            return Days(hour=int(hour), minute=int(minute), timezone=self.timezone)
        return (
            Weeks(hour=int(hour), minute=int(minute), timezone=self.timezone)
            if re.fullmatch(r"\d|\w{3}", of_week)
            else None
        )

    @property
    def unit(self) -> str:
        """What a lag is counted in."""
        return "windows" if self._alike is None else self._alike.unit

    def at(self, moment: dt.datetime) -> Window:
        """The window that holds a moment, or else, where windows are left out, the last one before it."""
        return self.of(self.definition.get_partition_key_for_timestamp(moment.timestamp()))

    def of(self, partition: str) -> Window:
        """The window of a partition."""
        found = self.definition.time_window_for_partition_key(partition)
        return Window(found.start, found.end)

    def partition(self, window: Window) -> str:
        """The partition of a window."""
        return self.definition.get_partition_key_for_timestamp(window.start.timestamp())

    def before(self, window: Window, n: int) -> Window:
        """The n-th window before."""
        for _ in range(n):
            earlier = self._known.get(window)
            if earlier is None:
                found = self.definition.get_prev_partition_window(window.start, respect_bounds=False)
                assert found is not None  # only bounds end them
                earlier = self._known[window] = Window(found.start, found.end)
            window = earlier
        return window

    @cached_property
    def _known(self) -> dict[Window, Window]:
        """The window before each that was asked for: Dagster walks along the schedule for every one."""
        return {}

    def back(self, days: int) -> Back | None:
        """As in the calendar with the same windows, if there is one."""
        return None if self._alike is None else self._alike.back(days)

    def days_before(self, window: Window, days: int) -> Window:
        """The window that holds the same time of day, so many days earlier."""
        assert self._alike is not None  # nobody else says that there is one
        return self.at(self._alike.days_before(window, days).start)

    def day_of(self, window: Window) -> dt.date:
        """The date of its start, on the partitions' clocks."""
        return window.start.astimezone(self.definition.start.tzinfo).date()

    def label(self, window: Window) -> str:
        """The partition, as Dagster writes it."""
        return self.partition(window)


def calendar_of_partitions(definition: Windowed) -> Calendar:
    """The calendar of time partitions; of days in UTC it is that of all who count by them."""
    found = PartitionWindows(definition)
    return DAYS if found._alike == DAYS else found
