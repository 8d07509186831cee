"""What the shop expects of its datasets."""

from __future__ import annotations

from dqx_core import Context, MetricProvider, Suite, check

DAILY = "shop_daily"
RANKING = "shop_ranking"

COUNTRIES = ("AT", "BE", "DE", "FR", "LU", "NL")


@check(name="Volume", datasets=[DAILY])
def volume(mp: MetricProvider, ctx: Context) -> None:
    rows = mp.num_rows()
    ctx.assert_that(rows).where(name="There are sales", severity="P0").is_positive()
    ctx.assert_that(rows / mp.num_rows(lag=1)).where(name="At least 60 % of yesterday's sales").is_geq(0.6)
    ctx.assert_that(mp.ext.week_over_week(rows)).where(name="Sales are like last week's", severity="P2").is_leq(1.0)
    ctx.assert_that(mp.ext.stddev(rows, n=7)).where(name="Spread of sales over a week", severity="P3").noop()


@check(name="Prices", datasets=[DAILY])
def prices(mp: MetricProvider, ctx: Context) -> None:
    amount = mp.average("amount")
    ctx.assert_that(mp.minimum("amount")).where(name="Amounts are positive", severity="P0").is_positive()
    ctx.assert_that(mp.ext.day_over_day(amount)).where(name="Average amount moves < 150 % a day").is_lt(1.5)
    ctx.assert_that(mp.sum("amount")).where(name="Revenue", severity="P3").noop()


@check(name="Records", datasets=[DAILY])
def records(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.duplicate_count(["transaction_id"])).where(name="Each sale is there once").is_zero()
    ctx.assert_that(mp.null_count("customer_id")).where(name="Each sale has a customer", severity="P0").is_zero()


@check(name="Customers", datasets=[DAILY])
def customers(mp: MetricProvider, ctx: Context) -> None:
    rows = mp.num_rows()
    ctx.assert_that(mp.null_count("email") / rows).where(name="Emails are filled").is_leq(0.1)
    ctx.assert_that(mp.unique_count("customer_id") / rows).where(name="Many customers buy", severity="P2").is_gt(0.2)
    known = mp.count_values("country", COUNTRIES)
    ctx.assert_that(rows - known).where(name="Countries are known").is_zero()


@check(name="Window", datasets=[RANKING])
def window(mp: MetricProvider, ctx: Context) -> None:
    rows = mp.num_rows()
    ctx.assert_that(rows).where(name="There is something to learn from", severity="P0").is_positive()
    ctx.assert_that(mp.ext.day_over_day(rows)).where(name="Window grows < 150 % a day", severity="P2").is_lt(1.5)
    train, held_out = mp.num_rows(tags={"split": "train"}), mp.num_rows(tags={"split": "eval"})
    ctx.assert_that(train / held_out).where(name="Train is larger than eval").is_gt(1)


@check(name="Values", datasets=[RANKING])
def values(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.minimum("revenue")).where(name="Revenue is at least a cent", severity="P0").is_geq(0.01)
    ctx.assert_that(mp.null_count("category")).where(name="Categories are filled").is_zero()
    ctx.assert_that(mp.unique_count("product_id")).where(name="Products to rank").is_gt(10)


DAILY_SUITE = Suite("Shop daily", (volume, prices, records, customers))
RANKING_SUITE = Suite("Shop ranking", (window, values))
