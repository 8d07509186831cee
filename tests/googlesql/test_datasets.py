"""The rows of a dataset are the same on Google's evaluator as on DuckDB: filters, splits, samples, folds, the shop."""

import datetime as dt
from decimal import Decimal

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from dqx_core import DuckDB
from dqx_core.datasets import define, partition_query, render
from dqx_core.sql.fingerprint import register
from tests.core.datasets import shop
from tests.core.datasets.test_golden_sql import DATE, DEFINITIONS, SCHEMAS, query
from tests.googlesql.evaluator import evaluate, needed
from tests.googlesql.side_by_side import ARROW

pytestmark = [needed(), pytest.mark.xdist_group("googlesql")]

COLUMNS = {
    "id": "INT64", "k": "STRING", "g": "INT64", "x": "FLOAT64", "d": "NUMERIC", "day": "DATE", "at": "DATETIME",
    "ts": "TIMESTAMP", "y": "BYTES", "b": "BOOL",
}  # fmt: skip
KEYS, GROUPS = ["a", "b", " ", "é", "日本", "a|b", "", "A"], [1, 2, -5, 2**62, -(2**63)]
SIZES = [1.0, 2.0, 3.5, -0.0, 0.0, None, 5e9 + 0.1, 1e8 + 0.25, 0.1, 0.2, 12345678.905, -3.5]
ROWS = [
    {
        "id": i, "k": KEYS[i % 8], "g": GROUPS[i % 5], "x": x, "d": Decimal(i) / 8, "day": dt.date(2024, 1, 1 + i % 9),
        "at": dt.datetime(2024, 1, 1 + i % 9, 23, 59, 59, 999999),
        "ts": dt.datetime(2024, 1, 1 + i % 9, 23, 30, tzinfo=dt.UTC), "y": [b"\xff", b"", b"a"][i % 3],
        "b": [True, False, None][i % 3],
    }
    for i, x in enumerate(SIZES)
]  # fmt: skip


def on_google(tree, schemas, content):
    """The rows; the evaluator has rows in tables of no dataset only."""
    sql = render(tree, "bigquery")
    for full in schemas:
        dataset, name = full.split(".")
        sql = sql.replace(f"`{dataset}`.`{name}`", f"`{dataset}_{name}`")
    return evaluate(sql, {full.replace(".", "_"): (schemas[full], content[full]) for full in schemas})


def comparable(rows):
    def plain(value):
        return value.normalize() if isinstance(value, Decimal) else value

    return sorted((sorted((name, plain(value)) for name, value in row.items()) for row in rows), key=repr)


def rows_of(frame, schema):
    def plain(value, type_name):
        if pd.isna(value):
            return None
        if type_name == "DATETIME":
            return pd.Timestamp(value).to_pydatetime()
        return int(value) if type_name == "INT64" else value

    return [{name: plain(row[name], kind) for name, kind in schema.items()} for row in frame.to_dict("records")]


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=list(DEFINITIONS))
def test_the_shop_gives_the_same_rows(definition):
    transactions, products = shop.transactions(per_day=15), shop.products()
    engine = shop.engine({"transactions": transactions, "products": products})
    register(engine.connection)
    frames = {"raw_data.transactions": transactions, "raw_data.products": products}
    content = {full: rows_of(frame, SCHEMAS[full]) for full, frame in frames.items()}

    here = engine.run(query(definition)).to_pylist()

    assert here
    assert comparable(here) == comparable(on_google(partition_query(definition, DATE, SCHEMAS), SCHEMAS, content))


def temporal(time, zone):
    return {
        "time": time, "split": {"strategy": "temporal", "eval_days": 2, "gap_days": 1, "test_days": 1},
        "partitions": {"start": "2024-01-01", "timezone": zone, "content": "snapshot"},
        "filters": [{"kind": "date_range", "rolling_days": 7}],
    }  # fmt: skip


def by(key):
    return {
        "split": {"strategy": "group", "key": key, "parts": {"train": 70, "eval": 20, "test": 10}},
        "folds": {"count": 3, "key": key}, "sample": {"percent": 60, "key": key, "salt": "s"},
    }  # fmt: skip


CHANGES = {
    "plain": {},
    **{f"group by {key}": by(key) for key in ("k", "g", "day", "y")},
    "group by two": by(["k", "g"]),
    **{f"temporal {time} {zone}": temporal(time, zone)
       for time, zone in (("day", "UTC"), ("at", "Europe/Amsterdam"), ("ts", "America/New_York"))},
    "values": {"filters": [{"kind": "values", "column": "x", "include": [0.0, 1.0]}]},
    "not values": {"filters": [{"kind": "values", "column": "k", "exclude": ["a", "a|b"]}]},
    "range of decimals": {"filters": [{"kind": "range", "column": "d", "min": "0.1", "max": "1.25"}]},
    "range of doubles": {"filters": [{"kind": "range", "column": "x", "min": "-3.5", "max": "0.2"}]},
    "range of integers": {"filters": [{"kind": "range", "column": "g", "min": -(2**63), "max": 2**62 - 1}]},
    "least transactions": {"filters": [{"kind": "min_transactions", "count": 2}]},
    "top": {"filters": [{"kind": "top_users", "percent": 50}]},
    **{f"aggregate {function}": {"filters": [
        {"kind": "aggregate", "per": "k", "function": function, "column": "x", "min": 0, "max": 1000}]}
       for function in ("count", "count_distinct", "sum", "average", "minimum", "maximum")},
    "split by column": {"split": {"strategy": "column", "column": "k", "others": "drop",
                                  "parts": {"train": ["a", "é"], "eval": ["b", ""]}}},
    "nulls": {"nulls": {"x": {"fill": 0.5}}},
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_awkward_rows_are_the_same(change):
    change = dict(change)
    roles = {change.pop("time", "at"): "timestamp", "k": "user_id", "x": "revenue"}
    definition = define(
        {
            "name": "t",
            "source": {"table": "raw_data.t"},
            "columns": [{"column": name} | ({"role": roles[name]} if name in roles else {}) for name in COLUMNS],
            "split": {"strategy": "none"},
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
            **change,
        }
    )
    schemas, date = {"raw_data.t": COLUMNS}, dt.date(2024, 1, 10)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA raw_data")
    types = pa.schema({name: ARROW[type_name] for name, type_name in COLUMNS.items()})
    connection.register("given", pa.Table.from_pylist(ROWS, schema=types))
    connection.execute("CREATE TABLE raw_data.t AS FROM given")
    register(connection)
    tree = partition_query(definition, date, schemas)

    here = DuckDB(connection).run(tree).to_pylist()

    assert comparable(here) == comparable(on_google(tree, schemas, {"raw_data.t": ROWS}))
