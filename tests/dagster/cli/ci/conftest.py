"""`dqx ci` as a pipeline calls it, over the planted code location and over the shop."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dqx_dagster.cli import main
from examples.shop.world import generate
from tests import forked

ROOT = Path(__file__).parents[4]
DQX = str(Path(sys.executable).parent / "dqx")
# A pipeline that runs these tests may be one of GitHub's.
NOT_OURS = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "DAGSTER_HOME", "DQX_DATA", "DQX_DEBUG")


@dataclass(frozen=True)
class Said:
    """What a command left."""

    code: int
    out: str
    err: str


def dqx(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> Said:
    """A command in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    done = forked.run([DQX, *arguments], cwd=cwd, env={**clean, "COLUMNS": "80", **(env or {})}, timeout=120)
    return Said(done.returncode, done.stdout, done.stderr)


Planted = Callable[..., Said]
WHERE = ("-f", ROOT / "tests/dagster/cli/ci/planted.py", "-d", ROOT)


def places(folder: Path) -> dict[str, str]:
    """The variables of the planted code location."""
    return {"PLANTED_STORE": f"sqlite:///{folder / 'metrics.db'}", "PLANTED_RUNS": str(folder / "runs.txt")}


def dagster_home(folder: Path) -> str:
    """A new folder for DAGSTER_HOME."""
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return str(folder)


@pytest.fixture
def planted_process(tmp_path: Path) -> Planted:
    """`dqx ci` over the planted code location, in an empty folder and a process of its own."""

    def run(*arguments: object, **env: str) -> Said:
        return dqx("ci", *WHERE, *arguments, cwd=tmp_path, env={**places(tmp_path), **env})

    return run


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Planted:
    """The same in this process, which spares importing Dagster again."""
    monkeypatch.chdir(tmp_path)
    for name, value in places(tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in NOT_OURS:
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["dqx", "ci", *map(str, (*WHERE, *arguments))])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return run


@dataclass(frozen=True)
class ShopGate:
    """The shop judged over two weeks, once for all tests: where it is, and what was said and written."""

    data: Path
    folder: Path
    said: Said

    @property
    def json(self) -> dict:
        return json.loads((self.folder / "dqx.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def shop_gate(tmp_path_factory: pytest.TempPathFactory) -> ShopGate:
    folder = tmp_path_factory.mktemp("shop_gate")
    data = folder / "data"
    data.mkdir()
    generate(data / "shop.duckdb", rows_per_day=600)
    (folder / "summary.md").write_text("What another step said.\n")
    files = {name: folder / f"dqx.{name}" for name in ("json", "sarif")}
    said = dqx(
        "ci",
        *(
            "--partitions",
            "2024-01-08...2024-01-21",
            "--junit",
            folder / "dqx.xml",
            "--markdown",
            folder / "summary.md",
        ),
        *("--json", files["json"], "--sarif", files["sarif"]),
        cwd=ROOT,
        env={"DQX_DATA": str(data), "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "summary.md")},
    )
    return ShopGate(data, folder, said)
