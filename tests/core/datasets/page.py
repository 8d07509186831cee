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

from dqx_dagster.cli import main, printing

PAGE = Path(__file__).parents[3] / "docs" / "datasets.md"
BLOCK = re.compile(r"```(python|sh|yaml|text)\n(.*?)```", re.DOTALL)
WIDTH = 110


def run_page(folder: Path) -> Iterator[tuple[str, str]]:
    """What the page says that its blocks print, and what they print, in a folder that is the current one."""
    names: dict[str, Any] = {}
    printed = ""
    process = True
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
            for line in text.splitlines():
                printed = _run(line, process=process)
                process = False
        else:
            yield text, "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())


def _run(line: str, *, process: bool) -> str:
    """What a command printed; `# 2` behind it is the exit code that it ends with.

    One is a process, as a person starts it. The others are the same function in this one: a process each takes a
    second or more to begin.
    """
    command, _, code = line.partition(" # ")
    arguments = shlex.split(command)
    assert arguments[:2] == ["dqx", "datasets"]
    if process:
        environment = {**os.environ, "COLUMNS": str(WIDTH)}
        program = Path(sys.executable).with_name("dqx")
        done = subprocess.run([program, *arguments[1:]], env=environment, capture_output=True, text=True, check=False)
        found, out, problem = done.returncode, done.stdout, done.stderr
    else:
        found, out, problem = _here(arguments)
    assert found == int(code or 0), f"{command}\n{out}{problem}"
    return out


def _here(arguments: list[str]) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    before, width = sys.argv, printing.out.width
    sys.argv, printing.out.width = arguments, WIDTH
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    finally:
        sys.argv, printing.out.width = before, width
    return code, out.getvalue(), err.getvalue()
