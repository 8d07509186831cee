"""The operations of the service over BigQuery, and what a query would cost."""

from __future__ import annotations

import pytest
import sqlglot
from google.cloud import bigquery

from dqx_core import InMemoryMetricDB
from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
from dqx_core.datasets.service import DatasetService
from dqx_core.engines.jobs import recording
from dqx_core.errors import DefinitionError
from tests.bigquery.datasets.conftest import TABLES
from tests.core.datasets import shop
from tests.core.datasets.shop import day


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
