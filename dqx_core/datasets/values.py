"""Values that a person writes in a definition: exact numbers, days and moments, and what columns are compared with.

One rule says which of them are one: a number is what it is worth, so 1 and 1.0 are one; text is what is written. Bounds
and percentages are numbers though they stand in quotes, for digits that YAML readers would round.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

MOST_DIGITS = 400
"""Before or behind the point; no column holds numbers beyond 1e308."""

NUMBER_PATTERN = r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$"
_PERCENT_PATTERN = r"^(?=[0.]*[1-9])\+?(0*100(\.0*)?|0*[0-9]{1,2}(\.[0-9]*)?|\.[0-9]+)$"
_LEAP = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
DAY_PATTERN = (
    r"(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    rf"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
"""Days that there are, and no others."""
_MOMENT_PATTERN = (
    r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])?"
)


def exact(number: Decimal) -> Decimal:
    """The number in its shortest form, every digit kept: 80, 80.0 and 8E+1 are one."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if not number:
        return Decimal(0)
    if exponent > 0:
        return Decimal((sign, digits + (0,) * exponent, 0))
    while exponent < 0 and digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    return Decimal((sign, digits, exponent))


def _decimal(given: object) -> Decimal | None:
    """What a number, or a text that spells one, is worth; None: it is neither.

    Raises:
        ValueError: It is not a number that a column can hold.
    """
    match given:
        case bool():
            return None
        case int() | Decimal():
            found = Decimal(given)
        case float():
            found = Decimal(repr(given))
        case str() if re.fullmatch(NUMBER_PATTERN, given):
            try:
                found = Decimal(given)
            except InvalidOperation:
                raise ValueError(f"{shortened(given)} is not a number that a column can hold.") from None
        case _:
            return None
    if not found.is_finite():
        raise ValueError(f"{given} is not a number to compare with.")
    if found and not (-MOST_DIGITS < found.adjusted() < MOST_DIGITS and int(found.as_tuple().exponent) > -MOST_DIGITS):
        raise ValueError(f"{shortened(given)} is not a number that a column can hold.")
    return exact(found)


def shortened(value: object) -> str:
    """A value as it is written, as far as a message has room for it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError:
        return "a number of thousands of digits"
    text = shortened_text(text)
    return repr(text) if isinstance(value, str) else text


def shortened_text(text: str) -> str:
    """A text, as far as a message has room for it."""
    return text if len(text) <= 60 else f"{text[:57]}…"


def _number(given: object) -> Decimal:
    found = _decimal(given)
    if found is None:
        raise ValueError(f"{shortened(given)} is not a number.")
    return found


def _percent(given: object) -> Decimal:
    found = _number(given)
    if not 0 < found <= 100:
        raise ValueError(f"{shortened(given)} is not a percentage: more than 0, at most 100.")
    return found


def plain(number: Decimal) -> str:
    """All digits, without an exponent."""
    return format(number, "f")


_ANY_NUMBER: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": NUMBER_PATTERN}]}

_AS_TEXT = PlainSerializer(plain, return_type=str, when_used="json")

Number = Annotated[Decimal, BeforeValidator(_number), _AS_TEXT, WithJsonSchema(_ANY_NUMBER, mode="validation")]
"""A number with all its digits, in quotes or not."""

Percent = Annotated[
    Decimal,
    BeforeValidator(_percent),
    _AS_TEXT,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
                {"type": "string", "pattern": _PERCENT_PATTERN},
            ]
        },
        mode="validation",
    ),
]
"""More than 0, at most 100."""


def whole(given: Any) -> Any:
    """7.0 is 7; text is not a whole number."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


MOST = 2**63 - 1
"""The largest INT64."""

