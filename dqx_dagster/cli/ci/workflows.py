"""`dqx ci init`: a workflow file that works as it is, for GitHub or GitLab."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dqx_core.errors import DefinitionError

_GITHUB = """\
# Judges every pull request with dqx ci; it fails when a check that counts fails, and says which and why.
name: data quality

on:
  pull_request:
  workflow_dispatch:

permissions:
  contents: read

jobs:
  dqx:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - name: Install
        run: |
{install}
      - name: Judge the data
        # Variables of your code location, such as database passwords, go here: env: {{NAME: "${{{{ secrets.NAME }}}}"}}
        run: >-
          {command}
          --junit dqx.xml --json dqx.json --markdown "$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@v4
        if: ${{{{ !cancelled() }}}}
        with:
          name: dqx
          path: |
            dqx.xml
            dqx.json
          if-no-files-found: ignore
"""

_GITLAB = """\
# Judges every merge request with dqx ci; it fails when a check that counts fails, and says which and why.
dqx:
  image: python:{python}
  timeout: 30 minutes
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_PIPELINE_SOURCE == "web"
  # Variables of your code location, such as database passwords, are set in Settings › CI/CD › Variables.
  script:
{install}
    - >-
      {command}
      --junit dqx.xml --json dqx.json --markdown dqx.md
  artifacts:
    when: always
    paths: [dqx.xml, dqx.json, dqx.md]
    reports:
      junit: dqx.xml
"""

GITHUB_FILE = Path(".github/workflows/dqx.yml")
GITLAB_FILE = Path(".gitlab/dqx.yml")
GITLAB_MAIN = Path(".gitlab-ci.yml")
INCLUDE = f"include:\n  - local: {GITLAB_FILE}\n"


@dataclass(frozen=True)
class Setup:
    """How a project is installed, and how its commands are called."""

    install: tuple[str, ...]
    prefix: str = ""


def setup_of(folder: Path) -> Setup:
    """What the files of a project say: uv.lock, requirements.txt or pyproject.toml; dqx itself if none names it."""
    if (folder / "uv.lock").exists():
        return Setup(("pip install uv", "uv sync --frozen"), "uv run ")
    lines, texts = [], []
    requirements, project = folder / "requirements.txt", folder / "pyproject.toml"
    if requirements.exists():
        lines.append("pip install -r requirements.txt")
        texts.append(requirements.read_text("utf-8"))
    if project.exists() and "project" in tomllib.loads(project.read_text("utf-8")):
        lines.append("pip install -e .")
        texts.append(project.read_text("utf-8"))
    if not any("dqx-dagster" in text for text in texts):
        lines.append("pip install dqx-dagster")
    return Setup(tuple(lines))


def github(folder: Path, options: Sequence[str]) -> str:
    """The text of a workflow that runs `dqx ci` with these options."""
    return _filled(_GITHUB, folder, options, "          ")


def gitlab(folder: Path, options: Sequence[str]) -> str:
    """The text of a job that runs `dqx ci` with these options."""
    return _filled(_GITLAB, folder, options, "    - ")


def write(file: Path, text: str, *, force: bool) -> None:
    """Write a file, and the folders above it.

    Raises:
        DefinitionError: It is there and says something else, and is not to be replaced.
    """
    if file.exists() and file.read_text("utf-8") != text and not force:
        raise DefinitionError(f"{file} is there already. Look at it, then replace it with --force.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def _filled(template: str, folder: Path, options: Sequence[str], indent: str) -> str:
    found = setup_of(folder)
    return template.format(
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        install="\n".join(f"{indent}{line}" for line in found.install),
        command=" ".join([f"{found.prefix}dqx ci", *options]),
    )
