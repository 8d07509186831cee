"""The linter refuses what BigQuery refuses, and every statement that is written down passes it."""

from __future__ import annotations

from dataclasses import fields, replace

import duckdb
import pytest
import sqlglot

from dqx_core.datasets.catalog import schemas_of
from dqx_core.datasets.tfx import tfx_export
from dqx_core.passes.fitness import ACCEPTED
from dqx_core.sql.types import kind_of
from tests.bigquery.linter import RefusedError, typed
from tests.core.cases import CASES
from tests.core.datasets.shop import daily, day, ranking
from tests.core.sql.test_golden import BIGQUERY, GOLDEN, Table, on_disk, statements

SCHEMA = {
    "raw": {
        "rows": {
            "at": "TIMESTAMP", "clock": "DATETIME", "day": "DATE", "n": "INT64", "x": "FLOAT64", "d": "NUMERIC",
            "s": "STRING", "b": "BOOL", "raw": "BYTES", "items": "ARRAY<INT64>",
        }
    }
}  # fmt: skip

SALES = {
    "transaction_id": "INT64", "customer_id": "STRING", "product_id": "INT64", "transaction_date": "DATETIME",
    "amount": "FLOAT64", "quantity": "INT64", "country": "STRING",
}  # fmt: skip
SHOP = {"raw_data": {"transactions": SALES, "products": {"id": "INT64", "category": "STRING"}}}

REFUSED = {
    "SELECT n FROM raw.rows WHERE at >= DATE '2024-01-01'": "TIMESTAMP, DATE",
    "SELECT n FROM raw.rows WHERE day = at": "DATE, TIMESTAMP",
    "SELECT n FROM raw.rows WHERE clock < at": "DATETIME, TIMESTAMP",
    "SELECT n FROM raw.rows WHERE at BETWEEN DATE '2024-01-01' AND DATE '2024-01-02'": "TIMESTAMP, DATE",
    "SELECT n FROM raw.rows WHERE day IN (SELECT at FROM raw.rows)": "DATE, TIMESTAMP",
    "SELECT n FROM raw.rows WHERE s = 1": "STRING, INT64",
    "SELECT n FROM raw.rows WHERE n = '1'": "INT64, STRING",
    "SELECT n FROM raw.rows WHERE n": "WHERE",
    "SELECT n + s FROM raw.rows": "ADD",
    "SELECT SUM(s) FROM raw.rows": "SUM",
    "SELECT MOD(x, 2) FROM raw.rows": "MOD",
    "SELECT FARM_FINGERPRINT(n) FROM raw.rows": "FARM",
    "SELECT LENGTH(n) FROM raw.rows": "LENGTH",
    "SELECT ARRAY_LENGTH(s) FROM raw.rows": "argument type STRING",
    "SELECT REGEXP_CONTAINS(n, 'a') FROM raw.rows": "REGEXP",
    "SELECT x & 1 FROM raw.rows": "BITWISEAND",
    "SELECT CAST(day AS INT64) FROM raw.rows": "Invalid cast from DATE to INT64",
    "SELECT CAST(b AS FLOAT64) FROM raw.rows": "Invalid cast",
    "SELECT CASE WHEN b THEN n ELSE s END FROM raw.rows": "CASE",
    "SELECT COALESCE(day, at) FROM raw.rows": "COALESCE",
    "SELECT HASH(s) FROM raw.rows": "Function not found: HASH",
    "SELECT s, COUNT(*) FROM raw.rows": "neither grouped nor aggregated",
    "SELECT s, n, COUNT(*) FROM raw.rows GROUP BY s": "neither grouped nor aggregated",
    "SELECT s FROM raw.rows GROUP BY s HAVING n > 1": "neither grouped nor aggregated",
    "SELECT SUM(COUNT(*)) FROM raw.rows": "Aggregations of aggregations",
    "SELECT COUNT(DISTINCT n, s) FROM raw.rows": "COUNT(DISTINCT) takes one",
    "SELECT PERCENTILE_CONT(x, 0.5) FROM raw.rows": "needs OVER",
    "SELECT SUM(n) OVER (PARTITION BY x) FROM raw.rows": "Partitioning by expressions of type FLOAT64",
    "SELECT COUNT(*) FROM raw.rows GROUP BY items": "Grouping by expressions of type ARRAY",
    "SELECT m FROM raw.rows": "m",
    "SELECT n FROM raw.nothing": "n",
}  # fmt: skip

