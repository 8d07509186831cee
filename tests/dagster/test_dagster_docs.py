"""docs/dagster.md is true: its Python runs and prints what it says, its component loads, its files are there."""

import contextlib
import io
import re
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.testing import create_defs_folder_sandbox

from dqx_dagster import DqxResources

PAGE = Path(__file__).parents[2] / "docs/dagster.md"
TEXT = PAGE.read_text("utf-8")


def blocks(*languages):
    return re.findall(rf"```({'|'.join(languages)})\n(.*?)```", TEXT, re.DOTALL)


def test_the_snippets_run_in_order_and_print_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "docs"}
    printed = ""
    for language, code in blocks("python", "text"):
        if language == "text":
            assert printed == code
            printed = ""
            continue
        assert printed == "", "printed, and the page does not say so"
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, str(PAGE), "exec"), names)
        printed = out.getvalue()

    with names["shared"]:  # its folder goes with it
        assert printed == ""
    dg.Definitions.validate_loadable(names["defs"])


@pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")
def test_the_component_loads_as_it_is_printed():
    [(_, text)] = blocks("yaml")
    with create_defs_folder_sandbox() as project:
        folder = project.defs_folder_path / "sales"
        folder.mkdir(parents=True)
        (folder / "defs.yaml").write_text(text)
        project.scaffold_component(DqxResources, "resources")
        with project.build_all_defs() as defs:
            dg.Definitions.validate_loadable(defs)
            graph = defs.resolve_asset_graph()

    assert {check.name for check in graph.asset_check_keys} >= {"sales__average_price_moves_below_50_percent_a_day"}
    assert graph.get(dg.AssetKey("sales")).group_name == "shop"


def test_every_file_the_page_links_to_is_there():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("http")]

    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
