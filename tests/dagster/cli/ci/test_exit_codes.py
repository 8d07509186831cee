"""What the process tells the pipeline: each exit code, on what is planted, and never a traceback."""

import json

import pytest

from tests.dagster.cli.ci.conftest import dqx

DAYS = ("--partitions", "2026-01-04...2026-01-06")


def test_0_when_everything_passes_and_json_on_standard_output_is_alone_there(planted_process):
    said = planted_process("--select", "good", *DAYS, "--json", "-", GITHUB_ACTIONS="true")

    assert said.code == 0
    assert [each["outcome"] for each in json.loads(said.out)["verdicts"]] == ["PASSED"] * 6
    assert "Passed: 6 passed" in said.err


def test_1_when_a_failure_counts_and_0_when_it_is_below_what_counts(planted, tmp_path):
    said = planted("--select", "bad", *DAYS)
    below = planted("--select", "bad", *DAYS, "--fail-on", "P0", "--junit", tmp_path / "dqx.xml")

    assert said.code == 1
    assert "✗ P1 2026-01-05|train bad › Rows › Not crowded: num_rows() = 40, is not ≤ 10" in said.out
    assert below.code == 0
    assert "1 failed, 11 passed" in below.out
    assert 'skipped message="Failed, below --fail-on P0' in (tmp_path / "dqx.xml").read_text()


def test_1_when_a_number_cannot_be_computed(planted):
    said = planted("--select", "hollow", "--partition", "2026-01-09")

    assert said.code == 1
    assert "! P1 2026-01-09|eval hollow › Values › Value is positive" in said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--frobnicate"], "No such option: --frobnicate"),
        (["--select", "goood"], "Did you mean 'good'?"),
        (["--select", "good", "--partition", "2026-02-05"], "Its partitions go from 2026-01-01 to 2026-01-14."),
        (["--select", "good", "--baseline", "production"], "there is none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_2_when_the_options_cannot_work(planted, arguments, told):
    said = planted(*arguments)

    assert (said.code, said.out) == (2, "")
    assert told in " ".join(said.err.split())
    assert "Traceback" not in said.err


def test_2_when_the_code_location_does_not_load(tmp_path):
    (tmp_path / "definitions.py").write_text("import dagster as dg\n\nimport pricelist\n\ndefs = dg.Definitions()\n")
    said = dqx("ci", "-f", "definitions.py", "--junit", "dqx.xml", cwd=tmp_path)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("CodeLocationError: The code location 'definitions.py' does not load.")
    assert "ModuleNotFoundError: No module named 'pricelist' (definitions.py, line 3)." in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "dqx.xml").exists(), "an empty report would be taken for a broken one"


def test_3_when_the_engine_breaks(planted_process, tmp_path):
    said = planted_process("--select", "engineless", "--partition", "2026-01-05", "--sarif", tmp_path / "dqx.sarif")

    assert said.code == 3
    assert "EngineError" in said.out
    assert "nowhere.duckdb" in said.out
    assert "? P1 2026-01-05|train engineless › Rows › Has rows: It did not finish" in said.out
    [run] = json.loads((tmp_path / "dqx.sarif").read_text())["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_3_when_the_store_breaks(planted, tmp_path):
    (tmp_path / "metrics.db").write_text("not a database, but long enough to look like one" * 10)
    what = ("--select", "good", "--partition", "2026-01-05")
    said = planted(*what)

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("ConfiguredStoreError: Metric store sqlite:")
    assert "--no-history" in said.err
    assert "Traceback" not in said.err
    assert planted(*what, "--no-history").code == 0, "nobody needs it then"


def test_3_when_an_asset_cannot_be_made(planted):
    said = planted("--select", "crashing")

    assert said.code == 3
    assert "broke  crashing: ValueError: the source is gone" in said.out
    assert "after_the_crash: It did not run, because crashing failed before it." in said.out


def test_4_when_a_check_is_skipped_and_0_when_it_may_be(planted_process, planted, tmp_path):
    first_day = ("--select", "moving", "--partition", "2026-01-01")
    said = planted_process(*first_day, "--junit", tmp_path / "dqx.xml")
    allowed = planted(*first_day, "--allow-skipped")

    assert said.code == 4
    assert "- P1 2026-01-01|train moving › Rows › Rows move < 100 % a day" in said.out
    assert '<error message="P1 Rows › Rows move' in (tmp_path / "dqx.xml").read_text()
    assert (allowed.code, "Passed: 2 skipped" in allowed.out) == (0, True)


def test_4_when_a_check_raises(planted):
    said = planted("--select", "raising")

    assert said.code == 4
    assert "? P1 raising › raises: It did not finish: KeyError: 'price'" in said.out


def test_4_when_all_that_is_wrong_is_a_partition_that_is_not_there(planted, tmp_path):
    gap = planted("--select", "gaps", "--partition", "2026-01-07", "--junit", tmp_path / "dqx.xml")
    beside = planted("--select", "gaps", "--partitions", "2026-01-05...2026-01-07", "--json", tmp_path / "dqx.json")

    assert gap.code == 4
    assert "! P1 2026-01-07|eval gaps › Rows › Not crowded: num_rows(): 2026-01-07 (split=eval) of dataset" in gap.out
    assert '<error message="P1 Rows › Not crowded: num_rows(): 2026-01-07' in (tmp_path / "dqx.xml").read_text()
    assert beside.code == 1, "another day is crowded"
    of = {(v["partition"], v["title"]): v for v in json.loads((tmp_path / "dqx.json").read_text())["verdicts"]}
    assert of["2026-01-07|eval", "Rows › Rows stay"]["counts"], "whatever its severity"
