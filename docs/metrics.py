"""Writes docs/metrics.md from the metric classes, with examples that run: python -m docs.metrics."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import sympy as sp
from returns.result import Failure, Success

from dqx_core import (
    Context,
    DuckRelationDataSource,
    InMemoryMetricDB,
    MetricProvider,
    ResultKey,
    VerificationSuite,
    check,
)
from dqx_core import history as derived
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.registry import METRICS

PAGE = Path(__file__).with_name("metrics.md")
TODAY = dt.date(2024, 1, 10)

EXAMPLES: Mapping[str, str] = {
    "num_rows": "mp.num_rows()",
    "count": 'mp.count("price")',
    "null_count": 'mp.null_count("email")',
    "negative_count": 'mp.negative_count("price")',
    "count_values": 'mp.count_values("country", ["NL", "DE"])',
    "sum": 'mp.sum("price")',
    "average": 'mp.average("price", where="country = \'NL\'")',
    "variance": 'mp.variance("price")',
    "stddev": 'mp.stddev("price")',
    "minimum": 'mp.minimum("yyyy_mm_dd")',
    "maximum": 'mp.maximum("price")',
    "first": 'mp.first("price", order_by="email")',
    "match_count": 'mp.match_count("email", r"[a-z]+@shop\\.example")',
    "min_length": 'mp.min_length("country")',
    "max_length": 'mp.max_length("email")',
    "quantile": 'mp.quantile("price", 0.9)',
    "median": 'mp.median("price")',
    "unique_count": 'mp.unique_count("country")',
    "duplicate_count": 'mp.duplicate_count(["email", "country"])',
    "approx_unique_count": 'mp.approx_unique_count("email")',
    "custom_sql": 'mp.custom_sql("SUM(price) / COUNT(DISTINCT country)")',
}

EXTENDED: Mapping[str, tuple[type[derived.Derived], str]] = {
    "day_over_day": (derived.DayOverDay, "mp.ext.day_over_day(mp.num_rows())"),
    "week_over_week": (derived.WeekOverWeek, 'mp.ext.week_over_week(mp.sum("price"))'),
    "change": (derived.Change, "mp.ext.change(mp.num_rows(), days=2)"),
    "stddev": (derived.Stddev, 'mp.ext.stddev(mp.average("price"), n=7)'),
    "mean": (derived.Mean, "mp.ext.mean(mp.num_rows(), lag=1, n=3)"),
    "median": (derived.Median, "mp.ext.median(mp.num_rows(), n=28, min_periods=5)"),
    "minimum": (derived.Minimum, "mp.ext.minimum(mp.num_rows(), n=7)"),
    "maximum": (derived.Maximum, "mp.ext.maximum(mp.ext.day_over_day(mp.num_rows()), n=7)"),
    "zscore": (derived.ZScore, "mp.ext.zscore(mp.num_rows(), n=7)"),
}

_TAKES = {
    "anything": "any column",
    "numbers": "numbers",
    "ordered": "numbers, dates, timestamps",
    "sortable": "numbers, dates, timestamps, text",
    "text": "text",
    "sized": "text, lists, maps",
}


NAN: Mapping[str, str] = {
    "num_rows, count": "count it: NaN is a value",
    "null_count": "does not: NaN is not null",
    "negative_count": "does not",
    "count_values": "only where NaN is one of the values that are asked for",
    "sum, average, variance, stddev": "are NaN, which makes an assertion an ERROR; so do infinities of both signs",
    "minimum, maximum, quantile, median": "are NaN",
    "first": "takes it for larger than all numbers, in `order_by` and among values of one place",
    "unique_count, approx_unique_count": "count all NaN as one value; 0.0 and -0.0 are one value too",
    "duplicate_count": "takes NaN for equal to NaN, and 0.0 to -0.0",
    "custom_sql, where": "as the expression says: on DuckDB NaN is above all numbers, equal to itself",
}
"""Metrics → what they make of NaN, on every engine."""

ROWS = (
    "",
    "## NaN, nulls and columns",
    "",
    "On every engine, wherever the rows lie:",
    "",
    "| metric | NaN |",
    "| --- | --- |",
    *(f"| {metrics} | {what} |" for metrics, what in NAN.items()),
    "",
    "A square or a sum beyond doubles is an infinity, or NaN, on every engine; where sums of large numbers of both",
    "signs pass beyond them on the way, engines differ in whether they come back.",
    "",
    "Parquet files of pyarrow and polars state a smallest and a largest value that leave NaN out. `from_parquet` and",
    "stored datasets read them right. Through a view of your own over such a file DuckDB believes them: `isnan(x)`",
    "finds nothing there, `x > 5` loses rows, and a sum of x is an ERROR. Write",
    "`read_parquet('…', can_have_nan = true)` in the view. Range and aggregate filters of datasets keep no NaN,",
    "through such a view either.",
    "",
    "Division by zero, in conditions and in `custom_sql`:",
    "",
    "| written | DuckDB | BigQuery |",
    "| --- | --- | --- |",
    "| `a / 0` | an infinity, or NaN of `0 / 0` | an error, and so an ERROR of the assertion |",
    "| `a // 0`, `a % 0` | an error | an error |",
    "| `a / nullif(b, 0)` | null | null |",
    "",
    "The last is the same everywhere; null meets no condition, and aggregates leave it out.",
    "",
    "A column of nothing but nulls may have no type (an Arrow `null`, a frame of objects that are all missing): it",
    "takes part in every metric. A column that is missing, that does not hold what a metric takes, or that differs",
    "from another only in upper and lower case makes the assertions that use it an ERROR with its reason, and no",
    "others. A suite is refused as a whole where nothing of it can be judged; in Dagster and `dqx ci` these are",
    "verdicts too.",
)


def sales() -> pa.Table:
    """Ten days of sales, one more each day; every fifth has no email."""
    rows = [(TODAY - dt.timedelta(days=9 - n), i) for n in range(10) for i in range(5 + n)]
    return pa.table(
        {
            "yyyy_mm_dd": [day for day, _ in rows],
            "price": [round(4.0 + (i * 7) % 11 + day.day / 10, 2) for day, i in rows],
            "email": [None if i % 5 == 4 else f"{'abcdefgh'[i % 8]}@shop.example" for _, i in rows],
            "country": ["NL" if i % 3 else "DE" for _, i in rows],
        }
    )


def values_of(examples: list[str], table: pa.Table) -> list[str]:
    """What each example gives on a table, as it is shown."""

    @check(name="Examples", datasets=["sales"])
    def body(mp: MetricProvider, ctx: Context) -> None:
        for number, example in enumerate(examples):
            make: Callable[[MetricProvider], sp.Symbol] = eval(f"lambda mp: {example}")  # noqa: S307 - written above
            ctx.assert_that(make(mp)).where(name=str(number)).noop()

    suite = VerificationSuite([body], InMemoryMetricDB(), "Examples")
    results = suite.run([DuckRelationDataSource.from_arrow(table, "sales")], ResultKey(TODAY))
    return [_shown(result.metric) for result in results]


def _shown(value: Any) -> str:
    match value:
        case Success(int() as number):
            return f"{number:,}"
        case Success(number):
            return f"{number:.6g}"
        case Failure(reasons):
            return "no value: " + "; ".join(reason.partition(": ")[2] or reason for reason in reasons)
    return str(value)


def definition(thing: type) -> str:
    """The docstring, one paragraph a line."""
    paragraphs = inspect.cleandoc(thing.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def merging(metric: type[MetricSpec]) -> str:
    """How states become one."""
    if metric.kind == "custom_sql":
        return "as `merge` says: `sum`, `min` or `max`; without it, no"
    if inspect.getattr_static(metric, "mergeable").fget(None):
        return "yes: the state of a whole follows from those of its parts"
    return "no: measured anew for every set of rows"


def takes(metric: type[MetricSpec]) -> str:
    """What its column must hold."""
    if metric.kind == "first":
        return "`column`: numbers, dates, timestamps; `order_by`: also text"
    return _TAKES[inspect.getattr_static(metric, "takes").fget(None)]


def page() -> str:
    """The whole page."""
    plain, extended = list(EXAMPLES.values()), [example for _, example in EXTENDED.values()]
    on_data, on_nothing = values_of([*plain, *extended], sales()), values_of(plain, sales().slice(0, 0))
    lines = [
        "# Metrics",
        "",
        "Written by `python -m docs.metrics` from the classes; a test holds it to them. The examples run on ten days",
        "of sales: 5 on the first day, one more each day, judged for the tenth.",
        "",
        "Every metric also takes `where` (a SQL condition on rows), `lag` (days before the key, or windows of its",
        "calendar), `dataset` and `tags`.",
        "`dqx_core.metrics` holds each as one class; adding one is a class and a line in `registry.py`.",
        "",
        "Sums of doubles are exact, and so the same in any order of rows and with any number of threads, for 0 and",
        "magnitudes from 2⁻⁷¹ (4e-22) to 2¹²⁴ (2e37); sums of squares from 2⁻³⁵ (3e-11) to 2⁶² (4e18). Values",
        "outside are added in floating point, where the last bits may depend on the order. Infinities and NaN spoil",
        "what they touch. Sums and variances of integers and decimals are exact, whatever their size.",
        *ROWS,
    ]
    for metric, example, value, nothing in zip(METRICS, plain, on_data, on_nothing, strict=False):
        lines += [
            "",
            f"## {metric.kind}",
            "",
            definition(metric),
            "",
            f"- example: `{example}` = {value}",
            f"- over no rows: {nothing}",
            *([] if metric.kind in ("num_rows", "custom_sql") else [f"- takes: {takes(metric)}"]),
            f"- merges: {merging(metric)}",
        ]
    lines += [
        "",
        "# Metrics of metrics",
        "",
        "Each takes the symbol of one metric, honours its lag, dataset, `where` and tags, and nests. Days that a data",
        "source leaves out (`skip_dates`) are not asked for; a window takes `min_periods`, by default all its days.",
        "",
        "A key may speak of another window than a day: `ResultKey.at(Hours(timezone='Europe/Amsterdam'), moment)`, of",
        "`dqx_core.calendars`: `Hours`, `Days`, `Weeks`, `Months`, `Years`. Lags and `n` then count these. A day and a",
        "week before are the same time of the clock then, where there are such windows (hours, days; weeks a week",
        "before); elsewhere the suite is refused, and `mp.ext.change(metric, windows=1)` compares with the one before.",
    ]
    for (name, (metric_, example)), value in zip(EXTENDED.items(), on_data[len(plain) :], strict=True):
        lines += ["", f"## ext.{name}", "", definition(metric_), "", f"- example: `{example}` = {value}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
