"""Definitions that components of a Dagster project hold: found where `dg` finds them, read, and edited there."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import Location
from dqx_core.datasets.documents import Fields, Scalar, at, resolved
from dqx_core.datasets.library import Elsewhere, name_in
from dqx_core.datasets.loading import documents, embedded, from_yaml
from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition

FILES = ("defs.yaml", "component.yaml")
_PLACE = ("attributes", "definition")


def definitions_of_project(start: Path, schemas: Sequence[str] | None = None) -> dict[str, Elsewhere]:
    """The definitions in the components of the project that a folder belongs to, by name; none outside a project.

    A file that cannot be read, and a definition with problems, are told when that definition is asked for.
    """
    found: dict[str, Elsewhere] = {}
    for folder in defs_folders(start):
        files = (file for name in FILES for file in folder.rglob(name))
        for file in sorted(files):
            for each in _in_file(file, schemas):
                found.setdefault(each.name, each)
    return found


def defs_folders(start: Path) -> list[Path]:
    """The folders with the components of the project, or of the projects of the workspace, that a folder is in."""
    for folder in (start, *start.parents):
        settings = _settings(folder)
        if "project" in settings:
            return _of_project(folder, settings)
        if "workspace" in settings:
            projects = [
                folder / entry["path"] for entry in settings["workspace"].get("projects", []) if "path" in entry
            ]
            return [each for project in projects for each in _of_project(project, _settings(project))]
    return []


def _of_project(folder: Path, settings: Mapping[str, Any]) -> list[Path]:
    project = settings.get("project", {})
    if "root_module" not in project:
        return []
    return _existing(folder, str(project.get("defs_module") or f"{project['root_module']}.defs"))


def _existing(project: Path, module: str) -> list[Path]:
    places = [base.joinpath(*module.split(".")) for base in (project / "src", project)]
    return [place for place in places if place.is_dir()][:1]


def _settings(folder: Path) -> Mapping[str, Any]:
    """What a folder says to `dg`; of one that says something to `dagster` alone, where its module is.

    Of files that cannot be read nothing is said here: most commands need no project, and `dg` tells of them.
    """
    try:
        if (file := folder / "dg.toml").is_file():
            return tomllib.loads(file.read_text("utf-8"))
        if not (file := folder / "pyproject.toml").is_file():
            return {}
        tools = tomllib.loads(file.read_text("utf-8")).get("tool", {})
    except (OSError, ValueError):
        return {}
    if "dg" in tools:
        settings: Mapping[str, Any] = tools["dg"]
        return settings
    module = tools.get("dagster", {}).get("module_name")
    return {"project": {"root_module": str(module).partition(".")[0]}} if module else {}


def _in_file(file: Path, schemas: Sequence[str] | None) -> Iterator[Elsewhere]:
    text = file.read_text("utf-8", errors="replace")
    if "definition" not in text:
        return
    try:
        written = [each for each in documents(file) if isinstance(each, Fields)]
    except DefinitionError as error:
        yield Elsewhere(file.parent.name, file, 1, _failing(error))
        return
    for document in written:
        attributes = resolved(document.entries["attributes"][1]) if "attributes" in document.entries else None
        if not isinstance(attributes, Fields) or "definition" not in attributes.entries:
            continue
        definition = resolved(attributes.entries["definition"][1])
        kind = document.entries["type"][1].value if "type" in document.entries else ""
        ours = str(kind).rpartition(".")[2] == "DqxDataset"
        allowed = attributes.value.get("schemas", schemas)
        if isinstance(definition, Fields) and (ours or {"source", "partitions"} <= definition.entries.keys()):
            yield _inline(file, document, definition.value, allowed)
        elif isinstance(definition, Scalar) and ours and isinstance(definition.value, str):
            other = file.parent / definition.value
            name = name_in(other) if other.is_file() else other.stem
            yield Elsewhere(name, other, 1, partial(from_yaml, other, schemas=allowed))


def _inline(file: Path, document: Fields, definition: Mapping[str, Any], schemas: Sequence[str] | None) -> Elsewhere:
    name, line = str(definition.get("name", file.parent.name)), at(document, _PLACE)[1]

    def read() -> DatasetDefinition:
        return embedded(document, _PLACE, file, schemas=schemas, value=_filled_in(definition, document, file))

    return Elsewhere(name, file, line, read)


def _filled_in(definition: Any, document: Fields, file: Path) -> Any:
    """The definition with its templates filled in, of which most have none."""
    if not _has_template(definition):
        return definition
    import dagster as dg

    from dqx_dagster.components.templates import rendered

    told: list[str] = []

    def tell(place: Location, message: str) -> None:
        told.append(f"{file}, line {at(document, (*_PLACE, *place))[1]}: {message}")

    found = rendered(definition, dg.ResolutionContext.default().scope, (), tell)
    if told:
        raise DefinitionError(
            f"The definition has templates that only Dagster can fill in, or nobody: {' '.join(told)}"
        )
    return found


def _has_template(value: object) -> bool:
    match value:
        case Mapping():
            return any(map(_has_template, value.values()))
        case list():
            return any(map(_has_template, value))
        case str():
            return "{{" in value or "{%" in value
    return False


def _failing(error: DefinitionError) -> Callable[[], DatasetDefinition]:
    def read() -> DatasetDefinition:
        raise error

    return read
