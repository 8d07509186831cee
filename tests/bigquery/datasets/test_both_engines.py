"""DuckDB and BigQuery alike: the same rows in the same splits, and the same told of tables and joins."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dqx_core.datasets import DuckDBCatalog, analyze, newest_date, preview, schemas_of
from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
from dqx_core.datasets.join_detection import detect_joins
from dqx_core.datasets.profile import column_stats, samples
from dqx_core.datasets.storage import FolderStorage
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError
from tests.bigquery.datasets.conftest import TABLES, days
from tests.core.datasets import shop
from tests.core.datasets.shop import daily, day, ranking


@pytest.fixture
def folder(tmp_path):
    return FolderStorage(shop.engine(TABLES), tmp_path)


def rows_of(storage, dataset, results):
    """The rows of the results' partitions as text, sorted, with the names of their columns."""
    table = storage.rows(dataset, [(r.date, r.split) for r in results])
    names = sorted(table.column_names)
    return names, sorted(repr([row[name] for name in names]) for row in table.to_pylist())


@pytest.mark.filterwarnings("ignore:.* of its snapshots are read together")
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
    # Of a day that lacks a split the whole is not there.
    assert found == [[True, True, True, False, False, False, False, True, False]] * 2


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
