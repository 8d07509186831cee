"""Declarative automation: what is downstream is asked for once the blocking checks of the same partitions passed."""

import dagster as dg
import pytest

from dqx_dagster import MetricStore, suite_checks
from tests.dagster.scenario import GATED, PARTITIONS, SUITE, feed, key, source, span

READY = (
    dg.AutomationCondition.missing()
    & dg.AutomationCondition.all_deps_match(~dg.AutomationCondition.missing())
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
)


@dg.asset(partitions_def=PARTITIONS, deps=[feed], automation_condition=READY)
def model() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult()


@pytest.fixture
def asked(tmp_path, instance):
    """Make and judge three days, then ask which partitions of the model automation requests."""

    def ask(suite, **options):
        defs = dg.Definitions(
            assets=[feed, model],
            asset_checks=[suite_checks(suite, feed, source=source, engine=None, **options)],
            resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
            executor=dg.in_process_executor,
        )
        job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection={feed.key})
        job.execute_in_process(instance=instance, raise_on_error=False, tags=span(key(4, "train"), key(6, "eval")))
        found = dg.evaluate_automation_conditions(defs=defs, instance=instance)
        return found.get_requested_partitions(model.key)

    return ask


def test_a_partition_whose_blocking_check_failed_is_not_asked_for_and_the_others_are(asked):
    assert asked(GATED) == {key(day, split) for day in (4, 5, 6) for split in ("train", "eval")} - {key(5, "train")}


def test_a_failed_check_that_does_not_block_holds_nothing_back(asked):
    assert asked(SUITE) == {key(day, split) for day in (4, 5, 6) for split in ("train", "eval")}
