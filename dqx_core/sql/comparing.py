"""Comparisons in an engine's words: in one kind, as DuckDB compares, with NaN equal to itself and above all else."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

from dqx_core.sql import duck
from dqx_core.sql.kinds import Kind, common
from dqx_core.sql.literals import literal
from dqx_core.sql.portable import WIDENED
from dqx_core.sql.said import NotSaidError, Said, exactly, is_finite, literal_of, whole, wrapped

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.spoken import Speaker

_COMPARED = {
    "EQUAL": "_1 = _2",
    "NOTEQUAL": "_1 <> _2",
    "LESSTHAN": "_1 < _2",
    "LESSTHANOREQUALTO": "_1 <= _2",
    "GREATERTHAN": "_1 > _2",
    "GREATERTHANOREQUALTO": "_1 >= _2",
    "DISTINCT_FROM": "_1 IS DISTINCT FROM _2",
    "NOT_DISTINCT_FROM": "_1 IS NOT DISTINCT FROM _2",
}
_TURNED = {
    **{name: name for name in _COMPARED},
    "LESSTHAN": "GREATERTHAN",
    "LESSTHANOREQUALTO": "GREATERTHANOREQUALTO",
    "GREATERTHAN": "LESSTHAN",
    "GREATERTHANOREQUALTO": "LESSTHANOREQUALTO",
}
_DUCK = {
    "small": "BIGINT", "integer": "BIGINT", "wide": "HUGEINT", "decimal": "DECIMAL(38, 9)", "float": "DOUBLE",
    "boolean": "BOOLEAN", "date": "DATE", "clock": "TIMESTAMP", "moment": "TIMESTAMPTZ",
}  # fmt: skip


def compared(speaker: Speaker, how: str, left: Said, right: Said) -> Said:
    """The comparison that DuckDB calls so, of two parts."""
    a, b = alike(speaker, (left, right), "a comparison")
    if a.kind.name in ("list", "struct", "other", "bytes"):
        raise speaker.no(f"a comparison of a {a.kind.name}")
    nan = a.kind.name == "float" and not (is_finite(a) and is_finite(b))
    return Said(_nan_aware(speaker, how, a, b) if nan else speaker.words(_COMPARED[how], a, b), Kind("boolean"))


def _nan_aware(speaker: Speaker, how: str, a: Said, b: Said) -> exp.Expr:
    """DuckDB has NaN equal to itself and above all else; elsewhere each comparison with it is false."""
    if is_finite(b):
        upward = how in ("GREATERTHAN", "GREATERTHANOREQUALTO")
        return speaker.words(f"({_COMPARED[how]} OR IS_NAN(_1))" if upward else _COMPARED[how], a, b)
    if is_finite(a):
        return _nan_aware(speaker, _TURNED[how], b, a)
    if "DISTINCT" in how:
        return speaker.words(_COMPARED[how], a, b)
    flags = _COMPARED[how].replace("_1", "IS_NAN(_1)").replace("_2", "IS_NAN(_2)")
    return speaker.words(f"IF(IS_NAN(_1) OR IS_NAN(_2), {flags}, {_COMPARED[how]})", a, b)


def is_in(speaker: Speaker, value: Said, among: Sequence[Said]) -> Said:
    """Whether the value is one of those."""
    value, *items = alike(speaker, (value, *among), "IN")
    if value.kind.name == "float" and not all(map(is_finite, items)):
        return joined("OR", [compared(speaker, "EQUAL", value, item) for item in items])
    if value.kind.name in ("list", "struct", "other", "bytes"):
        raise speaker.no(f"IN of a {value.kind.name}")
    places = ", ".join(f"_{i + 2}" for i in range(len(items)))
    return Said(speaker.words(f"_1 IN ({places})", value, *items), Kind("boolean"))


def alike(speaker: Speaker, parts: Sequence[Said], what: str) -> list[Said]:
    """The parts as values of the one kind that DuckDB compares them in."""
    kinds = [part.kind for part in parts if not (part.kind.name == "text" and part.is_literal)]
    kind = common(kinds) if kinds else Kind("text")
    if kind is None:
        said = " with ".join(dict.fromkeys(part.kind.name for part in parts))
        raise speaker.no(f"{what} of {said}", instead="a CAST of one of them")
    return [widened(speaker, part, kind, what) for part in parts]


def widened(speaker: Speaker, said: Said, kind: Kind, what: str) -> Said:
    """The value as one of another kind, as DuckDB makes it one unasked."""
    if said.kind == kind or "any" in (said.kind.name, kind.name) or said.kind.name == "null":
        return said
    if said.kind.name == "text" and said.is_literal:
        return literal_as(speaker, said, kind, what)
    words = WIDENED.get((said.kind.name, kind.name))
    if words is None:
        raise speaker.no(f"{what} of {said.kind.name} with {kind.name}", instead="a CAST of one of them")
    if said.is_literal and kind.name in ("integer", "wide", "decimal"):
        return Said(said.tree, kind, said.value)
    if said.is_literal and kind.name == "float" and len(Decimal(said.value).as_tuple().digits) <= 15:
        return Said(literal_of(said.value), kind, said.value)
    return Said(speaker.words(words, said), kind)


def literal_as(speaker: Speaker, said: Said, kind: Kind, what: str) -> Said:
    name = kind.name
    if name not in _DUCK:
        raise speaker.no(f"{what} of text with {name}", instead="a CAST of one of them")
    value = duck.value_of(said.value, _DUCK[name])
    if name in ("small", "integer", "wide"):
        return Said(whole(value).tree, kind, value)
    if name == "decimal":
        return exactly(speaker.engine, value)
    if isinstance(value, str):
        raise NotSaidError(f"compares with {said.value!r}, which Python has no date or time for.")
    return Said(literal(value), kind, value)


def joined(word: str, parts: Sequence[Said]) -> Said:
    """The parts with AND or OR in between."""
    from sqlglot import exp

    join = exp.And if word == "AND" else exp.Or
    trees = [wrapped(part.tree, exp.Connector) for part in parts]
    whole: exp.Expr = reduce(lambda a, b: join(this=a, expression=b), trees)
    return Said(exp.Paren(this=whole), Kind("boolean"))
