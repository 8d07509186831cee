"""Eight processes that persist and read at once lose nothing, mix nothing and hear of no lock."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from returns.result import Success

from dqx_core.errors import StoreError
from dqx_core.store import MetricDB
from tests.core.store.children import child, context, open_at_once, persist_and_read
from tests.core.store.numbers import KEY, PRICE, day, metric

PROCESSES = 8
ROUNDS = 40


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """A store in memory has one process."""
    name: str = request.param
    return name


def test_eight_processes_persist_and_read_at_once(url: str) -> None:
    barrier = context().Barrier(PROCESSES)
    with ExitStack() as stack:
        pipes = [
            stack.enter_context(child(persist_and_read, url, worker, ROUNDS, barrier))[1] for worker in range(PROCESSES)
        ]
        assert [pipe.recv() for pipe in pipes] == [[]] * PROCESSES
    db = MetricDB(url)
    assert len(db.executions("Sales suite")) == PROCESSES * ROUNDS
    assert db.info().numbers == PROCESSES * ROUNDS * 3
    assert db.info().results == PROCESSES * ROUNDS
    for worker in range(PROCESSES):
        for number in range(ROUNDS):
            found = db.get_metric_value(PRICE, day(number % 30), "sales", f"run-{worker}-{number}")
            assert found.unwrap() == worker * 1_000 + number
            shared = db.get_metric_value(PRICE, day(40 + number), f"sales-{worker}", "shared")
            assert shared.unwrap() == worker * 1_000 + number
    db.close()


def test_eight_processes_open_a_new_store_at_once(url: str) -> None:
    barrier = context().Barrier(PROCESSES)
    with ExitStack() as stack:
        pipes = [stack.enter_context(child(open_at_once, url, barrier))[1] for _ in range(PROCESSES)]
        assert [pipe.recv() for pipe in pipes] == [""] * PROCESSES
    db = MetricDB(url)
    assert db.info().numbers == PROCESSES
    assert db.info().series == 1
    db.close()


def test_threads_that_persist_the_same_numbers_leave_one_whole_set(url: str) -> None:
    db = MetricDB(url)
    failures = []

    def work(value: int) -> None:
        try:
            for _ in range(5):
                db.persist([metric(value, key=day(n)) for n in (range(50) if value % 2 else range(49, -1, -1))])
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len({m.value for m in db.measured("run-1")}) == 1
    assert len(db.measured("run-1")) == 50
    db.close()


def test_a_reader_of_an_execution_sees_a_step_whole_or_not_at_all(url: str) -> None:
    db = MetricDB(url)
    db.persist([metric(0, key=day(n)) for n in range(200)])
    done = threading.Event()
    seen = set()

    def read() -> None:
        while not done.is_set():
            seen.add(frozenset(m.value for m in db.measured("run-1")))

    reader = threading.Thread(target=read)
    reader.start()
    for value in range(1, 10):
        db.persist([metric(value, key=day(n)) for n in range(200)])
    done.set()
    reader.join()
    assert all(len(values) == 1 for values in seen)
    db.close()


def test_a_read_of_several_statements_sees_one_moment(url: str) -> None:
    db, other = MetricDB(url), MetricDB(url)
    db.persist([metric(1.5, execution_id="run-1"), metric(1.5, execution_id="run-2")])
    written: list[object] = []

    def write_in_between(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM dqx_metric" in statement and not written:
            written.append(True)
            written.extend(other.persist([metric(9.5, execution_id=f"run-{n}") for n in (1, 2)]))

    sa.event.listen(sa.Engine, "after_cursor_execute", write_in_between)
    [(left, right)] = db.paired("run-1", "run-2")
    sa.event.remove(sa.Engine, "after_cursor_execute", write_in_between)
    assert len(written) == 3
    assert left is not None
    assert right is not None
    assert (left.value, right.value) == (Success(1.5), Success(1.5))
    assert db.lookup(PRICE, KEY, "sales", "run-2") == Success(9.5)
    other.close()
    db.close()


def test_a_writer_waits_for_another_who_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    db = MetricDB(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.7, lambda: other.execute("ROLLBACK"))
    release.start()
    started = time.monotonic()
    db.persist([metric(1.5)])
    assert time.monotonic() - started > 0.4
    release.join()
    other.close()
    assert db.lookup(PRICE, KEY, "sales", "run-1") == Success(1.5)
    db.close()


def test_a_file_that_stays_locked_is_reported_after_the_patience_is_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    db = MetricDB(f"sqlite:///{path}", patience=0.3)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"database is locked\. Nothing was written\..*Another process"):
        db.persist([metric(1.5)])
    assert db.measured("run-1") == []  # readers go on
    other.execute("ROLLBACK")
    other.close()
    db.persist([metric(1.5)])
    db.close()
