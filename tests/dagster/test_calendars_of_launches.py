"""Windows of every calendar in every way of launching, against an independent count by Dagster's own windows."""

import itertools

import dagster as dg
import pandas as pd
import pytest

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, Suite, check
from dqx_core.calendars import Hours
from dqx_core.keys import ResultKey
from dqx_core.verification import VerificationSuite
from dqx_dagster import MetricsIOManager, MetricStore, reverify_job, suite_checks, suite_metrics_asset
from dqx_dagster.cli.ci.baseline import Baseline, Judged
from tests.dagster.scenario import span

CALENDARS = {
    "hours of a day of 25": dg.HourlyPartitionsDefinition(
        "2025-10-26-00:00", end_date="2025-10-26-05:00", timezone="Europe/Amsterdam"
    ),
    "hours of a day of 23": dg.HourlyPartitionsDefinition(
        "2026-03-29-00:00", end_date="2026-03-29-05:00", timezone="Europe/Amsterdam"
    ),
    "hours on Lord Howe": dg.HourlyPartitionsDefinition(
        "2024-04-07-00:00", end_date="2024-04-07-08:00", timezone="Australia/Lord_Howe"
    ),
    "weeks": dg.WeeklyPartitionsDefinition("2026-01-01", end_date="2026-01-26", timezone="Asia/Tokyo"),
    "months": dg.MonthlyPartitionsDefinition("2026-01-01", end_date="2026-04-01", timezone="America/New_York"),
    "business days": dg.TimeWindowPartitionsDefinition(
        start="2026-01-08", end="2026-01-14", fmt="%Y-%m-%d", cron_schedule="0 0 * * 1-5"
    ),
}


@check(name="Feed", datasets=["feed"])
def feed_check(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows", severity="P0").is_positive()


SUITE = Suite("Feed", (feed_check,))


@pytest.fixture(params=CALENDARS)
def partitions(request):
    return CALENDARS[request.param]


@pytest.fixture
def moments(partitions):
    first = partitions.time_window_for_partition_key(partitions.get_partition_keys()[0]).start
    every = "7min" if isinstance(partitions, dg.HourlyPartitionsDefinition) else "5h"
    start = pd.Timestamp(first).tz_convert("UTC") - pd.Timedelta(every) * 20.5
    return pd.Series(pd.date_range(start, periods=700, freq=every)).astype("datetime64[us, UTC]")


@pytest.fixture
def expected(partitions, moments):
    windows = {key: partitions.time_window_for_partition_key(key) for key in partitions.get_partition_keys()[:6]}
    return {
        key: float(((moments >= pd.Timestamp(w.start)) & (moments < pd.Timestamp(w.end))).sum())
        for key, w in windows.items()
    }


def counted(result) -> dict[str, float]:
    return {e.partition: e.metadata["value"].value for e in result.get_asset_check_evaluations()}


def test_every_launch_counts_the_rows_of_each_window(tmp_path, instance, partitions, moments, expected):
    store = f"sqlite:///{tmp_path / 'metrics.db'}"
    frame = pd.DataFrame({"at": moments})

    def source(_resources) -> DuckRelationDataSource:
        return DuckRelationDataSource.from_pandas(frame, "feed", date_column="at")

    @dg.asset(partitions_def=partitions, backfill_policy=dg.BackfillPolicy.single_run())
    def feed() -> None: ...

    checks = suite_checks(SUITE, feed, source=source, engine=None)
    metrics = suite_metrics_asset(SUITE, feed, source=source, engine=None)
    frames = []

    @dg.asset(
        ins={"measured": dg.AssetIn(metrics.key)},
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def trend(measured: pd.DataFrame) -> None:
        frames.append(measured)

    again = reverify_job(SUITE, feed, source=source, engine=None, name="again")
    alone = dg.define_asset_job("alone", selection=dg.AssetSelection.checks(*(s.key for s in checks.check_specs)))
    defs = dg.Definitions(
        assets=[feed, metrics, trend],
        asset_checks=[checks],
        jobs=[again, alone],
        resources={"store": MetricStore(url=store), "metrics_io_manager": MetricsIOManager(url=store)},
        executor=dg.in_process_executor,
    )
    keys = list(expected)
    one = keys[len(keys) // 2]

    def launch(job, **how):
        result = job.execute_in_process(instance=instance, **how)
        assert result.success
        return counted(result)

    everything = defs.resolve_implicit_global_asset_job_def()
    assert min(expected.values()) > 0
    assert launch(everything, tags=span(keys[0], keys[-1])) == expected
    plotted = {
        record.partition_key: record.asset_materialization.metadata
        for record in instance.fetch_materializations(metrics.key, limit=100).records
    }
    for before, key in itertools.pairwise(keys):
        [moved] = [v.value for name, v in plotted[key].items() if " over " in name]
        assert moved == pytest.approx(abs(expected[key] - expected[before]) / expected[before])
    assert list(frames[0]["value"]) == list(expected.values())
    assert frames[0]["date"].nunique() == len(keys)
    assert launch(everything, partition_key=one) == {one: expected[one]}
    assert launch(defs.get_job_def("again"), partition_key=one) == {one: expected[one]}
    assert launch(defs.resolve_job_def("alone"), tags={"dagster/partition": one}) == {one: expected[one]}


def test_a_baseline_is_matched_by_window_and_hours_of_a_day_are_not_one(tmp_path):
    store = MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    keys = [ResultKey.at(Hours(), pd.Timestamp(f"2026-01-02T0{n}:00Z").to_pydatetime()) for n in (1, 2, 3)]
    runs = []
    for extra in (0, 1):  # the second run finds a row more in the second hour
        at = ["01:30", "02:10", "03:30", *["02:20"] * extra]
        times = pd.to_datetime([f"2026-01-02T{each}Z" for each in at]).astype("datetime64[us, UTC]")
        source = DuckRelationDataSource.from_pandas(pd.DataFrame({"at": times}), "feed", date_column="at")
        suite = VerificationSuite((feed_check,), store, "Feed", execution_id=f"run-{extra}")
        suite.run_many([source], keys)
        runs.append(Judged(f"run-{extra}", frozenset({"Feed"}), {key: key.label for key in keys}))

    found = Baseline("run-0", store, "run-0").compare([runs[1]], [store], None)

    assert [(change.before.unwrap(), change.after.unwrap()) for change in found.changes] == [(1, 2)]
    assert found.same == 2
    store.close()
