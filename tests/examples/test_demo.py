"""The demo: what it finds, what it leaves in Dagster and in the metric store, and how it survives being stopped."""

import datetime as dt
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from dqx_core import MetricDB, metrics_by_execution_id
from tests import forked
from tests.examples.conftest import ROOT, demo_command, run_demo

pytestmark = pytest.mark.xdist_group("demo")

START = dt.date(2024, 1, 1)
SPLITS = ("train", "eval")

PLANTED = {
    10: {"Emails are filled"},
    12: {"Average amount moves < 150 % a day"},
    14: {"Each sale is there once"},
    17: {"At least 60 % of yesterday's sales"},
    19: {"Countries are known"},
}


def day(number):
    return str(START + dt.timedelta(days=number - 1))


def test_the_suites_catch_every_incident_on_its_day_and_are_quiet_on_clean_days(demo):
    failed = {}
    for verdict in demo.verdicts:
        if verdict["status"] in ("FAILED", "ERROR"):
            failed.setdefault((verdict["date"], verdict["split"]), set()).add(verdict["assertion"])

    assert failed == {(day(number), split): names for number, names in PLANTED.items() for split in SPLITS}


def test_every_day_and_split_of_the_backfill_is_judged(demo):
    judged = {(verdict["suite"], verdict["date"], verdict["split"]) for verdict in demo.verdicts}

    assert judged == {
        (suite, day(number), split)
        for suite in ("Shop daily", "Shop ranking", "shop_daily integrity", "shop_ranking integrity")
        for number in range(8, 22)
        for split in SPLITS
    }


def test_the_demo_again_changes_nothing(demo, tmp_path):
    before = MetricDB(f"sqlite:///{demo.data / 'metrics.db'}")
    executions = [execution.execution_id for execution in before.executions()]
    before.close()

    again = run_demo(demo.data.parent, "--json")
    after = MetricDB(f"sqlite:///{demo.data / 'metrics.db'}")

    assert json.loads(again.stdout) == demo.verdicts
    assert [execution.execution_id for execution in after.executions()] == executions
    assert "Kept 2 of 2 weeks" in again.stderr


def test_an_execution_holds_todays_and_yesterdays_numbers_and_no_other_runs(demo):
    db = MetricDB(f"sqlite:///{demo.data / 'metrics.db'}")
    second_week = {v["execution_id"] for v in demo.verdicts if v["date"] >= day(15)}
    assert len(second_week) == 1

    numbers = metrics_by_execution_id(db, second_week.pop())

    counted = {info.yyyy_mm_dd for info in numbers if info.metric == "num_rows()" and info.dataset == "shop_daily"}
    assert {START + dt.timedelta(days=n - 1) for n in range(14, 22)} <= counted
    assert len({info.tags["__execution_id"] for info in numbers}) == 1
    carried = {info.yyyy_mm_dd for info in numbers if info.source_execution_id is not None}
    assert carried
    assert max(carried) < START + dt.timedelta(days=14)


@pytest.fixture(scope="module")
def shown(demo):
    """What a person sees."""
    return run_demo(demo.data.parent).stdout


def test_the_report_says_what_failed_with_its_numbers_and_what_to_do_next(shown):
    assert "10 assertions failed" in shown
    assert "2024-01-17 train P1 Volume › At least 60 % of yesterday's sales:" in shown
    assert "should be ≥ 0.6 (yesterday num_rows() =" in shown
    assert "make ui" in shown


def test_it_ends_with_a_report_that_names_every_incident_and_says_where_it_is(demo, shown):
    page = (demo.data / "report.html").read_text("utf-8")

    assert f"The report is in {demo.data / 'report.html'}" in shown.replace("\n", "")
    failing = re.findall(r'<h3 id="s\d+-\d+-name">(.*?) <span', page)
    assert {html.unescape(name).partition(" › ")[2] for name in failing} == set().union(*PLANTED.values())
    assert "Quality 85 of 100" in page
    assert "SQL of shop_ranking" in page


