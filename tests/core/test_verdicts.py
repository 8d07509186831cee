"""Verdicts: every condition through the suite, what can never be green, and all that a result says."""

from dataclasses import fields

import pytest
import sympy as sp
from returns.pipeline import is_successful
from returns.result import Failure, Success

from dqx_core import AssertionResult, VerificationSuite
from dqx_core.functions import coalesce
from tests.core.shop import a_check, day, key, recording, run, sales, source, suite

CONDITIONS = {
    # There are 10 rows.
    "is_eq": ([10], [11]),
    "is_neq": ([11], [10]),
    "is_gt": ([9], [10]),
    "is_geq": ([10], [11]),
    "is_lt": ([11], [10]),
    "is_leq": ([10], [9]),
    "is_between": ([10, 12], [11, 12]),
    "is_not_between": ([11, 12], [9, 10]),
}


def judged(**assertions):
    """The status of each assertion, a function of the metric provider and a begun, named assertion."""

    def body(mp, ctx):
        for name, assertion in assertions.items():
            assertion(mp, lambda expression, name=name: ctx.assert_that(expression).where(name=name))

    return {name: result.status for name, result in run(a_check(body)).items()}


@pytest.mark.parametrize(("condition", "limits"), CONDITIONS.items(), ids=CONDITIONS.keys())
def test_every_condition_passes_and_fails(condition, limits):
    holds, breaks = limits
    assert judged(
        holds=lambda mp, that: getattr(that(mp.num_rows()), condition)(*holds),
        breaks=lambda mp, that: getattr(that(mp.num_rows()), condition)(*breaks),
        near=lambda mp, that: getattr(that(mp.num_rows()), condition)(*breaks, tol=5),
    ) == {"holds": "PASSED", "breaks": "FAILED", "near": "FAILED" if condition in STRICT else "PASSED"}


STRICT = {"is_neq", "is_gt", "is_lt", "is_not_between"}
"""A tolerance makes these harder to meet: what is near counts as equal."""


def test_signs_are_conditions_and_noop_judges_nothing():
    assert judged(
        positive=lambda mp, that: that(mp.num_rows()).is_positive(),
        not_positive=lambda mp, that: that(mp.num_rows() * 0).is_positive(),
        negative=lambda mp, that: that(-mp.num_rows()).is_negative(),
        not_negative=lambda mp, that: that(mp.num_rows()).is_negative(),
        zero=lambda mp, that: that(mp.num_rows() - 10).is_zero(),
        not_zero=lambda mp, that: that(mp.num_rows()).is_zero(),
        noop=lambda mp, that: that(-mp.num_rows()).noop(),
    ) == {
        "positive": "PASSED",
        "not_positive": "FAILED",
        "negative": "PASSED",
        "not_negative": "FAILED",
        "zero": "PASSED",
        "not_zero": "FAILED",
        "noop": "PASSED",
    }


@pytest.mark.parametrize(
    ("expression", "status", "reason"),
    [
        (lambda mp: mp.average("price", where="price < 0"), "ERROR", "no non-null values"),
        (lambda mp: mp.sum("price", where="CAST(email AS INTEGER) > 0"), "ERROR", "Could not convert"),
        (lambda mp: sp.sqrt(-mp.num_rows()), "ERROR", "complex"),
        (lambda mp: mp.num_rows() / (mp.num_rows() - 10), "ERROR", "division by zero"),
        (lambda mp: 1.0e308 * mp.num_rows(), "ERROR", "infinite"),
        (lambda mp: mp.custom_sql("MAX('-inf'::DOUBLE)"), "ERROR", "infinite"),
        (lambda mp: mp.custom_sql("MAX('nan'::DOUBLE)"), "ERROR", "NaN"),
        (lambda mp: mp.ext.mean(mp.num_rows(), n=30), "SKIPPED", "missing"),
        (lambda mp: coalesce(mp.num_rows(lag=30), mp.num_rows(lag=40)), "SKIPPED", "not found"),
    ],
)
@pytest.mark.parametrize("condition", ["noop", "is_neq", "is_geq"])
def test_what_cannot_be_judged_is_never_passed(expression, status, reason, condition):
    limits = {"noop": [], "is_neq": [12.5], "is_geq": [-1e300]}[condition]
    body = lambda mp, ctx: getattr(ctx.assert_that(expression(mp)).where(name="x"), condition)(*limits)  # noqa: E731
    result = run(a_check(body))["x"]
    assert (result.status, is_successful(result.metric)) == (status, False)
    assert reason in result.message


