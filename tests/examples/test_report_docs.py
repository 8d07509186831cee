"""docs/report.md is true: its Python runs on the demo's store and prints what it says, its command works."""

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

import dagster as dg
import pytest

from tests import forked

PAGE = Path(__file__).parents[2] / "docs" / "report.md"
TEXT = PAGE.read_text("utf-8")

pytestmark = pytest.mark.xdist_group("demo")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_snippets_run_and_print_what_the_page_says(demo, tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(demo.data)
    monkeypatch.chdir(tmp_path)
    python, asset = blocks("python")
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(python, str(PAGE), "exec"), names)
    names["db"].close()
    exec(compile(asset, str(PAGE), "exec"), names)

    assert [out.getvalue()] == blocks("text")
    assert Path("report.html").read_text("utf-8").count("<article") == 5
    assert isinstance(names["shop_report"], dg.AssetsDefinition)


def test_the_command_of_the_page_writes_the_report(demo, tmp_path):
    (tmp_path / "data").symlink_to(demo.data)
    [block] = blocks("console")
    [line] = block.splitlines()
    prompt, name, *words = shlex.split(line)

    program = Path(sys.executable).parent / name
    done = forked.run([program, *words], cwd=tmp_path)

    assert (prompt, done.returncode) == ("$", 0)
    assert "10 of 336 verdicts are bad" in done.stdout.replace("\n", " ")
    assert (tmp_path / "report.html").exists()


def test_every_file_the_page_links_to_is_there():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("http")]

    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
