"""`make ui` as a person uses it: what is launched there runs, and Ctrl-C ends all of it."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from examples.shop import generate
from tests.dagster.deployment import BACKFILL, BACKFILL_STATUS, Deployment

ROOT = Path(__file__).parents[2]
PARTITION = "2024-01-08|train"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("daemon")]


def recipe(target, **variables):
    """The last command of a target, as make would run it."""
    given = [f"{name}={value}" for name, value in variables.items()]
    # The tests may run under make themselves, which tells one below it of its options.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    words = ["make", "--no-print-directory", "-n", target, *given]
    said = subprocess.run(words, cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    return said.stdout.splitlines()[-1]


@pytest.fixture
def ui(tmp_path):
    """The command of `make ui`, on an instance and a shop of its own."""
    generate(tmp_path / "data" / "shop.duckdb", days=9, rows_per_day=300)
    deployed = Deployment(tmp_path, ROOT / "definitions.py")
    deployed.environment["DQX_DATA"] = str(tmp_path / "data")
    command = recipe("ui", PORT=deployed.port).replace(str(ROOT / ".dagster_home"), str(deployed.home))
    assert str(deployed.home) in command
    try:
        deployed.run("/bin/sh", "-c", command)
        deployed.until(lambda: deployed.ask("{ version }"), 120, "the UI answers")
        yield deployed
    finally:
        deployed.stop()


def test_a_backfill_that_is_launched_there_runs_and_ctrl_c_leaves_nothing_behind(ui):
    asked = {"assetSelection": [{"path": ["shop_daily"]}], "partitionNames": [PARTITION]}
    launched = ui.ask(BACKFILL, params=asked)["launchPartitionBackfill"]

    def ended():
        runs = ui.ask(BACKFILL_STATUS, id=launched["backfillId"])["partitionBackfillOrError"]["runs"]
        return runs and {run["status"] for run in runs} <= {"SUCCESS", "FAILURE"} and runs

    runs = ui.until(ended, 240, "the runs of the backfill have ended")
    judged = {partition for _, partition in ui.statuses("shop_daily")}
    [process] = ui.started
    running = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    os.killpg(process.pid, signal.SIGINT)
    _, left = psutil.wait_procs(running, timeout=60)

    assert {run["status"] for run in runs} == {"SUCCESS"}
    assert judged == {PARTITION}
    assert len(running) > 2, "a webserver and a daemon"
    assert left == []
