"""`dqx run`, `dqx explain` and `dqx suites`, as a person types them: without Dagster, over files and tables."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dqx_core import MetricDB
from dqx_core.datasets.materialize import materialize
from dqx_core.errors import DefinitionError
from dqx_dagster.cli import keys, main
from tests import forked
from tests.core.datasets import shop
from tests.core.datasets.shop import daily
from tests.core.html import feed

DQX = str(Path(sys.executable).parent / "dqx")

CHECKS = """
from dqx_core import Context, MetricProvider, Suite, check

@check(name="Feed", datasets=["feed"])
def feed(mp: MetricProvider, ctx: Context) -> None:
    rows = mp.num_rows()
    ctx.assert_that(rows).where(name="Not crowded", severity="P2").is_leq(10)
    ctx.assert_that(rows / mp.num_rows(lag=1)).where(name="Rows stay").is_between(0.1, 20)
    ctx.assert_that(mp.average("value")).where(name="Has values", severity="P0").is_positive()

@check(name="Gone", datasets=["feed"])
def gone(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.average("no_such_column")).where(name="Cannot be").is_positive()

@check(name="Past", datasets=["feed"])
def past(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="Moves").is_lt(100)

FEED, GONE, PAST = Suite("Feed suite", [feed]), Suite("Gone suite", [gone]), Suite("Past suite", [past])
LIMIT = 10
"""

KEPT = """
from dqx_core import Context, MetricProvider, Suite, check

@check(name="Daily", datasets=["daily"])
def daily(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows", severity="P0").is_positive()
    ctx.assert_that(mp.num_rows() / mp.num_rows(lag=2)).where(name="Never as many").is_lt(0)

DAILY = Suite("Daily suite", [daily])
"""


class Said(NamedTuple):
    out: str
    err: str
    code: int

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module of checks, the feed as Parquet and in a database."""
    (tmp_path / "checks.py").write_text(CHECKS)
    pq.write_table(feed.table(), tmp_path / "feed.parquet")
    with duckdb.connect(tmp_path / "world.duckdb") as connection:
        connection.execute("CREATE SCHEMA raw")
        connection.register("given", feed.table())
        connection.execute("CREATE TABLE raw.feed AS SELECT * FROM given")
        # A view that is there, over a column that is not: the database is broken, not what a person wrote.
        connection.execute("CREATE TABLE raw.dim AS SELECT 1 AS x; CREATE VIEW raw.dull AS SELECT x FROM raw.dim")
        connection.execute("ALTER TABLE raw.dim RENAME x TO y")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "checks", raising=False)
    monkeypatch.setenv("DQX_STORE", "sqlite://")  # in memory: most of what is tested here needs no file
    for name in ("DQX_DATABASE", "DQX_ROOT", "DQX_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def dqx(here, monkeypatch, capsys):
    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["dqx", *arguments])
        monkeypatch.setattr(sys, "path", [*sys.path])
        sys.modules.pop("checks", None)
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return Said(printed.out, printed.err, int(stopped.value.code or 0))

    return run


def judge(dqx, *more, suite="checks:FEED", rows="feed=feed.parquet"):
    return dqx("run", suite, "--dataset", rows, *more)


def verdicts(said):
    return {(r["yyyy_mm_dd"][-2:], r["tags"].get("split"), r["assertion"]): r["status"] for r in said.json["results"]}


@pytest.mark.parametrize(
    ("day", "split", "more", "code"),
    [
        ("2026-01-05", "train", [], 0),
        ("2026-01-10", "train", [], 1),
        ("2026-01-10", "train", ["--fail-on", "P1"], 0),
        ("2026-01-10", "train", ["--severity", "P2"], 1),
        ("2026-01-10", "eval", [], 0),
        ("2026-01-12", "eval", ["--fail-on", "P0"], 1),  # an error is no pass
    ],
)
def test_the_exit_code_says_whether_what_counts_failed(dqx, day, split, more, code):
    assert judge(dqx, "--date", day, "--tags", f"split={split}", *more).code == code


