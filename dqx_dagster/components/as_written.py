"""The attributes of a defs.yaml as YAML 1.2 has them, like a definition in a file of its own.

Dagster has read the file already, as YAML 1.1: what the two read differently is refused, for somebody meant one of
them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from dqx_core.datasets.base import Location, Problem
from dqx_core.datasets.documents import Fields, Listing, Node, Scalar, resolved
from dqx_core.datasets.loading import documents

EXACT = "definition"
"""The attribute whose numbers keep digits that a float does not."""


def as_written(
    path: Path, line: int, host: Mapping[str, Any], *, but: str, tell: Callable[[Problem], object]
) -> dict[str, Any]:
    """The attributes that begin in a document of a file, as YAML 1.2 has them.

    Args:
        path: The file.
        line: Where the document begins.
        host: The attributes as Dagster has read them.
        but: One that is Dagster's own, and left as it is.
        tell: What is told of a scalar that the two read differently.

    Raises:
        DefinitionError: The file is not YAML as definitions have it.
    """
    found = documents(path)
    document = next((each for each in found if each.line == line), found[0] if found else None)
    if not isinstance(document, Fields) or "attributes" not in document.entries:
        return dict(host)
    attributes = resolved(document.entries["attributes"][1])
    if not isinstance(attributes, Fields):
        return dict(host)
    ours: dict[str, Any] = {}
    for key, (_, node) in attributes.entries.items():
        if key == but or key not in host:
            continue
        for problem in _differences((key,), node, host[key]):
            tell(problem)
        ours[key] = node.value if key == EXACT else _doubles(node.value)
    return {key: ours.get(key, value) for key, value in host.items()}


def _differences(place: Location, node: Node, host: Any) -> Iterator[Problem]:
    inside = resolved(node)
    if isinstance(inside, Fields) and isinstance(host, dict):
        spelled = {key if isinstance(key, str) else _spelled(key): key for key in host}
        for key, (where, value) in inside.entries.items():
            if key in spelled:
                yield from _differences((*place, key), value, host[spelled[key]])
            else:
                other = next((each for each in host if _spelled(each) not in inside.entries), None)
                yield place, _says(where, key, other)
    elif isinstance(inside, Listing) and isinstance(host, list):
        for number, (value, other) in enumerate(zip(inside.items, host, strict=False)):
            yield from _differences((*place, number), value, other)
    elif isinstance(inside, Scalar) and not _same(inside.value, host):
        yield place, _says(inside, inside.value, host)


def _spelled(key: object) -> str:
    return str(key) if isinstance(key, int | float) and not isinstance(key, bool) else f"{key!r}, not text"


def _same(ours: object, host: object) -> bool:
    if isinstance(ours, Decimal):
        ours = float(ours)
    if isinstance(ours, float) and isinstance(host, float) and math.isnan(ours):
        return math.isnan(host)
    return isinstance(ours, bool) == isinstance(host, bool) and ours == host


def _says(node: Node, ours: object, host: object) -> str:
    text = node.text if isinstance(node, Scalar) else "it"
    return (
        f"{text} is {_shown(ours)} in YAML 1.2, as in a file of its own, and {_shown(host)} where Dagster has read it. "
        "Put it in quotes if it is text; else write what both read alike, such as true, 10 or 1000.0."
    )


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text '{value}'"
    return f"the number {value}"


def _doubles(value: Any) -> Any:
    """Numbers as floats, whose digits are enough for limits."""
    match value:
        case dict():
            return {key: _doubles(each) for key, each in value.items()}
        case list():
            return [_doubles(each) for each in value]
        case Decimal():
            return float(value)
    return value