Count = Annotated[int, Field(strict=True, ge=1, le=MOST), BeforeValidator(whole)]
Days = Annotated[int, Field(strict=True, ge=0, le=36_500), BeforeValidator(whole)]
"""At most a hundred years, so that no window begins before there are dates."""
SomeDays = Annotated[int, Field(strict=True, ge=1, le=36_500), BeforeValidator(whole)]
SomeMonths = Annotated[int, Field(strict=True, ge=1, le=1_200), BeforeValidator(whole)]


def too_fine(percent: Decimal) -> bool:
    """Whether a percentage has more than the two decimals that buckets have."""
    return int(percent.as_tuple().exponent) < -2


def _day(given: object) -> dt.date:
    match given:
        case dt.datetime() if given.time() == dt.time() and given.tzinfo is None:
            return given.date()
        case dt.date() if not isinstance(given, dt.datetime):
            return given
        case str() if re.fullmatch(DAY_PATTERN, given):
            return dt.date.fromisoformat(given)
    raise ValueError(f"{shortened(given)} is not a day. Write it as 2024-01-31.")


Day = Annotated[
    dt.date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{DAY_PATTERN}$"}, mode="validation"),
]
"""A day, written as 2024-01-31."""


def day_or_moment(text: str) -> dt.date | None:
    """The day or the moment that a text spells, as ISO 8601 has them with dashes; None: neither.

    2024-01-31 is a day and not its midnight; 20240131 is a number.
    """
    if re.fullmatch(DAY_PATTERN, text):
        return dt.date.fromisoformat(text)
    if re.fullmatch(DAY_PATTERN + _MOMENT_PATTERN, text):
        return dt.datetime.fromisoformat(text)
    return None


def in_utc(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC, without a zone; one without a zone as it is.

    Raises:
        ValueError: It is beyond the first or the last moment there is.
    """
    try:
        return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is beyond the years 1 to 9999.") from None


def _bound(given: object) -> Decimal | dt.date:
    found: Decimal | dt.date | None = given if isinstance(given, dt.date) else _decimal(given)
    if found is None and isinstance(given, str):
        found = day_or_moment(given)
    if found is None:
        raise ValueError(
            f"{shortened(given)} is not a bound. Write a number, a day such as 2024-01-31, or a moment such as "
            "2024-01-31T12:00:00Z."
        )
    if isinstance(found, dt.datetime):
        in_utc(found)
    return found


def _bound_text(bound: Decimal | dt.date) -> str:
    """What SQL makes of it: moments are compared in UTC, however they are written."""
    if isinstance(bound, Decimal):
        return plain(bound)
    return (in_utc(bound) if isinstance(bound, dt.datetime) else bound).isoformat()


Bound = Annotated[
    Decimal | dt.datetime | dt.date,
    BeforeValidator(_bound),
    PlainSerializer(_bound_text, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": f"{NUMBER_PATTERN}|^{DAY_PATTERN}({_MOMENT_PATTERN})?$"},
            ]
        },
        mode="validation",
    ),
]
"""What is compared by size: a number, a day or a moment."""


def _scalar(given: object) -> object:
    """A number that is whole is a whole number, as 1.0 is 1."""
    match given:
        case bool() | int() | str() | dt.date():
            return given
        case float() if math.isfinite(given):
            return int(Decimal(repr(given))) if given.is_integer() else given
        case Decimal() if given.is_finite() and abs(given.adjusted()) < MOST_DIGITS:
            if given == given.to_integral_value():
                return int(given)
            if Decimal(repr(float(given))) == given:
                return float(given)
            raise ValueError(f"{shortened(given)} has more digits than a number keeps. Put it in quotes.")
        case float() | Decimal():
            raise ValueError(f"{shortened(given)} is not a value that compares the same on every engine.")
    raise ValueError(f"{shortened(given)} is not a value. Write text, a number, true or false, or a day.")


Scalar = Annotated[
    bool | int | float | dt.datetime | dt.date | str,
    BeforeValidator(_scalar),
    WithJsonSchema({"type": ["boolean", "number", "string"]}, mode="validation"),
]
"""A value a person writes in YAML, to compare a column with."""
