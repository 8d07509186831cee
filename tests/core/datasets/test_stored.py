"""Stored partitions are found and read by date and split."""

from __future__ import annotations

import pytest

from dqx_core.datasets import materialize, partition_files, read_partitions, stored_partitions
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import daily, day, engine


@pytest.fixture(scope="module")
def shop():
    return engine()


@pytest.fixture(scope="module")
def root(shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("it's a root")
    materialize(daily(), [day(1), day(2)], engine=shop, root=folder)
    materialize(daily(), [day(3)], ["train"], engine=shop, root=folder)
    return folder


def dates_and_splits(shop, query):
    table = shop.run(query).select(["date", "split"]).to_pandas().drop_duplicates()
    return sorted((date.date() if hasattr(date, "date") else date, split) for date, split in table.values.tolist())


EVERYTHING = [(day(n), split) for n, split in ((1, "eval"), (1, "train"), (2, "eval"), (2, "train"), (3, "train"))]


def test_every_partition_is_found(root):
    assert stored_partitions(root, "daily") == EVERYTHING
    assert stored_partitions(root, "nothing") == []


def test_files_are_those_of_the_dates_and_splits(root):
    assert len(partition_files(root, "daily")) == 5
    assert [file.parent.name for file in partition_files(root, "daily", [day(2), day(3)])] == [
        "split=eval", "split=train", "split=train",
    ]  # fmt: skip
    assert [file.parent.parent.name for file in partition_files(root, "daily", splits=["eval"])] == [
        "date=2024-01-01", "date=2024-01-02",
    ]  # fmt: skip
    assert partition_files(root, "nothing") == []


def test_a_query_reads_those_of_the_dates_and_splits(shop, root):
    assert dates_and_splits(shop, read_partitions(root, "daily")) == EVERYTHING
    assert dates_and_splits(shop, read_partitions(root, "daily", splits=["eval"])) == EVERYTHING[0:3:2]
    assert dates_and_splits(shop, read_partitions(root, "daily", [day(2)])) == EVERYTHING[2:4]
    assert dates_and_splits(shop, read_partitions(root, "daily", [day(3), day(1)], ["train"])) == [
        EVERYTHING[1],
        EVERYTHING[4],
    ]


def test_dates_and_splits_have_types_of_their_own(shop, root):
    types = shop.schema(read_partitions(root, "daily", [day(1)]))
    assert (types["date"], types["split"]) == ("DATE", "VARCHAR")


def test_a_partition_that_is_not_there_is_told_with_those_that_are(root):
    with pytest.raises(DefinitionError, match=r"Dataset 'daily' does not have 2024-01-03/eval, 2024-01-04/eval in"):
        read_partitions(root, "daily", [day(2), day(3), day(4)], ["eval"])
    with pytest.raises(
        DefinitionError, match=r"does not have any partition in .* Materialize it first\. There are none"
    ):
        read_partitions(root, "nothing")


def test_a_column_that_came_later_is_null_before(shop, root, tmp_path):
    materialize(daily(columns=daily().model_dump(by_alias=True)["columns"][:4]), [day(1)], engine=shop, root=tmp_path)
    materialize(daily(), [day(2)], engine=shop, root=tmp_path)
    table = shop.run(read_partitions(tmp_path, "daily")).to_pandas()
    assert table[table["date"].astype(str) == str(day(1))]["country"].isna().all()
    assert table[table["date"].astype(str) == str(day(2))]["country"].notna().any()
