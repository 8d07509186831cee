"""Datasets whose partitions are hours, weeks or months: the rows of each, in folders, in Dagster and in a suite."""

import datetime as dt
from collections import Counter

import dagster as dg
import duckdb
import pandas as pd
import pytest

from dqx_core import Context, MetricProvider, Suite, check
from dqx_core.datasets import DatasetDefinition, dataset_integrity, define, stored_partitions
from dqx_core.datasets.materialize import materialize
from dqx_core.datasets.stored import manifest, read_partitions
from dqx_core.datasets.windows import dates_of, window
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError, ValidationError
from dqx_dagster import dataset_asset, dataset_schedule, reverify_job, suite_checks, suite_metrics_asset
from dqx_dagster.partitions import partitions_of
from tests.dagster.warehouse import definition, location, make

CADENCES = {
    "hours on a day of 25": {
        "start": "2025-10-26", "end": "2025-10-26", "cadence": "hourly", "timezone": "Europe/Amsterdam"
    },
    "weeks from Thursday": {"start": "2026-01-01", "end": "2026-01-21", "cadence": "weekly"},
    "months": {"start": "2025-12-15", "end": "2026-02-14", "cadence": "monthly", "timezone": "Asia/Kolkata"},
}  # fmt: skip
COUNTS = {"hours on a day of 25": 25, "weeks from Thursday": 3, "months": 2}


@check(name="Sales", datasets=["sales"])
def sales_check(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows", severity="P0").is_positive()


SUITE = Suite("Sales", (sales_check,))


@pytest.fixture(params=CADENCES)
def cadence(request):
    return request.param


@pytest.fixture
def described(cadence):
    return definition(partitions=CADENCES[cadence])


def moments(folder, described) -> pd.Series:
    """Moments around the partitions, of which the warehouse gets a row each."""
    hourly = described.partitions.cadence == "hourly"
    first = described.partitions.start - dt.timedelta(days=1)
    times = pd.Series(pd.date_range(first, periods=14_000, freq="17s" if hourly else "7min", tz="UTC"))
    times += dt.timedelta(hours=20) if hourly else dt.timedelta()
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        warehouse.register("moments", pd.DataFrame({"sold": times}))
        warehouse.execute(
            "CREATE OR REPLACE TABLE raw_data.sales AS SELECT n AS id, sold, 'c' || n % 50 AS customer, "
            "n % 20 AS product, 1.5 AS price, 'train' AS part FROM (SELECT *, row_number() OVER () AS n FROM moments)"
        )
    return times


def expected(described, times) -> dict[str, int]:
    """How many of the moments lie in each partition, by Dagster's own windows."""
    partitions = partitions_of(described)
    dates = next(each.partitions_def for each in partitions.partitions_defs if each.name == "date")
    windows = {key: dates.time_window_for_partition_key(key) for key in dates.get_partition_keys()}
    return {key: int(((times >= w.start) & (times < w.end)).sum()) for key, w in windows.items()}


def test_each_partition_holds_the_rows_of_its_window_and_a_suite_counts_them(tmp_path, instance, cadence, described):
    make(tmp_path)
    times = moments(tmp_path, described)
    wanted = expected(described, times)
    asset = dataset_asset(described)
    checks = suite_checks(SUITE, asset)
    integrity = suite_checks(dataset_integrity(described, rows_of_yesterday=(0, 1e9)), asset)
    defs = location(
        tmp_path,
        asset,
        checks,
        integrity,
        suite_metrics_asset(SUITE, asset),
        jobs=[reverify_job(SUITE, asset, name="again")],
    )
    job = defs.resolve_implicit_global_asset_job_def()
    keys = list(wanted)
    span = {
        "dagster/asset_partition_range_start": f"{keys[0]}|train",
        "dagster/asset_partition_range_end": f"{keys[-1]}|eval",
    }

    assert len(wanted) == COUNTS[cadence]
    result = job.execute_in_process(instance=instance, tags=span)
    assert result.success

    made = {m.partition: m.metadata["rows"].value for m in result.asset_materializations_for_node("sales")}
    by_date = Counter()
    for partition, rows in made.items():
        by_date[
            dg.MultiPartitionsDefinition.get_partition_key_from_str(
                partitions_of(described), partition
            ).keys_by_dimension["date"]
        ] += rows
    assert dict(by_date) == wanted
    told = {
        (e.partition, e.metadata["value"].value)
        for e in result.get_asset_check_evaluations()
        if e.check_name == "sales__has_rows"
    }
    assert told == {(partition, float(rows)) for partition, rows in made.items()}
    alone = job.execute_in_process(instance=instance, partition_key=f"{keys[1]}|train")
    assert alone.success
    again = defs.get_job_def("again").execute_in_process(instance=instance, partition_key=f"{keys[-1]}|train")
    [told] = again.get_asset_check_evaluations()
    assert (told.partition, told.metadata["value"].value) == (f"{keys[-1]}|train", made[f"{keys[-1]}|train"])


def _engine(rows: str) -> DuckDB:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA raw_data")
    connection.execute(f"CREATE TABLE raw_data.sales AS {rows}")
    return DuckDB(connection)


def _plain(**changes: object) -> DatasetDefinition:
    return define(
        {
            "name": "sales",
            "status": "active",
            "source": {"table": "raw_data.sales"},
            "columns": [{"column": "sold", "role": "timestamp"}, {"column": "id"}],
            "partitions": {"start": "2026-01-01", "cadence": "hourly"},
            **changes,
        }
    )


EVERY_MINUTE = "SELECT i AS id, {type} '2026-01-01' + to_seconds(i * 60) AS sold FROM range(7200) AS r(i)"


def test_hours_lie_in_folders_of_their_moments_and_are_read_under_these(tmp_path):
    engine = _engine(EVERY_MINUTE.format(type="TIMESTAMP"))
    described = _plain()
    day = dt.date(2026, 1, 2)

    results = materialize(described, dates_of(described, day, day), engine=engine, root=tmp_path)

    assert [result.rows for result in results] == [60] * 24
    assert (tmp_path / "sales" / "date=2026-01-02T03%3A00Z" / "split=all" / "part-0.parquet").exists()
    third = dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)
    assert (third, "all") in stored_partitions(tmp_path, "sales")
    assert manifest(tmp_path, "sales", third, "all").window["whole"] == [
        "2026-01-02T03:00:00+00:00",
        "2026-01-02T04:00:00+00:00",
    ]
    rows = engine.run(read_partitions(tmp_path, "sales", [third], ["all"])).to_pydict()
    assert set(rows["date"]) == {third}
    assert (min(rows["id"]), max(rows["id"])) == (27 * 60, 28 * 60 - 1)


