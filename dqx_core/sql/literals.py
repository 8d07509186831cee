"""A Python value as a literal of a SQL tree: the only way a user's value reaches SQL."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING

from dqx_core.sql.types import MOMENT_IN_NANOSECONDS, is_moment_in_nanoseconds

if TYPE_CHECKING:
    from sqlglot import exp


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
            number = exp.Literal.number(str(abs(value)))
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


def comparable(value: object, type_name: str) -> exp.Expr:
    """The literal of a value as what a column of the type is compared with."""
    from sqlglot import exp

    if is_moment_in_nanoseconds(type_name):
        return exp.Cast(this=literal(value), to=exp.DataType.build(MOMENT_IN_NANOSECONDS, udt=True))
    return literal(value)
