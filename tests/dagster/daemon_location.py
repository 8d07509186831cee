"""The dataset of sales over thirty days as a code location in a file, for real processes; $DQX_TEST_FOLDER says where.

`waiting` is downstream of it and waits to be ended: it says in a file that it has begun.
"""

import os
import time
from pathlib import Path

import dagster as dg

from dqx_core import Context, MetricProvider, Suite, check
from dqx_core.datasets import dataset_integrity
from dqx_dagster import dataset_asset, suite_checks, suite_metrics_asset
from tests.dagster.warehouse import definition, location

FOLDER = Path(os.environ["DQX_TEST_FOLDER"])
DAYS = 30


@check(name="Sales", datasets=["sales"])
def sales_check(mp: MetricProvider, ctx: Context) -> None:
    rows = mp.num_rows()
    ctx.assert_that(rows).where(name="There are some", severity="P0").is_positive()
    ctx.assert_that(mp.ext.day_over_day(rows)).where(name="Rows move < 20 % a day", severity="P2").is_lt(0.2)


SUITE = Suite("Sales", (sales_check,))
DEFINITION = definition(partitions={"start": "2026-01-01", "end": f"2026-01-{DAYS}"})
INTEGRITY = dataset_integrity(DEFINITION)

sales = dataset_asset(DEFINITION)


@dg.asset(deps=[sales], partitions_def=sales.partitions_def, backfill_policy=dg.BackfillPolicy.single_run())
def waiting(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    (FOLDER / context.run.run_id).touch()
    time.sleep(120)
    return dg.MaterializeResult()


defs = location(
    FOLDER,
    sales,
    waiting,
    suite_checks(SUITE, sales),
    suite_checks(INTEGRITY, sales),
    suite_metrics_asset(SUITE, sales),
)
