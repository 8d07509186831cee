"""Expressions are computed as written, in full double precision, and printed with the names of their metrics."""

import math

import pytest
import sympy as sp
from returns.result import Failure, Success

from dqx_core.bounds import Bound, Operator
from dqx_core.expressions import compute, text
from dqx_core.functions import coalesce
from dqx_core.history import Problem

A, B, C = (sp.Symbol(name, real=True) for name in "abc")


def value(expression, **numbers):
    def value_of(symbol):
        number = numbers[symbol.name]
        return Failure(Problem(number)) if isinstance(number, str) else Success(number)

    return compute(expression, value_of).alt(lambda problems: [p.reason for p in problems])


def written(make):
    with sp.evaluate(False):
        return make()


@pytest.mark.parametrize(
    ("make", "numbers", "wanted"),
    [
        (lambda: A + B, {"a": 0.1, "b": 0.2}, 0.30000000000000004),
        (lambda: A + 1, {"a": 2**53}, 2**53 + 1),
        (lambda: A - B, {"a": 10_000_019, "b": 0}, 10_000_019),
        (lambda: A / B, {"a": 1, "b": 3}, 1 / 3),
        (lambda: A / B, {"a": 10**400, "b": 10**399}, 10.0),
        (lambda: A * B / C, {"a": 3, "b": 5, "c": 3}, 5.0),
        (lambda: A**2, {"a": 2**40}, 2**80),
        (lambda: 1 / A, {"a": 8}, 0.125),
        (lambda: sp.sqrt(A), {"a": 2.0}, math.sqrt(2)),
        (lambda: sp.Abs(A - B), {"a": 1, "b": 3}, 2),
        (lambda: sp.log(A), {"a": math.e}, 1.0),
        (lambda: sp.Min(A, B), {"a": 1, "b": 3}, 1),
        (lambda: sp.Max(A, B, 2), {"a": 1, "b": 0}, 2),
        (lambda: coalesce(A, 0), {"a": "it failed"}, 0),
        (lambda: coalesce(A, B, 7) + 1, {"a": "it failed", "b": 2}, 3),
        (lambda: A * sp.Rational(1, 3), {"a": 3}, 1.0),
        (lambda: A * 0.1, {"a": 3}, 0.1 * 3),
    ],
)
def test_an_expression_is_computed_as_it_is_written(make, numbers, wanted):
    computed = value(written(make), **numbers).unwrap()
    assert computed == wanted
    assert type(computed) is type(wanted)


@pytest.mark.parametrize(
    ("make", "numbers", "reason"),
    [
        (lambda: A - A, {"a": "no rows"}, "no rows"),
        (lambda: A / A, {"a": "no rows"}, "no rows"),
        (lambda: A * 0, {"a": "no rows"}, "no rows"),
        (lambda: A / B, {"a": 1, "b": 0}, "division by zero"),
        (lambda: sp.sqrt(A), {"a": -1}, "complex"),
        (lambda: sp.log(A), {"a": 0}, "logarithm of 0"),
        (lambda: A * B, {"a": 1e300, "b": 1e300}, "infinite"),
        (lambda: A - B, {"a": math.inf, "b": math.inf}, "NaN"),
        (lambda: A**B, {"a": 10.0, "b": 1000.0}, "too large"),
        (lambda: sp.sin(A), {"a": 1}, "sin is not a function that dqx can compute"),
        (lambda: coalesce(A, B), {"a": "no rows", "b": "no days"}, "no rows"),
    ],
)
def test_what_is_not_a_finite_real_number_fails_with_its_reason(make, numbers, reason):
    assert any(reason in shown for shown in value(written(make), **numbers).failure())


def test_every_reason_is_told():
    assert value(written(lambda: A + B * C), a="no rows", b="no days", c=1).failure() == ["no rows", "no days"]


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda: A / B, "a / b"),
        (lambda: A - B, "a - b"),
        (lambda: (A - B) / C, "(a - b) / c"),
        (lambda: A * (B + 1), "a * (b + 1)"),
        (lambda: sp.sqrt(A), "sqrt(a)"),
        (lambda: A**2, "a**2"),
        (lambda: coalesce(A, 0), "coalesce(a, 0)"),
        (lambda: sp.Abs(A - B), "Abs(a - b)"),
        (lambda: -A, "-a"),
    ],
)
def test_an_expression_is_printed_as_a_person_would_write_it(make, shown):
    assert text(written(make), str) == shown


@pytest.mark.parametrize(
    ("operator", "limits", "passes", "fails"),
    [
        (Operator.EQ, [1], [1, 1 + 5e-10], [1.1, 0]),
        (Operator.NEQ, [1], [1.1], [1 + 5e-10]),
        (Operator.GT, [1], [1.1], [1, 1 + 5e-10]),
        (Operator.GEQ, [1], [1, 1 - 5e-10], [0.9]),
        (Operator.LT, [1], [0.9], [1, 1 - 5e-10]),
        (Operator.LEQ, [1], [1, 1 + 5e-10], [1.1]),
        (Operator.BETWEEN, [1, 2], [1, 2, 1.5, 2 + 5e-10], [0.9, 2.1]),
        (Operator.NOT_BETWEEN, [1, 2], [0.9, 2.1], [1, 2, 2 + 5e-10]),
        (Operator.NOOP, [], [0, -1e300], []),
        (Operator.EQ, [2**63], [2**63], [2**63 + 1, 2**63 - 1]),
        (Operator.LT, [2**53 + 1], [2**53], [2**53 + 1]),
    ],
)
def test_a_bound_has_an_absolute_tolerance_and_does_not_round(operator, limits, passes, fails):
    bound = Bound(operator)
    assert all(bound.holds(x, limits) for x in passes)
    assert not any(bound.holds(x, limits) for x in fails)


def test_the_tolerance_can_be_chosen():
    assert Bound(Operator.EQ, (), 0.5).holds(1.5, [1])
    assert not Bound(Operator.EQ, (), 0.0).holds(0.1 + 0.2, [0.3])
