"""`make bench` runs every benchmark that asks for nothing, and says which those are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_page_has_a_benchmark_that_is_run_without_being_asked_anything() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks", "no_such_one", "bigquery_live"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said, listed = done.stderr.strip().removesuffix(".").split(" There are: ")
    assert said == "No benchmark named bigquery_live, no_such_one."
    known = set(listed.split(", "))
    assert {page.stem for page in (ROOT / "benchmarks").glob("*.md")} <= known
    assert "join_schemas" not in known
