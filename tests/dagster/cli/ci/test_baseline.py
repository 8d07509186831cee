"""What a change did to the numbers, against production, another store and an execution."""

import shutil

import pytest

from dqx_core.errors import DefinitionError
from dqx_dagster.cli.ci.gate import Settings, judge
from dqx_dagster.cli.ci.location import Where, load
from dqx_dagster.cli.ci.spans import Wanted
from dqx_dagster.cli.ci.verdicts import Exit
from tests.dagster.cli.ci.conftest import ROOT, dagster_home, places

pytestmark = pytest.mark.xdist_group("gate_baseline")


@pytest.fixture(scope="module")
def location():
    return load(Where(python_file=(str(ROOT / "tests/dagster/cli/ci/planted.py"),), working_directory=str(ROOT)))


@pytest.fixture(scope="module")
def production(location, tmp_path_factory):
    """A production that judged two days of two assets in one run, and one without partitions: its folder and run."""
    folder = tmp_path_factory.mktemp("production")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", dagster_home(folder / "home"))
        for name, value in places(folder).items():
            patch.setenv(name, value)
        wanted = Wanted(("2026-01-01", "2026-01-02"))
        made = judge(location, Settings(("good", "bad", "whole"), wanted, configured=True))
    return folder, next(verdict.run_id for verdict in made.verdicts if verdict.asset == "good")


@pytest.fixture
def gate(location, production, monkeypatch):
    """A gate over some assets and keys, on data that lost its first two rows, against a baseline."""
    for name, value in places(production[0]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PLANTED_CUT", "2")

    def over(select, *keys, **settings):
        return judge(location, Settings((select,), Wanted(keys), **{"baseline": "production", **settings}))

    return over


def changes(gate):
    return [
        (c.dataset, c.metric, c.tags["split"], c.before.unwrap(), c.after.unwrap()) for c in gate.comparison.changes
    ]


def test_what_moved_against_production_is_told_and_nothing_else(gate):
    found = gate("good", "2026-01-01", "2026-01-02")

    assert changes(found) == [("good", "num_rows()", "train", 4, 2)]
    assert found.comparison.changes[0].relative == -0.5
    assert (found.comparison.same, list(found.comparison.without)) == (3, [])
    assert found.exit_code is Exit.PASSED, "without --max-change it is only told"


def test_further_than_it_may_fails_the_build(gate):
    assert gate("good", "2026-01-01", max_change=0.49).exit_code is Exit.FAILED
    assert gate("good", "2026-01-01", max_change=0.5).exit_code is Exit.PASSED
    assert gate("good", "2026-01-02", max_change=0.0).exit_code is Exit.PASSED


def test_a_split_or_asset_that_was_not_judged_is_not_gone(gate):
    found = gate("good", "2026-01-01|eval")

    assert (found.comparison.same, list(found.comparison.changes)) == (1, [])


def test_a_partition_that_production_never_judged_is_named_and_its_numbers_are_not_new(gate):
    found = gate("good", "2026-01-02", "2026-01-03")

    assert list(found.comparison.without) == ["2026-01-03|train", "2026-01-03|eval"]
    assert (found.comparison.same, list(found.comparison.changes)) == (2, [])


def test_without_partitions_the_newest_execution_counts(gate):
    found = gate("whole")

    [change] = found.comparison.changes
    assert (change.metric, change.difference) == ("num_rows()", -2)


def test_an_execution_by_its_id(gate, production):
    assert changes(gate("good", "2026-01-01", baseline=production[1])) == [("good", "num_rows()", "train", 4, 2)]


def test_the_store_at_a_url(gate, production, tmp_path):
    shutil.copy(production[0] / "metrics.db", tmp_path / "copy.db")
    found = gate("good", "2026-01-01", baseline=f"sqlite:///{tmp_path / 'copy.db'}")

    assert changes(found) == [("good", "num_rows()", "train", 4, 2)]
    assert "copy.db" in found.comparison.baseline


def test_a_baseline_that_is_not_there_is_refused_before_anything_runs(gate, production, tmp_path):
    runs = production[0] / "runs.txt"
    before = runs.read_text()
    with pytest.raises(DefinitionError, match=rf"neither 'production'.*Did you mean '{production[1]}'\?"):
        gate("good", "2026-01-01", baseline=production[1][:-1] + "x")
    with pytest.raises(DefinitionError, match="There is no metric store at sqlite"):
        gate("good", "2026-01-01", baseline=f"sqlite:///{tmp_path / 'none.db'}")
    assert runs.read_text() == before
    assert list(tmp_path.iterdir()) == []


def test_the_baseline_is_only_read(gate, production):
    store = (production[0] / "metrics.db").read_bytes()
    gate("good", "2026-01-01")
    assert (production[0] / "metrics.db").read_bytes() == store
