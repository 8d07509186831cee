"""Runs the commands of docs/ci.md in a copy of the shop and writes what they print into the page: python -m docs.ci."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("ci.md")
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_PIPELINE = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "DAGSTER_HOME", "DQX_DATA", "DQX_DEBUG")
"""Variables of whatever runs this, which the page does not speak of."""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def project(folder: Path) -> None:
    """Put the shop's code location into an empty folder."""
    shutil.copy(ROOT / "definitions.py", folder)
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text('[tool.dagster]\nmodule_name = "definitions"\ncode_location_name = "shop"\n')


def page(folder: Path, run: Run = subprocess.run) -> str:
    """The page with what its commands print now, run in order in a folder of their own."""
    project(folder)
    return _BLOCK.sub(lambda block: f"```console\n{_run(block[1], folder, run)}```", PAGE.read_text("utf-8"))


def settled(text: str) -> str:
    """A page without what is never the same twice: seconds."""
    return re.sub(r"\d+\.\d s, exit", "… s, exit", text)


def _run(block: str, folder: Path, run: Run) -> str:
    """A block of commands, each with what it prints and, unless it is 0, its exit code."""
    clean = {name: value for name, value in os.environ.items() if name not in _PIPELINE}
    path = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    told = []
    for command in re.findall(r"^\$ (.*(?:\\\n.*)*)$", block, re.MULTILINE):
        done = run(
            ["bash", "-c", command],
            cwd=folder,
            env={**clean, "PATH": path, "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        printed = re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE).replace(str(folder), "/srv/shop")
        told.append(f"$ {command}\n{printed.strip(chr(10))}".rstrip() + "\n")
    return "\n".join(told)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PAGE.write_text(page(Path(made).resolve()), "utf-8")