def test_a_snapshot_of_an_hour_is_the_rolling_window_that_ends_with_it(tmp_path):
    engine = _engine(EVERY_MINUTE.format(type="TIMESTAMPTZ"))
    described = _plain(
        filters=[{"kind": "date_range", "rolling_days": 2}],
        split={"strategy": "temporal", "eval_days": 1},
        partitions={"start": "2026-01-01", "cadence": "hourly", "timezone": "Europe/Amsterdam"},
    )

    train, test = materialize(described, [dt.datetime(2026, 1, 4, 3)], engine=engine, root=tmp_path)

    # Of 03:00 to 04:00 in Amsterdam: two days up to 03:00 UTC.
    assert (train.rows, test.rows) == (1440, 1440)
    assert train.window.parts["eval"].bounds == ("2026-01-03T03:00:00+00:00", "2026-01-04T03:00:00+00:00")


def test_an_hour_that_clocks_show_twice_has_its_own_rows_where_they_have_a_zone_only(tmp_path):
    described = _plain(
        partitions={"start": "2025-10-26", "end": "2025-10-26", "cadence": "hourly", "timezone": "Europe/Amsterdam"}
    )
    first = dt.datetime(2025, 10, 26, 0, tzinfo=dt.UTC)
    both = [first, first + dt.timedelta(hours=1)]
    rows = "SELECT i AS id, {type} '2025-10-25' + to_seconds(i * 60) AS sold FROM range(4320) AS r(i)"

    with_zone = materialize(described, both, engine=_engine(rows.format(type="TIMESTAMPTZ")), root=tmp_path / "zone")
    naive = materialize(described, both, engine=_engine(rows.format(type="TIMESTAMP")), root=tmp_path / "naive")

    assert [result.rows for result in with_zone] == [60, 60]
    assert [result.rows for result in naive] == [60, 0]  # a reading that is shown twice is the first


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"partitions": {"start": "2026-01-31", "cadence": "monthly"}}, "not every month has a 31th: write one"),
        (
            {"partitions": {"start": "2026-01-01", "cadence": "hourly", "timezone": "Australia/Lord_Howe"}},
            "Write timezone: UTC, or cadence: daily",
        ),
        ({"columns": [{"column": "id"}], "partitions": {"start": "2026-01-01", "end": "2026-01-02",
          "cadence": "weekly", "content": "snapshot"}}, "weekly partitions need a column with role: timestamp"),
    ],
)  # fmt: skip
def test_a_definition_that_makes_no_sense_is_refused(changes, told):
    with pytest.raises(ValidationError, match=told):
        _plain(**changes)


