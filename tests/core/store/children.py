"""What other processes do to a store while a test looks on: write beside it, and die at a chosen moment."""

from __future__ import annotations

import multiprocessing as mp
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from sqlalchemy import Engine, event

from dqx_core.errors import StoreError
from dqx_core.store import Execution, MetricDB
from tests.core.store.numbers import PRICE, ROWS, day, many, metric, verdict


def context() -> ForkServerContext:
    """Clean processes that need not import everything anew."""
    children = mp.get_context("forkserver")
    children.set_forkserver_preload(["tests.core.store.children", "alembic.command", "psycopg", "sqlite3.dbapi2"])
    return children


@contextmanager
def child(work: Any, *arguments: Any) -> Iterator[tuple[ForkServerProcess, Connection]]:
    """A process that works, and the end of a pipe to hear it; killed if it outlives the test."""
    here, there = mp.Pipe()
    process = context().Process(target=work, args=(*arguments, there), daemon=True)
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join()
        here.close()


def persist_and_die(url: str, statements: int, pipe: Connection) -> None:
    """Persist a step, and die before the nth statement or commit of it."""
    db = MetricDB(url)
    _die_at(statements)
    _step(db)
    pipe.send("survived")


def open_and_die(url: str, statements: int, pipe: Connection) -> None:
    """Open a new store, and die before the nth statement or commit of it."""
    _die_at(statements)
    MetricDB(url)
    pipe.send("survived")


def persist_until_killed(url: str, count: int, pipe: Connection) -> None:
    """Persist one large step, saying when it starts and when it is done."""
    db = MetricDB(url)
    metrics = many(count, "killed")
    pipe.send("starts")
    db.persist(metrics)
    pipe.send("done")
    pipe.recv()


def open_at_once(url: str, barrier: Any, pipe: Connection) -> None:
    """Open a store at the same moment as others."""
    barrier.wait()
    try:
        db = MetricDB(url)
        db.persist([metric(execution_id=f"run-{os.getpid()}")])
        pipe.send("")
    except StoreError as error:
        pipe.send(str(error))


def persist_and_read(url: str, worker: int, rounds: int, barrier: Any, pipe: Connection) -> None:
    """Persist round after round, reading back each and a number that all of them write; says what went wrong."""
    wrong = []
    db = MetricDB(url)
    barrier.wait()
    for number in range(rounds):
        execution_id = f"run-{worker}-{number}"
        key = day(number % 30)
        value = worker * 1_000 + number
        try:
            db.persist(
                [
                    metric(value, key=key, execution_id=execution_id),
                    metric(number, spec=ROWS, execution_id=execution_id),
                ],
                execution=Execution(execution_id, suite="Sales suite", keys=(key,)),
            )
            db.persist([metric(value, key=day(40 + number), execution_id="shared", dataset=f"sales-{worker}")])
            db.persist_results(execution_id, [verdict(key=key)])
            found = db.get_metric_value(PRICE, key, "sales", execution_id).value_or(None)
            if found != value:
                wrong.append(f"{execution_id} holds {found}, not {value}")
            if len(db.measured(execution_id)) != 2:
                wrong.append(f"{execution_id} holds {db.measured(execution_id)}")
            if not db.latest_many([(PRICE, key, "sales")]):
                wrong.append(f"{execution_id}: nothing is newest")
        except StoreError as error:
            wrong.append(str(error))
    pipe.send(wrong)


def fill_the_disk(url: str, limit: int, pipe: Connection) -> None:
    """Persist until no file may grow any more, if the limit is not 0; says what was complete and what was said."""
    db = MetricDB(url)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    complete = 0
    try:
        while complete < 200:
            db.persist(many(1_000, f"run-{complete}"))
            complete += 1
        pipe.send((complete, "the disk never filled"))
    except StoreError as error:
        pipe.send((complete, str(error)))


def use_as_nobody(url: str, what: str, pipe: Connection) -> None:
    """Open and use a store as a user who may read its files and write nothing."""
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        db = MetricDB(url)
        if what == "read":
            pipe.send(len(db.measured("run-1")))
        else:
            db.persist([metric(execution_id="run-2")])
            pipe.send("written")
    except StoreError as error:
        pipe.send(str(error))


def _step(db: MetricDB) -> None:
    db.persist(many(2_500, "killed"), execution=Execution("killed", suite="Sales suite", keys=(day(0),)))


def _die_at(statements: int) -> None:
    """Die by SIGKILL before the nth statement or commit from now on."""
    left = statements

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