def test_a_tag_that_is_a_column_filters_rows(dqx):
    both = judge(dqx, "--date", "2026-01-10", "--json").json["symbols"]
    train = judge(dqx, "--date", "2026-01-10", "--tags", "split=train", "--json").json["symbols"]

    def rows(symbols):
        return next(s["value"] for s in symbols if s["metric"] == "num_rows()" and s["yyyy_mm_dd"] == "2026-01-10")

    assert (rows(both), rows(train)) == (44, 40)


@pytest.mark.parametrize(
    "asked",
    [
        ["--date", "2026-01-09...2026-01-10", "--tags", "split=train", "--tags", "split=eval"],
        ["--date", "2026-01-09,2026-01-10", "--tag", "split=train", "--tag", "split=eval"],
        ["--partition", "2026-01-09|train...2026-01-10|eval"],
        *[["-p", "2026-01-09|train", "-p", "2026-01-09|eval", "-p", "2026-01-10|train", "-p", "2026-01-10|eval"]],
    ],
)
def test_days_and_partitions_are_typed_as_dagster_writes_them(dqx, asked):
    found = verdicts(judge(dqx, *asked, "--json"))

    assert {(day, split) for day, split, _ in found} == {(d, s) for d in ("09", "10") for s in ("train", "eval")}
    assert [place for place, status in found.items() if status == "FAILED"] == [("10", "train", "Not crowded")]


@pytest.mark.parametrize(
    "rows",
    [
        ["feed=feed.parquet"],
        ["feed=*.parquet"],
        ["feed=world.duckdb:raw.feed"],
        ["feed=raw.feed", "--database", "world.duckdb"],
    ],
)
def test_rows_come_from_parquet_and_from_tables_alike(dqx, rows):
    found = dqx("run", "checks:FEED", "--dataset", *rows, "--date", "2026-01-10", "--json")

    assert found.json["symbols"][0]["value"] == 44


def test_numbers_are_kept_and_carried_into_the_next_run(dqx, here, monkeypatch):
    monkeypatch.delenv("DQX_STORE")
    judge(dqx, "--date", "2026-01-05", "--tags", "split=train")
    second = judge(dqx, "--date", "2026-01-06", "--tags", "split=train", "--json").json

    db = MetricDB(f"sqlite:///{here / 'data' / 'metrics.db'}")
    executions = db.executions()
    db.close()
    assert [each.origin for each in executions] == ["cli", "cli"]
    carried = {
        s["yyyy_mm_dd"]: s["source_execution_id"] for s in second["symbols"] if s["metric"].startswith("num_rows")
    }
    assert carried == {"2026-01-06": None, "2026-01-05": executions[1].execution_id}


def test_explain_tells_the_plan_and_makes_no_store(dqx, here, monkeypatch):
    monkeypatch.delenv("DQX_STORE")
    said = dqx("explain", "checks:FEED", "-d", "feed=feed.parquet", "--date", "2026-01-05", "--json")

    assert (said.code, (here / "data").exists()) == (0, False)
    assert {(n["metric"], n["date"]) for n in said.json["measured"]} == {
        ("num_rows()", "2026-01-05"), ("num_rows()", "2026-01-04"), ("average(value)", "2026-01-05")
    }  # fmt: skip
    assert "SELECT" in said.json["statements"][0]["sql"]

    judge(dqx, "--date", "2026-01-04")
    told = dqx("explain", "checks:FEED", "-d", "feed=feed.parquet", "--date", "2026-01-05").out
    assert "Carried forward, the same version of the data" in told
    assert "2026-01-04: num_rows() on 'feed'" in told


def test_explain_lists_what_cannot_be_measured_in_both_forms(dqx, here):
    pq.write_table(pa.table({"yyyy_mm_dd": [dt.date(2026, 1, 5)]}), here / "bare.parquet")
    words = ["explain", "checks:FEED", "-d", "feed=bare.parquet", "--date", "2026-01-05"]
    [told] = dqx(*words, "--json").json["cannot_be_measured"]

    assert (told["metric"], told["date"], told["dataset"]) == ("average(value)", "2026-01-05", "feed")
    assert "reads column 'value'" in told["reason"]
    assert f"Cannot be measured: average(value) of 2026-01-05: {told['reason']}" in dqx(*words).out


