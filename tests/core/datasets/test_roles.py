"""Roles are suggested by whole names and fitting types, from the primary table first."""

from __future__ import annotations

import pytest

from dqx_core.datasets import suggest_columns
from dqx_core.datasets.roles import NAMES, looks_like_key, role_of

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


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in NAMES.items() for name in names])
def test_every_name_of_a_role_is_known_in_any_case(role, name):
    assert role_of(name.upper(), TYPE[role]) == role


@pytest.mark.parametrize(
    ("name", "type_name"),
    [
        ("customer", "STRING"),
        ("my_user_id", "STRING"),
        ("date", "STRING"),
        ("price", "STRING"),
        ("created_at", "INT64"),
    ],
)
def test_part_of_a_name_or_an_unfit_type_is_no_role(name, type_name):
    assert role_of(name, type_name) is None


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
        ("amount", "INT64", False),
    ],
)
def test_a_key_is_called_like_one_and_has_the_same_text_everywhere(name, type_name, key):
    assert looks_like_key(name, type_name) is key
