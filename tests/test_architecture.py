"""The rules the code keeps, executed. Each rule brings an example that breaks it, so that none can fall asleep."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("dqx_core", "dqx_dagster")
LONGEST_MODULE = 420


@cache
def sources() -> dict[str, str]:
    """Path → text of every file that is, or is about to be, tracked."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        try:
            texts[name] = (ROOT / name).read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            continue  # deleted but not yet committed; or a picture
    return texts


def in_packages(path: str) -> bool:
    return path.startswith(tuple(f"{package}/" for package in PACKAGES)) and path.endswith(".py")


def in_engine(path: str) -> bool:
    return in_packages(path) and path.startswith("dqx_core/")


def in_plugin(path: str) -> bool:
    return in_packages(path) and path.startswith("dqx_dagster/")


def in_tests(path: str) -> bool:
    return path.startswith("tests/") and path.endswith(".py")


def anywhere(_path: str) -> bool:
    return True


# What a rule looks for: each finder yields the line and the words that break it.

Finding = tuple[int, str]


def lines_matching(pattern: str) -> Callable[[str, str], Iterator[Finding]]:
    compiled = re.compile(pattern)

    def find(_path: str, text: str) -> Iterator[Finding]:
        for number, line in enumerate(text.splitlines(), start=1):
            if found := compiled.search(line):
                yield number, found[0]

    return find


def too_long(_path: str, text: str) -> Iterator[Finding]:
    count = len(text.splitlines())
    if count > LONGEST_MODULE:
        yield count, f"{count} lines"


def drawers(path: str, _text: str) -> Iterator[Finding]:
    if Path(path).stem in {"common", "helper", "helpers", "misc", "util", "utils"}:
        yield 1, Path(path).name


