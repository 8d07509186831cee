"""Killed at any point, a step has written all of its rows or none, and running it again completes it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from dqx_core.store import MetricDB
from dqx_core.store.migrations import HEAD
from tests.core.store.children import child, open_and_die, persist_and_die, persist_until_killed
from tests.core.store.numbers import many, metric

COUNT = 2_500


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """A store in memory dies with its process."""
    name: str = request.param
    return name


def rows(db: MetricDB) -> int:
    return len(db.measured("killed"))


@pytest.mark.parametrize("persisted_before", [False, True], ids=["first", "again"])
def test_killed_before_any_statement_of_a_step_nothing_of_it_is_there(url: str, persisted_before: bool) -> None:
    db = MetricDB(url)
    if persisted_before:  # the series exist, and every row is replaced
        db.persist([replace(m, data_version="v0") for m in many(COUNT, "killed")])
    before = db.measured("killed")
    statement, survived = 0, False
    while not survived:
        with child(persist_and_die, url, statement) as (process, pipe):
            try:
                survived = pipe.recv() == "survived"
            except EOFError:
                process.join()
                assert process.exitcode == -9
                assert db.measured("killed") == before
                assert db.execution("killed").map(lambda e: e.suite).value_or(None) is None
        statement += 1
    assert statement > 8, "there was nothing to be killed between"
    assert {m.data_version for m in db.measured("killed")} == {"v1"}
    assert rows(db) == COUNT
    assert db.execution("killed").unwrap().suite == "Sales suite"
    db.close()


def test_killed_while_rows_are_written_all_are_there_or_none_and_a_rerun_completes_them(url: str) -> None:
    MetricDB(url).close()
    with child(persist_until_killed, url, 12_000) as (_, pipe):
        assert pipe.recv() == "starts"
        started = time.monotonic()
        assert pipe.recv() == "done"
        whole = time.monotonic() - started
    db = MetricDB(url)
    db.delete_execution("killed")
    outcomes = []
    for part in range(1, 6):
        with child(persist_until_killed, url, 12_000) as (process, pipe):
            assert pipe.recv() == "starts"
            time.sleep(whole * part / 5)
            process.kill()
            process.join()
        outcomes.append(rows(db))
        db.delete_execution("killed")
    assert set(outcomes) <= {0, 12_000}
    assert 0 in outcomes
    db.persist(many(12_000, "killed"))
    assert rows(db) == 12_000
    db.close()


def test_killed_while_a_store_is_made_it_is_made_by_the_next_who_opens_it(url: str) -> None:
    statement, survived = 0, False
    while not survived:
        with child(open_and_die, url, statement) as (process, pipe):
            try:
                survived = pipe.recv() == "survived"
            except EOFError:
                process.join()
                assert process.exitcode == -9
        statement += 1
    assert statement > 15, "there was nothing to be killed between"
    db = MetricDB(url)
    db.persist([metric()])
    assert db.info().revision == HEAD
    assert len(db.measured("run-1")) == 1
    db.close()
