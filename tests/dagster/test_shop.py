"""The shop's code location in Dagster: what it holds, and what a backfill of two weeks costs the source."""

import sys
from typing import ClassVar

import dagster as dg
import pytest

from dqx_dagster import DatasetIOManager, DuckDBEngine, MetricsIOManager, MetricStore, dataset_asset
from examples.shop.world import generate
from tests import forked
from tests.core.datasets.shop import ranking
from tests.dagster.scenario import span
from tests.examples.conftest import ROOT

pytestmark = pytest.mark.xdist_group("shop_backfill")  # two weeks are made once, and not by each worker


class WatchedEngine(DuckDBEngine):
    """The engine, that keeps the SQL it ran when it is closed."""

    ran: ClassVar[list[str]] = []

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self.ran.extend(self.connect().statements)
        super().teardown_after_execution(context)


@pytest.fixture(scope="module")
def resources(tmp_path_factory):
    """The shop's resources, over a shop that is made for these tests."""
    data = tmp_path_factory.mktemp("shop")
    generate(data / "shop.duckdb", rows_per_day=600)
    url = f"sqlite:///{data / 'metrics.db'}"
    return {
        "engine": WatchedEngine(database=str(data / "shop.duckdb"), datasets=str(data / "datasets")),
        "store": MetricStore(url=url),
        "metrics_io_manager": MetricsIOManager(url=url),
        "datasets_io_manager": DatasetIOManager(datasets=str(data / "datasets")),
    }


@pytest.fixture(scope="module")
def backfilled(resources):
    """Fourteen days × two splits of both datasets, in one run."""
    from definitions import daily_metrics, defs, sales, shop_daily, shop_ranking

    WatchedEngine.ran.clear()
    here = dg.Definitions(
        assets=[shop_daily, shop_ranking, daily_metrics, sales],
        asset_checks=defs.asset_checks,
        executor=dg.in_process_executor,
        resources=resources,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = here.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, tags=span("2024-01-08|train", "2024-01-21|eval")
        )
        yield result, tuple(WatchedEngine.ran), instance


def test_a_range_of_two_weeks_reads_the_source_once_for_each_dataset(backfilled):
    _, statements, _ = backfilled

    reading = [sql for sql in statements if '"transactions"' in sql and "dqx_stage" in sql.split("AS", 1)[0]]
    every = [sql for sql in statements if '"raw_data"."transactions"' in sql]
    # Once a run of each dataset, those rows alone that no partition can have.
    without_time = [sql for sql in every if sql.endswith('WHERE "transactions"."transaction_date" IS NULL')]
    assert len(reading) == len(without_time) == 2
    assert [sql for sql in every if sql not in without_time] == reading


def test_a_range_of_two_weeks_is_measured_in_one_pass_a_suite_over_each_dataset(backfilled):
    _, statements, _ = backfilled

    passes = [sql for sql in statements if sql.startswith("SELECT") and "GROUP BY" in sql and "READ_PARQUET" in sql]
    plain = [sql for sql in passes if " AS items" not in sql]
    # The metrics asset also looks for the week before, of which there are no partitions.
    over_the_two_weeks = [sql for sql in plain if "'2024-01-22'" in sql]
    own = [sql for sql in over_the_two_weeks if '"amount"' in sql or '"revenue"' in sql]
    assert len(own) == 2
    # The built-in suites measure what is their own, unless the shop's did before.
    assert len(over_the_two_weeks) <= 4


def test_each_partition_of_the_range_is_judged_under_its_own_key(backfilled):
    result, _, _ = backfilled

    days = [f"2024-01-{day:02}" for day in range(8, 22)]
    assert {e.partition for e in result.get_asset_check_evaluations()} == {
        f"{d}|{s}" for d in days for s in ("train", "eval")
    }


def test_a_materialized_partition_says_its_rows_size_window_sql_and_first_rows(backfilled):
    result, _, _ = backfilled

    made = {m.partition: m.metadata for m in result.asset_materializations_for_node("shop_ranking")}
    train = made["2024-01-21|train"]
    assert train["dagster/partition_row_count"].value == train["rows"].value > 0
    assert train["bytes"].value > 0
    assert "train [2024-01-14, 2024-01-19)" in train["window"].value
    assert "SELECT" in train["sql"].value
    assert {"revenue", "category"} <= {column.name for column in train["dagster/column_schema"].value.columns}
    assert train["preview"].value.startswith("| transaction_id | customer_id |")


