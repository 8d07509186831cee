"""Roles are suggested by words and fitting types, from the primary table first; where two fit alike, none is."""

from __future__ import annotations

import pytest

from benchmarks.role_schemas import held_out, tuned
from benchmarks.roles import judged
from dqx_core.datasets import suggest_columns
from dqx_core.datasets.role_names import NAMES
from dqx_core.datasets.roles import looks_like_key

TYPE = {"user_id": "STRING", "product_id": "INT64", "timestamp": "TIMESTAMP", "revenue": "NUMERIC"}


KNOWN = {
    "user_id": "customer_id user_id userid client_id buyer_id member_id account_id person_id",
    "product_id": "product_id productid item_id itemid sku sku_id article_id goods_id",
    "timestamp": "timestamp created_at transaction_date order_date purchase_date date datetime event_time "
    "transaction_time order_time",
    "revenue": "amount revenue price total value sales order_total transaction_amount spend",
}


def test_roles_have_the_names_that_are_promised():
    assert {role: list(names) for role, names in NAMES.items()} == {role: each.split() for role, each in KNOWN.items()}


def best(columns, table="raw_data.rows"):
    found = suggest_columns({table: columns}, table)
    return {role: each.best.column for role, each in found.items() if each.best is not None}


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in NAMES.items() for name in names])
def test_every_name_of_a_role_is_known_in_any_case_and_spelling(role, name):
    for spelled in (name.upper(), name.title().replace("_", ""), name.replace("_", " ")):
        assert best({spelled: TYPE[role]}) == {role: spelled}


@pytest.mark.parametrize(
    ("name", "type_name", "role"),
    [
        ("CustomerID", "FLOAT64", "user_id"),
        ("playerID", "STRING", "user_id"),
        ("custkey", "INT64", "user_id"),
        ("PATIENT_NR", "INT64", "user_id"),
        ("ownerUserId", "INT64", "user_id"),
        ("employeeNumber", "INT64", "user_id"),
        ("StockCode", "STRING", "product_id"),
        ("movieId", "INT64", "product_id"),
        ("partkey", "INT64", "product_id"),
        ("asin", "STRING", "product_id"),
        ("OrderDate", "DATE", "timestamp"),
        ("time_hour", "TIMESTAMP", "timestamp"),
        ("admitted_at", "DATETIME", "timestamp"),
        ("t_dat", "DATE", "timestamp"),
        ("whenever", "DATE", "timestamp"),
        ("UnitPrice", "FLOAT64", "revenue"),
        ("o_totalprice", "NUMERIC", "revenue"),
        ("fare_amount_usd", "NUMERIC", "revenue"),
        ("Weekly_Sales", "FLOAT64", "revenue"),
        ("rating", "FLOAT64", "revenue"),
    ],
)
def test_names_are_taken_apart_and_a_table_s_only_time_is_its_time(name, type_name, role):
    assert best({"note": "STRING", name: type_name}) == {role: name}


