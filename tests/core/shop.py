"""A small shop: ten days of sales, and suites of one check over them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from returns.pipeline import is_successful

from dqx_core import (
    AssertionResult,
    Check,
    Context,
    DuckDB,
    DuckRelationDataSource,
    InMemoryMetricDB,
    MetricDB,
    MetricProvider,
    ResultKey,
    VerificationSuite,
    check,
)

FIRST = dt.date(2024, 1, 1)
ENGINE = DuckDB()


def day(number: int) -> dt.date:
    """Day 1 is the first of January 2024."""
    return FIRST + dt.timedelta(days=number - 1)


def key(number: int, **tags: str) -> ResultKey:
    return ResultKey(day(number), tags)


def sales(
    days: Sequence[int] = range(1, 11), prices: Callable[[int], Sequence[float | None]] | None = None
) -> pa.Table:
    """On day n there are n sales, at prices n, n + 1, …, unless told otherwise."""
    of_day = prices or (lambda n: [float(n + i) for i in range(n)])
    rows = [(day(n), price, f"s{n}-{i}") for n in days for i, price in enumerate(of_day(n))]
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    types = (pa.date32(), pa.float64(), pa.string())
    names = ("yyyy_mm_dd", "price", "email")
    return pa.table(
        {name: pa.array(list(values), type_) for name, values, type_ in zip(names, columns, types, strict=True)}
    )


def source(table: pa.Table | None = None, name: str = "sales", **options: Any) -> DuckRelationDataSource:
    return DuckRelationDataSource.from_arrow(sales() if table is None else table, name, engine=ENGINE, **options)


Body = Callable[[MetricProvider, Context], None]


def a_check(body: Body, name: str = "Check", datasets: Sequence[str] = ("sales",)) -> Check:
    return check(name=name, datasets=datasets)(body)


def recording(**expressions: Callable[[MetricProvider], Any]) -> Check:
    """A check that records the value of each expression under its name."""

    def body(mp: MetricProvider, ctx: Context) -> None:
        for name, expression in expressions.items():
            ctx.assert_that(expression(mp)).where(name=name).noop()

    return a_check(body)


def suite(*checks: Check, db: MetricDB | None = None, **options: Any) -> VerificationSuite:
    return VerificationSuite(checks, db or InMemoryMetricDB(), "Suite", **options)


def run(
    *checks: Check,
    at: int = 10,
    sources: Sequence[DuckRelationDataSource] | None = None,
    db: MetricDB | None = None,
    **options: Any,
) -> dict[str, AssertionResult]:
    """The results by assertion name."""
    results = suite(*checks, db=db, **options).run([source()] if sources is None else sources, key(at))
    return {result.assertion: result for result in results}


def record(
    at: int = 10, table: pa.Table | None = None, **expressions: Callable[[MetricProvider], Any]
) -> dict[str, Any]:
    """The value of each expression, or its reasons."""
    results = run(recording(**expressions), at=at, sources=[source(table)])
    return {
        name: result.metric.unwrap() if is_successful(result.metric) else result.metric.failure()
        for name, result in results.items()
    }
