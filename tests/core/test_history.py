"""Metrics of metrics: their values, which days they need, and what they say when days are missing."""

import statistics

import pytest
from returns.result import Success

from dqx_core import MetricProvider
from dqx_core.errors import DefinitionError
from dqx_core.symbols import SymbolRegistry
from tests.core.shop import a_check, day, record, recording, run, sales, source, suite

ROWS = lambda mp: mp.num_rows()  # noqa: E731


def test_each_says_what_its_definition_says():
    # On day n there are n rows; today is day 10.
    found = record(
        dod=lambda mp: mp.ext.day_over_day(ROWS(mp)),
        wow=lambda mp: mp.ext.week_over_week(ROWS(mp)),
        change=lambda mp: mp.ext.change(mp.num_rows(lag=1), days=3),
        drop=lambda mp: mp.ext.change(mp.custom_sql("-COUNT(*)"), days=5),
        stddev=lambda mp: mp.ext.stddev(ROWS(mp), n=4),
        lagged=lambda mp: mp.ext.stddev(ROWS(mp), lag=1, n=3),
        mean=lambda mp: mp.ext.mean(ROWS(mp), n=3),
        median=lambda mp: mp.ext.median(ROWS(mp), n=4),
        minimum=lambda mp: mp.ext.minimum(ROWS(mp), lag=2, n=3),
        maximum=lambda mp: mp.ext.maximum(ROWS(mp), lag=2, n=3),
        zscore=lambda mp: mp.ext.zscore(ROWS(mp), n=5),
    )
    assert found == {
        "dod": 1 / 9,
        "wow": 7 / 3,
        "change": 0.5,
        "drop": 1.0,
        "stddev": statistics.stdev([7, 8, 9, 10]),
        "lagged": 1.0,
        "mean": 9,
        "median": 8.5,
        "minimum": 6,
        "maximum": 8,
        "zscore": pytest.approx((10 - 7) / statistics.stdev([5, 6, 7, 8, 9])),
    }


def test_they_nest_in_any_order():
    found = record(
        moved=lambda mp: mp.ext.day_over_day(mp.ext.stddev(mp.ext.mean(ROWS(mp), n=2), n=3)),
        spread=lambda mp: mp.ext.stddev(mp.ext.day_over_day(ROWS(mp)), n=3),
        twice=lambda mp: mp.ext.mean(mp.ext.maximum(ROWS(mp), n=2), n=2),
    )
    assert found == {
        "moved": 0.0,
        "spread": pytest.approx(statistics.stdev([1 / 9, 1 / 8, 1 / 7])),
        "twice": 9.5,
    }


def test_the_base_gives_its_lag_where_and_tags():
    found = record(
        lagged=lambda mp: mp.ext.day_over_day(mp.num_rows(lag=2)),
        some=lambda mp: mp.ext.day_over_day(mp.num_rows(where="price > 10")),
    )
    assert found == {"lagged": pytest.approx(1 / 7), "some": pytest.approx((9 - 7) / 7)}


def test_what_they_need_is_in_the_registry_and_named():
    registry = SymbolRegistry()
    mp = MetricProvider(registry)
    base = mp.num_rows()
    dod, spread = registry[mp.ext.day_over_day(base)], registry[mp.ext.stddev(base, lag=1, n=3)]
    assert [registry[s].lag_offset for s in dod.required_metrics] == [1]
    assert [registry[s].lag_offset for s in spread.required_metrics] == [1, 2, 3]
    assert (dod.lag_offset, spread.lag_offset) == (0, 1)
    assert {registry[s].spec for s in spread.required_metrics} == {registry[base].spec}
    assert all(symbol in registry for metric in (dod, spread) for symbol in metric.needs)
    assert len(registry) == 6, "the day before is one symbol, whoever needs it"


@pytest.mark.parametrize("depth", [2, 4, 8, 16])
def test_nesting_costs_symbols_in_proportion_to_depth_times_window(depth):
    registry = SymbolRegistry()
    mp = MetricProvider(registry)
    symbol = mp.num_rows()
    for _ in range(depth):
        symbol = mp.ext.mean(symbol, n=5)
    assert len(registry) <= sum(1 + 4 * (level + 1) for level in range(depth + 1))