def test_hours_of_a_column_of_days_are_refused(tmp_path):
    engine = _engine("SELECT 1 AS id, DATE '2026-01-01' AS sold")

    with pytest.raises(ValidationError, match=r"'sold' is DATE, and partitions are hourly.*partitions.cadence: daily"):
        materialize(_plain(), [dt.datetime(2026, 1, 1, 3)], engine=engine, root=tmp_path)


@pytest.mark.parametrize(
    ("cadence", "date", "told"),
    [
        ("hourly", dt.date(2026, 1, 2), "Name a moment, such as 2024-01-31T13:00"),
        ("hourly", dt.datetime(2026, 1, 2, 3, 30), "the one that holds it begins on 2026-01-02T03:00Z"),
        ("weekly", dt.date(2026, 1, 5), "they are weekly, and the one that holds it begins on 2026-01-01"),
        ("monthly", dt.datetime(2026, 1, 1), "Name a day, such as 2024-01-31"),
        ("monthly", dt.date(2026, 3, 1), "it would end on 2026-03-31, and the last day is 2026-03-15"),
    ],
)
def test_a_date_on_which_no_partition_begins_is_refused(cadence, date, told):
    described = _plain(partitions={"start": "2026-01-01", "end": "2026-03-15", "cadence": cadence})

    with pytest.raises(DefinitionError, match=told):
        window(described, date)


def test_days_beside_hours_would_have_each_row_twice_and_are_refused(tmp_path):
    engine = _engine(EVERY_MINUTE.format(type="TIMESTAMP"))
    materialize(_plain(), [dt.datetime(2026, 1, 2, 3)], engine=engine, root=tmp_path)

    with pytest.raises(DefinitionError, match=r"has hourly partitions in .* and would get daily ones"):
        materialize(_plain(partitions={"start": "2026-01-01"}), [dt.date(2026, 1, 2)], engine=engine, root=tmp_path)


def test_the_content_of_a_definition_is_another_with_other_partitions():
    days = _plain(partitions={"start": "2026-01-01"}).definition_hash
    others = [
        _plain(partitions={"start": start, "cadence": cadence}).definition_hash
        for start, cadence in [
            ("2026-01-01", "hourly"), ("2026-01-01", "weekly"), ("2026-01-02", "weekly"), ("2026-01-01", "monthly")
        ]
    ]  # fmt: skip

    assert len({days, *others}) == 5
    assert _plain(partitions={"start": "2026-01-01", "cadence": "daily"}).definition_hash == days
    assert _plain(partitions={"start": "2026-01-08", "cadence": "weekly"}).definition_hash == others[1]


@pytest.mark.parametrize(
    ("cadence", "cron", "name", "last"),
    [
        ("hourly", "20 * * * *", "sales_hourly", "2026-01-08-02:00"),
        ("weekly", "20 6 * * 4", "sales_weekly", "2026-01-01"),
        ("monthly", "20 6 1 * *", "sales_monthly", None),
    ],
)
def test_a_schedule_makes_what_has_closed_when_it_has(cadence, cron, name, last):
    asset = dataset_asset(_plain(partitions={"start": "2026-01-01", "cadence": cadence}))
    schedule = dataset_schedule(asset, minute=20)

    assert (schedule.cron_schedule, schedule.name) == (cron, name)
    at = dg.build_schedule_context(scheduled_execution_time=dt.datetime(2026, 1, 8, 3, 20, tzinfo=dt.UTC))
    [told] = [schedule(at)]
    assert getattr(told, "partition_key", None) == last


def test_an_hour_of_the_day_for_hours_is_refused():
    with pytest.raises(DefinitionError, match="Leave hour out"):
        dataset_schedule(dataset_asset(_plain()), hour=6)
