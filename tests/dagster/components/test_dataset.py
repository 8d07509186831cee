"""A dataset from YAML is the same as in Python."""

import datetime as dt

import dagster as dg
import duckdb
import pytest
from dagster_shared.yaml_utils import load_yaml_from_path

from dqx_core.checks import NamedAssertion
from dqx_core.datasets import define, from_yaml
from dqx_core.provider import ExtendedProvider, MetricProvider
from dqx_core.symbols import SymbolRegistry
from dqx_dagster import DqxDataset, DqxResources, dataset_asset
from dqx_dagster.components.checks import DERIVED, MEASURED, WrittenCheck
from tests.dagster.components.conftest import DEFINITION

# Dagster reads a defs.yaml with a function that pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

CHECKS = """\
checks:
  - name: Average price is positive
    severity: P0
    metric: {kind: average, column: price}
    is_positive: true
  - name: Average price moves < 50 % a day
    metric: {day_over_day: {kind: average, column: price}}
    is_lt: 0.5
  - name: Customers are known
    severity: P2
    metric: {ratio: [{kind: null_count, column: customer_id}, {kind: num_rows}]}
    is_between: [0, 0.05]
"""

MORE = """
from dqx_core import Suite, check

@check(name="More", datasets=["sales"])
def more(mp, ctx):
    ctx.assert_that(mp.num_rows()).where(name="Rows").is_positive()

MORE = Suite("More", (more,))
"""


def checks_of(defs):
    return {spec.name: spec for checks in defs.asset_checks for spec in checks.check_specs}


def test_the_asset_is_that_of_the_same_definition_in_python(load):
    with load(DEFINITION) as (component, defs):
        [asset] = defs.assets
        known = dataset_asset(component.definition)

        assert isinstance(component, DqxDataset)
        assert asset.key == known.key
        assert asset.partitions_def == known.partitions_def
        assert asset.get_asset_spec().code_version == known.get_asset_spec().code_version
        assert asset.backfill_policy == known.backfill_policy


def test_a_definition_in_a_file_beside_is_the_same_as_one_in_place(load):
    text = DEFINITION.replace("definition:\n", "").replace("\n  ", "\n").removeprefix("  ")
    with load(DEFINITION) as (inline, _):
        pass
    with load("definition: sales.yaml\n", sales_yaml=text) as (from_file, _):
        pass

    assert from_file.definition == inline.definition
    assert from_file.definition.definition_hash == inline.definition.definition_hash


def test_the_checks_every_dataset_should_pass_come_with_it_unless_they_are_switched_off(load):
    with load(DEFINITION + CHECKS) as (_, whole):
        names = set(checks_of(whole))
    with load(DEFINITION + CHECKS + "integrity: false\n") as (_, bare):
        written = set(checks_of(bare))

    assert all(name.startswith("sales__") for name in written)
    assert "integrity__no_customer_id_is_in_two_splits" in names - written


def test_each_check_becomes_an_asset_check_with_its_severity_and_condition(load):
    with load(DEFINITION + CHECKS + "integrity: false\n") as (_, defs):
        found = checks_of(defs)

    assert {name: spec.metadata["dqx/condition"] for name, spec in found.items()} == {
        "sales__average_price_is_positive": "average(price) > 0",
        "sales__average_price_moves_below_50_percent_a_day": "day_over_day(average(price)) < 0.5",
        "sales__customers_are_known": "null_count(customer_id) / num_rows() between 0 and 0.05",
    }
    assert [name for name, spec in found.items() if spec.blocking] == ["sales__average_price_is_positive"]
    assert all(spec.partitions_def is not None for spec in found.values())


def test_a_metric_takes_where_lag_tags_and_parameters_of_its_own(load):
    attributes = """\
checks:
  - name: a
    metric: {kind: count_values, column: price, values: [1, 2], where: price > 1, lag: 1, tags: {split: train}}
    is_geq: 0
  - name: b
    metric: {stddev: {kind: duplicate_count, columns: [at, price]}, n: 5, min_periods: 3}
    is_leq: 2
    tol: 0.1
  - name: c
    metric: {kind: num_rows, tags: {split: null}}
    is_geq: 0
"""
    with load(DEFINITION + attributes) as (component, _):
        graph = component.suites[0].build()
        symbols = sorted(info.metric for info in graph.symbols.values())

    assert "stddev(duplicate_count([at, price]), n=5, min_periods=3)" in symbols
    assert any(name.startswith("count_values(price, [1, 2]) where price > 1") for name in symbols)
    assert any(metric.tags == {"split": None} for metric in graph.symbols.values())
    [_, b, _] = [assertion for _, assertion in graph.root.assertions()]
    assert b.bound.tolerance == 0.1


STEPS = """\
metrics: true
suites: ['.suites:MORE']
retry_policy: {max_retries: 3, delay: 0.5, backoff: exponential, jitter: plus_minus}
pool: warehouse
op_tags: {team: data}
automation_condition: "{{ dg.AutomationCondition.eager() }}"
"""


