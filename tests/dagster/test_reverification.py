"""Judging partitions again without materializing them."""

import dagster as dg

from dqx_dagster import MetricStore, reverify_job, suite_checks
from tests.dagster.scenario import GATED, HAS_ROWS, PARTITIONS, SUITE, feed, key, source, span


def location(folder, suite=SUITE):
    return dg.Definitions(
        assets=[feed],
        asset_checks=[suite_checks(suite, feed, source=source, engine=None)],
        jobs=[reverify_job(suite, feed, source=source, engine=None, name="again")],
        resources={"store": MetricStore(url=f"sqlite:///{folder / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )


def history(instance, name):
    records = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(feed.key, name), limit=50)
    return [(record.partition, record.status.value, record.run_id) for record in records]


def test_a_partition_is_judged_again_in_the_same_history(tmp_path, instance):
    defs = location(tmp_path)
    first = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, partition_key=key(3, "train")
    )
    again = defs.resolve_job_def("again").execute_in_process(instance=instance, partition_key=key(3, "train"))

    assert again.success
    assert [(p, s) for p, s, _ in history(instance, HAS_ROWS)] == [(key(3, "train"), "SUCCEEDED")] * 2
    assert {run for _, _, run in history(instance, HAS_ROWS)} == {first.run_id, again.run_id}
    assert not again.get_asset_materialization_events()


def test_a_range_is_judged_partition_by_partition(tmp_path, instance):
    defs = location(tmp_path)
    again = defs.resolve_job_def("again").execute_in_process(
        instance=instance, tags=span(key(2, "train"), key(4, "eval"))
    )

    assert again.success
    assert {p for p, _, _ in history(instance, HAS_ROWS)} == {key(d, s) for d in (2, 3, 4) for s in ("train", "eval")}


def test_it_has_the_partitions_of_the_asset_and_no_checks_of_its_own_so_that_it_can_be_backfilled(tmp_path):
    job = location(tmp_path).resolve_job_def("again")

    assert job.partitions_def == PARTITIONS
    assert job.asset_layer.asset_graph.asset_check_keys == set()


def test_a_failed_blocking_check_fails_the_run_after_all_results_are_in(tmp_path, instance):
    defs = location(tmp_path, GATED)
    again = defs.resolve_job_def("again").execute_in_process(
        instance=instance, partition_key=key(5, "train"), raise_on_error=False
    )

    assert not again.success
    assert [s for _, s, _ in history(instance, "gate__not_crowded")] == ["FAILED"]
