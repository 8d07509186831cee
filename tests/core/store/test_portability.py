"""What goes in comes out, to the bit, on every database: numbers, names, tags, specs, days and moments."""

from __future__ import annotations

import datetime as dt
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from returns.result import Success

from dqx_core.keys import ResultKey
from dqx_core.metrics.counts import CountValues, NullCount
from dqx_core.metrics.moments import Average
from dqx_core.metrics.registry import METRICS
from dqx_core.states import Number
from dqx_core.store import Execution, InMemoryMetricDB, MetricDB
from dqx_core.store.codec import join_number, split_number
from tests.core.store.numbers import DAY, KEY, PRICE, day, metric, verdict

NUMBERS: list[Number] = [
    0,
    1,
    -1,
    0.0,
    -0.0,
    4.0,
    0.1,
    1e-308,
    5e-324,
    1.7976931348623157e308,
    2**53 - 1,
    2**53,
    2**53 + 1,
    -(2**53) - 1,
    float(2**53),
    float(2**53 + 2),
    2**63,
    2**64 + 1,
    10**400,
    -(10**400),
    math.inf,
    -math.inf,
    math.nan,
]
HOSTILE = [
    'it\'s "quoted" `here` [and] \\there\\',
    "nul \x00 in the middle\x00",
    "␀0000 is not NUL, ␀ neither",
    "half a pair \ud83d of a surrogate",
    "emoji 😀 and e\u0301 beside é",
    "x" * 10_000,
    "'; DROP TABLE dqx_metric; --",
    "%s %(name)s :name ? {0} $1",
    " \t\n leading and trailing \r\n",
    "\u202eright to left",
]


def same(a: Number, b: Number) -> bool:
    return type(a) is type(b) and repr(a) == repr(b)


def test_numbers_survive_the_round_trip_with_their_type(db: MetricDB) -> None:
    db.persist([metric(number, key=day(n)) for n, number in enumerate(NUMBERS)])
    for n, number in enumerate(NUMBERS):
        found = db.get_metric_value(PRICE, day(n), "sales", "run-1").unwrap()
        assert same(found, number), (found, number)
    kept = [m.value.unwrap() for m in db.measured("run-1")]
    assert all(same(a, b) for a, b in zip(kept, NUMBERS, strict=True))


@given(number=st.one_of(st.integers(), st.floats(allow_nan=True, allow_infinity=True)))
@example(number=2**53)
@example(number=-0.0)
@example(number=-(10**400))
def test_any_number_is_put_together_as_it_was_taken_apart(number: Number) -> None:
    assert same(join_number(*split_number(number)), number)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_text_survives_in_every_place_that_takes_text(db: MetricDB, text: str) -> None:
    encodable = text.encode("utf-8", "replace").decode()  # a spec is digested as UTF-8
    spec, key = Average(encodable), ResultKey(DAY, {text: text})
    execution_id = text[:200]
    kept = [
        metric(1.5, spec=spec, key=key, dataset=text, data_version=text, execution_id=execution_id),
        metric(text, key=key, dataset=text, execution_id=execution_id),
    ]
    db.persist(
        kept, execution=Execution(execution_id, text, (key,), None, None, text, (text,), text, text, {text: text})
    )
    given_verdict = verdict(text, suite=text, check=text, key=key, symbols=db.symbols(execution_id))
    db.persist_results(execution_id, [given_verdict])

    assert {m.spec: m for m in db.measured(execution_id)} == {m.spec: m for m in kept}
    assert db.get_metric_value(spec, key, text, execution_id).unwrap() == 1.5
    assert db.latest(spec, key, text, data_version=text).unwrap().value == Success(1.5)
    assert db.results(execution_id) == [given_verdict]
    stored = db.execution(execution_id).unwrap()
    assert (stored.suite, stored.keys, stored.status, stored.data_sources) == (text, (key,), text, (text,))
    assert (stored.code_version, stored.origin, stored.parameters) == (text, text, {text: text})
    assert {s.dataset for s in db.series(text)} == {text}


def test_the_order_of_tags_never_matters(db: MetricDB) -> None:
    db.persist([metric(1.5, key=ResultKey(DAY, {"a": "1", "b": "2"}))])
    db.persist([metric(2.5, key=ResultKey(DAY, {"b": "2", "a": "1"}))])
    assert db.info().numbers == 1
    assert db.get_metric_value(PRICE, ResultKey(DAY, {"b": "2", "a": "1"}), "sales", "run-1").unwrap() == 2.5


def test_parameters_that_python_takes_for_equal_are_different_specs(db: MetricDB) -> None:
    ones = [CountValues("a", (1,)), CountValues("a", ("1",)), CountValues("a", (True,))]
    db.persist([metric(n, spec=spec) for n, spec in enumerate(ones)])
    assert [db.get_metric_value(spec, KEY, "sales", "run-1").unwrap() for spec in ones] == [0, 1, 2]


def test_two_versions_of_a_spec_live_beside_each_other(db: MetricDB) -> None:
    old, new = NullCount("email"), NullCount("email", where="country = 'NL'")
    db.persist([metric(1, spec=old, execution_id="before"), metric(2, spec=new, execution_id="after")])
    assert db.latest(old, KEY, "sales").unwrap().value == Success(1)
    assert db.latest(new, KEY, "sales").unwrap().value == Success(2)
    assert len(db.series("sales")) == 2


def test_every_metric_there_is_comes_back_as_itself(db: MetricDB) -> None:
    examples: dict[str, Any] = {
        "column": "price",
        "columns": ("a", "b"),
        "among": ("a", "b"),
        "values": ("x", "y"),
        "order_by": "at",
        "q": 0.25,
        "pattern": "a+",
        "regex": "a+",
        "expression": "SUM(price)",
    }
    specs = []
    for kind in METRICS:
        needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
        if not set(needed) <= set(examples):
            continue
        specs.append(kind(**{name: examples[name] for name in needed}))
    assert len(specs) >= 9
    db.persist([metric(n, spec=spec) for n, spec in enumerate(specs)])
    assert {m.spec for m in db.measured("run-1")} == set(specs)


def test_days_have_no_time_zone_from_the_first_to_the_last(db: MetricDB) -> None:
    days = [dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(9999, 12, 31)]
    db.persist([metric(n, key=ResultKey(d)) for n, d in enumerate(days)])
    assert [m.key.yyyy_mm_dd for m in db.measured("run-1")] == days
    for m in db.measured("run-1"):
        assert m.metric_id is not None
        assert db.get(m.metric_id).unwrap() == m


def test_moments_are_utc_to_the_microsecond(db: MetricDB) -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    started = dt.datetime(2024, 1, 2, 3, 4, 5, 678901, zone)
    db.begin_execution(Execution("run-1", started=started, finished=started + dt.timedelta(microseconds=1)))
    found = db.execution("run-1").unwrap()
    assert found.started == started
    assert found.started is not None
    assert found.started.tzinfo is dt.UTC
    assert found.finished == started + dt.timedelta(microseconds=1)


def test_a_store_in_memory_works_from_any_thread() -> None:
    db = InMemoryMetricDB()

    def work(number: int) -> float:
        db.persist([metric(n, key=day(n), execution_id=f"run-{number}") for n in range(20)])
        return db.get_metric_value(PRICE, day(7), "sales", f"run-{number}").unwrap()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(40))) == [7] * 40
    assert db.info().numbers == 800
