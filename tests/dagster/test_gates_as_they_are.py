"""A gate speaks of what is there now: an oracle that keeps the whole history says when it may be open."""

import datetime as dt
import tempfile

import dagster as dg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dqx_core import DuckRelationDataSource, ResultKey, Suite, VerificationSuite, check
from dqx_core.errors import DefinitionError
from dqx_dagster import MetricStore, require_checks, suite_checks

DAY = dt.date(2024, 1, 2)
DAILY = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-15")
WEEKLY = dg.WeeklyPartitionsDefinition("2024-01-01", end_date="2024-01-15", day_offset=1)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def suite_of(*limits, severity="P0", lag=0):
    """A suite whose assertions hold where every price is below their limit; each is called by it."""

    @check(name="Orders", datasets=["orders"])
    def orders(mp, ctx):
        for limit in limits:
            ctx.assert_that(mp.maximum("price", lag=lag)).where(name=f"below {limit}", severity=severity).is_lt(limit)

    return Suite("Orders", [orders])


class World:
    """An asset with prices by day, runs that judge it, and consumers behind gates."""

    def __init__(self, url, instance, partitions_def=DAILY):
        self.instance, self.resources = instance, {"store": MetricStore(url=url)}
        self.prices = {}

        @dg.asset(partitions_def=partitions_def)
        def orders():
            return None

        self.orders = orders

    def rows(self, _resources=None):
        days = sorted(self.prices)
        table = pa.table({"day": pa.array(days, pa.date32()), "price": [float(self.prices[day]) for day in days]})
        return DuckRelationDataSource.from_arrow(
            table, "orders", date_column=None if self.orders.partitions_def is None else "day"
        )

    def run(self, *assets, partition=None):
        return dg.materialize(
            assets,
            partition_key=partition,
            instance=self.instance,
            resources=self.resources,
            run_config=QUIET,
            raise_on_error=False,
        )

    def judge(self, suite, day=DAY):
        checks = suite_checks(suite, self.orders, source=self.rows, engine=None)
        self.run(self.orders, checks, partition=None if self.orders.partitions_def is None else str(day))

    def remake(self, day=DAY):
        self.run(self.orders, partition=str(day))

    def reason(self, suite, partition=str(DAY), partitions_def=DAILY, deps=True, **options):
        """Why the consumer was stopped; None: it ran."""

        @dg.asset(partitions_def=partitions_def, deps=[self.orders] if deps else [], required_resource_keys={"store"})
        @require_checks(suite, self.orders, **options)
        def model(context: dg.AssetExecutionContext) -> None: ...

        result = self.run(model, partition=partition)
        failures = [event for event in result.all_events if event.is_step_failure]
        return None if result.success else failures[0].step_failure_data.user_failure_data.description


@pytest.fixture
def world(tmp_path, instance):
    return World(f"sqlite:///{tmp_path / 'm.db'}", instance)


def test_a_verdict_does_not_speak_of_the_materialization_that_replaced_what_it_judged(world):
    world.prices[DAY] = 5
    world.judge(suite_of(10))
    assert world.reason(suite_of(10)) is None

    world.remake()
    assert "P0 Orders › below 10: not judged as it is now, it was materialized again since" in world.reason(
        suite_of(10)
    )

    world.judge(suite_of(10))
    assert world.reason(suite_of(10)) is None


def test_an_assertion_that_is_new_in_the_suite_is_not_judged(world):
    world.prices[DAY] = 5
    world.judge(suite_of(10))

    assert "P0 Orders › below 9: not judged; it may be new" in world.reason(suite_of(10, 9))
    assert world.reason(suite_of(10, 9), unjudged="pass") is None


def test_an_assertion_that_is_no_longer_in_the_suite_does_not_count(world):
    world.prices[DAY] = 50
    world.judge(suite_of(10))
    world.prices[DAY] = 5
    world.judge(suite_of(9))

    assert world.reason(suite_of(9)) is None


def test_an_assertion_that_was_skipped_is_not_judged(world):
    world.prices[DAY] = 5
    world.judge(suite_of(10, lag=5))

    assert "not judged, it was skipped" in world.reason(suite_of(10, lag=5))
    assert world.reason(suite_of(10, lag=5), unjudged="pass") is None


def test_a_verdict_that_somebody_gave_by_hand_opens_nothing_unless_the_gate_takes_it(world):
    world.prices[DAY] = 50
    world.judge(suite_of(10))
    world.prices[DAY] = 5
    store = world.resources["store"]
    by_hand = VerificationSuite(suite_of(10).checks, store.db, "Orders", origin="cli")
    by_hand.run([world.rows()], ResultKey(DAY))

    assert "maximum(price) = 50" in world.reason(suite_of(10))
    # It names no materialization, as it looked at none: good is not judged, bad is bad.
    assert "not judged as it is now" in world.reason(suite_of(10), origins=("cli", "dagster"))
    assert world.reason(suite_of(10), origins=("cli", "dagster"), unjudged="pass") is None


def test_a_consumer_of_weeks_reads_all_days_of_its_week(world):
    week = [dt.date(2024, 1, day) for day in range(1, 8)]
    for day in week:
        world.prices[day] = 5
        world.judge(suite_of(10), day)
    assert world.reason(suite_of(10), "2024-01-01", WEEKLY) is None

    world.prices[week[5]] = 50
    world.judge(suite_of(10), week[5])
    assert "2024-01-06: P0 Orders › below 10" in world.reason(suite_of(10), "2024-01-01", WEEKLY)
    assert "2024-01-08: no run has judged it" in world.reason(suite_of(10), "2024-01-08", WEEKLY)


