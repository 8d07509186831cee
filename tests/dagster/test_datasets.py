"""What Dagster is told of a dataset: versions, status, leaks, lineage."""

import datetime as dt

import dagster as dg
import pytest

from dqx_core import MetricDB
from dqx_core.datasets import define, manifest, stored_partitions
from dqx_dagster import dataset_asset, source_assets, suite_checks, suite_metrics_asset
from dqx_dagster.translator import DqxTranslator
from tests.dagster.scenario import span
from tests.dagster.warehouse import TEMPORAL, change, definition, location, make

ONE, OTHER = "2026-01-02|train", "2026-01-02|eval"


@pytest.fixture
def run(tmp_path, instance):
    """Materialize a dataset in the warehouse; the result."""
    make(tmp_path)

    def materialized(described, **how):
        job = location(tmp_path, dataset_asset(described)).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=instance, raise_on_error=False, **how)

    return materialized


def made(result):
    return {m.partition: m for m in result.asset_materializations_for_node("sales")}


def dagster_version(materialization):
    return materialization.tags["dagster/data_version"]


def test_a_partitions_data_version_is_dagsters_and_changes_with_its_rows_alone(run, tmp_path):
    first, again = (made(run(definition(), partition_key=ONE))[ONE] for _ in range(2))
    change(tmp_path, "UPDATE raw_data.sales SET price = price + 1 WHERE CAST(sold AS DATE) = DATE '2026-01-02'")
    changed = made(run(definition(), partition_key=ONE))[ONE]

    assert dagster_version(first) == first.metadata["dqx/data_version"].value == dagster_version(again)
    assert dagster_version(changed) == changed.metadata["dqx/data_version"].value != dagster_version(first)


def test_in_a_range_each_partitions_version_is_in_its_metadata_since_dagster_knows_one_a_step(run):
    alone = made(run(definition(), partition_key=ONE))[ONE]
    both = made(run(definition(), tags=span(ONE, OTHER)))

    versions = {partition: m.metadata["dqx/data_version"].value for partition, m in both.items()}
    assert versions[ONE] == alone.metadata["dqx/data_version"].value != versions[OTHER]
    # Where this fails, Dagster has learned to keep one each: give it them.
    assert len({dagster_version(m) for m in both.values()}) == 1


def test_a_range_made_again_of_other_rows_has_another_version(run, tmp_path):
    first = made(run(definition(), tags=span(ONE, OTHER)))
    again = made(run(definition(), tags=span(ONE, OTHER)))
    change(tmp_path, "DELETE FROM raw_data.sales WHERE CAST(sold AS DATE) = DATE '2026-01-02' AND id % 2 = 0")
    changed = made(run(definition(), tags=span(ONE, OTHER)))

    assert dagster_version(first[ONE]) == dagster_version(again[ONE]) != dagster_version(changed[ONE])


def test_a_materialized_content_becomes_a_version_once_and_partitions_name_it(run, tmp_path):
    def store():
        return MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}").datasets.versions("sales")

    first, again = (made(run(definition(), tags=span(ONE, OTHER))) for _ in range(2))
    once = store()
    split_by_day = definition(split=TEMPORAL)
    changed = made(run(split_by_day, partition_key="2026-01-05|train"))
    one, two = store()

    assert [each.version for each in once] == [1]
    assert {m.metadata["dqx/version"].value for m in (*first.values(), *again.values())} == {1}
    assert [m.metadata["dqx/version"].value for m in changed.values()] == [2]
    assert (one.definition_hash, two.definition_hash) == (definition().definition_hash, split_by_day.definition_hash)
    assert '"raw_data"."sales"' in one.sql
    assert (one.change, two.change.startswith("split")) == ("created", True)


def test_without_a_store_no_version_is_kept(tmp_path, instance):
    make(tmp_path)
    asset = dataset_asset(definition(), store=None)
    result = (
        location(tmp_path, asset)
        .resolve_implicit_global_asset_job_def()
        .execute_in_process(instance=instance, partition_key=ONE)
    )

    assert asset.required_resource_keys == {"engine", "datasets_io_manager"}
    assert "dqx/version" not in made(result)[ONE].metadata
    assert not (tmp_path / "metrics.db").exists()


