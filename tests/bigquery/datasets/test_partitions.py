"""The table that keeps a dataset: its layout, its columns, what is replaced in it and what stays."""

from __future__ import annotations

import itertools
import threading
import time

import pyarrow.parquet as pq
import pytest

from dqx_core.datasets.bigquery_storage import BigQueryStorage
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_tables import BigQueryTables, Layout
from dqx_core.errors import DefinitionError
from tests.bigquery.conftest import client_of
from tests.bigquery.datasets.conftest import days, sell
from tests.bigquery.server import Fault
from tests.core.datasets import shop
from tests.core.datasets.shop import changed, daily, day, ranking


def test_the_table_is_parted_by_date_and_clustered_by_split(storage, client):
    storage.materialize(daily(description="What was sold"), days(1, 2))
    table = client.get_table("local.datasets.daily")
    assert (table.time_partitioning.field, table.time_partitioning.type_) == ("date", "DAY")
    assert table.clustering_fields == ["split"]
    assert table.description == "What was sold"
    assert [f.name for f in table.schema][-2:] == ["date", "split"]
    assert [(k.date, k.split) for k in storage.partitions("daily")] == [
        (date, split) for date in days(1, 2) for split in ("eval", "train")
    ]
    assert storage.partitions("nothing") == []


def test_a_partition_is_replaced_and_its_neighbours_stay(storage, server, client):
    first = storage.materialize(daily(), days(1, 3))
    assert {r.change for r in first} == {"new"}
    versions = modified(client)
    assert [r.fingerprint for r in storage.materialize(daily(), [day(2)])] == [
        r.fingerprint for r in first if r.date == day(2)
    ]
    sell(server, client, transactions=shop.transactions(seed=2))
    again = storage.materialize(daily(), [day(2)])
    assert all(r.change.startswith("changed: ") for r in again)
    assert {r.change for r in storage.materialize(daily(), [day(2)])} == {"the same"}
    assert {r.fingerprint for r in again} & {r.fingerprint for r in first} == set()
    after = modified(client)
    assert [date for date in versions if after[date] != versions[date]] == ["20240102"]
    kept = {(k.date, k.split): k.rows for k in storage.partitions("daily")}
    holding = [*again, *(r for r in first if r.date != day(2))]
    assert all(kept[r.date, r.split] == r.rows for r in holding)
    assert all(storage.manifest("daily", r.date, r.split).fingerprint == r.fingerprint for r in holding)


def modified(client):
    sql = (
        "SELECT partition_id, last_modified_time AS `at` FROM datasets.INFORMATION_SCHEMA.PARTITIONS "
        "WHERE table_name = 'daily'"
    )
    return {row.partition_id: row["at"] for row in client.query(sql).result()}


def test_one_split_is_replaced_and_the_other_stays(storage, server, client):
    train, held_out = storage.materialize(daily(), [day(2)])
    sell(server, client, transactions=shop.transactions(seed=2))
    (new,) = storage.materialize(daily(), [day(2)], ["train"])
    kept = {k.split: k.rows for k in storage.partitions("daily")}
    assert kept == {"train": new.rows, "eval": held_out.rows}
    assert new.rows != train.rows or new.fingerprint != train.fingerprint


