"""Casts in an engine's words: rounded as DuckDB rounds, within the bounds of the type that is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dqx_core.sql import duck
from dqx_core.sql.comparing import literal_as
from dqx_core.sql.kinds import Kind, kind_named
from dqx_core.sql.literals import literal
from dqx_core.sql.portable import INSTEAD, TABLE
from dqx_core.sql.said import OF_64_BITS, Said, exactly, literal_of

if TYPE_CHECKING:
    from dqx_core.sql.duck import Node
    from dqx_core.sql.spoken import Speaker


def cast_as_written(speaker: Speaker, node: Node) -> Said:
    said, type_ = speaker.say(node["child"]), node["type_expr"]
    name, tried = type_.get("type_name", "").upper(), bool(node.get("try_cast"))
    numbers = [int(child["literal"]["text"]) for child in type_.get("children", ()) if "literal" in child]
    shown = f"{name}({', '.join(map(str, numbers))})" if numbers else name
    kind, bounds = kind_named(name)
    if kind is None:
        raise speaker.no(f"a cast to {shown}")
    if said.kind.name == "text" and said.is_literal and kind != "text":
        if kind in ("interval", "bytes"):
            return Said(literal(said.value), Kind(kind), said.value)
        made = literal_as(speaker, said, Kind("integer" if bounds else kind), f"a cast to {shown}")
        return exactly(speaker.engine, duck.value_of(said.value, shown)) if kind == "decimal" else made
    if kind == "decimal":
        precision, scale = [*numbers, 18, 3][: 2 if not numbers else None][:2] if len(numbers) != 1 else (numbers[0], 0)
        return _decimal(speaker, said, precision, scale, tried)
    made = cast(speaker, said, kind, tried, shown)
    if bounds is None or made.kind.name not in ("integer", "wide", "decimal"):
        return made
    return _bounded(speaker, made, bounds, shown, tried, said.kind.name)


def cast(speaker: Speaker, said: Said, kind: str, tried: bool = False, shown: str = "") -> Said:
    if said.kind.name == "null":
        return said
    if said.kind.name == "any":
        raise speaker.no(f"a cast of a column of unknown type to {shown or kind}")
    for row in TABLE.get(f"cast {kind}", ()):
        if said.kind.name in row.takes.split("/"):
            return Said(speaker.words(row.words[speaker.engine], said), speaker.given(row, [said]))
    word = "TRY_CAST" if tried else "a cast"
    raise speaker.no(f"{word} of {said.kind.name} to {shown or kind}", instead=INSTEAD.get(f"cast {kind}"))


def _bounded(speaker: Speaker, said: Said, bounds: tuple[int, int], shown: str, tried: bool, source: str) -> Said:
    """Within the bounds of the type, or an error; null where the cast is only tried."""
    kind, cast = Kind("integer"), "SAFE_CAST" if tried else "CAST"
    whole = speaker.words(f"{cast}(_1 AS INT64)", said) if source in ("float", "wide", "decimal") else said.tree
    if bounds == OF_64_BITS:
        return Said(whole, kind)
    low, high = (Said(literal(bound), kind) for bound in bounds)
    if tried:
        return Said(speaker.words("IF(_1 BETWEEN _2 AND _3, _1, NULL)", Said(whole, kind), low, high), kind)
    fault = Said(literal(f"a value is out of range for {shown}"), Kind("text"))
    words = "IF(_1 IS NULL OR _1 BETWEEN _2 AND _3, _1, ERROR(_4))"
    return Said(speaker.words(words, Said(whole, kind), low, high, fault), kind)


def _decimal(speaker: Speaker, said: Said, precision: int, scale: int, tried: bool) -> Said:
    if scale > 9 or precision - scale > 29:
        raise speaker.no(f"a cast to DECIMAL({precision}, {scale})", instead="at most DECIMAL(38, 9)")
    if said.kind.name == "float":
        # As DuckDB does it: the double times a power of ten, rounded.
        power = Said(literal_of(10.0**scale), Kind("float"))
        whole = speaker.words("CAST(ROUND(_1 * _2) AS BIGNUMERIC) / CAST(_2 AS BIGNUMERIC)", said, power)
        if tried:
            whole = speaker.words("SAFE_CAST(ROUND(_1 * _2) AS BIGNUMERIC) / CAST(_2 AS BIGNUMERIC)", said, power)
    else:
        exact = cast(speaker, said, "decimal", tried)
        whole = speaker.words("ROUND(_1, _2)", exact, Said(literal(scale), Kind("small")))
    kind, bound = Kind("decimal"), literal(10 ** (precision - scale))
    otherwise = "NULL" if tried else "ERROR(_3)"
    fault = Said(literal(f"a value is out of range for DECIMAL({precision}, {scale})"), Kind("text"))
    words = f"IF(_1 IS NULL OR ABS(_1) < _2, _1, {otherwise})"
    return Said(speaker.words(words, Said(whole, kind), Said(bound, kind), fault), kind)