def test_how_dagster_runs_the_steps_and_when_is_said_of_all_that_a_dataset_is(load):
    with load(DEFINITION + CHECKS + STEPS, suites_py=MORE) as (_, defs):
        assets = list(defs.assets)
        ops = [each.op for each in [*assets, *defs.asset_checks]]
        checks = checks_of(defs).values()

    policy = dg.RetryPolicy(3, 0.5, dg.Backoff.EXPONENTIAL, dg.Jitter.PLUS_MINUS)
    assert len(ops) == 6, "the dataset, three suites, two metrics assets"
    assert all((op.retry_policy, op.pool, op.tags["team"]) == (policy, "warehouse", "data") for op in ops)
    specs = [*(spec for each in assets for spec in each.specs), *checks]
    assert len(specs) == 3 + len(checks)
    assert all(spec.automation_condition == dg.AutomationCondition.eager() for spec in specs)


def test_the_asset_may_have_a_condition_of_its_own(load):
    own = 'asset_attributes:\n  automation_condition: "{{ dg.AutomationCondition.on_missing() }}"\n'
    with load(DEFINITION + CHECKS + own + STEPS, suites_py=MORE) as (_, defs):
        [spec] = [spec for each in defs.assets for spec in each.specs if spec.key == dg.AssetKey("sales")]
        checks = checks_of(defs).values()

    assert spec.automation_condition == dg.AutomationCondition.on_missing()
    assert all(check.automation_condition == dg.AutomationCondition.eager() for check in checks)


def test_suites_written_in_python_are_named_by_module_or_by_a_file_beside(load):
    with load(DEFINITION + CHECKS + "suites: ['.suites:MORE']\n", suites_py=MORE) as (component, defs):
        assert [suite.name for suite in component.suites] == ["sales checks", "More"]
        assert "more__rows" in checks_of(defs)
    renamed = DEFINITION.replace("name: sales", "name: shop_daily")
    with load(renamed + "suites: ['examples.shop.suites:DAILY_SUITE']\n") as (component, defs):
        assert [suite.name for suite in component.suites] == ["Shop daily"]


def test_metrics_and_a_schedule_are_there_when_they_are_asked_for(load):
    with load(DEFINITION + CHECKS) as (_, bare):
        assert (len(bare.assets), bare.schedules) == (1, [])
    with load(DEFINITION + CHECKS + "metrics: true\nschedule: {hour: 7, minute: 30}\n") as (_, defs):
        _, metrics = defs.assets
        [schedule] = defs.schedules

    assert metrics.key == dg.AssetKey(["sales", "metrics", "sales_checks"])
    assert schedule.cron_schedule == "30 7 * * *"
    assert schedule.job.selection.resolve([*defs.assets]) == {asset.key for asset in defs.assets}


def test_asset_attributes_translate_the_asset_and_its_checks_follow(load):
    attributes = """\
asset_attributes:
  key_prefix: mart
  group_name: "of_{{ definition.name }}"
  owners: ["team:shop"]
  tags: {tier: gold}
  description: "{{ spec.key.path[-1] }}, daily"
"""
    with load(DEFINITION + CHECKS + attributes) as (_, defs):
        [asset] = defs.assets
        spec = asset.get_asset_spec()

        assert spec.key == dg.AssetKey(["mart", "sales"])
        assert (spec.group_name, list(spec.owners), spec.tags["tier"]) == ("of_sales", ["team:shop"], "gold")
        assert spec.tags["dqx/split"] == "group"
        assert spec.description == "sales, daily"
        assert {check.asset_key for check in checks_of(defs).values()} == {spec.key}


def test_templates_are_filled_in_and_other_text_is_left_as_it_is(load, monkeypatch):
    monkeypatch.setenv("SALES_KEY", "customer_id")
    definition = DEFINITION.replace("key: customer_id", 'key: "{{ env.SALES_KEY }}"')
    with load(definition.replace("name: sales\n", 'name: sales\n  description: "007"\n')) as (component, _):
        assert component.definition.split.key == "customer_id"
        assert component.definition.description == "007"


def test_two_datasets_may_read_one_table(project):
    for name in ("one", "two"):
        folder = project.defs_folder_path / name
        folder.mkdir(parents=True)
        indented = DEFINITION.replace("name: sales", f"name: {name}").replace("\n", "\n  ")
        (folder / "defs.yaml").write_text(f"type: dqx_dagster.DqxDataset\nattributes:\n  {indented}\n")
    resources = project.scaffold_component(DqxResources, "resources")
    assert resources.is_dir()

    with project.build_all_defs() as defs:
        graph = defs.resolve_asset_graph()

    assert graph.get(dg.AssetKey(["raw_data", "transactions"])).child_keys == {dg.AssetKey("one"), dg.AssetKey("two")}