def imports(tree: ast.AST) -> Iterator[Finding]:
    """Every module a file imports, for its types too; from a package also the name, which may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def dagster_imports(_path: str, text: str) -> Iterator[Finding]:
    for line, module in imports(ast.parse(text)):
        if module.split(".")[0].split("_")[0] == "dagster":
            yield line, module


def mocks(_path: str, text: str) -> Iterator[Finding]:
    """Mock libraries, and monkeypatching of anything that comes from our own packages."""
    tree = ast.parse(text)
    ours = set(PACKAGES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            ours |= {alias.asname for alias in node.names if alias.asname and alias.name.startswith(PACKAGES)}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGES):
            ours |= {alias.asname or alias.name for alias in node.names}
    for line, module in imports(tree):
        if module.startswith(("unittest.mock", "mock.", "pytest_mock")):
            yield line, module
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.arg == "mocker":
            yield node.lineno, "mocker"
        if not isinstance(node, ast.Call) or not node.args:
            continue
        target = node.args[0]
        if ast.unparse(node.func) in {"monkeypatch.setattr", "monkeypatch.delattr"} and (
            (isinstance(target, ast.Constant) and str(target.value).startswith(PACKAGES))
            or re.split(r"\W", ast.unparse(target))[0] in ours
        ):
            yield node.lineno, ast.unparse(node)


def sql_as_text(path: str, text: str) -> Iterator[Finding]:
    """A string that starts like a statement and has values put into it, unless each of them is a rendered tree."""
    if path in ("dqx_core/sql/duck.py", "dqx_core/sql/said.py"):
        return  # SQL that somebody wrote is read there, before it is a tree
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.JoinedStr) or not isinstance(node.values[0], ast.Constant):
            continue
        verb = re.match(
            r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|COPY|ATTACH|DESCRIBE|EXPLAIN|SET)\s",
            str(node.values[0].value),
        )
        values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        rendered = [
            isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "sql"
            for value in values
        ]
        if verb and not all(rendered):
            yield node.lineno, ast.unparse(node)


def postponed_annotations(_path: str, text: str) -> Iterator[Finding]:
    """Dagster reads the annotation of `context` as it is when the decorator runs; as text it refuses it."""
    tree = ast.parse(text)
    postponed = (1, "__future__.annotations") in {(1, module) for _, module in imports(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator).split(".")[-1]
            if postponed and name in {"op", "asset", "multi_asset", "graph_asset", "asset_check", "multi_asset_check"}:
                yield node.lineno, f"@{name} {node.name}"


@dataclass(frozen=True)
class Rule:
    """Files of one kind must have no finding; `broken` is a path and text that have one."""

    name: str
    looks_at: Callable[[str], bool]
    find: Callable[[str, str], Iterator[Finding]]
    broken: tuple[str, str]


RULES = [
    Rule(
        "no address of a package registry",
        anywhere,
        lines_matching(
            r"pypi\.org/simple|files\.pythonhosted\.org|registry\.(?:npmjs|yarnpkg)\.|index[-_]url|//deb\.debian\.org"
            r"|https?://\S+/(?:simple|packages)/"
        ),
        ("requirements.lock", "--" + "index" + "-url https://example.com"),
    ),
    Rule(
        "no path of somebody's machine",
        anywhere,
        lines_matching(r"(?<![\w.})$/-])/(?:home|root|work|Users)/\w|\b[A-Z]:\\Users\\"),
        ("README.md", "see " + "/home" + "/ada/dqx"),
    ),
    Rule("a file is one word of the domain", anywhere, drawers, ("dqx_core/utils.py", "")),
    Rule(
        f"no module over {LONGEST_MODULE} lines",
        in_packages,
        too_long,
        ("dqx_core/planning.py", "\n" * (LONGEST_MODULE + 1)),
    ),
    Rule(
        "the engine does not know Dagster, not even for types",
        in_engine,
        dagster_imports,
        ("dqx_core/keys.py", "if TYPE_CHECKING:\n    from dagster_gcp import BigQueryResource"),
    ),
    Rule(
        "no mocks of our own parts",
        in_tests,
        mocks,
        ("tests/test_store.py", "from dqx_core import store\nmonkeypatch.setattr(store.tables, 'persist', None)"),
    ),
    Rule(
        "SQL is a tree, never text with values in it",
        in_packages,
        sql_as_text,
        ("dqx_core/sql/query.py", "f'DESCRIBE {tree.sql()}'\nf'DROP TABLE {name}'"),
    ),
    Rule(
        "modules that define ops or checks do not postpone annotations",
        in_plugin,
        postponed_annotations,
        (
            "dqx_dagster/suites.py",
            "from __future__ import annotations\n@dg.multi_asset_check(specs=[])\ndef checks(context): ...",
        ),
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_tree_keeps(rule):
    broken = [
        f"{path}:{line}: {what}"
        for path, text in sources().items()
        if rule.looks_at(path)
        for line, what in rule.find(path, text)
    ]
    assert not broken, f"{rule.name}:\n" + "\n".join(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_example_breaks(rule):
    path, text = rule.broken
    assert rule.looks_at(path)
    assert len(list(rule.find(path, text))) == 1


def test_imports_run_in_the_agreed_direction():
    lint = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run([lint, "--no-cache", "--no-logo"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_private_dagster_imports_live_in_one_module():
    private = {
        path
        for path, text in sources().items()
        if in_plugin(path)
        for _, module in dagster_imports(path, text)
        if any(part.startswith("_") for part in module.split("."))
    }
    assert len(private) <= 1, private


def packages_with_names() -> list[str]:
    """Dotted name of every package whose `__init__` holds more than a docstring."""
    return [
        path.removesuffix("/__init__.py").replace("/", ".")
        for path, text in sources().items()
        if in_packages(path) and path.endswith("/__init__.py") and len(ast.parse(text).body) > 1
    ]


def offered(package: str) -> set[str]:
    """The public names of a package that it or its modules define; what it borrows from elsewhere is not its own."""
    return {
        name
        for name, value in vars(import_module(package)).items()
        if not (name.startswith("_") or name == "TYPE_CHECKING" or isinstance(value, ModuleType))
        and f"{getattr(value, '__module__', package)}.".startswith(f"{package}.")
    }


def has(module: ModuleType, name: str) -> bool:
    """Whether a module has a name, or says which extra of ours would give it."""
    try:
        return hasattr(module, name)
    except ImportError as reason:
        return "pip install 'dqx-dagster[" in str(reason)


@pytest.mark.parametrize("package", packages_with_names())
def test_all_names_what_a_package_offers(package):
    module = import_module(package)
    names = getattr(module, "__all__", [])
    absent = [name for name in names if not has(module, name)]
    assert (offered(package) - set(names), absent) == (set(), []), "missing from __all__, named but absent"


@pytest.mark.parametrize("package", packages_with_names())
def test_dir_lists_every_name_so_that_a_notebook_completes_it(package):
    module = import_module(package)
    assert set(getattr(module, "__all__", [])) <= set(dir(module))
