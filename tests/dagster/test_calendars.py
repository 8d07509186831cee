"""Partitions of time as calendars: what is counted is what lies in the window that Dagster says, whatever the rows."""

import datetime as dt
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.calendars import DAYS, Days, Hours
from dqx_core.errors import DefinitionError
from dqx_dagster.calendars import PartitionWindows, calendar_of_partitions
from dqx_dagster.partitions import Partitioning

ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata")
SCHEDULES = (
    "0 0 * * *",
    "30 6 * * *",
    "0 * * * *",
    "15 */6 * * *",
    "0 0 * * 0",
    "0 0 1 * *",
    "0 0 1,15 * *",
    "0 0 * * 1-5",
    "0 0 */2 * *",
)
CHANGES = [  # a clock is put forward or back somewhere
    dt.datetime(2024, 3, 10, 12, tzinfo=dt.UTC),
    dt.datetime(2024, 3, 31, 12, tzinfo=dt.UTC),
    dt.datetime(2024, 10, 27, 12, tzinfo=dt.UTC),
    dt.datetime(2018, 11, 4, 12, tzinfo=dt.UTC),
    dt.datetime(2024, 4, 6, 12, tzinfo=dt.UTC),
]


def partitions(schedule, timezone="UTC", start="2017-01-01-00:00"):
    return dg.TimeWindowPartitionsDefinition(
        start=start, cron_schedule=schedule, timezone=timezone, fmt="%Y-%m-%d-%H:%M"
    )


def keys_around(definition, moment, count):
    """The partitions about a moment, as Dagster lists them."""
    around = dt.timedelta(days=3 if definition.get_cron_schedule().split()[1].startswith("*") else 100)
    window = dg.TimeWindow(moment - around, moment + around)
    listed = definition.get_partition_keys_in_time_window(window)
    at = next(i for i, k in enumerate(listed) if definition.time_window_for_partition_key(k).end > moment)
    return listed[max(0, at - count) : at + count]


