"""An edit touches the text of its place and nothing else, in whatever way somebody laid the file out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dqx_core.datasets import changed_text
from dqx_core.datasets.documents import Fields, at, documents_of
from dqx_core.datasets.writing import in_flow, read_data
from dqx_core.errors import DefinitionError
from tests.core.datasets.generated import definitions, places

WORDS = st.sampled_from([
    "a", "NL", "no", "010", "12:30", "1e3", "it's", 'a "b"', "a: b", "# x", "- x", "", " ", "ü", "two\nlines", "null",
    "{{ x }}", "[", "2024-01-31", "a, b", "tab\there", "\x7f", "\u2028", "🦆", "%", "@a", "&a", "*a", "!x", "|", ">",
    "~",
])  # fmt: skip
SCALARS = st.one_of(WORDS, st.integers(-5, 10**20), st.booleans(), st.none(), st.sampled_from([0.5, 1e300, 1e-9, -2.5]))


@settings(max_examples=150, deadline=None)
@given(
    value=st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
)
def test_a_value_on_one_line_reads_back(value):
    assert read_data(f"a: {in_flow(value)}\n") == {"a": value}
    assert read_data(f"{{a: [{in_flow(value)}, x]}}") == {"a": [value, "x"]}


class Laid:
    """Lays data out as people do: blocks and braces, comments above, behind and between, and blank lines."""

    def __init__(self, draw) -> None:
        self.draw = draw
        self.comments = 0

    def comment(self) -> str:
        self.comments += 1
        return f"# comment {self.comments}"

    def behind(self) -> str:
        return f"  {self.comment()}" if self.draw(st.booleans()) else ""

    def above(self, indent: int) -> list[str]:
        kind = self.draw(st.sampled_from(["", "", "", "comment", "blank"]))
        return {"": [], "blank": [""], "comment": [" " * indent + self.comment()]}[kind]

    def flow(self, value: Any, indent: int) -> str:
        """On one line, or over several."""
        if self.draw(st.sampled_from([True, False, False])) and isinstance(value, list) and len(value) > 1:
            inside = f",{self.behind()}\n{' ' * (indent + 2)}".join(in_flow(each) for each in value)
            return f"[\n{' ' * (indent + 2)}{inside}\n{' ' * (indent + 1)}]"
        if isinstance(value, str) and self.draw(st.booleans()):
            return json.dumps(value)
        return in_flow(value)

    def mapping(self, data: dict[str, Any], indent: int) -> list[str]:
        lines: list[str] = []
        for key, value in data.items():
            lines += self.above(indent)
            lines += self.entry(f"{' ' * indent}{in_flow(key)}:", value, indent)
        return lines

    def entry(self, begun: str, value: Any, indent: int) -> list[str]:
        if isinstance(value, dict | list) and value and self.draw(st.booleans()):
            if isinstance(value, dict):
                return [f"{begun}{self.behind()}", *self.mapping(value, indent + 2)]
            inset = indent + self.draw(st.sampled_from([0, 2]))
            return [f"{begun}{self.behind()}", *self.items(value, inset)]
        return [f"{begun} {self.flow(value, indent)}{self.behind()}"]

    def items(self, values: list[Any], indent: int) -> list[str]:
        lines: list[str] = []
        for value in values:
            lines += self.above(indent)
            if isinstance(value, dict) and value and self.draw(st.booleans()):
                first, *others = self.mapping(value, indent + 2)
                while first.strip() == "" or first.strip().startswith("#"):
                    lines.append(first)
                    first, *others = others
                lines += [f"{' ' * indent}- {first.strip()}", *others]
            else:
                lines.append(f"{' ' * indent}- {self.flow(value, indent)}{self.behind()}")
        return lines


@st.composite
def texts(draw):
    """A definition as somebody may have written it."""
    lines = Laid(draw).mapping(draw(definitions()), 0)
    ends = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    start = draw(st.sampled_from(["", "", "\ufeff", f"# above all{ends}", f"---{ends}"]))
    return start + ends.join(lines).replace("\r\n", "\n").replace("\n", ends) + draw(st.sampled_from([ends, ends, ""]))


VALUES = st.one_of(SCALARS, st.sampled_from([{"a": 1}, ["x", "y"], [], {}, [{"a": {"b": 1}}, {"c": 2}], {"d": ["e"]}]))


@st.composite
def edits(draw):
    """A text, and what it is to hold: some places of it changed, taken out or added."""
    text = draw(texts())
    data = copy.deepcopy(read_data(text))
    for _ in range(draw(st.integers(1, 3))):
        there = places(data)
        assume(there)
        *outer, last = draw(st.sampled_from(there))
        inside = data
        for part in outer:
            inside = inside[part]
        match draw(st.sampled_from(["change", "remove", "add"])):
            case "change":
                inside[last] = copy.deepcopy(draw(VALUES))
            case "remove" if outer or last != "name":
                del inside[last]
            case _ if isinstance(inside, dict):
                inside[draw(st.sampled_from(["x", "nulls", "salt", "as"]))] = copy.deepcopy(draw(VALUES))
            case _:
                inside.insert(draw(st.integers(0, len(inside))), copy.deepcopy(draw(VALUES)))
    return text, data


def block(text: str, key: str) -> str:
    """A top-level entry as it stands in a text, without what is behind it on its last line."""
    [document] = documents_of(text, "text")
    assert isinstance(document, Fields)
    where, value = document.own[key]
    return text[where.start : max(where.end, value.end)]


@settings(max_examples=50, deadline=None)
@given(edit=edits())
def test_an_edit_reads_back_as_what_was_asked_for_and_touches_nothing_else(edit):
    text, data = edit
    before = read_data(text)
    after = changed_text(text, data)
    assert read_data(after) == data
    assert after.count("\r") == (after.count("\n") if "\r" in text else 0)
    for key, value in before.items():
        if json.dumps(data.get(key)) == json.dumps(value):
            assert block(after, key) == block(text, key)
        if key in data:
            stood = above(text, key)
            assert above(after, key)[: len(stood)] == stood


def above(text: str, key: str) -> list[str]:
    """The comments and blank lines that stand right above a top-level entry, but those below the end of a list."""
    [document] = documents_of(text, "text")
    assert isinstance(document, Fields)
    lines = text[: document.own[key][0].start].splitlines()[::-1]
    last = next((number for number, line in enumerate(lines) if line and line[0] != "#"), len(lines))
    return lines[:last] if last == 0 or not lines[last - 1].strip() or last == len(lines) else lines[: last - 1]


ANCHORED = """\
name: x
source: {table: raw_data.t}
filters:
  - &low {kind: range, column: a, min: &one 1}
  - {<<: *low, max: 5} # both
  - {kind: range, column: b, min: *one}
partitions: {start: 2024-01-01}
"""


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ((2, "min"), 7, "  - {kind: range, column: b, min: 7}\n"),
        ((1, "max"), 6, "  - {<<: *low, max: 6} # both\n"),
        ((1, "min"), 3, "  - {<<: *low, max: 5, min: 3} # both\n"),
        ((0, "column"), "c", None),
        ((0, "min"), 2, None),
    ],
)
def test_what_an_anchor_stands_for_is_changed_where_it_is_used_or_not_at_all(place, value, expected):
    data = read_data(ANCHORED)
    number, key = place
    data["filters"][number][key] = value
    if expected is not None:
        assert expected in changed_text(ANCHORED, data)
        return
    with pytest.raises(DefinitionError, match=r"filters cannot be changed there without .* edit the file by hand"):
        changed_text(ANCHORED, data)


def test_a_place_has_the_line_where_it_is_written():
    [document] = documents_of(ANCHORED, "x")
    for place, line in {
        ("filters", 1, "column"): 4,
        ("filters", 1, "max"): 5,
        ("filters", 2): 6,
        ("nulls",): 1,
    }.items():
        assert at(document, place)[1] == line
