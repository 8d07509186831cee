"""The version of a day's rows, by which a day that did not change is not measured again."""

from __future__ import annotations

import datetime as dt

from sqlglot import exp

from dqx_core import InMemoryMetricDB, ResultKey
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables, Layout
from dqx_core.sql.names import table_of
from tests.bigquery.engine.conftest import DAYS, described, rows, suite


def test_the_version_of_a_day_is_that_of_its_partition(engine, server):
    fresh = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    before = {day: fresh.data_version(day, {}) for day in DAYS}
    assert len(set(before.values())) == 1  # written at once
    tables = BigQueryTables(engine)
    tables.load(rows(DAYS[1:2], 5), "shop.fixed", Layout("day", ("split",)))
    tables.write(exp.select("*").from_(table_of("shop.fixed")), f"shop.sales${DAYS[1]:%Y%m%d}")
    again = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    after = {day: again.data_version(day, {}) for day in DAYS}
    assert [day for day in DAYS if after[day] != before[day]] == [DAYS[1]]
    assert again.data_version(dt.date(2023, 1, 1), {}) == "no partition"


def test_the_versions_of_many_days_take_one_look(engine, server):
    fresh = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    before = len(engine.statements)
    for day in DAYS:
        fresh.data_version(day, {"split": "train"})
    assert len(engine.statements) == before + 1


def test_a_table_without_partitions_has_one_version(engine):
    tables = BigQueryTables(engine)
    tables.load(rows(), "shop.flat")
    flat = BigQueryDataSource.from_table(engine, "shop.flat", date_column="day")
    before = flat.data_version(DAYS[0], {})
    assert before == flat.data_version(DAYS[1], {})
    tables.load(rows(), "shop.flat")
    assert BigQueryDataSource.from_table(engine, "shop.flat", date_column="day").data_version(DAYS[0], {}) != before


def test_rows_that_are_still_on_their_way_have_no_version_and_are_measured_again(engine, server):
    def version(table):
        return BigQueryDataSource.from_table(engine, table, date_column="day").data_version(DAYS[0], {})

    BigQueryTables(engine).load(rows(), "shop.flat")
    assert version("shop.sales")
    assert version("shop.flat")
    described(server, "flat", streamingBuffer={"estimatedRows": "7"})
    assert version("shop.flat") is None
    partitions = server.warehouse.said("shop", "sales")["partitions"]
    for moment in (partitions["20240101"], None):
        described(server, "sales", partitions=partitions | {"__UNPARTITIONED__": moment})
        assert version("shop.sales") is None
    described(server, "sales", partitions=partitions | {"20240101": None})
    assert version("shop.sales") is None


def test_a_view_has_no_version_and_is_measured_again(engine, server):
    server.warehouse.connection.execute("CREATE VIEW shop.seen AS FROM shop.sales")
    view = BigQueryDataSource.from_table(engine, "shop.seen", "sales", date_column="day")
    assert view.data_version(DAYS[0], {}) is None
    assert [str(r.status) for r in suite().run([view], ResultKey(DAYS[2]))] == ["PASSED"] * 3


def test_unchanged_days_are_carried_forward_and_changed_ones_measured_again(engine):
    db = InMemoryMetricDB()

    def fresh():
        return BigQueryDataSource.from_table(engine, "shop.sales", "sales")

    suite(db).run([fresh()], ResultKey(DAYS[1]))
    plan = suite(db).plan([fresh()], [ResultKey(DAYS[2])])
    assert [need[1].yyyy_mm_dd for need in plan.carried] == [DAYS[1]]
    tables = BigQueryTables(engine)
    tables.load(rows(DAYS[1:2], 5), "shop.fixed", Layout("day", ("split",)))
    tables.write(exp.select("*").from_(table_of("shop.fixed")), f"shop.sales${DAYS[1]:%Y%m%d}")
    assert not suite(db).plan([fresh()], [ResultKey(DAYS[2])]).carried
