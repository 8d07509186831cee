"""How values lie in a column: days, moments, text and JSON, the same to Python on every database.

Days and texts, of which every number has several, are read by `result_processor`: `process_result_value` is called
through a function of SQLAlchemy's own, which takes as long again.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, Date, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

# SQLite makes a column the row's own key only when its type reads INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_UNFIT = re.compile("[\x00␀\ud800-\udfff]")
_ESCAPED = re.compile("␀([0-9a-f]{4})")


def _day_of(value: int | None) -> dt.date | None:
    return None if value is None else dt.date(value // 10_000, value // 100 % 100, value % 100)


def _words_of(value: str | None) -> str | None:
    if value is None or "␀" not in value:
        return value
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)


class Day(TypeDecorator[dt.date]):
    """A calendar day without a time zone: DATE on PostgreSQL, the integer 20240131 on SQLite.

    SQLite has no date type, and the ten characters of a text would lie in the table and again in its
    index: a seventh of the file.
    """

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Date())

    def process_bind_param(self, value: dt.date | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.year * 10_000 + value.month * 100 + value.day

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], dt.date | None] | None:
        return _day_of if dialect.name == "sqlite" else None


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC to the microsecond: TIMESTAMPTZ on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else TIMESTAMP(timezone=True))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC)
        return EPOCH + int(value) * _MICROSECOND


class Words(TypeDecorator[str]):
    """Any text a Python string can hold.

    PostgreSQL refuses NUL and neither database takes half a surrogate pair, yet both turn up in file
    names and in error messages: such a character is written as ␀ and four hex digits, and read back.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or not _UNFIT.search(value):
            return value
        return _UNFIT.sub(lambda match: f"␀{ord(match[0]):04x}", value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], str | None]:
        return _words_of


class Json(TypeDecorator[Any]):
    """A JSON value kept as text. What JSON has no word for is kept as its text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
