"""A chart's limits are the numbers that a verdict compared, whatever its sentence says."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Success

from dqx_core.bounds import Bound, Operator
from dqx_core.html.limits import Limits, limits_of
from dqx_core.report import AssertionResult, Compared, Severity, Status

NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)


def verdict(compared):
    return AssertionResult(
        "s", "c", "a", dt.date(2026, 1, 1), {}, Severity.P1, Status.PASSED, Success(1), "", "", (), "a sentence",
        compared=compared,
    )  # fmt: skip


@given(operator=st.sampled_from(list(Operator)), values=st.lists(NUMBERS, min_size=2, max_size=2))
def test_the_wrong_side_of_each_limit_is_the_one_that_the_operator_refuses(operator, values):
    limits = sorted(values)[: operator.value.count("{}")]

    found = limits_of(verdict(Compared(operator.name, tuple(limits), 0.0)))

    if operator in (Operator.NOOP, Operator.NEQ):
        assert found is None
        return
    if operator is Operator.NOT_BETWEEN:
        assert found == Limits(*limits, inside_is_wrong=True)
        return
    bound = Bound(operator, tolerance=0)
    low_wrong = not bound.holds(min(limits) - 1, limits)
    high_wrong = not bound.holds(max(limits) + 1, limits)
    assert (found.low is not None, found.high is not None) == (low_wrong, high_wrong)
    assert {found.low, found.high} - {None} == set(map(float, limits))


def test_limits_that_differ_by_less_than_a_sentence_shows_stay_apart():
    found = limits_of(verdict(Compared("BETWEEN", (20000001.5, 20000002.5), 1e-9)))
    assert found == Limits(20000001.5, 20000002.5)


def test_a_profiles_factor_is_taken_out_of_the_limits():
    assert limits_of(verdict(Compared("LEQ", (1,), 1e-9, 0.5, ("sale",)))) == Limits(high=2.0)


@pytest.mark.parametrize("compared", [None, Compared("NOOP", (), 0.0)])
def test_what_was_not_compared_has_no_limits(compared):
    assert limits_of(verdict(compared)) is None
