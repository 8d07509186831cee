"""`dqx suites`, and where the other commands get their suite from: a module, or the code location of this folder."""

from __future__ import annotations

import sys
import tomllib
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dqx_core.errors import DefinitionError, DqxError, hint
from dqx_dagster.cli.printing import cell, out, print_json, table
from dqx_dagster.cli.store import AsJson

if TYPE_CHECKING:
    import sympy as sp

    from dqx_core.suite import Suite

Location = Annotated[
    str | None,
    typer.Option(
        "--location",
        "-l",
        metavar="MODULE|FILE",
        help="The code location; if left out, what \\[tool.dagster], \\[tool.dg] or workspace.yaml "
        "of this folder name.",
    ),
]


def suites(
    module: Annotated[
        str | None, typer.Argument(metavar="[MODULE]", help="A Python module or file; the code location if left out.")
    ] = None,
    metrics: Annotated[bool, typer.Option("--metrics", help="Also the numbers that each assertion uses.")] = False,
    as_json: AsJson = False,
) -> None:
    """The suites there are: their checks, what these assert, and of which datasets.

    Example: dqx suites examples.shop.suites --metrics
    """
    found = suites_in(module) if module else suites_of_location(None)
    listed = {suite.name: list(_assertions(suite)) for suite in found}
    if as_json:
        print_json([{"suite": name, "assertions": rows} for name, rows in listed.items()])
        return
    columns = ["check", "assertion", "severity", "condition", *(["metrics"] if metrics else [])]
    for name, rows in listed.items():
        datasets = ", ".join(sorted({dataset for row in rows for dataset in row["datasets"]}))
        shown = [[_words(row[column]) for column in columns] for row in rows]
        table(columns, shown, title=f"{name}, of {datasets}" if datasets else name)
    if not listed:
        out.print(f"There are no suites in {module or 'the code location'}.", markup=False)


def find_suite(name: str, location: str | None) -> Suite:
    """The suite that a person named: `module:attribute`, or the name of one in the code location.

    Raises:
        DefinitionError: There is none, or the code cannot be imported.
    """
    where, colon, attribute = name.rpartition(":")
    if colon and (where.endswith(".py") or all(part.isidentifier() for part in where.split("."))):
        module = _load(where)
        if not hasattr(module, attribute):
            known = [key for key, value in vars(module).items() if _suite(value) is not None]
            raise DefinitionError(f"{where} has no '{attribute}'. {hint(attribute, known)}")
        suite = _suite(getattr(module, attribute))
        if suite is None:
            raise DefinitionError(
                f"{name} is a {type(getattr(module, attribute)).__name__}, not a suite. Make one with: "
                'Suite("Sales", [sales]).'
            )
        return suite
    found = {suite.name: suite for suite in suites_of_location(location)}
    if name not in found:
        raise DefinitionError(
            f"The code location has no suite '{name}'. {hint(name, found)} A suite of any module is MODULE:NAME, "
            "such as checks.sales:SALES."
        )
    return found[name]


def suites_of_location(location: str | None) -> list[Suite]:
    """The suites of a code location, by name.

    Raises:
        DefinitionError: This folder names none, or it cannot be imported.
    """
    return suites_in(location or _configured())


def suites_in(module: str) -> list[Suite]:
    """The suites that a module or file defines, or attaches to assets, by name."""
    found: dict[str, Suite] = {}
    for value in list(vars(_load(module)).values()):
        for suite in _held(value):
            found.setdefault(suite.name, suite)
    return [found[name] for name in sorted(found)]


def _held(value: object) -> Iterator[Suite]:
    """The suites in a value: itself, or those of definitions."""
    if (suite := _suite(value)) is not None:
        yield suite
    if "dagster" not in sys.modules:
        return
    import dagster as dg
    from dagster.components.definitions import LazyDefinitions

    from dqx_dagster.dagster_internals import known_previews
    from dqx_dagster.suites import suite_of

    if isinstance(value, LazyDefinitions):
        with known_previews():
            value = value()
    checks: list[Any] = []
    if isinstance(value, dg.Definitions):
        checks = list(value.asset_checks or ())
    elif isinstance(value, dg.AssetChecksDefinition):
        checks = [value]
    for each in checks:
        if isinstance(each, dg.AssetChecksDefinition) and (suite := suite_of(each)) is not None:
            yield suite


