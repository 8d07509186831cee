"""Every Python example of the documentation type-checks, as in a project of somebody who runs mypy."""

import re
from pathlib import Path

from mypy import api

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def written(folder):
    """Each page's blocks as one module, in order, at the lines that they have on the page."""
    for page in PAGES:
        lines, inside = [], False
        for line in page.read_text("utf-8").splitlines():
            fence = line.startswith("```")
            lines.append(line if inside and not fence else "")
            inside = line.startswith("```python") if fence else inside
        if any(lines):
            module = folder / f"{re.sub(r'[^a-z]', '_', page.stem.lower())}_page.py"
            module.write_text("\n".join(lines) + "\n")
            yield str(module)


LISTS = """
from dqx_core import Check, PermanentProfile, SeasonalProfile, Suite
from dqx_core.datasets import Column, DatasetDefinition, FromColumn, Group, Join, Source, Values
from dqx_core.metrics.counts import CountValues
from dqx_core.metrics.distinct import DuplicateCount
from dqx_core.profiles import check
import datetime as dt

def suite(checks: list[Check], columns: list[Column], joins: list[Join], day: dt.date) -> Suite:
    rules = [check("Sales").set(severity="P3")]
    profiles = [PermanentProfile("always", rules), SeasonalProfile("then", rules, start_date=day, end_date=day)]
    CountValues("country", ["DE", "AT"]), DuplicateCount(["user", "day"])
    Source(table="raw_data.sales", joins=joins), Group(key=["user", "country"])
    Values(column="country", include=["DE"]), FromColumn(column="part", parts={"train": ["a", "b"], "eval": ["c"]})
    return Suite("Sales", checks, profiles)
"""


def test_the_examples_of_every_page_type_check(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)  # beside `make check`, whose cache has all but the pages
    (lists := tmp_path / "lists.py").write_text(LISTS)
    said, complaints, code = api.run([*written(tmp_path), str(lists), "--config-file", "pyproject.toml"])

    assert (said.replace(str(tmp_path), "").splitlines()[:-1], complaints, code) == ([], "", 0)
