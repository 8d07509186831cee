"""Expressions are computed as written, in full double precision, and printed with the names of their metrics."""

import ast
import contextlib
import math
import operator
import re
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import example, given
from hypothesis import strategies as st
from returns.result import Failure, Success

from dqx_core.bounds import Bound, Operator
from dqx_core.expressions import compute, substituted, text
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


_SIZES = st.floats(-1e300, 1e300) | st.integers(-(2**70), 2**70)


_EXACTLY = {
    Operator.EQ: lambda x, low, high, tol: abs(x - low) <= tol,
    Operator.NEQ: lambda x, low, high, tol: abs(x - low) > tol,
    Operator.GT: lambda x, low, high, tol: x > low + tol,
    Operator.GEQ: lambda x, low, high, tol: x >= low - tol,
    Operator.LT: lambda x, low, high, tol: x < low - tol,
    Operator.LEQ: lambda x, low, high, tol: x <= low + tol,
    Operator.BETWEEN: lambda x, low, high, tol: low - tol <= x <= high + tol,
    Operator.NOT_BETWEEN: lambda x, low, high, tol: x < low - tol or x > high + tol,
}


@given(st.sampled_from(list(_EXACTLY)), _SIZES, _SIZES, st.sampled_from([0.0, 1e-9, 2.0]))
@example(Operator.GT, 2**60 + 1, float(2**60), 1e-9)
@example(Operator.EQ, 3 + 1e-9, 3, 1e-9)
@example(Operator.LT, int(1.7e308), int(1.6e308), 1e-9)
@example(Operator.BETWEEN, -1e300, 1e300, 0.0)
@example(Operator.LEQ, 1e300, 1e300 * (1 + 2**-52), 0.0)
def test_numbers_are_judged_as_their_fractions_are_near_and_far(operator, value, limit, tolerance):
    limits = sorted([limit, value])[: 2 if "BETWEEN" in operator.name else 1]
    exact = [Fraction(each) for each in (limits[0], limits[-1], tolerance)]
    for x in (value, limit, value + 1, limit + tolerance, limit - 3 * tolerance):
        assert Bound(operator, (), tolerance).holds(x, limits) == _EXACTLY[operator](Fraction(x), *exact)


@pytest.mark.parametrize("deep", [40, 50, 60, 400])
def test_an_expression_means_and_reads_the_same_however_deep_it_is(deep):
    with sp.evaluate(False):
        tree, told, number = A, "a", 2.0
        for n in range(deep):
            tree, told, number = (A - tree) / B, f"(a - {told}) / b", (2.0 - number) / 3.0
            if n % 7 == 0:
                tree, told = coalesce(tree, 0), f"coalesce({told}, 0)"
    assert value(tree, a=2.0, b=3.0) == Success(number)
    assert text(tree, str) == told
    assert text(written(lambda: substituted(tree, {A: C})), str) == re.sub(r"\ba\b", "c", told)
    assert substituted(tree, {C: A}) is tree


def test_the_tolerance_can_be_chosen():
    assert Bound(Operator.EQ, (), 0.5).holds(1.5, [1])
    assert not Bound(Operator.EQ, (), 0.0).holds(0.1 + 0.2, [0.3])


def read(text, names):
    """An expression from its text, by Python's own rules; names that are no word were quoted first."""
    for name, symbol in names.items():
        text = text.replace(name, str(symbol))

    def made(node):
        match node:
            case ast.UnaryOp(ast.USub(), ast.Constant(value)):
                return sp.Integer(-value) if isinstance(value, int) else sp.Float(-value)
            case ast.UnaryOp(ast.USub(), inner):
                return -made(inner)
            case ast.BinOp(left, operator, right):
                return OPERATORS[type(operator)](made(left), made(right))
            case ast.Constant(value):
                return sp.Integer(value) if isinstance(value, int) else sp.Float(value)
            case ast.Name(name):
                return sp.Symbol(name, real=True)
            case ast.Call(ast.Name(name), arguments):
                return FUNCTIONS[name](*map(made, arguments))
        raise AssertionError(ast.dump(node))

    with sp.evaluate(False):
        return made(ast.parse(text, mode="eval").body)


OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
FUNCTIONS = {"Abs": sp.Abs, "sqrt": sp.sqrt, "Max": sp.Max, "Min": sp.Min, "log": sp.log, "coalesce": coalesce}
TREES = st.recursive(
    st.sampled_from([A, B, C]).map(lambda s: lambda: s)
    | st.sampled_from([2, 3, 0.5, -1, -2.5]).map(lambda n: lambda: n),
    lambda inner: st.one_of(
        st.builds(lambda op, a, b: lambda: op(a(), b()), st.sampled_from(list(OPERATORS.values())), inner, inner),
        st.builds(lambda a: lambda: -a(), inner),
        st.builds(lambda a: lambda: sp.Abs(a()), inner),
        st.builds(lambda a, b: lambda: sp.Max(a(), b()), inner, inner),
        st.builds(lambda a, b: lambda: coalesce(a(), b()), inner, inner),
    ),
    max_leaves=8,
)
NAMES = {"num_rows() where a = 1 OR b = 2": A, "num_rows() [1 d earlier]": B, "average(f(x), ')')": C}


@given(TREES)
def test_an_expressions_text_is_read_back_as_the_same_tree(make):
    with sp.evaluate(False), contextlib.suppress(ZeroDivisionError, OverflowError, TypeError):
        tree = sp.sympify(A + make())
        shown = text(tree, {symbol: name for name, symbol in NAMES.items()}.__getitem__)
        assert text(read(shown, NAMES), str) == text(tree, str)
        assert flat(read(shown, NAMES)) == flat(tree)


def flat(node):
    """A tree as tuples, in which a sum that begins with a sum, or a product with a product, is one."""
    if not node.args:
        return str(node) if node.is_Symbol else repr(float(node))
    arguments = [flat(argument) for argument in node.args]
    kind = node.func.__name__
    if kind in ("Add", "Mul") and isinstance(arguments[0], tuple) and arguments[0][0] == kind:
        arguments = [*arguments[0][1:], *arguments[1:]]
    return kind, *arguments


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=400), st.integers(1, 5))
def test_long_sums_and_products_are_exact(numbers, nested):
    symbols = [sp.Symbol(f"x_{n}", real=True) for n in range(len(numbers))]
    known = dict(zip(symbols, numbers, strict=True))
    with sp.evaluate(False):
        made = sum(symbol * nested - 1 for symbol in symbols)
    assert compute(made, lambda symbol: Success(known[symbol])).unwrap() == sum(n * nested - 1 for n in numbers)
