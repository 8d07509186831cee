"""The SQL of a dataset: golden in both dialects, and the same rows from both."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pandas as pd
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from dqx_core.datasets import (
    Aggregate,
    DuckDBCatalog,
    Group,
    Join,
    Temporal,
    json_schema,
    partition_query,
    render,
    schemas_of,
)
from dqx_core.sql.fingerprint import register
from tests.core.datasets.shop import SCHEMAS, daily, engine, ranking, rows

GOLDEN = Path(__file__).parents[2] / "golden" / "datasets"
DEFINITIONS = {
    "ranking": ranking(),
    "daily": daily(),
    "folded": daily(
        name="folded",
        partitions__content="snapshot",
        sample={"percent": 40, "key": "customer_id"},
        folds=5,
        filters=[
            {"kind": "aggregate", "per": "country", "function": "average", "column": "amount", "min": 1.5, "max": 900},
            {"kind": "aggregate", "per": "customer_id", "function": "count", "min": 2},
        ],
    ),
    "whole": ranking(
        name="whole",
        split={"strategy": "none"},
        filters=[
            {"kind": "range", "column": "transaction_date", "min": "2024-01-03T12:00:00"},
            {"kind": "top_users", "percent": 60},
            {"kind": "aggregate", "per": "product_id", "function": "maximum", "column": "revenue", "max": 60.5},
        ],
        partitions__content="snapshot",
    ),
    "labelled": ranking(
        name="labelled",
        source__joins__0__how="inner",
        nulls={"country": "fail"},
        split={"strategy": "column", "column": "country", "parts": {"train": ["NL", "BE"], "eval": "DE", "test": "FR"}},
        filters=[
            {"kind": "date_range", "start": "2024-01-02", "end": "2024-01-31"},
            {"kind": "values", "column": "country", "exclude": [None]},
            {"kind": "aggregate", "per": "product_id", "function": "count_distinct", "column": "customer_id", "min": 2},
            {"kind": "aggregate", "per": "product_id", "function": "sum", "column": "revenue", "min": 5},
            {"kind": "aggregate", "per": "customer_id", "function": "minimum", "column": "revenue", "min": -50},
        ],
        partitions__content="snapshot",
    ),
    "paired": daily(
        name="paired",
        split={
            "strategy": "group",
            "key": ["customer_id", "country"],
            "parts": {"train": 60.5, "eval": 29.5, "test": 10},
            "null_key": "eval",
        },
        filters=[{"kind": "date_range", "rolling_months": 1}],
    ),
    "tested": ranking(name="tested", split={"strategy": "temporal", "eval_days": 2, "gap_days": 1, "test_days": 1}),
}
DATE = dt.date(2024, 1, 10)

both_dialects = pytest.mark.parametrize("dialect", ["duckdb", "bigquery"])
both_definitions = pytest.mark.parametrize("name", DEFINITIONS)


@pytest.fixture(scope="module")
def shop():
    return engine()


def query(definition, splits=None):
    return partition_query(definition, DATE, SCHEMAS, splits=splits)


@both_definitions
@both_dialects
def test_the_sql_is_the_golden_one(name, dialect):
    """To accept new SQL: UPDATE_GOLDEN=1 pytest …, then read the diff."""
    file = GOLDEN / f"{name}.{dialect}.sql"
    sql = render(query(DEFINITIONS[name]), dialect) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql, "utf-8")
    assert sql == file.read_text("utf-8")


def words(model, field):
    """The words that a field of a model takes."""
    return set(model.model_json_schema()["properties"][field]["enum"])


def test_every_filter_function_strategy_join_and_null_rule_has_golden_sql():
    definitions = list(DEFINITIONS.values())
    filters = [each for definition in definitions for each in definition.filters]
    schema = json_schema()
    assert {each.kind for each in filters} == set(
        schema["properties"]["filters"]["items"]["properties"]["kind"]["enum"]
    )
    assert {each.function for each in filters if each.kind == "aggregate"} == words(Aggregate, "function")
    assert {each.split.strategy for each in definitions} == set(
        schema["properties"]["split"]["properties"]["strategy"]["enum"]
    )
    assert {join.how for each in definitions for join in each.source.joins} == words(Join, "how")
    assert {rule if isinstance(rule, str) else "fill" for each in definitions for rule in each.nulls.values()} == {
        "fail", "fill",
    }  # fmt: skip
    assert {each.content for each in definitions} == {"snapshot", "increment"}
    assert any(each.sample for each in definitions)
    assert any(each.folds for each in definitions)
    assert any(isinstance(each.split, Temporal) and each.split.test_days for each in definitions)
    assert any(isinstance(each.split, Group) and isinstance(each.split.key, tuple) for each in definitions)


@both_definitions
def test_the_golden_sql_gives_the_rows_of_the_tree_on_duckdb(shop, name):
    register(shop.connection)
    golden = shop.connection.sql((GOLDEN / f"{name}.duckdb.sql").read_text("utf-8")).to_arrow_table()
    assert golden.num_rows > 100
    pd.testing.assert_frame_equal(rows(golden), rows(shop.run(query(DEFINITIONS[name]))))


@both_definitions
def test_the_golden_sql_for_bigquery_means_the_same_rows(shop, name):
    tree = sqlglot.parse_one((GOLDEN / f"{name}.bigquery.sql").read_text("utf-8"), dialect="bigquery")
    for cast in tree.find_all(exp.Cast):
        if cast.to.this == exp.DataType.Type.DECIMAL and not cast.to.expressions:
            cast.set("to", exp.DataType.build("DECIMAL(38, 9)"))  # what BigQuery's NUMERIC is
    pd.testing.assert_frame_equal(rows(shop.run(tree)), rows(shop.run(query(DEFINITIONS[name]))))


@both_definitions
def test_the_golden_sql_for_bigquery_names_only_columns_there_are(name):
    nested: dict[str, object] = {"raw_data": {table.split(".")[1]: columns for table, columns in SCHEMAS.items()}}
    tree = sqlglot.parse_one((GOLDEN / f"{name}.bigquery.sql").read_text("utf-8"), dialect="bigquery")
    qualify(tree, dialect="bigquery", schema=nested, validate_qualify_columns=True)


@both_definitions
def test_the_schema_of_the_shop_is_the_one_the_golden_sql_is_made_for(shop, name):
    assert schemas_of(DEFINITIONS[name], DuckDBCatalog(shop)) == SCHEMAS


@both_definitions
@both_dialects
def test_nothing_depends_on_the_clock_or_on_chance(name, dialect):
    tree = sqlglot.parse_one(render(query(DEFINITIONS[name]), dialect), dialect=dialect)
    calls = {node.sql_name() for node in tree.find_all(exp.Func)} | {
        n.name.upper() for n in tree.find_all(exp.Anonymous)
    }
    assert not {call for call in calls if call.startswith(("CURRENT", "NOW", "RAND", "GENERATE_UUID", "UUID"))}
    assert all(identifier.quoted for identifier in tree.find_all(exp.Identifier))


def test_splits_asked_for_are_the_same_rows_as_in_all_of_them(shop):
    for definition in DEFINITIONS.values():
        whole = rows(shop.run(query(definition)))
        for split in definition.split.part_names:
            part = rows(shop.run(query(definition, [split])))
            expected = whole[whole["split"] == split][list(part.columns)].reset_index(drop=True)
            pd.testing.assert_frame_equal(part, expected, check_dtype=False)  # a fold is null in eval
