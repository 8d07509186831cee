"""A Python value as a literal of a SQL tree: the only way a user's value reaches SQL."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from dqx_core.sql.types import MOMENT_IN_NANOSECONDS, ColumnKind, is_moment_in_nanoseconds, kind_of

if TYPE_CHECKING:
    from sqlglot import exp

NANOSECONDS = dt.datetime(1677, 9, 22, tzinfo=dt.UTC), dt.datetime(2262, 4, 11, tzinfo=dt.UTC)
"""What a timestamp of nanoseconds can be compared with."""


def literal(value: object) -> exp.Expr:
    """The literal of an int, float, Decimal, str, bool, date, datetime or None; text is escaped per dialect.

    Raises:
        TypeError: SQL has no literal for it.
    """
    from sqlglot import exp

    def typed(text: str, type_name: str) -> exp.Expr:
        return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(type_name))

    match value:
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case str():
            return exp.Literal.string(value)
        case int() | Decimal():
            number = exp.Literal.number(format(abs(value), "f") if isinstance(value, Decimal) else str(abs(value)))
            return exp.Neg(this=number) if value < 0 else number
        case float():
            if not math.isfinite(value):
                return typed(repr(value), "double")
            size = exp.Cast(this=exp.Literal.number(repr(abs(value))), to=exp.DataType.build("double"))
            return exp.Neg(this=size) if value < 0 else size
        case dt.datetime():
            if value.tzinfo is None:
                return typed(value.isoformat(sep=" "), "timestamp")
            return typed(value.astimezone(dt.UTC).isoformat(sep=" "), "timestamptz")
        case dt.date():
            return typed(value.isoformat(), "date")
    raise TypeError(f"SQL has no literal for a {type(value).__name__}")


def is_nan(value: object) -> bool:
    """Whether a value is the number that is none."""
    return isinstance(value, float) and math.isnan(value)


def comparable(value: object, type_name: str) -> exp.Expr:
    """The literal of a value as what a column of the type is compared with."""
    from sqlglot import exp

    if is_moment_in_nanoseconds(type_name):
        return exp.Cast(this=literal(value), to=exp.DataType.build(MOMENT_IN_NANOSECONDS, udt=True))
    return literal(value)


def one_of(column: exp.Expr, values: Iterable[object], type_name: str, dialect: str) -> exp.Expr:
    """Whether a column of the type has one of the values: none is cast to what it is not, and no row is."""
    from sqlglot import exp

    listed = list(values)
    kind = kind_of(type_name, dialect)
    literals = [found for value in listed if (found := _of_kind(value, kind, type_name, dialect)) is not None]
    within: list[exp.Expr] = [exp.In(this=column.copy(), expressions=literals)] if literals else []
    if kind is ColumnKind.FLOAT and any(is_nan(value) for value in listed):
        within.append(exp.IsNan(this=column.copy()))  # which equals nothing on some engines
    return exp.or_(*within) if within else exp.false()


def _of_kind(value: object, kind: ColumnKind, type_name: str, dialect: str) -> exp.Expr | None:
    """The value as a literal of a column's own type; None: the column cannot hold it."""
    from sqlglot import exp

    if not isinstance(value, int | float) or isinstance(value, bool):
        return comparable(value, type_name)
    if is_nan(value):
        return None
    if kind is ColumnKind.FLOAT:  # of the column's own width: 0.1 in 32 bits is not 0.1 in 64
        try:
            text = repr(float(value))
        except OverflowError:
            return None
        return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(type_name, dialect=dialect))
    if math.isinf(value):
        return None
    number = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
    if kind is ColumnKind.INTEGER:
        bits = 64 if dialect == "bigquery" else 127
        whole = number == number.to_integral_value() and -(2**bits) // 2 <= number < 2**bits
        return literal(int(number)) if whole else None
    if number.adjusted() > 38 or int(number.as_tuple().exponent) < -38 or len(number.as_tuple().digits) > 38:
        return None
    digits = literal(Decimal(format(abs(number), "f")))
    return exp.Neg(this=digits) if number < 0 else digits
