"""Every command teaches: its help has an example, and the example is one that it takes."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from typer.main import get_command

from dqx_dagster.cli.app import app
from tests import forked
from tests.core.html import feed

DQX = str(Path(sys.executable).parent / "dqx")


def commands(command, path=()):
    """Every command that does something, with the words that lead to it."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    if not hasattr(command, "commands") or command.invoke_without_command:
        yield path, command


ALL = dict(commands(get_command(app)))


def example_of(command):
    [_, said] = (command.help or "").split("Example: ", 1)
    words = shlex.split(said.splitlines()[0])
    return words[: words.index(">")] if ">" in words else words


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_says_what_it_does_and_gives_an_example_that_it_takes(path):
    command = ALL[path]
    name, *words = example_of(command)

    assert (command.help or "").splitlines()[0].strip().endswith(".")
    assert (name, *words[: len(path)]) == ("dqx", *path)
    context = command.make_context(" ".join(path), words[len(path) :])
    assert all(param.name in context.params for param in command.params if not isinstance(param, click.Option))
    assert all(getattr(param, "help", None) for param in command.params if param.name != "help"), (
        "an option says nothing"
    )


def test_an_example_that_a_command_does_not_take_would_be_found():
    with pytest.raises(Exception, match="No such option"):
        ALL["run",].make_context("run", ["suite", "--no-such-option"])


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_h_is_help(path, capsys):
    assert get_command(app).main([*path, "-h"], prog_name="dqx", standalone_mode=False) == 0
    assert f"Usage: {' '.join(('dqx', *path))}" in capsys.readouterr().out


def test_the_version_is_what_a_report_of_a_fault_begins_with():
    said = subprocess.run([DQX, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"dqx \d+\.\d+\.\d+ \(Dagster 1\.[\d.]+, DuckDB [\d.]+, Python 3\.[\d.]+\)\n", said)


def complete(words, cwd, **env):
    """What a Tab offers after these words, asked as a shell does."""
    asked = forked.run(
        [DQX],
        env={
            **os.environ,
            "_DQX_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(("dqx", *words)),
            "COMP_CWORD": str(len(words)),
            **env,
        },
        cwd=cwd,
        check=True,
    )
    return [line for line in asked.stdout.splitlines() if line]


def test_the_shell_completes_commands_and_the_names_of_datasets(tmp_path):
    (tmp_path / "definitions").mkdir()
    for name in ("shop_daily", "shop_ranking", "other"):
        (tmp_path / "definitions" / f"{name}.yaml").write_text(f"name: {name}\n")
        (tmp_path / "partitions" / name).mkdir(parents=True)
    places = {"DQX_DATASETS": str(tmp_path / "definitions"), "DQX_ROOT": str(tmp_path / "partitions")}

    assert {"run", "explain", "report", "datasets"} <= set(complete([""], tmp_path))
    assert complete(["datasets", "get", "shop"], tmp_path, **places) == ["shop_daily", "shop_ranking"]
    assert complete(["run", "suite", "--dataset", "oth"], tmp_path, **places) == ["other"]


def test_the_shell_completes_suites_and_datasets_of_the_store_if_there_is_one(tmp_path):
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    assert complete(["report", "--suite", ""], tmp_path, DQX_STORE=url) == []
    assert not (tmp_path / "metrics.db").exists()

    feed.judge(url, days=range(1, 3))

    assert complete(["report", "--suite", "Fe"], tmp_path, DQX_STORE=url) == ["Feed suite"]
    assert complete(["report", "--dataset", ""], tmp_path, DQX_STORE=url) == ["feed"]


def test_the_first_page_tells_a_newcomer_where_to_start_and_shows_no_colours_to_a_file():
    page = subprocess.run([DQX, "--help"], capture_output=True, text=True, check=True).stdout

    assert "\x1b[" not in page
    assert page.index("dqx demo") < page.index("dqx run") < page.index("dqx report")
    for group in ("Start here", "Suites", "Results", "Datasets"):
        assert f" {group} " in page
    assert "Exit codes: 0 passed, 1 an assertion failed" in page
