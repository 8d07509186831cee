"""A store filled to one size, and how long it reads and persists, beside sqlite3 alone on the same tables."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from benchmarks.store.runs import DATASETS, FIRST_DAY, SPECS, WINDOW, WINDOWED, count, runs
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.metric import Metric
from dqx_core.retrieval import metrics_by_execution_id
from dqx_core.store import Execution, MetricDB
from dqx_core.store.tables import METRIC


@dataclass
class Filled:
    """A store of one size, and what was measured on it."""

    name: str
    numbers: int
    bytes: int
    fill: float
    """Numbers persisted a second while it was filled, a thousand at a time."""
    figures: dict[str, float] = field(default_factory=dict)
    """Milliseconds, median of five."""
    by_hand: dict[str, float] = field(default_factory=dict)
    """Milliseconds of the same with sqlite3 alone."""
    plans: dict[str, list[str]] = field(default_factory=dict)


def median_of_five(work: Callable[[], object], times: int) -> float:
    """Milliseconds of one call: the median over five rounds of the median call."""
    work()
    rounds = []
    for _ in range(5):
        calls = []
        for _ in range(times):
            began = time.perf_counter()
            work()
            calls.append(time.perf_counter() - began)
        rounds.append(statistics.median(calls))
    return statistics.median(rounds) * 1_000


def measure(db: MetricDB, days: int, filled: Filled) -> None:
    """Every kind of read, on random metrics of random executions, and persisting."""
    rng = random.Random(7)
    last = [execution for execution in db.executions() if execution.keys and execution.finished is None]
    late = [e for e in last if (e.keys[0].yyyy_mm_dd - FIRST_DAY).days >= WINDOW]

    def some() -> tuple[MetricSpec, Execution, str]:
        execution = rng.choice(late)
        return rng.choice(SPECS[:WINDOWED]), execution, execution.data_sources[0]

    def window() -> object:
        metric, execution, dataset = some()
        found = db.get_metric_window(metric, execution.keys[0], 0, WINDOW, dataset, execution.execution_id).unwrap()
        assert len(found) == WINDOW
        return found

    def value() -> object:
        metric, execution, dataset = some()
        return db.get_metric_value(metric, execution.keys[0], dataset, execution.execution_id).unwrap()

    def latest() -> object:
        metric, execution, dataset = some()
        return db.latest(metric, execution.keys[0], dataset).unwrap()

    def latest_many() -> object:
        _, execution, dataset = some()
        key = execution.keys[0]
        wanted = [(metric, key.lag(lag), dataset) for metric in SPECS[:WINDOWED] for lag in range(1, WINDOW)]
        wanted += [(metric, key.lag(1), dataset) for metric in SPECS[WINDOWED:]]
        found = db.latest_many(wanted)
        assert len(found) == len(wanted) == 780
        return found

    def history() -> object:
        metric, _, dataset = some()
        frame = db.history(metric, dataset, {}, FIRST_DAY, FIRST_DAY + dt.timedelta(days=99))
        assert len(frame) == min(100, days)
        return frame

    def by_execution() -> object:
        found = metrics_by_execution_id(db, some()[1].execution_id)
        assert len(found) == 1_000
        return found

    # A hundred metrics over a hundred days, and all of ten suites over five days, which lie all over the file.
    today = [m for _, metrics in runs(1, rng) for m in metrics]
    backfill = [replace(m, key=m.key.lag(n)) for m in today[:100] for n in range(100)]
    scattered = [replace(m, key=m.key.lag(n)) for m in today for n in range(5)][:10_000]
    number = 0

    def persist(metrics: list[Metric]) -> float:
        nonlocal number
        number += 1
        # Days of their own: days that many executions share lie apart, and every round would be slower.
        batch = [replace(m, key=m.key.lag(100 * number), execution_id=f"batch-{number}") for m in metrics]
        began = time.perf_counter()
        db.persist(batch)
        return time.perf_counter() - began

    reads: dict[str, tuple[Callable[[], object], int]] = {
        "one number": (value, 200),
        "window of 30 days": (window, 200),
        "latest of one": (latest, 100),
        "latest of 780 (a plan)": (latest_many, 5),
        "history of 100 days": (history, 20),
        "by execution, 1,000 numbers": (by_execution, 10),
    }
    for name, (work, times) in reads.items():
        with plans(db) as seen:
            work()
        filled.plans[name] = seen
        filled.figures[name] = median_of_five(work, times)
    hand = ByHand(db) if db.name.startswith("sqlite") else None
    if hand:
        filled.by_hand["window of 30 days"] = median_of_five(lambda: hand.window(*some()), 200)
    for name, metrics in (("persist 10,000, a backfill", backfill), ("persist 10,000, scattered", scattered)):
        persist(metrics)
        rounds = []
        for _ in range(5):  # in turns, so that both meet the same machine
            ours = persist(metrics)
            rounds.append((ours, hand.persist(f"batch-{number}") if hand else 0.0))
        ours, theirs = (statistics.median(times) * 1_000 for times in zip(*rounds, strict=True))
        filled.figures[name] = ours
        if hand:
            filled.by_hand[name] = theirs


class ByHand:
    """The floor: sqlite3 alone on these tables, given rows that are encoded and ids that are known, and giving rows."""

    def __init__(self, db: MetricDB) -> None:
        self._connection = sqlite3.connect(LOCATIONS[db.name].removeprefix("sqlite:///"), isolation_level=None)
        self._connection.execute("PRAGMA cache_size = -65536")
        self._connection.execute("PRAGMA wal_autocheckpoint = 8000")
        names = [column.name for column in METRIC.columns]
        self._insert = f"INSERT INTO dqx_metric ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        self._years = 0
        series = self._connection.execute("SELECT dataset, spec, series_id FROM dqx_series")
        self._series = {(dataset, spec): series_id for dataset, spec, series_id in series}

    def window(self, metric: MetricSpec, execution: Execution, dataset: str) -> list[tuple[Any, ...]]:
        """The values of thirty days."""
        days = [int(execution.keys[0].lag(n).yyyy_mm_dd.strftime("%Y%m%d")) for n in (WINDOW - 1, 0)]
        found = self._connection.execute(
            "SELECT yyyy_mm_dd, value FROM dqx_metric WHERE series_id = ? AND yyyy_mm_dd BETWEEN ? AND ? "
            "AND execution = (SELECT execution FROM dqx_execution WHERE execution_id = ?)",
            (self._series[dataset, metric.canonical], *days, execution.execution_id),
        ).fetchall()
        assert len(found) == WINDOW
        return found

    def persist(self, execution_id: str) -> float:
        """Insert the rows of an execution again, on days of their own; the seconds it took."""
        rows = self._connection.execute(
            "SELECT * FROM dqx_metric WHERE execution = (SELECT execution FROM dqx_execution WHERE execution_id = ?) "
            "ORDER BY series_id, yyyy_mm_dd",
            (execution_id,),
        ).fetchall()
        self._years += 50
        moved = [(row[0], row[1] - self._years * 10_000, *row[2:]) for row in rows]
        began = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._insert, moved)
        self._connection.execute("COMMIT")
        return time.perf_counter() - began


@contextmanager
def plans(db: MetricDB) -> Iterator[list[str]]:
    """How the database finds the rows of the last statement on numbers, in its own words."""
    heard: list[tuple[str, Any]] = []

    def hear(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: object) -> None:
        if "FROM dqx_metric" in statement:
            heard.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    seen: list[str] = []
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", hear)
    statement, parameters = heard[-1]
    explain = "EXPLAIN QUERY PLAN " if db.name.startswith("sqlite") else "EXPLAIN "
    engine = sa.create_engine(LOCATIONS[db.name], poolclass=sa.NullPool)
    with engine.connect() as connection:
        lines = [str(row[-1]).strip() for row in connection.exec_driver_sql(explain + statement, parameters)]
    seen += [line for line in lines if "dqx_metric" in line and ("SEARCH" in line or "SCAN" in line or "Scan" in line)]


LOCATIONS: dict[str, str] = {}
"""URLs by the name a store shows, which hides their password."""


def fill(name: str, url: str, numbers: int) -> Filled:
    """Fill a store, then measure it."""
    db = MetricDB(url)
    LOCATIONS[db.name] = url
    days = 1
    while sum(count(day) for day in range(days)) < numbers:
        days += 1
    held, persisting, last = 0, 0.0, 0
    made, written = runs(days, random.Random(1)), None
    for _ in range(days * len(DATASETS)):
        execution, metrics = made.send(written)
        began = time.perf_counter()
        written = db.persist(metrics, execution=execution)
        persisting += time.perf_counter() - began
        held += len(metrics)
        if held // 1_000_000 > last:
            last = held // 1_000_000
            print(f"  {name}: {held:,} numbers, {held / persisting:,.0f} a second", flush=True)
    info = db.info()
    assert info.numbers == held
    filled = Filled(name, held, info.bytes, held / persisting)
    if name.startswith("PostgreSQL"):
        with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    measure(db, days, filled)
    db.close()
    return filled
