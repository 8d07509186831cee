"""The same data, the same metrics, the same verdicts over both engines; DuckDB's own laws are in tests/core/metrics."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import HealthCheck, given, settings

from dqx_core import InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.metrics.distinct import ApproxUniqueCount
from dqx_core.metrics.quantiles import Median, Quantile
from dqx_core.states import encode
from tests.bigquery.conftest import client_of
from tests.bigquery.server import Server
from tests.bigquery.warehouse import Warehouse
from tests.core import cases
from tests.core.cases import CASES, DAYS, NUMBERS, SPECIAL, agrees, expected, measure, rows_of, table_of

SPECS = list(CASES)
ONCE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def engine():
    """One project for all the examples of the module; each replaces the only table, so that SQL is read once."""
    server = Server(Warehouse()).start()
    server.warehouse.connection.execute("CREATE SCHEMA rows")
    with client_of(server) as client:
        yield BigQuery(client), server.warehouse
    server.stop()


def on_bigquery(engine, rows, **options):
    bigquery, warehouse = engine
    connection = warehouse.connection.cursor()
    connection.register("given", table_of(rows))
    connection.execute("CREATE OR REPLACE TABLE rows.rows AS FROM given")
    return BigQueryDataSource.from_table(bigquery, "rows.rows", "rows", data_version=lambda *_: None, **options)


def on_duckdb(_engine, rows, **options):
    return cases.source_of(rows, **options)


@settings(ONCE, max_examples=3)
@given(rows=rows_of(NUMBERS))
def test_every_metric_says_what_an_independent_computation_says(engine, rows):
    source = on_bigquery(engine, rows, date_column=None)
    measured = measure(source, SPECS, ResultKey(DAYS[0]))
    for (spec, _, _), state in measured.items():
        # numpy interpolates with one rounding more than the engine.
        relative = 1e-12 if isinstance(spec, Quantile | Median) else 0.0
        value = spec.value(state.unwrap())
        assert agrees(value, expected(rows, spec), relative=relative), (spec, value, expected(rows, spec))


def test_over_no_rows_a_count_is_zero_and_all_else_has_no_value(engine):
    for (spec, _, _), state in measure(on_bigquery(engine, [], date_column=None), SPECS, ResultKey(DAYS[0])).items():
        assert agrees(spec.value(state.unwrap()), expected([], spec)), spec


@settings(ONCE, max_examples=2)
@given(rows=rows_of(NUMBERS | SPECIAL, max_size=20))
def test_both_engines_keep_the_same_state_of_every_day_and_split(engine, rows):
    keys = [ResultKey(DAYS[0]), *(ResultKey(day, {"split": "train"}) for day in DAYS)]
    # A sketch holds hashes, which are DuckDB's there and FARM_FINGERPRINT here: its states do not mix.
    specs = [spec for spec in SPECS if not isinstance(spec, ApproxUniqueCount)]
    here, there = (
        measure(make(engine, rows, dimensions={"split": "split"}), specs, *keys) for make in (on_duckdb, on_bigquery)
    )
    for need in here:
        assert encode(here[need].unwrap()) == encode(there[need].unwrap()), need


def test_sums_are_exact_whatever_the_order_and_size(engine):
    doubles = [1e18, 0.1, -1e18, 0.2, 1e-12, 9007199254740993.0, 2.0**-35, 1e9] * 3
    rows = [
        {"yyyy_mm_dd": DAYS[0], "split": "train", "x": x, "n": 2**62 - i, "d": None, "s": None, "at": None, "items": []}
        for i, x in enumerate(doubles)
    ]
    specs = [spec for spec in SPECS if spec.kind in ("sum", "average", "variance", "stddev")]
    for turned in (rows, rows[::-1]):
        for (spec, _, _), state in measure(on_bigquery(engine, turned), specs, ResultKey(DAYS[0])).items():
            assert agrees(spec.value(state.unwrap()), expected(rows, spec)), spec


@check(name="All sorts", datasets=["rows"])
def all_sorts(mp, ctx):
    rows = mp.num_rows()
    ctx.assert_that(rows).where(name="Rows").is_eq(3)
    ctx.assert_that(mp.average("x")).where(name="Average").is_gt(2)
    ctx.assert_that(mp.ext.day_over_day(mp.sum("n"))).where(name="Sum moves").is_lt(0.1)
    ctx.assert_that(mp.num_rows(lag=7)).where(name="Last week").is_positive()
    ctx.assert_that(mp.duplicate_count(["s"])).where(name="Once each").is_zero()
    ctx.assert_that(mp.num_rows(tags={"split": "train"}) / rows).where(name="Train").is_geq(0.5)
    ctx.assert_that(mp.null_count("s", where="x > 1 AND split = 'train'")).where(name="Filled").is_zero()
    ctx.assert_that(mp.match_count("s", "[a-c]")).where(name="Letters").is_eq(3)
    ctx.assert_that(mp.quantile("d", 0.5)).where(name="Median").is_between(0, 10)
    ctx.assert_that(mp.maximum("at")).where(name="Newest").is_gt(1_700_000_000)
    ctx.assert_that(mp.custom_sql("SUM(n) / SUM(n - n)")).where(name="Broken").noop()


def _value(result):
    """The number, or why there is none; the reasons name the execution, which is another one."""
    reasons = result.metric.swap().value_or(())
    return result.metric.value_or(None), [re.sub(r" in execution \S+", "", reason) for reason in reasons]


def test_the_verdicts_are_the_same_with_their_values(engine):
    rows = [
        {
            "yyyy_mm_dd": day, "split": "train" if i else "eval", "x": i + 1.5, "n": i, "d": i,
            "s": "abc"[i] if day != DAYS[2] else "a", "at": dt.datetime(2024, 1, 1), "items": [],
        }
        for day in DAYS
        for i in range(3)
    ]  # fmt: skip
    found = []
    for make in (on_duckdb, on_bigquery):
        suite = VerificationSuite([all_sorts], InMemoryMetricDB(), "Suite")
        results = suite.run_many([make(engine, rows, dimensions={"split": "split"})], [ResultKey(d) for d in DAYS[1:]])
        found.append(
            [(r.assertion, r.yyyy_mm_dd, str(r.status), _value(r)) for r in results if r.assertion != "Broken"]
        )
        assert {str(r.status) for r in results if r.assertion == "Broken"} == {"ERROR"}
    assert found[0] == found[1]
    assert {status for _, _, status, _ in found[0]} >= {"PASSED", "FAILED", "SKIPPED"}
