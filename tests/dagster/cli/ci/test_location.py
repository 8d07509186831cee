"""Where a code location is looked for: every way `dagster` knows, and one paragraph when it is not there."""

import sys
import textwrap

import pytest

from dqx_dagster.cli.ci.location import CodeLocationError, Where, load

DEFS = """
import os
import dagster as dg

@dg.asset
def {name}():
    return os.environ.get("FROM_DOTENV")

defs = dg.Definitions(assets=[{name}])
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project; modules that are imported from it are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    for name in ("DAGSTER_MODULE_NAME", "DAGSTER_PYTHON_FILE", "DAGSTER_WORKING_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    known, path = set(sys.modules), list(sys.path)

    def write(file, text="", **names):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(textwrap.dedent(text).format(**names) if names else textwrap.dedent(text))

    yield write
    sys.path[:] = path
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(tmp_path)):
            del sys.modules[name]


def assets(location):
    return {key.to_user_string() for key in location.repository.asset_graph.get_all_asset_keys()}


def test_a_module_with_m(project):
    project("one_by_module.py", DEFS, name="orders")
    found = load(Where(module_name=("one_by_module",)))

    assert (assets(found), found.file) == ({"orders"}, "one_by_module.py")


def test_a_file_with_f_below_a_folder_with_d(project, tmp_path):
    project("prices_of_the_file.py", "NAME = 'prices'\n")
    project("below/one_by_file.py", "from prices_of_the_file import NAME\n" + DEFS, name="orders")
    found = load(Where(python_file=("below/one_by_file.py",), working_directory=str(tmp_path)))

    assert (assets(found), found.name, found.file) == ({"orders"}, "one_by_file.py", "below/one_by_file.py")


def test_a_variable_with_a(project):
    project("two_variables.py", DEFS + "other = dg.Definitions()\n", name="orders")
    found = load(Where(python_file=("two_variables.py",), attribute="defs"))

    assert assets(found) == {"orders"}


def test_a_workspace_with_w_and_one_of_several_locations_by_name(project):
    project("first_of_two.py", DEFS, name="orders")
    project("second_of_two.py", DEFS, name="customers")
    project("workspace.yaml", "load_from:\n  - python_file: first_of_two.py\n  - python_file: second_of_two.py\n")

    assert assets(load(Where(workspace=("workspace.yaml",), location="second_of_two.py"))) == {"customers"}
    assert assets(load(Where(location="first_of_two.py"))) == {"orders"}
    with pytest.raises(CodeLocationError, match=r"2 code locations: first_of_two.py, second_of_two.py. Choose one"):
        load(Where())
    with pytest.raises(CodeLocationError, match=r"Did you mean 'first_of_two.py'\?"):
        load(Where(location="first_of_tow.py"))


def test_tool_dagster_in_pyproject(project):
    project("by_tool_dagster.py", DEFS, name="orders")
    project("pyproject.toml", '[tool.dagster]\nmodule_name = "by_tool_dagster"\ncode_location_name = "sales"\n')
    found = load(Where())

    assert (assets(found), found.name) == ({"orders"}, "sales")


def test_tool_dg_in_pyproject(project):
    project("by_tool_dg/__init__.py")
    project("by_tool_dg/definitions.py", DEFS, name="orders")
    project("pyproject.toml", '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "by_tool_dg"\n')

    assert assets(load(Where())) == {"orders"}


def test_tool_dg_with_definitions_in_a_folder_of_components(project):
    project("by_dg_folder/__init__.py")
    project("by_dg_folder/definitions.py", """
        from pathlib import Path
        from dagster import definitions, load_from_defs_folder

        @definitions
        def defs():
            return load_from_defs_folder(path_within_project=Path(__file__).parent)
    """)  # fmt: skip
    project("by_dg_folder/defs/__init__.py")
    project("by_dg_folder/defs/assets.py", "import dagster as dg\n\n@dg.asset\ndef orders(): ...\n")
    project(
        "pyproject.toml", '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "by_dg_folder"\n'
    )

    assert assets(load(Where())) == {"orders"}


def test_the_variables_of_the_env_file_are_there_and_those_that_are_set_stay(project, monkeypatch):
    monkeypatch.setenv("ALREADY_SET", "before")
    monkeypatch.setenv("ONLY_IN_FILE", "")
    monkeypatch.delenv("ONLY_IN_FILE")
    project(".env", "ONLY_IN_FILE=yes\nALREADY_SET=after\n")
    project("reads_variables.py", """
        import os
        import dagster as dg

        assert (os.environ["ONLY_IN_FILE"], os.environ["ALREADY_SET"]) == ("yes", "before")
        defs = dg.Definitions()
    """)  # fmt: skip
    assert load(Where(python_file=("reads_variables.py",))).name == "reads_variables.py"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import nosuchmodule", r"ModuleNotFoundError: No module named 'nosuchmodule' \(broken_one.py, line 1\)"),
        ("def f(:", r"SyntaxError: invalid syntax \(broken_one.py, line 1\)"),
        ("def f():\n    return {}['x']\n\nf()", r"KeyError: 'x' \(broken_one.py, line 2\)"),
        ("import sys; sys.exit(3)", r"SystemExit: 3"),
        ("x = 1", r"broken_one"),
        (
            "from dqx_core import Suite, check\n\n@check(name='A')\ndef a(mp, ctx):\n"
            "    ctx.assert_that(mp.average('x') - 1).where(name='n', severity='P9').is_positive()\n\n"
            "Suite('S', (a,)).build()",
            r"DefinitionError: .*P9",
        ),
    ],
)
def test_what_does_not_load_says_what_and_where_in_one_paragraph(project, text, told):
    project("broken_one.py", text + "\n")
    with pytest.raises(CodeLocationError, match=told) as refused:
        load(Where(python_file=("broken_one.py",)))

    assert "\n" not in str(refused.value)


def test_nothing_to_load_says_what_may_be_named(project):
    with pytest.raises(CodeLocationError, match=r"neither \[tool.dagster\] nor \[tool.dg\].*Name a module with -m"):
        load(Where())


def test_options_that_contradict_each_other_are_refused(project):
    with pytest.raises(CodeLocationError, match="-m, -f, -w and --package-name exclude each other"):
        load(Where(module_name=("a",), python_file=("b.py",)))


def test_a_location_of_another_python_or_server_is_refused(project):
    project("first_of_two.py", DEFS, name="orders")
    project("workspace.yaml", """
        load_from:
          - python_file: {{relative_path: first_of_two.py, location_name: here, executable_path: /opt/other/python}}
          - grpc_server: {{host: localhost, port: 4266, location_name: away}}
    """, x="")  # fmt: skip
    with pytest.raises(CodeLocationError, match="runs in /opt/other/python"):
        load(Where(location="here"))
    with pytest.raises(CodeLocationError, match="runs in a gRPC server"):
        load(Where(location="away"))
