"""A suite as asset checks, in every way of launching, on a real Dagster instance."""

import datetime as dt

import dagster as dg
import pytest

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, Suite, check, metrics_by_execution_id
from dqx_core.errors import DefinitionError
from dqx_core.profiles import SeasonalProfile, assertion
from dqx_core.profiles import check as checks_of
from dqx_dagster import DqxTranslator, MetricStore, suite_checks
from tests.dagster.scenario import (
    GATED,
    HAS_ROWS,
    HAS_VALUES,
    MOVES,
    SUITE,
    definitions,
    feed,
    key,
    source,
    span,
    table,
)


def verdicts(result):
    return {(e.check_name, e.partition): e.passed for e in result.get_asset_check_evaluations()}


def stored(instance, name):
    """What Dagster keeps of a check: partition → status of its newest row."""
    history = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(feed.key, name), limit=100)
    return {record.partition: record.status.value for record in reversed(history)}


def launch(defs, instance, *, checks=None, **how):
    job = defs.resolve_implicit_global_asset_job_def()
    if checks is not None:
        job = job.get_subset(
            asset_selection=set(), asset_check_selection={dg.AssetCheckKey(feed.key, name) for name in checks}
        )
    return job.execute_in_process(instance=instance, raise_on_error=False, **how)


def test_a_single_partition_is_judged_under_its_own_key(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, partition_key=key(2, "train"))

    assert result.success
    assert verdicts(result) == {
        (HAS_ROWS, key(2, "train")): True,
        (MOVES, key(2, "train")): True,
        (HAS_VALUES, key(2, "train")): True,
    }
    assert stored(instance, HAS_ROWS) == {key(2, "train"): "SUCCEEDED"}


def test_each_partition_of_a_range_is_judged_under_its_own_key(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, tags=span(key(4, "train"), key(6, "eval")))

    found = verdicts(result)
    assert {partition for _, partition in found} == {key(d, s) for d in (4, 5, 6) for s in ("train", "eval")}
    assert [at for at, passed in found.items() if not passed] == [(MOVES, key(5, "train"))]
    assert stored(instance, MOVES)[key(5, "train")] == "FAILED"
    assert stored(instance, MOVES)[key(5, "eval")] == "SUCCEEDED"


def test_a_profile_of_the_suite_adjusts_the_verdicts_of_its_days_and_of_no_others(tmp_path, instance):
    day = dt.date(2026, 1, 5)
    quiet = SeasonalProfile(
        "Sale",
        (assertion("Rows move < 100 % a day").disable(), checks_of("Gate").set(severity="P3")),
        start_date=day,
        end_date=day,
    )
    suite = Suite("Feed suite", (*SUITE.checks, *GATED.checks), (quiet,))
    result = launch(definitions(tmp_path, suite), instance, tags=span(key(4, "train"), key(6, "train")))

    found = verdicts(result)
    assert {partition for name, partition in found if name == MOVES} == {key(4, "train"), key(6, "train")}
    assert result.success  # the gate of the crowded day is P3 on it, and P0 stops the run
    crowded = [e for e in result.get_asset_check_evaluations() if not e.passed]
    assert [(e.check_name, e.partition, e.severity) for e in crowded] == [
        ("gate__not_crowded", key(5, "train"), dg.AssetCheckSeverity.WARN)
    ]


def test_a_check_without_history_is_skipped_and_yields_nothing(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, partition_key=key(1, "train"))

    assert (MOVES, key(1, "train")) not in verdicts(result)
    assert stored(instance, MOVES) == {key(1, "train"): "PLANNED"}


def test_a_number_that_cannot_be_computed_fails_the_check_with_its_reason(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, partition_key=key(9, "eval"))

    [broken] = [e for e in result.get_asset_check_evaluations() if e.check_name == HAS_VALUES]
    assert result.success
    assert not broken.passed
    assert broken.severity is dg.AssetCheckSeverity.WARN
    assert broken.description == "average(value) on 2026-01-09: no non-null values"


