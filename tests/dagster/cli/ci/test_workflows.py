"""`dqx ci init`: the files are valid for their host, run as they are, and nothing of the user's is lost."""

import importlib.resources
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from dqx_dagster.cli import main
from tests.dagster.cli.ci.conftest import DQX, NOT_OURS, ROOT, WHERE, places


@pytest.fixture
def init(tmp_path, monkeypatch, capsys):
    """`dqx ci … init …` in an empty folder: the exit code, and what was printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dqx", "ci", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0), "".join(capsys.readouterr())
        return 0, "".join(capsys.readouterr())

    return run


def lint(kind, text):
    """Validate against the schema that the host publishes."""
    vendored = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{kind}.json"
    schema = json.loads(vendored.read_text("utf-8"))
    document = YAML(typ="safe").load(text)
    if kind == "github-workflows":  # to YAML 1.1, which GitHub does not read, it would be a boolean
        assert "on" in document
    jsonschema.validators.validator_for(schema)(schema).validate(document)
    return document


def test_the_github_workflow_is_valid_and_judges_pull_requests(init, tmp_path):
    written = "Wrote .github/workflows/dqx.yml. Commit it, and the next pull request is judged.\n"
    assert init("init", "github") == (0, written)
    workflow = lint("github-workflows", (tmp_path / ".github/workflows/dqx.yml").read_text())

    assert "pull_request" in workflow["on"]
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["dqx"]["steps"]
    assert [step.get("uses", step.get("name")) for step in steps] == [
        "actions/checkout@v4", "actions/setup-python@v5", "Install", "Judge the data", "actions/upload-artifact@v4",
    ]  # fmt: skip
    assert steps[-1]["if"] == "${{ !cancelled() }}"


def test_the_gitlab_job_is_valid_and_its_junit_file_is_read(init, tmp_path):
    code, said = init("init", "gitlab")
    job = lint("gitlab-ci", (tmp_path / ".gitlab/dqx.yml").read_text())["dqx"]
    lint("gitlab-ci", (tmp_path / ".gitlab-ci.yml").read_text())

    assert (code, said.count("Wrote")) == (0, 1)
    assert job["artifacts"]["reports"]["junit"] in job["script"][-1]
    assert job["artifacts"]["when"] == "always"


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_the_command_of_the_file_runs_as_it_is(init, tmp_path, host):
    init(*WHERE, "--select", "bad", "--partition", "2026-01-05|train", "init", host)
    if host == "github":
        document = lint("github-workflows", (tmp_path / ".github/workflows/dqx.yml").read_text())
        script = next(step["run"] for step in document["jobs"]["dqx"]["steps"] if step.get("name") == "Judge the data")
    else:
        script = lint("gitlab-ci", (tmp_path / ".gitlab/dqx.yml").read_text())["dqx"]["script"][-1]
    clean = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    path = f"{Path(DQX).parent}:{clean['PATH']}"
    env = {**clean, **places(tmp_path), "PATH": path, "GITHUB_STEP_SUMMARY": "summary.md"}

    shell = ["bash", "-eo", "pipefail", "-c", script]
    done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads((tmp_path / "dqx.json").read_text())["partitions"] == ["2026-01-05|train"]
    assert (tmp_path / "dqx.xml").exists()
    assert "Not crowded" in (tmp_path / ("summary.md" if host == "github" else "dqx.md")).read_text()


def test_what_stands_before_init_is_what_the_file_calls(init, tmp_path):
    what = ("-m", "shop.defs", "--select", 'group:"a b"', "--latest", "3", "--checks-only", "--no-history")
    how = ("--fail-on", "any", "--baseline", "production", "--max-change", "5%", "--json", "x.json")
    init(*what, *how, "init", "github")
    text = (tmp_path / ".github/workflows/dqx.yml").read_text()

    [command] = re.findall(r"^ +(dqx ci .*)$", text, re.MULTILINE)
    assert command == (
        "dqx ci --module-name shop.defs --select 'group:\"a b\"' --latest 3 --checks-only --no-history --fail-on any "
        "--baseline production --max-change 5%"
    )


def test_without_options_the_latest_date_is_judged(init, tmp_path):
    init("init", "gitlab")
    assert "dqx ci --latest 1\n" in (tmp_path / ".gitlab/dqx.yml").read_text()


@pytest.mark.parametrize(
    ("files", "install", "command"),
    [
        ({}, ["pip install dqx-dagster"], "dqx ci"),
        ({"requirements.txt": "dagster\n"}, ["pip install -r requirements.txt", "pip install dqx-dagster"], "dqx ci"),
        ({"requirements.txt": "dqx-dagster[postgres]\n"}, ["pip install -r requirements.txt"], "dqx ci"),
        ({"pyproject.toml": '[project]\nname = "a"\ndependencies = ["dqx-dagster"]\n'}, ["pip install -e ."], "dqx ci"),
        ({"pyproject.toml": "[tool.dagster]\n"}, ["pip install dqx-dagster"], "dqx ci"),
        ({"uv.lock": "", "pyproject.toml": "[project]\n"}, ["pip install uv", "uv sync --frozen"], "uv run dqx ci"),
    ],
)
def test_a_project_is_installed_as_its_files_say(init, tmp_path, files, install, command):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    init("init", "github")
    workflow = lint("github-workflows", (tmp_path / ".github/workflows/dqx.yml").read_text())

    steps = {step.get("name"): step.get("run", "") for step in workflow["jobs"]["dqx"]["steps"]}
    assert steps["Install"].splitlines() == install
    assert steps["Judge the data"].startswith(command)


def test_a_file_that_says_something_else_is_replaced_with_force_alone(init, tmp_path):
    file = tmp_path / ".github/workflows/dqx.yml"
    assert (init("init", "github")[0], init("init", "github")[0]) == (0, 0), "the same again is no change"
    file.write_text("name: mine\n")
    code, said = init("init", "github")

    assert code == 2
    assert "is there already" in said
    assert "--force" in said
    assert file.read_text() == "name: mine\n"
    assert init("init", "github", "--force")[0] == 0
    assert "dqx ci" in file.read_text()


def test_a_pipeline_of_gitlab_that_is_there_stays_as_it_is(init, tmp_path):
    (tmp_path / ".gitlab-ci.yml").write_text("test:\n  script: [pytest]\n")
    code, said = init("init", "gitlab", "--force")

    assert code == 0
    assert "Add this to .gitlab-ci.yml" in said
    assert "  - local: .gitlab/dqx.yml" in said
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "test:\n  script: [pytest]\n"


def test_nothing_is_written_for_a_host_that_is_not_known(init, tmp_path):
    code, said = init("init", "jenkins")

    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert "github" in said


def test_the_schema_is_printed(init):
    code, said = init("schema")

    assert code == 0
    assert json.loads(said)["properties"]["schema"] == {"const": 1, "description": "The version of this form."}
    assert (ROOT / "dqx_dagster/cli/ci/schema.json").read_text("utf-8") == said
