"""What a check says is said once: status and severity of several verdicts, and the same to everybody who reads them."""

import contextlib
import datetime as dt

import dagster as dg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Success

from dqx_core import DuckRelationDataSource, Suite, check
from dqx_core.report import AssertionResult, Severity, Status
from dqx_core.store import MetricDB
from dqx_dagster import DqxTranslator, MetricStore, suite_checks
from dqx_dagster.check_results import evaluation_of
from dqx_dagster.outcomes import Outcome, outcome_in, outcome_of
from dqx_dagster.sensors import failed_checks_of

DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
WORST_FIRST = ["ERROR", "FAILED", "SKIPPED", "PASSED"]
RANGE = {"dagster/asset_partition_range_start": "2024-01-01", "dagster/asset_partition_range_end": "2024-01-03"}


def verdict(status, severity, number=0):
    return AssertionResult(
        "s", "c", f"a{number}", dt.date(2024, 1, 1), {}, severity, status, Success(1), "> 0", "x", (), f"m{number}"
    )


VERDICTS = st.lists(st.builds(verdict, st.sampled_from(Status), st.sampled_from(Severity)), min_size=1, max_size=5)


@given(VERDICTS)
def test_the_status_is_the_worst_and_the_severity_that_of_the_worst_that_is_not_passed(results):
    found = outcome_of(results)
    assert found.status == min((r.status for r in results), key=WORST_FIRST.index)
    assert found.severity == min(r.severity for r in results if r.status == "PASSED" or found.status != "PASSED"
                                 if r.status != "PASSED" or found.status == "PASSED")  # fmt: skip


@given(VERDICTS)
def test_an_evaluation_is_read_back_as_what_was_said(results):
    spec = dg.AssetCheckSpec("c", asset="x", blocking=True)
    told = evaluation_of(results, spec, None, None, "run", DqxTranslator())
    assert outcome_in(told) == outcome_of(results)
    assert told.passed is (outcome_of(results).status in ("PASSED", "SKIPPED"))
    for result in results:
        assert result.status == "PASSED" or result.message in told.description


@pytest.mark.parametrize(
    ("severity", "blocking", "said"),
    [(dg.AssetCheckSeverity.ERROR, True, "P0"), (dg.AssetCheckSeverity.ERROR, False, "P1"),
     (dg.AssetCheckSeverity.WARN, True, "P2"), (dg.AssetCheckSeverity.WARN, False, "P2")],
)  # fmt: skip
def test_a_check_that_is_not_ours_has_one_severity_for_the_sensor_and_for_whoever_else_reads_it(
    instance, severity, blocking, said
):
    @dg.asset
    def orders(): ...

    @dg.asset_check(asset=orders, blocking=blocking)
    def plain():
        return dg.AssetCheckResult(passed=False, severity=severity)

    result = dg.materialize([orders, plain], instance=instance, raise_on_error=False)
    [evaluation] = result.get_asset_check_evaluations()
    assert outcome_in(evaluation) == Outcome(Status.FAILED, Severity(said))
    run = instance.get_run_by_id(result.run_id)
    assert [c.severity for c in failed_checks_of(instance, run, Severity.P3).checks] == [said]


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def orders() -> None: ...


@check(name="C", datasets=["orders"])
def nulls(mp, ctx):
    ctx.assert_that(mp.null_count("email")).where(name="nulls", severity="P1").is_zero()


@check(name="K", datasets=["orders"])
def crowd(mp, ctx):
    ctx.assert_that(mp.num_rows()).where(name="there are rows", severity="P3").is_positive()
    ctx.assert_that(mp.ext.week_over_week(mp.num_rows())).where(name="as a week ago", severity="P0").is_lt(0.5)


def source(_resources):
    days = [dt.date(2024, 1, number) for number in (1, 2, 3)]
    table = pa.table({"yyyy_mm_dd": days, "email": [None, None, "a"]})
    return DuckRelationDataSource.from_arrow(table, "orders")