def test_the_metrics_asset_shows_each_partitions_numbers_and_their_moves(backfilled):
    result, _, _ = backfilled

    shown = {m.partition: m.metadata for m in result.asset_materializations_for_node("shop_daily__metrics__shop_daily")}
    today, before = shown["2024-01-21|train"], shown["2024-01-20|train"]
    rows, yesterday = today["num_rows() [split=train]"].value, before["num_rows() [split=train]"].value
    assert today["num_rows() day over day [split=train]"].value == pytest.approx(abs(rows - yesterday) / yesterday)


def test_the_lineage_goes_from_source_tables_over_datasets_to_the_consumer():
    from definitions import defs

    graph = defs.resolve_asset_graph()
    daily = dg.AssetKey("shop_daily")
    assert graph.get(daily).parent_keys == {
        dg.AssetKey(["raw_data", "transactions"]),
        dg.AssetKey(["raw_data", "products"]),
    }
    assert dg.AssetKey("sales_by_category") in graph.get(daily).child_keys
    assert dg.AssetKey(["shop_daily", "metrics", "shop_daily"]) in graph.get(daily).child_keys


def test_each_column_says_which_source_column_it_is():
    from definitions import shop_ranking

    lineage = shop_ranking.metadata_by_key[shop_ranking.key]["dagster/column_lineage"].deps_by_column
    [revenue], [category] = lineage["revenue"], lineage["category"]
    assert (revenue.asset_key.path, revenue.column_name) == (["raw_data", "transactions"], "amount")
    assert (category.asset_key.path, category.column_name) == (["raw_data", "products"], "category")


def test_an_asset_says_where_a_filter_leaks():
    leaking, sound = (dataset_asset(ranking(filters__3__fit_on=fit_on)) for fit_on in ("all", "train"))
    said = leaking.metadata_by_key[leaking.key]["dqx/leaks"].value
    assert said == "- filters[3] (top_products) is fitted on rows of all parts, eval included."
    assert "dqx/leaks" not in sound.metadata_by_key[sound.key]


def test_the_model_is_trained_behind_a_gate(backfilled, resources, tmp_path):
    from definitions import model, shop_ranking

    _, _, instance = backfilled

    def train(store):
        told = {**resources, "store": store}
        return dg.materialize(
            [shop_ranking, model], selection=[model], partition_key="2024-01-21|train", resources=told,
            instance=instance, raise_on_error=False,
        )  # fmt: skip

    judged = train(resources["store"])
    unjudged = train(MetricStore(url=f"sqlite:///{tmp_path / 'empty.db'}"))

    [made] = judged.asset_materializations_for_node("popular_products")
    assert made.metadata["sold"].value > 0
    [stopped] = [event for event in unjudged.all_events if event.is_step_failure]
    assert "does not let these partitions pass" in stopped.step_failure_data.user_failure_data.description


def test_the_location_has_what_the_documentation_praises():
    from definitions import defs

    repository = defs.get_repository_def()
    assert repository.has_sensor_def("failed_checks")
    assert repository.has_job("judge_shop_daily_again")
    assert dg.AssetKey("shop_report") in defs.resolve_asset_graph().executable_asset_keys


def test_the_daily_schedule_asks_for_the_last_closed_day_with_all_splits_in_one_run():
    import datetime as dt

    from definitions import defs

    schedule = defs.resolve_schedule_def("shop_daily_daily")
    context = dg.build_schedule_context(scheduled_execution_time=dt.datetime(2024, 1, 20, 6, tzinfo=dt.UTC))
    [request] = schedule.evaluate_tick(context).run_requests
    assert request.tags["dagster/asset_partition_range_start"] == "2024-01-19|train"
    assert request.tags["dagster/asset_partition_range_end"] == "2024-01-19|eval"


def test_the_code_location_validates():
    done = forked.run([sys.executable, "-m", "dagster", "definitions", "validate"], cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "Validation successful for code location shop" in done.stdout + done.stderr
