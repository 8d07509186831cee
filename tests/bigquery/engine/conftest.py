"""A table of sales on the local server, the engine over it, and a suite that judges it."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from sqlglot import exp

from dqx_core import InMemoryMetricDB, VerificationSuite, check
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables, Layout

DAYS = [dt.date(2024, 1, day) for day in range(1, 5)]


def rows(days=DAYS, per_day=3):
    listed = [(day, float(n), f"s{n}", "train" if n else "eval") for day in days for n in range(per_day)]
    day, price, email, split = zip(*listed, strict=True)
    return pa.table({"day": pa.array(day), "price": price, "email": email, "split": split})


@pytest.fixture
def engine(server, client):
    made = BigQuery(client)
    tables = BigQueryTables(made)
    tables.make_dataset("shop")
    tables.load(rows(), "shop.sales", Layout("day", ("split",)))
    return made


@pytest.fixture
def source(engine):
    return BigQueryDataSource.from_table(engine, "shop.sales", "sales", dimensions={"split": "split"})


@check(name="Prices", datasets=["sales"])
def prices(mp, ctx):
    ctx.assert_that(mp.average("price")).where(name="Average").is_eq(1.0)
    ctx.assert_that(mp.num_rows() - mp.num_rows(lag=1)).where(name="As many as yesterday").is_zero()
    ctx.assert_that(mp.unique_count("email")).where(name="Emails").is_eq(3)


def suite(db=None, **options):
    return VerificationSuite([prices], db or InMemoryMetricDB(), "Prices & co", **options)


def select(*columns, table="sales"):
    return exp.select(*columns).from_(exp.table_(table, db="shop", quoted=True))


def described(server, table, **changes):
    """Have the project say something else of a table of dataset `shop`."""
    server.warehouse.say("shop", table, server.warehouse.said("shop", table) | changes)
