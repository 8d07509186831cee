"""The JSON schema takes what loads, and nothing else: what only the whole definition or its tables can tell aside."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core.datasets import DatasetDefinition, json_schema
from dqx_core.errors import ValidationError
from tests.core.datasets.generated import places
from tests.core.datasets.shop import DAILY, RANKING, changed


class Shape(DatasetDefinition):
    """A definition of which only the shape is looked at."""

    def problems(self, schemas=None):
        """None: whether columns are there, and whether parts are 100 % together, no schema can tell."""
        del schemas
        yield from ()


SCHEMA = jsonschema.Draft202012Validator(json_schema())

AGGREGATE = {"kind": "aggregate", "per": "a", "function": "minimum", "column": "b", "min": "2024-01-31", "max": 4}
BASES: list[dict[str, Any]] = [
    changed(RANKING, folds=5, sample={"percent": "12.5", "key": ["a", "b"], "salt": "x"}),
    changed(DAILY, folds={"count": 3, "key": "a"}, nulls={"a": "fail", "b": {"fill": 0}}, filters=[AGGREGATE]),
    changed(
        DAILY,
        split={"strategy": "column", "column": "c", "parts": {"train": ["a", 1], "eval": "c"}, "others": "drop"},
        filters=[
            {"kind": "date_range", "start": "2024-01-31"},
            {"kind": "values", "column": "a", "exclude": [None, 2]},
        ],
    ),
    changed(DAILY, split={"strategy": "none"}, columns=[{"column": "a", "role": "time"}]),
]
VALUES = st.sampled_from([
    None, True, False, 0, 1, 3, 3.0, 2.5, -1, 101, 40_000, 1e28, "", "a", "A b", "a.b", "raw.t.u.v", "1", "-1", "1e3",
    "0", "100", "100.1", "0.50", ".5", "00", "2024-01-31", "2024-02-30", "2000-02-29", "1900-02-29", "20240131",
    "2024-01-31T12:00", "2024-01-31 12:00:00.5Z", "2024-01-31T25:00", "keep", "train", "group", "time", "count", [],
    ["a"], ["a", "a"], [1], [None], [["a"]], {}, {"fill": 1}, {"a": 1}, {"train": "b"}, {"Train": 5}, {"kind": "range"},
    {"strategy": "none"}, {"column": "a"}, {"kind": "range", "column": "a", "min": 1},
])  # fmt: skip
KEYS = st.sampled_from(["a", "kind", "strategy", "min", "as", "as_", "on", "count", "salt", "Name", "2024"])


@st.composite
def written(draw):
    """A definition that loads, with some places changed, taken out or added."""
    data = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(0, 2))):
        *outer, last = draw(st.sampled_from([place for place in places(data) if place[-1] != "timezone"]))
        inside = data
        for part in outer:
            inside = inside[part]
        match draw(st.sampled_from(["change", "change", "remove", "add"])):
            case "change":
                inside[last] = copy.deepcopy(draw(VALUES))
            case "remove":
                del inside[last]
            case "add" if isinstance(inside, dict):
                inside[draw(KEYS)] = copy.deepcopy(draw(VALUES))
            case "add":
                inside.append(copy.deepcopy(draw(VALUES)))
    return data


def problems_of(data: Any) -> tuple[str, ...]:
    """What loading says of the shape."""
    try:
        Shape.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        return error.problems
    return ()


@settings(max_examples=400, deadline=None)
@given(data=written())
def test_the_schema_takes_exactly_what_loads(data):
    said = [f"{list(error.absolute_path)}: {error.message}" for error in SCHEMA.iter_errors(data)]
    assert bool(said) == bool(problems_of(data)), (said, problems_of(data))


@settings(max_examples=200, deadline=None)
@given(data=written())
def test_what_is_wrong_is_told_in_our_words(data):
    for problem in problems_of(data):
        words = [word for word in ("should ", "valid ", "pydantic", "tuple", "dictionary") if word in problem.lower()]
        assert words == [], problem
        assert problem.endswith((".", "?"))


@pytest.mark.parametrize("base", BASES)
def test_what_the_changes_begin_with_loads(base):
    assert problems_of(base) == ()
