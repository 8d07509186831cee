"""How fast a dataset is materialized: `python -m benchmarks datasets`, ten million rows beside hand-written SQL.

`python -m benchmarks.datasets 1000000` prints the same for a million rows, and leaves the report as it is.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dqx_core.datasets import DatasetDefinition, define, materialize
from dqx_core.datasets.materialize import PARQUET
from dqx_core.engines.duckdb import DuckDB
from dqx_core.sql.fingerprint import fingerprints, register

ROWS = 10_000_000
ROWS_OF_A_KEY = 10
DATE = dt.date(2024, 3, 7)
REPORT = Path(__file__).with_suffix(".md")

MAKE = """
CREATE TABLE raw_data.transactions AS
SELECT i AS transaction_id,
    'c' || lpad((hash(i) % $keys)::VARCHAR, 7, '0') AS customer_id,
    floor(20000 * pow((hash(i + 7) % 100000) / 100000.0, 2))::BIGINT AS product_id,
    TIMESTAMP '2024-01-01' + to_seconds((i * 5788800 // $rows)::BIGINT) AS transaction_date,
    ((hash(i + 13) % 10000) / 100.0)::DOUBLE AS amount,
    ['NL', 'BE', 'DE', 'FR'][1 + (hash(i + 3) % 4)::INT] AS country
FROM range($rows) t(i)
"""

FILTERS = [
    {"kind": "date_range", "rolling_days": 67},
    {"kind": "top_products", "percent": 80},
    {"kind": "min_transactions", "count": 2},
]
COLUMNS = [
    {"column": "transaction_id"},
    {"column": "customer_id", "role": "user_id"},
    {"column": "product_id", "role": "product_id"},
    {"column": "transaction_date", "role": "timestamp"},
    {"column": "amount", "role": "revenue"},
    {"column": "country"},
]
SPLITS = {
    "temporal": {"strategy": "temporal", "eval_days": 7},
    "group": {"strategy": "group", "key": "customer_id"},
}

PART = {
    "temporal": """CASE WHEN transaction_date < TIMESTAMP '2024-03-01' THEN 'train' ELSE 'eval' END""",
    "group": """CASE WHEN (FARM_FINGERPRINT('speed/split/v1|' || customer_id) % 10000 + 10000) % 10000 < 8000
        THEN 'train' ELSE 'eval' END""",
}
USERS = {
    "temporal": "SELECT customer_id FROM b WHERE split = 'train' GROUP BY 1 HAVING count(*) >= 2",
    "group": "SELECT customer_id FROM b GROUP BY 1 HAVING count(*) >= 2",
}
TOP = """running AS (
    SELECT product_id, total, sum(total) OVER () AS whole,
        sum(total) OVER (ORDER BY total DESC, product_id ROWS UNBOUNDED PRECEDING) AS running
    FROM totals
), b AS (
    SELECT * FROM a
    WHERE product_id IN (SELECT product_id FROM running WHERE (running - total) * 100 < whole * 80)
)"""
A = """
    SELECT transaction_id, customer_id, product_id, transaction_date, amount, country{part}
    FROM raw_data.transactions
    WHERE transaction_date >= TIMESTAMP '2024-01-01' AND transaction_date < TIMESTAMP '2024-03-08'
"""
BY_HAND = f"""
WITH a AS {{kept}} ({A.format(part=", {part} AS split")}), totals AS (
    SELECT product_id, sum(amount::DECIMAL(38, 9)) AS total FROM a WHERE split = 'train' GROUP BY 1
), {TOP}
SELECT * FROM b WHERE customer_id IN ({{users}}) {{which}}
"""
KEYS_APART = f"""
WITH a AS ({A.format(part="")}), keys AS MATERIALIZED (
    SELECT customer_id, {PART["group"]} AS split FROM (SELECT DISTINCT customer_id FROM a)
), totals AS (
    SELECT product_id, sum(amount::DECIMAL(38, 9)) AS total FROM a
    WHERE customer_id IN (SELECT customer_id FROM keys WHERE split = 'train') GROUP BY 1
), {TOP}
SELECT b.*, split FROM b JOIN keys USING (customer_id) WHERE keys.customer_id IN ({USERS["group"]}) {{which}}
"""
IN_ORDER = "transaction_id, customer_id, product_id, transaction_date, amount, country"
HASHED = f"count(*), sum(hash({IN_ORDER}))::VARCHAR"
OPTIONS = ", ".join(f"{name} {value}" for name, value in PARQUET.items())


def definition(split: str) -> DatasetDefinition:
    """Sixty days of train, the seven after it eval (or users by their hash), top products, two transactions."""
    return define(
        {
            "name": "speed",
            "source": {"table": "raw_data.transactions"},
            "columns": COLUMNS,
            "filters": FILTERS,
            "split": SPLITS[split],
            "partitions": {"start": "2024-01-01"},
        }
    )


@dataclass(frozen=True)
class Hand:
    """How somebody writes the same dataset by hand."""

    split: str
    same: bool = True
    """The same files as ours, in order and hashed; else as it comes."""
    keys_apart: bool = False
    """A group split that hashes each key once; else every row is hashed, once for all steps if `same`."""

    def query(self, which: str = "") -> str:
        """The rows of both parts, or of the one that a condition names."""
        if self.keys_apart:
            return KEYS_APART.format(which=which)
        kept = "MATERIALIZED" if self.same and self.split == "group" else ""
        return BY_HAND.format(part=PART[self.split], users=USERS[self.split], which=which, kept=kept)

    def one_query(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        """One query into a temporary table, then a file for each part."""
        connection.execute(f"CREATE OR REPLACE TEMPORARY TABLE by_hand AS {self.query()}")
        for part in ("train", "eval"):
            rows = f"SELECT * EXCLUDE (split) FROM by_hand WHERE split = '{part}'"
            written(connection, rows, folder / f"{part}.parquet", same=self.same)
        connection.execute("DROP TABLE by_hand")

    def two_queries(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        """Each part by a query of its own over the source, whose filters learn from train again."""
        for part in ("train", "eval"):
            rows = f"SELECT * EXCLUDE (split) FROM ({self.query(f'AND split = {part!r}')})"
            written(connection, rows, folder / f"{part}.parquet", same=self.same)


def written(connection: duckdb.DuckDBPyConnection, rows: str, file: Path, *, same: bool) -> None:
    """A Parquet file of the rows; `same`: in order, with the encodings we write, and read again for its hash."""
    order, options = (f"ORDER BY {IN_ORDER}", OPTIONS) if same else ("", "FORMAT PARQUET")
    connection.execute(f"COPY ({rows} {order}) TO '{file}' ({options})")
    if same:
        connection.execute(f"SELECT {HASHED} FROM '{file}'").fetchall()


Seconds = tuple[float, float]
"""Of the clock, and of the processors: what others do on the machine changes the first far more."""


def compared(ways: dict[str, Callable[[], object]], rounds: int = 3) -> dict[str, Seconds]:
    """The median seconds of each way, in turns; the first way runs once before, to warm up what all of them read."""
    next(iter(ways.values()))()
    seconds: dict[str, list[Seconds]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            began, used = time.perf_counter(), time.process_time()
            work()
            seconds[way].append((time.perf_counter() - began, time.process_time() - used))
    return {
        way: (statistics.median(clock for clock, _ in each), statistics.median(used for _, used in each))
        for way, each in seconds.items()
    }


def steps(connection: duckdb.DuckDBPyConnection, folder: Path, split: str) -> dict[str, Seconds]:
    """The steps of writing train by hand, each alone."""
    of = Hand(split, keys_apart=split == "group").query
    query = of()
    connection.execute(f"CREATE TEMPORARY TABLE made AS {query}")
    train, file = "SELECT * EXCLUDE (split) FROM made WHERE split = 'train'", folder / "steps.parquet"

    def run(sql: str) -> object:
        return connection.execute(sql).fetchall()

    found = compared(
        {
            "the query": partial(run, f"SELECT {HASHED} FROM ({query})"),
            **{
                f"the query for {part} alone": partial(run, f"SELECT {HASHED} FROM ({of(f'AND split = {part!r}')})")
                for part in ("train", "eval")
            },
            "the query, its rows kept in a table": partial(run, f"CREATE OR REPLACE TEMPORARY TABLE again AS {query}"),
            "train written as it comes": partial(run, f"COPY ({train}) TO '{file}' ({OPTIONS})"),
            "train sorted and written": partial(run, f"COPY ({train} ORDER BY {IN_ORDER}) TO '{file}' ({OPTIONS})"),
            "train read again and hashed": partial(run, f"SELECT {HASHED} FROM '{file}'"),
        }
    )
    connection.execute("DROP TABLE made")
    connection.execute("DROP TABLE again")
    return found


def in_blocks(keys: pa.Array, size: int = 8_192) -> list[pa.Array]:
    """Slices that fit into the caches of a processor."""
    return [keys.slice(start, size) for start in range(0, len(keys), size)]


def hashing(connection: duckdb.DuckDBPyConnection) -> dict[str, Seconds]:
    """One aggregate over a hash of every key, by DuckDB's hash and by ours."""
    register(connection)

    def run(sql: str) -> object:
        return connection.execute(sql).fetchall()

    def all_at_once() -> object:
        keys = connection.sql("SELECT customer_id FROM raw_data.transactions").to_arrow_table()["customer_id"]
        hashes = pa.chunked_array([fingerprints(chunk) for batch in keys.chunks for chunk in in_blocks(batch)])
        return pc.max(hashes)

    def nothing(texts: pa.Array) -> pa.Array:
        return pa.array(np.zeros(len(texts), np.int64))

    connection.create_function("nothing", nothing, ["VARCHAR"], "BIGINT", type="arrow")  # type: ignore[call-overload]
    joined = """
        SELECT max(h) FROM raw_data.transactions JOIN (
            SELECT customer_id, FARM_FINGERPRINT(customer_id) AS h
            FROM (SELECT DISTINCT customer_id FROM raw_data.transactions)
        ) USING (customer_id)"""
    return compared(
        {
            "hash()": partial(run, "SELECT max(hash(customer_id)) FROM raw_data.transactions"),
            "FARM_FINGERPRINT": partial(run, "SELECT max(FARM_FINGERPRINT(customer_id)) FROM raw_data.transactions"),
            "a function in Python that hashes nothing": partial(
                run, "SELECT max(nothing(customer_id)) FROM raw_data.transactions"
            ),
            "FARM_FINGERPRINT of distinct keys, joined back": partial(run, joined),
            "FARM_FINGERPRINT of all keys at once, over Arrow": all_at_once,
        }
    )


def measured(folder: Path, rows: int) -> list[str]:
    """The lines of the report, for so many rows."""
    connection = duckdb.connect(str(folder / "speed.duckdb"), config={"threads": os.cpu_count() or 2})
    connection.execute(f"SET temp_directory = '{folder / 'spill'}'")
    connection.execute("CREATE SCHEMA raw_data")
    connection.execute(MAKE, {"keys": rows // ROWS_OF_A_KEY, "rows": rows})
    register(connection)
    engine = DuckDB(connection)
    lines = ["| split | way | seconds | of processors | × dqx | of processors |", "|---|---|---|---|---|---|"]
    for split in SPLITS:
        told = definition(split)
        best, plain, careless = Hand(split, keys_apart=split == "group"), Hand(split), Hand(split, same=False)
        ways: dict[str, Callable[[], object]] = {
            "dqx": partial(materialize, told, [DATE], engine=engine, root=folder / "dqx"),
            "by hand, same files": partial(best.one_query, connection, folder),
            "by hand, as it comes": partial(careless.one_query, connection, folder),
            "two queries, same files": partial(plain.two_queries, connection, folder),
            "two queries, as it comes": partial(careless.two_queries, connection, folder),
        }
        if best != plain:
            ways["two queries, same files, keys apart"] = partial(best.two_queries, connection, folder)
        seconds = compared(ways)
        ours = seconds["dqx"]
        lines += [
            f"| {split} | {way} | {clock:.2f} | {used:.2f} | {clock / ours[0]:.2f} | {used / ours[1]:.2f} |"
            for way, (clock, used) in seconds.items()
        ]
    lines += ["", "| split | step | seconds | of processors |", "|---|---|---|---|"]
    for split in SPLITS:
        alone = steps(connection, folder, split)
        lines += [f"| {split} | {step} | {clock:.2f} | {used:.2f} |" for step, (clock, used) in alone.items()]
    lines += [
        "",
        f"| hash of {rows:,} keys, {ROWS_OF_A_KEY} of each | seconds | of processors | × hash() | of processors |",
        "|---|---|---|---|---|",
    ]
    seconds = hashing(connection)
    of_duckdb = seconds["hash()"]
    lines += [
        f"| {way} | {clock:.2f} | {used:.2f} | {clock / of_duckdb[0]:.1f} | {used / of_duckdb[1]:.1f} |"
        for way, (clock, used) in seconds.items()
    ]
    connection.close()
    return lines


def machine() -> str:
    """Cores, memory and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {python}, DuckDB {duckdb.__version__}; "
        f"load of the machine before: {load:.1f}."
    )


def main(rows: int = ROWS) -> None:
    """Measure and print; all rows: write the report too."""
    where = machine()
    with TemporaryDirectory() as folder:
        table = "\n".join([where, "", *measured(Path(folder), rows)])
    sys.stdout.write(f"{table}\n")
    if rows != ROWS:
        return
    before, _, after = REPORT.read_text("utf-8").partition("<!-- results -->")
    REPORT.write_text(
        f"{before}<!-- results -->\n\n{table}\n\n<!-- end -->{after.partition('<!-- end -->')[2]}", "utf-8"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
