"""A run of CI in which a promised test was skipped is not green, and says which."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TESTS = """\
import pytest

def test_passes(): pass

@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_sees(browser): pytest.skip("no browser here")

@pytest.mark.xfail
def test_is_known(): assert False
"""


def ran(folder, text):
    """pytest's report of a file of tests."""
    (folder / "test_it.py").write_text(text)
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-c", os.devnull, "--rootdir", folder, folder]
    subprocess.run([*command, f"--junitxml={report}"], check=False, capture_output=True)
    return report


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("skipping"), TESTS)


def judged(report, allowed):
    names = report.with_name("skips.txt")
    names.write_text(f"# a note\n\n{allowed}\n")
    return subprocess.run(
        [sys.executable, ROOT / ".ci/skipped.py", report, names], check=False, capture_output=True, text=True
    )


def test_a_skipped_test_fails_the_run_and_is_named_with_its_reason(report):
    done = judged(report, "test_it::test_sees[chromium]  there may be no browser")

    assert done.returncode == 1
    assert done.stdout == (
        "Skipped, as it may be: test_it::test_sees[chromium]: no browser here\n"
        "SKIPPED, BUT PROMISED: test_it::test_sees[firefox]: no browser here\n"
    )


def test_what_may_be_skipped_is_told_and_fails_nothing(report):
    done = judged(report, "test_it::test_sees*  there may be no browser")

    assert done.returncode == 0
    assert done.stdout.count("as it may be") == 2


def test_a_line_without_a_reason_allows_nothing(report):
    assert judged(report, "test_it::*").returncode == 1


def test_a_module_that_is_skipped_as_a_whole_is_noticed(tmp_path):
    done = judged(ran(tmp_path, "import pytest\npytest.importorskip('no_such_module_anywhere')\n"), "")

    assert done.returncode == 1
    assert "test_it: " in done.stdout


def test_a_run_without_a_report_is_not_green(tmp_path):
    assert judged(tmp_path / "report.xml", "").returncode == 1


def test_every_test_that_may_be_skipped_is_there():
    lines = (ROOT / ".ci/skips.txt").read_text("utf-8").splitlines()
    for test, reason in (line.split(maxsplit=1) for line in lines if line and not line.startswith("#")):
        module, _, name = test.partition("::")
        assert reason
        assert f"def {name.partition('[')[0]}" in (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8"), test
