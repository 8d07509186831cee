"""A consumer that trains only on partitions that are good, and who is told when some are not."""

import dagster as dg
import pandas as pd

from dqx_core import Suite
from dqx_dagster import FailedChecks, require_checks


def popular_products(dataset: dg.AssetsDefinition, suite: Suite) -> dg.AssetsDefinition:
    """An asset that ranks the products of a partition; the gate stops it on one that failed, or was never judged."""

    @dg.asset(
        name="popular_products",
        ins={"purchases": dg.AssetIn(dataset.key)},
        partitions_def=dataset.partitions_def,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"store"},
        group_name="consumers",
        kinds={"pandas"},
        description="The products that sell best: a model, as far as the shop is concerned.",
    )
    @require_checks(suite, dataset)
    def asset(context: dg.AssetExecutionContext, purchases: pd.DataFrame) -> dg.MaterializeResult[None]:
        best = purchases.groupby("product_id")["quantity"].sum().nlargest(10)
        return dg.MaterializeResult(metadata={"products": ", ".join(map(str, best.index)), "sold": int(best.sum())})

    return asset


def tell(failed: FailedChecks) -> None:
    """Where Slack, mail or a pager would be asked: here it is a line in the daemon's log."""
    dg.get_dagster_logger("shop").warning(str(failed))
