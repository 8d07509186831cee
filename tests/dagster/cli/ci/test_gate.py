"""What a gate judges, and how: selections, batches, plain checks, blocking ones, history, what is written where."""

import datetime as dt
from pathlib import Path

import pytest

from dqx_core import MetricDB
from dqx_core.errors import DefinitionError
from dqx_core.report import Severity
from dqx_dagster.cli.ci.gate import Settings, judge
from dqx_dagster.cli.ci.location import Where, load
from dqx_dagster.cli.ci.spans import Wanted
from dqx_dagster.cli.ci.verdicts import Exit, Outcome
from tests.dagster.cli.ci.conftest import ROOT, dagster_home, places


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def location():
    return load(Where(python_file=(str(ROOT / "tests/dagster/cli/ci/planted.py"),), working_directory=str(ROOT)))


@pytest.fixture
def gate(location, folder, monkeypatch):
    """A gate over some assets and days; `runs` are the runs that its assets saw."""
    for name, value in places(folder).items():
        monkeypatch.setenv(name, value)

    def over(select, *keys, **settings):
        (folder / "runs.txt").write_text("")
        wanted = Wanted(ranges=keys) if any("..." in key for key in keys) else Wanted(keys)
        return judge(location, Settings((select,), wanted, **settings))

    return over


def told(gate):
    return {(v.check, v.partition): v.outcome for v in gate.verdicts}


def runs(folder):
    return (folder / "runs.txt").read_text().splitlines()


def test_a_range_is_one_run_where_the_backfill_policy_allows_it_and_a_run_a_partition_where_not(gate, folder):
    gate("good", "2026-01-04...2026-01-05")
    assert len(runs(folder)) == 1

    gate("hollow", "2026-01-04...2026-01-05")
    assert runs(folder) == [
        "hollow 2026-01-04|train", "hollow 2026-01-04|eval", "hollow 2026-01-05|train", "hollow 2026-01-05|eval",
    ]  # fmt: skip


def test_checks_alone_materialize_nothing(gate, folder):
    found = gate("gated", "2026-01-04...2026-01-06", checks_only=True)

    assert runs(folder) == []
    assert [(v.partition, v.outcome) for v in found.problems] == [("2026-01-05|train", Outcome.FAILED)]
    assert len(found.verdicts) == 6


def test_a_key_of_one_split_judges_that_split_alone(gate):
    found = gate("good", "2026-01-04|eval")

    assert told(found) == {("rows__has_rows", "2026-01-04|eval"): Outcome.PASSED}


def test_plain_checks_count_by_their_severity_on_every_partition(gate):
    found = gate("plain", "2026-01-02...2026-01-04")

    assert told(found) == {
        ("by_day", "2026-01-02"): Outcome.PASSED,
        ("by_day", "2026-01-03"): Outcome.FAILED,
        ("by_day", "2026-01-04"): Outcome.PASSED,
        **{("warns", f"2026-01-0{day}"): Outcome.FAILED for day in (2, 3, 4)},
    }
    severities = {verdict.check: verdict.severity for verdict in found.verdicts if verdict.bad}
    assert severities == {"by_day": Severity.P1, "warns": Severity.P2}
    assert [verdict.check for verdict in found.problems] == ["by_day", "warns", "warns", "warns"]


def test_what_a_blocking_check_keeps_from_running_has_no_result(gate):
    found = gate('key:"blocked"+')

    assert told(found) == {("stops", None): Outcome.FAILED, ("never_asked", None): Outcome.NO_RESULT}
    assert found.problems[0].severity is Severity.P0
    assert found.exit_code is Exit.FAILED


def test_assets_of_other_partitions_run_apart_in_order_and_hand_their_values_over(gate):
    found = gate('key:"raising"+', "2026-01-02")

    assert told(found)["got_the_value", "2026-01-02"] is Outcome.PASSED


def test_what_one_op_makes_and_judges_comes_as_a_whole(gate):
    assert told(gate("right")) == {("beside", None): Outcome.PASSED, ("inside", None): Outcome.PASSED}


