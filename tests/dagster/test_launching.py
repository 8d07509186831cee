"""Every way of launching × every kind of verdict: the result, its partition, and whether the run fails."""

import dagster as dg
import pytest

from dqx_dagster import MetricStore, suite_checks
from tests.dagster.scenario import GATED, HAS_ROWS, HAS_VALUES, MOVES, SUITE, feed, key, source, span

OUTCOMES = {
    # suite, check, day, split, passed, whether it fails the run
    "passing": (SUITE, HAS_ROWS, 5, "eval", True, False),
    "failing": (SUITE, MOVES, 5, "train", False, False),
    "erroring": (SUITE, HAS_VALUES, 9, "eval", False, False),
    "blocking": (GATED, "gate__not_crowded", 5, "train", False, True),
}
LAUNCHES = (
    "with its asset",
    "a range",
    "checks alone",
    "one check alone",
    "unpartitioned checks",
    "no partition given",
)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("launch", LAUNCHES)
def test_a_verdict_is_right_however_it_is_launched(tmp_path, instance, launch, outcome):
    suite, name, day, split, passed, fails = OUTCOMES[outcome]
    partitioned = launch != "unpartitioned checks"
    checks = suite_checks(suite, feed, source=source, engine=None, partitioned_checks=partitioned)
    defs = dg.Definitions(
        assets=[feed],
        asset_checks=[checks],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    job = defs.resolve_implicit_global_asset_job_def()
    judged = dg.AssetCheckKey(feed.key, name)
    alone = {"checks alone": {*checks.check_keys}, "one check alone": {judged}, "no partition given": {judged}}
    if launch in alone:
        job = job.get_subset(asset_selection=set(), asset_check_selection=alone[launch])
    how = {"partition_key": key(day, split)}
    if launch == "a range":
        how = {"tags": span(key(day - 1, "train"), key(day, "eval"))}
    if launch == "no partition given":
        how = {}

    result = job.execute_in_process(instance=instance, raise_on_error=False, **how)

    found = {(e.check_name, e.partition): e for e in result.get_asset_check_evaluations()}
    if launch == "no partition given":
        [failure] = [event for event in result.all_events if event.is_step_failure]
        assert (result.success, found) == (False, {})
        assert "launch the checks with the run tag dagster/partition" in (
            failure.step_failure_data.user_failure_data.description
        )
        return
    told = found[name, key(day, split) if partitioned else None]
    assert told.passed is passed
    assert told.metadata["dqx/execution_id"].value == result.run_id
    assert told.metadata["dqx/status"].value == {"passing": "PASSED", "erroring": "ERROR"}.get(outcome, "FAILED")
    # Dagster looks at what blocks: that of a range too.
    assert result.success is not fails
    if launch == "one check alone":
        assert {check for check, _ in found} == {name}


def test_an_asset_without_partitions_is_judged_for_the_day_of_its_run(tmp_path, instance):
    import pandas as pd

    from dqx_core import DuckRelationDataSource, MetricDB

    @dg.asset(name="feed", io_manager_key="files")
    def frame() -> pd.DataFrame:
        return pd.DataFrame({"value": [1.0, 2.0]})

    def rows(_resources):
        return DuckRelationDataSource.from_pandas(pd.read_pickle(tmp_path / "feed"), "feed")

    defs = dg.Definitions(
        assets=[frame],
        asset_checks=[suite_checks(SUITE, frame, source=rows, engine=None)],
        resources={
            "store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}"),
            "files": dg.FilesystemIOManager(base_dir=str(tmp_path)),
        },
        executor=dg.in_process_executor,
    )
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)

    found = {e.check_name: (e.passed, e.partition) for e in result.get_asset_check_evaluations()}
    assert found == {HAS_ROWS: (True, None), HAS_VALUES: (True, None)}
    started = instance.get_run_record_by_id(result.run_id).create_timestamp.date()
    db = MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    assert {metric.key.yyyy_mm_dd for metric in db.measured(result.run_id)} == {started}