def test_failures_and_the_report_are_what_is_read_last_and_the_matrix_is_printed_on_request(demo, shown):
    asked = run_demo(demo.data.parent, "--matrix").stdout

    assert "skip" not in shown
    assert "The report is in" in shown.rstrip().splitlines()[-1]
    assert all(f"\n{suite}" in asked for suite in ("Shop daily", "Shop ranking", "shop_daily integrity"))
    assert asked.index("Shop ranking") < asked.index("10 assertions failed") < asked.index("The report is in")


def test_without_the_libraries_of_the_report_that_is_said_before_the_work_and_the_rest_is_done(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('no such library here')")
    places = ["--data", str(tmp_path / "data"), "--dagster-home", str(tmp_path / "home")]
    done = subprocess.run(
        [sys.executable, "-m", "examples.shop.demo", *places, "--days", "8", "--rows-per-day", "300"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("There will be no report: it takes Matplotlib, which is not installed.")
    assert 'pip install "dqx-dagster[report]"' in done.stdout.splitlines()[0]
    assert "0 assertions failed" in done.stdout
    assert "The report is in" not in done.stdout


def test_the_partitions_of_the_ui_end_with_the_data(demo):
    asked = "import definitions; print(definitions.shop_daily.partitions_def.get_partition_keys()[-1])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", asked], cwd=ROOT, env={**os.environ, "DQX_DATA": str(demo.data)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout == "2024-01-21|eval\n"


def statuses(demo, suite, asset):
    """What the tables show: (date, split) → how many checks passed, failed, were skipped.

    Of the built-in suite a check is one of Dagster's, of the shop's own each assertion.
    """
    checks = {}
    for verdict in demo.verdicts:
        if verdict["suite"] in (suite, f"{asset} integrity"):
            name = verdict["assertion"] if verdict["suite"] == suite else verdict["check"]
            status = {"ERROR": "FAILED"}.get(verdict["status"], verdict["status"])
            checks.setdefault((verdict["date"], verdict["split"]), {}).setdefault(name, set()).add(status)
    assert all(len(found) == 1 for of_partition in checks.values() for found in of_partition.values())
    return {at: Counter(status for [status] in of_partition.values()) for at, of_partition in checks.items()}


@pytest.mark.parametrize(("suite", "asset"), [("Shop daily", "shop_daily"), ("Shop ranking", "shop_ranking")])
def test_graphql_says_of_every_partition_what_the_demo_printed(demo, suite, asset):
    words = [sys.executable, "-m", "tests.examples.partition_statuses", demo.dagster_home, demo.data, asset]
    asked = forked.run(words, cwd=ROOT, check=True)

    said = {tuple(partition.split("|")): Counter(counts) for partition, counts in json.loads(asked.stdout).items()}
    assert said == statuses(demo, suite, asset)


def test_a_demo_killed_half_way_and_run_again_ends_like_an_unbroken_one(demo, tmp_path):
    store = tmp_path / "data" / "metrics.db"
    store.parent.mkdir()
    shutil.copy(demo.data / "shop.duckdb", store.parent)  # the same shop, which is kept
    words = demo_command(tmp_path, "--json")
    started = forked.start(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (store.exists() and _judged(store)) and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    started.send_signal(signal.SIGKILL)
    started.wait()

    finished = run_demo(tmp_path, "--json")

    def essence(verdicts):
        return [
            {k: v.replace(verdict["execution_id"], "…") for k, v in verdict.items() if k != "execution_id"}
            for verdict in verdicts
        ]

    assert essence(json.loads(finished.stdout)) == essence(demo.verdicts)
    db, unbroken = MetricDB(f"sqlite:///{store}"), MetricDB(f"sqlite:///{demo.data / 'metrics.db'}")
    assert len(db.executions()) == len(unbroken.executions())
    assert db.info().numbers == unbroken.info().numbers
    assert db.info().results == unbroken.info().results


def _judged(store):
    try:
        db = MetricDB(f"sqlite:///{store}")
        found = db.info().numbers > 0
        db.close()
    except Exception:  # noqa: BLE001 - the store is being made
        return False
    return found
