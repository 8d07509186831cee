"""`dqx report` and `dqx demo`, as a person types them."""

import html
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dqx_dagster.cli import main
from tests.core.html import feed

ROOT = Path(__file__).parents[3]
DQX = str(Path(sys.executable).parent / "dqx")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'metrics.db'}"
    feed.judge(url, days=range(8, 13))
    return url


@pytest.fixture
def dqx(url, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DQX_STORE", url)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dqx", "report", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return printed.out, printed.err, int(stopped.value.code or 0)

    return run


def test_the_report_is_written_where_it_is_asked_for_and_told_in_a_line(dqx):
    out, _, code = dqx("-o", "new/quality.html", "--title", "The feed & co")
    page = Path("new/quality.html").read_text("utf-8")

    assert code == 0
    assert " ".join(out.split()) == "Wrote new/quality.html: 2026-01-08 to 2026-01-12, 3 of 40 verdicts are bad."
    assert "<h1>The feed &amp; co</h1>" in page
    assert html.unescape(re.search(r'<h3 id="s0-0-name">(.*?) <span', page)[1]) == f"Feed › Not crowded {feed.HOSTILE}"


@pytest.mark.parametrize(
    ("asked", "first", "last", "failed"),
    [
        (["--from", "2026-01-11"], "2026-01-11", "2026-01-12", 0),
        (["--to", "2026-01-10"], "2026-01-08", "2026-01-10", 1),
        (["--date", "2026-01-10"], "2026-01-10", "2026-01-10", 1),
        (["--date", "2026-01-09...2026-01-11"], "2026-01-09", "2026-01-11", 1),
        (["--to", "2026-01-09", "--suite", "Feed suite", "--dataset", "feed"], "2026-01-08", "2026-01-09", 0),
    ],
)
def test_days_suite_and_dataset_choose_what_is_told(dqx, asked, first, last, failed):
    found = json.loads(dqx(*asked, "--json")[0])

    assert (found["from"], found["to"], found["failed"]) == (first, last, failed)
    assert Path(found["report"]) == Path("report.html").resolve()
    assert f"<title>Data quality: {first} to {last}</title>" in Path("report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--suite", "Fed suite"], 2, "Did you mean 'Feed suite'?"),
        (["--to", "2130-01-01"], 2, "2130-01-01 is in the future"),
        (["--date", "2130-01-01"], 2, "2130-01-01 is in the future. Write"),
        (["--from", "2130-01-01", "--allow-future"], 2, "those in the store are from 2026-01-08 to 2026-01-12"),
        (["--from", "01.01.2026"], 2, "'01.01.2026' is not a day"),
        (["--date", "2026-01-10", "--to", "2026-01-11"], 2, "Say the days once"),
        (["--store", "sqlite:///none.db"], 2, "There is no metric store at sqlite:///none.db"),
    ],
)
def test_what_cannot_be_reported_is_one_paragraph_and_leaves_no_file(dqx, asked, code, said):
    _, err, found = dqx(*asked)

    assert (found, said in err, Path("report.html").exists()) == (code, True, False)


def test_without_the_drawing_library_the_way_out_is_said(url, tmp_path):
    """As in an install without the extra: the import fails."""
    (tmp_path / "matplotlib.py").write_text("raise ImportError('No module named matplotlib')")
    found = subprocess.run(
        [DQX, "report", "--store", url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 3
    assert 'pip install "dqx-dagster[report]"' in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.slow
def test_the_demo_of_a_wheel_writes_a_project_and_runs_it(tmp_path):
    """The wheel as it is installed, without the source tree."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "elsewhere").mkdir()
    command = [
        sys.executable, "-c", "from dqx_dagster.cli import main; main()",
        "demo", "my-shop", "--days", "8", "--rows-per-day", "300", "--json",
    ]  # fmt: skip

    done = subprocess.run(
        command,
        cwd=tmp_path / "elsewhere",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    project = tmp_path / "elsewhere" / "my-shop"
    assert {verdict["date"] for verdict in json.loads(done.stdout)} == {"2024-01-08"}
    assert f"The report is in {tmp_path / 'elsewhere' / 'my-shop' / 'data' / 'report.html'}" in done.stderr
    assert "dagster dev" in done.stderr
    assert (project / "data" / "report.html").exists()
    assert (project / "definitions.py").read_text("utf-8") == (ROOT / "definitions.py").read_text("utf-8")
    assert (project / "workspace.yaml").exists()
