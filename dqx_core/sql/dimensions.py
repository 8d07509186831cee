"""Values of dimensions: text in a key, compared with a column by value and not by how an engine spells it."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dqx_core.errors import DefinitionError
from dqx_core.sql.literals import comparable, literal
from dqx_core.sql.rows import column_of
from dqx_core.sql.types import ColumnKind, has_zone, kind_of

if TYPE_CHECKING:
    from sqlglot import exp

_AS_TEXT = frozenset({ColumnKind.TEXT, ColumnKind.BOOLEAN, ColumnKind.INTEGER, ColumnKind.DATE})
"""What every engine spells alike."""
_BY_VALUE = frozenset({ColumnKind.DECIMAL, ColumnKind.FLOAT, ColumnKind.TIMESTAMP})
_ALSO_TEXT = re.compile(r'ENUM\(.*|UUID|"?NULL"?', re.IGNORECASE | re.DOTALL)


def can_be_said(type_name: str, dialect: str) -> bool:
    """Whether a text names one value of the type, and the same on every engine."""
    return kind_of(type_name, dialect) in _AS_TEXT | _BY_VALUE or _ALSO_TEXT.fullmatch(type_name) is not None


@lru_cache(maxsize=4096)
def canonical(tag: str, text: str, type_name: str, dialect: str, timezone: str) -> str:
    """The text that stands for a dimension's value, the same for all spellings of it.

    Raises:
        DefinitionError: The text is not a value of the type.
    """
    kind = kind_of(type_name, dialect)
    read = _READERS.get(kind)
    try:
        if kind is ColumnKind.TIMESTAMP:
            return _moment(text, has_zone(type_name, dialect), timezone).isoformat(sep=" ")
        return text if read is None else read(text)
    except (ValueError, InvalidOperation, OverflowError):
        raise DefinitionError(
            f"Tag {tag}={text!r} cannot be found in a column of type {type_name}: it is not such a value."
        ) from None


def _boolean(text: str) -> str:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower()


def _integer(text: str) -> str:
    number = Decimal(text)
    if number != number.to_integral_value():
        raise ValueError(text)
    return str(int(number))


def _date(text: str) -> str:
    moment = dt.datetime.fromisoformat(text)
    if moment.time() != dt.time():
        raise ValueError(text)
    return moment.date().isoformat()


def _decimal(text: str) -> str:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


def _float(text: str) -> str:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return repr(number + 0.0)


_READERS: dict[ColumnKind, Callable[[str], str]] = {
    ColumnKind.BOOLEAN: _boolean,
    ColumnKind.INTEGER: _integer,
    ColumnKind.DATE: _date,
    ColumnKind.DECIMAL: _decimal,
    ColumnKind.FLOAT: _float,
}


def _moment(text: str, zoned: bool, timezone: str) -> dt.datetime:
    """A moment, or a reading of the source's clocks, as the column holds it."""
    if re.search(r"\.\d{7,}", text):
        raise ValueError(text)
    found = dt.datetime.fromisoformat(text)
    if zoned:
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))).astimezone(dt.UTC)
    return found.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) if found.tzinfo else found


_FEW = 64
"""So many values are looked for one by one; of more, a row is first held against all of them."""


def told(column: str, values: tuple[str, ...], type_name: str, dialect: str, *, only: bool) -> exp.Expr:
    """The canonical text of the column's value, of the given ones; of all others null, or what is cheaper.

    Args:
        column: The dimension's column.
        values: The canonical texts that are asked for.
        type_name: Its type.
        dialect: Of the engine.
        only: Whether no rows but those of the values are read.
    """
    from sqlglot import exp

    plain = kind_of(type_name, dialect) not in _BY_VALUE
    text = exp.Cast(this=column_of(column), to=exp.DataType.build("text"))
    if plain and only:
        return text
    if plain and len(values) > _FEW:  # of a million values those that are asked for, not a group of each
        one_of = text.isin(*[literal(value) for value in values])
        return exp.Case(ifs=[exp.If(this=one_of, true=text.copy())])
    return exp.Case(
        ifs=[
            exp.If(
                this=exp.EQ(this=text.copy(), expression=literal(value))
                if plain
                else exp.EQ(this=column_of(column), expression=_literal(value, type_name, dialect)),
                true=exp.Literal.string(value),
            )
            for value in values
        ]
    )


def is_one_of(column: str, values: tuple[str, ...], type_name: str, dialect: str) -> exp.Expr:
    """Whether the column's value is one of those that canonical texts stand for."""
    from sqlglot import exp

    if kind_of(type_name, dialect) not in _BY_VALUE:
        text = exp.Cast(this=column_of(column), to=exp.DataType.build("text"))
        return text.isin(*[literal(value) for value in values])
    return column_of(column).isin(*[_literal(value, type_name, dialect) for value in values])


def _literal(value: str, type_name: str, dialect: str) -> exp.Expr:
    from sqlglot import exp

    match kind_of(type_name, dialect):
        case ColumnKind.DECIMAL:
            return literal(Decimal(value))
        case ColumnKind.FLOAT:  # of the column's own width: 0.1 in 32 bits is not 0.1 in 64
            return exp.Cast(this=exp.Literal.string(value), to=exp.DataType.build(type_name, dialect=dialect))
    return comparable(dt.datetime.fromisoformat(value), type_name)
