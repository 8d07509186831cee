"""Metrics, keys and verdicts that the store's tests keep and read back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from fractions import Fraction

from returns.result import Failure, Result, Success

from dqx_core.keys import ResultKey
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.metric import Metric
from dqx_core.metrics.moments import Average
from dqx_core.report import AssertionResult, Severity, Status, SymbolInfo
from dqx_core.states import Number, Total

DAY = dt.date(2024, 1, 2)
KEY = ResultKey(DAY, {"env": "test"})
PRICE = Average("price")
ROWS = NumRows()


def day(number: int, tags: Mapping[str, str] | None = None) -> ResultKey:
    """The nth day of 2024, counted from 0."""
    return ResultKey(dt.date(2024, 1, 1) + dt.timedelta(days=number), tags or {})


def metric(
    value: Number | str = 4.5,
    *,
    spec: MetricSpec = PRICE,
    key: ResultKey = KEY,
    dataset: str | None = "sales",
    execution_id: str | None = "run-1",
    data_version: str | None = None,
    source: str | None = None,
) -> Metric:
    """A metric of a value, or failed for a reason."""
    result: Result[Number, str] = Failure(value) if isinstance(value, str) else Success(value)
    return Metric(spec, key, dataset, None, result, execution_id, data_version, source)


def measured(mean: int, *, key: ResultKey = KEY, execution_id: str = "run-1") -> Metric:
    """A metric with the state it came from."""
    return Metric.build(PRICE, key, Total(2, Fraction(2 * mean)), "sales", execution_id)


def many(count: int, execution_id: str) -> list[Metric]:
    """Numbers of a hundred series over as many days as it takes."""
    specs = [Average(f"column_{n}") for n in range(100)]
    return [
        Metric.build(specs[n % 100], day(n // 100), Total(n + 1, Fraction(n, 3)), "sales", execution_id, "v1")
        for n in range(count)
    ]


def verdict(
    assertion: str = "Price is positive",
    *,
    suite: str = "Sales suite",
    check: str = "Sales",
    key: ResultKey = KEY,
    status: Status = Status.PASSED,
    outcome: Result[Number, tuple[str, ...]] = Success(4.5),  # noqa: B008 -- immutable
    symbols: Iterable[SymbolInfo] = (),
) -> AssertionResult:
    """The result of an assertion."""
    return AssertionResult(
        suite,
        check,
        assertion,
        key.yyyy_mm_dd,
        key.tags,
        Severity.P0,
        status,
        outcome,
        "> 0",
        "average(price)",
        tuple(symbols),
        f"{assertion}: {status}",
    )
