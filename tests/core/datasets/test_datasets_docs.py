"""docs/datasets.md is true: its commands and its Python run, and print what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.datasets.page import run_page


@pytest.mark.slow
def test_the_page_runs_and_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = list(run_page(tmp_path))
    assert len(found) == 7
    for said, printed in found:
        assert printed == said
