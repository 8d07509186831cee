"""Tables and types have one name, whichever engine spells them."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from dqx_core.datasets import DuckDBCatalog
from dqx_core.datasets.types import literal_of, normal_type
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import engine


@pytest.fixture(scope="module")
def shop():
    shop = engine()
    shop.connection.execute("CREATE VIEW raw_data.big AS SELECT * FROM raw_data.transactions WHERE amount > 100")
    shop.connection.execute("CREATE SCHEMA secret; CREATE TABLE secret.salaries (id INTEGER)")
    return shop


def test_tables_are_those_of_the_allowed_schemas(shop):
    raw = ["raw_data.big", "raw_data.products", "raw_data.transactions"]
    assert DuckDBCatalog(shop).tables() == [*raw, "secret.salaries"]
    assert DuckDBCatalog(shop, ["raw_data"]).tables() == raw
    assert DuckDBCatalog(shop, ["secret"]).tables() == ["secret.salaries"]
    assert DuckDBCatalog(shop, ["secret"]).other_schemas() == ["raw_data"]


def test_every_table_has_a_name_that_finds_it_whatever_is_attached(tmp_path):
    with duckdb.connect(tmp_path / "raw.duckdb") as connection:
        connection.execute(
            f"ATTACH '{tmp_path / 'old.duckdb'}' AS old; CREATE SCHEMA raw; CREATE TEMP TABLE gone (a INT)"
        )
        for name in ("raw.raw.visits", "main.visits", "old.main.visits", "old.main.bills"):
            connection.execute(f"CREATE TABLE {name} AS SELECT i::VARCHAR AS place FROM range(10000) r(i)")
        connection.execute("CREATE VIEW summary AS FROM main.visits; CHECKPOINT; CHECKPOINT old")
        catalog = DuckDBCatalog(DuckDB(connection))

        # DuckDB would not know whether raw.visits is in schema raw, or in a schema of the file raw.duckdb.
        assert catalog.tables() == [
            "main.summary", "main.visits", "raw.raw.visits", "old.main.bills", "old.main.visits",
        ]  # fmt: skip
        assert {each.name: each.kind for each in catalog.described()} == {
            name: "view" if name == "main.summary" else "table" for name in catalog.tables()
        }
        for each in catalog.described():
            assert each.kind == "view" or (each.rows, each.modified is None, bool(each.bytes)) == (10_000, False, True)
            (column,) = catalog.columns(each.name)
            assert (column.name, column.type) == ("place", "STRING")
        assert DuckDBCatalog(DuckDB(connection), ["raw"]).tables() == ["raw.raw.visits"]


def test_a_schema_is_columns_in_order_with_normal_types(shop):
    assert DuckDBCatalog(shop).schema("raw_data.products") == {"id": "INT64", "category": "STRING"}


def test_a_table_that_is_not_there_is_told_with_the_nearest(shop):
    with pytest.raises(
        DefinitionError, match=r"There is no table 'raw_data\.product'\. Did you mean 'raw_data\.products'"
    ):
        DuckDBCatalog(shop).schema("raw_data.product")


@pytest.mark.parametrize(
    ("duckdb", "bigquery", "normal"),
    [
        ("BIGINT", "INTEGER", "INT64"),
        ("TINYINT", "INT64", "INT64"),
        ("DOUBLE", "FLOAT", "FLOAT64"),
        ("FLOAT", "FLOAT64", "FLOAT64"),
        ("BOOLEAN", "BOOLEAN", "BOOL"),
        ("VARCHAR", "STRING(10)", "STRING"),
        ("ENUM('a', 'b')", "STRING", "STRING"),
        ("UUID", "STRING", "STRING"),
        ("BLOB", "BYTES", "BYTES"),
        ("DATE", "DATE", "DATE"),
        ("TIMESTAMP", "DATETIME", "DATETIME"),
        ("TIMESTAMP_NS", "DATETIME", "DATETIME"),
        ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "TIMESTAMP"),
        ("DECIMAL(18,3)", "NUMERIC(18, 3)", "NUMERIC"),
        ("UBIGINT", "NUMERIC", "NUMERIC"),
        ("HUGEINT", "BIGNUMERIC", "BIGNUMERIC"),
        ("DECIMAL(38,2)", "BIGNUMERIC", "BIGNUMERIC"),
        ("VARCHAR[]", "ARRAY<STRING>", "ARRAY<STRING>"),
        ("STRUCT(a INTEGER)", "STRUCT<a INT64>", "STRUCT<a INT64>"),
    ],
)
def test_a_type_has_one_name(duckdb, bigquery, normal):
    assert (normal_type(duckdb, "duckdb"), normal_type(bigquery, "bigquery")) == (normal, normal)


@pytest.mark.parametrize(
    ("value", "type_name", "duckdb", "bigquery"),
    [
        ("it's \\", "STRING", "'it''s \\'", "'it\\'s \\\\'"),
        (-3, "INT64", "-3", "-3"),
        (True, "BOOL", "TRUE", "TRUE"),
        (0.1, "FLOAT64", "CAST(0.1 AS DOUBLE)", "CAST(0.1 AS FLOAT64)"),
        (0.1, "NUMERIC", "CAST('0.1' AS DECIMAL(38, 9))", "CAST('0.1' AS NUMERIC)"),
        (10**20, "BIGNUMERIC", "1" + "0" * 20, "1" + "0" * 20),
        ("2024-01-31", "DATE", "CAST('2024-01-31' AS DATE)", "CAST('2024-01-31' AS DATE)"),
        (dt.date(2024, 1, 31), "DATE", "CAST('2024-01-31' AS DATE)", "CAST('2024-01-31' AS DATE)"),
        (
            "2024-01-31T12:00:00+02:00",
            "TIMESTAMP",
            "CAST('2024-01-31 10:00:00+00:00' AS TIMESTAMPTZ)",
            "CAST('2024-01-31 10:00:00+00:00' AS TIMESTAMP)",
        ),
        (
            "2024-01-31T12:00:00",
            "DATETIME",
            "CAST('2024-01-31 12:00:00' AS TIMESTAMP)",
            "CAST('2024-01-31 12:00:00' AS DATETIME)",
        ),
        (None, "STRING", "NULL", "NULL"),
    ],
)
def test_a_value_is_a_literal_of_its_columns_type(value, type_name, duckdb, bigquery):
    tree = literal_of(value, type_name)
    assert (tree.sql("duckdb"), tree.sql("bigquery")) == (duckdb, bigquery)


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        (1, "STRING"), ("1", "INT64"), (1.5, "INT64"), (True, "INT64"), (1, "BOOL"), ("x", "NUMERIC"), ("x", "FLOAT64"),
        ("2024-01-31", "TIMESTAMP"), (dt.date(2024, 1, 31), "DATETIME"), (dt.datetime(2024, 1, 31), "DATE"),
        ("31.1.2024", "DATE"), ("a", "BYTES"), ("a", "ARRAY<STRING>"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(value, type_name):
    with pytest.raises(ValueError, match=f"is not a value of a {type_name} column"):
        literal_of(value, type_name)


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        (2**63, "INT64"), (10**350, "FLOAT64"), (10**29, "NUMERIC"), (10**39, "BIGNUMERIC"),
        ("0001-01-01T00:00:00+05:00", "TIMESTAMP"),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_beyond_what_a_column_holds_is_refused(value, type_name):
    with pytest.raises(ValueError, match=r"is beyond (what a|the years)"):
        literal_of(value, type_name)
