"""Rows of every kind of column, every metric on them, and what each metric should say, computed without SQL."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from dqx_core import DuckDB, DuckRelationDataSource, ResultKey
from dqx_core.execution import Measured, execute
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.counts import CountOf, CountValues, NegativeCount, NullCount, NumRows
from dqx_core.metrics.custom import CustomSql
from dqx_core.metrics.distinct import ApproxUniqueCount, DuplicateCount, UniqueCount
from dqx_core.metrics.extremes import FirstValue, Maximum, Minimum
from dqx_core.metrics.moments import Average, Stddev, Sum, Variance
from dqx_core.metrics.quantiles import Median, Quantile
from dqx_core.metrics.text import MatchCount, MaxLength, MinLength
from dqx_core.planning import Need, Scan

Row = Mapping[str, Any]

SCHEMA = pa.schema(
    {
        "yyyy_mm_dd": pa.date32(),
        "split": pa.string(),
        "x": pa.float64(),
        "n": pa.int64(),
        "d": pa.decimal128(12, 2),
        "s": pa.string(),
        "at": pa.timestamp("us"),
        "items": pa.list_(pa.int64()),
    }
)
DAYS = [dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2024, 3, 1)]
ENGINE = DuckDB()

SIZES = st.floats(2.0**-35, 2.0**61, allow_nan=False)
NUMBERS = st.one_of(
    st.sampled_from([0.0, 0.1, 0.2, -0.1, 1.0, 1e9, -1e9, 9007199254740993.0, 12.34, 1e18]),
    SIZES,
    SIZES.map(lambda size: -size),
)
"""Finite doubles whose sums and sums of squares are exact."""

SPECIAL = st.sampled_from([math.inf, -math.inf, math.nan])


def rows_of(doubles: st.SearchStrategy[float], *, max_size: int = 12) -> st.SearchStrategy[list[Row]]:
    """Rows, with nulls everywhere but in the day."""

    def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.none() | strategy

    row = st.fixed_dictionaries(
        {
            "yyyy_mm_dd": st.sampled_from(DAYS),
            "split": maybe(st.sampled_from(["train", "eval"])),
            "x": maybe(doubles),
            "n": maybe(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)),
            "d": maybe(st.integers(-(10**11), 10**11).map(lambda cents: Decimal(cents) / 100)),
            "s": maybe(st.sampled_from(["", "a", "ab", "é", "日本", "a\nb", "a'b", "NL", "🦆"]) | st.text(max_size=3)),
            "at": maybe(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))),
            "items": maybe(st.lists(st.none() | st.integers(0, 3), max_size=3)),
        }
    )
    return st.lists(row, max_size=max_size)


def table_of(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA)


def source_of(rows: Sequence[Row], **options: Any) -> DuckRelationDataSource:
    return DuckRelationDataSource.from_arrow(table_of(rows), "rows", engine=ENGINE, **options)


def measure(source: DuckRelationDataSource, specs: Sequence[MetricSpec], *keys: ResultKey) -> dict[Need, Measured]:
    """The states of the specs for every key, from one scan."""
    return execute(Scan(source, tuple((spec, key, source.name) for key in keys for spec in specs)))


def state_of(rows: Sequence[Row], spec: MetricSpec) -> Any:
    """The state of all the rows, whatever their day."""
    source = source_of(rows, date_column=None)
    (state,) = measure(source, [spec], ResultKey(DAYS[0])).values()
    return state.unwrap()


def value_of(rows: Sequence[Row], spec: MetricSpec) -> Result[Any, str]:
    return spec.value(state_of(rows, spec))


Oracle = Callable[[pd.DataFrame], Any]
"""What a metric should say of rows; None: there is no value."""


def known(frame: pd.DataFrame, column: str) -> list[Any]:
    return [v for v in frame[column] if v is not None and v is not pd.NaT]


def total(values: Sequence[Any]) -> Any:
    """The sum, rounded once."""
    if not values:
        return None
    if any(isinstance(v, float) and not math.isfinite(v) for v in values):
        return sum(v for v in values if not math.isfinite(v))
    exact = sum(map(Fraction, values))
    return int(exact) if exact.denominator == 1 else float(exact)


def mean(values: Sequence[Any]) -> float | None:
    if not values or not all(map(math.isfinite, values)):
        return total(values)
    return float(sum(map(Fraction, values)) / len(values))


def variance(values: Sequence[Any]) -> float | None:
    if len(values) < 2:
        return None
    if not all(map(math.isfinite, values)):
        return math.nan
    exact = [Fraction(v) for v in values]
    middle = sum(exact) / len(exact)
    return float(sum((v - middle) ** 2 for v in exact) / (len(exact) - 1))


def root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)


def extreme(pick: Callable[..., Any], values: Sequence[Any]) -> Any:
    if any(isinstance(v, float) and math.isnan(v) for v in values):
        return math.nan
    return pick(values, default=None)


def seconds(moment: dt.datetime | None) -> Any:
    if moment is None:
        return None
    since = moment - dt.datetime(1970, 1, 1)
    return since // dt.timedelta(seconds=1) if not since % dt.timedelta(seconds=1) else since.total_seconds()


def quantile(values: Sequence[float], q: float) -> float | None:
    if not values:
        return None
    return math.nan if any(map(math.isnan, values)) else float(np.quantile(np.array(values, dtype="float64"), q))


def first(frame: pd.DataFrame) -> Any:
    pairs = [(o, v) for o, v in zip(frame["n"], frame["d"], strict=True) if o is not None and v is not None]
    return min(pairs)[1] if pairs else None


def duplicates(frame: pd.DataFrame, columns: list[str]) -> int:
    return int(sum(n - 1 for n in Counter(frame[columns].itertuples(index=False, name=None)).values()))


CASES: Mapping[MetricSpec, Oracle] = {
    NumRows(): len,
    NumRows(where="n > 0"): lambda f: sum(v > 0 for v in known(f, "n")),
    CountOf(): len,
    CountOf("x"): lambda f: len(known(f, "x")),
    NullCount("s"): lambda f: len(f) - len(known(f, "s")),
    NullCount("s", where="n > 0"): lambda f: sum(
        n is not None and n > 0 and s is None for n, s in zip(f["n"], f["s"], strict=True)
    ),
    NegativeCount("x"): lambda f: sum(v < 0 for v in known(f, "x")),
    NegativeCount("d"): lambda f: sum(v < 0 for v in known(f, "d")),
    CountValues("s", ("a", "a'b", "日本")): lambda f: sum(v in ("a", "a'b", "日本") for v in known(f, "s")),
    CountValues("n", (1, 2)): lambda f: sum(v in (1, 2) for v in known(f, "n")),
    CountValues("yyyy_mm_dd", (DAYS[1],)): lambda f: sum(v == DAYS[1] for v in known(f, "yyyy_mm_dd")),
    Sum("x"): lambda f: total(known(f, "x")),
    Sum("n"): lambda f: total(known(f, "n")),
    Sum("d"): lambda f: total(known(f, "d")),
    Sum("x", where="s IN ('a', '')"): lambda f: total(
        [x for x, s in zip(f["x"], f["s"], strict=True) if x is not None and s in ("a", "")]
    ),
    Average("x"): lambda f: mean(known(f, "x")),
    Average("n"): lambda f: mean(known(f, "n")),
    Average("d"): lambda f: mean(known(f, "d")),
    Variance("x"): lambda f: variance(known(f, "x")),
    Variance("n"): lambda f: variance(known(f, "n")),
    Stddev("x"): lambda f: root(variance(known(f, "x"))),
    Stddev("d"): lambda f: root(variance(known(f, "d"))),
    Minimum("x"): lambda f: extreme(min, known(f, "x")),
    Minimum("at"): lambda f: seconds(extreme(min, known(f, "at"))),
    Maximum("x"): lambda f: extreme(max, known(f, "x")),
    Maximum("n"): lambda f: extreme(max, known(f, "n")),
    Maximum("yyyy_mm_dd"): lambda f: None if f.empty else (max(f["yyyy_mm_dd"]) - dt.date(1970, 1, 1)).days * 86_400,
    FirstValue("d", "n"): lambda f: total([v]) if (v := first(f)) is not None else None,
    MatchCount("s", "[a-z]+|日."): lambda f: sum(bool(re.fullmatch("[a-z]+|日.", v)) for v in known(f, "s")),
    MinLength("s"): lambda f: extreme(min, [len(v) for v in known(f, "s")]),
    MaxLength("s"): lambda f: extreme(max, [len(v) for v in known(f, "s")]),
    MaxLength("items"): lambda f: extreme(max, [len(v) for v in known(f, "items")]),
    Quantile("d", 0.3): lambda f: quantile([float(v) for v in known(f, "d")], 0.3),
    Median("x"): lambda f: quantile(known(f, "x"), 0.5),
    UniqueCount("s"): lambda f: len(set(known(f, "s"))),
    UniqueCount("n", where="n < 2"): lambda f: len({v for v in known(f, "n") if v < 2}),
    DuplicateCount(("n",)): lambda f: duplicates(f, ["n"]),
    DuplicateCount(("n", "s")): lambda f: duplicates(f, ["n", "s"]),
    ApproxUniqueCount("s"): lambda f: len(set(known(f, "s"))),
    CustomSql("SUM(n % 5) + COUNT(s)"): lambda f: (
        None
        if not known(f, "n")
        # The remainder has the sign of the number, as in SQL.
        else sum(int(math.copysign(abs(v) % 5, v)) for v in known(f, "n")) + len(known(f, "s"))
    ),
    CustomSql("MAX(LENGTH(s))", merge="max", where="n > 0"): lambda f: extreme(
        max, [len(s) for n, s in zip(f["n"], f["s"], strict=True) if n is not None and n > 0 and s is not None]
    ),
    CustomSql("SUM(n % 5)", merge="sum"): lambda f: total([int(math.copysign(abs(v) % 5, v)) for v in known(f, "n")]),
}


def frame_of(rows: Sequence[Row]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype="object") for name in SCHEMA.names})


def expected(rows: Sequence[Row] | pd.DataFrame, spec: MetricSpec) -> Any:
    """What the metric should say of the rows; None: there is no value."""
    return CASES[spec](rows if isinstance(rows, pd.DataFrame) else frame_of(rows))


def agrees(value: Result[Any, str], wanted: Any, *, relative: float = 0.0) -> bool:
    """Whether a value is what was wanted: to the bit, unless told otherwise."""
    match value:
        case Failure(_):
            return wanted is None
        case Success(number):
            if wanted is None:
                return False
            if isinstance(wanted, float) and math.isnan(wanted):
                return math.isnan(number)
            return bool(number == wanted or (relative and math.isclose(number, wanted, rel_tol=relative)))
    return False
