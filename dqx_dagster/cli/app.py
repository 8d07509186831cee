"""The command line as a whole: its parts, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from dqx_core.errors import DefinitionError, DqxError
from dqx_dagster.cli import ci, datasets, store
from dqx_dagster.cli.printing import err

USAGE, BROKEN = 2, 3
"""Exit codes: somebody wrote something that cannot work; the engine or the store failed."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Data quality and train/eval datasets for teams that run Dagster.\n\n"
    "Every command prints tables for people; `--json` prints the same for programs. "
    "Errors are one paragraph; `--debug` shows where they came from.",
)
app.add_typer(ci.app, name="ci")
app.add_typer(store.app, name="store")
app.add_typer(datasets.app, name="datasets")


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="On an error, show the traceback too.")] = False,
) -> None:
    """Take the options of every command."""
    if debug:
        os.environ["DQX_DEBUG"] = "1"


def main() -> None:
    """Run the command line; an error of ours is one paragraph on standard error."""
    try:
        app(prog_name="dqx")
    except DqxError as error:
        if os.environ.get("DQX_DEBUG"):
            raise
        err.print(f"[red]{type(error).__name__}:[/red] ", end="")
        err.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(USAGE if isinstance(error, DefinitionError) else BROKEN)
