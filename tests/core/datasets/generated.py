"""Definitions that hypothesis makes: whatever filters, split and sample somebody may write, over the drifting shop."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.core.datasets.shop import day, products, transactions

SALES = transactions(per_day=60).assign(amount=lambda frame: frame["amount"].round(2))
TABLES = {"transactions": SALES, "products": products()}
DATE = day(12)

COLUMNS = [
    {"column": "transaction_id"},
    {"column": "customer_id", "role": "user_id"},
    {"column": "product_id", "role": "product_id"},
    {"column": "transaction_date", "role": "timestamp"},
    {"column": "amount", "role": "revenue"},
    {"column": "quantity"},
    {"column": "country"},
]
ENTITIES = {"customer_id": "customer_id", "product_id": "product_id", "country": "country"}

ROW_FILTERS = st.one_of(
    st.builds(
        lambda way, values: {"kind": "values", "column": "country", way: values},
        st.sampled_from(["include", "exclude"]),
        st.lists(st.sampled_from(["NL", "BE", "DE", "FR", None]), min_size=1, max_size=3, unique=True),
    ),
    st.builds(lambda low: {"kind": "range", "column": "amount", "min": low}, st.sampled_from([-5, 0, 0.01, 2.5, 10])),
    st.builds(lambda high: {"kind": "range", "column": "quantity", "max": high}, st.sampled_from([2, 3, 3.5])),
)
FIT = st.sampled_from(["train", "all"])
FITTED_FILTERS = st.one_of(
    st.builds(
        lambda kind, percent, fit: {"kind": kind, "percent": percent, "fit_on": fit},
        st.sampled_from(["top_products", "top_users"]),
        st.sampled_from([5, 50, 80, 99.5]),
        FIT,
    ),
    st.builds(lambda n, fit: {"kind": "min_transactions", "count": n, "fit_on": fit}, st.integers(1, 4), FIT),
    st.builds(
        lambda per, what, low, fit: {
            "kind": "aggregate", "per": per, "function": what[0], "column": what[1], "min": low, "fit_on": fit,
        },
        st.sampled_from(sorted(ENTITIES)),
        st.sampled_from(
            [
                ("count", "country"), ("count_distinct", "country"), ("sum", "amount"), ("average", "amount"),
                ("minimum", "amount"), ("maximum", "quantity"),
            ]
        ),
        st.sampled_from([1, 2, 3]),
        FIT,
    ),
)  # fmt: skip
SPLITS = st.sampled_from(
    [
        {"strategy": "temporal", "eval_days": 2, "gap_days": 1},
        {"strategy": "temporal", "eval_days": 1, "test_days": 2},
        {"strategy": "group", "key": "customer_id"},
        {"strategy": "group", "key": "product_id", "parts": {"train": 60, "eval": 25.5, "test": 14.5}},
        {"strategy": "group", "key": ["customer_id", "product_id"], "parts": {"eval": 30, "train": 70}},
        {"strategy": "column", "column": "country", "parts": {"train": ["NL", "BE"], "eval": "DE"}, "others": "drop"},
        {"strategy": "none"},
    ]
)


def definitions():
    return st.builds(
        lambda filters, split, sample: (
            {
                "name": "any",
                "source": {"table": "raw_data.transactions"},
                "columns": COLUMNS,
                "filters": [{"kind": "date_range", "rolling_days": 10}, *filters],
                "split": split,
                "partitions": {"start": "2024-01-01"},
            }
            | ({"sample": {"percent": sample, "key": "customer_id"}} if sample else {})
        ),
        st.lists(st.one_of(ROW_FILTERS, FITTED_FILTERS), max_size=4),
        SPLITS,
        st.sampled_from([None, None, 35, 62.5]),
    )


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in data, that of the whole aside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, inner in inside for each in ((*here, key), *places(inner, (*here, key)))]
