"""What happens when runs meet, fail, are tried again or come as a backfill: Dagster and the store agree afterwards."""

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from dqx_core import MetricDB
from dqx_core.errors import EngineError
from dqx_dagster import MetricStore, suite_checks
from tests import forked
from tests.dagster.scenario import HAS_ROWS, MOVES, PARTITIONS, SUITE, definitions, feed, key, source

ROOT = Path(__file__).parents[2]


def store_of(folder):
    return MetricDB(f"sqlite:///{folder / 'metrics.db'}")


def said(instance, run_id, names=(HAS_ROWS, MOVES)):
    """What Dagster keeps of a run: (check, partition) → passed."""
    return {
        (name, record.partition): record.status.value == "SUCCEEDED"
        for name in names
        for record in instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(feed.key, name), limit=1000
        )
        if record.run_id == run_id and record.status.value != "PLANNED"
    }


def kept(db, run_id):
    """What the store keeps of a run, skipped assertions aside."""
    names = {"Has rows": HAS_ROWS, "Rows move < 100 % a day": MOVES}
    return {
        (names[r.assertion], f"{r.yyyy_mm_dd}|{r.tags['split']}"): r.status == "PASSED"
        for r in db.results(run_id)
        if r.assertion in names and r.status != "SKIPPED"
    }


def test_two_runs_of_one_partition_at_once_each_have_all_their_numbers_and_verdicts(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs()  # Dagster's own storage does not like to be made by two processes at once
    started = [
        forked.start(
            [sys.executable, "-m", "tests.dagster.one_run", tmp_path, key(2, "train"), key(5, "eval")],
            cwd=ROOT,
            env={**os.environ, "DAGSTER_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("ready-*"))) < len(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    (tmp_path / "go").touch()
    first, second = (process.communicate(timeout=60)[0].strip() for process in started)

    db = store_of(tmp_path)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert said(instance, first) == kept(db, first) == kept(db, second) == said(instance, second)
    assert [process.returncode for process in started] == [0, 0]
    assert len(db.measured(first)) == len(db.measured(second)) > 0


def test_a_run_killed_in_the_middle_has_judged_nothing_and_the_next_has_it_all(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (tmp_path / "go").touch()
    (tmp_path / "hang").touch()

    def started():
        return forked.start(
            [sys.executable, "-m", "tests.dagster.one_run", tmp_path, key(2, "train"), key(3, "eval")],
            cwd=ROOT,
            env={**os.environ, "DAGSTER_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    killed = started()
    deadline = time.monotonic() + 60
    while not (tmp_path / "reading").exists() and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.kill()
    killed.communicate(timeout=30)
    (tmp_path / "hang").unlink()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        [lost] = [run.run_id for run in instance.get_runs()]
        assert said(instance, lost) == kept(store_of(tmp_path), lost) == {}

    again = started().communicate(timeout=60)[0].strip()

    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert said(instance, again) == kept(store_of(tmp_path), again)
        assert {partition for _, partition in said(instance, again)} == {
            key(day, split) for day in (2, 3) for split in ("train", "eval")
        }
        assert said(instance, lost) == {}


def test_a_store_that_is_down_fails_the_step_with_its_reason_and_nothing_is_judged(tmp_path, instance):
    (tmp_path / "metrics.db").mkdir()
    result = (
        definitions(tmp_path)
        .resolve_implicit_global_asset_job_def()
        .execute_in_process(instance=instance, partition_key=key(2, "train"), raise_on_error=False)
    )

    [failure] = [event for event in result.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data.description
    assert not result.success
    assert told.startswith("Suite 'Feed suite' judged nothing. StoreError: Metric store sqlite:///")
    assert result.get_asset_check_evaluations() == []


def test_a_step_that_is_tried_again_has_its_verdicts_once(tmp_path, instance):
    attempts = []

    def shaky(resources):
        attempts.append(1)
        if len(attempts) == 1:
            raise EngineError("DuckDB", "read", "the network was away")
        return source(resources)

    defs = dg.Definitions(
        assets=[feed],
        asset_checks=[suite_checks(SUITE, feed, source=shaky, engine=None, retry_policy=dg.RetryPolicy(max_retries=1))],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, partition_key=key(3, "train")
    )

    assert len(attempts) == 2
    assert result.success
    assert said(instance, result.run_id) == kept(store_of(tmp_path), result.run_id)
    assert len(result.get_asset_check_evaluations()) == 3


def backfill(instance, folder, keys, monkeypatch):
    """A backfill of the feed and its metrics by Dagster's daemon, in this process."""
    from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
    from dagster._core.remote_origin import InProcessCodeLocationOrigin
    from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget, create_test_daemon_workspace_context
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
    from dagster._daemon.backfill import execute_backfill_iteration

    monkeypatch.setenv("DQX_TEST_FOLDER", str(folder))
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(
            executable_path=sys.executable,
            python_file=str(ROOT / "tests/dagster/backfill_location.py"),
            working_directory=str(ROOT),
            attribute="defs",
        ),
        location_name="feed",
    )
    with create_test_daemon_workspace_context(InProcessTestWorkspaceLoadTarget(origin), instance) as workspace:
        instance.add_backfill(
            PartitionBackfill.from_asset_partitions(
                backfill_id="bf",
                asset_graph=workspace.create_request_context().asset_graph,
                partition_names=keys,
                asset_selection=[feed.key, dg.AssetKey(["feed", "metrics", "feed_suite"])],
                backfill_timestamp=time.time(),
                tags={},
                dynamic_partitions_store=instance,
                all_partitions=False,
                title=None,
                description=None,
                run_config=None,
            )
        )
        for _ in range(50):
            list(execute_backfill_iteration(workspace, logging.getLogger("backfill")))
            if instance.get_backfill("bf").status not in (BulkActionStatus.REQUESTED, BulkActionStatus.COMPLETED):
                break
    return instance.get_backfill("bf")


@pytest.fixture
def daemon_instance():
    """An instance whose runs start at once, in this process."""
    launcher = {"module": "dagster._core.launcher.sync_in_memory_run_launcher", "class": "SyncInMemoryRunLauncher"}
    coordinator = {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"}
    with dg.instance_for_test(overrides={"run_launcher": launcher, "run_coordinator": coordinator}) as made:
        yield made


@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources` is deprecated")  # the daemon calls it itself
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # and leaves its event loop as it is
def test_a_backfill_by_the_daemon_judges_every_partition_as_the_store_keeps_it(tmp_path, daemon_instance, monkeypatch):
    keys = [str(k) for k in PARTITIONS.get_partition_keys()]
    done = backfill(daemon_instance, tmp_path, keys, monkeypatch)

    runs = daemon_instance.get_runs()
    db = store_of(tmp_path)
    assert done.status.value == "COMPLETED_SUCCESS"
    assert {run.status.value for run in runs} == {"SUCCESS"}
    assert len(runs) <= 2  # one a split: Dagster cuts a range along one dimension
    dagster_says, store_says = {}, {}
    for run in runs:
        dagster_says |= said(daemon_instance, run.run_id)
        store_says |= kept(db, run.run_id)
    assert dagster_says == store_says
    assert {partition for _, partition in dagster_says} == set(keys)
    assert [at for at, passed in dagster_says.items() if not passed] == [(MOVES, key(5, "train"))]