@pytest.mark.parametrize(
    ("name", "type_name"),
    [
        ("customer", "STRING"),
        ("my_user_id", "STRING"),
        ("sales_person_id", "INT64"),
        ("order_item_id", "INT64"),
        ("product_category_id", "INT64"),
        ("phone_number", "STRING"),
        ("date", "STRING"),
        ("price", "STRING"),
        ("created_at", "INT64"),
        ("birthdate", "DATE"),
        ("last_update", "TIMESTAMP"),
        ("ModifiedDate", "DATETIME"),
        ("expires_at", "TIMESTAMP"),
        ("discount_amount", "NUMERIC"),
        ("sales_tax", "NUMERIC"),
        ("price_id", "INT64"),
        ("score", "INT64"),
        ("customers", "INT64"),
    ],
)
def test_part_of_a_name_or_an_unfit_type_is_no_role(name, type_name):
    assert best({"note": "STRING", name: type_name}) == {}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"o_orderkey": "INT64", "o_custkey": "INT64", "o_orderdate": "DATE"}, ("o_custkey", None, "o_orderdate")),
        ({"ws_bill_customer_sk": "INT64", "ws_ship_customer_sk": "INT64"}, (None, None, None)),
        ({"CustomerID": "INT64", "EmployeeID": "INT64"}, ("CustomerID", None, None)),
        ({"film_id": "INT64", "track_id": "INT64"}, (None, None, None)),
        ({"order_item_id": "INT64", "product_id": "INT64"}, (None, "product_id", None)),
        ({"OrderDate": "DATE", "RequiredDate": "DATE", "ShippedDate": "DATE"}, (None, None, "OrderDate")),
        ({"pickup_at": "TIMESTAMP", "dropoff_at": "TIMESTAMP"}, (None, None, "pickup_at")),
        ({"shipdate": "DATE", "commitdate": "DATE"}, (None, None, None)),
        ({"given_at": "TIMESTAMP", "ordered_at": "TIMESTAMP"}, (None, None, None)),
        ({"admittime": "TIMESTAMP", "dischtime": "TIMESTAMP", "created": "DATE"}, (None, None, "admittime")),
    ],
)
def test_of_several_columns_the_one_that_says_more_is_taken_and_of_two_alike_none(columns, expected):
    found = best(columns)
    assert tuple(found.get(role) for role in ("user_id", "product_id", "timestamp")) == expected


def test_columns_that_fit_alike_are_alternatives_and_other_tables_do_not_step_in():
    schemas = {"raw_data.a": {"film_id": "INT64", "track_id": "INT64"}, "raw_data.b": {"product_id": "INT64"}}
    found = suggest_columns(schemas, "raw_data.a")["product_id"]
    assert found.best is None
    assert [each.column for each in found.alternatives] == ["film_id", "track_id", "product_id"]


@pytest.mark.parametrize(("known", "least"), [(tuned(), 0.95), (held_out(), 0.9)], ids=["tuned", "held out"])
def test_roles_of_public_tables_are_found_and_hardly_one_is_wrong(known, least):
    found = judged(known)
    assert found.right >= least * found.documented
    assert len(found.wrong) <= 0.02 * found.documented


def test_the_primary_table_comes_first_with_high_confidence_and_others_are_alternatives():
    schemas = {
        "raw_data.items": {
            "sku": "STRING",
            "item_id": "INT64",
            "price": "NUMERIC",
            "goods_id": "INT64",
            "value": "INT64",
        },
        "raw_data.orders": {"Buyer_ID": "STRING", "order_date": "DATE", "total": "FLOAT64"},
    }
    found = suggest_columns(schemas, "raw_data.orders")

    assert {role: (each.best.column, each.best.confidence) for role, each in found.items()} == {
        "user_id": ("Buyer_ID", "high"),
        "product_id": ("item_id", "medium"),
        "timestamp": ("order_date", "high"),
        "revenue": ("total", "high"),
    }
    assert [each.column for each in found["product_id"].alternatives] == ["sku", "goods_id"]
    assert [(each.column, each.confidence) for each in found["revenue"].alternatives] == [
        ("price", "medium"),
        ("value", "medium"),
    ]


def test_there_are_at_most_three_alternatives_and_a_role_may_have_no_column():
    found = suggest_columns({"raw_data.t": dict.fromkeys(NAMES["product_id"], "INT64")}, "raw_data.t")
    assert len(found["product_id"].alternatives) == 3
    assert found["revenue"].best is None


@pytest.mark.parametrize(
    ("name", "type_name", "key"),
    [
        ("id", "INT64", True),
        ("store_code", "STRING", True),
        ("customer_id", "STRING", True),
        ("customer_id", "FLOAT64", False),
        ("paid", "BOOL", False),
        ("CustomerID", "INT64", True),
        ("o_custkey", "INT64", True),
        ("phone_number", "STRING", False),
        ("PostalCode", "STRING", False),
        ("amount", "INT64", False),
    ],
)
def test_a_key_is_called_like_one_and_has_the_same_text_everywhere(name, type_name, key):
    assert looks_like_key(name, type_name) is key
