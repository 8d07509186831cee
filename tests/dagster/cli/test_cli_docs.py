"""docs/cli.md is true: its commands run and print what it says; its tables name what there is."""

import re
import shlex
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.main import get_command

from dqx_dagster.cli.app import app
from tests import forked

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
TEXT = PAGE.read_text("utf-8")
DQX = Path(sys.executable).parent / "dqx"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The folder of the page: its checks and three days of sales."""
    folder = tmp_path_factory.mktemp("docs")
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (folder / "checks.py").write_text(code)
    days = pa.array([f"2024-01-0{n}" for n in (1, 1, 2, 2, 3, 3, 3)]).cast(pa.date32())
    table = {
        "yyyy_mm_dd": days,
        "price": [10.0, 12.0, 12.0, 14.0, 39.0, 39.0, 39.0],
        "email": ["a", "b", "c", "d", None, None, "e"],
    }
    pq.write_table(pa.table(table), folder / "sales.parquet")
    return folder


def commands():
    """Each command of the page with what it says is printed; nothing: it does not say."""
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, said = part.partition("\n")
            yield line, said


def test_the_commands_of_the_page_run_in_order_and_print_what_it_says(here):
    codes = {}
    for line, said in commands():
        name, *words = shlex.split(line)
        assert name == "dqx"
        done = forked.run([DQX, *words], cwd=here)
        codes[line] = done.returncode
        assert "Traceback" not in done.stderr
        if said:
            assert UUID.sub("ID", done.stdout).replace(f"sqlite:///{here}/", "sqlite:///") == said
    assert list(codes.values()) == [1, 0, 0, 0, 0, 0, 0, 2]


def test_every_command_is_on_this_page_or_has_a_page_of_its_own():
    named = set(re.findall(r"^\| `dqx ([\w-]+)`", TEXT, re.MULTILINE))
    pages = {page.stem for page in PAGE.parent.glob("*.md")}
    commands = set(get_command(app).commands)

    assert named <= commands
    assert commands <= named | pages


def test_every_file_the_page_links_to_is_there():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("http")]

    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
