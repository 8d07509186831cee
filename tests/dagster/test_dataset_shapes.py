"""The partitions of datasets of each shape: made, judged, handed on and backfilled alike."""

import datetime as dt

import dagster as dg
import pandas as pd
import pytest

from dqx_core import Context, MetricDB, MetricProvider, Suite, check
from dqx_core.datasets import dataset_integrity, stored_partitions
from dqx_core.errors import DefinitionError
from dqx_dagster import (
    dataset_asset,
    dataset_assets,
    dataset_schedule,
    require_checks,
    reverify_job,
    suite_checks,
    suite_metrics_asset,
)
from tests.dagster.scenario import span
from tests.dagster.warehouse import LAST, definition, location, make, without_time

SNAPSHOT = {"start": "2026-01-01", "end": LAST, "content": "snapshot"}
SHAPES = {
    "date × split": {},
    "split": {"columns": without_time(), "partitions": SNAPSHOT},
    "date": {"split": None},
    "neither": {"columns": without_time(), "partitions": SNAPSHOT, "split": None},
}
RANGES = {
    "date × split": ("2026-01-02|train", "2026-01-03|eval"),
    "split": ("train", "eval"),
    "date": ("2026-01-02", "2026-01-03"),
}
PARTITIONS = {
    "date × split": ["2026-01-02|train", "2026-01-02|eval", "2026-01-03|train", "2026-01-03|eval"],
    "split": ["train", "eval"],
    "date": ["2026-01-02", "2026-01-03"],
    "neither": [None],
}
STORED = {
    "date × split": [("2026-01-02", "eval"), ("2026-01-02", "train"), ("2026-01-03", "eval"), ("2026-01-03", "train")],
    "split": [(LAST, "eval"), (LAST, "train")],
    "date": [("2026-01-02", "all"), ("2026-01-03", "all")],
    "neither": [(LAST, "all")],
}


@check(name="Sales", datasets=["sales"])
def sales_check(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="There are some", severity="P0").is_positive()


SUITE = Suite("Sales", (sales_check,))


@pytest.fixture(params=SHAPES)
def shape(request):
    return request.param


@pytest.fixture
def world(tmp_path, instance, shape):
    """A location with a dataset, everything that goes with one, and a consumer; and a function that launches it."""
    make(tmp_path)
    described = definition(**SHAPES[shape])
    asset = dataset_asset(described)
    taken = []

    @dg.asset(
        ins={"sales": dg.AssetIn(asset.key)},
        partitions_def=asset.partitions_def,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"store"},
    )
    @require_checks(SUITE, asset)
    def consumer(context: dg.AssetExecutionContext, sales: pd.DataFrame) -> None:
        taken.append(sales)

    metrics = suite_metrics_asset(SUITE, asset)
    numbers = []

    @dg.asset(
        ins={"measured": dg.AssetIn(metrics.key)},
        partitions_def=asset.partitions_def,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def trend(measured: pd.DataFrame) -> None:
        numbers.append(measured)

    checks = suite_checks(SUITE, asset)
    integrity = suite_checks(dataset_integrity(described), asset)
    again = reverify_job(SUITE, asset, name="again")
    defs = location(tmp_path, asset, checks, integrity, consumer, metrics, trend, jobs=[again])
    how = {"tags": span(*RANGES[shape])} if shape in RANGES else {}

    def launch(job=None, **other):
        job = job or defs.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=instance, raise_on_error=False, **(other or how))

    launch.defs, launch.asset, launch.taken, launch.numbers, launch.folder = defs, asset, taken, numbers, tmp_path
    return launch


def test_a_range_is_made_judged_measured_and_handed_on_under_its_own_keys(world, shape):
    result = world()

    assert result.success
    made = {m.partition: m.metadata for m in result.asset_materializations_for_node("sales")}
    assert set(made) == set(PARTITIONS[shape])
    assert [(str(date), split) for date, split in stored_partitions(world.folder / "datasets", "sales")] == STORED[
        shape
    ]
    verdicts = [(e.check_name, e.partition) for e in result.get_asset_check_evaluations() if not e.passed]
    assert verdicts == []
    judged = {e.partition for e in result.get_asset_check_evaluations() if e.check_name == "sales__there_are_some"}
    assert judged == set(PARTITIONS[shape])
    [taken] = world.taken
    assert len(taken) == sum(metadata["rows"].value for metadata in made.values()) > 0
    [numbers] = world.numbers
    assert sorted(numbers["value"]) == sorted(float(metadata["rows"].value) for metadata in made.values())


def test_each_partition_alone_is_the_same_as_the_range(world, instance, shape):
    def versions():
        records = instance.fetch_materializations(world.asset.key, limit=100).records
        made = [record.asset_materialization for record in reversed(records)]
        return {m.partition: m.metadata["dqx/data_version"].value for m in made}

    bare = world.defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection={world.asset.key})
    world(bare)
    together = versions()
    for partition in PARTITIONS[shape]:
        assert bare.execute_in_process(instance=instance, partition_key=partition).success

    assert versions() == together
    assert set(together) == set(PARTITIONS[shape])


