"""What is said of columns is what pandas says of them, whatever they are called."""

from __future__ import annotations

import datetime as dt

import duckdb
import pandas as pd
import pytest

from dqx_core.datasets import DuckDBCatalog, column_stats, samples
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import engine, transactions

TABLE = "raw_data.transactions"


@pytest.fixture(scope="module")
def shop():
    return engine()


@pytest.fixture(scope="module")
def schema(shop):
    return DuckDBCatalog(shop).schema(TABLE)


def test_stats_are_those_of_the_rows_in_one_scan(shop, schema):
    before = len(shop.statements)
    found = {each.column: each for each in column_stats(TABLE, schema, engine=shop)}
    frame = transactions()

    assert len(shop.statements) == before + 1
    assert list(found) == list(frame)
    for column in frame:
        assert (found[column].nulls, found[column].distinct) == (frame[column].isna().sum(), frame[column].nunique())
    amount = found["amount"]
    assert (amount.min, amount.max) == (frame["amount"].min(), frame["amount"].max())
    assert amount.mean == pytest.approx(frame["amount"].mean())
    assert amount.stddev == pytest.approx(frame["amount"].std())
    assert found["transaction_id"].uniqueness == 1
    assert (
        found["transaction_date"].range_days == (frame["transaction_date"].max() - frame["transaction_date"].min()).days
    )
    assert (found["country"].min, found["country"].mean) == ("BE", None)


def test_sketches_are_near(shop, schema):
    (exact,) = column_stats(TABLE, schema, ["customer_id"], engine=shop)
    (sketched,) = column_stats(TABLE, schema, ["customer_id"], engine=shop, approximate=True)
    assert sketched.distinct == pytest.approx(exact.distinct, rel=0.15)


def test_an_empty_table_has_no_shares():
    shop = engine({"none": pd.DataFrame({"x": pd.Series([], dtype="float64")})})
    (found,) = column_stats("raw_data.none", {"x": "FLOAT64"}, engine=shop)
    assert (found.rows, found.null_share, found.uniqueness, found.min) == (0, 0.0, None, None)


def test_samples_come_by_frequency_then_value_with_null(shop, schema):
    found = samples(TABLE, schema, "country", engine=shop)
    counted = transactions()["country"].value_counts(dropna=False)

    assert {each.value: each.count for each in found} == {
        None if pd.isna(value) else value: count for value, count in counted.items()
    }
    assert [each.count for each in found] == sorted(counted, reverse=True)
    with pytest.raises(DefinitionError, match=r"Ask for 1 to 1,000"):
        samples(TABLE, schema, "country", engine=shop, limit=0)


def test_names_that_must_be_quoted_and_many_columns_work():
    odd = 'se"lect'
    shop = engine({'we ""ird': pd.DataFrame({odd: [1, 2], **{f"c{n}": [n, n] for n in range(100)}})})
    catalog = DuckDBCatalog(shop)
    (table,) = catalog.tables()
    found = column_stats(table, catalog.schema(table), engine=shop)

    assert (len(found), found[0].distinct, found[-1].mean) == (101, 2, 99.0)
    assert catalog.columns(table)[0].name == odd


def test_a_database_file_says_sizes_descriptions_and_when_it_was_written(tmp_path):
    with duckdb.connect(tmp_path / "x.duckdb") as connection:
        connection.execute(
            'CREATE SCHEMA raw_data; CREATE TABLE raw_data."big ""one" AS SELECT * FROM range(300_000) t(i)'
        )
        connection.execute("CREATE TABLE raw_data.small (a INTEGER NOT NULL, b VARCHAR)")
        connection.execute("COMMENT ON TABLE raw_data.small IS 'few'; COMMENT ON COLUMN raw_data.small.b IS 'words'")
        connection.execute("CREATE VIEW raw_data.seen AS SELECT 1 AS a; CREATE TABLE elsewhere AS SELECT 1 AS a")
    shop = DuckDB(database=tmp_path / "x.duckdb", read_only=True)
    catalog = DuckDBCatalog(shop, ["raw_data"])
    found = {each.name: each for each in catalog.described()}

    assert list(found) == ['raw_data.big "one', "raw_data.seen", "raw_data.small"]
    big, seen, small = found.values()
    assert (big.rows, big.bytes > 0, big.kind) == (300_000, True, "table")
    assert (seen.rows, seen.bytes, seen.kind) == (None, None, "view")
    assert (small.description, small.columns) == ("few", 2)
    assert abs(dt.datetime.now(dt.UTC) - big.modified) < dt.timedelta(hours=1)
    assert [(c.nullable, c.description) for c in catalog.columns("raw_data.small")] == [(False, None), (True, "words")]
    shop.close()
