"""Patterns: RE2 is their grammar, on DuckDB as on BigQuery, and RE2 itself judges them."""

from __future__ import annotations

import re
from functools import lru_cache

from dqx_core.sql import duck

_SIGN = r"(?<!\\)(?:\\\\)*"
"""Before a sign that no backslash takes the meaning of."""

_HINTS = (
    (r"\(\?<?[=!]", "RE2 has no look-around, to match in linear time. Write what the text must be, or use `where`"),
    (r"\\[1-9]|\(\?P=", "RE2 has no references to groups"),
    (r"\(\?>|[*+?}]\+", "RE2 has no atomic groups and no possessive repeats. Leave the + out"),
    (r"\(\?#", "RE2 has no comments in a pattern. Leave it out"),
    (r"\(\?[a-zA-Z]*x", "RE2 has no free spacing. Leave the blanks out"),
    (r"\\u[0-9A-Fa-f]{4}", r"write a character by its number as \x{0041}"),
    (r"\\Z", r"the end of the text is \z"),
    (r"\\[hHRXNK]", "RE2 has no such class. Write its characters in [ ]"),
    (r"\\e", r"the escape sign is \x1b"),
)


@lru_cache(maxsize=4096)
def fault(pattern: str) -> str | None:
    """Why a pattern cannot be used, with a hint; None: it can.

    What RE2 takes but reads as other text than everybody means is a fault, too.
    """
    if found := _without_least(pattern):
        return f"it reads {found} as that very text. Write {{0{found[1:]}."
    # By itself, lest its brackets and ours make pairs.
    reason = duck.pattern_error(named_groups(pattern)) or duck.pattern_error(whole(pattern))
    if reason is None:
        return None
    hint = next((hint for sign, hint in _HINTS if re.search(_SIGN + f"(?:{sign})", pattern)), None)
    return f"{reason}. Hint: {hint}." if hint else f"{reason}."


def _without_least(pattern: str) -> str | None:
    """A `{,3}` outside classes and quoted text."""
    plain = re.sub(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", "", pattern, flags=re.DOTALL)
    found = re.search(r"\{,\d+\}", plain)
    return found[0] if found else None


def named_groups(pattern: str) -> str:
    """The pattern with its groups named as every version of RE2 takes it: `(?P<name>…)`."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\(\?<([A-Za-z_]\w*)>", r"\1(?P<\2>", pattern)


def whole(pattern: str) -> str:
    """The pattern of all of a text."""
    # What \\Q begins ends here, lest it quote the bracket.
    end = r"\E" if _is_quoting(pattern) else ""
    return rf"\A(?:{named_groups(pattern)}{end})\z"


def _is_quoting(pattern: str) -> bool:
    quoting, place = False, 0
    while place < len(pattern) - 1:
        if pattern[place] != "\\":
            place += 1
            continue
        follower = pattern[place + 1]
        if quoting:
            quoting = follower != "E"
            place += 1 if quoting else 2
        else:
            quoting = follower == "Q"
            place += 2
    return quoting
