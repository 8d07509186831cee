"""Datasets on both engines, through one fixture: the same rows in the same splits; and what BigQuery does besides."""

from __future__ import annotations

import contextlib
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from google.cloud import bigquery

from dqx_core import InMemoryMetricDB
from dqx_core.datasets import DuckDBCatalog, analyze, newest_date, preview, schemas_of
from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
from dqx_core.datasets.bigquery_storage import BigQueryStorage
from dqx_core.datasets.join_detection import detect_joins
from dqx_core.datasets.profile import column_stats, samples
from dqx_core.datasets.service import DatasetService
from dqx_core.datasets.storage import FolderStorage
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_tables import BigQueryTables, Layout
from dqx_core.engines.duckdb import DuckDB
from dqx_core.engines.jobs import recording
from dqx_core.errors import DefinitionError, EngineError, NotRunError
from tests.bigquery.conftest import client_of
from tests.bigquery.server import Fault
from tests.core.datasets import shop
from tests.core.datasets.shop import changed, daily, day, ranking

TABLES = {"transactions": shop.transactions(), "products": shop.products()}


@pytest.fixture
def engine(server, client):
    return BigQuery(sell(server, client))


def sell(server, client, **tables):
    """The shop's tables in the project."""
    connection = server.warehouse.connection.cursor()
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw_data")
    for name, frame in {**TABLES, **tables}.items():
        connection.register("given", frame)
        connection.execute(f'CREATE OR REPLACE TABLE raw_data."{name}" AS FROM given')
        connection.execute("DELETE FROM __rest.described WHERE key = ?", [f"raw_data.{name}"])
    return client


@pytest.fixture
def storage(engine):
    return BigQueryStorage(engine, "datasets")


@pytest.fixture
def folder(tmp_path):
    return FolderStorage(shop.engine(TABLES), tmp_path)


def days(first, last):
    return [day(number) for number in range(first, last + 1)]


def rows_of(storage, dataset, results):
    """The rows of the results' partitions as text, sorted, with the names of their columns."""
    table = storage.rows(dataset, [(r.date, r.split) for r in results])
    names = sorted(table.column_names)
    return names, sorted(repr([row[name] for name in names]) for row in table.to_pylist())


@pytest.mark.parametrize(
    ("definition", "dates"),
    [
        (ranking(), days(9, 9)),
        (ranking(), days(9, 11)),
        (daily(), days(1, 3)),
        (daily(folds=3), days(2, 2)),
        (daily(sample={"percent": 30, "key": "customer_id"}, nulls={"country": {"fill": "?"}}), days(2, 3)),
    ],
    ids=["one window", "windows", "days", "folds", "sample"],
)
def test_both_engines_write_the_same_rows_into_the_same_splits(storage, folder, definition, dates):
    there = storage.materialize(definition, dates)
    here = folder.materialize(definition, dates)
    assert [(r.date, r.split, r.rows) for r in there] == [(r.date, r.split, r.rows) for r in here]
    assert sum(r.rows for r in here) > 50
    assert rows_of(storage, definition.name, there) == rows_of(folder, definition.name, here)
    assert {name: kind for r in there for name, kind in r.columns.items()} == {
        name: kind for r in here for name, kind in r.columns.items()
    }


@pytest.mark.parametrize("definition", [ranking(), daily()], ids=["ranking", "daily"])
def test_a_partition_says_what_made_it_on_both(storage, folder, definition):
    for place in (storage, folder):
        results = place.materialize(definition, [day(9)])
        for result in results:
            found = place.manifest(definition.name, result.date, result.split)
            assert (found.definition_hash, found.rows, found.fingerprint, found.sql, found.data_version) == (
                definition.definition_hash, result.rows, result.fingerprint, result.sql, result.data_version,
            )  # fmt: skip
        assert place.manifest(definition.name, day(8), "train") is None
        assert {k.definition_hash for k in place.partitions(definition.name)} == {definition.definition_hash}
    here, there = (place.manifest(definition.name, day(9), "train") for place in (folder, storage))
    same = ("dataset", "date", "split", "timezone", "window", "columns", "rows", "leaks")
    assert [getattr(here, name) for name in same] == [getattr(there, name) for name in same]


