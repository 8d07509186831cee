"""What dqx adds to Dagster: `python -m benchmarks plugin`, in about five minutes; `… .plugin loading` runs one part.

Each number is the median of rounds that take turns, in seconds of the processors (of this process and those it
started) and of the clock: other work on the machine slows all ways alike. The results go into plugin.md.
"""

import contextlib
import datetime as dt
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import duckdb

from dqx_core import (
    Context,
    DuckRelationDataSource,
    MetricDB,
    MetricProvider,
    ResultKey,
    Suite,
    VerificationSuite,
    check,
)
from dqx_core.engines.duckdb import DuckDB
from dqx_core.execution import execute
from dqx_dagster import MetricStore, suite_checks

REPORT = Path(__file__).with_suffix(".md")
DATES = 365
DAYS = dg.DailyPartitionsDefinition("2025-01-01", end_date="2026-01-01")
ROWS_A_DAY = 1_000
ROUNDS = 15

LOCATION = """
import time
import dagster as dg
began, spent = time.perf_counter(), time.process_time()
from dqx_core import Suite, check
from dqx_core.datasets import define
from dqx_dagster import DatasetIOManager, DuckDBEngine, MetricStore, dataset_asset, suite_checks

def suite(name):
    @check(name="Sales", datasets=[name])
    def sales(mp, ctx):
        rows = mp.num_rows()
        for n in range(10):
            ctx.assert_that(mp.null_count(f"column_{n}") / rows).where(name=f"Column {n} is filled").is_leq(0.1)
            ctx.assert_that(mp.ext.day_over_day(mp.average(f"column_{n}"))).where(name=f"Column {n} moves").is_lt(0.5)
    return Suite(name, (sales,))

def definition(name):
    columns = [{"column": "at", "role": "timestamp"}, {"column": "customer", "role": "user_id"}]
    columns += [{"column": f"column_{n}"} for n in range(10)]
    return define({
        "name": name, "status": "active", "source": {"table": "raw_data.sales"}, "columns": columns,
        "split": {"strategy": "group", "key": "customer"}, "partitions": {"start": "2026-01-01"},
    })

names = [f"sales_{n}" for n in range(100)]
assets = [dataset_asset(definition(name)) for name in names]
checks = [suite_checks(suite(name), asset) for name, asset in zip(names, assets)]
resources = {
    "engine": DuckDBEngine(database="warehouse.duckdb", datasets="datasets"),
    "store": MetricStore(url="sqlite:///metrics.db"),
    "datasets_io_manager": DatasetIOManager(datasets="datasets"),
}
defs = dg.Definitions(assets=assets, asset_checks=checks, resources=resources)
repository = defs.get_repository_def()
assert len(repository.asset_graph.asset_check_keys) == 2000
print(time.process_time() - spent, time.perf_counter() - began)
"""
BARE_LOCATION = """
import time
import dagster as dg
began, spent = time.perf_counter(), time.process_time()

def asset(name):
    days = dg.DailyPartitionsDefinition("2026-01-01")
    partitions = dg.MultiPartitionsDefinition({"date": days, "split": dg.StaticPartitionsDefinition(["train", "eval"])})
    policy = dg.BackfillPolicy.single_run()
    @dg.asset(name=name, deps=["sales"], partitions_def=partitions, backfill_policy=policy, kinds={"duckdb"})
    def made(context): ...
    return made

def suite(asset):
    told = {"suite": "Sales", "check": "Sales", "assertion": "Column is filled", "severity": "P1", "condition": "≤ 0.1"}
    specs = [
        dg.AssetCheckSpec(
            f"check_{n}", asset=asset, partitions_def=asset.partitions_def, description="Is filled", metadata=told
        )
        for n in range(20)
    ]
    @dg.multi_asset_check(name=f"{asset.key.path[-1]}_suite", specs=specs, can_subset=True)
    def judge(context): ...
    return judge

assets = [asset(f"sales_{n}") for n in range(100)]
repository = dg.Definitions(assets=assets, asset_checks=[suite(a) for a in assets]).get_repository_def()
assert len(repository.asset_graph.asset_check_keys) == 2000
print(time.process_time() - spent, time.perf_counter() - began)
"""
IMPORT = """
import time
import dagster
began, spent = time.perf_counter(), time.process_time()
{what}
print(time.process_time() - spent, time.perf_counter() - began)
"""


@dataclass(frozen=True)
class Took:
    """Seconds of the processors and of the clock."""

    processors: float
    clock: float

    def __str__(self) -> str:
        return f"{self.processors:.3f} | {self.clock:.3f}"


def timed(work: Callable[[], object]) -> Took:
    """How long work takes in this process."""
    began, spent = time.perf_counter(), time.process_time()
    work()
    return Took(time.process_time() - spent, time.perf_counter() - began)


