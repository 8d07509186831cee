"""The quality score takes off what the specification says, and says why."""

from __future__ import annotations

import datetime as dt

import pytest

from dqx_core.datasets import Facts, quality

FIRST = dt.date(2024, 1, 1)
GOOD = {"rows": 10_000, "users": 1_000, "products": 500, "pairs": 5_000, "first": FIRST, "last": FIRST.replace(month=4)}


def test_nothing_is_taken_off_what_is_good():
    assert (quality(Facts(**GOOD)).score, quality(Facts(**GOOD)).grade, quality(Facts(**GOOD)).issues) == (
        100, "excellent", (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "kind", "points"),
    [
        ({"users": 5_001, "pairs": 10_000}, "rows_per_user", 15),
        ({"products": 2_001, "pairs": 50_000}, "rows_per_product", 10),
        ({"users": 99}, "few_users", 20),
        ({"products": 49}, "few_products", 15),
        ({"pairs": 49}, "sparsity", 20),
        ({"pairs": 50}, "sparsity", 10),
        ({"pairs": 499}, "sparsity", 10),
        ({"last": dt.date(2024, 1, 29)}, "short_range", 15),
        ({"last": dt.date(2024, 1, 30)}, "short_range", 5),
        ({"last": dt.date(2024, 3, 29)}, "short_range", 5),
    ],
)
def test_each_shortcoming_has_its_points_and_a_sentence(facts, kind, points):
    found = quality(Facts(**{**GOOD, **facts}))
    assert [(issue.kind, issue.points) for issue in found.issues] == [(kind, points)]
    assert found.score == 100 - points
    assert len(found.issues[0].message.split()) > 15


@pytest.mark.parametrize(
    "facts",
    [
        {"users": 5_000, "pairs": 10_000},
        {"products": 2_000, "pairs": 10_000},
        {"users": 100},
        {"products": 50},
        {"pairs": 501},
        {"last": dt.date(2024, 3, 30)},
        {"users": None, "products": None, "pairs": None, "first": None, "last": None},
    ],
)
def test_the_bounds_themselves_and_what_is_not_known_cost_nothing(facts):
    assert quality(Facts(**{**GOOD, **facts})).score == 100


def test_no_rows_are_score_0_and_one_issue():
    found = quality(Facts(rows=0, users=0, products=0, pairs=0))
    assert (found.score, found.grade, [issue.kind for issue in found.issues]) == (0, "poor", ["no_rows"])


@pytest.mark.parametrize(
    ("facts", "grade"),
    [
        ({"users": 99}, "excellent"),
        ({"users": 99, "products": 49}, "good"),
        ({"users": 99, "products": 49, "last": FIRST}, "fair"),
        ({"rows": 50, "users": 99, "products": 49, "last": FIRST}, "poor"),
    ],
)
def test_the_score_in_a_word(facts, grade):
    assert quality(Facts(**{**GOOD, **facts})).grade == grade
