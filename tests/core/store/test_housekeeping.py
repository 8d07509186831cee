"""Deleting what is old: only when told, and never the newest value of a metric and day."""

from __future__ import annotations

import datetime as dt
import time

import pytest
import sqlalchemy as sa
from returns.maybe import Nothing
from returns.result import Success

from dqx_core.errors import DefinitionError
from dqx_core.report import Status
from dqx_core.store import Execution, InMemoryMetricDB, MetricDB, Tally
from dqx_core.store.migrations import HEAD
from tests.core.store.numbers import KEY, PRICE, ROWS, day, measured, metric, verdict

NO_AGE = dt.timedelta(0)


def test_expire_keeps_the_newest_value_of_each_metric_and_day(db: MetricDB) -> None:
    db.persist([metric(n, key=day(n), execution_id="old") for n in range(4)])
    db.persist([metric(n + 10, key=day(n), execution_id="new") for n in range(2)])
    assert db.expire(NO_AGE, dry_run=True) == 2
    assert db.info().numbers == 6
    assert db.expire(NO_AGE) == 2
    assert [m.value for m in db.measured("old")] == [Success(2), Success(3)]
    assert [m.value for m in db.measured("new")] == [Success(10), Success(11)]
    assert db.expire(NO_AGE) == 0


def test_expire_spares_what_is_young(db: MetricDB) -> None:
    db.persist([metric(execution_id="old")])
    time.sleep(0.01)
    moment = dt.datetime.now(dt.UTC)
    db.persist([metric(execution_id="new"), metric(execution_id="newest")])
    assert db.expire(dt.timedelta(days=1)) == 0
    assert db.expire(moment) == 1
    assert db.measured("old") == []
    assert len(db.measured("new")) == 1


def test_each_number_of_an_execution_is_as_old_as_its_own_write(db: MetricDB) -> None:
    def told() -> list[dt.datetime]:
        """When the view says that each was written, by value."""
        query = sa.text("SELECT created FROM dqx_metrics ORDER BY value")
        shown = db._database.read(lambda c: c.execute(query).scalars().all(), "read")
        return [m if isinstance(m, dt.datetime) else dt.datetime.fromisoformat(f"{m}+00:00") for m in shown]

    moments = [dt.datetime.now(dt.UTC)]
    for number in range(3):
        db.persist([metric(number, key=day(number), execution_id="run-1")])
        moments.append(dt.datetime.now(dt.UTC))
    first, second, third = told()
    assert moments[0] <= first <= moments[1] <= second <= moments[2] <= third <= moments[3]
    # Written again, a number is younger; the others are as old as they were.
    db.persist([metric(0, key=day(0), execution_id="run-1")])
    again, *others = told()
    assert again >= moments[3]
    assert others == [second, third]
    assert db.expire(moments[2], keep_latest=False) == 1
    assert told() == [again, third]
    # What was deleted and is there again is as old as it is now.
    db.delete_execution("run-1")
    later = dt.datetime.now(dt.UTC)
    db.persist([metric(7, execution_id="run-1")])
    assert told() >= [later]


def test_expire_without_keeping_the_newest_takes_everything_old(db: MetricDB) -> None:
    db.persist([metric(), metric(spec=ROWS)])
    db.persist_results("run-1", [verdict()])
    assert db.expire(NO_AGE, keep_latest=False, dry_run=True) == 2
    assert db.expire(NO_AGE, keep_latest=False) == 2
    assert db.execution("run-1") == Nothing
    assert db.results("run-1") == []


def test_expire_keeps_the_newest_value_even_when_a_later_attempt_failed(db: MetricDB) -> None:
    db.persist([metric(1.5, execution_id="first")])
    db.persist([metric(2.5, execution_id="second")])
    db.persist([metric("broken", execution_id="third")])
    assert db.expire(NO_AGE) == 1
    assert [m.value for m in db.measured("second")] == [Success(2.5)]
    assert len(db.measured("third")) == 1


def test_expire_takes_copies_before_the_measurement_itself(db: MetricDB) -> None:
    db.persist([measured(3, execution_id="first")])
    original = db.measured("first")[0]
    db.persist([original.carried_into("second"), original.carried_into("third")])
    assert db.expire(NO_AGE) == 2
    assert [m.value for m in db.measured("first")] == [Success(3.0)]


def test_expire_keeps_the_newest_verdict_of_each_assertion(db: MetricDB) -> None:
    db.persist_results("old", [verdict("a"), verdict("b")])
    newer = verdict("a", status=Status.FAILED)
    db.persist_results("new", [newer])
    db.expire(NO_AGE)
    assert db.results("old") == [verdict("b")]
    assert db.results("new") == [newer]


def test_an_execution_that_was_emptied_is_no_longer_listed(db: MetricDB) -> None:
    db.persist([metric(execution_id="old")], execution=Execution("old", suite="Sales"))
    db.persist([metric(execution_id="new")])
    db.expire(NO_AGE)
    assert [e.execution_id for e in db.executions()] == ["new"]


def test_expire_goes_through_any_number_of_executions(db: MetricDB) -> None:
    db.persist([metric(n, execution_id=f"run-{n}") for n in range(65)])
    assert db.expire(NO_AGE) == 64
    # They began in one call: the newest is the one whose row was made last.
    assert len(db.search()) == 1


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(DefinitionError, match="has no time zone"):
        InMemoryMetricDB().expire(dt.datetime(2024, 1, 1))


def test_info_counts_what_is_there(db: MetricDB) -> None:
    empty = db.info()
    assert (empty.numbers, empty.series, empty.executions, empty.results, empty.datasets) == (0, 0, 0, 0, 0)
    db.persist([metric(), metric(spec=ROWS)], execution=Execution("run-1", keys=(KEY,)))
    db.persist_results("run-2", [verdict()])
    db.datasets.record("shop", {}, definition_hash="h", sql="", change="made")
    info = db.info()
    assert (info.numbers, info.series, info.executions, info.results, info.datasets) == (2, 2, 2, 1, 1)
    assert (info.first_date, info.last_date) == (KEY.yyyy_mm_dd, KEY.yyyy_mm_dd)
    assert info.revision == HEAD
    assert info.bytes > 10_000
    assert info.store == db.name
    assert db.latest(PRICE, KEY, "sales").unwrap().value == Success(4.5)


def test_tallies_say_how_executions_got_their_numbers(db: MetricDB) -> None:
    db.persist([metric(key=day(0)), metric("no values", key=day(1))])
    db.persist([metric(key=day(0), execution_id="run-2", source="run-1"), metric(key=day(2), execution_id="run-2")])
    db.begin_execution(Execution("empty"))

    assert db.tallies(["run-1", "run-2", "empty", "unknown"]) == {
        "run-1": Tally(measured=2, carried=0, failed=1),
        "run-2": Tally(measured=1, carried=1, failed=0),
        "empty": Tally(),
    }
    assert db.tallies([]) == {}
