"""A code location in which everything that a gate can meet is planted, one asset each.

PLANTED_STORE is the URL of its metric store; PLANTED_RUNS a file in which its assets say what they were asked for;
PLANTED_CUT how many of the first rows are gone.
"""

import os
from pathlib import Path

import dagster as dg
from sqlglot import exp

from dqx_core import Context, DuckRelationDataSource, MetricProvider, Suite, check
from dqx_dagster import DuckDBEngine, MetricStore, suite_checks
from tests.dagster.scenario import PARTITIONS, table

DAYS = PARTITIONS.get_partitions_def_for_dimension("date")


def feed(name, suite_check, *, partitions=PARTITIONS, policy=None, is_there=None):
    """An asset of the scenario's rows, and the asset checks of one check."""

    @dg.asset(name=name, partitions_def=partitions, backfill_policy=policy)
    def made(context: dg.AssetExecutionContext):
        with Path(os.environ["PLANTED_RUNS"]).open("a") as file:
            file.write(f"{name} {','.join(context.partition_keys) if context.has_partition_key else ''}\n")
        return dg.MaterializeResult()

    def source(_resources):
        dimensions = {"split": "split"} if partitions is PARTITIONS else {}
        date_column = None if partitions is None else "date"
        rows = table().slice(int(os.environ.get("PLANTED_CUT", "0")))
        return DuckRelationDataSource.from_arrow(
            rows, name, date_column=date_column, dimensions=dimensions, is_there=is_there
        )

    suite = Suite(f"{name} suite", (suite_check,))
    return [made], [suite_checks(suite, made, source=source, engine=None)]


SINGLE = dg.BackfillPolicy.single_run()


@check(name="Rows", datasets=["good"])
def good(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows", severity="P0").is_positive()


@check(name="Rows", datasets=["bad"])
def bad(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Not crowded").is_leq(10)
    ctx.assert_that(mp.average("value")).where(name="Value is low", severity="P2").is_lt(12)


@check(name="Rows", datasets=["gaps"])
def gaps(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Not crowded").is_leq(10)
    ctx.assert_that(mp.num_rows() / mp.num_rows(lag=1)).where(name="Rows stay", severity="P2").is_leq(2)


@check(name="Rows", datasets=["moving"])
def moving(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="Rows move < 100 % a day").is_lt(1.0)


@check(name="Values", datasets=["hollow"])
def hollow(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.average("value")).where(name="Value is positive").is_positive()


@check(name="Rows", datasets=["whole"])
def whole(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows").is_positive()


@check(name="Rows", datasets=["gated"])
def gated(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Not crowded", severity="P0").is_leq(10)


@check(name="Rows", datasets=["engineless"])
def engineless(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows").is_positive()


@dg.asset(name="engineless", partitions_def=PARTITIONS, backfill_policy=SINGLE)
def without_engine() -> dg.MaterializeResult:
    return dg.MaterializeResult()


def no_source(resources):
    return DuckRelationDataSource(resources.engine.connect(), exp.to_table("nothing"), "engineless", date_column="date")


@dg.asset
def crashing() -> None:
    raise ValueError("the source is gone")


@dg.asset_check(asset=crashing)
def after_the_crash() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset(partitions_def=DAYS)
def plain() -> int:
    return 1


@dg.asset_check(asset=plain)
def warns() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description="2 of 4 are odd")


@dg.asset_check(asset=plain, partitions_def=DAYS)
def by_day(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=context.partition_key != "2026-01-03", metadata={"value": 3.0})


@dg.asset
def blocked() -> int:
    return 2


@dg.asset_check(asset=blocked, blocking=True)
def stops() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description="nobody passes")


@dg.asset
def behind(blocked: int) -> int:
    return blocked


@dg.asset_check(asset=behind)
def never_asked() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset
def raising() -> int:
    return 3


@dg.asset_check(asset=raising)
def raises() -> dg.AssetCheckResult:
    raise KeyError("price")


@dg.asset(partitions_def=DAYS)
def after_all(context: dg.AssetExecutionContext, raising: int) -> int:
    """Partitioned, and made from a value that an unpartitioned asset handed over."""
    return raising + 1


@dg.asset_check(asset=after_all, partitions_def=DAYS)
def got_the_value(after_all: int) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=after_all == 4)


@dg.multi_asset(
    specs=[dg.AssetSpec("left"), dg.AssetSpec("right")],
    check_specs=[dg.AssetCheckSpec("inside", asset="left")],
)
def both_sides():
    yield dg.MaterializeResult(asset_key="left", check_results=[dg.AssetCheckResult(passed=True, check_name="inside")])
    yield dg.MaterializeResult(asset_key="right")


@dg.asset_check(asset="right")
def beside() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset="raw_prices")
def of_a_source() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description="no prices since noon")


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["de", "fr", "nl"]))
def countries() -> int:
    return 1


@dg.asset_check(asset=countries)
def has_people() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="files"))
def files(context: dg.AssetExecutionContext) -> str:
    return context.partition_key


@dg.asset_check(asset=files)
def is_readable() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


feeds = [
    feed("good", good, policy=SINGLE),
    feed("bad", bad, policy=SINGLE),
    feed("moving", moving, policy=SINGLE),
    feed("gaps", gaps, policy=SINGLE, is_there=lambda date, tags: (date.day, tags["split"]) != (7, "eval")),
    feed("hollow", hollow),
    feed("whole", whole, partitions=None),
    feed("gated", gated, policy=SINGLE),
]
defs = dg.Definitions(
    assets=[
        *(asset for assets, _ in feeds for asset in assets),
        without_engine,
        crashing,
        plain,
        blocked,
        behind,
        raising,
        after_all,
        countries,
        files,
        both_sides,
        dg.AssetSpec("raw_prices"),
    ],
    asset_checks=[
        *(checks for _, listed in feeds for checks in listed),
        suite_checks(Suite("Engineless suite", (engineless,)), without_engine, source=no_source),
        after_the_crash,
        warns,
        by_day,
        stops,
        never_asked,
        raises,
        got_the_value,
        has_people,
        beside,
        of_a_source,
        is_readable,
    ],
    resources={
        "store": MetricStore(url=dg.EnvVar("PLANTED_STORE")),
        "engine": DuckDBEngine(database="nowhere.duckdb", datasets="datasets"),
    },
)
