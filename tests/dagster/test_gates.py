"""A gate across runs: bad partitions stop a consumer whichever run found them bad."""

import datetime as dt

import dagster as dg
import pyarrow as pa
import pytest

from dqx_core import DuckRelationDataSource
from dqx_dagster import MetricStore, partitions_let_through, require_checks, suite_checks
from tests.dagster.scenario import GATED, PARTITIONS, SUITE, feed, key, source, span


@dg.asset(partitions_def=PARTITIONS, deps=[feed], required_resource_keys={"store"}, name="model")
@require_checks(GATED, feed)
def model(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"trained on": str(context.partition_keys)})


@pytest.fixture
def world(tmp_path, instance):
    """An instance, and a function that runs one asset, with or without its checks, for partitions."""
    defs = dg.Definitions(
        assets=[feed, model],
        asset_checks=[suite_checks(GATED, feed, source=source, engine=None)],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    whole = defs.resolve_implicit_global_asset_job_def()

    def run(asset, **how):
        job = whole.get_subset(asset_selection={asset.key})
        return job.execute_in_process(instance=instance, raise_on_error=False, **how)

    return run


def reason(result):
    [failure] = [event for event in result.all_events if event.is_step_failure and event.step_key == "model"]
    return failure.step_failure_data.user_failure_data.description


def test_a_partition_that_passed_in_another_run_lets_the_consumer_run(world):
    world(feed, partition_key=key(4, "train"))

    assert world(model, partition_key=key(4, "train")).success


def test_a_partition_that_failed_in_another_run_stops_the_consumer_and_names_the_assertion(world):
    judged = world(feed, partition_key=key(5, "train"))
    stopped = world(model, partition_key=key(5, "train"))

    assert not stopped.success
    assert "2026-01-05|train: P0 Gate › Not crowded: num_rows() = 40, is not ≤ 10" in reason(stopped)
    assert judged.run_id in reason(stopped)


def test_a_partition_that_nobody_judged_stops_the_consumer(world):
    stopped = world(model, partition_key=key(4, "eval"))

    assert not stopped.success
    assert "no run has judged it" in reason(stopped)


def test_one_bad_partition_of_a_range_stops_the_range_and_is_the_one_named(world):
    world(feed, tags=span(key(4, "train"), key(6, "eval")))
    stopped = world(model, tags=span(key(4, "train"), key(6, "eval")))

    assert not stopped.success
    assert "2026-01-05|train" in reason(stopped)
    assert "2026-01-04" not in reason(stopped)


def test_a_partition_that_was_judged_again_and_passed_lets_the_consumer_run(tmp_path, instance):
    rows = [40]

    def corrected(_resources):
        table = pa.table({"date": [dt.date(2026, 1, 5)] * rows[0], "split": ["train"] * rows[0]})
        return DuckRelationDataSource.from_arrow(table, "feed", date_column="date", dimensions={"split": "split"})

    defs = dg.Definitions(
        assets=[feed, model],
        asset_checks=[suite_checks(GATED, feed, source=corrected, engine=None)],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    whole = defs.resolve_implicit_global_asset_job_def()

    def succeeds(asset):
        how = {"partition_key": key(5, "train"), "raise_on_error": False}
        return whole.get_subset(asset_selection={asset.key}).execute_in_process(instance=instance, **how).success

    judged, stopped = succeeds(feed), succeeds(model)
    rows[0] = 4
    again, passed = succeeds(feed), succeeds(model)

    assert (judged, stopped, again, passed) == (False, False, True, True)


@pytest.mark.parametrize(
    ("options", "day", "passes"),
    [
        ({}, 5, True),
        ({"severity": "P1"}, 5, False),
        ({"severity": "P1"}, 4, True),
        ({}, 6, False),
        ({"unjudged": "pass"}, 6, True),
    ],
)
def test_a_gate_may_stop_on_more_severities_and_let_pass_what_nobody_judged(tmp_path, instance, options, day, passes):
    @dg.asset(partitions_def=PARTITIONS, deps=[feed], required_resource_keys={"store"})
    @require_checks(SUITE, feed, **options)
    def guarded(context: dg.AssetExecutionContext) -> None: ...

    defs = dg.Definitions(
        assets=[feed, guarded],
        asset_checks=[suite_checks(SUITE, feed, source=source, engine=None)],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    whole = defs.resolve_implicit_global_asset_job_def()
    # On the 5th a P1 fails; the 6th is not judged.
    whole.get_subset(asset_selection={feed.key}).execute_in_process(
        instance=instance, tags=span(key(4, "train"), key(5, "train"))
    )
    found = whole.get_subset(asset_selection={guarded.key}).execute_in_process(
        instance=instance, partition_key=key(day, "train"), raise_on_error=False
    )

    assert found.success is passes


async def awaits(context: dg.AssetExecutionContext):
    return dg.MaterializeResult(metadata={"trained": True})


async def awaits_and_yields(context: dg.AssetExecutionContext):
    yield dg.MaterializeResult(metadata={"trained": True})


def yields(context: dg.AssetExecutionContext):
    yield dg.MaterializeResult(metadata={"trained": True})


@pytest.mark.parametrize("compute", [awaits, awaits_and_yields, yields])
def test_any_kind_of_function_may_have_a_gate(tmp_path, instance, compute):
    options = {"partitions_def": PARTITIONS, "deps": [feed], "required_resource_keys": {"store"}, "name": "trained"}
    trained = dg.asset(**options)(require_checks(GATED, feed)(compute))
    defs = dg.Definitions(
        assets=[feed, trained],
        asset_checks=[suite_checks(GATED, feed, source=source, engine=None)],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    whole = defs.resolve_implicit_global_asset_job_def()

    def found(day):
        how = {"partition_key": key(day, "train"), "raise_on_error": False}
        whole.get_subset(asset_selection={feed.key}).execute_in_process(instance=instance, **how)
        result = whole.get_subset(asset_selection={trained.key}).execute_in_process(instance=instance, **how)
        return [m.metadata["trained"].value for m in result.asset_materializations_for_node("trained")]

    assert (found(4), found(5)) == ([True], [])


def makes(context: dg.AssetExecutionContext):
    return dg.MaterializeResult(metadata={"made": ",".join(partitions_let_through(context))})


def makes_and_yields(context: dg.AssetExecutionContext):
    yield dg.MaterializeResult(metadata={"made": ",".join(partitions_let_through(context))})


async def makes_later(context: dg.AssetExecutionContext):
    return dg.MaterializeResult(metadata={"made": ",".join(partitions_let_through(context))})


def makes_nothing_known(context: dg.AssetExecutionContext) -> None: ...


def gives(context: dg.AssetExecutionContext):
    return 1


@pytest.fixture
def skipping(tmp_path, instance):
    """Makes the feed of some days with its checks, then what is behind a gate that skips, and gives the latter."""

    def run(compute, judged, wanted, *, mapped=None, days=PARTITIONS, gate=None, **options):
        deps = [dg.AssetDep(feed, partition_mapping=mapped) if mapped else feed]
        guard = gate or require_checks(GATED, feed, on_bad="skip")
        asset = {"partitions_def": days, "deps": deps, "required_resource_keys": {"store"}, "name": "trained"}
        trained = dg.asset(**asset, **{"output_required": False, **options})(guard(compute))
        defs = dg.Definitions(
            assets=[feed, trained],
            asset_checks=[suite_checks(GATED, feed, source=source, engine=None)],
            resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
            executor=dg.in_process_executor,
        )
        whole = defs.resolve_implicit_global_asset_job_def()
        for tags in judged:
            job = whole.get_subset(asset_selection={feed.key})
            job.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
        job = whole.get_subset(asset_selection={trained.key})
        return job.execute_in_process(instance=instance, raise_on_error=False, tags=wanted)

    return run


def materialized(result):
    return sorted(m.partition for m in result.asset_materializations_for_node("trained"))


FOUR_TO_SIX = span(key(4, "train"), key(6, "train"))


@pytest.mark.parametrize("compute", [makes, makes_and_yields, makes_later, makes_nothing_known])
def test_a_gate_that_skips_lets_the_good_partitions_of_a_range_through(skipping, compute):
    found = skipping(compute, [FOUR_TO_SIX], FOUR_TO_SIX)

    assert found.success
    assert materialized(found) == [key(4, "train"), key(6, "train")], "the 5th is crowded"
    if compute is not makes_nothing_known:
        made = {m.metadata["made"].value for m in found.asset_materializations_for_node("trained")}
        assert made == {f"{key(4, 'train')},{key(6, 'train')}"}


@pytest.mark.parametrize("compute", [makes, makes_and_yields, makes_later, makes_nothing_known])
def test_a_gate_that_skips_and_finds_nothing_bad_changes_nothing(skipping, compute):
    two = span(key(6, "train"), key(7, "train"))
    found = skipping(compute, [two], two)

    assert found.success
    assert materialized(found) == [key(6, "train"), key(7, "train")]


def test_a_gate_that_skips_hands_a_value_to_the_io_manager(skipping):
    one = {"dagster/partition": key(6, "train")}
    found = skipping(gives, [one], one)

    assert (found.success, found.output_for_node("trained")) == (True, 1)


def test_a_gate_that_skips_fails_where_it_lets_nothing_through(skipping):
    found = skipping(makes, [span(key(4, "train"), key(5, "train"))], {"dagster/partition": key(5, "train")})

    assert not found.success
    assert "Not crowded" in str(found.get_step_failure_events()[0].step_failure_data.user_failure_data.description)


@pytest.mark.parametrize(
    ("compute", "options", "told"),
    [(makes, {"output_required": True}, "output_required=False"), (gives, {}, "return MaterializeResult or nothing")],
)
def test_a_gate_that_skips_fails_as_a_whole_where_dagster_would_write_all_down(skipping, compute, options, told):
    found = skipping(compute, [FOUR_TO_SIX], FOUR_TO_SIX, **options)

    assert not found.success
    assert materialized(found) == []
    assert told in found.get_step_failure_events()[0].step_failure_data.user_failure_data.description


def test_a_gate_that_skips_goes_by_the_mapping_of_partitions(skipping):
    days = PARTITIONS.get_partitions_def_for_dimension("date")
    mapped = dg.MultiToSingleDimensionPartitionMapping("date")
    found = skipping(
        makes, [span(key(3, "train"), key(6, "eval"))], span("2026-01-04", "2026-01-07"), mapped=mapped, days=days
    )

    assert materialized(found) == ["2026-01-04", "2026-01-06"], "the 5th is crowded, nobody judged the 7th"


def test_behind_two_gates_that_skip_is_what_both_let_through(skipping):
    def both(compute):
        outer = require_checks(GATED, feed, on_bad="skip", unjudged="pass")
        return outer(require_checks(GATED, feed, on_bad="skip")(compute))

    found = skipping(makes, [span(key(3, "train"), key(5, "train"))], FOUR_TO_SIX, gate=both)

    assert materialized(found) == [key(4, "train")], "nobody judged the 6th"
