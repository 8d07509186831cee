"""Every metric says of awkward rows on Google's evaluator what it says on DuckDB, to the bit; quantiles nearly so."""

import datetime as dt
import math
from decimal import Decimal

import pytest
from returns.result import Success

from dqx_core import ResultKey
from dqx_core.metrics.base import MetricSpec
from tests.core.cases import CASES
from tests.googlesql.awkward import INF, NAN
from tests.googlesql.evaluator import needed
from tests.googlesql.source import Google, on_duckdb, values

pytestmark = [needed(), pytest.mark.xdist_group("googlesql")]

SCHEMA = {
    "yyyy_mm_dd": "DATE", "split": "STRING", "x": "FLOAT64", "n": "INT64", "d": "NUMERIC", "s": "STRING",
    "at": "DATETIME",
    "items": "ARRAY<INT64>",
}  # fmt: skip
KEY = ResultKey(dt.date(2024, 1, 10))


def row(number, x, n, d, s):
    day = dt.date(2024, 1, 1 + number % 9)
    at = dt.datetime(2024, 1, 1 + number % 9, 23, 59, 59, 999999)
    return {
        "yyyy_mm_dd": day,
        "split": "train",
        "x": x,
        "n": n,
        "d": d,
        "s": s,
        "at": at,
        "items": [number % 3] * (number % 4),
    }


FINITE = [
    row(i, x, n, None if i == 3 else Decimal(i) / 8, s)
    for i, (x, n, s) in enumerate(
        [
            (0.1, 2**62, "a"), (0.2, 2**62, "ab"), (-0.0, -7, ""), (0.0, 7, "é"), (None, None, None), (2.5, 3, "a\nb"),
            (1e9 + 0.1, -(2**63), "日本"), (12345678.905, 2**63 - 1, "a'b"), (-3.5, 3, "NL"), (2.5, 3, "NL"),
        ]
    )
]  # fmt: skip
ROWS = {
    "finite": FINITE,
    "not a number": [*FINITE, row(10, NAN, 1, Decimal(1), "x"), row(11, NAN, 1, Decimal(1), "x")],
    "infinite": [*FINITE, row(10, INF, 1, Decimal(1), "x"), row(11, -INF, 1, Decimal(1), "x")],
    "nulls": [dict.fromkeys(SCHEMA)] * 2,
    "none": [],
}
WITHOUT_EVALUATOR = {"approx_unique_count", "first"}
"""HLL_COUNT and MAX_BY: BigQuery has them, and the evaluator has not."""
METRICS: list[MetricSpec] = [spec for spec in CASES if spec.kind not in WITHOUT_EVALUATOR]


def agree(a, b, exact):
    if not (isinstance(a, Success) and isinstance(b, Success)):
        return not isinstance(a, Success) and not isinstance(b, Success)
    a, b = a.unwrap(), b.unwrap()
    if isinstance(a, float) and isinstance(b, float | Decimal) and math.isnan(a):
        return math.isnan(b)
    return a == b or (not exact and math.isclose(a, b, rel_tol=1e-15))


@pytest.mark.parametrize("rows", ROWS.values(), ids=list(ROWS))
def test_every_metric_says_the_same(rows):
    here = values(on_duckdb(SCHEMA, rows), METRICS, KEY)
    there = values(Google(SCHEMA, rows), METRICS, KEY)

    differ = {
        spec.name: (str(a), str(b))
        for spec, a, b in zip(METRICS, here, there, strict=True)
        if not agree(a, b, exact=spec.kind not in ("quantile", "median", "custom_sql"))
    }
    assert not differ
