"""Verdicts are kept whole, once each, and the newest of each assertion is found."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from dqx_core.calendars import Window
from dqx_core.keys import ResultKey, Tags
from dqx_core.report import AssertionResult, Compared, Severity, Status, SymbolInfo
from dqx_core.store import Execution, MetricDB
from dqx_core.store.codec import unpack_compared, unpack_symbol
from dqx_core.store.results import compared_text, symbols_text
from tests.core.store.numbers import KEY, day, verdict

SYMBOLS = (
    SymbolInfo("x_1", "average(price)", "sales", Success(0.1), KEY.yyyy_mm_dd, KEY.tags),
    SymbolInfo("x_2", "num_rows()", None, Success(2**60 + 1), dt.date(2024, 1, 1), KEY.tags, 1, "run-0"),
    SymbolInfo("x_3", "minimum(price)", "sales", Success(-math.inf), KEY.yyyy_mm_dd, KEY.tags),
    SymbolInfo("x_4", "maximum(price)", "sales", Failure("no non-null values"), KEY.yyyy_mm_dd, KEY.tags),
)


def test_results_come_back_as_they_were_given_and_in_order(db: MetricDB) -> None:
    given = [
        verdict("b", symbols=SYMBOLS),
        verdict("a", status=Status.ERROR, outcome=Failure(("first reason", "second reason"))),
        verdict("c", status=Status.SKIPPED, outcome=Failure(())),
        replace(verdict("d", outcome=Success(2**53 + 1), status=Status.FAILED), severity=Severity.P3),
        verdict("a", key=KEY.lag(1)),
    ]
    db.persist_results("run-1", given)
    assert db.results("run-1") == given


def test_a_verdict_that_is_not_a_number_comes_back(db: MetricDB) -> None:
    nan = SymbolInfo("x_1", "average(price)", "sales", Success(math.nan), KEY.yyyy_mm_dd, KEY.tags)
    db.persist_results("run-1", [verdict(outcome=Success(math.nan), symbols=[nan])])
    [found] = db.results("run-1")
    assert math.isnan(found.metric.unwrap())
    assert math.isnan(found.symbols[0].value.unwrap())


def test_persisting_results_twice_keeps_one_each_and_their_order(db: MetricDB) -> None:
    given = [verdict(name) for name in "cab"]
    db.persist_results("run-1", given)
    changed = verdict("a", status=Status.FAILED, outcome=Success(-1.5))
    db.persist_results("run-1", [verdict("d"), changed])
    assert db.results("run-1") == [given[0], changed, given[2], verdict("d")]
    assert db.info().results == 4


def test_of_one_assertion_twice_in_one_call_the_last_counts(db: MetricDB) -> None:
    db.persist_results("run-1", [verdict(), verdict(status=Status.FAILED)])
    assert [r.status for r in db.results("run-1")] == [Status.FAILED]


def test_suite_check_day_and_tags_keep_results_apart(db: MetricDB) -> None:
    given = [
        verdict(),
        verdict(suite="other"),
        verdict(check="other"),
        verdict(key=KEY.lag(1)),
        verdict(key=ResultKey(KEY.yyyy_mm_dd)),
    ]
    db.persist_results("run-1", given)
    assert db.results("run-1") == given


def test_the_asset_keeps_results_apart_and_what_was_compared_comes_back(db: MetricDB) -> None:
    compared = Compared("BETWEEN", (1, 2**60 + 1, math.inf, 0.1), 1e-9, 0.5, ("sale", "holiday"))
    given = [
        replace(verdict(), asset="raw/orders", compared=compared),
        replace(verdict(), asset="clean/orders", compared=Compared("EQ", (), 0.0)),
        verdict(),
    ]
    db.persist_results("run-1", given)
    assert db.results("run-1") == given
    [first, *_] = db.results("run-1")
    assert first.compared is not None
    assert [type(limit) for limit in first.compared.limits] == [int, int, float, float]


def test_the_verdict_that_was_given_last_is_the_newest_whichever_execution_began_first(db: MetricDB) -> None:
    db.begin_execution(Execution("early"))
    db.persist_results("late", [verdict()])
    failed = verdict(status=Status.FAILED)
    db.persist_results("early", [failed])
    assert db.latest_results() == {failed: "early"}
    db.expire(dt.timedelta(0))
    assert db.latest_results() == {failed: "early"}
    assert db.results("late") == []


def on(asset: str | None, status: Status = Status.PASSED, key: ResultKey = KEY, name: str = "a") -> AssertionResult:
    return replace(verdict(name, key=key, status=status), asset=asset)


def test_one_suite_on_two_assets_gives_two_sets_of_verdicts(db: MetricDB) -> None:
    db.persist_results("run-1", [on("raw/orders", Status.FAILED)])
    db.persist_results("run-2", [on("clean/orders")])
    assert len(db.latest_results()) == 2
    assert db.latest_results(assets=["raw/orders"]) == {on("raw/orders", Status.FAILED): "run-1"}
    assert db.latest_results(assets=["orders"]) == {}
    assert db.latest_results(assets=[]) == {}
    told = db.newest_verdicts("Sales suite", "raw/orders", [KEY, KEY.lag(1)])
    assert {key: list(found) for key, found in told.items()} == {
        KEY: [on("raw/orders", Status.FAILED)],
        KEY.lag(1): [],
    }
    assert db.newest_verdicts("Sales suite", "raw/orders", []) == {}


def test_a_gate_hears_who_gave_a_verdict_and_does_not_hear_those_it_does_not_take(db: MetricDB) -> None:
    for run, origin in (("trusted", "dagster"), ("scratch", "cli")):
        db.begin_execution(Execution(run, origin=origin))
    db.persist_results("trusted", [on("orders", Status.FAILED)])
    db.persist_results("scratch", [on("orders"), on("orders", name="b")])
    [newest] = [
        given for r, given in db.newest_verdicts("Sales suite", "orders", [KEY])[KEY].items() if r == on("orders")
    ]
    assert (newest.execution_id, newest.origin) == ("scratch", "cli")
    [(result, given)] = db.newest_verdicts("Sales suite", "orders", [KEY], origins=["dagster"])[KEY].items()
    assert (result.status, given.execution_id, given.origin) == (Status.FAILED, "trusted", "dagster")
    assert given.sequence < newest.sequence
    assert dt.timedelta(0) <= newest.given - given.given < dt.timedelta(minutes=1)
    assert db.newest_verdicts("Sales suite", "orders", [KEY], origins=[])[KEY] == {}


def test_a_verdict_of_no_asset_is_told_until_a_later_one_names_one(db: MetricDB) -> None:
    db.persist_results("old", [on(None, Status.FAILED), on(None, name="b")])
    assert db.newest_verdicts("Sales suite", "orders", [KEY]) == {KEY: {}}
    db.persist_results("new", [on("raw/orders"), on("clean/orders")])
    assert db.latest_results() == {on("raw/orders"): "new", on("clean/orders"): "new", on(None, name="b"): "old"}
    db.persist_results("anonymous", [on(None)])
    assert db.latest_results()[on(None)] == "anonymous"


def test_any_number_of_keys_is_asked_at_once(db: MetricDB) -> None:
    keys = [day(n) for n in range(1_200)]
    db.persist_results("run-1", [on("orders", key=key) for key in keys])
    told = db.newest_verdicts("Sales suite", "orders", [*keys[::2], KEY])
    assert [len(found) for found in told.values()] == [1] * 600 + [0]


def test_results_of_one_execution_are_not_those_of_another(db: MetricDB) -> None:
    db.persist_results("run-1", [verdict()])
    db.persist_results("run-2", [verdict(status=Status.FAILED)])
    assert [r.status for r in db.results("run-1")] == [Status.PASSED]
    assert [r.status for r in db.results("run-2")] == [Status.FAILED]


def test_the_newest_result_of_each_assertion_names_its_execution(db: MetricDB) -> None:
    db.persist_results("run-1", [verdict("a"), verdict("b"), verdict("a", key=KEY.lag(1))])
    repaired = verdict("a", status=Status.FAILED)
    db.persist_results("run-2", [repaired, verdict("a", suite="Other suite")])
    assert db.latest_results() == {
        verdict("a", key=KEY.lag(1)): "run-1",
        verdict("b"): "run-1",
        repaired: "run-2",
        verdict("a", suite="Other suite"): "run-2",
    }
    assert next(iter(db.latest_results())).yyyy_mm_dd < KEY.yyyy_mm_dd


def test_the_newest_results_can_be_narrowed(db: MetricDB) -> None:
    for number in range(5):
        db.persist_results(f"run-{number}", [verdict(check=check, key=day(number)) for check in ("x", "y")])
    db.persist_results("run-9", [verdict(check="x", key=day(2, {"env": "prod"}), suite="Other")])

    def days(**asked: object) -> list[int]:
        return sorted(r.yyyy_mm_dd.day - 1 for r in db.latest_results(**asked))  # type: ignore[arg-type]

    assert days(suite="Other") == [2]
    assert days(check="x", tags={}) == [0, 1, 2, 3, 4]
    assert days(tags={"env": "prod"}) == [2]
    assert days(suite="Sales suite", from_date=day(1).yyyy_mm_dd, until_date=day(2).yyyy_mm_dd) == [1, 1, 2, 2]
    assert days(suite="nobody") == []


def test_deleting_an_execution_takes_its_verdicts(db: MetricDB) -> None:
    db.persist_results("run-1", [verdict()])
    db.persist_results("run-2", [verdict(status=Status.FAILED)])
    db.delete_execution("run-2")
    assert db.latest_results() == {verdict(): "run-1"}


def test_executions_are_found_by_any_suite_that_ran_under_them(db: MetricDB) -> None:
    db.begin_execution(Execution("run-1", suite="Sales suite"))
    db.persist_results("run-1", [verdict(suite="Orders suite")])
    db.begin_execution(Execution("run-2", suite="Orders suite"))
    assert [e.execution_id for e in db.executions("Orders suite")] == ["run-2", "run-1"]
    assert [e.execution_id for e in db.executions("Sales suite")] == ["run-1"]
    assert db.executions("nobody") == []


NAMES = st.text(max_size=8)
ANY_SYMBOLS = st.builds(
    SymbolInfo,
    NAMES,
    NAMES,
    st.none() | NAMES,
    st.one_of(st.sampled_from([math.nan, math.inf, -math.inf]), st.integers(), st.floats()).map(Success)
    | NAMES.map(Failure),
    st.dates(),
    st.dictionaries(NAMES, NAMES, max_size=3).map(Tags),
    st.integers(0, 400),
    st.none() | NAMES,
    st.none() | st.dates(dt.date(1, 1, 2), dt.date(9999, 12, 1)).map(Window.of_day),
)


@given(symbols=st.lists(ANY_SYMBOLS, max_size=3))
def test_symbols_are_written_as_the_json_that_they_are_read_from(symbols: list[SymbolInfo]) -> None:
    text = symbols_text(symbols)
    packed = json.loads(text)
    assert json.dumps(packed, sort_keys=True, separators=(",", ":")) == text
    assert list(map(repr, map(unpack_symbol, packed))) == list(map(repr, symbols))


NUMBERS = st.one_of(st.integers(), st.floats())


@given(compared=st.builds(Compared, NAMES, st.lists(NUMBERS, max_size=2).map(tuple), NUMBERS, NUMBERS))
def test_what_was_compared_is_written_as_the_json_that_it_is_read_from(compared: Compared) -> None:
    compared = replace(compared, profiles=(compared.operator,))
    packed = json.loads(text := compared_text(compared))
    assert json.dumps(packed, sort_keys=True, separators=(",", ":")) == text
    assert repr(unpack_compared(packed)) == repr(compared)
