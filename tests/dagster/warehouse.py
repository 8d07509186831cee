"""A small warehouse, and datasets of every shape over it: the world of the tests of datasets as assets.

Thirty days from 2026-01-01 of 200 sales a day to 50 customers, of 20 products; the datasets end after ten.
"""

from pathlib import Path

import dagster as dg
import duckdb

from dqx_core.datasets import DatasetDefinition, define
from dqx_dagster import DatasetIOManager, DuckDBEngine, MetricsIOManager, MetricStore

SALES = """
    CREATE TABLE raw_data.sales AS
    SELECT i AS id, TIMESTAMP '2026-01-01' + to_seconds(i * 432) AS sold, 'c' || (i * 7919 % 50) AS customer,
        i % 20 AS product, 1.0 + i % 9 AS price, CASE WHEN hash(i) % 5 = 0 THEN 'eval' ELSE 'train' END AS part
    FROM range(6000) AS r(i)
"""
PRODUCTS = "CREATE TABLE raw_data.products AS SELECT i AS id, 'p' || i AS name FROM range(20) AS r(i)"

COLUMNS = [
    {"column": "id"},
    {"column": "sold", "role": "timestamp"},
    {"column": "customer", "role": "user_id"},
    {"column": "product", "role": "product_id"},
    {"column": "price", "role": "revenue"},
    {"column": "part"},
]
GROUP = {"strategy": "group", "key": "customer"}
TEMPORAL = {"strategy": "temporal", "eval_days": 1, "gap_days": 1}
LAST = "2026-01-10"


def definition(**changes: object) -> DatasetDefinition:
    """A dataset of sales, split by customer unless it is said otherwise; None takes a key away."""
    written = {
        "name": "sales",
        "status": "active",
        "source": {
            "table": "raw_data.sales",
            "joins": [{"table": "raw_data.products", "on": {"product": "id"}}],
        },
        "columns": [*COLUMNS, {"table": "products", "column": "name"}],
        "split": GROUP,
        "partitions": {"start": "2026-01-01", "end": LAST},
        **changes,
    }
    return define({key: value for key, value in written.items() if value is not None})


def without_time() -> list[dict[str, str]]:
    """The columns of a dataset of which nobody says when a row happened."""
    return [each for each in COLUMNS if each["column"] != "sold"]


def make(folder: Path) -> Path:
    """The warehouse, in a DuckDB file."""
    file = folder / "warehouse.duckdb"
    with duckdb.connect(str(file)) as warehouse:
        warehouse.execute("CREATE SCHEMA raw_data")
        warehouse.execute(SALES)
        warehouse.execute(PRODUCTS)
    return file


def change(folder: Path, statement: str) -> None:
    """Change the warehouse."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute(statement)


def resources(folder: Path) -> dict[str, object]:
    """What assets and checks take."""
    store = f"sqlite:///{folder / 'metrics.db'}"
    return {
        "engine": DuckDBEngine(database=str(folder / "warehouse.duckdb"), datasets=str(folder / "datasets")),
        "store": MetricStore(url=store),
        "datasets_io_manager": DatasetIOManager(datasets=str(folder / "datasets")),
        "metrics_io_manager": MetricsIOManager(url=store),
    }


def location(folder: Path, *assets: dg.AssetsDefinition, **more: object) -> dg.Definitions:
    """A code location of assets and checks over the warehouse."""
    checks = [each for each in assets if isinstance(each, dg.AssetChecksDefinition)]
    return dg.Definitions(
        assets=[each for each in assets if not isinstance(each, dg.AssetChecksDefinition)],
        asset_checks=checks,
        resources=resources(folder),
        executor=dg.in_process_executor,
        **more,
    )
