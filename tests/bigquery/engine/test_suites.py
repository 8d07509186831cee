"""Suites over tables, partitions and queries: every verdict is there, and no more is read than they ask for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from sqlglot import exp

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.calendars import Days, Hours, Weeks
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables
from dqx_core.errors import DefinitionError, EngineError
from tests.bigquery.engine.conftest import DAYS, described, select, suite


def test_a_suite_runs_over_a_table_and_every_verdict_is_there(source):
    results = suite().run([source], ResultKey(DAYS[2]))
    assert [str(r.status) for r in results] == ["PASSED"] * 3


def test_the_date_column_is_the_one_that_parts_the_table(source):
    assert source.date_column == "day"
    assert dict(source.schema) == {"day": "DATE", "price": "FLOAT64", "email": "STRING", "split": "STRING"}


def test_a_range_of_days_is_one_statement_per_kind_of_metric_whatever_its_length(engine, source):
    suite().run_many([source], [ResultKey(day) for day in DAYS[:1]])
    one = [sql for sql in engine.statements if "INFORMATION_SCHEMA" not in sql]
    suite().run_many([source], [ResultKey(day, {"split": s}) for day in DAYS for s in ("train", "eval")])
    all_days = [sql for sql in engine.statements if "INFORMATION_SCHEMA" not in sql][len(one) :]
    assert len(one) == len(all_days) == 2
    assert "GROUP BY" in all_days[0]


def test_only_the_partitions_and_columns_of_the_question_are_read(engine, source):
    suite(history="isolated").run([source], ResultKey(DAYS[3]))
    scanned = [job for job in engine.jobs if job.bytes_processed]
    # Two days (yesterday's rows are asked for) of day, price: 3 rows each of 8 bytes; then one day of day, email.
    assert [job.bytes_processed for job in scanned] == [2 * 3 * 16, 3 * (8 + 4)]
    assert [job.bytes_estimated for job in scanned] == [job.bytes_processed for job in scanned]


def test_a_table_that_must_be_asked_for_its_partitions_is_measured(engine, server):
    described(server, "sales", requirePartitionFilter=True)
    with pytest.raises(EngineError, match="without a filter over column"):
        engine.run(select("price"))
    source = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    assert [str(r.status) for r in suite().run([source], ResultKey(DAYS[2]))] == ["PASSED"] * 3


@pytest.fixture
def loaded(engine, server):
    """A table that is parted by the time of loading: four days of three rows."""
    server.warehouse.connection.execute(
        "CREATE TABLE shop.loaded AS SELECT day::TIMESTAMPTZ AS _PARTITIONTIME, price, email FROM shop.sales"
    )
    fields = [
        field for field in server.warehouse.said("shop", "sales")["fields"] if field["name"] in ("price", "email")
    ]
    days = {f"{day:%Y%m%d}": 1 for day in DAYS}
    said = {"fields": fields, "created": 1, "modified": 1, "partitions": days, "timePartitioning": {"type": "DAY"}}
    server.warehouse.say("shop", "loaded", said)
    return "shop.loaded"


def test_a_table_that_is_parted_by_the_time_of_loading_is_measured_a_day_at_a_time(engine, server, loaded):
    source = BigQueryDataSource.from_table(engine, loaded, "sales")
    assert dict(source.schema) == {"price": "FLOAT64", "email": "STRING", "partition_time": "TIMESTAMP"}
    assert source.date_column == "partition_time"
    assert [str(r.status) for r in suite(history="isolated").run([source], ResultKey(DAYS[2]))] == ["PASSED"] * 3
    assert [job.bytes_processed for job in engine.jobs if job.bytes_processed] == [2 * 3 * 8, 3 * 4]
    first = {day: source.data_version(day, {}) for day in DAYS}
    described(server, "loaded", partitions={f"{day:%Y%m%d}": 1 + (day == DAYS[1]) for day in DAYS})
    again = BigQueryDataSource.from_table(engine, loaded, "sales")
    assert [day for day in DAYS if again.data_version(day, {}) != first[day]] == [DAYS[1]]


def test_a_query_is_a_source_too(engine):
    sql = "SELECT * FROM shop.sales WHERE split = 'train'"
    source = BigQueryDataSource.from_query(engine, sql, "sales", date_column="day")
    assert source.query(exp.select("COUNT(*) AS n").from_(source.relation().subquery("d"))).to_pylist() == [{"n": 8}]
    with pytest.raises(DefinitionError, match="needs one query"):
        BigQueryDataSource.from_query(engine, "DROP TABLE shop.sales", "sales")


def test_results_of_many_pages_come_whole(engine, server):
    server.page_rows = 5
    assert engine.run(select("price")).num_rows == 12


@pytest.mark.parametrize("kind", [pa.timestamp("us", "UTC"), pa.timestamp("us")], ids=["TIMESTAMP", "DATETIME"])
@pytest.mark.parametrize(
    "calendar",
    [Hours(), Hours(every=6), Days(timezone="Europe/Amsterdam"), Days(hour=6), Weeks()],
    ids=lambda c: c.name,
)
def test_windows_of_any_calendar_are_counted_as_on_duckdb(engine, calendar, kind):
    moments = [dt.datetime(2024, 3, 25, tzinfo=dt.UTC) + dt.timedelta(minutes=61 * n) for n in range(300)]
    prices = pa.array([Decimal(n % 3) / 2 for n in range(300)], pa.decimal128(38, 9))
    rows = pa.table({"at": pa.array(moments, pa.timestamp("us", "UTC")).cast(kind), "price": prices})
    BigQueryTables(engine).load(rows, "shop.moments")
    options = {"date_column": "at", "dimensions": {"price": "price"}, "timezone": "Europe/Amsterdam"}
    there = BigQueryDataSource.from_table(engine, "shop.moments", "moments", **options)
    here = DuckRelationDataSource.from_arrow(rows, "moments", **options)
    windows = list(dict.fromkeys(calendar.at(moment) for moment in moments[40:200:3]))
    keys = [ResultKey.of(each, tags, calendar) for each in windows for tags in ({}, {"price": "0.5"})]

    @check(name="Rows", datasets=["moments"])
    def counted(mp, ctx):
        ctx.assert_that(mp.num_rows(lag=1)).where(name="rows").noop()
        ctx.assert_that(mp.unique_count("at")).where(name="moments").noop()

    def numbers(source):
        results = VerificationSuite([counted], InMemoryMetricDB(), "S").run_many([source], keys)
        return [result.metric.value_or(None) for result in results]

    assert numbers(there) == numbers(here)
