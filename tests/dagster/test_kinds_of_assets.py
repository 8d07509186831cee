"""What a suite can be attached to: assets of every kind, several in one assertion, with what Dagster says of steps."""

import datetime as dt
from contextlib import closing

import dagster as dg
import pyarrow as pa
import pytest

from dqx_core import Context, DuckRelationDataSource, MetricDB, MetricProvider, Suite, check
from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey
from dqx_core.report import Severity
from dqx_dagster import (
    DuckDBEngine,
    MetricStore,
    dataset_asset,
    require_checks,
    reverify_job,
    suite_checks,
    suite_metrics_asset,
)
from dqx_dagster.gates import Gate
from tests.dagster.warehouse import definition

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-04")


@check(name="Clean", datasets=["clean"])
def clean_check(mp: MetricProvider, ctx: Context) -> None:
    ctx.assert_that(mp.num_rows()).where(name="Has rows", severity="P0").is_positive()


def kept(first: str, second: str):
    @check(name="Kept", datasets=["raw", "clean"])
    def kept_check(mp: MetricProvider, ctx: Context) -> None:
        ratio = mp.num_rows(dataset=first) / mp.num_rows(dataset=second)
        ctx.assert_that(ratio).where(name="Most rows are kept", severity="P0").is_leq(2)

    return Suite("Kept", (kept_check,))


CLEAN = Suite("Clean", (clean_check,))


@dg.multi_asset(
    specs=[dg.AssetSpec("raw", partitions_def=DAYS), dg.AssetSpec("clean", deps=["raw"], partitions_def=DAYS)]
)
def both(): ...


@dg.op
def rows() -> int:
    return 1


@dg.graph_asset(name="clean", partitions_def=DAYS)
def graph():
    return rows()


@dg.observable_source_asset(name="clean", partitions_def=DAYS)
def observed():
    return dg.DataVersionsByPartition({})


KINDS = {
    "multi_asset": both,
    "a spec of a multi_asset": both.get_asset_spec(dg.AssetKey("clean")),
    "graph asset": graph,
    "observable source": observed,
    "external spec": dg.AssetSpec("clean", partitions_def=DAYS),
}
WAYS = {
    "suite_checks": lambda asset, suite=CLEAN: suite_checks(suite, asset).check_specs,
    "suite_metrics_asset": lambda asset, suite=CLEAN: suite_metrics_asset(suite, asset),
    "reverify_job": lambda asset, suite=CLEAN: reverify_job(suite, asset),
    "require_checks": lambda asset, suite=CLEAN: require_checks(suite, asset),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_asset_can_be_judged_measured_and_gated(kind, way):
    made = WAYS[way](KINDS[kind])

    if way == "suite_checks":
        assert [spec.asset_key for spec in made] == [dg.AssetKey("clean")]
        assert [spec.partitions_def for spec in made] == [DAYS]
    if way in ("suite_metrics_asset", "reverify_job"):
        assert made.partitions_def == DAYS


def test_a_source_asset_as_dagster_used_to_write_it_can_be_judged_too():
    with pytest.warns(DeprecationWarning, match="SourceAsset"):
        source = dg.SourceAsset("clean", partitions_def=DAYS)

    assert [spec.partitions_def for spec in suite_checks(CLEAN, source).check_specs] == [DAYS]


@pytest.mark.parametrize("way", WAYS)
def test_a_key_alone_is_refused_with_the_way_out(way):
    with pytest.raises(DefinitionError, match=r"AssetKey\(\['clean'\]\) is not one: .*dg.AssetSpec\(key, partitions"):
        WAYS[way](dg.AssetKey("clean"))


@pytest.mark.parametrize("way", WAYS)
def test_of_several_assets_the_suite_names_its_own_or_is_refused(way):
    @check(name="Clean")
    def unnamed(mp: MetricProvider, ctx: Context) -> None:
        ctx.assert_that(mp.num_rows()).where(name="Has rows", severity="P0").is_positive()

    with pytest.raises(DefinitionError, match=r"makes 2 assets, .* pick it: asset.get_asset_spec"):
        WAYS[way](both, Suite("Unnamed", (unnamed,)))


@pytest.mark.parametrize("way", ["suite_metrics_asset", "require_checks"])
def test_what_takes_one_asset_says_how_to_pick_it(way):
    with pytest.raises(DefinitionError, match="speaks of raw, clean here, and this takes one asset"):
        WAYS[way](both, kept("raw", "clean"))


@dg.asset(partitions_def=DAYS)
def raw() -> None: ...


@dg.asset(deps=[raw], partitions_def=DAYS)
def clean() -> None: ...


@pytest.mark.parametrize("assets", [[raw, clean], [clean, raw]])
@pytest.mark.parametrize("order", [("raw", "clean"), ("clean", "raw")])
def test_a_blocking_assertion_on_two_assets_is_attached_to_the_one_downstream(order, assets):
    checks = suite_checks(kept(*order), assets)

    assert [spec.asset_key for spec in checks.check_specs] == [dg.AssetKey("clean")]
    defs = dg.Definitions(
        assets=[raw, clean],
        asset_checks=[checks],
        resources={"engine": DuckDBEngine(database="w.db", datasets="d"), "store": MetricStore(url="sqlite://")},
    )
    defs.resolve_implicit_global_asset_job_def()  # Dagster refuses circles here


@pytest.mark.parametrize("order", [("raw", "clean"), ("clean", "raw")])
def test_the_gate_asks_for_an_assertion_on_two_assets_where_it_is_attached(order):
    gate = Gate.of(kept(*order), clean, Severity.P0, unjudged="stop", origins=("dagster",), store="store")

    assert [place for place, _ in gate._asked(ResultKey(dt.date(2026, 1, 1)))] == [("Kept", "Most rows are kept")]


def test_steps_take_what_dagster_says_of_them():
    how = {"retry_policy": dg.RetryPolicy(max_retries=2), "pool": "warehouse", "op_tags": {"team": "shop"}}
    eager = dg.AutomationCondition.eager()
    made = [
        dataset_asset(definition(), automation_condition=eager, **how),
        suite_metrics_asset(CLEAN, clean, automation_condition=eager, **how),
        suite_checks(CLEAN, clean, automation_condition=eager, **how),
    ]
    again = reverify_job(CLEAN, clean, **how)

    for op in [*(each.op for each in made), *again.all_node_defs]:
        assert (op.retry_policy, op.pool, op.tags["team"]) == (how["retry_policy"], "warehouse", "shop")
    assert [next(iter(each.specs)).automation_condition for each in made[:2]] == [eager, eager]
    assert [spec.automation_condition for spec in made[2].check_specs] == [eager]
    with pytest.raises(DefinitionError, match="Give automation_condition to suite_checks"):
        reverify_job(CLEAN, clean, automation_condition=eager)


def both_stages(*, blocks: str, bad: bool = False):
    """A suite on raw, on clean, and on both; one of these blocks."""

    def severity(name):
        return "P0" if name == blocks else "P1"

    @check(name="Raw", datasets=["raw"])
    def raw_check(mp: MetricProvider, ctx: Context) -> None:
        wanted = ctx.assert_that(mp.num_rows()).where(name="Has rows", severity=severity("raw"))
        wanted.is_zero() if bad else wanted.is_positive()

    @check(name="Clean", datasets=["clean"])
    def clean_check(mp: MetricProvider, ctx: Context) -> None:
        ctx.assert_that(mp.num_rows()).where(name="Has rows", severity=severity("clean")).is_positive()

    return Suite("Stages", (raw_check, clean_check, *kept("raw", "clean").checks))


@pytest.fixture
def stages(tmp_path, instance):
    """Runs raw → between → clean, whose rows can be read once they are made, with checks of one suite on both ends."""
    there = set()

    def rows_of(name):
        def rows(_resources):
            if name not in there:
                raise DefinitionError(f"{name} is not there yet")
            table = pa.table({"date": [dt.date(2026, 1, 1)]})
            return DuckRelationDataSource.from_arrow(table, name, date_column="date")

        return rows

    def made(name, *deps):
        @dg.asset(name=name, deps=deps, partitions_def=DAYS)
        def table() -> None:
            there.add(name)

        return table

    def run(suite, selection=("raw", "between", "clean"), order=("raw", "between", "clean")):
        assets = {"raw": made("raw"), "between": made("between", "raw"), "clean": made("clean", "between")}
        source = {name: rows_of(name) for name in assets}
        defs = dg.Definitions(
            assets=[*assets.values()],
            asset_checks=[suite_checks(suite, [assets[name] for name in order], source=source, engine=None)],
            resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'm.db'}")},
            executor=dg.in_process_executor,
        )
        job = defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={dg.AssetKey(each) for each in selection}
        )
        return job.execute_in_process(instance=instance, partition_key="2026-01-01", raise_on_error=False)

    return run


