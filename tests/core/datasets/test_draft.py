"""A few answers make a definition."""

from __future__ import annotations

import datetime as dt

from dqx_core.datasets import Answers, JoinCandidate, drafted
from dqx_core.datasets.draft import other_columns

ORDERS, ITEMS = "raw_data.orders", "raw_data.items"
SCHEMAS = {
    ORDERS: {"customer_id": "STRING", "item_id": "INT64", "order_date": "DATE", "name": "STRING"},
    ITEMS: {"id": "INT64", "name": "STRING", "date": "DATE", "split": "STRING"},
}
JOIN = JoinCandidate(ORDERS, ("item_id",), ITEMS, ("id",), 1.0, 1.0, 0.0, 1.0, 1.0, "many_to_one", "high")
ROLES = {"user_id": (ORDERS, "customer_id"), "product_id": (ORDERS, "item_id"), "timestamp": (ORDERS, "order_date")}
SPLIT = {"strategy": "temporal", "eval_days": 7}


def answers(**said):
    return Answers(
        **{"name": "x", "table": ORDERS, "start": dt.date(2024, 1, 1), "roles": ROLES, "split": SPLIT, **said}
    )


def test_names_that_are_taken_or_reserved_get_their_table_before_them():
    others = other_columns(ORDERS, SCHEMAS, [JOIN], ROLES)
    found = drafted(answers(joins=[JOIN], columns=others))

    assert others == [(ORDERS, "name"), (ITEMS, "name"), (ITEMS, "date"), (ITEMS, "split")]
    assert [column.name for column in found.columns] == [
        "customer_id", "item_id", "order_date", "name", "items_name", "items_date", "items_split",
    ]  # fmt: skip
    assert found.source.joins[0].on == {"item_id": "id"}
    assert found.status == "draft"


def test_a_join_that_gives_no_column_is_left_out():
    assert drafted(answers(joins=[JOIN])).source.joins == ()


def test_filters_come_in_the_order_in_which_they_work():
    found = drafted(answers(roles=ROLES, rolling_days=30, min_transactions=2))
    assert [each.kind for each in found.filters] == ["date_range", "min_transactions"]
    assert drafted(answers(min_transactions=1)).filters == ()


def test_without_a_split_there_is_one_part():
    assert drafted(answers(split=None)).split.part_names == ("all",)