def test_a_zero_to_compare_with_is_a_failure_that_names_the_day():
    (reason,) = record(dod=lambda mp: mp.ext.day_over_day(mp.num_rows(where="price < 0")))["dod"]
    assert reason == "num_rows() where price < 0 is 0 on 2024-01-09: nothing to compare with"


def test_a_window_lists_the_days_it_misses_and_how_many():
    result = run(recording(spread=lambda mp: mp.ext.stddev(mp.average("price"), n=28)))["spread"]
    assert result.status == "SKIPPED"
    assert result.message == (
        "stddev(average(price), n=28) needs 28 of 28 days and has 10; 18 missing: 2023-12-14, 2023-12-15, 2023-12-16, "
        "2023-12-17, 2023-12-18, …"
    )


def test_min_periods_lets_a_window_be_short():
    found = record(
        enough=lambda mp: mp.ext.mean(ROWS(mp), n=28, min_periods=10),
        few=lambda mp: mp.ext.mean(ROWS(mp), n=28, min_periods=11),
    )
    assert found["enough"] == 5.5
    assert "needs 11 of 28 days and has 10" in found["few"][0]


def test_a_score_against_days_that_are_all_the_same_is_a_failure():
    table = sales(prices=lambda n: [1.0])
    (reason,) = record(table=table, z=lambda mp: mp.ext.zscore(ROWS(mp), n=5))["z"]
    assert reason == "num_rows() is the same on every day from 2024-01-05 to 2024-01-09: no deviation"


def test_a_failed_value_within_a_window_says_why():
    table = sales(prices=lambda n: [None] if n == 8 else [1.0, 2.0 * n])
    result = run(recording(mean=lambda mp: mp.ext.mean(mp.average("price"), n=3)), sources=[source(table)])["mean"]
    assert result.status == "ERROR"
    assert "1 missing: 2024-01-08; average(price) on 2024-01-08: no non-null values" in result.message


def test_days_left_out_are_not_asked_for_until_too_many_are():
    check = recording(week=lambda mp: mp.ext.mean(ROWS(mp), n=10), month=lambda mp: mp.ext.mean(ROWS(mp), n=5))
    found = run(check, sources=[source(skip_dates={day(8)})])
    assert found["week"].metric == Success(pytest.approx((55 - 8) / 9))
    assert found["month"].status == "SKIPPED"
    assert found["month"].message.startswith("Data availability is 80.0%, below 90.0%")
    lenient = run(check, sources=[source(skip_dates={day(8)})], data_av_threshold=0.5)
    assert lenient["month"].metric == Success(pytest.approx((6 + 7 + 9 + 10) / 4))


def test_a_day_left_out_is_not_measured():
    left_out = source(skip_dates={day(10)})
    result = run(recording(rows=ROWS), sources=[left_out])["rows"]
    assert result.status == "SKIPPED"
    assert result.message.startswith("Data availability is 0.0%")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda mp: mp.ext.day_over_day(mp.num_rows() + 1), "takes the symbol of one metric"),
        (lambda mp: mp.ext.stddev(3), "takes the symbol of one metric, such as mp.average"),
        (lambda mp: mp.ext.stddev(mp.num_rows(), n=1), "needs a window of at least 2 days"),
        (lambda mp: mp.ext.mean(mp.num_rows(), n=3, min_periods=4), "min_periods from 1 to n"),
        (lambda mp: mp.ext.change(mp.num_rows(), days=0), "days=0. Give a whole number of days, 1 or more"),
        (lambda mp: mp.ext.mean(mp.num_rows(), lag=-1), "lag=-1. A lag is a whole number of days, 0 or more"),
        (lambda mp: mp.ext.mean(mp.num_rows(dataset="sales"), dataset="other"), "Make the base metric on 'other'"),
    ],
)
def test_a_wrong_metric_of_a_metric_says_what_is_wrong(make, message):
    with pytest.raises(DefinitionError, match=message):
        suite(a_check(lambda mp, ctx: ctx.assert_that(make(mp)).where(name="x").noop())).build()
