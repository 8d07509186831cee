"""A small shop that drifts, as pandas frames, and the definitions the tests share.

Products come and go and users move on, so that what is learned from train and from train + eval differs a lot.
"""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from dqx_core.datasets.definition import DatasetDefinition, define
from dqx_core.engines.duckdb import DuckDB

FIRST = dt.date(2024, 1, 1)
DAYS = 14
LAST = FIRST + dt.timedelta(days=DAYS - 1)


def day(number: int) -> dt.date:
    """The day of that number, counted from 1."""
    return FIRST + dt.timedelta(days=number - 1)


def days(first: int, last: int) -> list[dt.date]:
    """The days from one number to another, both included."""
    return [day(number) for number in range(first, last + 1)]


def transactions(seed: int = 1, per_day: int = 200, days: int = DAYS) -> pd.DataFrame:
    """Sales; of product i mostly around day i / 4, of user j around day j / 8; some nulls, negatives and ties."""
    random = np.random.default_rng(seed)
    n = per_day * days
    number = np.repeat(np.arange(days), per_day)
    second = random.integers(0, 86_400, n)
    product = (np.abs(random.normal(0, 10, n)) + number * 4).astype(np.int64)
    user = (np.abs(random.normal(0, 20, n)) + number * 8).astype(np.int64)
    amount = np.round(np.exp(random.normal(2, 1, n)), 2)
    amount[random.random(n) < 0.02] = 0.0
    amount[random.random(n) < 0.01] *= -1
    frame = pd.DataFrame(
        {
            "transaction_id": np.arange(n, dtype=np.int64),
            "customer_id": [f"c{u:04d}" for u in user],
            "product_id": product,
            "transaction_date": np.datetime64(FIRST, "us") + (number * 86_400 + second).astype("timedelta64[s]"),
            "amount": amount,
            "quantity": random.integers(1, 5, n).astype(np.int32),
            "country": random.choice(np.array(["NL", "BE", "DE", "FR"]), n),
        }
    )
    frame.loc[random.random(n) < 0.02, "country"] = None
    return frame


def products() -> pd.DataFrame:
    """Most products that are sold; some have no category, and the newest are missing."""
    ids = np.arange(0, 70, dtype=np.int64)
    return pd.DataFrame({"id": ids, "category": [None if i % 9 == 0 else f"category {i % 5}" for i in ids]})


def engine(tables: dict[str, pd.DataFrame] | None = None, *, threads: int = 2) -> DuckDB:
    """An engine on a new database with these tables in raw_data: the shop, if none are given."""
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("CREATE SCHEMA raw_data")
    for name, frame in (tables or {"transactions": transactions(), "products": products()}).items():
        connection.register("given", frame)
        connection.execute(f'CREATE TABLE raw_data."{name}" AS SELECT * FROM given')
        connection.unregister("given")
    return DuckDB(connection)


RANKING: dict[str, Any] = {
    "name": "ranking",
    "source": {
        "table": "raw_data.transactions",
        "joins": [{"table": "raw_data.products", "on": {"product_id": "id"}}],
    },
    "columns": [
        {"column": "transaction_id"},
        {"column": "customer_id", "role": "user_id"},
        {"column": "product_id", "role": "product_id"},
        {"column": "transaction_date", "role": "timestamp"},
        {"column": "amount", "as": "revenue", "role": "revenue"},
        {"column": "country"},
        {"table": "products", "column": "category"},
    ],
    "nulls": {"category": {"fill": "unknown"}},
    "filters": [
        {"kind": "date_range", "rolling_days": 8},
        {"kind": "values", "column": "country", "include": ["NL", "BE", "DE"]},
        {"kind": "range", "column": "revenue", "min": 0.01},
        {"kind": "top_products", "percent": 80, "by": "revenue"},
        {"kind": "min_transactions", "count": 2},
    ],
    "split": {"strategy": "temporal", "eval_days": 2, "gap_days": 1},
    "partitions": {"start": "2024-01-08"},
}

DAILY: dict[str, Any] = {
    "name": "daily",
    "source": {"table": "raw_data.transactions", "joins": RANKING["source"]["joins"]},
    "columns": [
        {"column": "transaction_id"},
        {"column": "customer_id", "role": "user_id"},
        {"column": "transaction_date", "role": "timestamp"},
        {"column": "amount"},
        {"column": "country"},
        {"table": "products", "column": "category"},
    ],
    "split": {"strategy": "group", "key": "customer_id"},
    "partitions": {"start": "2024-01-01"},
}

SCHEMAS = {
    "raw_data.transactions": {
        "transaction_id": "INT64",
        "customer_id": "STRING",
        "product_id": "INT64",
        "transaction_date": "DATETIME",
        "amount": "FLOAT64",
        "quantity": "INT64",
        "country": "STRING",
    },
    "raw_data.products": {"id": "INT64", "category": "STRING"},
}
"""The normal types of the shop's tables."""


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A definition with other values; `split__key` reaches into `split`, and `filters__3__fit_on` into a list."""
    result = copy.deepcopy(base)
    for path, value in changes.items():
        *way, last = path.split("__")
        place: Any = result
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        place[int(last) if isinstance(place, list) else last] = value
    return result


def ranking(**changes: Any) -> DatasetDefinition:
    """The temporal definition with some values changed."""
    return define(changed(RANKING, **changes))


def daily(**changes: Any) -> DatasetDefinition:
    """The group definition with some values changed."""
    return define(changed(DAILY, **changes))


def rows(table: pa.Table) -> pd.DataFrame:
    """The rows of a result in an order of their own."""
    frame = table.to_pandas()
    return frame.sort_values(list(frame.columns), ignore_index=True)


def bytes_of(root: Path) -> dict[Path, bytes]:
    """The Parquet files below a folder."""
    return {file.relative_to(root): file.read_bytes() for file in sorted(root.rglob("*.parquet"))}
