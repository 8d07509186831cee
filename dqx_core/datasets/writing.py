"""Definitions as YAML text: a new one laid out for people, a changed one with its comments and layout kept."""

from __future__ import annotations

import datetime as dt
import difflib
import io
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import Model
from dqx_core.datasets.definition import DatasetDefinition
from dqx_core.datasets.loading import refuse_bombs
from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    from ruamel.yaml import YAML

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
    yaml = _yaml(offset=2)
    return _dumped(yaml, _fresh(as_data(definition)))


def changed_text(text: str, data: Data) -> str:
    """The YAML of a file with other content: what did not change stays as it was written, comments included."""
    found = re.search(r"^( *)[^\s#-][^\n]*:[ ]*\n\1( *)- ", text, re.MULTILINE)
    yaml = _yaml(offset=len(found[2]) if found else 2)
    document = yaml.load(text)
    order = list(DatasetDefinition.model_fields)
    _put_all(document, dict(sorted(data.items(), key=lambda item: order.index(item[0]))))
    return _dumped(yaml, document)


def in_one_line(data: Data) -> str:
    """Data as YAML writes them on one line, without the braces."""
    return ", ".join(f"{key}: {_inline(value)}" for key, value in data.items())


def _inline(value: Any) -> str:
    match value:
        case Mapping():
            return f"{{{in_one_line(dict(value))}}}"
        case list():
            return f"[{', '.join(_inline(inner) for inner in value)}]"
    return str(value)


def read_data(text: str) -> Data:
    """What a YAML text holds, as plain values."""
    found: Data = _plain(_yaml(offset=2).load(text))
    return found


def value_of(text: str) -> Any:
    """A value as YAML reads it: 3 is a number, [a, b] a list, `a` text.

    Raises:
        DefinitionError: It is not YAML.
    """
    from ruamel.yaml.error import YAMLError

    try:
        refuse_bombs(text, "The value")
        return _plain(_yaml(offset=2).load(text))
    except (YAMLError, ValueError):
        raise DefinitionError(
            f"'{text}' is not a value as YAML writes one. Put text in quotes: '\"{text}\"'."
        ) from None


def with_value(data: Data, place: str, value: Any) -> Data:
    """The data with another value at a place such as `split.eval_days` or `filters[2].min`; None takes it out.

    Raises:
        DefinitionError: There is no such place.
    """
    result: Data = json.loads(json.dumps(data, default=_date_text))
    parts = [int(n) if n else key for n, key in re.findall(r"\[(\d+)\]|([^.\[\]]+)", place)]
    inside: Any = result
    for part in parts[:-1]:
        if isinstance(inside, dict) and isinstance(part, str):
            inside = inside.setdefault(part, {})
        elif isinstance(inside, list) and isinstance(part, int) and part < len(inside):
            inside = inside[part]
        else:
            raise DefinitionError(f"The definition has no place '{place}': there is no '{part}' in it.")
    last = parts[-1] if parts else ""
    if isinstance(inside, dict) and isinstance(last, str) and last:
        if value is None:
            inside.pop(last, None)
        else:
            inside[last] = value
    elif isinstance(inside, list) and isinstance(last, int) and last <= len(inside):
        inside[last : last + 1] = [] if value is None else [value]
    else:
        raise DefinitionError(f"The definition has no place '{place}'. Write it as split.eval_days or filters[2].min.")
    return result


def save(path: Path, text: str) -> None:
    """Put a text into a file, whole or not at all.

    Raises:
        DefinitionError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as new:
            new.write(text)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(new.name).chmod(mode)
        Path(new.name).replace(path)
    except OSError as error:
        raise DefinitionError(f"Cannot write {path}: {error.strerror}.") from error


def _yaml(*, offset: int) -> YAML:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml


def _dumped(yaml: YAML, document: Any) -> str:
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _value(value: object) -> Any:
    match value:
        case Model():
            return as_data(value)
        case Mapping():
            return {key: _value(inner) for key, inner in value.items()}
        case tuple() | list():
            return [_value(inner) for inner in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
    return value


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case bool() | None:
            return value
        case str():
            return str(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case dt.datetime():
            return value.isoformat()
        case dt.date():
            return dt.date(value.year, value.month, value.day)
    return value


def _fresh(value: Any, *, inside_list: bool = False) -> Any:
    """Nodes that print small mappings and lists of words on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, Mapping):
        made = CommentedMap((key, _fresh(inner)) for key, inner in value.items())
        flat = all(not isinstance(inner, Mapping) for inner in value.values())
        if flat and (inside_list or value.keys().isdisjoint(("table", "strategy", "name"))):
            made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        listed = CommentedSeq(_fresh(inner, inside_list=True) for inner in value)
        if all(not isinstance(inner, Mapping | list) for inner in value):
            listed.fa.set_flow_style()
        return listed
    return value


def _same(node: Any, value: Any) -> bool:
    return _key(_plain(node)) == _key(value)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_date_text)


def _date_text(value: Any) -> str:
    return str(value.isoformat())


