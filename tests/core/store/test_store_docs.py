"""docs/store.md is true: its Python and its SQL run, and print what it says."""

from __future__ import annotations

import contextlib
import io
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "store.md"


def test_the_snippets_of_the_page_run_and_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```(python|sql|text)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "text"] * 2 + ["sql", "text"] * 2 + ["python", "text"]
    names: dict[str, Any] = {}
    for (kind, code), (_, said) in zip(blocks[::2], blocks[1::2], strict=True):
        if kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, str(PAGE), "exec"), names)
            assert printed.getvalue() == said
        else:
            with contextlib.closing(sqlite3.connect("metrics.db")) as connection:
                rows = connection.execute(code).fetchall()
            assert "\n".join(" | ".join(map(str, row)) for row in rows) + "\n" == said
    names["db"].close()
