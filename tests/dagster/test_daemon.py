"""Runs as they are in production: a webserver, a daemon and a process for each run, on a port of this machine."""

from pathlib import Path

import pytest

from dqx_core import MetricDB
from dqx_dagster.translator import DqxTranslator
from tests.dagster.deployment import BACKFILL, BACKFILL_STATUS, RUN, TERMINATE, Deployment
from tests.dagster.scenario import span
from tests.dagster.warehouse import make

DAYS = [f"2026-01-{day:02}" for day in range(1, 31)]
PARTITIONS = [f"{day}|{split}" for day in DAYS for split in ("train", "eval")]
# Dagster cuts a backfill into ranges along one dimension: a run for each split.
ENDED = [[one, other] for one in ("SUCCESS", "FAILURE") for other in ("SUCCESS", "FAILURE")]
SUITES = ("Sales", "sales integrity")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("daemon")]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deployed")
    make(folder)
    deployment = Deployment(folder, Path(__file__).with_name("daemon_location.py"))
    try:
        deployment.webserver()
        yield deployment
    finally:
        deployment.stop()


def stored(folder, execution_id=None):
    """What the store says: (check, partition) → its newest status, or that of one execution."""
    name = DqxTranslator().check_name
    db = MetricDB(f"sqlite:///{folder / 'metrics.db'}")
    results = db.results(execution_id) if execution_id else [r for s in SUITES for r in db.latest_results(s)]
    found = {
        (name(r.check, r.assertion), f"{r.yyyy_mm_dd}|{r.tags['split']}"): str(r.status).replace("ERROR", "FAILED")
        for r in results
    }
    db.close()
    return found


def test_a_backfill_of_thirty_dates_and_two_splits_by_the_daemon_leaves_what_the_store_keeps(deployed):
    assets = [{"path": ["sales"]}, {"path": ["sales", "metrics", "sales"]}]
    asked = {"assetSelection": assets, "partitionNames": PARTITIONS}
    launched = deployed.ask(BACKFILL, params=asked)["launchPartitionBackfill"]
    deployed.daemon()

    def ended():
        found = deployed.ask(BACKFILL_STATUS, id=launched["backfillId"])["partitionBackfillOrError"]
        return found if [run["status"] for run in found["runs"]] in ENDED else None

    # The daemon looks at a backfill every half a minute: its runs have ended before it says so.
    backfill = deployed.until(ended, 300, "the runs of the backfill have ended")
    shown, kept = deployed.statuses("sales"), stored(deployed.folder)

    assert [run["status"] for run in backfill["runs"]] == ["SUCCESS", "SUCCESS"]
    assert backfill["error"] is None
    assert {partition for _, partition in shown} == set(PARTITIONS)
    assert shown == kept
    assert len({name for name, _ in shown}) == 10
    assert set(shown.values()) <= {"PASSED", "FAILED", "SKIPPED"}
    there = {partition: status for (name, partition), status in shown.items() if name == "sales__there_are_some"}
    assert there == dict.fromkeys(PARTITIONS, "PASSED")


def test_a_run_that_is_terminated_keeps_what_was_judged_and_says_that_it_was(deployed):
    checks = [("sales", "sales__there_are_some"), ("sales", "sales__rows_move_below_20_percent_a_day")]
    tags = span("2026-01-03|train", "2026-01-05|eval")
    run_id = deployed.launch(["sales", "waiting"], checks, tags)
    deployed.until((deployed.folder / run_id).exists, 60, "the asset behind the checks has begun")

    ended = deployed.ask(TERMINATE, id=run_id)["terminateRun"]
    run = deployed.until(
        lambda: (found := deployed.ask(RUN, id=run_id)["runOrError"])["status"] == "CANCELED" and found,
        60,
        "the run is canceled",
    )
    kept = stored(deployed.folder, run_id)
    shown = deployed.statuses("sales")

    assert ended["__typename"] == "TerminateRunSuccess"
    assert "RunCanceledEvent" in {event["__typename"] for event in run["eventConnection"]["events"]}
    assert {partition for _, partition in kept} == {
        f"2026-01-0{day}|{split}" for day in (3, 4, 5) for split in ("train", "eval")
    }
    assert {at: shown[at] for at in kept} == kept
