"""YAML 1.2 as values, each with its place in the text: the one reader of definitions, wherever they stand.

Scalars are those of the core schema: 010 is ten, NO and 12:30 are text, 1e3 is a thousand. A date is text, for what it
means is the column's business. Keys are text as they are written. Mappings take `<<`, and a name may stand for a value.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from dqx_core.datasets.base import Location
from dqx_core.errors import DefinitionError

MOST_VALUES = 50_000
"""Values a text may stand for; a definition of five hundred columns has about three thousand."""
DEEPEST = 40
"""Lists and mappings in one another; a definition has six."""
LONGEST = 1_000_000
"""Characters."""

_TAG = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, eq=False, slots=True)
class Node(ABC):
    """A value as it stands in a text, from `start` to before `end`."""

    start: int
    end: int
    line: int
    """Counted from 1."""
    anchor: str | None = None

    @property
    @abstractmethod
    def value(self) -> Any:
        """What it means, in values of Python."""


@dataclass(frozen=True, eq=False, slots=True)
class Scalar(Node):
    """A text, a number, true, false or null."""

    text: str = ""
    style: str | None = None
    """The sign that it begins with: ' or " or | or >; None: it is plain."""
    meaning: Any = None

    @property
    def value(self) -> Any:
        """What it means."""
        return self.meaning


@dataclass(frozen=True, eq=False, slots=True)
class Listing(Node):
    """A list."""

    flow: bool = False
    """It is written in brackets."""
    items: list[Node] = field(default_factory=list)

    @property
    def value(self) -> list[Any]:
        """Its items."""
        return [item.value for item in self.items]


@dataclass(frozen=True, eq=False, slots=True)
class Fields(Node):
    """A mapping."""

    flow: bool = False
    """It is written in braces."""
    own: dict[str, tuple[Node, Node]] = field(default_factory=dict)
    """Key → where the key stands, and its value."""
    merged: list[Node] = field(default_factory=list)
    """What `<<` takes over, the first before those that follow it."""

    @property
    def entries(self) -> dict[str, tuple[Node, Node]]:
        """Own entries, and those that are taken over and are not its own."""
        found = dict(self.own)
        for other in self.merged:
            source = resolved(other)
            for key, entry in source.entries.items() if isinstance(source, Fields) else ():
                found.setdefault(key, entry)
        return found

    @property
    def value(self) -> dict[str, Any]:
        """Its keys and their values."""
        return {key: value.value for key, (_, value) in self.entries.items()}


@dataclass(frozen=True, eq=False, slots=True)
class Alias(Node):
    """A name that stands for a value that was written before."""

    target: Node | None = None

    @property
    def value(self) -> Any:
        """That of what it stands for."""
        return resolved(self).value


def resolved(node: Node) -> Node:
    """The node, or what it stands for."""
    while isinstance(node, Alias):
        assert node.target is not None
        node = node.target
    return node


def at(node: Node, place: Location) -> tuple[Node, int]:
    """The node at a place, and its line; of a place that is not there the innermost that is."""
    line = node.line
    for part in place:
        inside = resolved(node)
        if isinstance(inside, Fields) and part in inside.entries:
            key, node = inside.entries[str(part)]
            line = key.line
        elif isinstance(inside, Listing) and isinstance(part, int) and part < len(inside.items):
            node = inside.items[part]
            line = node.line
        else:
            break
    return node, line


