"""What a suite can be attached to: assets of every kind, several in one assertion, with what Dagster says of steps."""

import datetime as dt

import dagster as dg
import pytest

from dqx_core import Context, MetricProvider, Suite, check
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
