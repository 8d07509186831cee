"""Joins are found by names and values together, and nothing is found where neither speaks for one."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.join_schemas import SCHEMAS
from benchmarks.joins import by_us, judged, loaded
from dqx_core.datasets import DuckDBCatalog, detect_joins
from dqx_core.datasets.key_names import key_names, similarity, stems, words
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import engine


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("seed", [11, 12])
def test_keys_are_found_and_unrelated_tables_left_alone(name, seed):
    schema = SCHEMAS[name](seed)
    found = judged(schema, by_us(loaded(schema), [f"raw_data.{table}" for table in schema.tables]))
    assert found.first_right >= 0.95 * found.answered
    assert found.found >= 0.9 * found.keys
    assert found.false_pairs <= 0.02 * found.unrelated


def test_a_candidate_has_its_evidence():
    shop = engine()
    (found,) = detect_joins(["raw_data.products", "raw_data.transactions"], shop, DuckDBCatalog(shop))
    assert (found.left_table, found.left_columns) == ("raw_data.transactions", ("product_id",))
    assert (found.right_table, found.right_columns) == ("raw_data.products", ("id",))
    assert (found.uniqueness, found.fan_out, found.name_score) == (1.0, 1.0, 1.0)
    assert (found.cardinality, found.confidence) == ("many_to_one", "high")
    share = "SELECT avg((product_id >= 70)::INT) FROM raw_data.transactions"
    assert found.orphans == pytest.approx(shop.connection.execute(share).fetchall()[0][0])


def found_between(**tables):
    shop = engine({name: pd.DataFrame(columns) for name, columns in tables.items()})
    return detect_joins([f"raw_data.{name}" for name in tables], shop, DuckDBCatalog(shop))


MANY = 400
COUNTED = list(range(1, MANY + 1))
UNRELATED = {
    "ids counted from 1 that are ids of other things": (
        {"invoices": {"id": COUNTED, "total": COUNTED[::-1]}, "ships": {"id": COUNTED, "length": COUNTED}}
    ),
    "a number in the range of ids": (
        {"orders": {"order_no": COUNTED, "minutes": COUNTED[::-1]}, "ships": {"id": COUNTED, "knots": [7] * MANY}}
    ),
    "names of things that are called alike": (
        {
            "films": {"id": COUNTED, "title": [f"title {n}" for n in COUNTED]},
            "books": {"isbn": [f"b{n}" for n in COUNTED], "title": [f"title {n}" for n in COUNTED]},
        }
    ),
    "a reference by name to what is never found": (
        {"orders": {"customer_id": [n + 10**6 for n in COUNTED]}, "customers": {"id": COUNTED, "age": [30] * MANY}}
    ),
    "a reference by name to what is of another type": (
        {"orders": {"customer_id": [str(n) for n in COUNTED]}, "customers": {"id": COUNTED, "age": [30] * MANY}}
    ),
    "a reference by name to what is no key": (
        {
            "orders": {"customer_id": COUNTED[:200]},
            "customers": {"id": [n // 2 + 1 for n in COUNTED], "age": [30] * MANY},
        }
    ),
}


@pytest.mark.parametrize("tables", UNRELATED.values(), ids=UNRELATED)
def test_unrelated_tables_get_no_candidate(tables):
    assert found_between(**tables) == []


def test_a_composite_key_is_found_with_all_its_columns():
    pairs = [(store, product) for store in range(1, 21) for product in range(1, 21)]
    (found,) = found_between(
        prices={"store_id": [s for s, _ in pairs], "product_id": [p for _, p in pairs], "price": COUNTED},
        sales={"store_id": [s for s, _ in pairs] * 3, "product_id": [p for _, p in pairs] * 3, "pieces": COUNTED * 3},
    )
    assert (found.left_table, set(found.left_columns)) == ("raw_data.sales", {"store_id", "product_id"})
    assert (found.right_table, found.uniqueness, found.cardinality) == ("raw_data.prices", 1.0, "many_to_one")


def test_a_table_that_extends_another_is_found_as_one_to_one():
    (found,) = found_between(
        customers={"customer_id": COUNTED, "age": [30] * MANY},
        customer_consents={"customer_id": COUNTED[::2], "version": [1] * (MANY // 2)},
    )
    assert (found.left_table, found.right_table, found.cardinality) == (
        "raw_data.customer_consents", "raw_data.customers", "one_to_one",
    )  # fmt: skip


def test_dirty_keys_are_found_with_their_orphans_and_fan_out():
    (found,) = found_between(
        orders={"customer_id": [n if n % 10 else n + 10**6 for n in COUNTED]},
        customers={"id": [*COUNTED[:-4], 1, 2, 3, 4], "age": [30] * MANY},
    )
    assert found.orphans == pytest.approx(0.1, abs=0.02)
    assert found.uniqueness == pytest.approx(0.99)
    assert 1 < found.fan_out < 1.02


def test_the_answer_is_the_same_every_time_and_in_any_order():
    schema = SCHEMAS["dirty"]()
    shop, tables = loaded(schema), [f"raw_data.{table}" for table in schema.tables]
    once, again = (set(detect_joins(order, shop, DuckDBCatalog(shop))) for order in (tables, tables[::-1]))
    assert once == again


def test_one_table_and_empty_tables_join_nothing():
    shop = engine()
    shop.connection.execute("CREATE TABLE raw_data.empty AS SELECT * FROM raw_data.products WHERE false")
    tables = ["raw_data.products", "raw_data.products"]
    assert detect_joins(tables, shop, DuckDBCatalog(shop)) == []
    assert detect_joins(["raw_data.empty", "raw_data.products"], shop, DuckDBCatalog(shop)) == []


def test_a_table_that_is_not_there_is_told():
    shop = engine()
    with pytest.raises(DefinitionError, match=r"There is no table 'raw_data\.product'"):
        detect_joins(["raw_data.product", "raw_data.transactions"], shop, DuckDBCatalog(shop))


def test_odd_names_are_names():
    shop = engine()
    shop.connection.execute(
        """CREATE TABLE raw_data."se""lect" AS SELECT id AS "or""der id", id * 7919 AS x FROM raw_data.products"""
    )
    shop.connection.execute(
        """CREATE TABLE raw_data."it's" AS SELECT "or""der id" AS "or""der id" FROM raw_data."se""lect", range(3)"""
    )
    assert len(detect_joins(['raw_data.se"lect', "raw_data.it's"], shop, DuckDBCatalog(shop))) <= 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("customerId", ("customer", "id")),
        ("CUST_IDS", ("customer", "id")),
        ("prd_key", ("product", "key")),
        ("custkey", ("customer", "key")),
        ("categories", ("category",)),
        ("paid", ("paid",)),
        ("status", ("status",)),
    ],
)
def test_words_are_singular_and_written_out(name, expected):
    assert words(name) == expected


@pytest.mark.parametrize(
    ("column", "table", "key", "low", "high"),
    [
        ("customer_id", "raw_data.customers", "id", 1, 1),
        ("cust_sk", "dwh.dim_customer", "customer_sk", 1, 1),
        ("billing_address_id", "raw_data.addresses", "id", 0.9, 0.9),
        ("quantity", "raw_data.customers", "id", 0, 0),
        ("id", "raw_data.customers", "id", 0, 0),
    ],
)
def test_a_name_sounds_like_a_reference_or_not(column, table, key, low, high):
    stem = stems([table])[table]
    left = key_names([column, "x", "y"], ("order",))[column]
    assert low <= similarity(left, key_names([key, "other"], stem)[key], stem) <= high
