"""A small dataset with a suite, attached to an asset that dqx did not make: the world of the plugin's tests.

Two weeks × {train, eval}: 4 rows a partition, value = day of the month, except for 2026-01-05, where train has 40 rows,
and 2026-01-09, whose eval rows have no value.
"""

import datetime as dt
from pathlib import Path

import dagster as dg
import pyarrow as pa

from dqx_core import Context, DuckRelationDataSource, MetricProvider, Suite, check
from dqx_dagster import MetricsIOManager, MetricStore, suite_checks, suite_metrics_asset

FIRST = dt.date(2026, 1, 1)
DAYS = 14
SPLITS = ("train", "eval")
CROWDED = ("2026-01-05", "train")
HOLLOW = ("2026-01-09", "eval")

PARTITIONS = dg.MultiPartitionsDefinition(
    {
        "date": dg.DailyPartitionsDefinition(FIRST.isoformat(), end_date=(FIRST + dt.timedelta(days=DAYS)).isoformat()),
        "split": dg.StaticPartitionsDefinition(list(SPLITS)),
    }
)


def table() -> pa.Table:
    rows = [
        (day, split, None if (str(day), split) == HOLLOW else float(day.day))
        for day in (FIRST + dt.timedelta(days=n) for n in range(DAYS))
        for split in SPLITS
        for _ in range(40 if (str(day), split) == CROWDED else 4)
    ]
    days, splits, values = zip(*rows, strict=True)
    return pa.table({"date": list(days), "split": list(splits), "value": list(values)})


def source(_resources: object) -> DuckRelationDataSource:
    return DuckRelationDataSource.from_arrow(table(), "feed", date_column="date", dimensions={"split": "split"})


@check(name="Feed", datasets=["feed"])
def feed_check(mp: MetricProvider, ctx: Context) -> None:
    rows = mp.num_rows()
    ctx.assert_that(rows).where(name="Has rows", severity="P0").is_positive()
    ctx.assert_that(mp.ext.day_over_day(rows)).where(name="Rows move < 100 % a day").is_lt(1.0)
    ctx.assert_that(mp.average("value")).where(name="Has values", severity="P2").is_positive()


@check(name="Gate", datasets=["feed"])
def gate_check(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Not crowded", severity="P0").is_leq(10)


SUITE = Suite("Feed suite", (feed_check,))
GATED = Suite("Gated suite", (gate_check,))

HAS_ROWS = "feed__has_rows"
MOVES = "feed__rows_move_below_100_percent_a_day"
HAS_VALUES = "feed__has_values"


@dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run())
def feed() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult()


@dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run(), deps=[feed])
def consumer() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult()


def definitions(folder: Path, *suites: Suite, metrics: bool = False) -> dg.Definitions:
    """A code location of the feed, its consumer and suites, with a metric store in `folder`."""
    url = f"sqlite:///{folder / 'metrics.db'}"
    chosen = suites or (SUITE,)
    measured = [suite_metrics_asset(SUITE, feed, source=source, engine=None)] if metrics else []
    return dg.Definitions(
        assets=[feed, consumer, *measured],
        asset_checks=[suite_checks(suite, feed, source=source, engine=None) for suite in chosen],
        resources={"store": MetricStore(url=url), "metrics_io_manager": MetricsIOManager(url=url)},
        executor=dg.in_process_executor,
    )


def key(day: int, split: str) -> str:
    """The partition key of a day of January and a split."""
    return f"2026-01-{day:02}|{split}"


def span(first: str, last: str) -> dict[str, str]:
    """The tags of a run over a range of partitions."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None) -> str | None:
    """A tick of a sensor; its cursor afterwards."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    sensor(context)
    return context.cursor
