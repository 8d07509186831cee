"""Definitions from YAML files; what is wrong is told with its file and line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dqx_core.datasets.base import Location
from dqx_core.datasets.definition import DatasetDefinition, Reading, schemas_allowed
from dqx_core.datasets.documents import Fields, Node, at, documents_of
from dqx_core.datasets.problems import spelled
from dqx_core.errors import DefinitionError, ValidationError

SUFFIXES = (".yaml", ".yml")


def from_yaml(path: str | Path, *, schemas: Sequence[str] | None = None) -> DatasetDefinition:
    """The definition in a YAML file, whose source may use tables of these schemas; None: of all.

    Raises:
        ValidationError: Every problem it has, each with its line.
        DefinitionError: The file cannot be read, or is not YAML.
    """
    return from_text(text_of(Path(path)), path, schemas=schemas)


def from_text(text: str, path: str | Path, *, schemas: Sequence[str] | None = None) -> DatasetDefinition:
    """The definition that a text holds which is, or is to be, that of a file.

    Raises:
        ValidationError: Every problem it has, each with its line.
        DefinitionError: It is not YAML.
    """
    return embedded(definition_in(text, path), (), path, schemas=schemas)


def embedded(
    document: Node, inside: Location, path: str | Path, *, schemas: Sequence[str] | None = None, value: Any = None
) -> DatasetDefinition:
    """The definition at a place in a document of `documents`; what is wrong is told with its line in the file.

    Args:
        document: What the file holds.
        inside: Where in it the definition is.
        path: The file.
        schemas: Whose tables its source may use; None: all.
        value: The definition, where it is not what is written, as of templates that were filled in.

    Raises:
        ValidationError: Every problem it has, each with its line.
    """

    def where(place: Location) -> str:
        return f"line {at(document, (*inside, *place))[1]}, {spelled(place)}"

    reading = Reading(schemas_allowed(schemas), subject=f"{path}", where=where)
    written = at(document, inside)[0].value if value is None else value
    return DatasetDefinition.model_validate(written, context=reading, by_alias=True, by_name=False)


def load_folder(path: str | Path, *, schemas: Sequence[str] | None = None) -> dict[str, DatasetDefinition]:
    """The definitions in a folder by name, one YAML file each.

    Raises:
        ValidationError: The problems of all its files.
        DefinitionError: There is no such folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise DefinitionError(
            f"There is no folder {folder}. Give the folder that holds the YAML files of the datasets."
        )
    definitions: dict[str, DatasetDefinition] = {}
    files: dict[str, Path] = {}
    problems: list[str] = []
    for file in files_in(folder):
        try:
            definition = from_yaml(file, schemas=schemas)
        except ValidationError as error:
            problems += [f"{file.name}, {problem}" for problem in error.problems]
        except DefinitionError as error:
            problems.append(str(error))
        else:
            if definition.name in files:
                problems.append(
                    f"{file.name}: the name '{definition.name}' is taken by {files[definition.name].name}. "
                    "Give it another."
                )
            definitions[definition.name] = definition
            files[definition.name] = file
    if problems:
        raise ValidationError(f"Folder {folder}", problems)
    return dict(sorted(definitions.items()))


def files_in(folder: Path) -> list[Path]:
    """The files of a folder that hold definitions, by name; none of a folder that is not there."""
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))


def documents(path: Path) -> tuple[Node, ...]:
    """What a YAML file holds.

    Raises:
        DefinitionError: The file cannot be read, or is not YAML.
    """
    return documents_of(text_of(path), str(path))


def definition_in(text: str, path: str | Path) -> Fields:
    """The one mapping that a text holds.

    Raises:
        DefinitionError: It is not YAML, or holds anything else.
    """
    found = documents_of(text, str(path))
    if len(found) > 1:
        raise DefinitionError(f"{path}: holds {len(found)} documents. Write each definition into a file of its own.")
    if not found or not isinstance(found[0], Fields):
        raise DefinitionError(f"{path}: holds no definition. Write keys and values, beginning with name: …")
    return found[0]


def text_of(path: Path) -> str:
    """The text of a file as it is, line ends and all.

    Raises:
        DefinitionError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except OSError as error:
        raise DefinitionError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"Cannot read {path}: it is not UTF-8 text.") from error
