"""The demo, run once as a stranger runs it, for all tests that look at what it left behind."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import forked

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Demo:
    """A finished demo: where it is, and the verdicts it printed."""

    data: Path
    dagster_home: Path
    verdicts: list[dict[str, str]]


def run_demo(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The demo in a process of its own, with its data below `folder`."""
    return forked.run(demo_command(folder, *arguments), cwd=ROOT, check=check)


def demo_command(folder: Path, *arguments: str) -> list[str]:
    """The words that start it."""
    places = ["--data", str(folder / "data"), "--dagster-home", str(folder / "home")]
    return [sys.executable, "-m", "examples.shop.demo", *places, *arguments]


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    words = demo_command(folder, "--json")
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return Demo(folder / "data", folder / "home", json.loads(done.stdout))
