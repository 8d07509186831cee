"""The statements of the store find their rows through an index: asserted from the databases' own plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dqx_core.keys import ResultKey
from dqx_core.store import MetricDB
from dqx_core.store.codec import make_metric_id
from tests.core.store.numbers import PRICE, day, many, metric, verdict


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Every SELECT that runs meanwhile, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def hear(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", hear)


READS: dict[str, Callable[[MetricDB], object]] = {
    "value": lambda db: db.get_metric_value(PRICE, day(5), "sales", "run-3"),
    "window": lambda db: db.get_metric_window(PRICE, day(30), 0, 30, "sales", "run-3"),
    "latest": lambda db: db.latest(PRICE, day(5), "sales"),
    "latest_many": lambda db: db.latest_many([(PRICE, day(n), "sales") for n in range(20)]),
    "history": lambda db: db.history(PRICE, "sales"),
    "measured": lambda db: db.measured("run-3"),
    "get": lambda db: db.get(make_metric_id(1, (day(0).yyyy_mm_dd, 0, 0), 1, "run-0")).unwrap(),
    "exists": lambda db: db.exists(PRICE, day(5), "sales"),
    "results": lambda db: db.results("run-3"),
    "latest_results": lambda db: db.latest_results(from_date=day(3).yyyy_mm_dd, until_date=day(3).yyyy_mm_dd),
}


def reads_of(db: MetricDB) -> Iterator[tuple[str, str, Any]]:
    """The statements of every read, each with the name of the read and its parameters."""
    for read, call in READS.items():
        with statements() as seen:
            call(db)
        assert seen, read
        yield from ((read, statement, parameters) for statement, parameters in seen)


@pytest.fixture
def filled(url: str) -> Iterator[MetricDB]:
    db = MetricDB(url)
    for run in range(6):
        db.persist(many(2_000, f"run-{run}"))
        db.persist([metric(n, key=ResultKey(day(n).yyyy_mm_dd), execution_id=f"run-{run}") for n in range(60)])
        db.persist_results(f"run-{run}", [verdict(str(n), key=day(n % 60)) for n in range(300)])
    yield db
    db.close()


@pytest.mark.parametrize("backend", ["sqlite"])
def test_sqlite_reads_numbers_and_results_through_an_index(filled: MetricDB, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'metrics.db'}")
    with engine.connect() as connection:
        for read, statement, parameters in reads_of(filled):
            plan = [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]
            walked = [line for line in plan if line.startswith(("SCAN dqx_metric", "SCAN dqx_result"))]
            assert not walked, (read, statement, plan)
            searched = [line for line in plan if line.startswith("SEARCH dqx_metric")]
            if read == "measured":
                assert searched == ["SEARCH dqx_metric USING INDEX ix_dqx_metric_execution (execution=?)"]
            elif "FROM dqx_metric" in statement:
                assert searched, (read, plan)
                # By series and day in either index: rows lie by (series, day, execution), and SQLite keeps
                # that key behind the execution in the other one.
                assert all("series_id=?" in line for line in searched), (read, plan)
    engine.dispose()


@pytest.mark.parametrize("backend", ["postgresql"])
def test_postgresql_can_read_numbers_and_results_through_an_index(filled: MetricDB, url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql("SET enable_seqscan = off")  # on so few rows it would read them all, and be right
        for read, statement, parameters in reads_of(filled):
            plan = [row[0] for row in connection.exec_driver_sql("EXPLAIN " + statement, parameters)]
            walked = [line for line in plan if "Seq Scan on dqx_metric" in line or "Seq Scan on dqx_result" in line]
            assert not walked, (read, plan)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_window_costs_the_same_however_many_executions_share_its_days(filled: MetricDB, tmp_path: Path) -> None:
    [(window, parameters)] = [(s, p) for read, s, p in reads_of(filled) if read == "window" and "FROM dqx_metric" in s]
    # Within the execution: the rows that others have on the same days are not walked over.
    place = "execution=? AND series_id=? AND yyyy_mm_dd>? AND yyyy_mm_dd<?"
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'metrics.db'}")
    with engine.connect() as connection:
        for prepare in ("SELECT 1", "ANALYZE"):
            connection.exec_driver_sql(prepare)
            plan = [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + window, parameters)]
            assert f"SEARCH dqx_metric USING INDEX ix_dqx_metric_execution ({place})" in plan, prepare
    engine.dispose()
