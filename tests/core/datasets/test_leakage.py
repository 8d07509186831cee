"""What happens in eval does not change train: not a row, not a byte."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dqx_core.datasets import manifest, materialize
from tests.core.datasets.shop import daily, day, engine, products, ranking, transactions

DATE = day(12)
TRAIN_ENDS = pd.Timestamp(day(10))


def spoilt(sales: pd.DataFrame, rows: pd.Series, seed: int) -> pd.DataFrame:
    """The same sales, but those rows are lost, doubled, or of other products, users and amounts."""
    random = np.random.default_rng(seed)
    changed = sales[rows].sample(frac=1.3, replace=True, random_state=seed)
    changed = changed.assign(
        product_id=random.permutation(changed["product_id"]) // 3,
        amount=np.round(changed["amount"] * random.integers(0, 100, len(changed)), 2),
    )
    return pd.concat([changed, sales[~rows]], ignore_index=True)


def written(definition, sales, root):
    shop = engine({"transactions": sales, "products": products()})
    return {result.split: result for result in materialize(definition, [DATE], engine=shop, root=root)}


def data(result):
    return (result.path / "part-0.parquet").read_bytes()


@pytest.mark.parametrize("seed", range(4))
def test_days_after_train_do_not_change_train(tmp_path, seed):
    sales = transactions()
    before = written(ranking(), sales, tmp_path / "before")
    after = written(ranking(), spoilt(sales, sales["transaction_date"] >= TRAIN_ENDS, seed), tmp_path / "after")
    assert data(after["train"]) == data(before["train"])
    assert after["train"].data_version == before["train"].data_version
    assert after["eval"].data_version != before["eval"].data_version
    assert after["train"].rows > 50


def test_a_filter_fitted_on_all_rows_does_leak(tmp_path):
    """Without this the test above proves nothing."""
    sales = transactions()
    leaking = ranking(filters__3__fit_on="all")
    before = written(leaking, sales, tmp_path / "before")
    after = written(leaking, spoilt(sales, sales["transaction_date"] >= TRAIN_ENDS, 1), tmp_path / "after")
    assert data(after["train"]) != data(before["train"])
    assert manifest(tmp_path / "before", "ranking", DATE, "train").leaks == list(leaking.leaks)
    assert len(leaking.leaks) == 1


@pytest.mark.parametrize(
    "filters",
    [
        [],
        [
            {"kind": "top_products", "percent": 60, "column": "country", "by": "amount"},
            {"kind": "min_transactions", "count": 2},
        ],
    ],
)
def test_customers_of_eval_do_not_change_train(tmp_path, filters):
    sales = transactions()
    definition = daily(filters=filters)
    before = written(definition, sales, tmp_path / "before")
    of_eval = pd.read_parquet(before["eval"].path / "part-0.parquet")["customer_id"]
    after = written(definition, spoilt(sales, sales["customer_id"].isin(of_eval), 1), tmp_path / "after")
    assert data(after["train"]) == data(before["train"])
    assert data(after["eval"]) != data(before["eval"])