def test_explain_promises_the_statements_that_a_run_sends(dqx):
    words = ["checks:FEED", "-d", "feed=world.duckdb:raw.feed", "--date", "2026-01-05"]
    promised = [each["sql"] for each in dqx("explain", *words, "--json").json["statements"]]

    with duckdb.connect("world.duckdb", read_only=True) as connection:
        rows = [connection.sql(sql).fetchall() for sql in promised]
    assert rows
    assert all(rows)


@pytest.mark.parametrize("word", ["Has values", "feed__has_values", "feed:feed__has_values", "*values"])
def test_a_selection_names_checks_and_assertions_by_their_names_here_and_in_dagster(dqx, word):
    found = judge(dqx, "--date", "2026-01-05", "--select", word, "--json").json

    assert [r["assertion"] for r in found["results"]] == ["Has values"]


def test_nothing_judged_is_no_pass(dqx):
    said = judge(dqx, "--date", "2026-01-01", suite="checks:PAST")

    assert said.code == 4
    assert "Nothing was judged" in said.err


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A dataset in folders: train of the 1st and the 3rd of January."""
    root = tmp_path_factory.mktemp("kept")
    materialize(daily(), [shop.day(1), shop.day(3)], ["train"], engine=shop.engine(), root=root)
    return root


@pytest.mark.parametrize(
    ("dates", "more", "code"),
    [
        ("2024-01-01", [], 0),
        ("2024-01-02", [], 4),
        ("2024-01-01", ["--tags", "split=eval"], 4),
        ("2024-01-01...2024-01-03", ["--fail-on", "P0"], 4),
        ("2024-01-02...2024-01-03", [], 1),  # what is bad comes before what is not there
    ],
)
def test_what_is_not_materialized_is_told_apart_from_what_is_bad(dqx, here, kept, dates, more, code):
    (here / "kept.py").write_text(KEPT)
    arguments = ["--date", dates, "--tags", "split=train", *more]
    said = dqx("run", "kept.py:DAILY", "--dataset", "daily", "--root", str(kept), *arguments)

    assert said.code == code, said
    assert ("What was to be judged is not materialized" in said.err) is (code == 4)


def test_suites_are_listed_with_what_they_assert(dqx):
    [found, *others] = dqx("suites", "checks.py", "--json").json
    shown = dqx("suites", "checks", "--metrics").out

    assert [each["suite"] for each in others] == ["Gone suite", "Past suite"]
    assert found["assertions"][1] == {
        "check": "Feed",
        "assertion": "Rows stay",
        "severity": "P1",
        "condition": "num_rows() / (num_rows() [1 d earlier]) between 0.1 and 20",
        "datasets": ["feed"],
        "metrics": ["num_rows()"],
    }
    assert "Feed suite, of feed" in shown


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"pyproject.toml": '[tool.dagster]\nmodule_name = "checks"\n'}, "tool.dagster"),
        (
            {"pyproject.toml": '[tool.dg.project]\nroot_module = "my"\n', "my/definitions.py": "from checks import *"},
            "dg",
        ),
        ({"workspace.yaml": "load_from:\n  - python_file:\n      relative_path: checks.py\n"}, "workspace"),
    ],
)
def test_without_a_module_the_suite_is_one_of_the_folders_code_location(dqx, here, files, module):
    for name, text in files.items():
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(text)

    assert len(dqx("suites", "--json").json) == 3
    assert judge(dqx, "--date", "2026-01-05", suite="Feed suite").code == 0


ON_FEED = ["run", "checks:FEED", "-d", "feed=feed.parquet"]
ONE_DAY = [*ON_FEED, "--date", "2026-01-02"]


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_suites_that_are_attached_to_assets_are_found_however_the_location_is_put_together(dqx, here):
    (here / "place.py").write_text("""
