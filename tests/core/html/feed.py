"""Two weeks of a feed, judged day by day in a store of the test's own: the world of the report's tests.

Four rows a day and split; on the 10th train has forty, on the 12th eval has no value. Names are hostile on purpose.
"""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, ResultKey, VerificationSuite, check

FIRST, DAYS = dt.date(2026, 1, 1), 14
SPLITS = ("train", "eval")
HOSTILE = """<script>alert("x")</script> & 'y' $a_b$"""


@check(name="Feed", datasets=["feed"])
def feed(mp: MetricProvider, ctx: Context) -> None:
    rows = mp.num_rows()
    ctx.assert_that(rows).where(name=f"Not crowded {HOSTILE}", severity="P0").is_leq(10)
    ctx.assert_that(mp.ext.day_over_day(rows)).where(name="Rows move").is_between(0, 20)
    ctx.assert_that(mp.average("value")).where(name="Has values", severity="P2").is_positive()
    ctx.assert_that(rows).where(name="More rows than values").is_geq(mp.average("value") / 10)


def day(number: int) -> dt.date:
    return dt.date(2026, 1, number)


def table() -> pa.Table:
    rows = [
        (day(n), split, None if (n, split) == (12, "eval") else float(n))
        for n in range(1, DAYS + 1)
        for split in SPLITS
        for _ in range(40 if (n, split) == (10, "train") else 4)
    ]
    days, splits, values = zip(*rows, strict=True)
    return pa.table({"yyyy_mm_dd": list(days), "split": list(splits), "value": list(values)})


def judge(url: str, suite: str = "Feed suite", *, days: range = range(1, DAYS + 1)) -> None:
    """One execution a day, called day-1, day-2, …"""
    db = MetricDB(url)
    source = DuckRelationDataSource.from_arrow(
        table(), "feed", dimensions={"split": "split"}, data_version=lambda at, _tags: f"of {at}"
    )
    for number in days:
        run = VerificationSuite([feed], db, suite, execution_id=f"day-{number}")
        run.run_many([source], [ResultKey(day(number), {"split": split}) for split in SPLITS])
    db.datasets.record(
        "feed", {"name": "feed", "description": HOSTILE}, definition_hash="abc123", sql="SELECT 1 < 2", change="created"
    )
    db.close()
