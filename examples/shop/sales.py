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
        revenue = sales.groupby(["date", "split", "category"], dropna=False, as_index=False)["amount"].sum()
        for row in revenue[["date", "split"]].drop_duplicates().itertuples(index=False):
            part = revenue[(revenue["date"] == row.date) & (revenue["split"] == row.split)]
            best = part.sort_values("amount", ascending=False).iloc[0]
            context.add_asset_metadata(
                {"revenue": float(part["amount"].sum()), "best category": str(best["category"])},
                partition_key=str(dg.MultiPartitionKey({"date": str(row.date), "split": str(row.split)})),
            )
        return dg.MaterializeResult()

    return asset
