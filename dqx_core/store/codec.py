"""Between values and columns: numbers, metric ids, digests and symbols. Names no metric and no state."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring_ascii
from typing import Any
from uuid import UUID, SafeUUID

from returns.result import Failure, Result, Success

from dqx_core.calendars import Window
from dqx_core.errors import DefinitionError
from dqx_core.keys import ExecutionId, ResultKey, Tags
from dqx_core.metrics.base import MetricSpec
from dqx_core.report import Compared, SymbolInfo
from dqx_core.states import Number

_WHOLE = 2**53
"""Up to here every integer is a double, and one only."""

_MIDNIGHT = dt.time(tzinfo=dt.UTC)
_SECOND = dt.timedelta(seconds=1)
_LONGEST = dt.timedelta(days=60 * 366)


def split_number(number: Number) -> tuple[float | None, str | None]:
    """A number as the columns `value` and `exact`.

    `exact` stays null wherever `value` alone gives the number back: whole doubles up to 2⁵³ are read as
    integers, everything else as floats. NaN has no `value`, which SQLite would turn into null anyway.

    Raises:
        TypeError: Not an int or a float.
    """
    if type(number) is float and not number.is_integer() and math.isfinite(number):
        return number, None  # most numbers
    if type(number) is int and -_WHOLE <= number <= _WHOLE:
        return float(number), None  # most others
    if isinstance(number, int):
        number = int(number)
        if -_WHOLE <= number <= _WHOLE:
            return float(number), None
        try:
            return float(number), str(number)
        except OverflowError:
            return math.inf if number > 0 else -math.inf, str(number)
    if not isinstance(number, float):
        raise TypeError(f"a value of type {type(number).__name__} is not a number")
    number = float(number)
    if math.isnan(number):
        return None, "nan"
    return number, repr(number) if number.is_integer() and -_WHOLE <= number <= _WHOLE else None


def join_number(value: float | None, exact: str | None) -> Number:
    """The number that `split_number` took apart."""
    if exact is not None:
        return int(exact) if exact.lstrip("-").isdigit() else float(exact)
    assert value is not None, "a row holds a value, an exact text or an error"
    return int(value) if value.is_integer() and -_WHOLE <= value <= _WHOLE else value


def join_result(value: float | None, exact: str | None, error: str | None) -> Result[Number, str]:
    """The number of a row, or why there is none."""
    return Success(join_number(value, exact)) if error is None else Failure(error)


def digest(*parts: str | None) -> bytes:
    """Sixteen bytes that stand for these texts, in this order."""
    # As JSON in ASCII: any string, half surrogates too, has an encoding.
    texts = ["null" if part is None else encode_basestring_ascii(part) for part in parts]
    return blake2b(f"[{','.join(texts)}]".encode(), digest_size=16).digest()


def series_key(spec: MetricSpec, tags: Mapping[str, str], dataset: str | None) -> bytes:
    """What is measured, in sixteen bytes: the order of tags does not matter."""
    return digest(dataset, spec.canonical, Tags(tags).canonical)


def result_key(
    suite: str, check: str, assertion: str, asset: str | None, key: tuple[str, int, int], tags: str
) -> bytes:
    """What is judged, in sixteen bytes: of a day and no asset as it ever was."""
    day, *window = key
    if asset is None and window == [0, 0]:
        return digest(suite, check, assertion, day, tags)
    return digest(suite, check, assertion, day, tags, asset, *map(str, window))


Place = tuple[dt.date, int, int]
"""A key's date, and where its window lies: the columns `yyyy_mm_dd`, `starts` and `span`."""


def place_of(key: ResultKey) -> Place:
    """A key without its tags.

    Raises:
        DefinitionError: Its window begins or ends between two seconds, or lasts longer than a person lives.
    """
    if key.window is None:
        return key.yyyy_mm_dd, 0, 0
    starts = key.window.start - dt.datetime.combine(key.yyyy_mm_dd, _MIDNIGHT)
    span = key.window.end - key.window.start
    if starts % _SECOND or span % _SECOND or not -_LONGEST < starts < _LONGEST or span > _LONGEST:
        raise DefinitionError(
            f"The window from {key.window.start} to {key.window.end}, filed under {key.yyyy_mm_dd}, cannot be kept: "
            "a window begins and ends on a whole second, near its date, and lasts at most 60 years."
        )
    return key.yyyy_mm_dd, starts // _SECOND, span // _SECOND


