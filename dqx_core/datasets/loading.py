"""Definitions from YAML files; what is wrong is told with its file and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dqx_core.datasets.base import Location
from dqx_core.datasets.definition import DatasetDefinition, Reading, schemas_allowed
from dqx_core.datasets.problems import spelled
from dqx_core.errors import DefinitionError, ValidationError


def from_yaml(path: str | Path, *, schemas: Sequence[str] | None = None) -> DatasetDefinition:
    """The definition in a YAML file, whose source may use tables of these schemas; None: of all.

    Raises:
        ValidationError: Every problem it has, each with its line.
        DefinitionError: The file cannot be read, or is not YAML.
    """
    return embedded(_document(Path(path)), (), path, schemas=schemas)


def embedded(
    document: Any, inside: Location, path: str | Path, *, schemas: Sequence[str] | None = None, value: Any = None
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
        return f"line {line_of(document, (*inside, *place))}, {spelled(place)}"

    if value is None:
        value = document
        for part in inside:
            value = value[part]
    reading = Reading(schemas_allowed(schemas), subject=f"{path}", where=where)
    return DatasetDefinition.model_validate(_plain(value), context=reading)


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
    for file in sorted(file for file in folder.iterdir() if file.suffix in {".yaml", ".yml"}):
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


def line_of(document: Any, place: Location) -> int:
    """The line, counted from 1, of a place in a document that ruamel.yaml read.

    A place that is not there has the line of what it would be in.
    """
    line = document.lc.line
    for part in place:
        marks = getattr(document, "lc", None)
        if isinstance(document, Mapping) and part in document and marks:
            line = marks.key(part)[0]
        elif isinstance(document, list) and isinstance(part, int) and part < len(document) and marks:
            line = marks.item(part)[0]
        else:
            break
        document = document[part]
    return int(line) + 1


MOST_VALUES = 50_000
"""Values a text may stand for; a definition of five hundred columns has about three thousand."""
DEEPEST = 40
"""Lists and mappings in one another; a definition has six."""
LONGEST = 1_000_000
"""Characters."""


def refuse_bombs(text: str, name: str) -> None:
    """Stop at YAML that is small and means something huge: what stands for an anchor counts as often as it is used.

    Nothing is built on the way, so it costs no more than the text.

    Raises:
        DefinitionError: It is too long, too large, too deep or endless.
        YAMLError: It is no YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

    def refused(problem: str, event: Any) -> DefinitionError:
        return DefinitionError(f"{name}, line {event.start_mark.line + 1}: {problem}.")

    if len(text) > LONGEST:
        raise DefinitionError(f"{name}: {len(text):,} characters, and no definition has more than {LONGEST:,}.")
    known: dict[str, int] = {}  # anchor → values it stands for
    within: list[tuple[str | None, int]] = [(None, 0)]  # anchor and values so far of what is open
    for event in YAML(typ="rt").parse(text):
        match event:
            case CollectionStartEvent():
                within.append((event.anchor, 1))
                if len(within) > DEEPEST:
                    raise refused(f"more than {DEEPEST} lists and mappings in one another, as no definition has", event)
                continue
            case CollectionEndEvent():
                anchor, size = within.pop()
            case AliasEvent():
                if event.anchor in {anchor for anchor, _ in within}:
                    raise refused(f"*{event.anchor} stands inside &{event.anchor}, so it would never end", event)
                anchor, size = None, known.get(event.anchor, 1)
            case ScalarEvent():
                anchor, size = event.anchor, 1
            case _:
                continue
        if anchor is not None:
            known[anchor] = size
        outer, before = within[-1]
        within[-1] = outer, before + size
        if before + size > MOST_VALUES:
            raise refused(f"more than {MOST_VALUES:,} values, counting *aliases as what they stand for", event)


def documents(path: Path) -> list[Any]:
    """What a YAML file holds, each document with the lines of its values.

    Raises:
        DefinitionError: The file cannot be read, or is not YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import RoundTripConstructor
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    class Constructor(RoundTripConstructor):
        """Leaves dates as they are written: what is wrong with one is told with its line, like everything else."""

    Constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: str(node.value))
    yaml = YAML(typ="rt")
    yaml.Constructor = Constructor
    try:
        text = path.read_text("utf-8")
        refuse_bombs(text, str(path))
        return list(yaml.load_all(text))
    except OSError as error:
        raise DefinitionError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"Cannot read {path}: it is not UTF-8 text.") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise DefinitionError(f"{path}{line}: not YAML: {error.problem}.") from error
    except (YAMLError, ValueError) as error:  # a number of thousands of digits is a ValueError
        raise DefinitionError(f"{path}: not YAML: {error}.") from error


def _document(path: Path) -> Any:
    from ruamel.yaml.comments import CommentedMap

    found = documents(path)
    document = found[0] if found else None
    if len(found) > 1:
        raise DefinitionError(f"{path}: holds {len(found)} documents. Write each definition into a file of its own.")
    if not isinstance(document, CommentedMap):
        raise DefinitionError(f"{path}: holds no definition. Write keys and values, beginning with name: …")
    return document


def _key(key: Any) -> Any:
    """A key as a definition may have one; a list or a mapping as its text, which is an unknown key."""
    return str(key) if isinstance(key, Mapping | tuple | list) else _plain(key)


def _plain(value: Any) -> Any:
    """What ruamel.yaml read, without what it remembers of comments, quotes and digits."""
    match value:
        case Mapping():
            return {_key(key): _plain(each) for key, each in value.items()}
        case bool() | None:
            return value
        case str():
            return str(value)
        case Sequence():
            return [_plain(each) for each in value]
        case int():
            return int(value)
        case float():
            return float(value)
    return value
