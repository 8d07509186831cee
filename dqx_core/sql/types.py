"""The few kinds of column types that metrics tell apart."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache


class ColumnKind(StrEnum):
    """What a column holds, as far as a metric cares."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    LIST = "list"
    MAP = "map"
    UNTYPED = "untyped"
    """Nothing but nulls, of no type: what nobody gave one is when it is all null."""
    OTHER = "other"


NUMBERS = frozenset({ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.FLOAT})
ORDERED = NUMBERS | {ColumnKind.DATE, ColumnKind.TIMESTAMP}
SIZED = frozenset({ColumnKind.TEXT, ColumnKind.LIST, ColumnKind.MAP})


MOMENT_IN_NANOSECONDS = "TIMESTAMPTZ_NS"
"""DuckDB's own, which sqlglot does not know; it is compared with nothing but its like."""
_UNTYPED = re.compile(r'"?NULL"?', re.IGNORECASE)


def is_moment_in_nanoseconds(type_name: str) -> bool:
    """Whether it is the type of moments that DuckDB compares with no other timestamps."""
    return type_name.upper() == MOMENT_IN_NANOSECONDS


@lru_cache(maxsize=1024)
def kind_of(type_name: str, dialect: str) -> ColumnKind:
    """The kind of a column from its type as the engine spells it."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if _UNTYPED.fullmatch(type_name):
        return ColumnKind.UNTYPED
    if is_moment_in_nanoseconds(type_name):
        return ColumnKind.TIMESTAMP
    try:
        built = exp.DataType.build(type_name, dialect=dialect)
    except SqlglotError:
        return ColumnKind.OTHER
    base = built.this
    kinds = {
        ColumnKind.INTEGER: exp.DataType.INTEGER_TYPES - {exp.DataType.Type.BIT},
        ColumnKind.DECIMAL: {
            exp.DataType.Type.DECIMAL,
            exp.DataType.Type.BIGDECIMAL,
            exp.DataType.Type.DECIMAL128,
            exp.DataType.Type.UDECIMAL,
        },
        ColumnKind.FLOAT: {exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE},
        ColumnKind.TEXT: exp.DataType.TEXT_TYPES,
        ColumnKind.BOOLEAN: {exp.DataType.Type.BOOLEAN},
        ColumnKind.DATE: {exp.DataType.Type.DATE, exp.DataType.Type.DATE32},
        ColumnKind.TIMESTAMP: {
            exp.DataType.Type.TIMESTAMP,
            exp.DataType.Type.TIMESTAMPTZ,
            exp.DataType.Type.TIMESTAMPLTZ,
            exp.DataType.Type.TIMESTAMPNTZ,
            exp.DataType.Type.TIMESTAMP_S,
            exp.DataType.Type.TIMESTAMP_MS,
            exp.DataType.Type.TIMESTAMP_NS,
            exp.DataType.Type.DATETIME,
        },
        ColumnKind.LIST: {exp.DataType.Type.ARRAY, exp.DataType.Type.LIST},
        ColumnKind.MAP: {exp.DataType.Type.MAP},
    }
    for kind, members in kinds.items():
        if base in members:
            return kind
    return ColumnKind.OTHER


@lru_cache(maxsize=1024)
def has_zone(type_name: str, dialect: str) -> bool:
    """Whether a timestamp type is a moment in time, not a reading of some clock."""
    from sqlglot import exp

    if is_moment_in_nanoseconds(type_name):
        return True
    return exp.DataType.build(type_name, dialect=dialect).this in {
        exp.DataType.Type.TIMESTAMPTZ,
        exp.DataType.Type.TIMESTAMPLTZ,
    }


def scale_of(type_name: str) -> int:
    """How many digits a decimal type of DuckDB's has behind the point; 0 of other types."""
    found = re.fullmatch(r"DECIMAL\(\d+, ?(\d+)\)", type_name, re.IGNORECASE)
    return int(found[1]) if found else 0