def window_of(day: dt.date, starts: int, span: int) -> Window | None:
    """The window of a place; None: the day in UTC."""
    if not span:
        return None
    start = dt.datetime.combine(day, _MIDNIGHT) + starts * _SECOND
    return Window(start, start + span * _SECOND)


def make_metric_id(series_id: int, place: Place, execution: int, execution_id: ExecutionId) -> UUID:
    """The id of a number: its series, day and execution, and 32 bits of its window and its execution's name.

    It is a UUID of version 8. So an id costs no bytes in the store, finds its row through the primary key, and does
    not find another store's number.
    """
    return metric_id_of(series_id, place_bits(place, execution, execution_id))


@lru_cache(maxsize=4096)
def place_bits(place: Place, execution: int, execution_id: ExecutionId) -> int:
    """What the ids of all series have in common in a place of an execution."""
    bits = (place[0].toordinal() << 34 | execution) << 32 | _mark(execution_id, *place[1:])
    return (bits >> 74) << 80 | 8 << 76 | (bits >> 62 & 0xFFF) << 64 | 2 << 62 | bits & (1 << 62) - 1


def metric_id_of(series_id: int, place: int) -> UUID:
    """The id of a number of a series, by the bits of its place."""
    # Its slots set as they are: a quarter of what the constructor takes, which knows six ways to say a UUID.
    made = _NEW(UUID)
    _SET_INT(made, series_id << 94 | place)
    _SET_SAFE(made, SafeUUID.unknown)
    return made


_NEW = object.__new__
_SET_INT, _SET_SAFE = (vars(UUID)[name].__set__ for name in ("int", "is_safe"))


def read_metric_id(metric_id: UUID) -> tuple[int, dt.date, int, int] | None:
    """The series, day, execution and mark in an id; None for an id that no store gave."""
    if metric_id.version != 8:
        return None
    number = metric_id.int
    bits = (number >> 80) << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1
    ordinal = bits >> 66 & (1 << 22) - 1
    if not 1 <= ordinal <= dt.date.max.toordinal():
        return None
    return bits >> 88, dt.date.fromordinal(ordinal), bits >> 32 & (1 << 34) - 1, bits & (1 << 32) - 1


def marks(mark: int, execution_id: ExecutionId, place: Place) -> bool:
    """Whether the mark in a metric id is that of this execution and window."""
    return mark == _mark(execution_id, *place[1:])


@lru_cache(maxsize=1024)
def _mark(execution_id: ExecutionId, starts: int, span: int) -> int:
    window = (str(starts), str(span)) if span else ()
    return int.from_bytes(digest(execution_id, *window)[:4])


@lru_cache(maxsize=65_536)
def tags_of(canonical: str) -> Tags:
    """Tags from their canonical text."""
    return Tags(json.loads(canonical))


@lru_cache(maxsize=65_536)
def spec_of(canonical: str) -> MetricSpec:
    """A spec from its canonical text.

    Raises:
        DqxError: The kind is unknown to this process.
    """
    from dqx_core.metrics.registry import spec_from_json

    return spec_from_json(json.loads(canonical))


def unpack_symbol(packed: Mapping[str, Any]) -> SymbolInfo:
    """A symbol from the JSON of a verdict."""
    value: Result[Number, str] = (
        Success(_unpack_number(packed["value"])) if "value" in packed else Failure(packed["error"])
    )
    window = packed.get("window")
    return SymbolInfo(
        packed["name"],
        packed["metric"],
        packed["dataset"],
        value,
        dt.date.fromisoformat(packed["yyyy_mm_dd"]),
        Tags(packed["tags"]),
        packed["lag"],
        packed["source_execution_id"],
        None if window is None else Window(*map(dt.datetime.fromisoformat, window)),
    )


def unpack_compared(packed: Mapping[str, Any]) -> Compared:
    """What a verdict compared, from its JSON."""
    return Compared(
        packed["operator"],
        tuple(map(_unpack_number, packed["limits"])),
        _unpack_number(packed["tolerance"]),
        _unpack_number(packed["factor"]),
        tuple(packed["profiles"]),
    )


def _unpack_number(packed: Number | str) -> Number:
    return float(packed) if isinstance(packed, str) else packed
