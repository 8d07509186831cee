"""What is known of an execution: said once or in parts, by one step or by several."""

from __future__ import annotations

import datetime as dt

import pytest
from returns.maybe import Nothing

from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey
from dqx_core.store import Execution, MetricDB
from tests.core.store.numbers import KEY, day, metric

START = dt.datetime(2024, 1, 2, 3, 4, 5, 6, dt.UTC)


def test_an_execution_comes_back_as_it_was_recorded(db: MetricDB) -> None:
    given = Execution(
        "run-1",
        suite="Sales suite",
        keys=(KEY, day(3), day(4, {"split": "train"})),
        started=START,
        finished=START + dt.timedelta(seconds=1),
        status="passed",
        data_sources=("sales", "orders"),
        code_version="abc123",
        origin="dagster",
        parameters={"history": "shared", "threshold": 0.9, "nested": [1, {"a": None}]},
    )
    assert db.begin_execution(given) == given
    assert db.execution("run-1").unwrap().joined(Execution("run-1")) == db.execution("run-1").unwrap()
    stored = db.execution("run-1").unwrap()
    assert set(stored.keys) == set(given.keys)
    assert Execution(**{**vars(stored), "keys": given.keys}) == given


def test_an_execution_starts_when_it_is_first_heard_of(db: MetricDB) -> None:
    before = dt.datetime.now(dt.UTC)
    db.begin_execution(Execution("run-1"))
    started = db.execution("run-1").unwrap().started
    assert started is not None
    assert before <= started <= dt.datetime.now(dt.UTC)


def test_what_is_said_later_adds_to_what_is_known(db: MetricDB) -> None:
    db.begin_execution(Execution("run-1", "first suite", (day(0),), START, data_sources=("a",), parameters={"x": 1}))
    db.begin_execution(
        Execution("run-1", "second suite", (day(1), day(0)), START + dt.timedelta(hours=1), data_sources=("b", "a"))
    )
    whole = db.begin_execution(
        Execution("run-1", finished=START + dt.timedelta(hours=2), status="failed", parameters={"y": 2})
    )
    assert whole == db.execution("run-1").unwrap()
    assert whole.suite == "first suite"
    assert whole.keys == (day(0), day(1))
    assert whole.started == START
    assert whole.finished == START + dt.timedelta(hours=2)
    assert whole.status == "failed"
    assert whole.data_sources == ("a", "b")
    assert whole.parameters == {"x": 1, "y": 2}


def test_executions_are_listed_newest_first_and_since_a_moment(db: MetricDB) -> None:
    for number in range(4):
        db.begin_execution(Execution(f"run-{number}", started=START + dt.timedelta(days=number)))
    assert [e.execution_id for e in db.executions()] == ["run-3", "run-2", "run-1", "run-0"]
    assert [e.execution_id for e in db.executions(since=START + dt.timedelta(days=2))] == ["run-3", "run-2"]


def test_an_execution_that_never_was_is_nothing(db: MetricDB) -> None:
    assert db.execution("nobody") == Nothing


@pytest.mark.parametrize("execution_id", ["", "x" * 256])
def test_an_id_that_cannot_stand_in_an_index_is_refused(db: MetricDB, execution_id: str) -> None:
    with pytest.raises(DefinitionError, match="it must have 1 to 255"):
        Execution(execution_id)
    if execution_id:
        with pytest.raises(DefinitionError, match="it must have 1 to 255"):
            db.persist([metric(), metric(execution_id=execution_id)])
        assert db.info().numbers == 0


def test_the_longest_id_of_any_characters_is_fine(db: MetricDB) -> None:
    db.persist([metric(execution_id="😀" * 255)])
    assert len(db.measured("😀" * 255)) == 1


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"has no time zone\. Use datetime\.now"):
        Execution("run-1", started=dt.datetime(2024, 1, 1))


def test_an_execution_may_judge_a_year_of_days(db: MetricDB) -> None:
    keys = tuple(ResultKey(dt.date(2024, 1, 1) + dt.timedelta(days=n), {"split": s}) for s in "ab" for n in range(366))
    db.begin_execution(Execution("run-1", keys=keys))
    assert db.execution("run-1").unwrap().keys == keys
    assert (db.info().first_date, db.info().last_date) == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))