@pytest.fixture
def warehouse(project):
    """Three days of 60 sales in the project's warehouse."""
    (project.project_root / "data").mkdir()
    with duckdb.connect(str(project.project_root / "data/warehouse.duckdb")) as database:
        database.execute("CREATE SCHEMA raw_data")
        database.execute(
            "CREATE TABLE raw_data.transactions AS SELECT TIMESTAMP '2026-01-01 00:00' + to_hours(i * 24 // 60) AS at, "
            "i % 20 AS customer_id, 10.0 + i % 3 AS price FROM range(180) AS r(i)"
        )


@pytest.mark.usefixtures("warehouse")
def test_a_project_of_what_is_scaffolded_makes_a_partition_and_judges_it(project, instance):
    project.scaffold_component(DqxResources, "resources")
    params = {"table": "raw_data.transactions", "timestamp": "at", "key": "customer_id", "start": "2026-01-01"}
    folder = project.scaffold_component(DqxDataset, "sales", params)

    with project.build_all_defs() as defs:
        dg.Definitions.validate_loadable(defs)
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, partition_key="2026-01-02|train")

    assert result.success
    verdicts = {e.check_name: (e.passed, e.partition) for e in result.get_asset_check_evaluations()}
    assert verdicts == {
        "sales__there_are_rows": (True, "2026-01-02|train"),
        "sales__at_most_1_percent_of_the_rows_have_no_customer_id": (True, "2026-01-02|train"),
        # What compares it with eval is skipped: there is none yet.
        "integrity__no_split_is_empty": (True, "2026-01-02|train"),
    }
    definition = from_yaml_text(folder)
    assert definition.partitions.start == dt.date(2026, 1, 1)
    assert list((project.project_root / "data/datasets/sales").glob("date=2026-01-02/split=train/*.parquet"))


def from_yaml_text(folder):
    return define(load_yaml_from_path(str(folder / "defs.yaml"))["attributes"]["definition"])


def test_scaffolding_refuses_what_cannot_work_and_writes_nothing(project):
    params = {"table": "transactions", "timestamp": "at", "key": "customer_id", "start": "2026-01-32"}
    with pytest.raises(Exception, match=r"schema\.table") as refused:
        project.scaffold_component(DqxDataset, "Sales", params)

    assert "For instance 'sales'" in str(refused.value)
    assert "2026-01-32" in str(refused.value)
    assert not (project.defs_folder_path / "Sales/defs.yaml").exists()


def test_scaffolding_allows_the_schema_that_is_named(project, load):
    params = {"table": "shop.orders", "timestamp": "at", "key": "customer_id", "start": "2026-01-01"}
    folder = project.scaffold_component(DqxDataset, "orders", params)

    with project.load_component_and_build_defs(folder) as (component, _):
        assert component.definition.source.table == "shop.orders"


def test_yaml_offers_every_metric_and_condition_that_python_does():
    python = {name for name in vars(NamedAssertion) if name.startswith("is_")} | {"noop"}
    yaml = {name for name in WrittenCheck.model_fields if name.startswith("is_") or name == "noop"}

    assert yaml == python
    assert set(MEASURED) == {name for name in dir(MetricProvider) if not name.startswith("_")} - {"metric", "ext"}
    assert set(DERIVED) == {name for name in dir(ExtendedProvider) if not name.startswith("_")}


PARAMETERS = {"expression": "SUM(price)", "values": [1, 2], "columns": ["at", "price"], "q": 0.5}
"""What a metric is given in the next test; all other parameters it needs are names of columns."""


@pytest.mark.parametrize("kind", MEASURED)
def test_each_metric_is_the_same_symbol_as_in_python(kind):
    needed = {name for name, field in MEASURED[kind].model_fields.items() if field.is_required()} - {"kind"}
    given = {name: PARAMETERS.get(name, "price") for name in needed}
    options = {"where": "price > 1", "lag": 1, "tags": {"split": "train"}}
    written = WrittenCheck(name="a", metric={"kind": kind, **given, **options}, is_zero=True)
    registry = SymbolRegistry()
    mp = MetricProvider(registry)
    yaml, python = written.metric.symbol(mp), getattr(mp, kind)(**given, **options)

    assert registry[yaml].identity == registry[python].identity


@pytest.mark.parametrize("name", DERIVED)
def test_each_metric_of_a_metric_is_the_same_symbol_as_in_python(name):
    written = WrittenCheck(name="a", metric={name: {"kind": "num_rows"}, "lag": 2}, is_zero=True)
    registry = SymbolRegistry()
    mp = MetricProvider(registry)
    yaml, python = written.metric.symbol(mp), getattr(mp.ext, name)(mp.num_rows(), lag=2)

    assert registry[yaml].identity == registry[python].identity


def test_the_shop_example_reads_the_same_from_a_component(load):
    from examples.shop.datasets import __path__ as folders

    path = f"{next(iter(folders))}/shop_daily.yaml"
    with load(f"definition: {path}\n") as (component, _):
        assert component.definition == from_yaml(path)
