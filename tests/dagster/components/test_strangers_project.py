"""A project of somebody who installed the wheel: a `dg` command each, from scaffolding to a judged partition."""

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests import forked

ROOT = Path(__file__).parents[3]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("strangers project")]

PYPROJECT = """\
[project]
name = "stranger"
version = "0.1.0"
requires-python = ">=3.11"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "stranger"
"""

DEFINITIONS = """\
from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
"""

LOADED = (
    "dagster", "dagster.components", "dagster_dg_cli.cli", "dagster_dg_cli.cli.check", "dagster_dg_cli.cli.launch",
    "dagster_dg_cli.cli.list", "dagster_dg_cli.cli.scaffold", "dqx_dagster.components.dataset", "dqx_core.store",
    "duckdb", "pyarrow", "sqlglot.dialects.duckdb",
)  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A folder, and the environment in which its commands run."""

    folder: Path
    home: Path
    python: forked.Server

    def dg(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**_kept(), "DAGSTER_HOME": str(self.home), "COLUMNS": "200"}
        request = forked.request_of("dagster_dg_cli.cli:main", ["dg", *arguments], self.folder, env)
        return forked.ended(forked.Process(self.python, request, subprocess.PIPE, subprocess.PIPE))

    @property
    def defs_yaml(self) -> Path:
        return self.folder / "stranger/defs/sales/defs.yaml"


def _kept() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DAGSTER", "DG_"))}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An environment with the wheel, and a project with two components scaffolded by `dg`."""
    made = tmp_path_factory.mktemp("stranger")
    environment, folder = made / "environment", made / "project"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", made / "wheel"]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, capture_output=True)
    [wheel] = (made / "wheel").glob("*.whl")
    python = environment / "bin/python"
    install = [
        "--python",
        python,
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--disable-pip-version-check",
        wheel,
    ]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    # What dqx depends on is there already: nothing is fetched. Ours comes first, so the wheel is what is tested.
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib"))

    home = made / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (folder / "stranger/defs").mkdir(parents=True)
    for module in ("stranger", "stranger/defs"):
        (folder / module / "__init__.py").touch()
    (folder / "stranger/definitions.py").write_text(DEFINITIONS)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "data").mkdir()
    with duckdb.connect(str(folder / "data/warehouse.duckdb")) as warehouse:
        warehouse.execute("CREATE SCHEMA raw_data")
        warehouse.execute(
            "CREATE TABLE raw_data.transactions AS SELECT TIMESTAMP '2026-01-01 00:00' + to_hours(i) AS at, "
            "i % 20 AS customer_id FROM range(96) AS r(i)"
        )

    where = [python, "-c", "import dqx_dagster; print(dqx_dagster.__file__)"]
    said = subprocess.run(where, cwd=folder, env=_kept(), check=True, capture_output=True, text=True)
    assert environment.name in said.stdout
    project = Project(folder, home, forked.Server(python, LOADED, _kept()))
    table = ["--table", "raw_data.transactions", "--timestamp", "at", "--key", "customer_id", "--start", "2026-01-01"]
    resources = project.dg("scaffold", "defs", "dqx_dagster.DqxResources", "resources")
    dataset = project.dg("scaffold", "defs", "dqx_dagster.DqxDataset", "sales", *table)
    assert (resources.returncode, dataset.returncode) == (0, 0), resources.stdout + dataset.stdout + dataset.stderr
    yield project
    project.python.stop()


def test_the_components_are_listed(stranger):
    listed = stranger.dg("list", "components", "--json")

    assert listed.returncode == 0, listed.stderr
    assert {"dqx_dagster.DqxDataset", "dqx_dagster.DqxResources"} <= {
        each["key"] for each in json.loads(listed.stdout)["items"]
    }


def test_what_is_scaffolded_passes_all_checks(stranger):
    checked = stranger.dg("check", "defs")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "All component YAML validated successfully." in checked.stdout
    assert "All definitions loaded successfully." in checked.stdout


def test_a_wrong_key_fails_the_check_of_the_yaml_with_its_line(stranger):
    right = stranger.defs_yaml.read_text()
    wrong = right.replace("column: customer_id}, {kind", "colum: customer_id}, {kind")
    [line] = [n for n, text in enumerate(wrong.splitlines(), start=1) if "colum: " in text]
    stranger.defs_yaml.write_text(wrong)
    try:
        checked = stranger.dg("check", "yaml")
    finally:
        stranger.defs_yaml.write_text(right)

    assert checked.returncode == 1
    assert f"defs.yaml:{line}" in checked.stdout + checked.stderr
    assert "'colum' was unexpected" in checked.stdout + checked.stderr


def test_what_only_python_can_tell_fails_the_check_of_the_definitions_with_its_line(stranger):
    right = stranger.defs_yaml.read_text()
    wrong = right.replace("is_lt: 0.5", "is_between: [2, 1]")
    [line] = [n for n, text in enumerate(wrong.splitlines(), start=1) if "name: Rows move" in text]
    stranger.defs_yaml.write_text(wrong)
    try:
        checked = stranger.dg("check", "defs")
    finally:
        stranger.defs_yaml.write_text(right)

    said = checked.stdout + checked.stderr
    assert checked.returncode == 1
    assert f"line {line}, checks[1]: Check 'Rows move < 50 % a day'" in said
    assert "the lower limit is above the upper. Swap them." in said


def test_the_definitions_are_listed(stranger):
    listed = stranger.dg("list", "defs", "--json")
    found = json.loads(listed.stdout)

    assert listed.returncode == 0, listed.stderr
    assert [asset["asset_key"] for asset in found["assets"]] == ["raw_data/transactions", "sales"]
    names = sorted(check["name"] for check in found["asset_checks"])
    assert [name for name in names if name.startswith("integrity__")]
    assert [name for name in names if not name.startswith("integrity__")] == [
        "sales__at_most_1_percent_of_the_rows_have_no_customer_id",
        "sales__rows_move_below_50_percent_a_day",
        "sales__there_are_rows",
    ]
    assert [schedule["name"] for schedule in found["schedules"]] == ["sales_daily"]
    assert {resource["name"] for resource in found["resources"]} >= {"engine", "store"}


def test_a_partition_is_made_and_judged_from_the_command_line(stranger):
    # A process a step, which is the default, forked from one that has imported Dagster, which is not.
    forks = {"forkserver": {"preload_modules": ["dagster", "dqx_dagster", "dagster_dg_cli.cli"]}}
    config = json.dumps({"execution": {"config": {"multiprocess": {"start_method": forks}}}})
    asked = ("--assets", "sales", "--partition", "2026-01-02|train", "--config-json", config)
    launched = stranger.dg("launch", *asked)
    said = launched.stdout + launched.stderr

    assert launched.returncode == 0, said
    assert "'sales__there_are_rows' on 'sales' passed" in said
    assert "RUN_SUCCESS" in said
    assert list((stranger.folder / "data/datasets/sales").glob("date=2026-01-02/split=train/*.parquet"))


def test_a_failed_blocking_check_is_an_exit_code_of_1(stranger):
    right = stranger.defs_yaml.read_text()
    stranger.defs_yaml.write_text(right.replace("is_positive: true", "is_negative: true"))
    quick = json.dumps({"execution": {"config": {"in_process": {}}}})
    try:
        launched = stranger.dg("launch", "--assets", "sales", "--partition", "2026-01-03|train", "--config-json", quick)
    finally:
        stranger.defs_yaml.write_text(right)

    assert launched.returncode == 1
    assert "'sales__there_are_rows' on 'sales' did not pass" in launched.stdout + launched.stderr