@pytest.mark.parametrize("order", [("raw", "between", "clean"), ("clean", "raw", "between")])
@pytest.mark.parametrize("blocks", ["raw", "clean", "neither"])
def test_a_suite_on_two_assets_judges_the_upstream_one_before_the_other_is_made(stages, tmp_path, blocks, order):
    found = stages(both_stages(blocks=blocks), order=order)

    assert found.success
    told = {(e.asset_key.path[-1], e.check_name): e.passed for e in found.get_asset_check_evaluations()}
    assert told == {("raw", "raw__has_rows"): True, ("clean", "clean__has_rows"): True, ("clean", CHECK_OF_BOTH): True}
    with closing(MetricDB(f"sqlite:///{tmp_path / 'm.db'}")) as db:
        assert len(db.results(found.run_id)) == 3


CHECK_OF_BOTH = "kept__most_rows_are_kept"


def test_a_blocking_assertion_on_the_upstream_asset_stops_the_one_downstream(stages):
    found = stages(both_stages(blocks="raw", bad=True))

    assert not found.success
    assert [e.asset_key.path[-1] for e in found.get_asset_materialization_events()] == ["raw"]
    assert [e.check_name for e in found.get_asset_check_evaluations()] == ["raw__has_rows"]


def test_the_upstream_asset_alone_is_judged_while_there_is_none_downstream(stages):
    found = stages(both_stages(blocks="raw"), selection=("raw",))

    assert found.success
    assert [e.check_name for e in found.get_asset_check_evaluations()] == ["raw__has_rows"]


def test_a_gate_on_the_upstream_asset_does_not_wait_for_what_is_judged_downstream(stages, tmp_path, instance):
    suite = both_stages(blocks="raw")

    @dg.asset(partitions_def=DAYS, deps=["raw"], required_resource_keys={"store"})
    @require_checks(suite, dg.AssetSpec("raw", partitions_def=DAYS))
    def consumer(context: dg.AssetExecutionContext) -> None: ...

    def told():
        resources = {"store": MetricStore(url=f"sqlite:///{tmp_path / 'm.db'}")}
        how = {"instance": instance, "partition_key": "2026-01-01", "raise_on_error": False}
        found = dg.materialize([consumer], resources=resources, **how)
        failures = [event.step_failure_data.user_failure_data for event in found.get_step_failure_events()]
        return "".join(failure.description for failure in failures)

    assert "no run has judged it" in told()
    stages(suite, selection=("raw",))
    assert "Kept › Most rows are kept: not judged; it may be new" in told(), "nothing says where it is attached"
    stages(suite)
    assert told() == ""