def test_what_cannot_be_mapped_is_told_with_the_way_out(world):
    world.prices[DAY] = 5
    world.judge(suite_of(10))

    assert "Add it to the asset's deps" in world.reason(suite_of(10), "2024-01-01", WEEKLY, deps=False)
    assert world.reason(suite_of(10), deps=False) is None, "the same partitions need no mapping"


def test_an_asset_without_partitions_is_judged_whenever_it_was(tmp_path, instance):
    world = World(f"sqlite:///{tmp_path / 'm.db'}", instance, partitions_def=None)
    world.prices[DAY] = 5
    assert "no run has judged it" in world.reason(suite_of(10), None, None)

    world.judge(suite_of(10))
    assert world.reason(suite_of(10), None, None) is None

    world.prices[DAY] = 50
    world.judge(suite_of(10))
    assert "maximum(price) = 50" in world.reason(suite_of(10), None, None)


def test_static_partitions_are_told_apart(tmp_path, instance):
    countries = dg.StaticPartitionsDefinition(["NL", "BE"])
    url = f"sqlite:///{tmp_path / 'm.db'}"
    table = pa.table({"country": ["NL", "BE"], "price": [5.0, 50.0]})

    @dg.asset(partitions_def=countries)
    def orders():
        return None

    @dg.asset(partitions_def=countries, deps=[orders], required_resource_keys={"store"})
    @require_checks(suite_of(10), orders)
    def model(context: dg.AssetExecutionContext) -> None: ...

    def source(_resources):
        return DuckRelationDataSource.from_arrow(table, "orders", dimensions={"partition": "country"})

    checks = suite_checks(suite_of(10), orders, source=source, engine=None)

    def passes(country):
        how = {"partition_key": country, "instance": instance, "resources": {"store": MetricStore(url=url)}}
        dg.materialize([orders, checks], raise_on_error=False, **how)
        return dg.materialize([model], raise_on_error=False, **how).success

    assert (passes("NL"), passes("BE")) == (True, False)


def test_a_gate_that_could_never_close_is_refused_as_it_is_made():
    @dg.asset(partitions_def=DAILY)
    def orders():
        return None

    with pytest.raises(DefinitionError, match="could never close"):
        require_checks(suite_of(10, severity="P2"), orders)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"severity": "p0"}, "'p0' is not a severity. Did you mean 'P0'"),
        ({"origins": ()}, "origins=.* takes the verdicts of nobody"),
        ({"unjudged": "skip"}, "neither 'stop' nor 'pass'"),
    ],
)
def test_what_a_gate_cannot_mean_is_refused_as_it_is_made(asked, said):
    @dg.asset(partitions_def=DAILY)
    def orders():
        return None

    with pytest.raises(DefinitionError, match=said):
        require_checks(suite_of(10), orders, **asked)


def test_one_origin_may_be_named_by_itself(tmp_path, instance):
    world = World(f"sqlite:///{tmp_path}/m.db", instance)

    @dg.asset(partitions_def=DAILY, deps=[world.orders], required_resource_keys={"store"})
    @require_checks(suite_of(10), world.orders, origins="dagster")
    def model(context):
        return None

    world.prices[DAY] = 5
    checks = suite_checks(suite_of(10), world.orders, source=world.rows, engine=None)
    world.run(world.orders, checks, partition=str(DAY))

    assert world.run(model, partition=str(DAY)).success


class Gates(RuleBasedStateMachine):
    """Whatever is done, the gate is open exactly where all that is asked today passed on what is there now."""

    def __init__(self):
        super().__init__()
        self.kept = dg.DagsterInstance.ephemeral()
        self.instance = self.kept.__enter__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(f"sqlite:///{self.folder.name}/m.db", self.instance)
        self.asked = (10,)
        self.price = None
        self.made = 0
        self.passed = {}
        """Limit → which materialization its newest verdict of a Dagster run is of, and whether it passed."""

    @rule(price=st.integers(0, 30))
    def materialize_and_judge(self, price):
        self.world.prices[DAY] = self.price = price
        self.world.judge(suite_of(*self.asked))
        self.made += 1
        self.passed |= {limit: (self.made, price < limit) for limit in self.asked}

    @rule(price=st.integers(0, 30))
    def make_it_again(self, price):
        self.world.prices[DAY] = self.price = price
        self.world.remake()
        self.made += 1

    @rule(limits=st.lists(st.sampled_from([5, 10, 20]), min_size=1, max_size=3, unique=True))
    def change_the_suite(self, limits):
        self.asked = tuple(limits)

    @rule(price=st.integers(0, 30))
    def judge_other_rows_by_hand(self, price):
        table = pa.table({"day": pa.array([DAY], pa.date32()), "price": [float(price)]})
        suite = VerificationSuite(
            suite_of(*self.asked).checks, self.world.resources["store"].db, "Orders", origin="cli"
        )
        suite.run([DuckRelationDataSource.from_arrow(table, "orders", date_column="day")], ResultKey(DAY))

    @rule()
    def expire(self):
        self.world.resources["store"].db.expire(dt.timedelta(0))

    @invariant()
    def the_gate_is_open_where_it_may_be(self):
        may = all(self.passed.get(limit) == (self.made, True) for limit in self.asked)
        assert (self.world.reason(suite_of(*self.asked)) is None) is may

    def teardown(self):
        self.kept.__exit__(None, None, None)
        self.folder.cleanup()


Gates.TestCase.settings = settings(
    max_examples=8, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
)
TestGates = Gates.TestCase
