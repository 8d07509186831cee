"""Where days end: months, leap years, changes of the clock, and days with nothing or one row in them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dqx_core.datasets import (
    DuckDBCatalog,
    analyze,
    define,
    manifest,
    materialize,
    partition_query,
    read_partitions,
    schemas_of,
)
from tests.core.datasets.shop import engine

TYPES = {"DATE": '"at"::DATE', "TIMESTAMP": '"at"', "TIMESTAMPTZ": "\"at\" AT TIME ZONE 'UTC'"}
KINDS = pytest.mark.parametrize("kind", TYPES)


def moments(*at):
    """An engine with these moments as DATE, TIMESTAMP and TIMESTAMPTZ."""
    frame = pd.DataFrame({"id": range(len(at)), "at": pd.Series(at, dtype="datetime64[us]")})
    shop = engine({"given": frame})
    for name, sql in TYPES.items():
        shop.connection.execute(
            f"CREATE TABLE raw_data.{name} AS SELECT id, id % 3 AS part, {sql} AS at FROM raw_data.given"
        )
    return shop


def over(kind, **changes):
    """A dataset over one of the three, of increments unless something else is said."""
    return define(
        {
            "name": "bounds",
            "source": {"table": f"raw_data.{kind}"},
            "columns": [{"column": "id"}, {"column": "part"}, {"column": "at", "role": "timestamp"}],
            "split": {"strategy": "group", "key": "id"},
            "partitions": {"start": "2000-01-01"},
            **changes,
        }
    )


def ids(shop, definition, date):
    rows = shop.run(partition_query(definition, date, schemas_of(definition, DuckDBCatalog(shop)))).to_pylist()
    return sorted(row["id"] for row in rows)


CHANGES = {
    "Amsterdam forward": ("Europe/Amsterdam", "2024-03-31", 23),
    "Amsterdam back": ("Europe/Amsterdam", "2024-10-27", 25),
    "New York forward": ("America/New_York", "2024-03-10", 23),
    "New York back": ("America/New_York", "2024-11-03", 25),
    "half an hour": ("Australia/Lord_Howe", "2024-04-07", 24.5),
    "no midnight": ("America/Sao_Paulo", "2018-11-04", 23),
    "midnight twice": ("America/Sao_Paulo", "2018-02-17", 25),
    "a day that never was": ("Pacific/Apia", "2011-12-30", 0),
    "east of Greenwich": ("Asia/Kolkata", "2024-06-15", 24),
    "a leap day": ("UTC", "2024-02-29", 24),
    "the last of a short February": ("UTC", "2023-02-28", 24),
    "the last of a year": ("America/Los_Angeles", "2024-12-31", 24),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_day_has_its_rows_to_the_microsecond(change):
    timezone, text, hours = change
    date = dt.date.fromisoformat(text)
    first = dt.datetime.combine(date, dt.time()) - dt.timedelta(days=2)
    every = [first + dt.timedelta(minutes=30 * n) for n in range(2 * 24 * 5)]
    at = sorted([*every, *(moment - dt.timedelta(microseconds=1) for moment in every)])
    shop = moments(*at)
    calendar = {"start": "2000-01-01", "timezone": timezone}
    there = [moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(timezone)).date() for moment in at]
    for near in (date - dt.timedelta(days=1), date, date + dt.timedelta(days=1)):
        on_the_wall = [n for n, moment in enumerate(at) if moment.date() == near]
        instants = [n for n, day in enumerate(there) if day == near]
        assert ids(shop, over("DATE", partitions=calendar), near) == on_the_wall
        assert ids(shop, over("TIMESTAMP", partitions=calendar), near) == on_the_wall
        assert ids(shop, over("TIMESTAMPTZ", partitions=calendar), near) == instants
    assert there.count(date) == hours * 4


@pytest.fixture(scope="module")
def years():
    """Four rows a day, the first at midnight and the last a microsecond before the next, over a leap year."""
    days = pd.date_range("2022-11-01", "2024-05-31")
    late = pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
    return days, moments(*(each for day in days for each in (day, day + pd.Timedelta(hours=12), day + late)))


DATES = st.one_of(
    st.dates(dt.date(2023, 3, 1), dt.date(2024, 5, 31)),
    st.sampled_from([dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2024, 3, 1), dt.date(2023, 2, 28)]),
    st.sampled_from([dt.date(2024, 1, 31), dt.date(2024, 3, 30), dt.date(2024, 3, 31), dt.date(2023, 12, 31)]),
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(TYPES)),
    date=DATES,
    rolling=st.one_of(
        st.tuples(st.just("rolling_months"), st.integers(1, 4)), st.tuples(st.just("rolling_days"), st.integers(1, 90))
    ),
)
def test_a_rolling_window_is_the_calendar_s_over_months_and_leap_days(years, kind, date, rolling):
    days, shop = years
    name, count = rolling
    end = pd.Timestamp(date) + pd.Timedelta(days=1)
    back = pd.DateOffset(months=count) if name == "rolling_months" else pd.DateOffset(days=count)
    expected = [n * 3 + k for n, day in enumerate(days) if end - back <= day < end for k in range(3)]
    definition = over(kind, filters=[{"kind": "date_range", name: count}])
    assert ids(shop, definition, date) == expected


@pytest.mark.parametrize("date", ["2024-02-29", "2024-03-01", "2024-03-31", "2023-03-01"])
@KINDS
def test_eval_and_gap_count_days_over_the_end_of_a_month(years, kind, date):
    days, shop = years
    split = {"strategy": "temporal", "eval_days": 2, "gap_days": 1}
    definition = over(kind, split=split, filters=[{"kind": "date_range", "rolling_days": 5}])
    rows = shop.run(
        partition_query(definition, dt.date.fromisoformat(date), schemas_of(definition, DuckDBCatalog(shop)))
    ).to_pylist()
    last = list(days).index(pd.Timestamp(date))
    of = {"train": {last - 4, last - 3}, "eval": {last - 1, last}}
    assert {(row["id"] // 3, row["split"]) for row in rows} == {(n, part) for part, them in of.items() for n in them}


SPARSE = [dt.datetime(2024, 2, 27, 9), dt.datetime(2024, 2, 27, 10), dt.datetime(2024, 2, 29)]
"""Two rows, a day without any, a day with one."""


@KINDS
def test_days_with_nothing_and_with_one_row_are_partitions(tmp_path, kind):
    shop = moments(*SPARSE)
    days = [dt.date(2024, 2, 26) + dt.timedelta(days=n) for n in range(5)]
    results = materialize(over(kind), days, engine=shop, root=tmp_path)
    counts = {date: sum(each.rows for each in results if each.date == date) for date in days}
    assert list(counts.values()) == [0, 2, 0, 1, 0]
    for each in results:
        said = manifest(tmp_path, "bounds", each.date, each.split)
        assert (said.rows, list(said.columns)) == (each.rows, ["id", "part", "at"])
        assert shop.run(read_partitions(tmp_path, "bounds", [each.date], [each.split])).num_rows == each.rows
    empty = {each.fingerprint for each in results if not each.rows}
    assert len(empty) == 1  # nothing is nothing, on any day
    assert len({each.data_version for each in results}) == len(results)


@KINDS
@pytest.mark.parametrize("date", ["2024-02-28", "2024-02-29", "2024-03-09"])
def test_filters_that_learn_take_an_empty_train_for_what_it_is(tmp_path, kind, date):
    shop = moments(*SPARSE)
    definition = over(
        kind,
        columns=[
            {"column": "id", "role": "user_id"},
            {"column": "part", "role": "product_id"},
            {"column": "id", "as": "amount", "role": "revenue"},
            {"column": "at", "role": "timestamp"},
        ],
        filters=[
            {"kind": "date_range", "rolling_days": 3},
            {"kind": "top_products", "percent": 80},
            {"kind": "min_transactions", "count": 1},
            {"kind": "aggregate", "per": "part", "function": "average", "column": "amount", "min": 0},
        ],
        split={"strategy": "temporal", "eval_days": 1, "gap_days": 1},
    )
    results = materialize(definition, [dt.date.fromisoformat(date)], engine=shop, root=tmp_path)
    trained = {each.split: each.rows for each in results}["train"]
    assert trained == {"2024-02-28": 0, "2024-02-29": 1, "2024-03-09": 0}[date]  # of ids 0 and 1, 1 is all revenue


def test_an_analysis_before_the_first_row_says_so():
    shop = moments(*SPARSE)
    definition = over("TIMESTAMP")
    found = analyze(definition, dt.date(2024, 2, 26), schemas_of(definition, DuckDBCatalog(shop)), shop)
    assert (found.quality.score, len(found.quality.issues)) == (0, 1)
