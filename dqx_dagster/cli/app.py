"""The command line as a whole: its parts, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from typer.main import get_command

from dqx_core.errors import DefinitionError, DqxError, NotThereError
from dqx_dagster.cli import ci, datasets, executions, store
from dqx_dagster.cli.demo import demo
from dqx_dagster.cli.partitions import partitions
from dqx_dagster.cli.printing import degrade, err, out
from dqx_dagster.cli.report import report
from dqx_dagster.cli.run import explain, run
from dqx_dagster.cli.suites import suites

USAGE, BROKEN = 2, 3
"""Exit codes: somebody wrote something that cannot work, or named what is not there; the engine or the store failed."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
    help="""Data quality and train/eval datasets for teams that run Dagster.

New here?

1. `dqx demo` writes a small project, runs two weeks of it and shows what its checks found.

2. `dqx run checks.py:SALES --dataset sales=sales.parquet --date 2024-01-31` judges data of yours, without Dagster.

3. `dqx report` writes what the store knows as one HTML file, and `dqx ci` is the gate for a pipeline.

A suite is checks that run together; every number it measures is kept in a store (`--store`, or the variable DQX_STORE).
""",
    epilog="""Tables are for people; `--json` prints the same for programs. Colours and progress show on a terminal
only, and never with NO_COLOR set. An error is one paragraph; `--debug` shows where it came from.

Exit codes: 0 passed, 1 an assertion failed, 2 something you wrote cannot work, 3 the engine or the store failed,
4 nothing could be judged, or it is not materialized.""",
)
app.command("demo", rich_help_panel="Start here")(demo)
app.command("run", rich_help_panel="Suites")(run)
app.command("explain", rich_help_panel="Suites")(explain)
app.command("suites", rich_help_panel="Suites")(suites)
app.add_typer(ci.app, name="ci", rich_help_panel="Results")
app.command("report", rich_help_panel="Results")(report)
app.command("partitions", rich_help_panel="Results")(partitions)
store.app.command("executions")(executions.executions)
store.app.command("delete")(executions.delete)
app.add_typer(store.app, name="store", rich_help_panel="Results")
app.add_typer(datasets.app, name="datasets", rich_help_panel="Datasets")


def _version(wanted: bool) -> None:
    """What a report of a fault starts with."""
    if not wanted:
        return
    beside = ", ".join(f"{title} {_installed(name)}" for title, name in (("Dagster", "dagster"), ("DuckDB", "duckdb")))
    python = ".".join(map(str, sys.version_info[:3]))
    out.print(f"dqx {_installed('dqx-dagster')} ({beside}, Python {python})", highlight=False, soft_wrap=True)
    raise typer.Exit


def _installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:  # a source tree on the path, which nobody installed
        return "not installed"


@app.callback()
def options(
    _shown: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and leave.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="On an error, show the traceback too.")] = False,
) -> None:
    """Take the options of every command."""
    if debug:
        os.environ["DQX_DEBUG"] = "1"


def main() -> None:
    """Run the command line; an error is one paragraph on standard error."""
    degrade(sys.stdout, sys.stderr)
    try:
        _command()(args=_with_debug_first(sys.argv[1:]), prog_name="dqx")
    except DqxError as error:
        if os.environ.get("DQX_DEBUG"):
            raise
        _tell(type(error).__name__, str(error))
        sys.exit(USAGE if isinstance(error, DefinitionError | NotThereError) else BROKEN)
    except Exception as error:
        if os.environ.get("DQX_DEBUG"):
            raise
        name = type(error).__name__
        _tell(name, f"{error}. This was not foreseen; dqx --debug shows where it came from.".removeprefix(". "))
        sys.exit(BROKEN)


_command = cache(lambda: get_command(app))
"""All commands with their options, which are read from the functions once a process."""


def _tell(name: str, message: str) -> None:
    err.print(f"[red]{name}:[/red] ", end="")
    err.print(message, markup=False, highlight=False, soft_wrap=True)


def _with_debug_first(arguments: list[str]) -> list[str]:
    """`--debug` counts wherever it stands, up to a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if "--debug" not in arguments[:end]:
        return arguments
    return ["--debug", *(each for n, each in enumerate(arguments) if n >= end or each != "--debug")]
