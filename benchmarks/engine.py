"""How fast suites run, against SQL written by hand: `python -m benchmarks.engine`; writes benchmarks/engine.md.

Every number is a median of runs, each in a process of its own, taken in turns so that a busy moment of the
machine hits all alike. Ratios compare numbers of one run of this file. "work" is the time of all cores that
the process itself took, which others on the machine disturb less.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkstemp
from typing import Any

import duckdb

from dqx_core import (
    Check,
    Context,
    DuckDB,
    DuckRelationDataSource,
    InMemoryMetricDB,
    MetricDB,
    MetricProvider,
    ResultKey,
    VerificationSuite,
    check,
)

ROWS = 10_000_000
DAYS = 365
RUNS = 5
FIRST = dt.date(2024, 1, 1)
PAGE = Path(__file__).with_name("engine.md")
COLUMNS = ("order_id", "user_id", "product_id", "email", "country", "price", "quantity")

PLAIN = r"""
    count(*), count(*) - count(order_id), count(*) - count(user_id), count(*) - count(product_id),
    count(*) - count(email), count(*) - count(country), count(*) - count(price), count(*) - count(quantity),
    min(price), max(price), avg(price), stddev(price), min(quantity), max(quantity), avg(quantity), stddev(quantity),
    count(*) FILTER (country IN ('NL', 'DE', 'FR', 'BE')), count(*) FILTER (price < 0),
    count(*) FILTER (quantity BETWEEN 1 AND 10), count(*) FILTER (price BETWEEN 0 AND 1000)
"""
MATCHES = r"count(*) FILTER (regexp_full_match(email, '[a-z0-9]+@mail\.example'))"
ONE_SELECT = f"""
    {PLAIN}, {MATCHES}, count(DISTINCT user_id), count(DISTINCT product_id), count(DISTINCT email),
    count(*) - count(DISTINCT (order_id, user_id))
"""


def make_data(folder: Path, rows: int, days: int) -> None:
    """Orders of a shop, ordered by day: about 27,000 a day, a million users, 1 in 10,000 order ids twice."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1; SELECT setseed(0.42)")
    connection.execute(f"""
        CREATE TABLE orders AS SELECT
            DATE '{FIRST}' + ((i * {days}) // {rows})::INTEGER AS yyyy_mm_dd,
            i - (CASE WHEN random() < 0.0001 THEN 1 ELSE 0 END) AS order_id,
            (random() * 1e6)::BIGINT AS user_id,
            (pow(random(), 3) * 50000)::INTEGER AS product_id,
            CASE WHEN random() >= 0.03 THEN 'user' || ((random() * 1e6)::BIGINT) || '@mail.example' END AS email,
            CASE WHEN random() >= 0.05 THEN ['NL', 'DE', 'FR', 'BE', 'XX'][1 + floor(random() * 5)::INTEGER] END
                AS country,
            CASE WHEN random() >= 0.01 THEN round(exp(random() * 6), 2) END AS price,
            CASE WHEN random() >= 0.01 THEN (1 + random() * 9)::INTEGER END AS quantity
        FROM range({rows}) t(i)
    """)
    connection.execute(f"COPY orders TO '{folder / f'orders-{rows}.parquet'}'")
    if rows == ROWS:
        connection.execute(f"COPY (FROM orders ORDER BY hash(order_id)) TO '{folder / 'unsorted.parquet'}'")


def metrics(mp: MetricProvider) -> list[Any]:
    """Twenty-five typical metrics."""
    return [
        mp.num_rows(),
        *(mp.null_count(column) for column in COLUMNS),
        *(
            measure(column)
            for column in ("price", "quantity")
            for measure in (mp.minimum, mp.maximum, mp.average, mp.stddev)
        ),
        mp.count_values("country", ["NL", "DE", "FR", "BE"]),
        mp.negative_count("price"),
        mp.num_rows(where="quantity BETWEEN 1 AND 10"),
        mp.num_rows(where="price BETWEEN 0 AND 1000"),
        mp.match_count("email", r"[a-z0-9]+@mail\.example"),
        *(mp.unique_count(column) for column in ("user_id", "product_id", "email")),
        mp.duplicate_count(["order_id", "user_id"]),
    ]


@check(name="Orders", datasets=["orders"])
def orders(mp: MetricProvider, ctx: Context) -> None:
    """Record them all."""
    for number, metric in enumerate(metrics(mp)):
        ctx.assert_that(metric).where(name=str(number)).noop()


