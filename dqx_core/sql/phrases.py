"""What takes more than a row of the table: words that depend on literals, and functions of any number of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dqx_core.sql import duck
from dqx_core.sql.casting import cast
from dqx_core.sql.comparing import alike, compared
from dqx_core.sql.kinds import Kind, common
from dqx_core.sql.literals import literal
from dqx_core.sql.patterns import fault, named_groups
from dqx_core.sql.patterns import whole as all_of
from dqx_core.sql.portable import TABLE
from dqx_core.sql.said import Said

if TYPE_CHECKING:
    from dqx_core.sql.duck import Node
    from dqx_core.sql.spoken import Speaker

_FORMATS = {
    "Y": "%E4Y", "m": "%m", "d": "%d", "H": "%H", "M": "%M", "S": "%S", "y": "%y", "j": "%j", "b": "%b", "B": "%B",
    "a": "%a", "A": "%A", "%": "%%", "I": "%I", "p": "%p", "V": "%V", "G": "%G", "u": "%u", "w": "%w",
    "W": "%W", "U": "%U",
}  # fmt: skip
"""The signs of strftime that say the same everywhere."""


def _text(value: str, said: Said) -> Said:
    return Said(literal(value), said.kind, value)


def _pattern(said: Said) -> Said | None:
    if said.kind.name != "text" or fault(said.value) is not None:
        return None
    return _text(named_groups(said.value), said)


def _like(said: Said) -> Said | None:
    """A pattern of LIKE: on DuckDB a backslash is a sign like any other."""
    return _text(said.value.replace("\\", "\\\\"), said) if said.kind.name == "text" else None


def _format(said: Said) -> Said | None:
    if said.kind.name != "text" or not re.fullmatch(r"(?:[^%]|%.)*", said.value, re.DOTALL):
        return None
    signs = re.findall(r"%(.)", said.value, re.DOTALL)
    if not set(signs) <= _FORMATS.keys():
        return None
    return _text(re.sub(r"%(.)", lambda found: _FORMATS[found[1]], said.value), said)


def _number(holds: Callable[[int], bool]) -> Callable[[Said], Said | None]:
    def taken(said: Said) -> Said | None:
        whole = isinstance(said.value, int) and not isinstance(said.value, bool)
        return said if whole and abs(said.value) < 2**31 and holds(said.value) else None

    return taken


LITERALS: Mapping[str, Callable[[Said], Said | None]] = {
    "text!": lambda said: said if said.kind.name == "text" and said.value else None,
    "pattern": _pattern,
    "like": _like,
    "format": _format,
    "0": _number(lambda n: n == 0),
    "n>0": _number(lambda n: n > 0),
    "n>1": _number(lambda n: n > 1),
    "n<0": _number(lambda n: n < 0),
    "n>=0": _number(lambda n: n >= 0),
}
"""What a row asks of a literal, and the literal in the words of the engine."""


def _said(speaker: Speaker, words: str, kind: Kind | str, *parts: Said) -> Said:
    return Said(speaker.words(words, *parts), kind if isinstance(kind, Kind) else Kind(kind))


def _places(count: int, each: str = "_{}") -> str:
    return ", ".join(each.format(i + 1) for i in range(count))


def _most(name: str, how: str) -> Callable[[Speaker, Sequence[Node]], Said]:
    """GREATEST and LEAST of those that are not null; NaN is above all else."""

    def said(speaker: Speaker, arguments: Sequence[Node]) -> Said:
        parts = alike(speaker, [speaker.say(each) for each in arguments if not _is_null(each)], name)
        kind = common([part.kind for part in parts])
        if kind is None or kind.name in ("any", "list", "struct", "other", "bytes"):
            raise speaker.no(name, " of columns of unknown type")

        def one(a: Said, b: Said) -> Said:
            chosen = compared(speaker, how, a, b)
            return _said(speaker, "CASE WHEN _3 IS NULL THEN _4 WHEN _4 IS NULL THEN _3 WHEN _1 THEN _3 ELSE _4 END",
                         kind, chosen, chosen, a, b)  # fmt: skip

        if len(parts) > 3:
            raise speaker.no(name, " of more than three values", "two calls")
        whole = parts[0]
        for part in parts[1:]:
            whole = one(whole, part)
        return whole

    return said


def _is_null(node: Node) -> bool:
    return bool(node["class"] == "CONSTANT" and node["literal"]["kind"] == "NULL_LITERAL")


def _nullif(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    a, b = (speaker.say(each) for each in arguments)
    same = compared(speaker, "EQUAL", a, b)
    return _said(speaker, "IF(_1, NULL, _2)", a.kind, same, a)


def _if(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    when, then, otherwise = arguments
    return speaker.say(
        {"class": "CASE", "case_checks": [{"when_expr": when, "then_expr": then}], "else_expr": otherwise}
    )


def _concat(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    parts = [_as_text(speaker, each, "concat") for each in arguments]
    places = _places(len(parts), "COALESCE(_{}, '')")
    return _said(speaker, f"CONCAT({places})", "text", *parts)


def _concat_ws(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    between, *parts = [_as_text(speaker, each, "concat_ws") for each in arguments]
    if not between.is_literal:
        raise speaker.no("concat_ws", " with a column in between")
    items = ", ".join(f"_{i + 2}" for i in range(len(parts)))
    return _said(speaker, f"ARRAY_TO_STRING([{items}], _1)", "text", between, *parts)


def _as_text(speaker: Speaker, node: Node, name: str) -> Said:
    said = speaker.say(node)
    if said.kind.name == "null":
        return _said(speaker, "CAST(NULL AS STRING)", "text")
    if said.kind.name not in ("text", "any"):
        raise speaker.no(name, f" of {said.kind.name}", "a CAST to VARCHAR")
    return said


def _like_escape(ignoring_case: bool, negated: bool) -> Callable[[Speaker, Sequence[Node]], Said]:
    def said(speaker: Speaker, arguments: Sequence[Node]) -> Said:
        text, pattern, *escape = (speaker.say(each) for each in arguments)
        if text.kind.name not in ("text", "any") or any(not each.is_literal for each in (pattern, *escape)):
            raise speaker.no("LIKE", " with a pattern that is not written out")
        sign = escape[0].value if escape else ""
        if ignoring_case:
            (lower,) = TABLE["lower"]
            text = _said(speaker, lower.words[speaker.engine], "text", text)
            # Letter by letter, as DuckDB: what Python makes of some in their place is another thing.
            pattern = _text(duck.lowered(pattern.value), pattern)
        written = _text(_escaped(speaker, pattern.value, sign), pattern)
        return _said(speaker, "NOT (_1 LIKE _2)" if negated else "_1 LIKE _2", "boolean", text, written)

    return said


def _escaped(speaker: Speaker, pattern: str, sign: str) -> str:
    made, signs = "", iter(pattern)
    for each in signs:
        if sign and each == sign:
            follower = next(signs, None)
            if follower is None:
                raise speaker.no("LIKE", " with a pattern that ends in its escape sign", "the escape sign twice")
            made += f"\\{follower}" if follower in "%_\\" else follower
        else:
            made += "\\\\" if each == "\\" else each
    return made


def _matched(whole: bool) -> Callable[[Speaker, Sequence[Node]], Said]:
    """`regexp_matches` and `regexp_full_match`, with options."""

    def said(speaker: Speaker, arguments: Sequence[Node]) -> Said:
        name = "regexp_full_match" if whole else "regexp_matches"
        text, pattern, *options = (speaker.say(each) for each in arguments)
        found = _with_options(speaker, name, pattern, options)
        if text.kind.name not in ("text", "any"):
            raise speaker.no(name, f" of {text.kind.name}")
        return _said(speaker, "REGEXP_CONTAINS(_1, _2)", "boolean", text,
                     _text(all_of(found) if whole else found, pattern))  # fmt: skip

    return said


def _with_options(speaker: Speaker, name: str, pattern: Said, options: Sequence[Said]) -> str:
    if any(not each.is_literal or each.kind.name != "text" for each in (pattern, *options)):
        raise speaker.no(name, " with a pattern that is not written out")
    if reason := fault(pattern.value):
        raise speaker.no(name, f" with the pattern {pattern.value!r} ({reason})")
    flags = {flag for each in options for flag in each.value} - {"c", "g"}
    if not flags <= {"i", "s"}:
        raise speaker.no(name, f" with the options {''.join(sorted(flags))}", "(?i) in the pattern")
    return "".join(f"(?{flag})" for flag in sorted(flags)) + named_groups(pattern.value)


def _extract(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    text, pattern, *more = (speaker.say(each) for each in arguments)
    group = more[0].value if more else 0
    if len(more) > 1 or text.kind.name not in ("text", "any"):
        raise speaker.no("regexp_extract", " with options")
    found = _only_group(_with_options(speaker, "regexp_extract", pattern, ()), group)
    if found is None:
        raise speaker.no("regexp_extract", f" of group {group!r}")
    words = "IF(_1 IS NULL, NULL, COALESCE(REGEXP_EXTRACT(_1, _2), ''))"
    return _said(speaker, words, "text", text, _text(found, pattern))


def _only_group(pattern: str, wanted: object) -> str | None:
    """The pattern with one group only: the wanted one, or all of it; None: there is no such group."""
    if not isinstance(wanted, int) or "\\Q" in pattern:
        return None
    count, made, inside, place = 0, "", False, 0
    while place < len(pattern):
        each = pattern[place]
        if each == "\\":
            made, place = made + pattern[place : place + 2], place + 2
            continue
        if inside:
            inside = each != "]"
        elif each == "[":
            inside = True
            # A bracket that comes first is one of the signs.
            end = re.match(r"\[\^?\]?", pattern[place:])
            assert end is not None
            made, place = made + end[0], place + end.end()
            continue
        elif each == "(" and (named := re.match(r"\((?:\?P<\w+>|(?!\?))", pattern[place:])):
            count += 1
            made, place = made + ("(" if count == wanted else "(?:"), place + named.end()
            continue
        made, place = made + each, place + 1
    if wanted == 0:
        return f"({made})"
    return made if wanted <= count else None


def _replaced(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    text, pattern, by, *options = (speaker.say(each) for each in arguments)
    if not (options and options[0].is_literal and "g" in str(options[0].value)):
        raise speaker.no("regexp_replace", " of the first match only")
    found = _with_options(speaker, "regexp_replace", pattern, options)
    if text.kind.name not in ("text", "any") or not by.is_literal:
        raise speaker.no("regexp_replace", " with a replacement that is not written out")
    return _said(speaker, "REGEXP_REPLACE(_1, _2, _3)", "text", text, _text(found, pattern), by)


def _added(sign: str) -> Callable[[Speaker, Sequence[Node]], Said]:
    """Plus and minus; an interval is not a value, but an amount of one part."""

    def said(speaker: Speaker, arguments: Sequence[Node]) -> Said:
        amounts = [interval(speaker, each) for each in arguments]
        if not any(amounts):
            return speaker.found(sign, [speaker.say(each) for each in arguments])
        if len(arguments) != 2 or all(amounts) or (amounts[0] and sign == "-"):
            raise speaker.no("an interval by itself", instead="date_diff('day', a, b)")
        amount, other = (amounts[1], arguments[0]) if amounts[1] else (amounts[0], arguments[1])
        assert amount is not None
        part, count = amount
        return speaker.found(f"{sign} {part}", [speaker.say(other), count])

    return said


_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def interval(speaker: Speaker, node: Node) -> tuple[str, Said] | None:
    """The part and the amount of an interval of one part; None: it is not an interval.

    Raises:
        NotSaidError: It is one of several parts.
    """
    name = node.get("function_name", "")
    if name.startswith("to_") and name[3:-1] in _UNITS and name.endswith("s"):
        inner = node["arguments"][0]["expression"]
        while inner["class"] == "CAST" or inner.get("function_name") == "trunc":
            inner = inner["child"] if inner["class"] == "CAST" else inner["arguments"][0]["expression"]
        said = speaker.say(inner)
        value = said.value if said.is_literal else None
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return name[3:-1], Said(literal(value), Kind("small"), value)
        raise speaker.no("an interval that is not written out", instead="INTERVAL 1 DAY")
    if node["class"] == "CAST" and node["type_expr"].get("type_name", "").upper() == "INTERVAL":
        text = node["child"].get("literal", {}).get("text", "")
        if found := re.fullmatch(r"\s*(-?\d{1,9})\s*([A-Za-z]+?)s?\s*", text):
            unit = found[2].lower()
            if unit in _UNITS:
                return unit, Said(literal(int(found[1])), Kind("small"), int(found[1]))
        raise speaker.no("an interval of several parts", instead="INTERVAL 1 DAY")
    return None


def _contains(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    # A null among the items is not looked for: IN would give null where DuckDB's list_contains gives false.
    items = arguments[0]
    known = [each for each in items.get("arguments", ()) if not _is_null(each["expression"])]
    return speaker.in_list({**items, "arguments": known}, speaker.say(arguments[1]))


def _joined_texts(speaker: Speaker, arguments: Sequence[Node]) -> Said:
    """`||`: numbers become text where one side is text; null stays null."""
    parts = [speaker.say(each) for each in arguments]
    if any(part.kind.name == "text" for part in parts):
        parts = [part if part.kind.name in ("text", "any", "null") else cast(speaker, part, "text") for part in parts]
    return speaker.found("||", parts)


def _length(name: str) -> Callable[[Speaker, Sequence[Node]], Said]:
    def said(speaker: Speaker, arguments: Sequence[Node]) -> Said:
        inner = arguments[0]
        if inner.get("function_name") in ("list", "array_agg") and not (inner.get("distinct") or inner.get("filter")):
            # The list itself has an order that nobody knows, its length has none.
            return _said(speaker, "NULLIF(COUNT(*), 0)", "integer")
        return speaker.found(name, [speaker.say(each) for each in arguments])

    return said


PHRASES: Mapping[str, Callable[[Speaker, Sequence[Node]], Said]] = {
    "greatest": _most("greatest", "GREATERTHANOREQUALTO"),
    "least": _most("least", "LESSTHANOREQUALTO"),
    "nullif": _nullif,
    "if": _if,
    "concat": _concat,
    "concat_ws": _concat_ws,
    "like_escape": _like_escape(False, False),
    "not_like_escape": _like_escape(False, True),
    "~~*": _like_escape(True, False),
    "!~~*": _like_escape(True, True),
    "ilike_escape": _like_escape(True, False),
    "not_ilike_escape": _like_escape(True, True),
    "regexp_matches": _matched(False),
    "regexp_full_match": _matched(True),
    "regexp_extract": _extract,
    "regexp_replace": _replaced,
    "||": _joined_texts,
    "len": _length("len"),
    "length": _length("length"),
    "+": _added("+"),
    "-": _added("-"),
    "list_contains": _contains,
    "list_has": _contains,
    "array_contains": _contains,
}