def counted(source, keys, lag=0):
    @check(name="C", datasets=["t"])
    def c(mp, ctx):
        ctx.assert_that(mp.num_rows(lag=lag)).where(name="rows").noop()

    results = VerificationSuite([c], InMemoryMetricDB(), "S").run_many([source], keys)
    return {result.key: result.metric.value_or(0) for result in results}


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_what_is_counted_is_what_lies_in_the_window_that_dagster_says(data):
    timezone, schedule = data.draw(st.sampled_from(ZONES)), data.draw(st.sampled_from(SCHEDULES))
    moment, lag = data.draw(st.sampled_from(CHANGES)), data.draw(st.integers(0, 9))
    definition = partitions(schedule, timezone)
    keys = keys_around(definition, moment, 14)
    windows = [definition.time_window_for_partition_key(k) for k in keys]
    edges = [edge for window in windows for edge in (window.start, window.end)]
    rows = data.draw(
        st.lists(
            st.tuples(st.sampled_from(edges), st.sampled_from([-3_600_000_000, -1, 0, 1, 1_800_000_000])),
            min_size=20,
            max_size=80,
        )
    )
    at = pd.Series([edge.astimezone(dt.UTC) + dt.timedelta(microseconds=off) for edge, off in rows])
    partitioning = Partitioning(definition)
    asked = [partitioning.key(k, dt.date.min) for k in keys]
    expected = {
        key: int(((at >= windows[i - lag].start) & (at < windows[i - lag].end)).sum())
        for i, key in enumerate(asked)
        if i >= lag
    }
    moments = pa.array(at.dt.tz_convert("UTC"), pa.timestamp("us", "UTC"))
    source = DuckRelationDataSource.from_arrow(pa.table({"at": moments}), "t", date_column="at")
    assert counted(source, list(expected), lag) == expected
    # The same rows as readings of a clock that is never put forward or back.
    naive = pa.array(at.dt.tz_convert("UTC").dt.tz_localize(None), pa.timestamp("us"))
    source = DuckRelationDataSource.from_arrow(pa.table({"at": naive}), "t", date_column="at", timezone="UTC")
    assert counted(source, list(expected), lag) == expected


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_readings_of_a_zones_clocks_are_each_in_one_window(data):
    timezone, schedule = data.draw(st.sampled_from(ZONES)), data.draw(st.sampled_from(SCHEDULES[:5]))
    definition = partitions(schedule, timezone)
    keys = keys_around(definition, data.draw(st.sampled_from(CHANGES)), 14)
    windows = [definition.time_window_for_partition_key(k) for k in keys]
    first, last = windows[0].start.astimezone(dt.UTC), windows[-1].end.astimezone(dt.UTC)
    minutes = int((last - first).total_seconds() // 60) - 1
    offsets = data.draw(st.lists(st.integers(0, minutes), min_size=20, max_size=60))
    zone = ZoneInfo(timezone)
    # Readings that were shown once: of those of a repeated hour nobody can say which of the two it was.
    shown = [(first + dt.timedelta(minutes=n)).astimezone(zone).replace(tzinfo=None) for n in offsets]
    once = [r for r in shown if r.replace(tzinfo=zone).utcoffset() == r.replace(tzinfo=zone, fold=1).utcoffset()]
    partitioning = Partitioning(definition)
    asked = [partitioning.key(k, dt.date.min) for k in keys]
    moments = [r.replace(tzinfo=zone).astimezone(dt.UTC) for r in once]
    expected = {k: sum(w.start <= m < w.end for m in moments) for k, w in zip(asked, windows, strict=True)}
    rows = pa.table({"at": pa.array(once, pa.timestamp("us"))})
    source = DuckRelationDataSource.from_arrow(rows, "t", date_column="at", timezone=timezone)
    assert counted(source, asked) == expected
    everything = pa.table({"at": pa.array(shown, pa.timestamp("ns"))})
    source = DuckRelationDataSource.from_arrow(everything, "t", date_column="at", timezone=timezone)
    assert sum(counted(source, asked).values()) == len(shown)


@pytest.mark.parametrize(("schedule", "timezone"), [*zip(SCHEDULES, ZONES + ZONES, strict=False)])
def test_a_partition_is_a_key_and_a_key_a_partition(schedule, timezone):
    definition = partitions(schedule, timezone)
    partitioning = Partitioning(definition)
    for moment in CHANGES:
        keys = keys_around(definition, moment, 12)
        asked = [partitioning.key(k, dt.date.min) for k in keys]
        assert [partitioning.partition(key) for key in asked] == keys
        assert len(set(asked)) == len(asked)
        assert [key.lag(7) for key in asked[7:]] == asked[:-7]


def test_days_in_utc_are_those_of_everybody():
    assert calendar_of_partitions(dg.DailyPartitionsDefinition("2024-01-01", end_offset=1)) is DAYS
    key = Partitioning(dg.DailyPartitionsDefinition("2024-01-01")).key("2024-01-02", dt.date.min)
    assert key == ResultKey(dt.date(2024, 1, 2))


WEEKDAYS = dg.TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5")
HALVES = dg.TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", cron_schedule="0 0 1,15 * *")
HOURS_OF_AMSTERDAM = dg.HourlyPartitionsDefinition("2024-01-01-00:00", timezone="Europe/Amsterdam")


@pytest.mark.parametrize(
    ("definition", "partition", "before"),
    [
        (WEEKDAYS, "2024-01-08", "2024-01-05"),
        (HALVES, "2024-02-01", "2024-01-15"),
        (dg.MonthlyPartitionsDefinition("2024-01-01"), "2024-03-01", "2024-02-01"),
        (dg.WeeklyPartitionsDefinition("2024-01-01", day_offset=3), "2024-01-10", "2024-01-03"),
        (dg.MonthlyPartitionsDefinition("2024-01-01", day_offset=31), "2024-03-31", "2024-01-31"),
        (dg.DailyPartitionsDefinition("2024-01-01"), "2024-01-01", "2023-12-31"),
        (HOURS_OF_AMSTERDAM, "2024-03-31-03:00", "2024-03-31-01:00"),
    ],
)
def test_a_lag_is_the_partition_before(definition, partition, before):
    partitioning = Partitioning(definition)
    assert partitioning.partition(partitioning.key(partition, dt.date.min).lag(1)) == before


@pytest.mark.parametrize(
    ("definition", "back"),
    [
        (dg.HourlyPartitionsDefinition("2024-01-01-00:00"), (24, 168)),
        (dg.DailyPartitionsDefinition("2024-01-01", hour_offset=6), (1, 7)),
        (dg.WeeklyPartitionsDefinition("2024-01-01"), (None, 1)),
        (dg.MonthlyPartitionsDefinition("2024-01-01"), (None, None)),
        (WEEKDAYS, (None, None)),
    ],
)
def test_a_day_and_a_week_before_are_windows_where_there_are_such(definition, back):
    calendar = PartitionWindows(definition)
    found = [calendar.back(days) for days in (1, 7)]
    assert tuple(None if each is None else each.windows for each in found) == back


def test_an_hour_of_a_zone_is_compared_with_the_same_hour_of_the_day_before():
    partitioning = Partitioning(HOURS_OF_AMSTERDAM)
    noon = partitioning.key("2024-03-31-12:00", dt.date.min)  # clocks were put forward in the night
    back = partitioning.calendar.back(1)
    assert partitioning.partition(noon.back(back)) == "2024-03-30-12:00"


def test_two_dimensions_of_time_are_refused():
    both = dg.MultiPartitionsDefinition(
        {"day": dg.DailyPartitionsDefinition("2024-01-01"), "hour": dg.HourlyPartitionsDefinition("2024-01-01-00:00")}
    )
    with pytest.raises(DefinitionError, match="two dimensions of time, day and hour"):
        Partitioning.of(both)


def test_calendars_of_the_engine_have_the_windows_of_partitions():
    for timezone in set(ZONES) - {"Australia/Lord_Howe"}:  # half an hour is put forward there, and no hour with it
        hourly, daily = partitions("0 * * * *", timezone), partitions("0 0 * * *", timezone)
        for definition, calendar in ((hourly, Hours(timezone=timezone)), (daily, Days(timezone=timezone))):
            for moment in CHANGES:
                for key in keys_around(definition, moment, 12):
                    window = PartitionWindows(definition).of(key)
                    assert calendar.at(window.start) == window
