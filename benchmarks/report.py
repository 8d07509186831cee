"""How long a large report takes, and how large it is: 365 days of 50 assertions on train and eval."""

from __future__ import annotations

import datetime as dt
import random
import resource
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, ResultKey, VerificationSuite, check
from dqx_core.html import collect, write

DAYS, COLUMNS, SPLITS = 365, 25, ("train", "eval")
FIRST = dt.date(2025, 1, 1)
BAD = 0.01
"""The share of values that break an assertion."""


@check(name="Columns", datasets=["feed"])
def columns(mp: MetricProvider, ctx: Context) -> None:
    for number in range(COLUMNS):
        average = mp.average(f"c{number}")
        ctx.assert_that(average).where(name=f"Column {number} is in its range").is_between(50, 150)
        ctx.assert_that(mp.ext.day_over_day(average)).where(name=f"Column {number} moves < 200 % a day").is_lt(2)


def rows() -> pa.Table:
    """Five rows a day and split."""
    chance = random.Random(7)
    days = [FIRST + dt.timedelta(days=n) for n in range(DAYS)]
    keys = [(day, split) for day in days for split in SPLITS]
    table = {"yyyy_mm_dd": [day for day, _ in keys for _ in range(5)], "split": [s for _, s in keys for _ in range(5)]}
    for number in range(COLUMNS):
        means = [chance.gauss(100, 5) * (10 if chance.random() < BAD else 1) for _ in keys]
        table[f"c{number}"] = [chance.gauss(mean, 1) for mean in means for _ in range(5)]
    return pa.table(table)


def main() -> None:
    """Judge a year, a month an execution, write its report, and print what that took."""
    with tempfile.TemporaryDirectory() as folder:
        db = MetricDB(f"sqlite:///{folder}/metrics.db")
        source = DuckRelationDataSource.from_arrow(rows(), "feed", dimensions={"split": "split"})
        for start in range(0, DAYS, 31):
            days = [FIRST + dt.timedelta(days=n) for n in range(start, min(start + 31, DAYS))]
            keys = [ResultKey(day, {"split": split}) for day in days for split in SPLITS]
            VerificationSuite([columns], db, "Feed suite").run_many([source], keys)
        began = time.process_time()
        contents = collect(db)
        read = time.process_time()
        file = write(contents, Path(folder) / "report.html")
        wrote = time.process_time()
        db.close()
        failing = len(contents.suites[0].failing)
        print(f"{sum(contents.counts.values()):,} verdicts, {contents.bad:,} bad of {failing} assertions")
        print(f"{failing + len(contents.metrics)} charts")
        # One thread does it all, so that its processor time is what it takes on a machine of one's own.
        print(f"reading the store {read - began:.1f} s, drawing and writing {wrote - read:.1f} s of processor time")
        print(f"{file.stat().st_size / 1e6:.1f} MB")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB of memory at most")


if __name__ == "__main__":
    main()
