"""`dqx datasets` in the folder of a Dagster project: definitions that components hold are seen, and edited there."""

from __future__ import annotations

import textwrap

import pytest

from dqx_core.datasets.writing import new_text
from dqx_dagster.cli.datasets.components import defs_folders
from tests.core.datasets.shop import daily
from tests.dagster.cli.test_datasets import database, dqx  # noqa: F401

SALES = """\
type: dqx_dagster.DqxDataset

attributes:
  definition:
    name: sales
    status: active
    source: {table: raw_data.transactions}
    columns:
      - {column: transaction_date, role: timestamp}
      - {column: customer_id, role: user_id}
    split: {strategy: group, key: customer_id}
    partitions: {start: 2024-01-01}
"""

PROJECTS = {
    "pyproject.toml": '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "shop"\n',
    "dg.toml": 'directory_type = "project"\n[project]\nroot_module = "shop"\n',
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of `dg` with a component, in whose folder the commands run."""
    (tmp_path / "pyproject.toml").write_text(PROJECTS["pyproject.toml"])
    folder = tmp_path / "src/shop/defs/sales"
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text(SALES)
    monkeypatch.chdir(tmp_path)
    return folder


def test_what_a_component_defines_is_listed_shown_and_measured(project, dqx):  # noqa: F811
    assert [each["name"] for each in dqx("list", "--json").json["datasets"]] == ["sales"]
    shown = dqx("get", "sales")
    assert "strategy: group" in shown.out
    assert "defined by a component, in" in shown.out
    assert "src/shop/defs/sales/defs.yaml, line 4: edit it there" in shown.out
    assert dqx("query", "sales", "--date", "2024-01-10").out.startswith("WITH")
    assert dqx("analyze", "sales", "--json").json["facts"]["rows"] > 0
    written = dqx("materialize", "sales", "--date", "2024-01-10", "--json")
    assert {each["split"] for each in written.json} == {"train", "eval"}
    assert not (project.parents[3] / "datasets").exists()


def test_commands_that_write_say_where_to_edit(project, dqx, tmp_path):  # noqa: F811
    before = (project / "defs.yaml").read_text()
    dqx("analyze", "sales")
    given = tmp_path / "given.yaml"
    given.write_text(new_text(daily()).replace("name: daily", "name: sales"))
    for words in (
        ["update", "sales", "--set", "split.key=product_id"],
        ["activate", "sales"],
        ["delete", "sales", "--force"],
        ["restore", "sales", "1"],
        ["create", str(given)],
        ["clone", "sales", "sales"],
    ):
        refused = dqx(*words)
        assert (refused.code, "defs.yaml, line 4. dqx datasets only reads it: edit it there." in refused.err) == (
            2,
            True,
        )
    assert (project / "defs.yaml").read_text() == before
    assert dqx("check-name", "sales").code == 1
    assert dqx("clone", "sales").code == 0
    assert [each["name"] for each in dqx("list", "--json").json["datasets"]] == ["sales", "sales_copy"]


def test_the_folder_comes_before_a_component_of_the_same_name(project, dqx, tmp_path):  # noqa: F811
    folder = tmp_path / "datasets"
    folder.mkdir()
    (folder / "sales.yaml").write_text(new_text(daily()).replace("name: daily", "name: sales"))
    assert dqx("get", "sales", "--json").json["path"] == str(folder / "sales.yaml")
    assert dqx("update", "sales", "--set", "description=Ours").code == 0


def test_a_definition_in_a_file_beside_and_several_in_one_file_are_found(project, dqx):  # noqa: F811
    (project / "other.yaml").write_text(new_text(daily()).replace("name: daily", "name: beside"))
    second = SALES.replace("name: sales", "name: second")
    (project / "defs.yaml").write_text(
        f"{SALES}---\n{second}---\ntype: dqx_dagster.DqxDataset\nattributes: {{definition: other.yaml}}\n"
        "---\ntype: dagster_sling.SlingReplicationCollectionComponent\nattributes: {definition: mine}\n"
    )
    assert [each["name"] for each in dqx("list", "--json").json["datasets"]] == ["beside", "sales", "second"]


def test_templates_are_filled_in_from_the_environment(project, dqx, monkeypatch):  # noqa: F811
    monkeypatch.setenv("SHOP_START", "2024-01-03")
    (project / "defs.yaml").write_text(SALES.replace("2024-01-01", '"{{ env.SHOP_START }}"'))
    assert dqx("get", "sales", "--json").json["definition"]["partitions"]["start"] == "2024-01-03"
    (project / "defs.yaml").write_text(SALES.replace("2024-01-01", '"{{ ours.start }}"'))
    said = dqx("get", "sales").err
    assert "The definition has templates that only Dagster can fill in, or nobody" in said
    assert "defs.yaml, line 12: {{ ours.start }}: 'ours' is undefined" in said


def test_a_problem_is_told_with_its_line_and_spares_the_others(project, dqx):  # noqa: F811
    broken = project.parent / "broken"
    broken.mkdir()
    (broken / "defs.yaml").write_text(
        SALES.replace("name: sales", "name: broken").replace("role: user_id", "rol: user_id")
    )
    assert dqx("get", "sales").code == 0
    told = dqx("list")
    assert (told.code, "defs/broken/defs.yaml" in told.err) == (2, True)
    assert "line 10, definition.columns[1].rol" in told.err or "line 10, columns[1].rol" in told.err
    assert "Did you mean 'sales'?" in dqx("get", "sale").err


@pytest.mark.parametrize("settings", PROJECTS)
@pytest.mark.parametrize("base", ["", "src"])
def test_a_project_is_found_from_below_and_from_its_workspace(tmp_path, settings, base):
    project = tmp_path / "projects" / "one"
    defs = project / base / "shop" / "defs"
    (defs / "sales").mkdir(parents=True)
    (project / settings).write_text(PROJECTS[settings])
    (tmp_path / "dg.toml").write_text(
        textwrap.dedent("""\
            directory_type = "workspace"
            [[workspace.projects]]
            path = "projects/one"
        """)
    )
    assert defs_folders(project) == defs_folders(defs / "sales") == defs_folders(tmp_path) == [defs]
    elsewhere = tmp_path / "projects"
    assert defs_folders(elsewhere) == [defs]


def test_a_folder_that_is_not_of_a_project_has_none(tmp_path):
    for text in (
        '[project]\nname = "x"\n',
        "[tool.dg",
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\n',
        '[tool.dg]\ndirectory_type = "workspace"\n[[tool.dg.workspace.projects]]\npath = "gone"\n',
    ):
        (tmp_path / "pyproject.toml").write_text(text)
        assert defs_folders(tmp_path) == []


def test_a_project_that_only_dagster_knows_has_its_folder_beside_its_module(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.dagster]\nmodule_name = "shop.definitions"\n')
    (tmp_path / "shop" / "defs").mkdir(parents=True)
    assert defs_folders(tmp_path) == [tmp_path / "shop" / "defs"]
