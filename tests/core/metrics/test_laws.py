"""Laws that hold for every metric of the registry, on rows with nulls, huge integers, unicode and nothing at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core import ResultKey
from dqx_core.metrics.base import MetricSpec, ScanMetric
from dqx_core.metrics.quantiles import Median, Quantile
from dqx_core.metrics.registry import METRICS, spec_from_json
from dqx_core.states import Mergeable, decode, encode
from tests.core.cases import (
    CASES,
    DAYS,
    NUMBERS,
    SPECIAL,
    Row,
    agrees,
    expected,
    frame_of,
    measure,
    rows_of,
    source_of,
    state_of,
    value_of,
)

ROWS = rows_of(NUMBERS)
WILD = rows_of(NUMBERS | SPECIAL, max_size=6)
SPECS = list(CASES)
MERGEABLE = [spec for spec in SPECS if spec.mergeable]
name = str


def test_every_metric_of_the_registry_is_under_these_laws() -> None:
    assert {spec.kind for spec in SPECS} == {metric.kind for metric in METRICS}
    assert len({metric.kind for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("spec", MERGEABLE, ids=name)
@settings(max_examples=12)
@given(a=ROWS, b=ROWS)
def test_merging_parts_gives_the_whole(spec: MetricSpec, a: list[Row], b: list[Row]) -> None:
    one, other, whole = state_of(a, spec), state_of(b, spec), state_of([*a, *b], spec)
    assert encode(one.merge(other)) == encode(whole)
    assert encode(other.merge(one)) == encode(whole)


@pytest.mark.parametrize("spec", SPECS, ids=name)
@settings(max_examples=15)
@given(rows=ROWS)
def test_the_value_is_that_of_an_independent_computation(spec: MetricSpec, rows: list[Row]) -> None:
    # numpy interpolates with one rounding more than the engine.
    relative = 1e-12 if isinstance(spec, Quantile | Median) else 0.0
    assert agrees(value_of(rows, spec), expected(rows, spec), relative=relative), (
        value_of(rows, spec),
        expected(rows, spec),
    )


@pytest.mark.parametrize(
    "spec", [s for s in SPECS if "x" in s.columns and not isinstance(s, Quantile | Median)], ids=name
)
@settings(max_examples=15)
@given(rows=WILD)
def test_infinities_and_nan_spoil_what_they_touch_and_nothing_else(spec: MetricSpec, rows: list[Row]) -> None:
    assert agrees(value_of(rows, spec), expected(rows, spec)), (value_of(rows, spec), expected(rows, spec))


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_over_no_rows_a_count_is_zero_and_all_else_has_no_value(spec: MetricSpec) -> None:
    assert agrees(value_of([], spec), expected([], spec))


@settings(max_examples=8)
@given(rows=rows_of(NUMBERS, max_size=30))
def test_a_plan_of_many_days_and_splits_equals_each_alone(rows: list[Row]) -> None:
    source = source_of(rows, dimensions={"split": "split"})
    keys = [ResultKey(day, tags) for day in DAYS for tags in ({}, {"split": "train"}, {"split": "eval"})]
    together = measure(source, SPECS, *keys)
    for key in keys:
        alone = measure(source, SPECS, key)
        of_key = frame_of(
            [
                row
                for row in rows
                if row["yyyy_mm_dd"] == key.yyyy_mm_dd and row["split"] == key.tags.get("split", row["split"])
            ]
        )
        for spec in SPECS:
            need = (spec, key, "rows")
            assert encode(together[need].unwrap()) == encode(alone[need].unwrap()), (spec, key)
            relative = 1e-12 if isinstance(spec, Quantile | Median) else 0.0
            assert agrees(spec.value(alone[need].unwrap()), expected(of_key, spec), relative=relative), (spec, key)


@settings(max_examples=8)
@given(rows=rows_of(NUMBERS, max_size=20))
def test_states_come_back_from_text_as_they_were(rows: list[Row]) -> None:
    for spec, state in zip(SPECS, _states(rows), strict=True):
        again = decode(encode(state))
        assert encode(again) == encode(state)
        assert repr(spec.value(again)) == repr(spec.value(state))
        assert isinstance(again, Mergeable) == spec.mergeable


def _states(rows: Sequence[Row]) -> list[Any]:
    measured = measure(source_of(rows, date_column=None), SPECS, ResultKey(DAYS[0]))
    return [measured[spec, ResultKey(DAYS[0]), "rows"].unwrap() for spec in SPECS]


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_a_spec_comes_back_from_json_equal_and_with_its_name(spec: MetricSpec) -> None:
    again = spec_from_json(json.loads(spec.canonical))
    assert again == spec
    assert (again.name, again.digest) == (spec.name, spec.digest)


def test_specs_that_differ_in_any_parameter_are_different_metrics() -> None:
    assert len({spec.digest for spec in SPECS}) == len(SPECS) == len({spec.name for spec in SPECS})


@settings(max_examples=10)
@given(rows=rows_of(NUMBERS, max_size=20), seed=st.randoms())
def test_the_order_of_rows_does_not_change_a_bit(rows: list[Row], seed: Any) -> None:
    shuffled = list(rows)
    seed.shuffle(shuffled)
    for one, other in zip(_states(rows), _states(shuffled), strict=True):
        assert encode(one) == encode(other)


def test_all_plain_aggregates_take_one_statement_whatever_their_number() -> None:
    from dqx_core.execution import statements_of
    from dqx_core.planning import Scan

    plain = [s for s in SPECS if isinstance(s, ScanMetric) and not s.alone and "s" not in s.columns]
    source = source_of([])
    needs = tuple((spec, ResultKey(day), "rows") for day in DAYS for spec in plain)
    assert len(statements_of(Scan(source, needs))) == 1