def _suite(value: object) -> Suite | None:
    from dqx_core.suite import Suite
    from dqx_core.verification import VerificationSuite

    if isinstance(value, VerificationSuite):
        return value.suite
    return value if isinstance(value, Suite) else None


def _load(module: str) -> ModuleType:
    """A module by its name or its file; what stands in the way is told in one sentence."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        with warnings.catch_warnings():
            # What Dagster calls beta or a preview is said where Dagster loads the code, not here.
            warnings.filterwarnings("ignore", message=".* is currently in (beta|preview)")
            return _from_file(Path(module)) if module.endswith(".py") else import_module(module)
    except DqxError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise DefinitionError(
                f"There is no module '{module}' here, in {here}, nor among those installed."
            ) from error
        raise DefinitionError(f"{module} cannot be imported: {error}.") from error
    except Exception as error:  # what a module does when it is imported is its own
        raise DefinitionError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error


def _from_file(file: Path) -> ModuleType:
    if not file.exists():
        raise DefinitionError(f"There is no file {file}.")
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # As an import does it: dataclasses look their module up.
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[file.stem]
        raise
    return module


def _configured() -> str:
    """The module or file that this folder's configuration names as its code location."""
    project = Path("pyproject.toml")
    tools = tomllib.loads(project.read_text("utf-8")).get("tool", {}) if project.exists() else {}
    if name := tools.get("dagster", {}).get("module_name"):
        return str(name)
    dg_project = tools.get("dg", {}).get("project", {})
    if name := dg_project.get("code_location_target_module"):
        return str(name)
    if name := dg_project.get("root_module"):
        return f"{name}.definitions"
    if found := _in_workspace(Path("workspace.yaml")):
        return found
    raise DefinitionError(
        "This folder names no code location: neither [tool.dagster] or [tool.dg] in pyproject.toml nor workspace.yaml. "
        "Name one with --location MODULE, or the suite as MODULE:NAME."
    )


def _in_workspace(file: Path) -> str | None:
    """The first code location of a workspace file that is Python here."""
    if not file.exists():
        return None
    from ruamel.yaml import YAML

    for entry in (YAML(typ="safe").load(file) or {}).get("load_from", []):
        for kind, key in (("python_file", "relative_path"), ("python_module", "module_name")):
            place = entry.get(kind)
            if place is not None:
                return str(place[key] if isinstance(place, dict) else place)
    return None


def _assertions(suite: Suite) -> Iterator[dict[str, Any]]:
    from dqx_core.expressions import text
    from dqx_core.metrics.base import MetricSpec

    graph = suite.build()

    def written(expression: sp.Expr) -> str:
        return text(expression, lambda symbol: graph.symbols[symbol].metric)

    for check, assertion in graph.root.assertions():
        used, ahead = dict.fromkeys(assertion.symbols), list(assertion.symbols)
        while ahead:
            more = [symbol for symbol in graph.symbols[ahead.pop()].needs if symbol not in used]
            used |= dict.fromkeys(more)
            ahead += more
        symbols = [graph.symbols[symbol] for symbol in used]
        yield {
            "check": check.name,
            "assertion": assertion.name,
            "severity": str(assertion.severity),
            "condition": f"{written(assertion.expression)} "
            f"{assertion.bound.text([written(limit) for limit in assertion.bound.limits])}",
            "datasets": sorted({symbol.dataset for symbol in symbols if symbol.dataset} | set(check.datasets)),
            "metrics": sorted({s.spec.name for s in symbols if isinstance(s.spec, MetricSpec)}),
        }


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else cell(value)
