"""Nothing that is printed commands a terminal, a CI or a reader's eye."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core.harmless import harmless

PIECES = st.sampled_from(
    ["\x1b[31m", "\x1b]0;title\x07", "\x9b1A", "\r", "\n", "\u2028", "\x85", "::error::", "::add-mask::x", "##[group]",
     "##vso[task.complete]", "\u202e", " ", "text", ":", "::", "#", "\x1b", "\x00", "\t"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join)


@given(TEXTS, st.booleans())
def test_no_control_sign_escape_code_or_workflow_command_is_left(text, lines):
    said = harmless(text, lines=lines)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", said)
    for line in said.split("\n"):
        assert not line.lstrip().startswith("::")
        assert not re.search(r"::(error|add-mask)|##\[|##vso\[", line)
    assert lines or "\n" not in said


@given(st.text(st.characters(categories=["L", "N", "Zs", "Po"], exclude_characters=":#"), max_size=30))
def test_what_commands_nothing_stays_as_it_is(text):
    assert harmless(text, lines=True) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("red \x1b[31mtext\n::notice::of a name", "red text : :notice::of a name"),
        ("CAST(x::INT)", "CAST(x::INT)"),
        ("\x1b]8;;http://a\x07link\x1b]8;;\x07", "link"),
        ("::x", ": :x"),
    ],
)
def test_the_rest_of_the_text_is_there(text, said):
    assert harmless(text) == said