def test_a_partition_is_judged_again_and_its_verdict_lets_consumers_through(world, shape):
    world()
    again = world.defs.resolve_job_def("again")
    found = world(again)

    assert found.success
    assert {e.partition for e in found.get_asset_check_evaluations()} == set(PARTITIONS[shape])


def test_its_schedule_asks_for_the_newest_there_is_in_one_run(tmp_path, instance, shape):
    make(tmp_path)
    asset = dataset_asset(definition(**SHAPES[shape]))
    repository = location(tmp_path, asset, schedules=[dataset_schedule(asset)]).get_repository_def()
    context = dg.build_schedule_context(
        instance=instance,
        repository_def=repository,
        scheduled_execution_time=dt.datetime(2026, 1, 6, 6, tzinfo=dt.UTC),
    )
    [request] = repository.get_schedule_def("sales_daily").evaluate_tick(context).run_requests

    asked = (
        request.tags.get("dagster/asset_partition_range_start"),
        request.tags.get("dagster/asset_partition_range_end"),
    )
    assert (asked, request.partition_key) == {
        "date × split": (("2026-01-05|train", "2026-01-05|eval"), None),
        "split": (("train", "eval"), None),
        "date": ((None, None), "2026-01-05"),
        "neither": ((None, None), None),
    }[shape]


def test_a_schedule_is_at_an_hour_of_the_datasets_own_time_zone_and_knows_which_day_has_closed_there(
    tmp_path, instance
):
    make(tmp_path)
    asset = dataset_asset(definition(partitions={"start": "2026-01-01", "end": LAST, "timezone": "Pacific/Auckland"}))
    schedule = dataset_schedule(asset, hour=0, minute=30)
    repository = location(tmp_path, asset, schedules=[schedule]).get_repository_def()

    def day(moment):
        context = dg.build_schedule_context(
            instance=instance, repository_def=repository, scheduled_execution_time=moment
        )
        found = repository.get_schedule_def("sales_daily").evaluate_tick(context)
        return [request.tags["dagster/asset_partition_range_start"] for request in found.run_requests]

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 0 * * *", "Pacific/Auckland")
    # Half past midnight of the 6th in Auckland is noon of the 5th in UTC.
    assert day(dt.datetime(2026, 1, 5, 11, 30, tzinfo=dt.UTC)) == ["2026-01-05|train"]
    assert day(dt.datetime(2026, 1, 1, 10, 30, tzinfo=dt.UTC)) == []


def test_a_schedule_of_an_asset_that_is_no_dataset_is_refused():
    @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="things"))
    def things() -> None: ...

    with pytest.raises(DefinitionError, match="whose partitions are dates, splits or both"):
        dataset_schedule(things)


def test_a_test_split_is_a_partition_too(tmp_path, instance):
    make(tmp_path)
    asset = dataset_asset(definition(split={"strategy": "temporal", "eval_days": 1, "test_days": 1}))
    result = (
        location(tmp_path, asset)
        .resolve_implicit_global_asset_job_def()
        .execute_in_process(instance=instance, tags=span("2026-01-05|train", "2026-01-05|test"))
    )

    made = {m.partition: m.metadata["rows"].value for m in result.asset_materializations_for_node("sales")}
    assert set(made) == {"2026-01-05|train", "2026-01-05|eval", "2026-01-05|test"}
    assert all(rows > 0 for rows in made.values())


def test_the_built_in_checks_come_with_every_dataset_unless_they_are_switched_off(tmp_path, instance):
    make(tmp_path)
    whole = location(tmp_path, *dataset_assets([definition()]))
    bare = location(tmp_path, *dataset_assets([definition()], integrity=False))

    assert not bare.resolve_asset_graph().asset_check_keys
    job = whole.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, tags=span("2026-01-02|train", "2026-01-03|eval"))
    judged = {e.check_name for e in result.get_asset_check_evaluations()}
    assert {e.passed for e in result.get_asset_check_evaluations()} == {True}
    assert judged == {
        "integrity__no_split_is_empty",
        "integrity__rows_are_like_those_of_yesterday",
        "integrity__no_customer_is_in_two_splits",
        "integrity__eval_has_its_share_of_customer",
        "integrity__splits_are_of_one_definition",
        "integrity__no_row_is_in_two_splits",
        "integrity__train_knows_the_product_of_eval",
        "joins__join_with_products_has_fan_out_1",
    }
    db = MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    assert {each.dataset for each in db.measured(result.run_id)} == {"sales", "raw_data.products"}


def test_a_leak_between_splits_stops_what_is_downstream(tmp_path, instance):
    make(tmp_path)
    described = definition(split={"strategy": "column", "column": "part"})
    leaky = dataset_asset(described)
    # The same partitions, promised to be split by customer: which they are not.
    promised = dataset_integrity(definition())

    @dg.asset(deps=[leaky], partitions_def=leaky.partitions_def, backfill_policy=dg.BackfillPolicy.single_run())
    def trained() -> None: ...

    defs = location(tmp_path, leaky, suite_checks(promised, leaky), trained)
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, raise_on_error=False, tags=span("2026-01-02|train", "2026-01-02|eval")
    )

    assert not result.success
    assert not result.asset_materializations_for_node("trained")
    failed = {e.check_name for e in result.get_asset_check_evaluations() if not e.passed}
    assert "integrity__no_customer_is_in_two_splits" in failed