import dagster as dg
from dqx_dagster import suite_checks
import checks

@dg.asset
def feed(): ...

merged = dg.Definitions.merge(dg.Definitions(), dg.Definitions(asset_checks=[suite_checks(checks.FEED, feed)]))

@dg.definitions
def lazy():
    return dg.Definitions(asset_checks=[suite_checks(checks.PAST, feed)])
""")

    assert [each["suite"] for each in dqx("suites", "place.py", "--json").json] == ["Feed suite", "Past suite"]
    assert judge(dqx, "--date", "2026-01-05", "--location", "place.py", suite="Feed suite").code == 0


PROBLEMS = [
    (["run", "checks:FEED", "--date", "2026-01-02"], 2, "Say where the rows are"),
    ([*ON_FEED], 2, "Say which day to judge"),
    ([*ON_FEED, "--date", "yesterday"], 2, "'yesterday' is not a day"),
    ([*ON_FEED, "--date", "2026-01-02...2026-01-01"], 2, "ends before it begins"),
    ([*ON_FEED, "-p", "2026-01-02|a|b"], 2, "has 3 parts"),
    ([*ON_FEED, "-p", "2026-01-02|a", "--tags", "split=b"], 2, "names its split"),
    ([*ONE_DAY, "--tags", "train"], 2, "split=train"),
    (["run", "checks:FEED", "-d", "feed=raw.feed", "--date", "2026-01-02"], 2, "--database"),
    (["run", "checks:FEED", "-d", "feed=no.duckdb:t", "--date", "2026-01-02"], 2, "there is no database no.duckdb"),
    (["run", "checks:FEED", "-d", "feed=no/", "--date", "2026-01-02"], 2, "feed=no/: there is no folder no/"),
    (["run", "checks:FEED", "-d", "fed=feed.parquet", "--date", "2026-01-02"], 2, "Did you mean 'fed'?"),
    (["run", "checks:FED", "-d", "feed=feed.parquet"], 2, "Did you mean 'FEED'?"),
    (["run", "checks:LIMIT"], 2, "is a int, not a suite"),
    (["run", "nowhere:FEED"], 2, "There is no module 'nowhere'"),
    (["run", "broken.py:FEED"], 2, "cannot be imported: ZeroDivisionError"),
    (["run", "Feed suite"], 2, "names no code location"),
    (["run", "checks:FEED", "-s", "Fed", "-d", "feed=feed.parquet", "--date", "2026-01-02"], 2, "no check 'Fed'"),
    (["run", "checks:GONE", *ONE_DAY[2:]], 2, "which dataset 'feed' does not have"),
    ([*ONE_DAY, "--date-column", "x=y"], 2, "dataset 'x'"),
    (["run", "checks:FEED", "-d", "feed=none/*.parquet", "--date", "2026-01-02"], 2, "no file matches"),
    (["run", "checks:FEED", "-d", "feed=none.parquet", "--date", "2026-01-02"], 2, "no file matches"),
    (["explain", "checks:FEED", "-d", "feed=none.parquet", "--date", "2026-01-02"], 2, "no file matches"),
    (["run", "checks:FEED", "-d", "feed=world.duckdb:raw.fed", "--date", "2026-01-02"], 2, "Did you mean 'raw.feed'?"),
    (["run", "checks:FEED", "-d", "feed=world.duckdb:raw.dull", "--date", "2026-01-02"], 3, "could not describe"),
    ([*ON_FEED, "--date", "2026-10-32"], 2, "'2026-10-32' is not a day. Write it as 2024-01-31, or several"),
    (["report", "--from", "2026-10-32"], 2, "'2026-10-32' is not a day. Write it as 2024-01-31."),
    (["store", "history", "feed", "num_rows()", "--to", "2026-10-32"], 2, "'2026-10-32' is not a day. Write it as"),
    (["datasets", "materialize", "feed", "--from", "2026-10-32"], 2, "'2026-10-32' is not a day. Write it as"),
    (["datasets", "analyze", "feed", "--date", "31.01.2026"], 2, "'31.01.2026' is not a day. Write it as"),
    (["run", "checks:FEED", "-d", "feed=broken.parquet", "--date", "2026-01-02"], 3, "DuckDB could not"),
    ([*ONE_DAY, "--store", "what://ever"], 3, "Metric store"),
    (["run"], 2, "Missing argument"),
    (["run", "checks:FEED", "--fail-on", "P9"], 2, "P9"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), PROBLEMS)
def test_an_error_is_one_paragraph_with_the_way_out(dqx, here, words, code, said):
    (here / "broken.py").write_text("1 / 0")
    (here / "broken.parquet").write_bytes(b"no parquet")
    found = dqx(*words)

    assert found.code == code
    assert said in " ".join(found.err.replace("│", " ").split())
    assert "Traceback" not in found.err


@pytest.mark.parametrize(
    ("suite", "where"),
    [("FEED", "feed=none.parquet"), ("FEED", "feed=world.duckdb:raw.fed"), ("GONE", "feed=feed.parquet")],
    ids=["no file", "no table", "no column"],
)
def test_what_cannot_work_leaves_no_store_behind(dqx, here, suite, where):
    store = here / "kept" / "metrics.db"
    found = dqx("run", f"checks:{suite}", "-d", where, "--date", "2026-01-02", "--store", f"sqlite:///{store}")

    assert (found.code, store.parent.exists()) == (2, False)


@pytest.mark.parametrize("where", ["~/feed.parquet", "~/", "~/world.duckdb:raw.fed"])
def test_rows_in_the_home_folder_are_looked_for_there(dqx, here, monkeypatch, where):
    monkeypatch.setenv("HOME", str(here / "empty home"))
    found = dqx("run", "checks:FEED", "-d", f"feed={where}", "--date", "2026-01-02")

    assert (found.code, f"{here}/empty home/" in found.err) == (2, True)


def test_a_store_whose_folder_cannot_be_made_is_named(dqx, here):
    (here / "taken").write_text("a file, where a folder would have to be")
    found = dqx(*ONE_DAY, "--store", f"sqlite:///{here}/taken/deep/metrics.db")

    assert found.code == 3
    assert found.err.startswith(f"StoreError: Metric store sqlite:///{here}/taken/deep/metrics.db: could not ")


def test_data_without_days_is_said_to_be_the_day_that_is_judged(dqx, here):
    pq.write_table(feed.table().rename_columns(["day", "split", "value"]), here / "days.parquet")

    guessed = dqx("run", "checks:FEED", "-d", "feed=days.parquet", "--date", "2026-01-10", "--json")
    told = dqx(
        "run", "checks:FEED", "-d", "feed=days.parquet", "--date", "2026-01-10", "--date-column", "day", "--json"
    )

    assert "all its rows count as the day that is judged" in guessed.err
    assert guessed.json["symbols"][0]["value"] == 8 * 14 + 36
    assert (told.err, told.json["symbols"][0]["value"]) == ("", 44)


def test_debug_shows_the_traceback_wherever_it_stands(here):
    for words in (["--debug", "run", "nowhere:FEED"], ["run", "nowhere:FEED", "--debug"]):
        found = forked.run([DQX, *words], cwd=here)
        assert found.returncode != 0
        assert "Traceback (most recent call last)" in found.stderr


def test_a_process_of_its_own_ends_with_the_verdict_and_prints_no_colours_into_a_pipe(here):
    words = ["run", "checks.py:FEED", "--dataset", "feed=feed.parquet", "--partition", "2026-01-10|train"]
    found = subprocess.run([DQX, *words], capture_output=True, text=True, check=False, cwd=here)

    assert found.returncode == 1
    assert "  FAILED  P2 Feed › Not crowded: num_rows() = 40, is not ≤ 10" in found.stdout
    assert "2026-01-10 (split=train): 2 of 3 passed" in found.stdout
    assert "\x1b[" not in found.stdout + found.stderr


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_and_not_where_no_color_is_set(here, variables, coloured):
    words = [DQX, "run", "checks.py:FEED", "--dataset", "feed=feed.parquet", "--partition", "2026-01-10|train"]
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")} | {"TERM": "xterm-256color"}
    master, slave = pty.openpty()
    process = subprocess.Popen(words, stdout=slave, stderr=subprocess.DEVNULL, env=env | variables, cwd=here)
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 65_536):
            shown += part
    except OSError:  # Linux says so when the program has ended
        pass
    os.close(master)

    assert process.wait(30) == 1
    assert (b"\x1b[1;31m" in shown) is coloured


@pytest.mark.parametrize(
    "asked",
    [["--date", "2130-01-01"], ["--date", "2026-01-05,2130-01-01"], ["--partition", "2130-01-01|train"]],
)
@pytest.mark.parametrize("command", ["run", "explain"])
def test_a_day_to_come_is_refused_unless_it_is_meant(dqx, command, asked):
    words = [command, "checks:FEED", "--dataset", "feed=feed.parquet", *asked]
    refused = dqx(*words)
    assert (refused.code, "2130-01-01 is in the future" in refused.err, "--allow-future" in refused.err) == (
        2,
        True,
        True,
    )
    assert "is in the future" not in dqx(*words, "--allow-future").err


def test_a_day_that_has_begun_somewhere_is_not_to_come():
    first = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=14)).date()
    keys.refuse_future([first, first - dt.timedelta(days=1)], allowed=False)
    with pytest.raises(DefinitionError, match="--allow-future"):
        keys.refuse_future([first + dt.timedelta(days=1)], allowed=False)


def test_other_windows_than_days_are_judged(dqx):
    weeks = judge(dqx, "--date", "2026-01-07", "--window", "weeks", "--json").json["results"]
    assert {tuple(result["window"]) for result in weeks} == {("2026-01-05T00:00:00+00:00", "2026-01-12T00:00:00+00:00")}
    sundays = judge(dqx, "--date", "2026-01-04...2026-01-11", "--window", "weeks from sunday", "--json").json["results"]
    assert {result["yyyy_mm_dd"] for result in sundays} == {"2026-01-04", "2026-01-11"}
    refused = judge(dqx, "--date", "2026-01-07", "--window", "fortnights")
    assert (refused.code, "'fortnights' is not a calendar" in refused.err) == (2, True)


def test_a_tag_is_a_column_and_a_label_is_none(dqx):
    day = ("--date", "2026-01-10")
    wrong = judge(dqx, *day, "--tags", "splt=train")
    assert (wrong.code, "Did you mean 'split'? A mere name" in wrong.err) == (2, True)
    named = judge(dqx, *day, "--label", "env=test", "--json").json
    assert {tuple(result["tags"].items()) for result in named["results"]} == {(("env", "test"),)}
    assert named["symbols"][0]["value"] == judge(dqx, *day, "--json").json["symbols"][0]["value"]
    taken = judge(dqx, *day, "--label", "split=train")
    assert (taken.code, "--tags split=…" in taken.err) == (2, True)


def test_what_is_tried_by_hand_stays_out_of_a_store_that_dagster_writes(dqx, tmp_path):
    from dqx_core.store import Execution

    url = f"sqlite:///{tmp_path / 'dagster.db'}"
    with closing(MetricDB(url)) as db:
        db.begin_execution(Execution("from-dagster", origin="dagster"))
    run = partial(judge, dqx, "--date", "2026-01-10", "--store", url)

    def executions():
        with closing(MetricDB(url)) as db:
            return [execution.origin for execution in db.executions()]

    assert "Nothing was kept" in run().out
    assert executions() == ["dagster"]
    assert "Kept as execution" in run("--keep").out
    assert sorted(executions()) == ["cli", "dagster"]
    assert "Nothing was kept" in run("--no-keep").out
    assert sorted(executions()) == ["cli", "dagster"]