def test_checks_run_alone_for_a_partition_named_by_tag(tmp_path, instance):
    defs = definitions(tmp_path)
    first = launch(defs, instance, partition_key=key(3, "eval"))
    again = launch(defs, instance, checks=[HAS_ROWS], partition_key=key(3, "eval"))

    [evaluation] = again.get_asset_check_evaluations()
    assert (evaluation.check_name, evaluation.partition, evaluation.passed) == (HAS_ROWS, key(3, "eval"), True)
    assert evaluation.target_materialization_data.run_id == first.run_id


def test_a_run_without_a_partition_says_what_to_do(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, checks=[HAS_ROWS])

    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert not result.success
    assert "names none" in failure.step_failure_data.user_failure_data.description
    assert "dagster/partition" in failure.step_failure_data.user_failure_data.description


def test_the_run_id_is_the_execution_id_of_todays_and_yesterdays_numbers(tmp_path, instance):
    defs = definitions(tmp_path)
    first = launch(defs, instance, partition_key=key(2, "train"))
    second = launch(defs, instance, partition_key=key(3, "train"))

    db = MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    for run, days in ((first, {1, 2}), (second, {2, 3})):
        numbers = metrics_by_execution_id(db, run.run_id)
        assert {info.yyyy_mm_dd.day for info in numbers if info.metric == "num_rows()"} == days
        assert {info.tags["__execution_id"] for info in numbers} == {run.run_id}
        assert {info.tags["split"] for info in numbers} == {"train"}


def test_a_check_result_shows_its_numbers_and_yesterdays(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, partition_key=key(5, "train"))

    [moved] = [e for e in result.get_asset_check_evaluations() if e.check_name == MOVES]
    assert moved.metadata["value"].value == 9.0
    assert moved.metadata["lag_1d"].value == 4.0
    assert moved.metadata["bound"].value == "< 1.0"
    assert moved.metadata["dqx/execution_id"].value == result.run_id
    assert moved.description == "day_over_day(num_rows()) = 9, is not < 1"


def test_a_blocking_failure_stops_the_consumer_in_the_same_run(tmp_path, instance):
    good = launch(definitions(tmp_path, GATED), instance, partition_key=key(4, "train"))
    bad = launch(definitions(tmp_path, GATED), instance, partition_key=key(5, "train"))

    assert good.success
    assert good.asset_materializations_for_node("consumer")
    assert not bad.success
    assert [e.passed for e in bad.get_asset_check_evaluations()] == [False]
    assert not [e for e in bad.all_events if e.is_successful_output and e.step_key == "consumer"]


def test_a_broken_suite_fails_when_the_code_location_loads_and_says_what_is_wrong():
    @check(name="Prices", datasets=["feed"])
    def prices(mp: MetricProvider, ctx: Context) -> None:
        ctx.assert_that(mp.average("value")).where(name="In bounds").is_between(2, 1)

    with pytest.raises(DefinitionError, match=r"'In bounds': .*the lower limit is above the upper. Swap them"):
        suite_checks(Suite("Broken", (prices,)), feed, source=source, engine=None)


def test_two_assertions_that_get_one_name_fail_when_the_code_location_loads():
    @check(name="Twins", datasets=["feed"])
    def twins(mp: MetricProvider, ctx: Context) -> None:
        ctx.assert_that(mp.num_rows()).where(name="Rows!").is_positive()
        ctx.assert_that(mp.num_rows()).where(name="Rows?").is_positive()

    with pytest.raises(DefinitionError, match=r"'Twins › Rows\?' and 'Twins › Rows!' are both called 'twins__rows'"):
        suite_checks(Suite("Twin suite", (twins,)), feed, source=source, engine=None)


def test_two_suites_whose_checks_have_one_name_fail_when_the_code_location_loads(tmp_path):
    twin = Suite("Another", SUITE.checks)

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Duplicate asset check key"):
        definitions(tmp_path, SUITE, twin).resolve_asset_graph()


