"""Making a partition again says what is different from what it held."""

from __future__ import annotations

import pandas as pd
import pytest

from dqx_core.datasets import materialize
from tests.core.datasets.shop import daily, day, engine, transactions

ONE_PART = {"split": {"strategy": "none"}}


def changes(root, frame=None, **of_definition):
    shop = engine({"transactions": transactions() if frame is None else frame, **PRODUCTS})
    made = materialize(daily(**ONE_PART | of_definition), [day(1)], engine=shop, root=root)
    return [each.change for each in made]


PRODUCTS = {"products": pd.DataFrame({"id": range(70), "category": "a"})}


def of_first_day(rows):
    frame = transactions()
    first = frame[frame["transaction_date"] < pd.Timestamp(day(2))]
    return pd.concat([frame, first.head(rows)]) if rows > 0 else frame.drop(first.index[:-rows])


def test_it_is_new_then_the_same_then_changed(tmp_path):
    assert changes(tmp_path) == ["new"]
    assert changes(tmp_path) == ["the same"]
    assert changes(tmp_path, of_first_day(41)) == ["changed: 41 rows more"]
    assert changes(tmp_path, of_first_day(40)) == ["changed: 1 row fewer"]
    assert changes(tmp_path, transactions(seed=2)) == ["changed: 40 rows fewer"]
    assert changes(tmp_path) == ["changed: as many rows"]


def test_another_definition_of_the_same_rows_leaves_them_the_same(tmp_path):
    changes(tmp_path)
    nothing = [{"kind": "values", "column": "country", "exclude": ["nowhere"]}]
    assert changes(tmp_path, filters=nothing) == ["the same"]


def test_a_type_that_changed_is_a_change(tmp_path):
    changes(tmp_path)
    frame = transactions()
    assert changes(tmp_path, frame.astype({"transaction_id": str})) == ["changed: as many rows"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "part-0.parquet").unlink(), "the same"),
        (lambda folder: (folder / "_manifest.json").write_text("{"), "new"),
    ],
)
def test_a_partition_whose_files_are_damaged_is_compared_with_what_is_known_of_it(tmp_path, spoil, says):
    shop = engine({"transactions": transactions(), **PRODUCTS})
    [made] = materialize(daily(**ONE_PART), [day(1)], engine=shop, root=tmp_path)
    spoil(made.path)
    assert changes(tmp_path) == [says]


def test_each_split_says_it_of_itself(tmp_path):
    shop = engine({"transactions": transactions(), **PRODUCTS})
    materialize(daily(), [day(1)], ["train"], engine=shop, root=tmp_path)
    found = materialize(daily(), [day(1)], engine=shop, root=tmp_path)
    assert [(each.split, each.change) for each in found] == [("train", "the same"), ("eval", "new")]
