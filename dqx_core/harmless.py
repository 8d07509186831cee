"""Text that comes from data, names and engines, made fit to be printed: nothing in it commands a terminal or a CI."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?|\x9b[0-?]*[ -/]*[@-~]"
)
_SIGNS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
"""Control signs, and those that turn the direction of writing, so that a line shows other than it is."""
_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_COMMANDS = re.compile(
    r"::(?=(?:error|warning|notice|debug|(?:end)?group|add-mask|add-path|(?:add|remove)-matcher|set-output|set-env|"
    r"save-state|set-secret|stop-commands|echo)\b)|##(?=\[|vso\[|teamcity\[)",
    re.IGNORECASE,
)
"""What GitHub, Azure and TeamCity take for an order, in a line of a log."""
_AT_START = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


def harmless(text: object, *, lines: bool = False) -> str:
    """Text in one line without control signs, escape codes and workflow commands; with `lines` its lines stay."""
    shown = _SIGNS.sub("", _ESCAPES.sub("", str(text)))
    shown = _BREAKS.sub("\n" if lines else " ", shown)
    return _AT_START.sub(r"\1: ", _COMMANDS.sub(lambda found: " ".join(found.group()), shown))