@pytest.mark.parametrize(
    ("severity", "shown", "blocks"),
    [("P0", "ERROR", True), ("P1", "ERROR", False), ("P2", "WARN", False), ("P3", "WARN", False)],
)
def test_p0_is_an_error_and_blocks_p1_is_an_error_and_the_others_warn(tmp_path, instance, severity, shown, blocks):
    @check(name="Rows", datasets=["feed"])
    def rows(mp: MetricProvider, ctx: Context) -> None:
        ctx.assert_that(mp.num_rows()).where(name="None", severity=severity).is_zero()

    result = launch(definitions(tmp_path, Suite("Rows", (rows,))), instance, partition_key=key(2, "train"))

    [failed] = result.get_asset_check_evaluations()
    assert (failed.passed, failed.severity.value, failed.blocking) == (False, shown, blocks)
    assert result.success is not blocks
    assert bool(result.asset_materializations_for_node("consumer")) is not blocks


def test_a_translator_decides_what_severities_are_in_results_too(tmp_path, instance):
    class Lenient(DqxTranslator):
        def severity(self, severity):
            return dg.AssetCheckSeverity.ERROR if severity == "P2" else dg.AssetCheckSeverity.WARN

        def blocking(self, severity):
            return severity == "P2"

    defs = dg.Definitions(
        assets=[feed],
        asset_checks=[
            suite_checks(suite, feed, source=source, engine=None, translator=Lenient()) for suite in (SUITE, GATED)
        ],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    lenient = launch(defs, instance, partition_key=key(5, "train"))
    strict = launch(defs, instance, partition_key=key(9, "eval"))

    assert {e.severity.value for e in lenient.get_asset_check_evaluations() if not e.passed} == {"WARN"}
    assert lenient.success  # its P0 failed, and warns
    [hollow] = [e for e in strict.get_asset_check_evaluations() if not e.passed]
    assert (hollow.check_name, hollow.severity.value, hollow.blocking) == (HAS_VALUES, "ERROR", True)
    assert not strict.success


def test_every_number_of_an_earlier_day_is_a_number_of_its_own(tmp_path, instance):
    @check(name="Lags", datasets=["feed"])
    def lags(mp: MetricProvider, ctx: Context) -> None:
        value = mp.average("value")
        ctx.assert_that(value - mp.average("value", lag=1) - mp.average("value", lag=7)).where(name="One").is_zero()
        rows = mp.num_rows() - mp.num_rows(lag=1)
        ctx.assert_that(rows * (value - mp.average("value", lag=1))).where(name="Two").is_zero()

    result = launch(definitions(tmp_path, Suite("Lags", (lags,))), instance, partition_key=key(9, "train"))

    found = {e.check_name: e.metadata for e in result.get_asset_check_evaluations()}
    numbers = {name: {k: v.value for k, v in shown.items() if "lag_" in k} for name, shown in found.items()}
    assert numbers == {
        "lags__one": {"lag_1d": 8.0, "lag_7d": 2.0},
        "lags__two": {"average(value) lag_1d": 8.0, "num_rows() lag_1d": 4.0},
    }
    assert all(isinstance(found[name][k], dg.FloatMetadataValue) for name in numbers for k in numbers[name])
    days = {record.data["date"] for record in found["lags__one"]["numbers"].records}
    assert days == {"2026-01-02", "2026-01-08", "2026-01-09"}


def test_in_a_range_each_day_is_judged_after_the_one_before_with_its_number_of_the_same_run(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, tags=span(key(4, "train"), key(7, "eval")))

    moved = [e for e in result.get_asset_check_evaluations() if e.check_name == MOVES and e.partition.endswith("train")]
    assert [e.partition for e in moved] == [key(day, "train") for day in (4, 5, 6, 7)]
    assert [e.metadata["lag_1d"].value for e in moved] == [4.0, 4.0, 40.0, 4.0]
    carried = {record.data["carried from run"] for e in moved for record in e.metadata["numbers"].records}
    assert carried == {""}


def test_metrics_asset_and_checks_of_one_run_measure_once(tmp_path, instance):
    result = launch(definitions(tmp_path, metrics=True), instance, tags=span(key(1, "train"), key(14, "eval")))

    db = MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    numbers = db.measured(result.run_id)
    assert result.success
    assert len({(m.spec, m.key, m.dataset) for m in numbers}) == len(numbers)
    assert {m.key.yyyy_mm_dd.day for m in numbers} == set(range(1, 15))


def test_switching_partitioned_checks_off_gives_one_history(tmp_path, instance):
    defs = dg.Definitions(
        assets=[feed],
        asset_checks=[suite_checks(SUITE, feed, source=source, engine=None, partitioned_checks=False)],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
    )
    result = launch(defs, instance, partition_key=key(2, "train"))

    assert result.success
    assert {e.partition for e in result.get_asset_check_evaluations()} == {None}


def test_a_result_that_did_not_pass_shows_the_sql_of_its_numbers_and_no_other(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, partition_key=key(5, "train"))

    shown = {e.check_name: e.metadata["sql"].value for e in result.get_asset_check_evaluations() if "sql" in e.metadata}
    assert set(shown) == {MOVES}
    assert "COUNT(*)" in shown[MOVES]
    assert '"value"' not in shown[MOVES]
    # Today and yesterday: the days are literals.
    assert "CAST('2026-01-04' AS DATE)" in shown[MOVES]
    assert "CAST('2026-01-06' AS DATE)" in shown[MOVES]


def test_every_result_shows_its_sql_when_all_is_asked_for(tmp_path, instance):
    defs = dg.Definitions(
        assets=[feed],
        asset_checks=[suite_checks(SUITE, feed, source=source, engine=None, sql="all")],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
    )
    result = launch(defs, instance, partition_key=key(2, "train"))

    assert all("sql" in e.metadata for e in result.get_asset_check_evaluations())


def test_a_number_that_was_carried_forward_says_from_which_run(tmp_path, instance):
    def versioned(_resources):
        dimensions = {"split": "split"}
        return DuckRelationDataSource.from_arrow(
            table(), "feed", date_column="date", dimensions=dimensions, data_version=lambda date, tags: f"{date} {tags}"
        )

    defs = dg.Definitions(
        assets=[feed],
        asset_checks=[suite_checks(SUITE, feed, source=versioned, engine=None, sql="all")],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
    )
    first = launch(defs, instance, partition_key=key(2, "train"))
    second = launch(defs, instance, partition_key=key(3, "train"))

    found = {e.check_name: e.metadata for e in second.get_asset_check_evaluations()}
    rows = {record.data["date"]: record.data["carried from run"] for record in found[MOVES]["numbers"].records}
    assert found[MOVES]["dqx/carried_from"].value == first.run_id
    assert rows["2026-01-02"] == first.run_id
    assert "dqx/carried_from" not in found[HAS_ROWS]
    assert "2026-01-02" not in found[MOVES]["sql"].value


def test_a_result_is_linked_to_the_materialization_it_judged(tmp_path, instance):
    result = launch(definitions(tmp_path), instance, partition_key=key(2, "train"))

    ranged = launch(definitions(tmp_path), instance, tags=span(key(3, "train"), key(4, "eval")))

    for evaluation in (*result.get_asset_check_evaluations(), *ranged.get_asset_check_evaluations()):
        judged = evaluation.target_materialization_data
        of_partition = dg.AssetRecordsFilter(asset_key=feed.key, asset_partitions=[evaluation.partition])
        [made] = instance.fetch_materializations(of_partition, limit=5).records
        assert (judged.run_id, judged.storage_id) == (made.event_log_entry.run_id, made.storage_id)
