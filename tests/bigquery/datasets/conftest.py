"""The shop's tables in a project, and where datasets made of them are kept."""

from __future__ import annotations

import pytest

from dqx_core import InMemoryMetricDB
from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
from dqx_core.datasets.bigquery_storage import BigQueryStorage
from dqx_core.datasets.service import DatasetService
from dqx_core.engines.bigquery import BigQuery
from tests.core.datasets import shop
from tests.core.datasets.shop import changed, day

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


def days(first, last):
    return [day(number) for number in range(first, last + 1)]


@pytest.fixture
def service(engine, storage, tmp_path):
    db = InMemoryMetricDB()
    made = DatasetService(BigQueryCatalog(engine), engine, db, folder=tmp_path / "definitions", storage=storage)
    made.create(changed(shop.DAILY, status="active"))
    yield made
    db.close()