def test_rows_that_somebody_else_wrote_have_no_definition(storage, server, client):
    storage.materialize(daily(), [day(2)])
    storage.materialize(daily(description="Again"), [day(2)], ["train"])
    server.warehouse.connection.execute("INSERT INTO datasets.daily FROM datasets.daily WHERE split = 'eval'")
    known = {k.split: k.definition_hash is not None for k in storage.partitions("daily")}
    assert known == {"train": True, "eval": False}


def test_suites_measure_both_alike(storage, folder):
    found = []
    for place in (storage, folder):
        place.materialize(daily(), days(1, 2))
        source = place.data_source("daily")
        assert (source.date_column, dict(source.dimensions)) == ("date", {"split": "split"})
        found.append([source.schema[name] for name in ("date", "split")])
    assert found == [["DATE", "STRING"], ["DATE", "VARCHAR"]]


def test_only_partitions_that_were_written_are_there(storage, folder):
    asked = [(date, tags) for date in days(1, 3) for tags in ({}, {"split": "train"}, {"split": "eval"})]
    found = []
    for place in (storage, folder):
        place.materialize(daily(), [day(1)])
        place.materialize(daily(), [day(3)], ["train"])
        source = place.data_source("daily")
        found.append([source.is_there(*each) for each in asked])
        assert {*place.splits("daily")} == {"train", "eval"}
    assert found == [[True, True, True, False, False, False, True, True, False]] * 2


def test_what_is_known_of_tables_is_the_same_on_both(engine):
    duck = shop.engine(TABLES)
    here, there = DuckDBCatalog(duck), BigQueryCatalog(engine)
    assert there.tables() == here.tables() == ["raw_data.products", "raw_data.transactions"]
    assert {t: there.schema(t) for t in there.tables()} == {t: here.schema(t) for t in here.tables()}
    by_name = {info.name: info for info in there.described()}
    assert [info.name for info in there.described()] == ["raw_data.transactions", "raw_data.products"]
    assert (by_name["raw_data.products"].rows, by_name["raw_data.products"].kind) == (70, "table")
    assert by_name["raw_data.transactions"].bytes > by_name["raw_data.products"].bytes > 70 * 8
    assert by_name["raw_data.products"].modified.tzinfo is not None
    with pytest.raises(DefinitionError, match=r"Did you mean 'raw_data\.products'"):
        there.schema("raw_data.product")
    for table in here.tables():
        schema = here.schema(table)
        assert [_plain(s) for s in column_stats(table, schema, engine=engine)] == [
            _plain(s) for s in column_stats(table, schema, engine=duck)
        ]
    assert samples("raw_data.transactions", here.schema("raw_data.transactions"), "country", engine=engine) == samples(
        "raw_data.transactions", here.schema("raw_data.transactions"), "country", engine=duck
    )


def _plain(stats):
    return {key: pytest.approx(value) if key in ("mean", "stddev") else value for key, value in vars(stats).items()}


@pytest.mark.parametrize("definition", [ranking(), daily()], ids=["ranking", "daily"])
def test_analysis_preview_and_newest_date_are_the_same_on_both(engine, definition):
    duck = shop.engine(TABLES)
    schemas = schemas_of(definition, DuckDBCatalog(duck))
    assert newest_date(definition, schemas, engine) == newest_date(definition, schemas, duck) == shop.LAST
    here, there = (analyze(definition, day(10), schemas, each) for each in (duck, engine))
    assert (there.facts, there.splits, there.quality) == (here.facts, here.splits, here.quality)
    assert preview(definition, day(10), schemas, engine) == preview(definition, day(10), schemas, duck)


