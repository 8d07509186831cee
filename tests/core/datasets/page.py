"""docs/datasets.md, run: its Python, its YAML and its commands, and what they print."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "datasets.md"
BLOCK = re.compile(r"```(python|sh|yaml|text)\n(.*?)```", re.DOTALL)


def run_page(folder: Path) -> Iterator[tuple[str, str]]:
    """What the page says that its blocks print, and what they print, in a folder that is the current one."""
    environment = {**os.environ, "COLUMNS": "110", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    names: dict[str, Any] = {}
    printed = ""
    for kind, text in BLOCK.findall(PAGE.read_text("utf-8")):
        if kind == "python":
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(compile(text, str(PAGE), "exec"), names)
            printed = said.getvalue()
        elif kind == "yaml":
            (folder / "datasets").mkdir(exist_ok=True)
            (folder / "datasets" / "ranking.yaml").write_text(text)
        elif kind == "sh":
            printed = _run_commands(text, folder, environment)
        else:
            yield text, "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())


def _run_commands(text: str, folder: Path, environment: dict[str, str]) -> str:
    """What the last command printed; `# 2` behind a command is the exit code that it ends with."""
    out = ""
    for line in text.splitlines():
        command, _, code = line.partition(" # ")
        done = subprocess.run(
            shlex.split(command), cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == int(code or 0), f"{command}\n{done.stdout}{done.stderr}"
        out = done.stdout
    return out
