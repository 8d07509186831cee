"""The text a state is kept as."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass, make_dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core.states import Count, Least, Total, decode, encode

numbers = st.integers() | st.floats() | st.none() | st.booleans()
leaves = numbers | st.text() | st.binary() | st.fractions()
values = st.recursive(leaves, lambda some: st.lists(some, max_size=4).map(tuple), max_leaves=12)


def as_json(value: Any) -> Any:
    """What a field is in JSON, said a second time."""
    if isinstance(value, Fraction):
        top, bottom = (f"{part:x}" for part in value.as_integer_ratio())
        return {"q": top if bottom == "1" else f"{top}/{bottom}"}
    if isinstance(value, float) and not math.isfinite(value):
        return {"f": repr(value)}
    if isinstance(value, bytes):
        return {"b": base64.b64encode(value).decode()}
    return [as_json(v) for v in value] if isinstance(value, tuple) else value


@given(st.lists(values, max_size=5))
def test_a_state_is_kept_as_the_json_of_its_fields(fields: list[Any]) -> None:
    kind = make_dataclass("Any", [f"field_{n}" for n in range(len(fields))])
    kind.kind = "any"
    text = encode(kind(*fields))
    assert text == json.dumps(["any", *map(as_json, fields)], separators=(",", ":"))


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (Count(5), '["count",5]'),
        (Total(5, Fraction(3, 4), 0.0), '["total",5,{"q":"3/4"},0.0]'),
        (Total(2, Fraction(255), math.inf), '["total",2,{"q":"ff"},{"f":"inf"}]'),
        (Least(np.float64(0.5)), '["least",0.5]'),
        (Least(None), '["least",null]'),
    ],
)
def test_the_text_of_a_state_does_not_change(state: Any, text: str) -> None:
    assert encode(state) == text
    assert encode(decode(text)) == text


def test_a_number_of_a_kind_of_its_own_is_kept_as_the_number() -> None:
    class Size(IntEnum):
        LARGE = 3

    assert encode(Count(Size.LARGE)) == '["count",3]'


def test_a_field_that_has_no_text_is_refused() -> None:
    @dataclass
    class Odd:
        kind = "odd"
        what: object

    with pytest.raises(TypeError, match="a state field of type set cannot be stored"):
        encode(Odd({1}))  # type: ignore[arg-type]
