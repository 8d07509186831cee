"""docs/ci.md is true: its commands print what it says, its links lead somewhere, its options are those there are."""

import datetime as dt
import re
import shlex
import subprocess

import pytest
import typer.main

from docs.ci import PAGE, ROOT, page, settled
from dqx_core import MetricDB
from dqx_core.datasets import from_yaml
from dqx_core.datasets.stored import manifest
from dqx_dagster.cli.app import app
from tests import forked
from tests.dagster.cli.ci.conftest import DQX

TEXT = PAGE.read_text("utf-8")


def run(words, *, cwd, env, check, **options):
    """A command alone is a fork of a process that has imported Dagster; what needs a shell has one."""
    command = shlex.split(words[-1])
    if command[0] == "dqx" and "|" not in command:
        process = forked.start([DQX, *command[1:]], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return forked.ended(process)
    return subprocess.run(words, cwd=cwd, env=env, check=check, **options)


@pytest.mark.slow
def test_the_commands_of_the_page_print_what_it_says(tmp_path):
    assert settled(page(tmp_path, run)) == settled(TEXT), "write it again: python -m docs.ci"

    # What the pull requests ran left production as it was.
    stored = manifest(tmp_path / "data/datasets", "shop_ranking", dt.date(2024, 1, 16), "train")
    assert stored.definition_hash == from_yaml(ROOT / "examples/shop/datasets/shop_ranking.yaml").definition_hash
    db = MetricDB(f"sqlite:///{tmp_path / 'data/metrics.db'}")
    assert len(db.executions()) == 1
    db.close()


def test_the_page_speaks_of_every_option_and_of_no_other():
    [group] = [command for name, command in typer.main.get_command(app).commands.items() if name == "ci"]
    there = {name for parameter in group.params for name in (*parameter.opts, *parameter.secondary_opts)}
    spoken = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", re.sub(r"https?://\S+", "", TEXT)))

    others = {"--force", "-m", "-A", "-n", "-p", "--rows-per-day", "-i"}
    assert spoken - others <= there
    long = {name for name in there if name.startswith("--")}
    said_in_short = {
        "--module-name",
        "--python-file",
        "--workspace",
        "--working-directory",
        "--attribute",
        "--location",
    }
    assert long - spoken - said_in_short <= {"--help", "--history", "--package-name"}


def test_every_file_the_page_links_to_is_there():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("http")]
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
