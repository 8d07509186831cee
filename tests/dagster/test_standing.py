"""What was judged and what was not: partitions that are there without a verdict are found, and judged."""

import dagster as dg
import pytest

from dqx_core import Context, MetricProvider, Suite, check
from dqx_core.errors import DefinitionError
from dqx_core.report import Status
from dqx_dagster import MetricStore, reverify_job, suite_checks, unjudged_partitions_sensor
from dqx_dagster.standing import State, standings
from dqx_dagster.suites import judges_of
from tests.dagster.scenario import SPLITS, SUITE, feed, feed_check, key, source, span

# Dagster itself tags the runs of a partition of two dimensions so.
pytestmark = pytest.mark.filterwarnings("ignore:Non-compliant tag keys like ..dagster/partition/date")

FIRST_DAYS = [key(day, split) for day in (1, 2, 3) for split in SPLITS]


class Location:
    """The feed with its checks, a job that judges again what is missing, and the sensor that asks for it."""

    def __init__(self, folder, instance, suite=SUITE, *, read=source):
        self.instance = instance
        self.store = MetricStore(url=f"sqlite:///{folder / 'metrics.db'}")
        self.checks = suite_checks(suite, feed, source=read, engine=None)
        self.job = reverify_job(suite, feed, source=source, engine=None, only="unjudged", name="judge_missing")
        self.sensor = unjudged_partitions_sensor(self.job, most=4)
        self.defs = dg.Definitions(
            assets=[feed],
            asset_checks=[self.checks],
            jobs=[self.job],
            sensors=[self.sensor],
            resources={"store": self.store},
            executor=dg.in_process_executor,
        )
        dg.Definitions.validate_loadable(self.defs)

    def make(self, *partitions, judged=True):
        """Materialize partitions one by one, with their checks or without."""
        job = self.defs.resolve_implicit_global_asset_job_def()
        if not judged:
            job = job.get_subset(asset_selection={feed.key}, asset_check_selection=set())
        for partition in partitions:
            job.execute_in_process(instance=self.instance, partition_key=partition, raise_on_error=False)

    def make_range(self, first, last):
        job = self.defs.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=self.instance, tags=span(first, last), raise_on_error=False)

    def judge(self, tags=None, **how):
        job = self.defs.resolve_job_def("judge_missing")
        return job.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False, **how)

    def standings(self):
        judges = judges_of(self.checks)
        found = standings(self.instance, feed.key, judges.target.partitioning, [judges], lambda _: self.store.db)
        return {each.partition: each for each in found}

    def states(self, *partitions):
        found = self.standings()
        return [found[partition].state for partition in partitions]

    def tick(self, cursor):
        """What the sensor asks for, and its cursor afterwards."""
        with dg.build_sensor_context(
            instance=self.instance, cursor=cursor, resources={"store": self.store}, definitions=self.defs
        ) as context:
            found = self.sensor.evaluate_tick(context)
        return found.run_requests, found.cursor


def test_a_partition_is_judged_stale_never_judged_or_not_there(tmp_path, instance):
    here = Location(tmp_path, instance)
    here.make(key(2, "train"), key(3, "train"))
    here.make(key(3, "train"), key(4, "train"), judged=False)

    assert here.states(key(2, "train"), key(3, "train"), key(4, "train"), key(5, "train")) == [
        State.JUDGED,
        State.STALE,
        State.NEVER,
        State.ABSENT,
    ]


def test_it_says_who_made_and_who_judged_it_and_what_is_not_judged(tmp_path, instance):
    here = Location(tmp_path, instance)
    here.make(key(1, "train"))
    [run] = instance.get_runs()
    good = here.standings()[key(1, "train")]
    here.make(key(1, "train"), judged=False)
    stale = here.standings()[key(1, "train")]

    assert (good.run_id, good.judged_by) == (run.run_id, (run.run_id,))
    assert good.counts == {Status.PASSED: 2, Status.SKIPPED: 1}  # nothing is known of the day before
    assert good.unjudged == ()
    assert stale.counts == {}
    assert "Feed suite: Feed › Has rows, judged before it was materialized again" in stale.unjudged


def test_an_assertion_that_is_new_in_the_suite_leaves_a_partition_stale(tmp_path, instance):
    @check(name="Feed", datasets=["feed"])
    def more(mp: MetricProvider, ctx: Context) -> None:
        feed_check.function(mp, ctx)
        ctx.assert_that(mp.num_rows()).where(name="Few rows").is_leq(1000)

    Location(tmp_path, instance).make(key(2, "train"))
    here = Location(tmp_path, instance, Suite("Feed suite", [more]))

    assert here.standings()[key(2, "train")].unjudged == ("Feed suite: Feed › Few rows, never judged",)
    assert here.states(key(2, "train")) == [State.STALE]