def launched(instance, tmp_path, checks, selection=None, **how):
    return dg.materialize(
        [orders, checks], instance=instance, selection=selection, raise_on_error=False,
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'm.db'}")}, **how,
    )  # fmt: skip


def test_a_skipped_p0_makes_its_check_no_pass_of_a_lower_severity(instance, tmp_path):
    checks = suite_checks(Suite("S", [crowd]), orders, source=source, engine=None, granularity="check")
    [told] = launched(instance, tmp_path, checks, partition_key="2024-01-03").get_asset_check_evaluations()
    assert outcome_in(told) == Outcome(Status.SKIPPED, Severity.P0)
    assert told.description.startswith("P0 'as a week ago' was skipped")


@pytest.mark.parametrize("alone", [False, True])
def test_checks_of_the_whole_asset_fail_for_a_range_in_which_any_window_fails(instance, tmp_path, alone):
    checks = suite_checks(Suite("S", [nulls]), orders, source=source, engine=None, partitioned_checks=False)
    selection = dg.AssetSelection.checks(*(spec.key for spec in checks.check_specs)) if alone else None
    [told] = launched(instance, tmp_path, checks, selection, tags=RANGE).get_asset_check_evaluations()
    assert outcome_in(told) == Outcome(Status.FAILED, Severity.P1)
    rows = [(r.data["window"], r.data["status"]) for r in told.metadata["assertions"].records]
    assert rows == [("2024-01-01", "FAILED"), ("2024-01-02", "FAILED"), ("2024-01-03", "PASSED")]


def test_the_store_keeps_what_dagster_got_of_a_run_that_was_stopped(instance, tmp_path):
    @check(name="N", datasets=["orders"])
    def many(mp, ctx):
        for number in range(5):
            ctx.assert_that(mp.num_rows()).where(name=f"n{number}", severity="P0").is_positive()

    class Stopped(DqxTranslator):
        """Stops the process as it tells the third verdict."""

        armed, told = False, 0

        def severity(self, severity):
            type(self).told += self.armed
            if self.told == 3:
                raise KeyboardInterrupt
            return super().severity(severity)

    checks = suite_checks(Suite("S", [many]), orders, source=source, engine=None, translator=Stopped())
    Stopped.armed = True
    with contextlib.suppress(KeyboardInterrupt):
        launched(instance, tmp_path, checks, partition_key="2024-01-01")
    [run] = instance.get_runs()
    logged = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    db = MetricDB(f"sqlite:///{tmp_path / 'm.db'}")
    kept = db.results(run.run_id)
    assert [r.assertion for r in kept] == ["n0", "n1"]
    assert len(logged) == len(kept)
    assert {r.asset for r in kept} == {"orders"}
    db.close()


def names(*written):
    @check(name="C", datasets=["orders"])
    def made(mp, ctx):
        for name in written:
            ctx.assert_that(mp.num_rows()).where(name=name).is_positive()

    checks = suite_checks(Suite("S", [made]), orders, source=source, engine=None)
    return {spec.description.split(":")[0].split(" › ")[1]: spec.name for spec in checks.check_specs}


def test_names_in_any_script_are_stable_legible_and_their_own():
    assert names("价格为正", "数量为正", "Цена P0", "Prix élevé", "가격") == {
        "价格为正": "c__jia_ge_wei_zheng",
        "数量为正": "c__shu_liang_wei_zheng",
        "Цена P0": "c__tsena_p0",
        "Prix élevé": "c__prix_eleve",
        "가격": "c__ga_gyeog",
    }
    # The same in Latin letters: both keep apart by what was written, in any order and beside anything.
    both = names("价格", "價格", "Jia ge")
    assert both["Jia ge"] == "c__jia_ge"
    assert len(set(both.values())) == 3
    assert names("價格", "价格", "rows").items() > {k: v for k, v in both.items() if k != "Jia ge"}.items()
