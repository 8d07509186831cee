"""One name for each type, whichever engine spells it, and the literal a person's value is in it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

from dqx_core.datasets.values import MOST, in_utc, shortened
from dqx_core.sql.literals import NANOSECONDS, comparable, literal
from dqx_core.sql.types import MOMENT_IN_NANOSECONDS, is_moment_in_nanoseconds

if TYPE_CHECKING:
    from sqlglot import exp

EXACT = frozenset({"INT64", "NUMERIC", "BIGNUMERIC"})
NUMERIC = EXACT | {"FLOAT64"}
TIMES = frozenset({"DATE", "DATETIME", "TIMESTAMP", MOMENT_IN_NANOSECONDS})
KEYS = frozenset({"STRING", "INT64", "DATE", "BYTES"})
"""Types whose text is the same on every engine, so that a hash of it is."""

MONEY = "DECIMAL(38, 9)"
"""BigQuery's NUMERIC, written out: a bare NUMERIC is DECIMAL(18, 3) on DuckDB."""


@lru_cache(maxsize=1024)
def normal_type(spelled: str, dialect: str) -> str:
    """A type as GoogleSQL names it: BigQuery's INTEGER and DuckDB's BIGINT are both INT64.

    DuckDB's TIMESTAMP is a DATETIME (a wall clock), its TIMESTAMP WITH TIME ZONE a TIMESTAMP (an instant).
    """
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        built = exp.DataType.build(spelled, dialect=dialect)
    except SqlglotError:
        return spelled
    kind = exp.DataType.Type
    base = built.this
    names: dict[str, set[exp.DType]] = {
        "INT64": {*exp.DataType.INTEGER_TYPES}
        - {kind.BIT, kind.INT128, kind.INT256, kind.UINT128, kind.UINT256, kind.UBIGINT},
        "BIGNUMERIC": {kind.INT128, kind.UINT128, kind.BIGDECIMAL},
        "NUMERIC": {kind.UBIGINT},
        "FLOAT64": {kind.FLOAT, kind.DOUBLE},
        "BOOL": {kind.BOOLEAN},
        "STRING": {*exp.DataType.TEXT_TYPES, kind.UUID, kind.ENUM},
        "BYTES": {kind.BINARY, kind.VARBINARY, kind.BLOB},
        "DATE": {kind.DATE, kind.DATE32},
        "DATETIME": {
            kind.TIMESTAMP, kind.TIMESTAMPNTZ, kind.TIMESTAMP_S, kind.TIMESTAMP_MS, kind.TIMESTAMP_NS,
            kind.DATETIME, kind.DATETIME2, kind.DATETIME64,
        },
        "TIMESTAMP": {kind.TIMESTAMPTZ, kind.TIMESTAMPLTZ},
    }  # fmt: skip
    if base == kind.DECIMAL:
        precision, scale = ([int(p.name) for p in built.expressions] + [38, 9][len(built.expressions) :])[:2]
        return "NUMERIC" if precision - scale <= 29 and scale <= 9 else "BIGNUMERIC"
    return next((name for name, members in names.items() if base in members), built.sql("bigquery"))


def literal_of(value: object, type_name: str) -> exp.Expr:
    """A person's value as a literal of a column's type.

    Raises:
        ValueError: It is not a value of that type; the message says what one looks like.
    """
    from sqlglot import exp

    match type_name, value:
        case _, None:
            return exp.Null()
        case ("STRING", str()) | ("BOOL", bool()):
            return literal(value)
        case _, bool():
            pass
        case "INT64", int():
            if not -MOST - 1 <= value <= MOST:
                raise ValueError(f"{shortened(value)} is beyond what an INT64 column holds.")
            return literal(value)
        case "FLOAT64", int() | float() | Decimal():
            try:
                return literal(float(value))
            except OverflowError:
                raise ValueError(f"{shortened(value)} is beyond what a FLOAT64 column holds.") from None
        case (("NUMERIC" | "BIGNUMERIC"), int() | float() | Decimal() | str()):
            try:
                number = Decimal(str(value))
            except InvalidOperation:
                number = Decimal("NaN")
            if number.is_finite():
                if number.copy_abs() >= _BEYOND[type_name]:
                    raise ValueError(f"{shortened(value)} is beyond what a {type_name} column holds.")
                exact = format(number, "f")
                return exp.cast(exp.Literal.string(exact), MONEY) if type_name == "NUMERIC" else literal(Decimal(exact))
        case _, str() | dt.date() if type_name in TIMES:
            if (moment := _time(value, type_name)) is not None:
                fine = is_moment_in_nanoseconds(type_name) and isinstance(moment, dt.datetime)
                if fine and not NANOSECONDS[0] <= moment <= NANOSECONDS[1]:
                    raise ValueError(f"{moment:%Y-%m-%d} is beyond what a {type_name} column holds.")
                return comparable(moment, type_name)
    raise ValueError(f"{value!r} is not a value of a {type_name} column. {_EXAMPLES.get(type_name, '')}".rstrip())


_BEYOND = {"NUMERIC": Decimal("1e29"), "BIGNUMERIC": Decimal("5.8e38")}

_EXAMPLES = {
    "STRING": "Write text, in quotes where YAML reads a number or a date.",
    "INT64": "Write a whole number.",
    "BOOL": "Write true or false.",
    "DATE": "Write a day, such as 2024-01-31.",
    "DATETIME": "Write a moment, such as 2024-01-31T12:00:00; for whole days use a date_range filter.",
    "TIMESTAMP": "Write a moment, such as 2024-01-31T12:00:00Z; for whole days use a date_range filter.",
}
_EXAMPLES[MOMENT_IN_NANOSECONDS] = _EXAMPLES["TIMESTAMP"]


def _time(value: str | dt.date, type_name: str) -> dt.date | None:
    """The day or moment; None if it is the other of the two, for BigQuery refuses to compare them."""
    try:
        moment = value
        if isinstance(moment, str):
            is_day = len(moment) <= len("2024-01-31")
            moment = dt.date.fromisoformat(moment) if is_day else dt.datetime.fromisoformat(moment)
    except ValueError:
        return None
    if isinstance(moment, dt.datetime) == (type_name == "DATE"):
        return None
    if isinstance(moment, dt.datetime):
        wall_clock = in_utc(moment)
        return wall_clock if type_name == "DATETIME" else wall_clock.replace(tzinfo=dt.UTC)
    return moment
