"""What a metric remembers of the rows it saw, and how two memories become one.

For all row sets a and b: `state(a).merge(state(b)) == state(a ∪ b)`, exactly, because every state
is made of integers, fractions and extremes, never of rounded floating-point sums.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Protocol, Self, TypeVar, runtime_checkable

from dqx_core.errors import DqxError

Number = int | float


class State(Protocol):
    """What a metric remembers: a frozen dataclass whose fields the codec can write."""

    kind: ClassVar[str]


@runtime_checkable
class Mergeable(State, Protocol):
    """A state of rows that can absorb the state of other rows."""

    def merge(self, other: Self, /) -> Self: ...


S = TypeVar("S", bound=State)
_KINDS: dict[str, type[Any]] = {}


def _state(kind: str) -> Callable[[type[S]], type[S]]:
    """Give a state class its name in storage."""

    def register(cls: type[S]) -> type[S]:
        cls.kind = kind
        _KINDS[kind] = cls
        return cls

    return register


@_state("count")
@dataclass(frozen=True, slots=True)
class Count:
    """How many rows."""

    kind: ClassVar[str]
    count: int

    def merge(self, other: Count, /) -> Count:
        return Count(self.count + other.count)


@_state("total")
@dataclass(frozen=True, slots=True)
class Total:
    """How many non-null values, and their sum.

    `sum` is exact for every value of magnitude 0 or [2⁻⁷¹, 2¹²⁴); `rest` is the compensated sum of
    the values outside that range, infinities and NaN included.
    """

    kind: ClassVar[str]
    count: int
    sum: Fraction
    rest: float = 0.0

    def merge(self, other: Total, /) -> Total:
        return Total(self.count + other.count, self.sum + other.sum, self.rest + other.rest)

    @property
    def value(self) -> Number:
        """The sum, rounded once: an integer if it is one, else the nearest double."""
        return rounded(self.sum, self.rest)


@_state("moments")
@dataclass(frozen=True, slots=True)
class Moments:
    """How many non-null values, their sum and the sum of their squares, each kept like `Total`'s.

    A plain sum of squares cancels in floating point, which is why states are usually merged around the joint
    mean (Chan et al. 1979). Here both sums are exact, so that m2 = squares - sum² / count loses nothing
    either, and merging is three additions that give the same bits in any order.
    """

    kind: ClassVar[str]
    count: int
    sum: Fraction
    squares: Fraction
    rest: float = 0.0
    rest_squares: float = 0.0

    def merge(self, other: Moments, /) -> Moments:
        return Moments(
            self.count + other.count,
            self.sum + other.sum,
            self.squares + other.squares,
            self.rest + other.rest,
            self.rest_squares + other.rest_squares,
        )

    @property
    def variance(self) -> float:
        """Sample variance of two values or more, rounded once; NaN when infinities or NaN are among them."""
        if not (math.isfinite(self.rest) and math.isfinite(self.rest_squares)):
            return math.nan
        total, squares = self.sum + Fraction(self.rest), self.squares + Fraction(self.rest_squares)
        m2 = max(squares - total * total / self.count, Fraction(0))
        return float(rounded(m2 / (self.count - 1)))


@_state("least")
@dataclass(frozen=True, slots=True)
class Least:
    """The smallest non-null value; None over no values; NaN once a NaN was seen."""

    kind: ClassVar[str]
    value: Number | None

    def merge(self, other: Least, /) -> Least:
        return Least(_extreme(min, self.value, other.value))


@_state("greatest")
@dataclass(frozen=True, slots=True)
class Greatest:
    """The largest non-null value; None over no values; NaN once a NaN was seen."""

    kind: ClassVar[str]
    value: Number | None

    def merge(self, other: Greatest, /) -> Greatest:
        return Greatest(_extreme(max, self.value, other.value))


@_state("first")
@dataclass(frozen=True, slots=True)
class First:
    """The value at the smallest order; of several there the smallest; None over no values."""

    kind: ClassVar[str]
    order: Number | str | None
    value: Number | None

    def merge(self, other: First, /) -> First:
        if self.value is None or other.value is None:
            return other if self.value is None else self
        return min(self, other, key=lambda first: (first.order, first.value))


@_state("distinct")
@dataclass(frozen=True, slots=True)
class Distinct:
    """A sketch of the distinct values: HyperLogLog's registers (Flajolet et al. 2007).

    `hashed_by` is what the engine's hash makes of a fixed text: sketches of different hashes do not mix.
    """

    kind: ClassVar[str]
    registers: bytes
    hashed_by: int

    def merge(self, other: Distinct, /) -> Distinct:
        if not any(other.registers):
            return self
        if not any(self.registers):
            return other
        if self.hashed_by != other.hashed_by:
            raise DqxError("Two sketches of distinct values were made with different hashes and cannot be merged.")
        return Distinct(bytes(map(max, self.registers, other.registers)), self.hashed_by)


@_state("added")
@dataclass(frozen=True, slots=True)
class Added:
    """Numbers that add up; `sum` is None over none, `rest` the infinities and NaN among them."""

    kind: ClassVar[str]
    sum: Fraction | None
    rest: float = 0.0

    def merge(self, other: Added, /) -> Added:
        if self.sum is None or other.sum is None:
            return other if self.sum is None else self
        return Added(self.sum + other.sum, self.rest + other.rest)

    @property
    def value(self) -> Number | None:
        """The sum, rounded once; None over no numbers."""
        return None if self.sum is None else rounded(self.sum, self.rest)


@_state("alone")
@dataclass(frozen=True, slots=True)
class Alone:
    """A value that holds for exactly the rows it was computed from: it does not merge."""

    kind: ClassVar[str]
    value: Number | None


def _extreme(pick: Callable[[Number, Number], Number], a: Number | None, b: Number | None) -> Number | None:
    if a is None or b is None:
        return b if a is None else a
    return math.nan if math.isnan(a) or math.isnan(b) else pick(a, b)


def rounded(exact: Fraction, rest: float = 0.0) -> Number:
    """`exact + rest` rounded once; infinities and NaN in `rest` win."""
    if not math.isfinite(rest):
        return rest
    whole = exact + Fraction(rest) if rest else exact
    if whole.denominator == 1 and not rest:
        return whole.numerator
    try:
        return float(whole)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf


@cache
def _writer(state: type[Any]) -> Callable[[Any], str]:
    """What writes the states of a class, by its kind and fields."""
    names, kind = [f.name for f in fields(state)], f'["{state.kind}"'
    texts, text = _TEXTS, _text
    if len(names) == 1:
        the_one = attrgetter(*names)

        def write_one(held: Any) -> str:
            value = the_one(held)
            return f"{kind},{texts.get(type(value), text)(value)}]"

        return write_one
    all_of_them = attrgetter(*names) if names else lambda _: ()

    def write(held: Any) -> str:
        return ",".join([kind, *[texts.get(type(value), text)(value) for value in all_of_them(held)]]) + "]"

    return write


def encode(state: State) -> str:
    """A state as JSON: its kind and its fields in order.

    Written out by hand, since every number that is kept passes here: `json.dumps` takes four times as long.
    """
    return _writer(type(state))(state)


def decode(text: str) -> State:
    """The state that `encode` wrote.

    Raises:
        DqxError: The text names a state this version does not know.
    """
    kind, *values = json.loads(text)
    if kind not in _KINDS:
        raise DqxError(f"State '{kind}' is unknown to this version of dqx, which knows: {', '.join(sorted(_KINDS))}.")
    state: State = _KINDS[kind](*map(_unpack, values))
    return state


def _text(value: object) -> str:
    """JSON for a field: what JSON has no word for becomes a one-entry object."""
    write = _TEXTS.get(type(value))
    if write is None:
        write = next((_TEXTS[kind] for kind in type(value).__mro__ if kind in _TEXTS), None)
    if write is None:
        raise TypeError(f"a state field of type {type(value).__name__} cannot be stored")
    return write(value)


def _float_text(value: float) -> str:
    return float.__repr__(value) if math.isfinite(value) else f'{{"f":"{float.__repr__(value)}"}}'


def _fraction_text(value: Fraction) -> str:
    rest = f"/{value.denominator:x}" if value.denominator != 1 else ""
    return f'{{"q":"{value.numerator:x}{rest}"}}'


_TEXTS: dict[type[Any], Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: _float_text,
    str: json.dumps,
    Fraction: _fraction_text,
    bytes: lambda value: f'{{"b":"{b64encode(value).decode()}"}}',
    tuple: lambda value: f"[{','.join(map(_text, value))}]",
}


def _unpack(value: Any) -> object:
    match value:
        case {"q": text}:
            numerator, _, denominator = text.partition("/")
            return Fraction(int(numerator, 16), int(denominator or "1", 16))
        case {"f": text}:
            return float(text)
        case {"b": text}:
            return b64decode(text)
        case list():
            return tuple(_unpack(v) for v in value)
    return value
