"""What the demo prints: verdicts by day and split, and what failed with its numbers."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from returns.result import Success
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dqx_core.engines.bigquery import in_units
from dqx_core.engines.jobs import jobs_of
from dqx_core.report import AssertionResult, Status
from examples.shop.engines import PRICE

if TYPE_CHECKING:
    from dqx_core.store import MetricDB
    from examples.shop.world import World


def verdicts(db: MetricDB, first: dt.date, last: dt.date) -> list[dict[str, object]]:
    """The newest verdict of every assertion on every day and split of the backfill, oldest day first."""
    return [
        {
            "suite": result.suite,
            "check": result.check,
            "assertion": result.assertion,
            "date": str(result.yyyy_mm_dd),
            "split": result.tags["split"],
            "severity": str(result.severity),
            "status": str(result.status),
            "message": result.message,
            "execution_id": execution_id,
        }
        for result, execution_id in db.latest_results(from_date=first, until_date=last).items()
    ]


def show(db: MetricDB, world: World, first: dt.date, last: dt.date, console: Console, *, matrix: bool) -> None:
    """What the store holds, the verdicts by suite as tables if they are asked for, and what failed with its numbers."""
    info = db.info()
    console.print(
        f"\nThe metric store holds {info.numbers:,} numbers of {info.series:,} series "
        f"from {info.executions:,} executions, and {info.results:,} verdicts.",
        soft_wrap=True,
    )
    newest = db.latest_results(from_date=first, until_date=last)
    for suite in sorted({result.suite for result in newest}) if matrix else ():
        console.print(verdict_table(suite, [result for result in newest if result.suite == suite], world))
    bad = [result for result in newest if result.status in (Status.FAILED, Status.ERROR)]
    planted = f"(the shop has {len(world.incidents)} bad days planted)"
    console.print(f"\n[bold]{len(bad)} assertions failed[/bold] {planted}{':' if bad else '.'}")
    for result in bad:
        console.print(f"  {failure_line(result)}", highlight=False, soft_wrap=True)


def show_cost(db: MetricDB, console: Console) -> None:
    """What BigQuery read and billed for measuring, by execution; materializing is in Dagster's metadata."""
    table = Table(title="BigQuery", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("execution", "jobs", "estimated", "processed", "billed", "cost"):
        table.add_column(column, justify="left" if column == "execution" else "right", no_wrap=True)
    for execution in db.executions():
        jobs = jobs_of(execution.parameters)
        sizes = (
            sum(job.bytes_estimated or 0 for job in jobs),
            sum(job.bytes_processed for job in jobs),
            sum(job.bytes_billed for job in jobs),
        )
        cost = sum(job.cost(PRICE) for job in jobs)
        table.add_row(execution.execution_id[:8], str(len(jobs)), *(in_units(size) for size in sizes), f"${cost:.4f}")
    console.print(table)


def verdict_table(suite: str, results: Sequence[AssertionResult], world: World) -> Table:
    """Date × split, each with how many assertions passed, failed and were skipped."""
    splits = ("train", "eval")
    counts: dict[tuple[dt.date, str], Counter[Status]] = {}
    for result in results:
        counts.setdefault((result.yyyy_mm_dd, result.tags["split"]), Counter())[result.status] += 1
    table = Table(title=suite, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0))
    table.add_column("date", no_wrap=True)
    for split in splits:
        table.add_column(f"{split}\npassed", justify="right")
        table.add_column("\nfailed", justify="right")
        table.add_column("\nskip", justify="right")
    table.add_column("planted", no_wrap=True)
    for day in sorted({day for day, _ in counts}):
        cells = []
        for split in splits:
            count = counts.get((day, split), Counter())
            failed = count[Status.FAILED] + count[Status.ERROR]
            cells += [
                str(count[Status.PASSED]),
                f"[bold red]{failed}[/]" if failed else "0",
                str(count[Status.SKIPPED]),
            ]
        incident = world.incidents.get(day)
        table.add_row(str(day), *cells, incident.name.replace("_", " ") if incident else "")
    return table


def failure_line(result: AssertionResult) -> str:
    """One failed assertion: where, what it says, value and bound, and yesterday's numbers."""
    yesterday = [
        f"{info.metric} = {info.value.unwrap():.6g}"
        for info in result.symbols
        if info.lag == 1 and isinstance(info.value, Success)
    ]
    value = (
        f"{result.metric.unwrap():.6g}" if isinstance(result.metric, Success) else "; ".join(result.metric.failure())
    )
    return (
        f"{result.yyyy_mm_dd} {result.tags['split']:<5} {result.severity} {result.check} › {result.assertion}: "
        f"{value}, should be {result.bound}" + (f" (yesterday {', '.join(yesterday)})" if yesterday else "")
    )
