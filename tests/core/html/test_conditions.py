"""Conditions are read back as they were printed, whatever the operator and the numbers."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Success

from dqx_core.bounds import Bound, Operator
from dqx_core.expressions import text_of_number
from dqx_core.html.conditions import Limits, limits_of, read
from dqx_core.report import AssertionResult, Severity, Status

NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)


def drawn(operator, limits):
    """The limits by the operators' own rule: what just misses each limit says which side is wrong."""
    bound = Bound(operator, tolerance=0)
    low_wrong = not bound.holds(min(limits) - 1, limits)
    high_wrong = not bound.holds(max(limits) + 1, limits)
    return low_wrong, high_wrong


@given(operator=st.sampled_from(list(Operator)), values=st.lists(NUMBERS, min_size=2, max_size=2))
def test_a_printed_condition_is_read_back(operator, values):
    limits = sorted(values)[: operator.value.count("{}")]
    printed = [text_of_number(value) for value in limits]

    found = read(Bound(operator).text(printed))

    if operator in (Operator.NOOP, Operator.NEQ):
        assert found is None
        return
    rounded = [float(text.replace(",", "")) for text in printed]
    low_wrong, high_wrong = drawn(operator, limits)
    assert found is not None
    if operator is Operator.NOT_BETWEEN:
        assert found == Limits(*rounded, inside_is_wrong=True)
        return
    assert (found.low is not None, found.high is not None) == (low_wrong, high_wrong)
    assert {found.low, found.high} - {None} == set(rounded)


@pytest.mark.parametrize(
    ("bound", "message", "expected"),
    [
        ("≥ 2 * b", "a / c = 1, is not ≥ 1,234.5 (≥ 2 * b)", Limits(low=1234.5)),
        ("between b and 7", "a / c = 4, is between 3 and 7 (between b and 7)", Limits(3, 7)),
        ("< b", "a / c has no value", None),
        ("recorded", "a / c = 3", None),
    ],
)
def test_limits_that_are_metrics_are_the_numbers_of_the_verdict(bound, message, expected):
    result = AssertionResult(
        "s", "c", "a", dt.date(2026, 1, 1), {}, Severity.P1, Status.PASSED, Success(1), bound, "a / c", (), message
    )

    assert limits_of(result) == expected
