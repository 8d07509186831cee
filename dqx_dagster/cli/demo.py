"""`dqx demo`: the shop as a project of your own, run from data to verdicts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from dqx_core.errors import DefinitionError
from dqx_dagster.cli.printing import err

PARTS = ("definitions.py", "workspace.yaml", "examples/__init__.py", "examples/shop")
"""What the project is made of: a code location, and the shop that it is about."""


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Where the project is written; files that are there already stay as they are.")
    ] = Path("dqx-demo"),
    days: Annotated[int, typer.Option(min=8, max=91, help="Days of the shop's life; checks begin on day 8.")] = 21,
    rows_per_day: Annotated[int, typer.Option(min=300, help="About how many sales a day.")] = 3000,
    matrix: Annotated[bool, typer.Option("--matrix", help="Also print the verdicts of every suite by day.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """Write a small Dagster project, run two weeks of it, and show what its checks found: start here.

    An online shop with five bad days planted. It ends with a report, and with how to open the same in Dagster.
    Stop it and start it again as you like: what is done is not done again.

    Example: dqx demo my-shop
    """
    source = _source()
    made = [_copy(source / part, folder / part) for part in PARTS]
    wrote = "Wrote the shop's project to" if any(made) else "Kept the shop's project in"
    err.print(f"{wrote} {folder}; definitions.py is where to start reading.", highlight=False, soft_wrap=True)
    command = [sys.executable, "-m", "examples.shop.demo", "--days", str(days), "--rows-per-day", str(rows_per_day)]
    asked = [*(["--matrix"] if matrix else []), *(["--json"] if as_json else [])]
    done = subprocess.run([*command, *asked], cwd=folder, check=False)
    raise typer.Exit(done.returncode)


def _source() -> Path:
    """The project's files: beside this package in an install, at the root of a source tree."""
    package = Path(__file__).parents[1]
    for place in (package / "shop_project", package.parent):
        if all((place / part).exists() for part in PARTS):
            return place
    raise DefinitionError("This install of dqx came without the demo. Install it again: pip install dqx-dagster")


def _copy(source: Path, target: Path) -> bool:
    """Copy a file or folder, leaving what is there; whether anything was written."""
    if source.is_dir():
        # All of them: any() would stop at the first.
        return sum(_copy(each, target / each.name) for each in source.iterdir() if each.name != "__pycache__") > 0
    if target.exists():
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise DefinitionError(f"The demo cannot be written to {target}: {error.strerror or error}.") from error
    return True