def test_a_check_inside_an_asset_has_no_result_when_the_asset_is_not_made(gate):
    found = gate("left", checks_only=True)

    [verdict] = found.verdicts
    assert (verdict.outcome, found.exit_code) == (Outcome.NO_RESULT, Exit.NO_RESULT)
    assert "run it without --checks-only" in verdict.message


def test_a_source_that_is_not_made_here_is_judged(gate):
    found = gate("raw_prices")

    assert [(verdict.check, verdict.message) for verdict in found.problems] == [("of_a_source", "no prices since noon")]


def test_partitions_without_dates_are_named_and_dynamic_ones_need_not_be_known(gate):
    assert told(gate("countries", "nl")) == {("has_people", "nl"): Outcome.PASSED}
    assert told(gate("files", "a.csv")) == {("is_readable", "a.csv"): Outcome.PASSED}
    with pytest.raises(DefinitionError, match=r"no dates, so none of them is the latest. Name them with --partition"):
        gate("countries")
    with pytest.raises(DefinitionError, match=r"countries has no partition 'uk'. There are: de, fr, nl."):
        gate("countries", "uk")


def test_nothing_named_is_the_latest_date(gate):
    assert set(told(gate("good"))) == {("rows__has_rows", f"2026-01-14|{split}") for split in ("train", "eval")}


def test_partitions_for_assets_without_are_refused(gate):
    with pytest.raises(DefinitionError, match="Nothing that is selected has partitions"):
        gate("whole", "2026-01-02")


@pytest.mark.parametrize(
    ("select", "told"),
    [
        ("nowhere", "--select nowhere names no asset. There are:"),
        ("goood", r"Did you mean 'good'\?"),
        ("((", r"--select \(\( is not a selection"),
        ('kind:"dbt"', "selects no asset, so there is nothing to judge. Assets with checks: after_all, bad"),
    ],
)
def test_a_selection_that_selects_nothing_to_judge_is_refused(gate, select, told):
    with pytest.raises(DefinitionError, match=told):
        gate(select)


def test_history_is_read_from_the_configured_store_and_nothing_is_written_there(location, folder, gate):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", dagster_home(folder / "home"))
        kept = gate("moving", "2026-01-05...2026-01-06", configured=True)
    store = folder / "metrics.db"
    before = store.read_bytes()

    with_history = gate("moving", "2026-01-07")
    without = gate("moving", "2026-01-07", history=False)

    assert set(told(with_history).values()) == {Outcome.PASSED}
    assert set(told(without).values()) == {Outcome.PASSED}, "the source has yesterday's rows too"
    assert store.read_bytes() == before
    db = MetricDB(f"sqlite:///{store}")
    assert [execution.execution_id for execution in db.executions()] == [kept.verdicts[0].run_id]
    db.close()


def test_a_check_says_where_it_is_written_if_that_is_below_the_folder(gate, monkeypatch):
    monkeypatch.chdir(ROOT)
    code = gate("good", "2026-01-04").verdicts[0].code

    line = Path(code.file).read_text().splitlines()[code.line - 1]
    assert line == '@check(name="Rows", datasets=["good"])'
    monkeypatch.chdir(ROOT / "tests/core")
    assert gate("good", "2026-01-04").verdicts[0].code is None


def test_a_store_that_is_not_configured_here_is_told_and_history_begins_with_the_run(gate, monkeypatch):
    monkeypatch.delenv("PLANTED_STORE")
    found = gate("good", "2026-01-04")

    assert found.exit_code is Exit.PASSED
    [note] = found.notes
    assert note.startswith("Resource 'store' is not configured here.")
    assert "PLANTED_STORE" in note


def test_progress_counts_what_is_done_up_to_the_end(gate, location):
    seen = []
    judge(location, Settings(("good",), Wanted(("2026-01-04",))), lambda done, total: seen.append((done, total)))

    assert seen == [(n, 4) for n in range(5)]


def test_dates_are_utc(gate):
    assert gate("whole").started.tzinfo is dt.UTC
