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
    ("parts", "kind", "most", "grade"),
    [
        ({"train": 0, "eval": 10_000}, "empty_part", 0, "poor"),
        ({"train": 10_000, "eval": 0}, "empty_part", 39, "poor"),
        ({"train": 9_000, "eval": 1_000, "test": 0}, "empty_part", 39, "poor"),
        ({"train": 9_000, "holdout": 0}, "empty_part", 39, "poor"),
        ({"train": 1, "eval": 9_999}, "one_row_part", 39, "poor"),
        ({"train": 9_999, "eval": 1}, "one_row_part", 59, "fair"),
        ({"train": 9_998, "eval": 1_000, "test": 1}, "one_row_part", 59, "fair"),
        ({"all": 1}, "one_row_part", 39, "poor"),
    ],
)
def test_a_part_without_rows_or_of_one_row_is_the_heaviest_issue_and_is_named(parts, kind, most, grade):
    few = {**GOOD, "users": 99}
    assert (quality(Facts(**GOOD), parts).score, quality(Facts(**GOOD), parts).grade) == (most, grade)
    heaviest = quality(Facts(**few), parts).issues[0]
    assert heaviest.kind == kind
    assert f"The part {min(parts, key=parts.get)} has" in heaviest.message
    assert len(heaviest.message.split()) > 15


def test_parts_of_more_rows_cost_nothing():
    assert quality(Facts(**GOOD), {"train": 9_998, "eval": 2}).score == 100


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
