"""Numbers of two stores compared as two executions of one are."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from dqx_core.keys import EXECUTION_TAG
from dqx_core.report import SymbolInfo
from dqx_core.retrieval import compare_numbers

DAY = dt.date(2024, 1, 9)


def number(
    metric: str, value: Result[float, str], *, day: dt.date = DAY, run: str = "a", split: str = "train"
) -> SymbolInfo:
    return SymbolInfo("m_1", metric, "sales", value, day, {"split": split, EXECUTION_TAG: run})


values = st.one_of(st.floats().map(Success), st.sampled_from(["no rows", "no column"]).map(Failure))
sides = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.sampled_from(["train", "eval"])), values
)


@given(sides, sides)
def test_every_number_that_differs_is_told_once_and_no_other(before, after):
    def numbers(side, run):
        return [
            number(metric, value, day=DAY + dt.timedelta(days=days), run=run, split=split)
            for (metric, days, split), value in side.items()
        ]

    changes = compare_numbers(numbers(before, "a"), numbers(after, "b"))

    told = {
        (c.metric, ((c.after_date or c.before_date) - DAY).days, c.tags["split"]): (c.before, c.after) for c in changes
    }
    assert len(told) == len(changes)
    differ = {place for place in before | after if repr(before.get(place)) != repr(after.get(place))}
    assert {place: tuple(map(repr, sides)) for place, sides in told.items()} == {
        place: (repr(before.get(place)), repr(after.get(place))) for place in differ
    }


def test_the_tags_of_a_change_are_those_a_person_gave():
    [change] = compare_numbers([number("rows", Success(4), run="a")], [number("rows", Success(5), run="b")])

    assert (dict(change.tags), change.difference, change.relative) == ({"split": "train"}, 1, 0.25)


def test_two_single_days_may_be_compared_whatever_days_they_are():
    today, before = number("rows", Success(5)), number("rows", Success(4), day=DAY - dt.timedelta(days=7))
    [change] = compare_numbers([before], [today], by_day=False)

    assert (change.before_date, change.after_date, change.relative) == (dt.date(2024, 1, 2), DAY, 0.25)
    assert [c.relative for c in compare_numbers([before], [today])] == [None, None]