def test_what_a_cancelled_run_left_unjudged_is_found_and_judged(tmp_path, instance):
    def interrupted(_resources):
        [run] = instance.get_runs()
        instance.report_run_canceling(run)
        raise KeyboardInterrupt

    cancelled = Location(tmp_path, instance, read=interrupted).make_range(key(1, "train"), key(3, "eval"))
    assert instance.get_run_by_id(cancelled.run_id).status is dg.DagsterRunStatus.CANCELED
    here = Location(tmp_path, instance)
    here.make(key(1, "train"))  # one of them was judged since

    assert set(here.states(*FIRST_DAYS[1:])) == {State.NEVER}
    requests, cursor = here.tick(None)
    assert [each.partition_key for each in requests] == FIRST_DAYS[1:5]
    for each in requests:
        assert here.judge(partition_key=each.partition_key).success
    requests, cursor = here.tick(cursor)
    assert [each.partition_key for each in requests] == FIRST_DAYS[5:]
    for each in requests:
        here.judge(partition_key=each.partition_key)

    assert here.tick(cursor)[0] == []
    assert set(here.states(*FIRST_DAYS)) == {State.JUDGED}


def test_the_sensor_asks_for_a_partition_once_and_again_when_it_is_made_again(tmp_path, instance):
    here = Location(tmp_path, instance)
    here.make(key(2, "train"), key(2, "eval"), judged=False)

    first, cursor = here.tick(None)
    again, cursor = here.tick(cursor)
    forgotten, _ = here.tick(None)
    here.make(key(2, "train"), judged=False)
    remade, _ = here.tick(cursor)

    assert [each.partition_key for each in first] == [key(2, "train"), key(2, "eval")]
    assert again == []
    assert [each.run_key for each in forgotten] == [each.run_key for each in first], "Dagster knows these"
    assert [each.partition_key for each in remade] == [key(2, "train")]
    assert remade[0].run_key not in {each.run_key for each in first}


def test_the_sensor_goes_on_behind_partitions_whose_runs_judge_nothing(tmp_path, instance):
    here = Location(tmp_path, instance)
    here.make(*FIRST_DAYS, judged=False)

    first, cursor = here.tick(None)
    then, cursor = here.tick(cursor)

    assert [each.partition_key for each in (*first, *then)] == FIRST_DAYS
    assert here.tick(cursor)[0] == []


def test_what_a_run_that_has_not_ended_made_is_left_to_its_own_checks(tmp_path, instance):
    here = Location(tmp_path, instance)
    here.make(key(2, "train"), judged=False)
    going = dg.DagsterRun(job_name="making", status=dg.DagsterRunStatus.STARTED)
    instance.add_run(going)
    event = dg.AssetMaterialization(feed.key, partition=key(3, "train"))
    instance.report_dagster_event(_written(event), run_id=going.run_id)

    requests, _ = here.tick(None)

    assert here.states(key(3, "train")) == [State.NEVER]
    assert [each.partition_key for each in requests] == [key(2, "train")]


def _written(materialization):
    from dagster._core.events import DagsterEvent, StepMaterializationData

    data = StepMaterializationData(materialization, [])
    return DagsterEvent(dg.DagsterEventType.ASSET_MATERIALIZATION.value, "making", event_specific_data=data)


def test_a_job_that_judges_what_is_missing_leaves_alone_what_is_judged(tmp_path, instance):
    here = Location(tmp_path, instance)
    here.make(key(1, "train"), key(2, "train"))
    here.make(key(2, "train"), key(3, "train"), judged=False)

    done = here.judge(tags=span(key(1, "train"), key(3, "train")))
    told = {each.partition for each in done.get_asset_check_evaluations()}
    again = here.judge(tags=span(key(1, "train"), key(3, "train")))

    assert done.success
    assert told == {key(2, "train"), key(3, "train")}
    assert again.success
    assert again.get_asset_check_evaluations() == []


def test_a_sensor_and_a_job_say_what_they_take():
    with pytest.raises(DefinitionError, match="knows 'unjudged' alone"):
        reverify_job(SUITE, feed, source=source, engine=None, only="stale")
    with pytest.raises(DefinitionError, match="such as reverify_job makes; 'other' does not"):
        unjudged_partitions_sensor(dg.JobDefinition(name="other", graph_def=dg.GraphDefinition("empty")))
