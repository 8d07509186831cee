"""The shop as a Dagster code location: datasets, what is expected of them, when they are made, and who is told."""

import os
from pathlib import Path

import dagster as dg

from dqx_core.datasets import dataset_integrity
from dqx_dagster import (
    DatasetIOManager,
    MetricsIOManager,
    MetricStore,
    dataset_asset,
    dataset_schedule,
    failed_checks_sensor,
    quality_report_asset,
    reverify_job,
    source_assets,
    suite_checks,
    suite_metrics_asset,
)
from examples.shop.definition import shop_definition
from examples.shop.engines import kind, shop_engine
from examples.shop.model import popular_products, tell
from examples.shop.sales import sales_by_category
from examples.shop.suites import DAILY_SUITE, RANKING_SUITE

ROOT = Path(__file__).parent
DATA = Path(os.environ.get("DQX_DATA", ROOT / "data"))
STORE_URL = f"sqlite:///{DATA / 'metrics.db'}"

daily = shop_definition("shop_daily", DATA)
ranking = shop_definition("shop_ranking", DATA)

engine = shop_engine(DATA)  # DuckDB, or BigQuery: nothing else here is different
shop_daily = dataset_asset(daily, kind=kind())
shop_ranking = dataset_asset(ranking, kind=kind())
daily_metrics = suite_metrics_asset(DAILY_SUITE, shop_daily)
sales = sales_by_category(shop_daily)
model = popular_products(shop_ranking, RANKING_SUITE)  # behind a gate
report = quality_report_asset(folder=str(DATA / "reports"), name="shop_report", title="The shop's data")

# How the rows of a day move is said by the suites above, in the shop's own numbers.
daily_integrity = suite_checks(dataset_integrity(daily, rows_of_yesterday=None), shop_daily, granularity="check")
ranking_integrity = suite_checks(dataset_integrity(ranking, rows_of_yesterday=None), shop_ranking, granularity="check")

defs = dg.Definitions(
    assets=[*source_assets([daily, ranking]), shop_daily, shop_ranking, daily_metrics, sales, model, report],
    asset_checks=[
        suite_checks(DAILY_SUITE, shop_daily),
        suite_checks(RANKING_SUITE, shop_ranking),
        daily_integrity,
        ranking_integrity,
    ],
    jobs=[
        dg.define_asset_job("shop", selection=[shop_daily, shop_ranking, daily_metrics, sales]),
        reverify_job(DAILY_SUITE, shop_daily, name="judge_shop_daily_again"),
    ],
    schedules=[
        dataset_schedule(shop_daily, also=[daily_metrics, sales], hour=6),
        dataset_schedule(shop_ranking, hour=6, minute=30),
    ],
    sensors=[failed_checks_sensor(tell)],
    resources={
        "engine": engine,
        "store": MetricStore(url=STORE_URL),
        "metrics_io_manager": MetricsIOManager(url=STORE_URL),
        "datasets_io_manager": DatasetIOManager(engine=engine),
    },
)
