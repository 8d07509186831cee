"""A consumer of a dataset: what a model team builds on it."""

import dagster as dg
import pandas as pd


def sales_by_category(dataset: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """An asset that sums up each partition of the daily dataset by category."""

    @dg.asset(
        name="sales_by_category",
        ins={"sales": dg.AssetIn(dataset.key)},
        partitions_def=dataset.partitions_def,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="consumers",
        kinds={"pandas"},
        description="Revenue by category, of each day and split.",
    )
    def asset(context: dg.AssetExecutionContext, sales: pd.DataFrame) -> dg.MaterializeResult[None]:
        revenue = sales.groupby(["date", "split", "category"], dropna=False)["amount"].sum()
        for (day, split), part in revenue.groupby(level=["date", "split"]):
            categories = part.droplevel(["date", "split"]).sort_values(ascending=False)
            context.add_asset_metadata(
                {"revenue": float(categories.sum()), "best category": str(categories.index[0])},
                partition_key=str(dg.MultiPartitionKey({"date": str(day), "split": str(split)})),
            )
        return dg.MaterializeResult()

    return asset
