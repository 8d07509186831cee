"""What dqx leans on in Dagster, pinned: where one of these fails after an upgrade, the module it names wants a look."""

import inspect
import warnings

import dagster as dg
import pytest

from dqx_dagster import MetricStore
from dqx_dagster.dagster_internals import (
    TargetMaterialization,
    code_pointers,
    environment_file,
    known_previews,
    latest_materialization,
    listen,
    repositories,
    resource_class,
)
from tests.dagster.scenario import PARTITIONS, key, span


def test_partitions_of_a_check_spec_are_still_a_preview():
    with pytest.warns(dg.PreviewWarning):
        dg.AssetCheckSpec("c", asset="a", partitions_def=PARTITIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with known_previews():
            dg.AssetCheckSpec("c", asset="a", partitions_def=PARTITIONS)


def test_a_check_result_still_cannot_name_its_partition():
    # suites.py yields AssetCheckEvaluation for this reason alone.
    assert "partition" not in inspect.signature(dg.AssetCheckResult).parameters
    assert "partition" in inspect.signature(dg.AssetCheckEvaluation).parameters


@pytest.fixture
def ranged():
    """A partitioned check that uses AssetCheckResult, run over a range."""

    @dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run())
    def a():
        return dg.MaterializeResult()

    @dg.asset_check(asset=a, partitions_def=PARTITIONS)
    def plain():
        return dg.AssetCheckResult(passed=True)

    job = dg.Definitions(assets=[a], asset_checks=[plain]).resolve_implicit_global_asset_job_def()
    return job, a, plain


def test_a_check_result_of_a_range_run_still_loses_its_partition(ranged, instance):
    job, _, _ = ranged
    result = job.execute_in_process(instance=instance, tags=span(key(1, "train"), key(2, "eval")))

    assert [e.partition for e in result.get_asset_check_evaluations()] == [None]


def test_a_result_still_has_one_data_version_for_all_partitions_of_a_range(instance):
    # datasets.py gives a range the version of all its partitions for this reason. A materialization of each that is
    # logged with its own version stands beside Dagster's, which then counts two.
    @dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run())
    def logged(context):
        yield dg.MaterializeResult(data_version=dg.DataVersion("all"))
        for partition in context.partition_keys:
            tags = {"dagster/data_version": str(partition)}
            context.log_event(dg.AssetMaterialization("logged", partition=str(partition), tags=tags))

    job = dg.Definitions(assets=[logged]).resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, tags=span(key(1, "train"), key(1, "eval")))
    of_one = dg.AssetRecordsFilter(asset_key=logged.key, asset_partitions=[key(1, "train")])
    found = instance.fetch_materializations(of_one, limit=5).records

    assert not {"partition", "partition_key"} & {*inspect.signature(dg.MaterializeResult).parameters}
    assert [r.asset_materialization.tags["dagster/data_version"] for r in found] == [key(1, "train"), "all"]


def test_a_job_of_checks_alone_still_needs_the_partition_as_a_tag(ranged, instance):
    job, a, plain = ranged
    only_checks = dg.define_asset_job("only", selection=dg.AssetSelection.checks(plain))
    resolved = dg.Definitions(assets=[a], asset_checks=[plain], jobs=[only_checks]).resolve_job_def("only")

    assert resolved.partitions_def is None
    job.execute_in_process(instance=instance, partition_key=key(1, "train"))
    tagged = resolved.execute_in_process(instance=instance, tags={"dagster/partition": key(1, "train")})
    assert [e.partition for e in tagged.get_asset_check_evaluations()] == [key(1, "train")]


def blocking_check(severity):
    """A job whose one blocking check fails with a severity."""

    @dg.asset
    def a():
        return dg.MaterializeResult()

    @dg.multi_asset_check(specs=[dg.AssetCheckSpec("c", asset="a", blocking=True)], name="cs")
    def cs():
        yield dg.Output(None, output_name="a_c")
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("a"), check_name="c", passed=False, severity=severity, blocking=True, metadata={}
        )

    return dg.Definitions(assets=[a], asset_checks=[cs]).resolve_implicit_global_asset_job_def()


@pytest.mark.parametrize(
    ("severity", "succeeds"), [(dg.AssetCheckSeverity.ERROR, False), (dg.AssetCheckSeverity.WARN, True)]
)
def test_a_failed_blocking_check_still_fails_its_step_only_when_it_is_an_error(instance, severity, succeeds):
    result = blocking_check(severity).execute_in_process(instance=instance, raise_on_error=False)

    assert result.success is succeeds


def test_the_newest_materialization_of_a_partition_is_found_by_its_key(ranged, instance):
    job, a, _ = ranged
    first = job.execute_in_process(instance=instance, partition_key=key(1, "train"))
    job.execute_in_process(instance=instance, partition_key=key(2, "train"))

    found = latest_materialization(instance, a.key, key(1, "train"))
    assert isinstance(found, TargetMaterialization)
    assert found.run_id == first.run_id
    assert latest_materialization(instance, a.key, key(3, "train")) is None


def test_a_reversed_range_of_splits_is_still_silently_empty():
    # schedules.py and the demo name the first and the last split in their own order.
    reversed_range = dg.PartitionKeyRange(key(1, "eval"), key(2, "train"))
    assert list(PARTITIONS.get_partition_keys_in_range(reversed_range)) == []


def test_names_that_differ_in_punctuation_alone_are_still_one_output():
    # check_specs.py refuses such pairs itself.
    dotted, underscored = dg.AssetCheckSpec("a.b", asset="x"), dg.AssetCheckSpec("a_b", asset="x")
    assert dotted.get_python_identifier() == underscored.get_python_identifier()


# What `dqx ci` leans on; tests/dagster/cli/ci/test_location.py has every way to name a code location.


def test_a_code_location_is_found_and_imported_as_by_dagster_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pinned_location.py").write_text("import dagster as dg\n\n@dg.asset\ndef a(): ...\n")
    nothing = {"workspace": [], "module_name": [], "package_name": [], "working_directory": None, "attribute": None}

    [pointer] = code_pointers(python_file=["pinned_location.py"], **nothing)
    [repository] = repositories(pointer)

    assert (pointer.name, pointer.target) == ("pinned_location.py", "pinned_location.py")
    assert repository.asset_graph.get_all_asset_keys() == {dg.AssetKey("a")}


def test_an_env_file_is_read_as_by_dagster_itself(tmp_path):
    assert environment_file(str(tmp_path)) == {}
    (tmp_path / ".env").write_text("A=1\nB='two words'\n")
    assert environment_file(str(tmp_path)) == {"A": "1", "B": "two words"}


def test_a_resource_definition_says_of_which_class_it_is():
    @dg.resource
    def plain():
        return 1

    defs = dg.Definitions(resources={"store": MetricStore(url="sqlite://"), "plain": plain})
    found = defs.get_repository_def().get_top_level_resources()
    assert (resource_class(found["store"]), resource_class(found["plain"])) == (MetricStore, None)


def test_events_of_a_run_are_told_as_they_happen(ranged, instance):
    job, _, _ = ranged
    seen, run_id = [], "1e3f8c62-5d0a-4b7e-9c1f-2a6b8d4e7f90"
    listen(instance, run_id, lambda entry: seen.append(entry.dagster_event and entry.dagster_event.event_type))
    job.execute_in_process(instance=instance, run_id=run_id, tags=span(key(1, "train"), key(2, "eval")))

    told = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    kept = [entry.dagster_event and entry.dagster_event.event_type for entry in instance.all_logs(run_id)]
    assert [kind for kind in seen if kind in told] == [kind for kind in kept if kind in told]
    assert told <= set(seen)
