"""The days of a partition follow from its date, the definition and its time zone, and from nothing else."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core.datasets import Interval, window
from dqx_core.datasets.windows import merged, midnight
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import daily, ranking

D = dt.date.fromisoformat


def spelled(definition, date):
    found = window(definition, D(date))
    return {"whole": str(found.whole)} | {part: str(days) for part, days in found.parts.items()}


def test_a_snapshot_is_the_rolling_window_that_ends_with_its_day():
    assert spelled(ranking(), "2024-03-01") == {
        "whole": "[2024-02-23, 2024-03-02)",
        "train": "[2024-02-23, 2024-02-28)",
        "eval": "[2024-02-29, 2024-03-02)",
    }


def test_a_test_part_is_the_last_window():
    split = {"strategy": "temporal", "eval_days": 2, "gap_days": 1, "test_days": 1}
    assert spelled(ranking(split=split), "2024-01-10") == {
        "whole": "[2024-01-03, 2024-01-11)",
        "train": "[2024-01-03, 2024-01-07)",
        "eval": "[2024-01-08, 2024-01-10)",
        "test": "[2024-01-10, 2024-01-11)",
    }


def test_an_increment_is_its_day_for_every_part():
    day = "[2024-01-10, 2024-01-11)"
    assert spelled(daily(), "2024-01-10") == {"whole": day, "train": day, "eval": day}


def test_rolling_months_are_calendar_months():
    filters = [{"kind": "date_range", "rolling_months": 1}]
    assert spelled(daily(filters=filters), "2024-03-30")["whole"] == "[2024-02-29, 2024-03-31)"
    assert spelled(daily(filters=filters), "2024-01-14")["whole"] == "[2023-12-15, 2024-01-15)"


def test_fixed_dates_include_the_last_and_never_go_past_the_partition():
    filters = [{"kind": "date_range", "start": "2024-01-05", "end": "2024-01-20"}]
    snapshot = daily(filters=filters, partitions__content="snapshot")
    assert spelled(snapshot, "2024-01-10")["whole"] == "[2024-01-05, 2024-01-11)"
    assert spelled(snapshot, "2024-01-25")["whole"] == "[2024-01-05, 2024-01-21)"
    assert spelled(daily(filters=filters), "2024-01-25")["whole"] == "[2024-01-25, 2024-01-25)"
    for_ever = [{"kind": "date_range", "start": "2024-01-05", "end": "9999-12-31"}]
    assert spelled(daily(filters=for_ever), "2024-01-25")["whole"] == "[2024-01-25, 2024-01-26)"


def test_without_a_date_range_a_snapshot_is_everything_before_the_day_after():
    assert spelled(ranking(filters=[]), "2024-01-10") == {
        "whole": "[…, 2024-01-11)",
        "train": "[…, 2024-01-08)",
        "eval": "[2024-01-09, 2024-01-11)",
    }


@pytest.mark.parametrize("date", ["2023-12-31", "2024-02-01"])
def test_a_date_that_is_no_partition_is_refused(date):
    with pytest.raises(DefinitionError, match=f"has no partition {date}: they go from 2024-01-01 to 2024-01-31"):
        window(daily(partitions__end="2024-01-31"), D(date))


def test_the_longest_window_there_may_be_has_dates():
    split = {"strategy": "temporal", "eval_days": 36_500, "gap_days": 36_500, "test_days": 36_500}
    longest = ranking(split=split, filters=[], partitions={"start": "1000-01-01", "end": "9999-12-31"})
    for date in ("1000-01-01", "9000-12-31"):
        assert set(spelled(longest, date)) == {"whole", "train", "eval", "test"}
    with pytest.raises(DefinitionError, match="has no partition 9999-12-31"):
        window(longest, dt.date.max)


def literal(date, type_name, timezone):
    return midnight(D(date), type_name, timezone).sql("bigquery")


def test_bounds_are_typed_by_the_column():
    assert literal("2024-01-08", "DATE", "Europe/Amsterdam") == "CAST('2024-01-08' AS DATE)"
    assert literal("2024-01-08", "DATETIME", "Europe/Amsterdam") == "CAST('2024-01-08 00:00:00' AS DATETIME)"
    assert literal("2024-01-08", "TIMESTAMP", "Europe/Amsterdam") == "CAST('2024-01-07 23:00:00+00:00' AS TIMESTAMP)"


@pytest.mark.parametrize(
    ("date", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)], ids=["spring", "autumn", "summer"]
)
def test_days_of_instants_are_as_long_as_the_clock_there_makes_them(date, hours):
    begin, end = (
        dt.datetime.fromisoformat(literal(str(day), "TIMESTAMP", "Europe/Amsterdam")[6:31])
        for day in (D(date), D(date) + dt.timedelta(days=1))
    )
    assert end - begin == dt.timedelta(hours=hours)


def test_a_day_without_a_midnight_begins_when_the_clock_jumps():
    assert literal("2018-11-04", "TIMESTAMP", "America/Sao_Paulo") == "CAST('2018-11-04 03:00:00+00:00' AS TIMESTAMP)"


@given(
    st.integers(1, 30),
    st.integers(0, 10),
    st.integers(0, 10),
    st.integers(1, 30),
    st.dates(D("2024-01-08"), D("2040-01-01")),
)
def test_parts_are_disjoint_in_order_and_apart_by_the_gap(eval_days, gap_days, test_days, train_days, date):
    definition = ranking(
        split={"strategy": "temporal", "eval_days": eval_days, "gap_days": gap_days, "test_days": test_days},
        filters=[{"kind": "date_range", "rolling_days": eval_days + gap_days + test_days + train_days}],
    )
    found = window(definition, date)
    last = found.parts.get("test", found.eval)
    assert (found.train.end - found.train.start).days == train_days
    assert (found.eval.start - found.train.end).days == gap_days
    assert (found.eval.end - found.eval.start).days == eval_days
    assert last.end == found.whole.end == date + dt.timedelta(days=1)
    assert found.train.start == found.whole.start


INTERVALS = st.lists(
    st.tuples(st.none() | st.integers(0, 30), st.integers(0, 30)).filter(lambda i: (i[0] or 0) <= i[1]), max_size=8
)


@given(INTERVALS)
def test_merging_intervals_keeps_their_days_and_leaves_none_that_touch(intervals):
    first = D("2024-01-01")

    def interval(start, end):
        day = None if start is None else first + dt.timedelta(days=start)
        return Interval(day, first + dt.timedelta(days=end))

    def days(these):
        return {n for i in these for n in range(40) if (i.start or first) <= first + dt.timedelta(days=n) < i.end}

    given_ones = [interval(*each) for each in intervals]
    result = merged(given_ones)
    assert days(result) == days(given_ones)
    assert all(a.end < b.start for a, b in itertools.pairwise(result))
