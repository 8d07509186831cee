"""What Dagster's log, the store, the report and JUnit say of an assertion is the same, however it was launched."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from xml.etree import ElementTree as ET

import dagster as dg
import pandas as pd
import pytest

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, Suite, VerificationSuite, check
from dqx_core.html import collect
from dqx_core.report import Status
from dqx_dagster import MetricStore, failed_checks_sensor, reverify_job, suite_checks
from dqx_dagster.cli.ci.gate import Settings, judge
from dqx_dagster.cli.ci.junit import junit
from dqx_dagster.cli.ci.location import Location
from dqx_dagster.cli.ci.spans import Wanted
from dqx_dagster.outcomes import outcome_in
from dqx_dagster.partitions import Partitioning
from tests.dagster.scenario import span, tick

CALENDARS = {
    "days and splits": dg.MultiPartitionsDefinition(
        {
            "date": dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-04"),
            "split": dg.StaticPartitionsDefinition(["train", "eval"]),
        }
    ),
    "hours of a day of 25": dg.HourlyPartitionsDefinition(
        "2025-10-26-01:00", end_date="2025-10-26-04:00", timezone="Europe/Amsterdam"
    ),
    "weeks": dg.WeeklyPartitionsDefinition("2026-01-01", end_date="2026-01-26", timezone="Asia/Tokyo"),
    "months": dg.MonthlyPartitionsDefinition("2026-01-01", end_date="2026-04-01", timezone="America/New_York"),
    "cron": dg.TimeWindowPartitionsDefinition(
        start="2026-01-08", end="2026-01-13", fmt="%Y-%m-%d", cron_schedule="0 0 * * 1-5"
    ),
}


@check(name="Feed", datasets=["feed"])
def feed_check(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Passes", severity="P1").is_positive()
    ctx.assert_that(mp.num_rows()).where(name="Fails", severity="P2").is_negative()
    ctx.assert_that(mp.average("nothing")).where(name="Errs", severity="P3").is_positive()
    ctx.assert_that(mp.num_rows(lag=900)).where(name="Skips", severity="P1").is_positive()


SUITE = Suite("Feed", (feed_check,))
SAID = {
    "feed__passes": Status.PASSED,
    "feed__fails": Status.FAILED,
    "feed__errs": Status.ERROR,
    "feed__skips": Status.SKIPPED,
}
CHECKS = {"Passes": "feed__passes", "Fails": "feed__fails", "Errs": "feed__errs", "Skips": "feed__skips"}


class World:
    """A feed with three rows in each partition, whose suite passes, fails, errs and skips."""

    def __init__(self, folder, instance, partitions, *, partitioned=True):
        self.instance, self.partitions, self.url = instance, partitions, f"sqlite:///{folder / 'm.db'}"
        self.partitioning = Partitioning.of(partitions)
        self.keys = {name: self.partitioning.key(name, dt.date.min) for name in partitions.get_partition_keys()}

        @dg.asset(partitions_def=partitions, backfill_policy=dg.BackfillPolicy.single_run())
        def feed() -> None: ...

        self.checks = suite_checks(
            SUITE, feed, source=lambda _: self.source(), engine=None, partitioned_checks=partitioned
        )
        again = reverify_job(SUITE, feed, source=lambda _: self.source(), engine=None, name="again")
        alone = dg.define_asset_job("alone", selection=dg.AssetSelection.checks(*self.checks.check_keys))
        self.defs = dg.Definitions(
            assets=[feed],
            asset_checks=[self.checks],
            jobs=[again, alone],
            resources={"store": MetricStore(url=self.url)},
            executor=dg.in_process_executor,
        )
        self.feed = self.defs.resolve_implicit_global_asset_job_def()

    def source(self):
        rows = [
            {"at": key.interval.start + n * (key.interval.end - key.interval.start) / 4, **key.tags, "nothing": None}
            for key in self.keys.values()
            for n in range(3)
        ]
        frame = pd.DataFrame(rows).astype({"at": "datetime64[us, UTC]", "nothing": "float64"})
        return DuckRelationDataSource.from_pandas(
            frame, "feed", date_column="at", dimensions={name: name for name in self.partitioning.dimensions}
        )

    def log(self, result):
        """What Dagster holds of a run; it says nothing of what is skipped."""
        return {(e.partition, e.check_name): outcome_in(e).status for e in result.get_asset_check_evaluations()}

    def store(self, execution_id):
        with closing(MetricDB(self.url)) as db:
            return {
                (self.partitioning.partition(self.keyed(r)), CHECKS[r.assertion]): r.status
                for r in db.results(execution_id)
            }

    def report(self):
        with closing(MetricDB(self.url)) as db:
            return {
                (self.partitioning.partition(self.keyed(r)), CHECKS[r.assertion]): r.status
                for suite in collect(db).suites
                for cell in suite.cells.values()
                for r in cell
            }

    def keyed(self, result):
        return next(key for key in self.keys.values() if key == result.key)


@pytest.fixture(params=CALENDARS)
def partitions(request):
    return CALENDARS[request.param]


@pytest.fixture
def world(tmp_path, instance, partitions):
    return World(tmp_path, instance, partitions)


def expected(*names):
    return {(name, check): status for name in names for check, status in SAID.items()}


def without_skipped(told):
    return {place: status for place, status in told.items() if status is not Status.SKIPPED}


def test_log_store_and_report_agree_in_every_launch(world):
    names = list(world.keys)
    one, whole = {"partition_key": names[1]}, {"tags": span(names[0], names[-1])}
    alone, again = world.defs.resolve_job_def("alone"), world.defs.get_job_def("again")
    launches = [
        (world.feed, one, names[1:2]),
        (world.feed, whole, names),
        (world.feed, whole, names),  # once more
        (alone, {"tags": {"dagster/partition": names[1]}}, names[1:2]),
        (alone, whole, names),
        (again, one, names[1:2]),
    ]
    for number, (job, how, spoken) in enumerate(launches):
        result = job.execute_in_process(instance=world.instance, **how)

        assert world.log(result) == without_skipped(expected(*spoken)), number
        assert world.store(result.run_id) == expected(*spoken), number
        assert world.report().items() >= expected(*spoken).items(), number


def test_junit_and_dqx_ci_say_the_same(world):
    names = list(world.keys)
    world.feed.execute_in_process(instance=world.instance, tags=span(names[0], names[-1]))
    location = Location("here", world.defs.get_repository_def(), None)
    gate = judge(location, Settings(wanted=Wanted(ranges=(f"{names[0]}...{names[-1]}",)), select=("feed",)))

    assert {(v.partition, v.check): Status(v.outcome) for v in gate.verdicts} == expected(*names)
    cases = {
        case.get("name"): next((child.tag for child in case), "passed")
        for case in ET.fromstring(junit(gate).encode()).iter("testcase")
    }
    # What counts is a failure or an error, what does not is skipped with its message.
    words = {"feed__passes": "passed", "feed__fails": "skipped", "feed__errs": "skipped", "feed__skips": "error"}
    assert cases == {f"{check} [{name}]": words[check] for name in names for check in SAID}


def test_a_run_by_hand_says_what_dagster_says(world):
    with closing(MetricDB(world.url)) as db:
        suite = VerificationSuite(SUITE.checks, db, SUITE.name)
        source = world.source().placed("feed", timezone=world.partitioning.timezone, dimensions={})
        found = suite.run_many([source], list(world.keys.values()))

    told = {(world.partitioning.partition(world.keyed(r)), CHECKS[r.assertion]): r.status for r in found}
    assert told == expected(*world.keys) == world.report() == world.store(suite.execution_id)


def test_the_sensor_tells_of_each_window(world):
    told = []
    sensor = failed_checks_sensor(told.append, severity="P3")
    cursor = tick(sensor, world.instance, None)
    names = list(world.keys)
    world.feed.execute_in_process(instance=world.instance, tags=span(names[0], names[-1]))
    tick(sensor, world.instance, cursor)

    bad = {"feed__fails", "feed__errs"}
    assert {(c.check, c.partition) for c in told[0].checks} == {(each, name) for each in bad for name in names}


def test_checks_without_partitions_say_one_thing_of_all_windows(tmp_path, instance, partitions):
    world = World(tmp_path, instance, partitions, partitioned=False)
    names = list(world.keys)
    result = world.feed.execute_in_process(instance=instance, tags=span(names[0], names[-1]))

    assert world.log(result) == {(None, check): status for (_, check), status in without_skipped(expected("")).items()}
    assert world.store(result.run_id) == expected(*names)
    for evaluation in result.get_asset_check_evaluations():
        assert len(evaluation.metadata["assertions"].records) == len(names)
