"""`dqx store`, as a person types it."""

import datetime as dt
import json
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, ResultKey, VerificationSuite, check
from tests import forked

DQX = [str(Path(sys.executable).parent / "dqx")]


@check(name="Feed", datasets=["feed"])
def feed(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.average("price")).where(name="Price is positive").is_positive()
    ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="Rows move").is_lt(0.5)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of two executions: one for each of two days."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'metrics.db'}"
    days = [dt.date(2024, 1, 1)] * 2 + [dt.date(2024, 1, 2)] * 3
    table = pa.table({"yyyy_mm_dd": days, "price": [1.0, 3.0, 4.0, 5.0, 6.0]})
    db = MetricDB(url)
    for day in (1, 2):
        suite = VerificationSuite([feed], db, "Feed suite", execution_id=f"run-{day}")
        suite.run([DuckRelationDataSource.from_arrow(table, "feed")], ResultKey(dt.date(2024, 1, day)))
    db.close()
    return url


def dqx(*arguments, url=None):
    return forked.run([*DQX, *arguments, *(["--store", url] if url else [])])


def test_info_says_what_the_store_holds(store):
    found = json.loads(dqx("store", "info", "--json", url=store).stdout)

    assert (found["executions"], found["results"], found["first_date"]) == (2, 4, "2024-01-01")
    assert "revision" in dqx("store", "info", url=store).stdout


def test_history_draws_a_line_and_lists_the_newest_of_each_day(store):
    shown = dqx("store", "history", "feed", "average(price)", url=store).stdout
    listed = json.loads(dqx("store", "history", "feed", "average(price)", "--json", url=store).stdout)
    written = dqx("store", "history", "feed", "average(price)", "--csv", url=store).stdout

    assert "2024-01-01 ▁█ 2024-01-02" in shown
    assert [(point["yyyy_mm_dd"], point["value"]) for point in listed] == [("2024-01-01", 2.0), ("2024-01-02", 5.0)]
    assert written.splitlines()[2] == "2024-01-02,,5.0,,run-2"


def test_a_metric_that_was_never_measured_gets_the_nearest_name(store):
    refused = dqx("store", "history", "feed", "averag(price)", url=store)

    assert refused.returncode == 2
    assert "Did you mean 'average(price)'?" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_execution_is_shown_whole(store):
    found = json.loads(dqx("store", "execution", "run-2", "--json", url=store).stdout)

    assert {(n["metric"], n["yyyy_mm_dd"]): n["value"] for n in found["numbers"]} == {
        ("average(price)", "2024-01-02"): 5.0,
        ("num_rows()", "2024-01-01"): 2,
        ("num_rows()", "2024-01-02"): 3,
    }
    assert [v["status"] for v in found["verdicts"]] == ["PASSED", "FAILED"]


def test_diff_says_which_metrics_moved_and_by_how_much(store):
    changes = json.loads(dqx("store", "diff", "run-1", "run-2", "--json", url=store).stdout)

    moved = {change["metric"]: (change["before"], change["after"], change["relative"]) for change in changes}
    assert moved["average(price)"] == (2.0, 5.0, 1.5)
    assert "+150.0%" in dqx("store", "diff", "run-1", "run-2", url=store).stdout


def test_expire_deletes_nothing_on_a_dry_run_and_keeps_what_is_newest(store):
    dry = dqx("store", "expire", "--older-than", "0d", "--dry-run", url=store)
    done = dqx("store", "expire", "--older-than", "0d", "--yes", url=store)

    assert "would be deleted" in dry.stdout
    assert done.returncode == 0
    kept = json.loads(dqx("store", "history", "feed", "average(price)", "--json", url=store).stdout)
    assert [point["value"] for point in kept] == [2.0, 5.0]


def test_looking_at_a_store_that_is_not_there_does_not_make_one(tmp_path):
    refused = dqx("store", "info", url=f"sqlite:///{tmp_path / 'none.db'}")

    assert refused.returncode == 2
    assert "There is no metric store" in refused.stderr
    assert "dqx store upgrade" in refused.stderr
    assert not (tmp_path / "none.db").exists()


def test_upgrade_makes_a_store_and_may_be_run_again(tmp_path):
    url = f"sqlite:///{tmp_path / 'new.db'}"

    assert "is at revision" in dqx("store", "upgrade", url=url).stdout
    assert dqx("store", "upgrade", url=url).returncode == 0


