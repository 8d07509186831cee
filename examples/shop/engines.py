"""Where the shop's datasets are made: DuckDB beside its files, or BigQuery, by one resource."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dqx_dagster import DuckDBEngine

if TYPE_CHECKING:
    from dqx_core.datasets.service import DatasetService
    from dqx_core.store import MetricDB
    from dqx_dagster.resources import DatasetEngine

PROJECT = "DQX_BIGQUERY_PROJECT"
"""The variable that names a project of Google Cloud; without it the shop runs on DuckDB."""

PRICE = 6.25
"""US dollars for a TiB read, on demand, in most regions; look up your own."""


def kind() -> str:
    """What the UI calls the engine."""
    return "bigquery" if os.environ.get(PROJECT) else "duckdb"


def load_raw_tables(database: Path) -> list[str]:
    """Put the shop's raw tables into the project, unless they are there; loading costs nothing.

    Returns:
        The tables that were loaded.
    """
    from sqlglot import exp

    from dqx_core.datasets.catalog import DuckDBCatalog
    from dqx_core.engines.bigquery import BigQuery
    from dqx_core.engines.bigquery_tables import BigQueryTables, Layout
    from dqx_core.engines.duckdb import DuckDB
    from dqx_core.errors import DefinitionError
    from dqx_core.sql.names import table_of

    engine = shop_engine(database.parent).connect()
    if not isinstance(engine, BigQuery):
        raise DefinitionError(f"There is no project to load tables into: set {PROJECT}.")
    here, tables = DuckDB(database=database, read_only=True), BigQueryTables(engine)
    loaded = []
    try:
        tables.make_dataset("raw_data")
        for name in DuckDBCatalog(here, ("raw_data",)).tables():
            rows = here.run(exp.select("*").from_(table_of(name)))
            there = tables.described(name)
            if there is None or there.rows != rows.num_rows:
                # Parted by the moment of the sale, so that a day's partition reads a day.
                moment = "transaction_date" if "transaction_date" in rows.column_names else None
                tables.load(rows, name, Layout(partitioned_by=moment))
                loaded.append(name)
    finally:
        here.close()
        engine.close()
    return loaded


def shop_engine(data: Path) -> DatasetEngine:
    """The engine of the code location. On BigQuery the raw tables are in the dataset `raw_data` of the project."""
    if project := os.environ.get(PROJECT):
        from dagster_gcp import BigQueryResource

        from dqx_dagster import BigQueryEngine

        limit, patience = os.environ.get("DQX_MAXIMUM_BYTES_BILLED"), os.environ.get("DQX_BIGQUERY_PATIENCE")
        return BigQueryEngine(
            bigquery=BigQueryResource(project=project, gcp_credentials=os.environ.get("DQX_GCP_CREDENTIALS")),
            datasets=os.environ.get("DQX_BIGQUERY_DATASET", "dqx_shop"),
            maximum_bytes_billed=int(limit) if limit else None,
            price_per_tib=PRICE,
            patience=float(patience) if patience else None,
        )
    return DuckDBEngine(database=str(data / "shop.duckdb"), datasets=str(data / "datasets"))


@contextmanager
def shop_datasets(data: Path, store: MetricDB) -> Iterator[DatasetService]:
    """The shop's definitions over its tables and partitions, wherever the engine has them."""
    from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
    from dqx_core.datasets.catalog import DuckDBCatalog
    from dqx_core.datasets.service import DatasetService
    from dqx_core.engines.bigquery import BigQuery
    from dqx_core.engines.duckdb import DuckDB

    resource = shop_engine(data)
    engine = resource.connect()
    assert isinstance(engine, BigQuery | DuckDB)
    catalog = (
        BigQueryCatalog(engine, ("raw_data",)) if isinstance(engine, BigQuery) else DuckDBCatalog(engine, ("raw_data",))
    )
    folder = Path(__file__).parent / "datasets"
    try:
        yield DatasetService(catalog, engine, store, folder=folder, storage=resource.storage)
    finally:
        engine.close()
