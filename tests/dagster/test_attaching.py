"""What suites are attached to: several assets, assets that are not ours, one check for many assertions."""

import re

import dagster as dg
import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core import Context, DuckRelationDataSource, MetricProvider, Suite, check
from dqx_core.errors import DefinitionError
from dqx_dagster import DqxTranslator, DuckDBEngine, MetricStore, suite_checks
from tests.dagster.scenario import PARTITIONS, SUITE, feed, key, source, table


@dg.asset(partitions_def=PARTITIONS)
def copy() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult()


def copied(_resources):
    return DuckRelationDataSource.from_arrow(table(), "copy", date_column="date", dimensions={"split": "split"})


@check(name="Both", datasets=["feed", "copy"])
def both(mp: MetricProvider, ctx: Context) -> None:
    ours, theirs = mp.num_rows(dataset="feed"), mp.num_rows(dataset="copy")
    ctx.assert_that(ours).where(name="Feed has rows").is_positive()
    ctx.assert_that(theirs).where(name="Copy has rows").is_positive()
    ctx.assert_that(theirs - ours).where(name="Copy has all of feed").is_zero()


BOTH = Suite("Both", (both,))


def location(folder, checks, *assets):
    return dg.Definitions(
        assets=list(assets),
        asset_checks=[checks],
        resources={"store": MetricStore(url=f"sqlite:///{folder / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )


def test_a_suite_over_several_assets_attaches_each_assertion_to_the_one_it_speaks_of_first(tmp_path, instance):
    checks = suite_checks(BOTH, [feed, copy], source={"feed": source, "copy": copied}, engine=None)
    specs = {spec.name: spec for spec in checks.check_specs}

    assert {name: spec.asset_key.to_user_string() for name, spec in specs.items()} == {
        "both__feed_has_rows": "feed",
        "both__copy_has_rows": "copy",
        # The check named feed's rows before those of the copy.
        "both__copy_has_all_of_feed": "feed",
    }
    assert [dep.asset_key for dep in specs["both__copy_has_all_of_feed"].additional_deps] == [copy.key]

    job = location(tmp_path, checks, feed, copy).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, partition_key=key(2, "train"))
    found = {(e.asset_key.to_user_string(), e.check_name): e.passed for e in result.get_asset_check_evaluations()}
    assert set(found.values()) == {True}
    assert {asset for asset, _ in found} == {"feed", "copy"}


def test_a_suite_over_several_assets_says_what_it_lacks():
    @dg.asset
    def whole() -> None: ...

    with pytest.raises(DefinitionError, match="assets with different partitions"):
        suite_checks(BOTH, [feed, whole], source=source, engine=None)
    with pytest.raises(DefinitionError, match="speaks of dataset 'copy', which none of its assets is"):
        suite_checks(BOTH, feed, source=source, engine=None)


def test_one_asset_check_for_all_the_assertions_of_a_check(tmp_path, instance):
    checks = suite_checks(SUITE, feed, source=source, engine=None, granularity="check")
    job = location(tmp_path, checks, feed).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, partition_key=key(5, "train"))

    [evaluation] = result.get_asset_check_evaluations()
    verdicts = {r.data["assertion"]: r.data["status"] for r in evaluation.metadata["assertions"].records}
    assert evaluation.check_name == "feed"
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert verdicts == {"Has rows": "PASSED", "Rows move < 100 % a day": "FAILED", "Has values": "PASSED"}
    assert evaluation.metadata["Rows move < 100 % a day"].value == 9.0
    # The P0 of the check passed: what failed is a P1, which stops nothing.
    assert checks.get_spec_for_check_key(evaluation.asset_check_key).blocking
    assert result.success


def test_a_table_in_duckdb_that_dbt_makes_is_checked_through_the_engine_with_settings_of_the_environment(
    tmp_path, instance, monkeypatch
):
    with duckdb.connect(str(tmp_path / "dbt.duckdb")) as made:
        made.execute("CREATE TABLE feed AS SELECT DATE '2026-01-02' AS date, 'train' AS split, 1.0 AS value")
    monkeypatch.setenv("DQX_TEST_DATABASE", str(tmp_path / "dbt.duckdb"))
    monkeypatch.setenv("DQX_TEST_STORE", f"sqlite:///{tmp_path / 'metrics.db'}")
    model = dg.AssetSpec(["dbt", "feed"], partitions_def=PARTITIONS)

    def rows(resources):
        dimensions = {"split": "split"}
        return DuckRelationDataSource.from_table(
            resources.engine.connect(), "feed", date_column="date", dimensions=dimensions
        )

    defs = dg.Definitions(
        assets=[model],
        asset_checks=[suite_checks(SUITE, model, source=rows)],
        resources={
            "engine": DuckDBEngine(database=dg.EnvVar("DQX_TEST_DATABASE"), datasets=str(tmp_path)),
            "store": MetricStore(url=dg.EnvVar("DQX_TEST_STORE")),
        },
        executor=dg.in_process_executor,
    )
    job = defs.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, tags={"dagster/partition": key(2, "train")})

    found = {e.check_name: (e.passed, e.partition) for e in result.get_asset_check_evaluations()}
    assert found["feed__has_rows"] == (True, key(2, "train"))
    assert {e.asset_key for e in result.get_asset_check_evaluations()} == {model.key}


def test_every_field_of_a_resource_is_described():
    from dqx_dagster import BigQueryEngine, DatasetIOManager, MetricsIOManager

    for resource in (DuckDBEngine, BigQueryEngine, MetricStore, DatasetIOManager, MetricsIOManager):
        assert all(field.description for field in resource.model_fields.values()), resource


@given(check=st.text(), assertion=st.text())
def test_any_name_becomes_one_that_dagster_takes_and_stays_it(check, assertion):
    name = DqxTranslator().check_name(check, assertion)

    assert re.fullmatch(r"[a-z0-9_]+", name)
    assert name == DqxTranslator().check_name(check, assertion)
    assert dg.AssetCheckSpec(name, asset="a").name == name