def _suite(file: Path, *, dated: bool, warm: bool = True, kept: bool = False) -> Callable[[], object]:
    """A run whose numbers stay in memory, or are kept in a new file that is opened before."""
    source = DuckRelationDataSource.from_parquet(file, "orders", date_column="yyyy_mm_dd" if dated else None)
    keys = [ResultKey(FIRST + dt.timedelta(days=n)) for n in range(DAYS if dated else 1)]
    db = _file(file.parent) if kept else None

    def run(on: DuckRelationDataSource, judged: list[ResultKey]) -> object:
        return VerificationSuite([orders], db or InMemoryMetricDB(), "Orders").run_many([on], judged)

    if warm:  # what Python imports on the way is measured with the whole process, not with the run
        engine = DuckDB()
        nothing = engine.connection.sql(f"FROM read_parquet('{file}') LIMIT 0")
        run(DuckRelationDataSource.from_relation(engine, nothing, "orders", date_column=None), keys[:1])
        engine.connection.close()  # a process has one
    return lambda: run(source, keys)


def _file(folder: Path) -> MetricDB:
    """A new store in a file."""
    handle, name = mkstemp(suffix=".db", dir=folder)
    os.close(handle)
    return MetricDB(f"sqlite:///{name}")


def _queries(*statements: str) -> Callable[[], object]:
    connection = duckdb.connect()
    return lambda: [connection.sql(statement).fetchall() for statement in statements]


def _by_hand(file: Path, *, best: bool = False, dated: bool = False) -> Callable[[], object]:
    """Exact SQL by hand: plain aggregates in one statement, a grouped one for each distinct item.

    The best that is known to us also asks the file for the bounds of its ids and marks them in bitmaps, and matches
    emails once for each that is different, where they are not grouped by day too.
    """
    day, per_day = ("yyyy_mm_dd, ", " GROUP BY yyyy_mm_dd") if dated else ("", "")
    grouped = best and not dated
    among_emails = "count(email)" + (
        r", sum(n) FILTER (regexp_full_match(email, '[a-z0-9]+@mail\.example'))" if grouped else ""
    )
    emails = f"{day}email" + (", count(*) AS n" if grouped else "")
    ids = ("user_id", "product_id")

    def run() -> object:
        connection = duckdb.connect()

        def rows(statement: str) -> list[Any]:
            return connection.sql(statement).fetchall()

        statements = [f"SELECT {day}{PLAIN}{'' if grouped else f', {MATCHES}'} FROM '{file}'{per_day}"]
        if best:
            [bounds] = rows(f"SELECT {', '.join(f'min({each}), max({each})' for each in ids)} FROM '{file}'")
            marks = [
                f"bit_count(bitstring_agg({each}, {bounds[2 * n]}, {bounds[2 * n + 1]}))" for n, each in enumerate(ids)
            ]
            statements.append(f"SELECT {day}{', '.join(marks)} FROM '{file}'{per_day}")
        else:
            statements += [
                f"SELECT {day}count({each}) FROM (SELECT DISTINCT {day}{each} FROM '{file}'){per_day}" for each in ids
            ]
        statements += [
            f"SELECT {day}{among_emails} FROM (SELECT {emails} FROM '{file}' GROUP BY {day}email){per_day}",
            f"SELECT {day}sum(n - 1) FROM "
            f"(SELECT {day}count(*) AS n FROM '{file}' GROUP BY {day}order_id, user_id){per_day}",
        ]
        return [rows(statement) for statement in statements]

    return run


