"""The folder of definitions, one YAML file a dataset: finding one, names that are free, and putting one there."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydantic

from dqx_core.datasets.base import Name
from dqx_core.datasets.definition import DatasetDefinition
from dqx_core.datasets.documents import Fields, Scalar, documents_of, resolved
from dqx_core.datasets.loading import files_in, from_text, from_yaml, load_folder, text_of
from dqx_core.datasets.writing import Data, as_data, new_text, save, unchanged
from dqx_core.errors import DefinitionError, hint


@dataclass(frozen=True)
class NameCheck:
    """Whether a name can be given to a new dataset."""

    name: str
    free: bool
    problem: str | None = None
    """Why not."""
    suggestion: str | None = None
    """A name that can, close to this one."""


@dataclass(frozen=True)
class Elsewhere:
    """A definition that a file outside the folder holds, such as that of a component: it is read, and edited there."""

    name: str
    path: Path
    line: int
    """Where in the file it begins."""
    read: Callable[[], DatasetDefinition]


def check_name(name: str, taken: Callable[[str], bool]) -> NameCheck:
    """Whether a name is well formed and not taken; if not, one that is."""
    tidy = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    tidy = tidy if re.match(r"[a-z]", tidy) else f"dataset_{tidy}".rstrip("_")
    try:
        pydantic.TypeAdapter(Name).validate_python(name)
    except pydantic.ValidationError as error:
        why = str(error.errors()[0].get("ctx", {}).get("error", f"'{name}' is not a name."))
        return NameCheck(name, False, why.partition(" For instance")[0], free_name(tidy, taken))
    if taken(name):
        return NameCheck(name, False, f"the name '{name}' is taken.", free_name(name, taken))
    return NameCheck(name, True)


def free_name(name: str, taken: Callable[[str], bool]) -> str:
    """The name, or with the first number that makes it free: `sales_2`."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if not taken(each))


def names_in(folder: Path) -> dict[str, Path]:
    """Name → file of every definition; a file that cannot be read counts under the name it is called by.

    Raises:
        DefinitionError: Two files give their definitions one name.
    """
    found: dict[str, Path] = {}
    for file in files_in(folder):
        other = found.setdefault(name_in(file), file)
        if other != file:
            raise DefinitionError(
                f"The name '{name_in(file)}' is that of two files of {folder}: {other.name} and {file.name}. "
                "Give one of them another."
            )
    return found


def name_in(file: Path) -> str:
    """The name that a file gives to its definition, or is called by."""
    try:
        found = documents_of(text_of(file), str(file))
    except DefinitionError:
        return file.stem  # what is wrong with it is told when it is read
    entry = found[0].entries.get("name") if found and isinstance(found[0], Fields) else None
    written = resolved(entry[1]) if entry else None
    return written.text if isinstance(written, Scalar) and written.text else file.stem


def find(
    folder: Path,
    name: str,
    *,
    schemas: Sequence[str] | None = None,
    elsewhere: Mapping[str, Elsewhere] | None = None,
    to_write: bool = False,
) -> tuple[Path, DatasetDefinition]:
    """The file of a dataset, and its definition. What the folder has comes before what is elsewhere.

    Raises:
        DefinitionError: There is no such dataset, or it is to be written and is elsewhere.
        ValidationError: Its file has problems.
    """
    known = names_in(folder)
    if name not in known:
        others = elsewhere or {}
        if to_write:
            refuse_elsewhere(others, name)
        elif name in others:
            return others[name].path, others[name].read()
        names = [*known, *others]
        way_out = hint(name, names) if names else "There are none. Make one with: dqx datasets new"
        raise DefinitionError(f"There is no dataset '{name}' in {folder}. {way_out}")
    return known[name], from_yaml(known[name], schemas=schemas)


def refuse_elsewhere(elsewhere: Mapping[str, Elsewhere], name: str) -> None:
    """Stop where a definition that is not in the folder would be written.

    Raises:
        DefinitionError: It says where to edit it.
    """
    if name in elsewhere:
        held = elsewhere[name]
        raise DefinitionError(
            f"Dataset '{name}' is defined by a component of the project, in {held.path}, line {held.line}. "
            "dqx datasets only reads it: edit it there."
        )