def test_two_runs_may_write_different_splits_of_one_day_at_the_same_time(storage, server, client):
    before = {r.split: r for r in storage.materialize(daily(), [day(2)])}
    sell(server, client, transactions=shop.transactions(seed=2))
    both, commits = threading.Barrier(2), itertools.count()
    # The one whose day was written meanwhile tries again, and the other is done then.
    server.warehouse.before_commit = lambda _dataset, _table: both.wait(20) if next(commits) < 2 else None
    found = {}

    def write(split):
        # Both have read the day as it was before either writes it.
        with client_of(server) as other:
            [found[split]] = BigQueryStorage(BigQuery(other), "datasets").materialize(daily(), [day(2)], [split])

    threads = [threading.Thread(target=write, args=[split]) for split in ("train", "eval")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    server.warehouse.before_commit = lambda _dataset, _table: None
    again = {r.split: r for r in storage.materialize(daily(), [day(2)])}
    assert {split: r.fingerprint for split, r in found.items()} == {s: r.fingerprint for s, r in again.items()}
    assert all(found[split].fingerprint != before[split].fingerprint for split in before)


def test_rows_of_a_split_that_is_no_more_go_with_the_first_split_that_is_written(storage, client):
    parts = {"train": 60, "eval": 20, "test": 20}
    storage.materialize(daily(split={"strategy": "group", "key": "customer_id", "parts": parts}), [day(1)])
    storage.materialize(daily(), [day(1)], ["eval"])
    assert {k.split for k in storage.partitions("daily")} == {"train", "eval"}


def test_a_day_without_rows_leaves_none_of_the_old(storage, server, client):
    storage.materialize(daily(), days(2, 3))
    sales = shop.transactions()
    sell(server, client, transactions=sales[sales["transaction_date"].dt.date != day(2)])
    assert [r.rows for r in storage.materialize(daily(), [day(2)])] == [0, 0]
    assert {k.date for k in storage.partitions("daily") if k.rows} == {day(3)}


def test_a_new_column_is_added_and_one_that_is_gone_is_null(storage, client):
    storage.materialize(daily(), [day(1)])
    wider = daily(columns=[*changed(shop.DAILY)["columns"], {"column": "quantity"}])
    storage.materialize(wider, [day(2)])
    storage.materialize(daily(), [day(3)])
    sql = "SELECT date, COUNT(quantity) AS n, COUNT(*) AS r FROM datasets.daily GROUP BY date ORDER BY date"
    assert [(row.n == row.r, row.n == 0) for row in client.query(sql).result()] == [
        (False, True), (True, False), (False, True),
    ]  # fmt: skip


def test_a_column_of_another_type_is_refused_with_the_way_out(storage):
    storage.materialize(daily(), [day(1)])
    other = daily(
        columns=[*changed(shop.DAILY)["columns"][:-2], {"column": "quantity", "as": "country"}], source__joins=[]
    )
    with pytest.raises(DefinitionError, match=r"'country' of datasets\.daily is STRING.*now gives INT64.*clone"):
        storage.materialize(other, [day(2)])


def test_a_column_that_is_no_single_value_is_refused(storage, server):
    server.warehouse.connection.execute("ALTER TABLE raw_data.products ADD COLUMN about JSON")
    with_json = daily(columns__5={"table": "products", "column": "about"})
    with pytest.raises(DefinitionError, match="column 'about' is JSON, which is not one value of a row"):
        storage.materialize(with_json, [day(1)])
    assert storage.partitions("daily") == []


def test_rows_that_somebody_else_wrote_have_no_definition(storage, server, client):
    storage.materialize(daily(), [day(2)])
    storage.materialize(daily(description="Again"), [day(2)], ["train"])
    server.warehouse.connection.execute("INSERT INTO datasets.daily FROM datasets.daily WHERE split = 'eval'")
    known = {k.split: k.definition_hash is not None for k in storage.partitions("daily")}
    assert known == {"train": True, "eval": False}


def test_a_table_of_somebody_else_is_left_alone(storage, engine):
    tables = BigQueryTables(engine)
    tables.make_dataset("datasets")
    tables.load(engine.run(schema_query("raw_data.products")), "datasets.daily", Layout())
    with pytest.raises(DefinitionError, match="was not made by dqx"):
        storage.materialize(daily(), [day(1)])
    assert tables.described("datasets.daily").rows == 70


def schema_query(table):
    from sqlglot import exp

    dataset, name = table.split(".")
    return exp.select("*").from_(exp.table_(name, db=dataset, quoted=True))


def test_columns_for_vertex_and_bigquery_ml_on_request(engine, client):
    storage = BigQueryStorage(engine, "datasets", ml_columns=True)
    storage.materialize(
        daily(split={"strategy": "group", "key": "customer_id", "parts": {"train": 60, "eval": 20, "test": 20}}),
        [day(1)],
    )
    sql = "SELECT DISTINCT split, ml_use, is_eval FROM datasets.daily ORDER BY split"
    assert [(r.split, r.ml_use, r.is_eval) for r in client.query(sql).result()] == [
        ("eval", "VALIDATE", True), ("test", "TEST", True), ("train", "TRAIN", False),
    ]  # fmt: skip
    with pytest.raises(DefinitionError, match="'is_eval', which ml_columns adds"):
        storage.materialize(daily(columns__4={"column": "country", "as": "is_eval"}), [day(1)])


def test_a_dataset_is_exported_to_parquet(storage, tmp_path):
    results = storage.materialize(daily(), days(1, 2))
    storage.export("daily", "gs://bucket/daily/*.parquet", day(2))
    (file,) = (tmp_path / "buckets" / "bucket" / "daily").iterdir()
    assert pq.read_table(file).num_rows == sum(r.rows for r in results if r.date == day(2))


def test_several_dates_read_the_source_once_and_leave_no_stage(storage, engine, client):
    storage.materialize(ranking(), days(9, 12))
    of_sales = [
        s
        for s in engine.statements
        # Nor what looks, once for all dates, for rows without a time.
        if "`raw_data`.`transactions`" in s and "EXISTS" not in s and "INSERT" not in s and "lacking_" not in s
    ]
    assert len(of_sales) == 1
    assert [t.table_id for t in client.list_tables("datasets")] == ["_dqx_manifests", "ranking"]


def test_a_stage_expires_by_itself_whatever_happens_to_who_made_it(storage, server):
    server.faults.append(Fault("DELETE", "/_dqx_stage", 403, "accessDenied"))
    storage.materialize(ranking(), days(9, 10))
    [(stage, _)] = [each for each in server.warehouse.tables("datasets") if each[0].startswith("_dqx_stage")]
    expires = int(server.warehouse.said("datasets", stage)["expirationTime"]) / 1000
    assert 0 < expires - time.time() < 86_400
    changed_later = [path for method, path, _ in server.requests if method == "PATCH"]
    assert changed_later == []


def test_jobs_of_a_materialization_are_told(storage, engine):
    storage.materialize(daily(), [day(1)])
    assert {job.kind for job in engine.jobs} == {"query"}
    assert sum(job.bytes_billed for job in engine.jobs) >= 3 * 10 * 2**20


def test_two_clients_may_write_at_once(server, client):
    one, other = (BigQueryStorage(BigQuery(each), "datasets") for each in (sell(server, client), client_of(server)))
    one.materialize(daily(), [day(1)])
    other.materialize(daily(), [day(2)])
    assert {k.date for k in one.partitions("daily")} == {day(1), day(2)}
    other.engine.client.close()


def test_hours_are_refused_with_the_way_out_before_anything_is_asked(server, client):
    hourly = daily(partitions={"start": "2024-01-01", "cadence": "hourly"})
    with pytest.raises(DefinitionError, match=r"keeps one for each day\. Write partitions\.cadence: daily, or keep"):
        BigQueryStorage(BigQuery(client), "datasets").materialize(hourly, [day(2)])


def test_a_day_whose_splits_two_definitions_made_is_not_compared(storage):
    storage.materialize(
        daily(split={"strategy": "group", "key": "customer_id", "parts": {"train": 60, "eval": 40}}),
        [day(1)],
        ["train"],
    )
    storage.materialize(daily(), [day(1)], ["eval"])
    source = storage.data_source("daily")
    assert "20 % of keys move from eval to train" in source.fault(day(1), {})
    assert source.fault(day(1), {"split": "train"}) is None
    storage.materialize(daily(), [day(1)], ["train"])
    assert storage.data_source("daily").fault(day(1), {}) is None
