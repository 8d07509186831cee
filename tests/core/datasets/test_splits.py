"""A split means what it says: by role, whatever the order and the engine, and apart from what it was before."""

import itertools

import pytest

from dqx_core.datasets import DuckDBCatalog, define, partition_query, schemas_of
from tests.core.datasets.shop import DAILY, changed, day, engine

THREE = {"train": 60, "test": 15, "eval": 20, "holdout": 5}


@pytest.fixture(scope="module")
def shop():
    return engine()


def rows(definition, shop, date=None):
    tree = partition_query(definition, date or day(14), schemas_of(definition, DuckDBCatalog(shop)))
    return shop.run(tree).to_pylist()


def split_of_customers(definition, shop):
    return {row["customer_id"]: row["split"] for row in rows(definition, shop)}


def test_the_order_in_which_parts_are_written_means_nothing(shop):
    written = [
        define(changed(DAILY, split__parts={part: THREE[part] for part in order}, partitions__content="snapshot"))
        for order in itertools.permutations(THREE)
    ]

    assert {definition.definition_hash for definition in written} == {written[0].definition_hash}
    assert {definition.split.part_names for definition in written} == {("train", "test", "eval", "holdout")}
    assert split_of_customers(written[0], shop) == split_of_customers(written[-1], shop)


def test_train_keeps_its_customers_beside_any_other_parts(shop):
    one, other = (
        split_of_customers(define(changed(DAILY, split__parts=parts, partitions__content="snapshot")), shop)
        for parts in ({"eval": 40, "train": 60}, THREE)
    )

    assert {who for who, part in one.items() if part == "train"} == {
        who for who, part in other.items() if part == "train"
    }


def test_a_column_split_is_the_same_in_any_order():
    values = {"train": ["NL"], "eval": ["BE", "DE"]}
    one, other = (
        define(changed(DAILY, split={"strategy": "column", "column": "country", "parts": parts}))
        for parts in (values, dict(reversed(values.items())))
    )
    assert one == other
    assert one.definition_hash == other.definition_hash


def test_a_definition_with_an_identity_keeps_its_split_under_another_name(shop):
    whole = {"partitions__content": "snapshot", "folds": 3, "sample": {"percent": 50, "key": "customer_id"}}
    before = define(changed(DAILY, **whole))
    after = define(changed(DAILY, name="renamed", identity="daily", **whole))
    other = define(changed(DAILY, name="renamed", **whole))

    assert rows(after, shop) == rows(before, shop)
    assert rows(other, shop) != rows(before, shop)
