"""The numbers of a suite as an asset: kept whole under the run's id, shared with the checks, handed on as a frame."""

import datetime as dt
import math

import dagster as dg
import pandas as pd
import psutil
import pyarrow as pa
import pytest
from graphql import GraphQLError, GraphQLFloat

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, Suite, check
from dqx_dagster import MetricsIOManager, MetricStore, suite_checks, suite_metrics_asset
from tests.dagster.scenario import PARTITIONS, SUITE, feed, key, source, span

COLUMNS = [
    "date", "tags", "metric", "value", "value_lag_1", "value_lag_7", "day_over_day", "week_over_week",
    "window_over_window", "execution_id",
]  # fmt: skip
RANGE = {"tags": span(key(8, "train"), key(9, "train"))}


@check(name="Feed", datasets=["feed"])
def warns(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows", severity="P2").is_positive()
    ctx.assert_that(mp.average("value")).where(name="Has values", severity="P2").is_positive()


WARNS = Suite("Zoo", (warns,))


def location(folder, suite, *assets):
    url = f"sqlite:///{folder / 'metrics.db'}"
    metrics = suite_metrics_asset(suite, feed, source=source, engine=None)
    defs = dg.Definitions(
        assets=[feed, metrics, *assets],
        asset_checks=[suite_checks(suite, feed, source=source, engine=None)],
        resources={"store": MetricStore(url=url), "metrics_io_manager": MetricsIOManager(url=url)},
        executor=dg.in_process_executor,
    )
    return defs.resolve_implicit_global_asset_job_def(), metrics


def consumer(metrics_key, taken, **options):
    @dg.asset(
        ins={"numbers": dg.AssetIn(metrics_key)},
        partitions_def=PARTITIONS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        **options,
    )
    def trend(numbers: pd.DataFrame) -> None:
        taken.append(numbers)

    return trend


METRICS = dg.AssetKey(["feed", "metrics", "feed_suite"])


def test_an_input_is_the_frame_of_exactly_the_partitions_asked_for_with_yesterday_and_last_week(tmp_path, instance):
    taken = []
    trend = consumer(METRICS, taken)
    job, _ = location(tmp_path, SUITE, trend)
    made = job.execute_in_process(instance=instance, tags=span(key(1, "train"), key(14, "eval")))
    again = job.get_subset(asset_selection={trend.key}).execute_in_process(instance=instance, **RANGE)

    assert made.success
    assert again.success
    frame = taken[1]
    assert list(frame.columns) == COLUMNS
    assert set(frame["date"].map(str)) == {"2026-01-08", "2026-01-09"}
    assert set(frame["tags"]) == {"split=train"}
    assert set(frame["execution_id"]) == {made.run_id}
    [row] = frame[(frame["metric"] == "average(value)") & (frame["date"].map(str) == "2026-01-09")].to_dict("records")
    assert (row["value"], row["value_lag_1"], row["value_lag_7"]) == (9.0, 8.0, 2.0)
    assert row["day_over_day"] == pytest.approx((9 - 8) / 8)
    assert row["week_over_week"] == pytest.approx((9 - 2) / 2)
    assert len(frame) == 4
    assert len(taken[0]) == 2 * 14 * 2


@pytest.mark.parametrize(("suite", "first"), [(SUITE, "checks"), (WARNS, "metrics")])
def test_a_check_and_a_metrics_asset_of_one_run_share_measurements_whichever_runs_first(
    tmp_path, instance, suite, first
):
    job, metrics = location(tmp_path, suite)
    alone = job.get_subset(asset_selection={feed.key, metrics.key}, asset_check_selection=set())
    checks, asset = f"feed__{suite.name.lower().replace(' ', '_')}", metrics.op.name
    result = job.execute_in_process(instance=instance, **RANGE)
    order = [event.step_key for event in result.all_events if event.is_step_success]
    db = MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    measured = db.measured(result.run_id)
    db.close()
    only = alone.execute_in_process(instance=instance, **RANGE)

    assert (order.index(checks) < order.index(asset)) is (first == "checks")
    assert len({(m.spec, m.key, m.dataset) for m in measured}) == len(measured)
    [made] = [m for m in result.asset_materializations_for_node(asset) if m.partition == key(9, "train")]
    [bare] = [m for m in only.asset_materializations_for_node(asset) if m.partition == key(9, "train")]
    # Of what the checks had measured the asset measured nothing again.
    assert (made.metadata["dqx/measured"].value < bare.metadata["dqx/measured"].value) is (first == "checks")
    assert made.metadata["average(value) [split=train]"].value == 9.0
    # Nobody holds the store after the run.
    assert str(tmp_path / "metrics.db") not in {file.path for file in psutil.Process().open_files()}


def test_measurements_that_cannot_be_kept_fail_the_step_and_none_is_kept(tmp_path, instance):
    (tmp_path / "kept.db").mkdir()
    metrics = suite_metrics_asset(SUITE, feed, source=source, engine=None)
    defs = dg.Definitions(
        assets=[feed, metrics],
        resources={
            "store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}"),
            "metrics_io_manager": MetricsIOManager(url=f"sqlite:///{tmp_path / 'kept.db'}"),
        },
        executor=dg.in_process_executor,
    )
    job = defs.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, raise_on_error=False, **RANGE)

    [failure] = [event for event in result.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data.description
    assert told.startswith("The measurements of suite 'Feed suite' were not kept. Metric store sqlite:///")
    assert not result.asset_materializations_for_node(metrics.op.name)
    assert MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}").measured(result.run_id) == []


def test_a_number_without_end_is_told_as_text_since_the_ui_could_not_show_it(tmp_path, instance):
    def endless(_resources):
        table = pa.table({"value": [1.0, math.inf], "date": [dt.date(2026, 1, 2)] * 2, "split": ["train"] * 2})
        return DuckRelationDataSource.from_arrow(table, "feed", date_column="date", dimensions={"split": "split"})

    metrics = suite_metrics_asset(WARNS, feed, source=endless, engine=None)
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    kept = {"store": MetricStore(url=url), "metrics_io_manager": MetricsIOManager(url=url)}
    defs = dg.Definitions(assets=[feed, metrics], resources=kept, executor=dg.in_process_executor)
    job = defs.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, partition_key=key(2, "train"))

    [made] = result.asset_materializations_for_node(metrics.op.name)
    assert made.metadata["average(value) [split=train]"] == dg.MetadataValue.text("inf")
    with pytest.raises(GraphQLError, match="non numeric value"):
        GraphQLFloat.serialize(math.inf)


def test_only_metrics_assets_are_written_and_read_and_others_are_told_of_the_way(tmp_path, instance):
    @dg.asset(partitions_def=PARTITIONS, io_manager_key="metrics_io_manager")
    def other() -> int:
        return 1

    job, _ = location(tmp_path, SUITE, other, consumer(dg.AssetKey("other"), []))

    def told(asset):
        alone = job.get_subset(asset_selection={dg.AssetKey(asset)})
        how = {"partition_key": key(2, "train"), "raise_on_error": False}
        result = alone.execute_in_process(instance=instance, **how)
        [failure] = [event for event in result.all_events if event.is_step_failure]
        error = failure.step_failure_data.error
        return f"{error.message} {error.cause.message if error.cause else ''}"

    assert "MetricsIOManager keeps Measurements, such as suite_metrics_asset returns, not int" in told("other")
    assert "other is not a metrics asset: make it with suite_metrics_asset" in told("trend")
