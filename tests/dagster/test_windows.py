"""Suites on partitions of any windows and dimensions: each is judged by its own rows, or refused."""

import datetime as dt

import dagster as dg
import pyarrow as pa
import pytest

from dqx_core import DuckRelationDataSource, Suite, check
from dqx_core.errors import DefinitionError
from dqx_dagster import MetricStore, suite_checks

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@check(name="O", datasets=["orders"])
def rows(mp, ctx):
    ctx.assert_that(mp.num_rows()).where(name="rows").noop()


@check(name="O", datasets=["orders"])
def moves(mp, ctx):
    ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="move").is_lt(0.5)


def asset(partitions_def, key="orders"):
    @dg.asset(key=key, partitions_def=partitions_def)
    def orders(): ...

    return orders


def attached(orders, source, of=rows):
    return suite_checks(Suite("O", [of]), orders, engine=None, source=lambda _: source)


def told(tmp_path, partitions_def, keys, source):
    """By partition, the number of rows that its check tells; None where the run failed."""
    orders = asset(partitions_def)
    checks, store = attached(orders, source), MetricStore(url=f"sqlite:///{tmp_path / 'm.db'}")
    found = {}
    with dg.DagsterInstance.ephemeral() as instance:
        for key in keys:
            ran = dg.materialize(
                [orders, checks], partition_key=key, instance=instance, resources={"store": store},
                raise_on_error=False, run_config=QUIET,
            )  # fmt: skip
            values = [each.metadata["value"].value for each in ran.get_asset_check_evaluations()]
            found[str(key)] = values[0] if values else None
    return found


def of(**columns):
    return DuckRelationDataSource.from_arrow(pa.table(columns), "orders", date_column="at" if "at" in columns else None)


def moments(*texts):
    return pa.array([dt.datetime.fromisoformat(text) for text in texts], pa.timestamp("us", "UTC"))


def test_an_hour_of_a_zone_is_judged_by_its_rows_the_repeated_one_too(tmp_path):
    hourly = dg.HourlyPartitionsDefinition("2024-01-01-00:00", timezone="Europe/Amsterdam")
    source = of(at=moments("2024-10-27T00:10Z", "2024-10-27T01:10Z", "2024-10-27T01:20Z"))
    keys = hourly.get_partition_keys_in_time_window(
        dg.TimeWindow(*(dt.datetime(2024, 10, 27, hour, tzinfo=dt.UTC) for hour in (0, 2)))
    )
    assert list(told(tmp_path, hourly, keys, source).values()) == [1, 2]


def test_readings_without_a_zone_are_on_the_clocks_of_the_partitions(tmp_path):
    daily = dg.DailyPartitionsDefinition("2024-01-01", timezone="America/New_York")
    dates = of(at=pa.array([dt.date(2024, 1, 2)] * 3 + [dt.date(2024, 1, 3)], pa.date32()))
    assert told(tmp_path, daily, ["2024-01-02"], dates) == {"2024-01-02": 3}
    in_utc = DuckRelationDataSource.from_arrow(
        pa.table({"at": pa.array([dt.datetime.fromisoformat("2024-01-02T02:00")])}),
        "orders",
        date_column="at",
        timezone="UTC",
    )
    assert told(tmp_path, daily, ["2024-01-01", "2024-01-02"], in_utc) == {"2024-01-01": 1, "2024-01-02": 0}


def test_each_dimension_of_partitions_chooses_rows_of_its_column(tmp_path):
    countries = dg.StaticPartitionsDefinition(["NL", "DE", "FR"])
    days = dg.DailyPartitionsDefinition("2024-01-01")
    both = dg.MultiPartitionsDefinition({"date": days, "country": countries})
    source = of(at=moments(*["2024-01-02T10:00Z"] * 4), country=["NL", "NL", "NL", "DE"])
    keys = [dg.MultiPartitionKey({"date": "2024-01-02", "country": country}) for country in ("NL", "FR")]
    assert list(told(tmp_path, both, keys, source).values()) == [3, 0]
    land = DuckRelationDataSource.from_arrow(pa.table({"land": ["NL", "DE"]}), "orders", dimensions={"c": "land"})
    assert told(tmp_path, countries, ["NL", "FR"], land) == {"NL": 1, "FR": 0}


def test_a_partition_of_which_nothing_says_the_rows_is_not_judged_by_all(tmp_path):
    countries = dg.StaticPartitionsDefinition(["NL", "DE"])
    assert told(tmp_path, countries, ["NL", "DE"], of(country=["NL", "DE"])) == {"NL": None, "DE": None}


@pytest.mark.parametrize(
    "partitions_def",
    [
        dg.MonthlyPartitionsDefinition("2024-01-01"),
        dg.WeeklyPartitionsDefinition("2024-01-01"),
        dg.TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5"),
    ],
)
def test_a_day_before_that_partitions_do_not_have_is_refused_where_the_suite_is_attached(partitions_def):
    with pytest.raises(DefinitionError, match=r"no window that lies a day before.*change\(metric, windows=1\)"):
        attached(asset(partitions_def), of(x=[1]), moves)


def test_two_assets_whose_keys_end_alike_share_no_number(tmp_path):
    days = dg.DailyPartitionsDefinition("2024-01-01")
    store = {"store": MetricStore(url=f"sqlite:///{tmp_path / 'm.db'}")}

    def judged(key, day, count):
        orders = asset(days, key)
        ran = dg.materialize(
            [orders, attached(orders, of(x=[1] * count), moves)], partition_key=day, resources=store, run_config=QUIET
        )
        return [each.passed for each in ran.get_asset_check_evaluations()]

    assert judged(["raw", "orders"], "2024-01-01", 100) == []
    assert judged(["clean", "orders"], "2024-01-02", 10) == []
    assert judged(["raw", "orders"], "2024-01-02", 100) == [True]
