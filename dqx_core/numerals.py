"""Numbers as people read them: short, with signs between thousands, and never two different ones alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

_SHORT = 6
"""Digits of a number with a fraction, where they tell it from those beside it."""
_ALL = 17
"""With so many no two doubles are alike."""

_WHOLE = 1e15
"""Up to so much a double without a fraction is written as an integer."""


@lru_cache(maxsize=4096, typed=True)
def shown(number: float | complex, digits: int = _SHORT) -> str:
    """A number for people: whole ones in full, others to six digits."""
    if isinstance(number, int):
        return _whole(number)
    if isinstance(number, complex):
        return f"{number:.{digits}g}"
    if digits >= _ALL and math.isfinite(number):
        if abs(number) < 2**53:  # what reads back as this number, in the fewest digits
            return f"{number:,}".removesuffix(".0")
        if digits > _ALL:  # it has no fraction left
            return _whole(int(number))
    if abs(number) < _WHOLE and number == int(number):
        return f"{int(number):,}"  # not "-0"
    return f"{number:,.{digits}g}"


def told_apart(numbers: Sequence[float]) -> list[str]:
    """Numbers that stand next to each other, with as many digits as it takes to tell them apart and in which order."""
    if len(numbers) == 1:
        return [shown(numbers[0])]
    finite = sorted({number for number in numbers if math.isfinite(number)})
    digits = _SHORT if _far_apart(finite) else _digits(finite)
    texts = {number: shown(number, digits) for number in finite}  # 3 and 3.0 are one number
    return [texts.get(number) or shown(number) for number in numbers]


def _far_apart(ordered: Sequence[float]) -> bool:
    """Whether they are told apart by the fewest digits, as most are."""
    return all(high - low > 1e-4 * max(-low, high) for low, high in pairwise(ordered))


def _digits(ordered: Sequence[float]) -> int:
    for digits in range(_SHORT, _ALL + 1):
        read = [float(shown(number, digits).replace(",", "")) for number in ordered]
        if all(low < high for low, high in pairwise(read)):
            return digits
    return _ALL + 1


def _whole(number: int) -> str:
    # Python refuses to write integers of thousands of digits: nobody would read them either.
    return f"{int(number):,}" if abs(number) < 10**400 else f"about 10^{int(number.bit_length() * 0.30103)}"
