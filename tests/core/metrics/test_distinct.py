"""Distinct values and duplicates: what adds up, what does not, and how near an estimate is."""

import math

import pyarrow as pa
import pytest

from dqx_core.metrics.distinct import ApproxUniqueCount, DuplicateCount, UniqueCount
from dqx_core.states import Mergeable
from tests.core.cases import state_of
from tests.core.shop import day, record, sales


def test_duplicates_add_up_over_days_where_the_day_is_among_the_columns():
    prices = [1.0, 2.0, 2.0, None, None, 5.0]
    table = sales([1, 2, 3], lambda n: prices[: n + 3])
    of_days = [
        record(at=n, table=table, x=lambda mp: mp.duplicate_count(["price", "yyyy_mm_dd"]))["x"] for n in (1, 2, 3)
    ]
    whole = table.append_column("all", pa.array([day(1)] * table.num_rows))

    def of_all(*columns):
        undated = whole.drop_columns(["yyyy_mm_dd"]).append_column("day", whole["yyyy_mm_dd"])
        renamed = undated.rename_columns([{"all": "yyyy_mm_dd"}.get(name, name) for name in undated.column_names])
        return record(at=1, table=renamed, x=lambda mp: mp.duplicate_count(list(columns)))["x"]

    assert of_days == [1, 2, 2]
    assert of_all("price", "day") == sum(of_days)
    assert of_all("price") == 11, "what is twice on two days is a duplicate too, unless the day is among the columns"


def test_five_equal_rows_are_four_duplicates_and_null_equals_null():
    table = sales([10], lambda n: [None, None, None, 1.0, 1.0])
    found = record(
        table=table,
        one=lambda mp: mp.duplicate_count("price"),
        many=lambda mp: mp.duplicate_count(["price", "yyyy_mm_dd"]),
        unique=lambda mp: mp.unique_count("price"),
    )
    assert found == {"one": 3, "many": 3, "unique": 1}


@pytest.mark.parametrize("spec", [UniqueCount("x"), DuplicateCount(("x", "n"))], ids=str)
def test_exact_distinct_counts_say_that_they_do_not_merge(spec):
    state = state_of([], spec)
    assert not spec.mergeable
    assert not isinstance(state, Mergeable)


@pytest.mark.parametrize("distinct", [1, 100, 5_000, 300_000])
def test_an_estimate_of_distinct_values_is_within_its_documented_error(distinct):
    table = pa.table({"x": pa.array([f"user{i % distinct}" for i in range(max(distinct, 1_000))])})
    found = record(at=1, table=table, about=lambda mp: mp.approx_unique_count("x"))["about"]
    assert "95 in 100 are within 3.3 %" in (ApproxUniqueCount.__doc__ or "")
    assert math.isclose(found, distinct, rel_tol=0.033, abs_tol=0.5)