def _per_day(file: Path, days: int) -> Callable[[], object]:
    some = [FIRST + dt.timedelta(days=n * (DAYS // days)) for n in range(days)]
    return _queries(*(f"SELECT {ONE_SELECT} FROM '{file}' WHERE yyyy_mm_dd = DATE '{day}'" for day in some))


def _tasks(folder: Path) -> dict[str, Callable[[], Callable[[], object]]]:
    large, small, mixed = (
        folder / f"orders-{ROWS}.parquet",
        folder / "orders-100000.parquet",
        folder / "unsorted.parquet",
    )
    return {
        "suite": lambda: _suite(large, dated=False),
        "one select": lambda: _queries(f"SELECT {ONE_SELECT} FROM '{large}'"),
        "by hand": lambda: _by_hand(large),
        "best by hand": lambda: _by_hand(large, best=True),
        "small suite": lambda: _suite(small, dated=False),
        "small suite in a file": lambda: _suite(small, dated=False, kept=True),
        "small suite from nothing": lambda: _suite(small, dated=False, warm=False),
        "suite by day": lambda: _suite(large, dated=True),
        "suite by day, in a file": lambda: _suite(large, dated=True, kept=True),
        "suite by day, unsorted": lambda: _suite(mixed, dated=True),
        "one select by day": lambda: _queries(f"SELECT yyyy_mm_dd, {ONE_SELECT} FROM '{large}' GROUP BY yyyy_mm_dd"),
        "by hand by day": lambda: _by_hand(large, dated=True),
        "best by hand by day": lambda: _by_hand(large, best=True, dated=True),
        "12 queries": lambda: _per_day(large, 12),
        "12 queries, unsorted": lambda: _per_day(mixed, 12),
    }


def _in_child(folder: Path, task: str) -> None:
    run = _tasks(folder)[task]()
    began, worked = time.perf_counter(), time.process_time()
    run()
    print(json.dumps([time.perf_counter() - began, time.process_time() - worked, _peak()]))


def _peak() -> float:
    """The most memory this process held, in gigabytes; what it was before it became Python does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9  # bytes where there is no /proc


Measured = dict[str, tuple[float, float, float]]


def _measured(folder: Path, *tasks: str) -> Measured:
    """Median seconds, seconds of work of all cores, and gigabytes of each task, taken in turns."""
    seen: dict[str, list[list[float]]] = {task: [] for task in tasks}
    for _ in range(RUNS):
        for task in tasks:
            child = [sys.executable, "-m", "benchmarks.engine", str(folder), task]
            done = subprocess.run(child, check=True, capture_output=True, text=True)
            seen[task].append(json.loads(done.stdout.splitlines()[-1]))
    medians = {task: [statistics.median(column) for column in zip(*runs, strict=True)] for task, runs in seen.items()}
    return {task: (wall, work, memory) for task, (wall, work, memory) in medians.items()}


def _median(run: Callable[[], float]) -> float:
    return statistics.median(run() for _ in range(RUNS))


def _process(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def _many_assertions(count: int) -> tuple[Check, ...]:
    def body(mp: MetricProvider, ctx: Context) -> None:
        for number in range(count):
            metric = mp.num_rows(where=f"n > {number % 200}")
            ctx.assert_that(metric / (mp.num_rows() + 1)).where(name=str(number)).is_between(-1, 2)

    return (check(name="Many", datasets=["numbers"])(body),)


def _overhead(count: int, folder: Path | None = None) -> float:
    """Seconds of a run beside those in the engine, its numbers kept in a file of a folder or in memory."""
    source = DuckRelationDataSource.from_relation(
        engine := DuckDB(), engine.connection.sql("SELECT range AS n FROM range(1000)"), "numbers"
    )
    spent = 0.0
    rows = source.rows

    def timed(tree: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return rows(tree)
        finally:
            spent += time.perf_counter() - began

    source.rows = timed  # type: ignore[method-assign]
    db = _file(folder) if folder else InMemoryMetricDB()
    suite = VerificationSuite(_many_assertions(count), db, "Many")
    began = time.perf_counter()
    suite.run([source], ResultKey(FIRST))
    return time.perf_counter() - began - spent


@check(name="History", datasets=["orders"])
def history(mp: MetricProvider, ctx: Context) -> None:
    """What looks back."""
    for metric in (mp.num_rows(), mp.average("price"), mp.unique_count("email")):
        ctx.assert_that(mp.ext.day_over_day(metric)).where(name=f"{metric} day").noop()
        ctx.assert_that(mp.ext.week_over_week(metric)).where(name=f"{metric} week").noop()
        ctx.assert_that(mp.ext.stddev(metric, n=28)).where(name=f"{metric} spread").noop()


def _next_day(folder: Path) -> tuple[float, list[str]]:
    """Seconds of the run of day 60 after those before it, and the days that its statements read."""
    engine = DuckDB()
    source = DuckRelationDataSource.from_parquet(
        folder / f"orders-{ROWS}.parquet", "orders", engine=engine, data_version=lambda day, tags: "v1"
    )
    db = _file(folder)  # a day later it is another process
    before = [ResultKey(FIRST + dt.timedelta(days=n)) for n in range(59)]
    VerificationSuite([history], db, "History").run_many([source], before)
    ran = len(engine.statements)
    today = ResultKey(FIRST + dt.timedelta(days=59))
    began = time.perf_counter()
    results = VerificationSuite([history], db, "History").run([source], today)
    took = time.perf_counter() - began
    assert all(result.status == "PASSED" for result in results)
    return took, list(engine.statements)[ran:]


def machine() -> str:
    """What the numbers were measured on."""
    from importlib.metadata import version  # not where it would count as the suite's

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "sqlglot", "pyarrow", "sympy"))
    return f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, {versions}"


def _table(base: Sequence[str], found: Measured) -> list[str]:
    ratios = [f"÷ {name}" for name in base] + [f"work ÷ {name}" for name in base]
    lines = [f"| | s | work, core s | GB | {' | '.join(ratios)} |", "|---" * (4 + len(ratios)) + "|"]
    for name, (seconds, work, memory) in found.items():
        shown = [f"{seconds / found[other][0]:.2f}" for other in base] + [
            f"{work / found[other][1]:.2f}" for other in base
        ]
        lines.append(f"| {name} | {seconds:.2f} | {work:.2f} | {memory:.2f} | {' | '.join(shown)} |")
    return [*lines, ""]


def main() -> None:
    """Measure everything, print it, and write the page."""
    if len(sys.argv) == 3:
        _in_child(Path(sys.argv[1]), sys.argv[2])
        return
    # The processes that are measured keep their bytecode, as what pip installs has it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    busy = f"Load average of the machine at the start: {os.getloadavg()[0]:.1f}."
    lines = ["# Engine", "", f"`make bench ARGS=engine` on {machine()}. Medians of {RUNS} runs. {busy}", ""]

    def say(*more: str) -> None:
        lines.extend(more)
        print("\n".join(more), flush=True)

    with TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder, ROWS, DAYS)
        make_data(folder, 100_000, 1)
        whole = _measured(folder, "suite", "one select", "by hand", "best by hand")
        say(f"## 25 metrics over {ROWS:,} rows of Parquet", "")
        say(
            "By hand is a grouped statement for each distinct item beside the plain aggregates. The best SQL by hand",
            "knows these data: ids lie close together and go into bitmaps, within bounds that are asked for first, and",
            "a regular expression is matched once for each different email. A suite finds that out by itself.",
            "",
        )
        say(*_table(["one select", "by hand", "best by hand"], whole))
        small = _measured(folder, "small suite", "small suite in a file")
        process = _median(lambda: _process("-m", "benchmarks.engine", str(folder), "small suite from nothing"))
        libraries = _median(lambda: _process("-c", "import sympy, sqlglot, duckdb"))
        say(
            f"100,000 rows: the run {small['small suite'][0]:.3f} s, the whole process {process:.2f} s. A process that "
            f"only imports SymPy, sqlglot and DuckDB takes {libraries:.2f} s.",
            f"A run whose numbers and verdicts go into a file takes {small['small suite in a file'][0]:.3f} s.",
            "In memory they are held, and written when somebody asks for them: without SQLAlchemy until then.",
            "",
        )
        suites = ("suite by day", "suite by day, in a file", "suite by day, unsorted")
        ways = (*suites, "one select by day", "by hand by day", "best by hand by day")
        by_day = _measured(folder, *ways)
        say(f"## {DAYS} days × 25 metrics in one execution", "")
        say(*_table(["one select by day", "by hand by day", "best by hand by day"], by_day))
        for task, ours in (("12 queries", "suite by day"), ("12 queries, unsorted", "suite by day, unsorted")):
            each = _measured(folder, task)[task][0] / 12
            say(
                f"- one query per day, {'unsorted' if 'unsorted' in task else 'sorted'} file: {each:.3f} s a day "
                f"(12 days measured), {each * DAYS:.0f} s in all: {each * DAYS / by_day[ours][0]:.1f} × ours"
            )
        took, statements = _next_day(folder)
        days = {str(FIRST + dt.timedelta(days=n)) for n in range(DAYS)}
        read = sorted(day for day in days if any(f"'{day}'" in sql for sql in statements))
        say("", "## The next day", "")
        say(f"{took:.2f} s for three metrics with day-over-day, week-over-week and stddev over 28 days.")
        say(f"The {len(statements)} statements read the half-open day from {read[0]} to {read[-1]} and no other.", "")
    say("## Everything but the scan", "")
    for count in (1_000, 10_000):
        held = _median(partial(_overhead, count))
        with TemporaryDirectory() as name:
            kept = _median(partial(_overhead, count, Path(name)))
        say(f"- {count:,} assertions over 200 metrics: {held:.2f} s, {kept:.2f} s with all of them kept in a file")
    importing = _median(lambda: _process("-c", "import dqx_core")) - _median(lambda: _process("-c", "pass"))
    say(f"- `import dqx_core`: {importing:.3f} s")
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