def test_a_store_that_is_down_leaves_the_old_partition_and_says_why(run, tmp_path):
    run(definition(), partition_key=ONE)
    written = manifest(tmp_path / "datasets", "sales", dt.date(2026, 1, 2), "train").written_at
    (tmp_path / "metrics.db").unlink()
    (tmp_path / "metrics.db").mkdir()
    refused = run(definition(), partition_key=ONE)

    [failure] = [event for event in refused.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data.description
    assert told.startswith("Dataset 'sales' was not materialized. StoreError: Metric store sqlite:///")
    assert manifest(tmp_path / "datasets", "sales", dt.date(2026, 1, 2), "train").written_at == written


def test_the_code_version_is_the_hash_of_the_definition():
    described = definition()

    assert dataset_asset(described).get_asset_spec().code_version == described.definition_hash
    assert described.definition_hash != definition(split=TEMPORAL).definition_hash


def test_an_asset_is_shown_with_the_name_words_engine_and_split_of_its_definition():
    described = definition(description="Sales that were paid")
    spec = dataset_asset(described, kind="bigquery").get_asset_spec()

    assert (spec.key, spec.group_name, spec.description) == (dg.AssetKey("sales"), "datasets", "Sales that were paid")
    assert spec.kinds == {"dqx", "bigquery"}
    assert dataset_asset(described).backfill_policy == dg.BackfillPolicy.single_run()
    assert spec.tags["dqx/split"] == "group"
    assert spec.partitions_def == dataset_asset(definition()).partitions_def


def test_the_source_table_of_a_project_with_a_hyphen_has_a_group(tmp_path):
    described = define(
        {
            "name": "s",
            "source": {"table": "my-shop.raw_data.sales"},
            "partitions": {"start": "2026-01-01", "content": "snapshot"},
        },
        schemas=("raw_data",),
    )
    [table] = source_assets([described])

    assert (table.key, table.group_name) == (dg.AssetKey(["my-shop", "raw_data", "sales"]), "raw_data")
    location(tmp_path, dataset_asset(described)).resolve_asset_graph()


def test_a_draft_is_in_the_lineage_and_cannot_be_materialized_until_it_is_active(run, tmp_path):
    draft = definition(status="draft")
    graph = location(tmp_path, dataset_asset(draft)).resolve_asset_graph()
    refused = run(draft, partition_key=ONE)
    stored = stored_partitions(tmp_path / "datasets", "sales")
    active = run(definition(), partition_key=ONE)

    assert dg.AssetKey(["raw_data", "sales"]) in graph.get(dg.AssetKey("sales")).parent_keys
    [failure] = [event for event in refused.all_events if event.is_step_failure]
    assert "is a draft. Set `status: active`" in failure.step_failure_data.user_failure_data.description
    assert stored == []
    assert active.success


def test_a_filter_that_learns_from_eval_is_told_of_before_there_is_data():
    leaky = definition(
        split=TEMPORAL, filters=[{"kind": "top_products", "percent": 80, "by": "price", "fit_on": "all"}]
    )
    honest = definition(split=TEMPORAL, filters=[{"kind": "top_products", "percent": 80, "by": "price"}])

    told = dataset_asset(leaky).metadata_by_key[dg.AssetKey("sales")]["dqx/leaks"].value
    assert "filters[0] (top_products) is fitted on rows of all parts, eval included" in told
    assert "dqx/leaks" not in dataset_asset(honest).metadata_by_key[dg.AssetKey("sales")]


def test_a_translator_is_the_one_place_to_rename_things():
    class Mine(DqxTranslator):
        def asset_key(self, definition):
            return dg.AssetKey(["mart", definition.name])

        def group_name(self, definition):
            return "mart"

        def owners(self, definition):
            return ["team:shop"]

        def tags(self, definition):
            return {"tier": "gold"}

        def kinds(self, definition, engine):
            return {engine, "shop"}

        def source_key(self, table):
            return dg.AssetKey(["lake", *table.split(".")])

        def metrics_key(self, asset, suite):
            return dg.AssetKey(["numbers", *asset.path])

        def severity(self, severity):
            return dg.AssetCheckSeverity.WARN

        def blocking(self, severity):
            return False

        def check_name(self, check, assertion):
            return super().check_name("dqx", assertion)

    from dqx_core.datasets import dataset_integrity

    asset = dataset_asset(definition(), translator=Mine())
    checks = suite_checks(dataset_integrity(definition()), asset, translator=Mine())

    spec = asset.get_asset_spec()
    assert (spec.key, spec.group_name, list(spec.owners)) == (dg.AssetKey(["mart", "sales"]), "mart", ["team:shop"])
    assert spec.kinds == {"duckdb", "shop"}
    assert spec.tags["tier"] == "gold"
    assert {dep.asset_key for dep in spec.deps} == {
        dg.AssetKey(["lake", "raw_data", "sales"]),
        dg.AssetKey(["lake", "raw_data", "products"]),
    }
    metrics = suite_metrics_asset(dataset_integrity(definition()), asset, translator=Mine())
    assert metrics.key == dg.AssetKey(["numbers", "mart", "sales"])
    assert {check.asset_key for check in checks.check_specs} == {spec.key}
    assert not any(check.blocking for check in checks.check_specs)
    assert "dqx__no_split_is_empty" in {check.name for check in checks.check_specs}