def test_all_reasons_of_an_error_are_listed():
    def body(mp, ctx):
        a, b = mp.average("price", where="price < 0"), mp.minimum("price", where="price < -1")
        ctx.assert_that(a + b).where(name="x").is_positive()

    result = run(a_check(body))["x"]
    assert result.metric == Failure(
        (
            "average(price) where price < 0 on 2024-01-10: no non-null values",
            "minimum(price) where price < -1 on 2024-01-10: no non-null values",
        )
    )
    assert result.message == "; ".join(result.metric.failure())


def test_expressions_take_arithmetic_functions_and_a_fallback():
    def body(mp, ctx):
        n = mp.num_rows()
        for name, expression in {
            "+": n + 1,
            "-": n - 1,
            "*": n * 2,
            "/": n / 4,
            "**": n**2,
            "Abs": sp.Abs(-n),
            "sqrt": sp.sqrt(n - 1),
            "log": sp.log(n - 9),
            "Min": sp.Min(n, 3),
            "Max": sp.Max(n, 30),
            "coalesce": coalesce(mp.average("price", where="price < 0"), mp.num_rows(lag=90), 7),
        }.items():
            ctx.assert_that(expression).where(name=name).noop()

    assert {name: result.metric.unwrap() for name, result in run(a_check(body)).items()} == {
        "+": 11,
        "-": 9,
        "*": 20,
        "/": 2.5,
        "**": 100,
        "Abs": 10,
        "sqrt": 3.0,
        "log": 0.0,
        "Min": 3,
        "Max": 30,
        "coalesce": 7,
    }


def test_a_result_says_all_there_is_to_know():
    def body(mp, ctx):
        price = mp.average("price")
        ctx.assert_that(mp.ext.day_over_day(price)).where(name="Moves", severity="P0", tags={"money"}).is_lt(0.5)

    ran = VerificationSuite([a_check(body, "Sales")], suite().db, "Sales suite")
    (result,) = ran.run([source()], key(10, env="test"))
    assert {f.name for f in fields(AssertionResult)} >= {
        *("suite", "check", "assertion", "yyyy_mm_dd", "tags", "severity", "status", "metric", "bound"),
        *("expression", "symbols", "message"),
    }
    assert (result.suite, result.check, result.assertion) == ("Sales suite", "Sales", "Moves")
    assert (result.yyyy_mm_dd, result.tags, result.severity) == (day(10), {"env": "test"}, "P0")
    assert (result.status, result.bound, result.expression) == ("PASSED", "< 0.5", "day_over_day(average(price))")
    assert result.metric == Success(abs(14.5 - 13) / 13)
    assert result.message == "day_over_day(average(price)) = 0.115385, is < 0.5"
    assert [(s.name, s.metric, s.dataset, s.yyyy_mm_dd, s.tags, s.value) for s in result.symbols] == [
        ("x_3", "day_over_day(average(price))", "sales", day(10), {"env": "test"}, result.metric),
        ("x_1", "average(price)", "sales", day(10), {"env": "test"}, Success(14.5)),
        ("x_2", "average(price)", "sales", day(9), {"env": "test"}, Success(13.0)),
    ]


def test_a_comparison_with_a_part_that_is_not_there_says_which_part_and_which_day():
    here = source(sales(), is_there=lambda at, tags: tags.get("split") == "train" and at == day(10))
    part = {"split": "eval"}
    found = suite(
        recording(
            both=lambda mp: mp.num_rows() - mp.num_rows(tags=part),
            before=lambda mp: mp.num_rows(tags=part, lag=1),
            mean=lambda mp: mp.ext.mean(mp.num_rows(tags=part), n=2),
            yesterday=lambda mp: mp.num_rows(lag=1),
        )
    ).run([here], key(10, split="train"))

    both, before, mean, yesterday = found
    assert {result.status for result in found} == {"SKIPPED"}
    assert both.message == "num_rows() on 2024-01-10 [split=eval]: not materialized"
    assert before.message.startswith("Metric num_rows() for 2024-01-09 [split=eval] on dataset 'sales' in execution ")
    assert mean.message.endswith("2 missing: 2024-01-09, 2024-01-10 [split=eval]")
    assert yesterday.message.startswith("Metric num_rows() for 2024-01-09 on dataset 'sales' in execution ")
