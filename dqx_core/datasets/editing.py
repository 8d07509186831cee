"""A changed definition in the text of its file: only the places that changed are written anew.

Every comment, quote and space elsewhere stays, for nothing else is touched. What an edit comes to is read back before
it replaces anything: an anchor that stands for two values may make it mean something else than was asked for.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dqx_core.datasets.definition import DatasetDefinition
from dqx_core.datasets.documents import Alias, Fields, Listing, Node, Scalar
from dqx_core.datasets.loading import definition_in
from dqx_core.datasets.writing import Data, entry, in_flow, item
from dqx_core.errors import DefinitionError


def changed_text(text: str, data: Data) -> str:
    """The text of a definition with other content.

    Raises:
        DefinitionError: It cannot be written without other places becoming something else.
    """
    ends = "\r\n" if "\r\n" in text else "\n"
    editing = _Editing(text, ends)
    known = {key: number for number, key in enumerate(DatasetDefinition.model_fields)}
    document = definition_in(text, "The text")
    after, written = text, None
    with contextlib.suppress(DefinitionError, ValueError):  # what is not there is told below
        editing.mapping(document, dict(sorted(data.items(), key=lambda each: known.get(each[0], len(known)))))
        after = editing.applied()
        written = definition_in(after, "The text").value
    if not _same(written, data):
        changed = [key for key in {**document.value, **data} if not _same(document.value.get(key), data.get(key))]
        raise DefinitionError(
            f"{', '.join(changed)} cannot be changed there without changing other places, as of an &anchor that stands "
            "for several. Nothing was written: edit the file by hand."
        )
    return after


def _same(one: Any, other: Any) -> bool:
    return _key(one) == _key(other)


def _key(value: Any) -> str:
    """A value as text, in which 1 and 1.0 differ, and the order of a mapping tells nothing."""
    return json.dumps(value, default=str, sort_keys=True)


@dataclass
class _Editing:
    """A text, and what is to stand in place of parts of it."""

    text: str
    ends: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def replace(self, start: int, end: int, new: str) -> None:
        self.edits.append((start, end, new.replace("\n", self.ends)))

    def applied(self) -> str:
        parts, reached = [], 0
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:2]):
            parts += [self.text[reached:start], new]
            reached = max(reached, end)
        return "".join([*parts, self.text[reached:]])

    # Lines

    def column(self, index: int) -> int:
        return index - self.line_start(index)

    def line_start(self, index: int) -> int:
        found = self.text.rfind("\n", 0, index) + 1
        return found + (found == 0 and self.text.startswith("\ufeff"))  # which is no part of the first line

    def line_end(self, index: int) -> int:
        """The index of the line's end, before its sign."""
        found = self.text.find("\n", index)
        if found < 0:
            return len(self.text)
        return found - 1 if found > index and self.text[found - 1] == "\r" else found

    def below(self, lines: Sequence[str], indent: int) -> str:
        return "".join(f"\n{' ' * indent}{line}" for line in lines)

    # Values

    def value(self, node: Node, value: Any, after: int) -> None:
        """Make a value another one; `after` is the index behind its key's colon, or its dash."""
        if isinstance(node, Fields) and isinstance(value, Mapping) and _survive(node.own, value):
            self.mapping(node, value)
        elif isinstance(node, Listing) and isinstance(value, list) and node.items and value:
            self.listing(node, value)
        else:
            self.whole(node, value, after)

    def whole(self, node: Node, value: Any, after: int) -> None:
        new = in_flow(value, node.style if isinstance(node, Scalar) else None)
        if node.anchor is not None and not isinstance(node, Alias):
            new = f"&{node.anchor} {new}"
        if isinstance(node, Fields | Listing) and not node.flow:
            between = self.text[after : node.start]
            comment = re.search(r"#[^\r\n]*", between)
            new = f" {new}" + (f" {comment[0]}" if comment else "")
            self.replace(after, node.end, new)
        elif node.start == node.end:  # nothing is written
            self.replace(after, after, f" {new}")
        else:
            self.replace(node.start, node.end, new)

    # Mappings

    def mapping(self, node: Fields, data: Mapping[str, Any]) -> None:
        """Make a mapping hold these keys; a new one goes before those that come after it in the data."""
        now, own = node.value, list(node.own)
        for key in own:
            if key not in data:
                self.without(node, own, key, data)
                continue
            where, value = node.own[key]
            if not _same(now[key], data[key]):
                self.value(value, data[key], self.text.index(":", where.end) + 1)
        order, staying = list(data), [key for key in own if key in data]
        for key in order:
            if key in node.own or (key in now and _same(now[key], data[key])):
                continue
            later = set(order[order.index(key) :])
            before = next((n for n, there in enumerate(staying) if there in later), len(staying))
            self.insert(node, staying, before, key, data[key])

    def insert(self, node: Fields, staying: list[str], before: int, key: str, value: Any) -> None:
        first = node.own[staying[0]][0].start
        if node.flow:
            new = f"{in_flow(key)}: {in_flow(value)}"
            if before:
                end = self.end_of(node.own[staying[before - 1]])
                self.replace(end, end, f", {new}")
            else:
                self.replace(first, first, f"{new}, ")
            return
        indent = self.column(node.own[next(iter(node.own))][0].start)
        lines = entry(key, value)
        if before:
            end = self.line_end(self.end_of(node.own[staying[before - 1]]))
            self.replace(end, end, self.below(lines, indent))
        else:
            self.replace(first, first, self.below(lines, indent)[1 + indent :] + "\n" + " " * indent)

    def without(self, node: Fields, own: list[str], key: str, data: Mapping[str, Any]) -> None:
        number = own.index(key)
        starts = [node.own[each][0].start for each in own]
        ends = [self.end_of(node.own[each]) for each in own]
        follows = any(each in data for each in own[:number])
        self.gone(node.flow, number, starts, ends, follows=follows)

    def end_of(self, both: tuple[Node, Node]) -> int:
        key, value = both
        if value.end > key.end:
            return value.end
        return key.end

    def gone(self, flow: bool, number: int, starts: list[int], ends: list[int], *, follows: bool) -> None:
        """Take out an entry; `follows`: one before it stays."""
        start, end = starts[number], ends[number]
        if flow:
            if follows:
                self.replace(ends[number - 1], end, "")
            else:
                self.replace(start, starts[number + 1], "")
            return
        line = self.line_start(start)
        if self.text[line:start].strip():  # it stands behind a dash
            following = starts[number + 1]
            comments = [each.strip() for each in self.text[self.line_end(end) : following].splitlines() if each.strip()]
            if comments:
                lines = "".join(f"{' ' * self.column(line)}{each}\n" for each in comments)
                self.replace(line, line, lines)
            self.replace(start, following, "")
            return
        after = self.line_end(end)
        if self.text[:line].strip("\ufeff"):  # with the line's end before it, behind which others may come
            self.replace(line - (2 if self.text[line - 2 : line] == "\r\n" else 1), after, "")
        else:
            self.replace(line, after + (len(self.ends) if after < len(self.text) else 0), "")

    # Lists

    def listing(self, node: Listing, value: list[Any]) -> None:
        before, after = [_key(each.value) for each in node.items], [_key(each) for each in value]
        codes = difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
        gone: list[int] = []
        new: list[tuple[int, Any]] = []  # before which item
        for what, first, last, start, end in codes:
            if what == "equal":
                continue
            shared = min(last - first, end - start)
            for number in range(shared):
                self.value(node.items[first + number], value[start + number], self.dash(node, first + number) + 1)
            gone += range(first + shared, last)
            new += [(first + shared, each) for each in value[start + shared : end]]
        starts = [each.start if node.flow else self.dash(node, n) for n, each in enumerate(node.items)]
        ends = [each.end for each in node.items]
        for number in gone:
            self.gone(node.flow, number, starts, ends, follows=any(n not in gone for n in range(number)))
        for number, each in new:
            self.add(node, starts, [n for n in range(number) if n not in gone], each)

    def add(self, node: Listing, starts: list[int], before: list[int], value: Any) -> None:
        if node.flow:
            if before:
                end = node.items[before[-1]].end
                self.replace(end, end, f", {in_flow(value)}")
            else:
                self.replace(starts[0], starts[0], f"{in_flow(value)}, ")
            return
        indent = self.column(node.start)
        if before:
            last = before[-1]
            end = self.line_end(max(node.items[last].end, starts[last]))
            self.replace(end, end, self.below(item(value), indent))
        else:
            self.replace(starts[0], starts[0], self.below(item(value), indent)[1 + indent :] + "\n" + " " * indent)

    def dash(self, node: Listing, number: int) -> int:
        """The index of the dash before an item."""
        if node.flow:
            return node.items[number].start
        column, found = self.column(node.start), node.items[number].start
        while True:
            found = self.text.rindex("-", 0, found)
            if self.column(found) == column:
                return found


def _survive(own: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Whether a mapping keeps a key, beside which others can be written."""
    return any(key in data for key in own)