TAKEN = [
    "SELECT n FROM raw.rows WHERE at >= TIMESTAMP '2024-01-01' AND day >= '2024-01-01' AND clock >= '2024-01-01'",
    "SELECT n FROM raw.rows WHERE clock >= DATE '2024-01-01'",
    "SELECT n FROM raw.rows WHERE CAST(at AS DATE) = day AND n < x AND d = n",
    "SELECT s AS t, COUNT(*) FROM raw.rows GROUP BY s",
    "SELECT CONCAT(s, 'a') AS t, COUNT(*) FROM raw.rows GROUP BY CONCAT(s, 'a')",
    "SELECT s, SUM(COUNT(*)) OVER (ORDER BY s) FROM raw.rows GROUP BY s",
    "SELECT CASE WHEN b THEN n ELSE x END, COALESCE(n, 0), IF(b, NULL, s) FROM raw.rows",
    "SELECT SUM(n) OVER (PARTITION BY s ORDER BY day) FROM raw.rows",
    "SELECT CASE WHEN s IS NULL THEN ERROR('null') ELSE s END FROM raw.rows",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_bigquery_refuses_is_refused(sql):
    with pytest.raises(RefusedError) as caught:
        typed(sql, SCHEMA)
    assert REFUSED[sql] in str(caught.value)


@pytest.mark.parametrize("sql", TAKEN)
def test_what_bigquery_takes_is_taken(sql):
    typed(sql, SCHEMA)


def test_duckdb_lets_the_worst_of_it_pass():
    """So that running on DuckDB does not prove it."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA raw")
    connection.execute('CREATE TABLE raw."rows" ("at" TIMESTAMPTZ, day DATE, n BIGINT, x DOUBLE, s VARCHAR)')
    for sql in [*list(REFUSED)[:2], "SELECT n FROM raw.rows WHERE n = '1'", "SELECT MOD(x, 2) FROM raw.rows"]:
        connection.execute(sqlglot.transpile(sql, read="bigquery", write="duckdb", identify=True)[0])
    connection.close()


@pytest.mark.parametrize("spec", CASES, ids=str)
def test_the_golden_sql_of_every_metric_passes(spec):
    for sql in on_disk("bigquery", spec).read_text("utf-8").split(";\n\n"):
        typed(sql, {"raw data": {"rows": BIGQUERY}})


KINDS = {type(spec): spec for spec in CASES if {"column", "among"} & {f.name for f in fields(spec)}}


@pytest.mark.parametrize(
    "type_name",
    ["ARRAY<INT64>", "STRUCT<a INT64>", "ARRAY<STRUCT<a INT64>>", "JSON", "GEOGRAPHY", "INTERVAL", "BYTES", "TIME",
     "BIGNUMERIC", "DATETIME"],
)  # fmt: skip
def test_every_metric_of_a_column_of_any_type_passes_or_is_refused_before(type_name):
    schema = {"yyyy_mm_dd": "DATE", "split": "STRING", "c": type_name, "o": "INT64"}
    passed = set()
    for spec in KINDS.values():
        named = {"column": "c", "order_by": "o", "among": ("c",), "where": None}
        one = replace(spec, **{f.name: named[f.name] for f in fields(spec) if f.name in named})
        if kind_of(type_name, "bigquery") not in ACCEPTED[one.takes_of("c")] or one.kind == "count_values":
            continue
        for tree in statements(Table(schema=schema), one):
            typed(tree.sql("bigquery"), {"raw data": {"rows": schema}})
        passed.add(one.kind)
    assert passed >= {"count", "null_count", "unique_count", "approx_unique_count", "duplicate_count"}


@pytest.mark.parametrize("path", sorted((GOLDEN.parent / "datasets").glob("*.bigquery.sql")), ids=lambda p: p.name)
def test_the_golden_sql_of_every_dataset_passes(path):
    typed(path.read_text("utf-8"), SHOP)


class _Schemas:
    def schema(self, table):
        dataset, name = table.split(".")
        return SHOP[dataset][name]


@pytest.mark.parametrize("definition", [ranking(), daily()], ids=["ranking", "daily"])
def test_the_queries_for_tfx_pass(definition):
    exported = tfx_export(definition, day(10), schemas_of(definition, _Schemas()))
    for split in exported.config["input_config"]["splits"]:
        typed(split["pattern"], SHOP)
