"""What a part of an expression holds, as far as the meaning of functions depends on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True)
class Kind:
    """A kind of `portable.KINDS`, "null" (of no kind yet) or "any" (nobody knows)."""

    name: str
    item: Kind | None = None
    """Of a list: what its items are."""
    fields: Mapping[str, Kind] = field(default_factory=dict, hash=False)
    """Of a struct: its fields by name, in lower case."""


_NUMBERS = ("small", "integer", "wide", "decimal", "float")
_TIMES = ("date", "clock", "moment")


def common(kinds: Sequence[Kind]) -> Kind | None:
    """The kind in which DuckDB compares or combines values of these kinds; None: there is none."""
    known = [kind for kind in kinds if kind.name != "null"]
    if not known:
        return Kind("null")
    if any(kind.name == "any" for kind in known):
        return next((kind for kind in known if kind.name != "any"), known[0])
    names = {kind.name for kind in known}
    for ladder in (_NUMBERS, _TIMES):
        if names <= set(ladder):
            return Kind(max(names, key=ladder.index))
    return known[0] if len(set(names)) == 1 else None


_INTEGERS = {
    "TINYINT": 8, "INT1": 8, "SMALLINT": 16, "INT2": 16, "SHORT": 16, "INTEGER": 32, "INT": 32, "INT4": 32,
    "SIGNED": 32, "BIGINT": 64, "INT8": 64, "LONG": 64, "HUGEINT": 128, "INT128": 128,
}  # fmt: skip
_UNSIGNED = {"UTINYINT": 8, "USMALLINT": 16, "UINTEGER": 32, "UBIGINT": 64}
_NAMED = {
    "DECIMAL": "decimal", "NUMERIC": "decimal", "DEC": "decimal", "DOUBLE": "float", "FLOAT8": "float",
    "VARCHAR": "text", "CHAR": "text", "TEXT": "text", "STRING": "text", "BPCHAR": "text",
    "BOOLEAN": "boolean", "BOOL": "boolean", "LOGICAL": "boolean", "DATE": "date", "TIMESTAMP": "clock",
    "DATETIME": "clock", "TIMESTAMPTZ": "moment", "TIMESTAMP WITH TIME ZONE": "moment", "TIME": "time",
    "INTERVAL": "interval", "BLOB": "bytes", "BYTEA": "bytes", "VARBINARY": "bytes", "BINARY": "bytes",
}  # fmt: skip


def kind_named(name: str) -> tuple[str | None, tuple[int, int] | None]:
    """The kind that DuckDB's type of that name holds, and the bounds of a whole number; None: no kind of ours."""
    if name in _INTEGERS and _INTEGERS[name] <= 64:
        half = 2 ** (_INTEGERS[name] - 1)
        return "integer", (-half, half - 1)
    if name in _UNSIGNED and _UNSIGNED[name] < 64:
        return "integer", (0, 2 ** _UNSIGNED[name] - 1)
    return _NAMED.get(name), None


@lru_cache(maxsize=1024)
def kind_of_type(type_name: str, dialect: str) -> Kind:
    """The kind of a column from its type as the engine spells it."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        return _kind(exp.DataType.build(type_name, dialect=dialect))
    except SqlglotError:
        return Kind("other")


def _kind(type_: object) -> Kind:
    from sqlglot import exp

    if isinstance(type_, exp.ColumnDef):
        return _kind(type_.args["kind"])
    assert isinstance(type_, exp.DataType)
    of = exp.DataType.Type
    base = type_.this
    match base:
        case of.ARRAY | of.LIST:
            return Kind("list", _kind(type_.expressions[0]) if type_.expressions else Kind("other"))
        case of.STRUCT:
            return Kind("struct", fields={each.name.lower(): _kind(each) for each in type_.expressions})
        case of.BOOLEAN:
            return Kind("boolean")
        case of.DATE | of.DATE32:
            return Kind("date")
        case of.TIMESTAMPTZ | of.TIMESTAMPLTZ:
            return Kind("moment")
        case of.TIMESTAMP | of.DATETIME | of.TIMESTAMPNTZ:
            return Kind("clock")
        case of.TIME:
            return Kind("time")
        case of.DOUBLE | of.FLOAT:
            return Kind("float")
        case of.DECIMAL | of.BIGDECIMAL:
            return Kind("decimal")
        case of.BINARY | of.VARBINARY | of.BLOB:
            return Kind("bytes")
    if base in exp.DataType.TEXT_TYPES:
        return Kind("text")
    return Kind("integer") if base in exp.DataType.INTEGER_TYPES and base != of.BIT else Kind("other")
