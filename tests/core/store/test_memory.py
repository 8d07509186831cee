"""A store in memory holds what a first run keeps, and is a database once somebody asks for it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from returns.result import Success

from dqx_core import InMemoryMetricDB, MetricDB, VerificationSuite
from dqx_core.errors import StoreError
from dqx_core.states import Number
from dqx_core.store import Execution
from tests.core.shop import a_check, key, source
from tests.core.store.numbers import KEY, PRICE, ROWS, metric, verdict

RUN = """
import sys
from dqx_core import InMemoryMetricDB, VerificationSuite
from tests.core.shop import a_check, key, source
db = InMemoryMetricDB()
body = lambda mp, ctx: ctx.assert_that(mp.average("price")).where(name="price").is_positive()
suite = VerificationSuite([a_check(body)], db, "Suite", execution_id="run-1")
print(*[result.status for result in suite.run([source()], key(1))], "sqlalchemy" in sys.modules)
print(len(db.symbols("run-1")), "sqlalchemy" in sys.modules)
"""


@dataclass(frozen=True)
class Odd:
    """A state whose field has no form in a store."""

    kind: ClassVar[str] = "odd"
    values: frozenset[int] = frozenset({1})

    @property
    def value(self) -> Number:
        return 1


def run(db: MetricDB, number: int, execution_id: str) -> None:
    """Measure a day and compare it with the one before."""

    def body(mp, ctx):  # type: ignore[no-untyped-def]
        ctx.assert_that(mp.ext.day_over_day(mp.average("price"))).where(name="price").is_positive()
        ctx.assert_that(mp.maximum("price")).where(name="top").is_lt(7)

    VerificationSuite([a_check(body)], db, "Suite", execution_id=execution_id).run([source()], key(number))


def execution(execution_id: str = "run-1") -> Execution:
    return Execution(execution_id, started=dt.datetime.now(dt.UTC))


def test_a_run_that_nobody_asks_about_needs_no_database() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PASSED", "False", "1", "True"]


def test_what_is_held_is_what_a_file_would_hold(tmp_path: Path) -> None:
    held, file = InMemoryMetricDB(), MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    for db in (held, file):
        run(db, 5, "run-1")
    assert held.results("run-1") == file.results("run-1") != []
    assert held.symbols("run-1") == file.symbols("run-1") != []
    assert held.measured("run-1") == file.measured("run-1")
    first, second = held.execution("run-1").unwrap(), file.execution("run-1").unwrap()
    assert replace(first, started=None) == replace(second, started=None)


def test_a_second_run_finds_what_the_first_one_kept() -> None:
    db = InMemoryMetricDB()
    run(db, 4, "run-1")
    run(db, 5, "run-2")
    assert [execution.execution_id for execution in db.executions()] == ["run-2", "run-1"]
    assert [(point.value, point.execution_id) for point in db.points("sales", "maximum(price)")] == [
        (Success(7), "run-1"),
        (Success(9), "run-2"),
    ]


def test_what_is_held_is_as_old_as_its_run() -> None:
    db = InMemoryMetricDB()
    db.keep([metric(1, execution_id="old")], execution("old"))
    db.persist_results("old", [verdict()])
    time.sleep(0.01)
    moment = dt.datetime.now(dt.UTC)
    assert db.expire(moment, keep_latest=False) == 1
    assert db.results("old") == []


def test_what_cannot_be_kept_is_refused_at_once() -> None:
    db = InMemoryMetricDB()
    with pytest.raises(StoreError, match=r"a state field of type frozenset cannot be stored.*Nothing was written"):
        db.keep([metric(1), replace(metric(2), state=Odd())], execution())
    with pytest.raises(StoreError, match=r"a value of type str is not a number.*Nothing was written"):
        db.keep([replace(metric(2), value=Success("two"))], execution())  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=r"type set is not JSON serializable.*Nothing was written"):
        db.keep([replace(metric(2), metadata={"seen": {1}})], execution())
    with pytest.raises(StoreError, match=r"type set is not JSON serializable.*Nothing was written"):
        db.keep([metric(2)], replace(execution(), parameters={"seen": {1}}))
    assert db.info().numbers == 0


def test_what_is_held_and_cannot_be_written_is_told_to_all_who_ask() -> None:
    db = InMemoryMetricDB()
    db.keep([metric(1)], execution("good"))
    db.keep([replace(metric(2), data_version=5)], execution("bad"))  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(StoreError, match="could not persist 1 metric"):
            db.measured("good")


def test_threads_that_keep_and_ask_at_once_lose_nothing() -> None:
    for _ in range(10):
        db = InMemoryMetricDB()
        together = threading.Barrier(8)

        def work(number: int, db: InMemoryMetricDB = db, together: threading.Barrier = together) -> int:
            together.wait(timeout=30)
            for _ in range(5):
                db.keep([metric(number, execution_id=f"run-{number}")], execution(f"run-{number}"))
                db.persist([metric(number, spec=ROWS, execution_id=f"run-{number}")])
                db.persist_results(f"run-{number}", [verdict()])
                assert db.latest_many([(PRICE, KEY, "sales")])
            return len(db.measured(f"run-{number}")) + len(db.results(f"run-{number}"))

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8), timeout=60)) == [3] * 8
        assert (db.info().numbers, db.info().executions) == (16, 8)


def test_a_closed_store_holds_nothing() -> None:
    db = InMemoryMetricDB()
    db.keep([metric()], execution())
    db.close()
    assert db.measured("run-1") == []
    assert repr(db) == "InMemoryMetricDB('sqlite://')"
