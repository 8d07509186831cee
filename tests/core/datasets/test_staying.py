"""An edit says which partitions stay as they are, and how many keys it moves."""

from __future__ import annotations

import pytest

from dqx_core.datasets import materialize
from dqx_core.datasets.staying import moved_by, staying
from dqx_core.datasets.storage import FolderStorage
from tests.core.datasets.shop import daily, day, days, engine, ranking


def by_key(key="customer_id", **parts):
    return daily(split={"strategy": "group", "key": key, "parts": parts})


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (by_key(train=80, eval=20), by_key(eval=20, train=80), None),
        (by_key(train=80, eval=20), daily(filters=[{"kind": "date_range", "start": day(2)}]), None),
        (by_key(train=80, eval=20), by_key(train=70, eval=30), "10 % of keys move from train to eval"),
        (
            by_key(train=80, eval=20),
            by_key(train=80, test=10, eval=10),
            "10 % of keys move from eval to test",
        ),
        (by_key(train=80, eval=20), by_key("transaction_id", train=80, eval=20), "all rows are parted anew"),
        (by_key(train=80, eval=20), daily(name="other"), "all rows are parted anew"),
        (ranking(), ranking(split__eval_days=3), "all rows are parted anew"),
        (daily(), daily(split__null_key="eval"), "a row without a key is in another part"),
    ],
)
def test_how_many_keys_an_edit_moves(before, after, says):
    assert moved_by(before, after) == says


def test_partitions_that_another_content_made_stay_and_are_named(tmp_path):
    shop = engine()
    storage, after = FolderStorage(shop, tmp_path), by_key(train=70, eval=30)
    assert staying(daily(), after, storage, []) is None
    materialize(daily(), days(1, 3), engine=shop, root=tmp_path)
    materialize(after, [day(3)], engine=shop, root=tmp_path)
    said = staying(daily(), after, storage, [])
    assert said is not None
    assert said.startswith("4 partitions of an unknown version (2024-01-01 to 2024-01-02) stay as they are, and 10 %")
    assert staying(after, after, storage, []) is None
    rows = daily(filters=[{"kind": "values", "column": "country", "include": ["NL"]}])
    told = staying(daily(), rows, storage, [])
    assert told is not None
    assert "key" not in told