def median(rounds: list[Took]) -> Took:
    """The median of each."""
    return Took(statistics.median(t.processors for t in rounds), statistics.median(t.clock for t in rounds))


def in_turns(ways: dict[str, Callable[[], Took]], rounds: int) -> dict[str, Took]:
    """Every way once a round, so that what slows the machine slows all; the first round warms up."""
    found: dict[str, list[Took]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            took = way()
            if number:
                found[name].append(took)
    return {name: median(took) for name, took in found.items()}


def in_a_process(code: str) -> Took:
    """What code prints of the time it took, in a fresh interpreter."""
    # With bytecode, as what pip installs has it: the round that warms up writes it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    processors, clock = map(float, done.stdout.split())
    return Took(processors, clock)


def suite_of(assertions: int) -> Suite:
    """A suite of so many assertions, each on a metric of its own."""

    @check(name="Feed", datasets=["feed"])
    def feed(mp: MetricProvider, ctx: Context) -> None:
        kinds = (mp.average, mp.minimum, mp.maximum, mp.sum, mp.null_count)
        for number in range(assertions):
            column, kind = f"c{number // len(kinds)}", kinds[number % len(kinds)]
            ctx.assert_that(kind(column)).where(name=f"Assertion {number}").is_geq(-1)

    return Suite("Feed", (feed,))


def warehouse(folder: Path) -> Path:
    """A table of a year, with ten columns of numbers."""
    file = folder / "warehouse.duckdb"
    columns = ", ".join(f"(i * {n + 3}) % 100 / 10.0 AS c{n}" for n in range(10))
    with duckdb.connect(str(file)) as made:
        made.execute(
            f"CREATE TABLE feed AS SELECT DATE '2025-01-01' + CAST(i // {ROWS_A_DAY} AS INTEGER) AS day, {columns} "
            f"FROM range({DATES * ROWS_A_DAY}) AS r(i)"
        )
    return file


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def feed() -> dg.MaterializeResult[None]:
    """An asset that somebody else makes."""
    return dg.MaterializeResult()


def bare_checks(count: int) -> dg.AssetChecksDefinition:
    """As many constant results, yielded as dqx does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        specs = [dg.AssetCheckSpec(f"check_{n}", asset=feed.key, partitions_def=DAYS) for n in range(count)]

    @dg.multi_asset_check(name="bare", specs=specs, can_subset=True)
    def bare(context: dg.AssetCheckExecutionContext) -> Iterator[dg.Output[None] | dg.AssetCheckEvaluation]:
        for spec in specs:
            yield dg.Output(None, output_name=spec.get_python_identifier())
        for spec in specs:
            yield dg.AssetCheckEvaluation(
                asset_key=feed.key, check_name=spec.name, passed=True, partition=context.partition_key, metadata={}
            )

    return bare


class Bench:
    """A table, a store and an instance that runs are made in."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.engine = DuckDB(database=warehouse(folder), read_only=True)
        self.url = f"sqlite:///{folder / 'metrics.db'}"

    def source(self, _resources: object = None) -> DuckRelationDataSource:
        """The table, by day."""
        return DuckRelationDataSource.from_table(self.engine, "feed", date_column="day")

    def job(self, checks: dg.AssetChecksDefinition) -> dg.JobDefinition:
        """The asset with these checks."""
        defs = dg.Definitions(
            assets=[feed],
            asset_checks=[checks],
            resources={"store": MetricStore(url=self.url)},
            executor=dg.in_process_executor,
            loggers={},
        )
        return defs.resolve_implicit_global_asset_job_def()

    def run(self, job: dg.JobDefinition, **how: object) -> Took:
        """One run; it must succeed."""
        return timed(lambda: job.execute_in_process(instance=self.instance, **how))  # type: ignore[arg-type]

    def scan(self, suite: Suite, days: list[str]) -> Took:
        """Measuring alone: the plan's statements and the states that come of them, nothing kept or judged."""
        db = MetricDB("sqlite:///:memory:")
        verification = VerificationSuite(suite.checks, db, suite.name)
        plan = verification.plan([self.source()], [ResultKey(dt.date.fromisoformat(day)) for day in days])
        took = timed(lambda: [execute(scan) for scan in plan.scans])
        db.close()
        return took


def one_suite(bench: Bench) -> list[str]:
    """Fifty assertions against fifty constants."""
    suite = suite_of(50)
    ours, bare = bench.job(suite_checks(suite, feed, source=bench.source, engine=None)), bench.job(bare_checks(50))
    took = in_turns(
        {
            "asset and suite of dqx": lambda: bench.run(ours, partition_key="2025-06-01"),
            "asset and bare checks": lambda: bench.run(bare, partition_key="2025-06-01"),
            "of it, the scan": lambda: bench.scan(suite, ["2025-06-01"]),
        },
        ROUNDS,
    )
    mine, theirs, scan = took.values()
    return [
        "| an asset and 50 checks, one partition | processors | clock |",
        "|---|---|---|",
        *(f"| {name} | {each} |" for name, each in took.items()),
        f"| (dqx − scan) / bare; at most 1.25 | {(mine.processors - scan.processors) / theirs.processors:.2f} | "
        f"{(mine.clock - scan.clock) / theirs.clock:.2f} |",
        "",
    ]


def a_year(bench: Bench) -> list[str]:
    """365 dates in one run against 365 runs."""
    suite = suite_of(10)
    job = bench.job(suite_checks(suite, feed, source=bench.source, engine=None))
    days = DAYS.get_partition_keys()
    span = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    before = len(bench.engine.statements)
    together = median([bench.run(job, tags=span) for _ in range(3)])
    statements = (len(bench.engine.statements) - before) / 3
    bench.run(job, partition_key=days[0])
    single = [bench.run(job, partition_key=day) for day in days]
    alone = Took(sum(t.processors for t in single), sum(t.clock for t in single))
    read = rows_read(bench, suite, days)
    return [
        "| 365 dates, 10 assertions each | processors | clock |",
        "|---|---|---|",
        f"| one run over the range | {together} |",
        f"| 365 runs | {alone} |",
        f"| how many times as fast | {alone.processors / together.processors:.1f} "
        f"| {alone.clock / together.clock:.1f} |",
        "",
        f"The range is {statements:.0f} statement, which reads {read:,} rows of the {DATES * ROWS_A_DAY:,} there are.",
        "",
    ]


def rows_read(bench: Bench, suite: Suite, days: Sequence[str]) -> int:
    """The rows that DuckDB's own profile says its table scans read, for all statements of the range."""
    db = MetricDB("sqlite:///:memory:")
    verification = VerificationSuite(suite.checks, db, suite.name)
    explained = verification.explain([bench.source()], *(ResultKey(dt.date.fromisoformat(day)) for day in days))
    db.close()
    connection = bench.engine.connection
    total = 0
    for _, sql in explained.statements:
        [(_, text)] = connection.execute(f"EXPLAIN (ANALYZE, FORMAT json) {sql}").fetchall()
        total += sum(map(_scanned, json.loads(text)["operator"]))
    return total


def _scanned(node: dict[str, object]) -> int:
    children = node.get("children", [])
    assert isinstance(children, list)
    return int(str(node.get("rows_scanned", 0))) + sum(_scanned(child) for child in children)


def loading() -> list[str]:
    """Importing, and loading a large code location."""
    names = "dataset_asset, suite_checks, suite_metrics_asset, reverify_job, require_checks, failed_checks_sensor"
    took = in_turns(
        {
            "`import dqx_dagster`; at most 0.3": lambda: in_a_process(IMPORT.format(what="import dqx_dagster")),
            "all that is used of it": lambda: in_a_process(IMPORT.format(what=f"from dqx_dagster import {names}")),
            "a code location of 100 datasets and 100 suites × 20 assertions; at most 2.5": lambda: in_a_process(
                LOCATION
            ),
            "the same of bare assets and checks: Dagster's own time": lambda: in_a_process(BARE_LOCATION),
        },
        7,
    )
    return [
        "| beyond `import dagster` | processors | clock |",
        "|---|---|---|",
        *(f"| {name} | {each} |" for name, each in took.items()),
        "",
    ]


PARTS: dict[str, Callable[[Bench], list[str]]] = {"checks": one_suite, "year": a_year, "loading": lambda _: loading()}


def main(names: Sequence[str] = ()) -> None:
    """Run all, or the parts that are named, and write the results into plugin.md."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral(tempdir=folder) as instance:
        bench = Bench(Path(folder), instance)
        for name in names or PARTS:
            load = os.getloadavg()[0]
            machine = (
                f"{os.cpu_count()} cores, Python {platform.python_version()}, Dagster {version('dagster')}, DuckDB "
                f"{version('duckdb')}; load of the machine before: {load:.1f}."
            )
            lines = [machine, "", *PARTS[name](bench)]
            print("\n".join(lines), flush=True)
            _write(name, lines)
        bench.engine.close()


def _write(part: str, lines: list[str]) -> None:
    head, _, rest = REPORT.read_text("utf-8").partition(f"<!-- {part} -->\n")
    tail = rest.partition(f"<!-- end {part} -->\n")[2]
    REPORT.write_text("\n".join([f"{head}<!-- {part} -->", "", *lines, f"<!-- end {part} -->\n{tail}"]), "utf-8")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(sys.argv[1:])