def add(folder: Path, definition: DatasetDefinition, text: str | None = None) -> Path:
    """Write a new definition to `<folder>/<name>.yaml`.

    Raises:
        DefinitionError: The name is taken, or the file cannot be written.
    """
    path = folder / f"{definition.name}.yaml"
    text = text if text is not None else new_text(definition)
    refuse_other(definition, text, path)
    with unchanged(path, text_of(path) if path.exists() else None):
        taken = names_in(folder)
        if definition.name in taken or path.exists():
            raise DefinitionError(
                f"The name '{definition.name}' is taken by {taken.get(definition.name, path)}. Take another, for "
                f"instance '{free_name(definition.name, taken.__contains__)}', or change that one with: "
                f"dqx datasets update {definition.name}"
            )
        save(path, text)
    return path


def refuse_other(definition: DatasetDefinition, text: str, path: Path) -> None:
    """Stop where a text that is to be written to a file would be read as another definition.

    Raises:
        DefinitionError: It says so; nothing is to be written.
    """
    try:
        written: DatasetDefinition | None = from_text(text, path)
    except DefinitionError:
        written = None
    if written is None or _all_of(written) != _all_of(definition):
        raise DefinitionError(
            f"Dataset '{definition.name}' would be read otherwise than it is meant once it is written to {path}, so "
            "nothing was written. Edit the file by hand."
        )


def _all_of(definition: DatasetDefinition) -> tuple[object, ...]:
    days = definition.partitions
    return definition.definition_hash, definition.status, definition.description, days.start, days.end, days.content


def copied(definition: DatasetDefinition, name: str) -> DatasetDefinition:
    """The same content under another name, as a draft.

    What is salted keeps its salt, so that a row is in the same part of both: what one trains on is never what the
    other is judged by.
    """
    changes: dict[str, object] = {"name": name, "status": "draft"}
    for field in ("split", "sample", "folds"):
        salted = getattr(definition, field)
        if salted is not None and hasattr(salted, "salt_of"):
            changes[field] = salted.model_copy(update={"salt": salted.salt_of(definition.salted_by)})
    return definition.model_copy(update=changes)


def copied_data(data: Data, copy: DatasetDefinition) -> Data:
    """What a file holds, as that of its copy: under another name, as a draft, with the salts that it had."""
    salted = as_data(copy)
    parts = {part: salted[part] for part in ("split", "sample", "folds") if part in data and part in salted}
    return data | {"name": copy.name, "status": copy.status} | parts


def refuse_other_name(name: str, new: object) -> None:
    """Stop where a dataset would be called otherwise.

    Raises:
        DefinitionError: It says how to have it under that name.
    """
    if new != name:
        raise DefinitionError(
            f"Dataset '{name}' cannot be given another name: its versions and partitions go by it. Clone it: "
            f"dqx datasets clone {name} {new or ''}".rstrip()
        )


def with_words_of(before: DatasetDefinition, content: DatasetDefinition) -> DatasetDefinition:
    """A content with what another definition says that is not content: status, description, first and last day."""
    days = {"start": before.partitions.start, "end": before.partitions.end}
    kept = {"status": before.status, "description": before.description}
    return content.model_copy(update=kept | {"partitions": content.partitions.model_copy(update=days)})


def still_held(name: str, versions: int, partitions: int, place: object) -> DefinitionError:
    """That a definition cannot be deleted while there is what only it explains."""
    held = [f"{versions} version{'s' * (versions > 1)}"] * bool(versions)
    held += [f"{partitions} partition{'s' * (partitions > 1)} in {place}"] * bool(partitions)
    return DefinitionError(
        f"Dataset '{name}' has {' and '.join(held)}, which could not be explained without it. To delete it and its "
        "versions, and leave the partitions where they are, say --force."
    )


def remove(path: Path) -> None:
    """Delete the file of a definition.

    Raises:
        DefinitionError: It cannot be deleted.
    """
    try:
        path.unlink()
    except OSError as error:
        raise DefinitionError(f"Cannot delete {path}: {error.strerror}.") from error


def definitions_in(folder: Path, *, schemas: Sequence[str] | None = None) -> dict[str, DatasetDefinition]:
    """The definitions of a folder by name; none for a folder that is not there yet.

    Raises:
        ValidationError: The problems of all its files.
    """
    return load_folder(folder, schemas=schemas) if folder.is_dir() else {}