def test_a_file_that_is_no_store_is_one_paragraph_and_exit_code_3(tmp_path):
    file = tmp_path / "notes.db"
    file.write_text("not a database, but long enough to look like one" * 10)
    refused = dqx("store", "info", url=f"sqlite:///{file}")

    assert refused.returncode == 3
    assert refused.stderr.startswith("StoreError:")
    assert "Traceback" not in refused.stderr


@pytest.fixture
def several(tmp_path):
    """A store of its own with three executions, the last of which judged two days and carried a number forward."""
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    table = pa.table(
        {"yyyy_mm_dd": [dt.date(2024, 1, day) for day in (1, 1, 2, 2, 2)], "price": [1.0, 3.0, 4.0, 5.0, 6.0]}
    )
    db = MetricDB(url)
    for name, days in (("morning", [1]), ("noon", [2]), ("night", [1, 2])):
        suite = VerificationSuite([feed], db, f"Feed {name}", execution_id=f"run-{name}")
        suite.run_many(
            [DuckRelationDataSource.from_arrow(table, "feed")], [ResultKey(dt.date(2024, 1, day)) for day in days]
        )
    db.close()
    return url


def test_executions_are_listed_newest_first_a_page_at_a_time(several):
    page = json.loads(dqx("store", "executions", "--limit", "2", "--json", url=several).stdout)
    assert [(each["execution_id"], each["suite"], each["keys"]) for each in page["executions"]] == [
        ("run-night", "Feed night", ["2024-01-01", "2024-01-02"]),
        ("run-noon", "Feed noon", ["2024-01-02"]),
    ]
    assert (page["total"], page["offset"]) == (3, 0)
    assert page["executions"][1]["measured"] + page["executions"][1]["carried"] == 3

    rest = dqx("store", "executions", "--limit", "2", "--offset", "2", url=several).stdout
    assert ("run-morning" in rest, "run-noon" in rest, "3 to 3 of 3" in rest) == (True, False, True)
    assert "status" not in rest, "dqx's own executions say none: a column of nothing"
    assert "--offset 2 goes on" in dqx("store", "executions", "--limit", "2", url=several).stdout
    assert "no executions of suite 'Other'" in dqx("store", "executions", "--suite", "Other", url=several).stdout
    assert dqx("store", "executions", "--limit", "0", url=several).returncode == 2


def test_an_execution_is_deleted_once_somebody_says_yes_and_is_told_what_goes(several):
    def kept():
        listed = json.loads(dqx("store", "executions", "--json", url=several).stdout)["executions"]
        return [each["execution_id"] for each in listed]

    dry = dqx("store", "delete", "run-noon", "--dry-run", url=several)
    unanswered = dqx("store", "delete", "run-noon", url=several)
    for text in (dry.stdout, unanswered.stderr):
        assert "'run-noon'" in text
        assert "3 numbers and 2 verdicts of suite 'Feed noon', 2024-01-02" in text
    assert (dry.returncode, unanswered.returncode, len(kept())) == (0, 1, 3)

    done = json.loads(dqx("store", "delete", "run-noon", "--yes", "--json", url=several).stdout)
    assert (done["execution_id"], done["deleted"], done["verdicts"]) == ("run-noon", True, 2)
    assert kept() == ["run-night", "run-morning"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("run-nigth", "Did you mean 'run-night'?"),
        ("run-m", "Did you mean 'run-morning'?"),
        ("6f1c9a3e", "The newest are run-night, run-noon, run-morning"),
    ],
)
def test_an_execution_that_is_not_there_is_refused_with_those_that_are(several, asked, said):
    refused = dqx("store", "delete", asked, "--yes", url=several)
    assert (refused.returncode, said in refused.stderr, "Traceback" in refused.stderr) == (2, True, False)


@pytest.mark.parametrize("words", [["history", "feed", "num_rows()", "--to"], ["expire", "--yes", "--older-than"]])
def test_a_day_to_come_or_misspelt_is_refused(store, words):
    assert "is in the future" in dqx("store", *words, "2130-01-01", url=store).stderr
    assert "is not a day" in (said := dqx("store", *words, "2024-01-32", url=store)).stderr or "neither" in said.stderr
    assert dqx("store", *words, "2130-01-01", "--allow-future", "--help", url=store).returncode == 0
    assert dqx("store", *words, "2024-01-32", url=store).returncode == 2
