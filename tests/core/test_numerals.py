"""Numbers for people: short, and two that differ never look alike next to each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core.numerals import shown, told_apart

NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False)
CLOSE = st.tuples(st.floats(-1e17, 1e17), st.integers(0, 3), st.booleans()).map(
    lambda told: near(*told) if not told[2] else int(told[0]) + told[1]
)


def near(number, steps, _):
    """A double that is so many doubles further."""
    for _ in range(steps):
        number = math.nextafter(number, math.inf)
    return number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1234567, "1,234,567"),
        (20000000.0, "20,000,000"),
        (0.1 + 0.2, "0.3"),
        (1234.5678, "1,234.57"),
        (1e-7, "1e-07"),
        (math.inf, "inf"),
        (10**500, "about 10^500"),
    ],
)
def test_a_number_alone_is_short(number, text):
    assert shown(number) == text


def test_numbers_that_differ_late_get_the_digits_that_tell_them_apart():
    assert told_apart([20000002.75, 20000001.5, 20000002.5]) == ["20,000,002.8", "20,000,001.5", "20,000,002.5"]
    assert told_apart([0.1 + 0.2, 0.3]) == ["0.30000000000000004", "0.3"]
    assert told_apart([10**18 + 1, 1e18]) == ["1,000,000,000,000,000,001", "1,000,000,000,000,000,000"]
    assert told_apart([3, 3.0, 1000]) == ["3", "3", "1,000"]


@given(st.lists(NUMBERS | CLOSE, min_size=2, max_size=4))
def test_two_numbers_that_differ_do_not_look_alike(numbers):
    texts = told_apart(numbers)
    for a, one in zip(numbers, texts, strict=True):
        for b, other in zip(numbers, texts, strict=True):
            assert one != other or a == b


@given(st.lists(CLOSE | st.floats(-1e6, 1e6), min_size=2, max_size=4))
def test_what_is_larger_reads_larger(numbers):
    read = [float(text.replace(",", "")) for text in told_apart(numbers)]
    places = sorted(range(len(numbers)), key=numbers.__getitem__)
    assert [read[place] for place in places] == sorted(read)
