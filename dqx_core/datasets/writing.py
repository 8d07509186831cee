"""Definitions as YAML text: a new one laid out for people, values on one line, files that are replaced whole."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from dqx_core.datasets.base import Model
from dqx_core.datasets.definition import DatasetDefinition
from dqx_core.datasets.documents import documents_of, meaning_of
from dqx_core.datasets.folders import locked
from dqx_core.datasets.loading import definition_in, text_of
from dqx_core.errors import DefinitionError, hint

Data = dict[str, Any]
"""A definition as YAML reads it."""

_TAGS = ("kind", "strategy")
"""Keys that say which model it is; they are written though they have defaults."""


def as_data(part: Model) -> Data:
    """A definition, or a part of it, as a person writes it: without defaults, numbers as numbers."""
    fields = type(part).model_fields
    names = sorted(fields, key=lambda name: (name not in _TAGS, name != "column" or "table" in fields))
    return {
        fields[name].alias or name: _value(getattr(part, name))
        for name in names
        if name in _TAGS or getattr(part, name) != fields[name].default
    }


def new_text(definition: DatasetDefinition) -> str:
    """The YAML of a definition that has no file yet."""
    return "".join(f"{line}\n" for key, value in as_data(definition).items() for line in entry(key, value))


def entry(key: str, value: Any) -> list[str]:
    """The lines of a key and its value: small mappings and lists of words on one, larger ones below their key."""
    if _is_small(value):
        return [f"{in_flow(key)}: {in_flow(value)}"]
    if isinstance(value, Mapping):
        return [f"{in_flow(key)}:", *_indented(line for each in value.items() for line in entry(*each))]
    return [f"{in_flow(key)}:", *_indented(line for each in value for line in item(each))]


def item(value: Any) -> list[str]:
    """The lines of an item of a list."""
    if not isinstance(value, Mapping) or _is_flat(value):
        return [f"- {in_flow(value)}"]
    first, *others = (line for each in value.items() for line in entry(*each))
    return [f"- {first}", *_indented(others)]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _is_small(value: Any) -> bool:
    if isinstance(value, Mapping):
        return not value or (_is_flat(value) and value.keys().isdisjoint(("table", "strategy", "name")))
    return not isinstance(value, list) or all(not isinstance(each, Mapping | list) for each in value)


def _is_flat(value: Mapping[str, Any]) -> bool:
    return all(not isinstance(inner, Mapping) for inner in value.values())


_PLAIN = re.compile(r"[^\W\d][\w./+%@-]*( [\w./+%@()-]+)*")
_OTHERWISE = re.compile(r"y|n|yes|no|on|off|true|false|null", re.IGNORECASE)
"""Words that a reader of YAML 1.1 takes for something else, so they are put in quotes."""


def in_flow(value: Any, style: str | None = None) -> str:
    """A value as YAML writes it on one line; a text in the quotes that it had."""
    match value:
        case Mapping():
            return f"{{{', '.join(f'{in_flow(key)}: {in_flow(inner)}' for key, inner in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(in_flow(inner) for inner in value)}]"
        case str():
            return _quoted(value, style)
        case None | bool():
            return json.dumps(value)
        case float():
            return repr(value) if math.isfinite(value) else repr(value).replace("inf", ".inf").replace("nan", ".nan")
        case dt.date():
            return value.isoformat()
        case Decimal():
            return str(value) if meaning_of(str(value)) == value else _quoted(str(value), None)
    return str(value)


def _quoted(text: str, style: str | None) -> str:
    printable = text.isprintable()
    if style == "'" and printable:
        return "'" + text.replace("'", "''") + "'"
    if style != '"' and _PLAIN.fullmatch(text) and not _OTHERWISE.fullmatch(text):
        return text
    if style != '"' and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return text  # a day is text, in quotes or not
    if printable and '"' in text and style is None:
        return "'" + text.replace("'", "''") + "'"
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign == "\n":
        return "\\n"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"


def in_one_line(data: Data) -> str:
    """Data for people on one line, without the braces."""
    return ", ".join(f"{key}: {_inline(value)}" for key, value in data.items())


def _inline(value: Any) -> str:
    match value:
        case Mapping():
            return f"{{{in_one_line(dict(value))}}}"
        case list():
            return f"[{', '.join(_inline(inner) for inner in value)}]"
    return str(value)


def read_data(text: str) -> Data:
    """What the text of a definition holds, as plain values."""
    found: Data = definition_in(text, "The text").value
    return found


def value_of(text: str) -> Any:
    """A value as YAML reads it: 3 is a number, [a, b] a list, `a` text.

    Raises:
        DefinitionError: It is not YAML.
    """
    try:
        found = documents_of(text, "The value")
    except DefinitionError as error:
        if "not YAML" not in str(error):
            raise
        raise DefinitionError(
            f"'{text}' is not a value as YAML writes one. Put text in quotes: '\"{text}\"'."
        ) from None
    return found[0].value if found else None


def as_written(data: Data, before: DatasetDefinition, after: DatasetDefinition) -> Data:
    """What a file is to hold that held one definition and shall hold another: what stays, as it was written."""
    old, new = as_data(before), as_data(after)
    stays = {key for key, value in new.items() if key in data and old.get(key) == value}
    return {key: data[key] if key in stays else value for key, value in new.items()}


_PLACE = re.compile(r"([^.\[\]]+|\[[0-9]+\])(\.[^.\[\]]+|\[[0-9]+\])*")


def with_value(data: Data, place: str, value: Any) -> Data:
    """The data with another value at a place such as `split.eval_days` or `filters[2].min`; None takes it out.

    Raises:
        DefinitionError: There is no such place.
    """
    result: Data = copy.deepcopy(data)
    parts = [int(n) if n else key for n, key in re.findall(r"\[(\d+)\]|([^.\[\]]+)", place)]
    if not _PLACE.fullmatch(place):
        raise DefinitionError(f"The definition has no place '{place}'. Write it as split.eval_days or filters[2].min.")
    inside: Any = result
    for part in parts[:-1]:
        if isinstance(inside, dict) and isinstance(part, str) and (part in inside or value is not None):
            inside = inside.setdefault(part, {})
        elif isinstance(inside, list) and isinstance(part, int) and part < len(inside):
            inside = inside[part]
        else:
            raise _no_place(place, part, inside)
    last = parts[-1]
    there = last in inside if isinstance(inside, dict) else isinstance(inside, list) and last in range(len(inside))
    if value is None and not there:
        raise _no_place(place, last, inside)
    if isinstance(inside, dict) and isinstance(last, str):
        if value is None:
            del inside[last]
        else:
            inside[last] = value
    elif isinstance(inside, list) and isinstance(last, int) and last <= len(inside):
        inside[last : last + 1] = [] if value is None else [value]
    else:
        raise _no_place(place, last, inside)
    return result


def _no_place(place: str, part: str | int, inside: Any) -> DefinitionError:
    what = f"The definition has no place '{place}': there is no "
    if isinstance(inside, dict) and isinstance(part, str):
        return DefinitionError(f"{what}'{part}' in it. {hint(part, inside)}")
    if isinstance(inside, list) and isinstance(part, int):
        return DefinitionError(f"{what}[{part}] in it, which has {len(inside)}, counted from 0.")
    return DefinitionError(f"{what}'{part}' in it. Write it as split.eval_days or filters[2].min.")


def save(path: Path, text: str) -> None:
    """Put a text into a file, whole or not at all; a link stays one, and what it leads to is replaced.

    Raises:
        DefinitionError: It cannot be written.
    """
    new = None
    try:
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as new:
            new.write(text)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(new.name).chmod(mode)
        Path(new.name).replace(path)
    except OSError as error:
        if new is not None:
            Path(new.name).unlink(missing_ok=True)
        raise DefinitionError(f"Cannot write {path}: {error.strerror}.") from error


@contextmanager
def unchanged(path: Path, text: str | None) -> Iterator[None]:
    """A time in which no other process changes the definitions beside a file, which still holds a text.

    None: there is no such file yet. An editor asks nobody, so the time is to be short.

    Raises:
        DefinitionError: Somebody has changed it meanwhile; nothing is to be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DefinitionError(f"Cannot write into {path.parent}: {error.strerror}.") from error
    with locked(path.parent):
        if (text_of(path) if path.exists() else None) != text:
            raise DefinitionError(
                f"{path} was changed by somebody else meanwhile, so nothing was written. Look at it, and say it again."
            )
        yield


def _value(value: object) -> Any:
    match value:
        case Model():
            return as_data(value)
        case Mapping():
            return {key: _value(inner) for key, inner in value.items()}
        case tuple() | list():
            return [_value(inner) for inner in value]
        case Decimal() if value == value.to_integral_value():
            return int(value)
        case Decimal():
            return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
    return value