# Tables.


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
    versions = modified(client)
    assert [r.fingerprint for r in storage.materialize(daily(), [day(2)])] == [
        r.fingerprint for r in first if r.date == day(2)
    ]
    sell(server, client, transactions=shop.transactions(seed=2))
    again = storage.materialize(daily(), [day(2)])
    assert {r.fingerprint for r in again} & {r.fingerprint for r in first} == set()
    after = modified(client)
    assert [date for date in versions if after[date] != versions[date]] == ["20240102"]
    kept = {(k.date, k.split): k.rows for k in storage.partitions("daily")}
    holding = [*again, *(r for r in first if r.date != day(2))]
    assert all(kept[r.date, r.split] == r.rows for r in holding)
    assert all(storage.manifest("daily", r.date, r.split).fingerprint == r.fingerprint for r in holding)


def modified(client):
    sql = (
        "SELECT partition_id, last_modified_time AS at FROM datasets.INFORMATION_SCHEMA.PARTITIONS "
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
    both = threading.Barrier(2)
    server.warehouse.before_commit = lambda _dataset, _table: suppressed(both.wait, 20)
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


def suppressed(wait, seconds):
    """Wait for the other, who may be done already."""
    with contextlib.suppress(threading.BrokenBarrierError):
        wait(seconds if wait.__self__.broken is False else 0)


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
        s for s in engine.statements if "`raw_data`.`transactions`" in s and "EXISTS" not in s and "INSERT" not in s
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


# What goes wrong.


def test_rows_that_must_not_be_are_counted_and_nothing_is_replaced(storage):
    before = storage.materialize(daily(), [day(3)])
    sales = TABLES["transactions"]
    count = int(sales[sales["transaction_date"].dt.date == day(3)]["country"].isna().sum())
    with pytest.raises(DefinitionError, match=f"{count} rows have null in country, where nulls are written to fail"):
        storage.materialize(daily(nulls={"country": "fail"}), [day(3)])
    assert {k.split: k.rows for k in storage.partitions("daily")} == {r.split: r.rows for r in before}


def test_a_join_that_would_multiply_rows_is_refused(storage, server, client):
    import pandas as pd

    sell(server, client, products=pd.concat([shop.products(), shop.products().head(3)]))
    with pytest.raises(DefinitionError, match="3 values of id have more than one row"):
        storage.materialize(ranking(), [day(9)])
    assert "datasets" not in server.warehouse.datasets()


def test_a_service_that_goes_away_leaves_every_partition_old_or_new(server, client):
    hurried = BigQueryStorage(BigQuery(sell(server, client), patience=0.2), "datasets")
    first = hurried.materialize(daily(), days(1, 3))
    sell(server, client, transactions=shop.transactions(seed=2))
    before = {(k.date, k.split): k.rows for k in hurried.partitions("daily")}
    done = []

    def stop_after_two(result):
        done.append(result)
        if len(done) == 2:
            server.faults.append(Fault("", "", 503, "backendError", times=10**6))
            server.faults[-1].method, server.faults[-1].path = "POST", "/jobs$"

    with pytest.raises(NotRunError, match="try again when the service answers"):
        hurried.materialize(daily(), days(1, 3), progress=stop_after_two)
    server.faults.clear()
    after = {(k.date, k.split): k.rows for k in hurried.partitions("daily")}
    changed_days = {r.date for r in done}
    assert changed_days == {day(1)}
    assert {k: v for k, v in after.items() if k[0] != day(1)} == {k: v for k, v in before.items() if k[0] != day(1)}
    assert {k: v for k, v in after.items() if k[0] == day(1)} == {(r.date, r.split): r.rows for r in done}
    assert len(first) == 6


def test_a_materialization_above_the_limit_writes_nothing(server, client):
    limited = BigQueryStorage(BigQuery(sell(server, client), maximum_bytes_billed=5_000), "datasets")
    with pytest.raises(NotRunError, match=r"exceeded limit|may be billed"):
        limited.materialize(daily(), days(1, 3))
    assert not limited.partitions("daily")


# The service.


@pytest.fixture
def service(engine, storage, tmp_path):
    db = InMemoryMetricDB()
    made = DatasetService(BigQueryCatalog(engine), engine, db, folder=tmp_path / "definitions", storage=storage)
    made.create(changed(shop.DAILY, status="active"))
    yield made
    db.close()


def test_the_operations_on_datasets_run_over_bigquery(service):
    assert [t.name for t in service.tables()] == ["raw_data.transactions", "raw_data.products"]
    assert {c.name for c in service.schema("transactions")} >= {"customer_id", "amount"}
    assert service.stats("products", ["id"])[0].distinct == 70
    assert service.newest_date("daily") == shop.LAST
    service.materialize("daily", [day(1)])
    assert [(p.date, p.split) for p in service.get("daily").partitions] == [(day(1), "eval"), (day(1), "train")]
    assert service.analyze("daily").facts.rows == len(TABLES["transactions"])
    assert "`raw_data`" in service.query("daily", day(1))
    assert service.tfx("daily", day(1)).config["input_config"]["splits"][0]["name"] == "train"
    assert service.suggest_columns(["transactions"])["timestamp"]


def test_the_same_joins_are_found_on_both(engine, service):
    duck = shop.engine(TABLES)
    names = ["raw_data.transactions", "raw_data.products"]
    here = detect_joins(names, duck, DuckDBCatalog(duck))
    assert [(c.left_columns, c.right_columns) for c in here] == [(("product_id",), ("id",))]
    assert service.detect_joins(["transactions", "products"]) == here


def test_a_key_of_two_columns_is_found_on_both(engine, server):
    regions = pa.table({"country": ["NL", "NL", "BE", "BE"] * 6, "week": [n // 4 for n in range(24)],
                        "area": ["a", "b"] * 12, "rate": [n / 7 for n in range(24)]})  # fmt: skip
    sales = pa.table({"sale_id": range(96), "country": ["NL", "BE"] * 48, "week": [n // 2 % 6 for n in range(96)],
                      "area": [("a", "b")[n // 12 % 2] for n in range(96)]})  # fmt: skip
    connection = server.warehouse.connection
    for name, rows in (("regions", regions), ("sales", sales)):
        connection.register("given", rows)
        connection.execute(f"CREATE TABLE raw_data.{name} AS FROM given")
    duck = DuckDB()
    duck.connection.execute("CREATE SCHEMA raw_data")
    for name, rows in (("regions", regions), ("sales", sales)):
        duck.connection.register("given", rows)
        duck.connection.execute(f"CREATE TABLE raw_data.{name} AS FROM given")
    names = ["raw_data.sales", "raw_data.regions"]
    here = detect_joins(names, duck, DuckDBCatalog(duck))
    assert {len(c.left_columns) for c in here} == {3}
    assert detect_joins(names, engine, BigQueryCatalog(engine)) == here


def test_a_query_is_validated_with_its_bytes_and_its_cost(service, client):
    found = service.validate_query("daily", day(1), price_per_tib=6.25)
    assert found.valid
    assert found.columns["amount"] == "FLOAT64"
    dry = client.query(found.sql, job_config=bigquery.QueryJobConfig(dry_run=True))
    assert found.bytes == dry.total_bytes_processed > 0
    assert found.cost == pytest.approx(2 * 10 * 2**20 / 2**40 * 6.25)  # two tables, ten MiB at least for each
    with recording() as jobs:
        service.engine.run(sqlglot.parse_one(found.sql, dialect="bigquery"))
    assert found.cost == pytest.approx(sum(job.cost(6.25) for job in jobs))
    whole = sum(t.bytes for t in found.tables)
    assert found.bytes < whole  # quantity and product_id's neighbours are not read


def test_without_a_storage_the_service_says_what_it_needs(engine):
    with pytest.raises(DefinitionError, match="Only DuckDB can keep partitions in a folder"):
        DatasetService(BigQueryCatalog(engine), engine, InMemoryMetricDB())


def test_a_dataset_that_is_not_there_is_an_error(engine):
    with pytest.raises(EngineError, match="nowhere"):
        BigQueryCatalog(engine, ["nowhere"]).tables()


def test_two_clients_may_write_at_once(server, client):
    one, other = (BigQueryStorage(BigQuery(each), "datasets") for each in (sell(server, client), client_of(server)))
    one.materialize(daily(), [day(1)])
    other.materialize(daily(), [day(2)])
    assert {k.date for k in one.partitions("daily")} == {day(1), day(2)}
    other.engine.client.close()