def _put_all(node: Any, data: Mapping[str, Any]) -> None:
    """Make a mapping hold these keys and values; a new key goes before those that a definition has after it."""
    for gone in [key for key in node if key not in data]:
        _drop(node, gone)
    order = list(data)
    for key, value in data.items():
        if key in node:
            _put(node, key, value)
        else:
            later = [position for position, there in enumerate(node) if there in order[order.index(key) :]]
            position = min(later, default=len(node))
            with _comments_above(node, list(node)[position - 1] if position else None, key):
                node.insert(position, key, _fresh(value))


def _put(parent: Any, key: Any, value: Any) -> None:
    """Make an entry of a mapping or list hold a value, changing as little as possible."""
    node = parent[key]
    if _same(node, value):
        return
    if isinstance(node, Mapping) and isinstance(value, Mapping) and value:
        _put_all(node, value)
    elif isinstance(node, list) and isinstance(value, list) and value and node:
        _put_list(node, value)
    else:
        below = _comment_below(parent, key)
        if isinstance(value, str) and isinstance(node, str) and _same(type(node)(value), value):
            parent[key] = type(node)(value)  # its quotes stay
        else:
            parent[key] = _fresh(value, inside_list=isinstance(parent, list))
        _write_below(parent, key, below)


def _put_list(node: Any, value: list[Any]) -> None:
    before, after = [_key(_plain(each)) for each in node], [_key(each) for each in value]
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for what, first, last, start, end in reversed(matcher.get_opcodes()):
        if what == "equal":
            continue
        shared = min(last - first, end - start)
        for old in reversed(range(first + shared, last)):
            _drop(node, old)
        for new in range(start + shared, end):
            position = first + new - start
            with _comments_above(node, position - 1 if position else None, position):
                node.insert(position, _fresh(value[new], inside_list=True))
        for number in range(shared):
            _put(node, first + number, value[start + number])


# ruamel.yaml keeps a comment with what stands before it, so what is deleted would take the comments below it along.


def _drop(parent: Any, key: Any) -> None:
    below = _comment_below(parent, key)
    keys = list(range(len(parent))) if isinstance(parent, list) else list(parent)
    position = keys.index(key)
    if below and position:
        _write_below(parent, keys[position - 1], below)
    elif below and len(keys) > 1:
        lines = "\n".join(line.strip().removeprefix("#").removeprefix(" ") for line in below.strip().splitlines())
        del parent[key]
        parent.yaml_set_comment_before_after_key(
            0 if isinstance(parent, list) else keys[1], lines, indent=parent.lc.col
        )
        return
    del parent[key]


@contextmanager
def _comments_above(parent: Any, before: Any, new: Any) -> Iterator[None]:
    """Put an entry in behind another one: the comments that stand between this and the next stay with the next."""
    below = "" if before is None else _comment_below(parent, before)
    if below:
        _take_below(parent, before)
    yield
    _write_below(parent, new, below)


def _comment_below(parent: Any, key: Any) -> str:
    """The comment lines that stand under an entry, without the one behind it."""
    token = _token(*_last_leaf(parent, key))
    lines = str(token.value).partition("\n")[2] if token is not None else ""
    return lines + "".join(str(each.value) for block in _blocks(parent, key) for each in block.ca.end or ())


def _take_below(parent: Any, key: Any) -> None:
    leaf = _last_leaf(parent, key)
    token = _token(*leaf)
    if token is not None:
        token.value = str(token.value).partition("\n")[0] + "\n"
        if not token.value.strip():
            leaf[0].ca.items.pop(leaf[1])
    for block in _blocks(parent, key):
        block.ca.end = []


def _write_below(parent: Any, key: Any, below: str) -> None:
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    ends = [block.ca.end for block in _blocks(parent, key) if block.ca.end]
    if below and ends:
        ends[-1][-1].value += below
        return
    parent, key = _last_leaf(parent, key)
    token = _token(parent, key)
    if not below or (token is not None and str(token.value).endswith(below)):
        return
    if token is not None:
        token.value = f"{str(token.value).rstrip(chr(10))}\n{below}"
    else:
        new = CommentToken(f"\n{below}", CommentMark(0), None)
        parent.ca.items[key] = [new, None] if isinstance(parent, list) else [None, None, new, None]


def _blocks(parent: Any, key: Any) -> Iterator[Any]:
    """The blocks that end where an entry ends, the innermost first."""
    node: Any = parent[key]
    layout = getattr(node, "fa", None)
    if layout is not None and node and not layout.flow_style():
        last = len(node) - 1 if isinstance(node, list) else list(node)[-1]
        yield from _blocks(node, last)
        yield node


def _last_leaf(parent: Any, key: Any) -> tuple[Any, Any]:
    """The entry that is written last of a block, down to one that stands on one line."""
    for inner in _blocks(parent, key):
        return inner, len(inner) - 1 if isinstance(inner, list) else list(inner)[-1]
    return parent, key


def _token(parent: Any, key: Any) -> Any:
    found = parent.ca.items.get(key)
    return None if found is None else found[0 if isinstance(parent, list) else 2]