class NotYamlError(Exception):
    """A text that is not YAML as definitions have it."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


def documents_of(text: str, name: str) -> tuple[Node, ...]:
    """The documents of a text, whose name messages have.

    Raises:
        DefinitionError: It is not YAML, or it is small and stands for something huge; with its line.
    """
    try:
        return _documents(text)
    except NotYamlError as error:
        where = f", line {error.line}" if error.line else ""
        raise DefinitionError(f"{name}{where}: {error.problem}.") from error


@lru_cache(maxsize=256)
def _documents(text: str) -> tuple[Node, ...]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > LONGEST:
        raise NotYamlError(f"{len(text):,} characters, and no definition has more than {LONGEST:,}")
    try:
        return tuple(_Building(YAML(typ="safe", pure=True).parse(text)).documents())
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise NotYamlError(f"not YAML: {error.problem}", mark.line + 1 if mark else None) from error
    except YAMLError as error:
        raise NotYamlError(f"not YAML: {' '.join(str(error).split())}") from error


class _Building:
    """From events to nodes. What an anchor stands for counts as often as it is used, before anything is built of it."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.known: dict[str, tuple[Node, int]] = {}
        self.open: list[str | None] = []
        self.values = 0

    def documents(self) -> Iterator[Node]:
        from ruamel.yaml.events import DocumentStartEvent

        for event in self.events:
            if not isinstance(event, DocumentStartEvent):
                continue
            if event.version and tuple(event.version) != (1, 2):
                version = ".".join(map(str, event.version))
                raise NotYamlError(
                    f"it says %YAML {version}, and definitions are YAML 1.2. Leave that line out", _line(event)
                )
            self.known = {}
            self.values = 0
            yield self.node(next(self.events))

    def node(self, event: Any) -> Node:
        from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

        anchor: str | None = event.anchor
        match event:
            case AliasEvent():
                return self.alias(event)
            case ScalarEvent():
                self.count(1, event)
                node: Node = _scalar(event)
                size = 1
            case SequenceStartEvent() | MappingStartEvent():
                if len(self.open) >= DEEPEST:
                    raise NotYamlError(
                        f"more than {DEEPEST} lists and mappings in one another, as no definition has", _line(event)
                    )
                self.open.append(anchor)
                before = self.values
                self.count(1, event)
                node = self.listing(event) if isinstance(event, SequenceStartEvent) else self.fields(event)
                self.open.pop()
                size = self.values - before
            case _:
                raise NotYamlError("not YAML: a value is missing", _line(event))
        if anchor is not None:
            self.known[anchor] = (node, size)
        return node

    def count(self, size: int, event: Any) -> None:
        self.values += size
        if self.values > MOST_VALUES:
            raise NotYamlError(
                f"more than {MOST_VALUES:,} values, counting *aliases as what they stand for", _line(event)
            )

    def alias(self, event: Any) -> Node:
        if event.anchor in self.open:
            raise NotYamlError(f"*{event.anchor} stands inside &{event.anchor}, so it would never end", _line(event))
        if event.anchor not in self.known:
            raise NotYamlError(
                f"not YAML: *{event.anchor} stands for nothing: there is no &{event.anchor} before it", _line(event)
            )
        target, size = self.known[event.anchor]
        self.count(size, event)
        return Alias(event.start_mark.index, event.end_mark.index, _line(event), None, target)

    def listing(self, start: Any) -> Listing:
        from ruamel.yaml.events import SequenceEndEvent

        items = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self.node(event))
        end = _end(start, event, items)
        return Listing(start.start_mark.index, end, _line(start), start.anchor, bool(start.flow_style), items)

    def fields(self, start: Any) -> Fields:
        from ruamel.yaml.events import MappingEndEvent

        own: dict[str, tuple[Node, Node]] = {}
        merged: list[Node] = []
        last: list[Node] = []
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self.node(event)
            value = self.node(next(self.events))
            last = [value]
            if isinstance(key, Scalar) and key.text == "<<" and key.style is None:
                merged += _merged(value)
                continue
            name = key.text if isinstance(key, Scalar) else str(key.value)
            if name in own:
                raise NotYamlError(f"not YAML: found duplicate key '{name}'", key.line)
            own[name] = (key, value)
        end = _end(start, event, last)
        return Fields(start.start_mark.index, end, _line(start), start.anchor, bool(start.flow_style), own, merged)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _end(start: Any, end: Any, inside: list[Node]) -> int:
    """Where a collection ends: in brackets behind them, else behind the last thing in it."""
    if start.flow_style or not inside:
        return int(end.end_mark.index)
    return inside[-1].end


def _merged(value: Node) -> list[Node]:
    """What `<<` names: a mapping, or several in a list."""
    inside = resolved(value)
    each = inside.items if isinstance(inside, Listing) else [inside]
    if not all(isinstance(resolved(one), Fields) for one in each):
        raise NotYamlError("not YAML: << takes over a mapping, or a list of mappings, and nothing else", value.line)
    return list(each)


def _scalar(event: Any) -> Scalar:
    line, text = _line(event), str(event.value)
    style = event.style or None
    if style in {"|", ">"}:  # the lines below it that hold nothing, or comments, are not its own
        begun = event.start_mark.buffer[event.start_mark.index : event.end_mark.index]
        end = event.start_mark.index + len(begun.rstrip())
    else:
        end = event.end_mark.index
    tag = str(event.tag or "")
    if tag and not tag.startswith(_TAG) and tag != "!":
        raise NotYamlError(f"the tag {tag} means nothing in a definition", line)
    kind = tag.removeprefix(_TAG) if tag.startswith(_TAG) else ""
    if kind in {"str", "timestamp"} or tag == "!" or (style is not None and not kind):
        meaning: Any = text
    else:
        meaning = meaning_of(text, line)
        fits = {"int": int, "float": float | int | Decimal, "bool": bool, "null": type(None)}
        if kind and (kind not in fits or not isinstance(meaning, fits[kind])):
            raise NotYamlError(f"'{text}' is not a value of the tag !!{kind}", line)
    return Scalar(event.start_mark.index, end, line, event.anchor, text, style, meaning)


def meaning_of(text: str, line: int | None = None) -> Any:
    """What plain text means in YAML 1.2; a number that a float would round is a Decimal."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    try:
        if _INT.fullmatch(text):
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            return number if math.isfinite(number) and Decimal(repr(number)) == Decimal(text) else Decimal(text)
    except (ValueError, InvalidOperation):
        raise NotYamlError(f"not YAML: a number of {len(text):,} digits, or beyond all numbers", line) from None
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text
