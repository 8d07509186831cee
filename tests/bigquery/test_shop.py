"""The shop's code location from end to end on BigQuery, by switching one resource; and what goes wrong there."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from dagster_gcp import BigQueryResource

from dqx_core import MetricDB
from dqx_core.engines.jobs import jobs_of
from dqx_core.errors import DefinitionError
from dqx_dagster import BigQueryEngine, DatasetIOManager, DuckDBEngine, MetricsIOManager, MetricStore
from dqx_dagster.cli.ci.gate import Settings, judge
from dqx_dagster.cli.ci.ground import folder_of, ground
from dqx_dagster.cli.ci.location import Location
from dqx_dagster.cli.ci.spans import Wanted
from dqx_dagster.cli.ci.verdicts import Outcome
from examples.shop.world import generate
from tests.bigquery.conftest import credentials_of
from tests.bigquery.server import Fault, Server
from tests.bigquery.warehouse import Warehouse
from tests.dagster.scenario import span
from tests.examples.conftest import ROOT

MIB = 2**20
ONE = [dg.AssetKey("shop_daily")]

pytestmark = pytest.mark.xdist_group("bigquery_shop")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The shop's raw tables in a project on this machine."""
    data = tmp_path_factory.mktemp("shop")
    generate(data / "shop.duckdb", days=11, rows_per_day=300)
    server = Server(Warehouse()).start()
    server.warehouse.adopt(data / "shop.duckdb")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BIGQUERY_EMULATOR_HOST", server.address)
        patched.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        yield server, data, credentials_of(server)
    server.stop()


def engine_of(shop, **options):
    server, _, credentials = shop
    resource = BigQueryResource(project=server.warehouse.project, gcp_credentials=credentials)
    return BigQueryEngine(bigquery=resource, datasets="dqx_shop", price_per_tib=6.25, **options)


def location(shop, engine, store="metrics.db"):
    """The shop's own definitions, with another engine."""
    from definitions import daily_metrics, defs, sales, shop_daily, shop_ranking

    _, data, _ = shop
    url = f"sqlite:///{data / store}"
    return dg.Definitions(
        assets=[shop_daily, shop_ranking, daily_metrics, sales],
        asset_checks=defs.asset_checks,
        executor=dg.in_process_executor,
        resources={
            "engine": engine,
            "store": MetricStore(url=url),
            "metrics_io_manager": MetricsIOManager(url=url),
            "datasets_io_manager": DatasetIOManager(engine=engine),
        },
    )


def run(here, instance, first, last, **options):
    return here.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, tags=span(f"{first}|train", f"{last}|eval"), **options
    )


@pytest.fixture(scope="module")
def backfilled(shop):
    here = location(shop, engine_of(shop))
    with dg.DagsterInstance.ephemeral() as instance:
        yield run(here, instance, "2024-01-09", "2024-01-10"), shop


def test_every_asset_and_check_of_both_days_is_there(backfilled):
    result, (server, _, _) = backfilled
    assert result.success
    made = {
        (e.asset_key.path[0], m.partition)
        for e in result.get_asset_materialization_events()
        for m in [e.materialization]
    }
    days = [f"2024-01-{day:02}" for day in (9, 10)]
    assert {p for name, p in made if name == "sales_by_category"} == {
        f"{d}|{s}" for d in days for s in ("train", "eval")
    }
    assert {e.partition for e in result.get_asset_check_evaluations()} == {p for _, p in made}
    assert [t for t, _ in server.warehouse.tables("dqx_shop")] == ["_dqx_manifests", "shop_daily", "shop_ranking"]


def test_the_planted_incident_is_found_as_on_duckdb(backfilled):
    result, _ = backfilled
    failed = {(e.partition, e.check_name) for e in result.get_asset_check_evaluations() if not e.passed}
    assert {check for partition, check in failed if partition.startswith("2024-01-10")} >= {
        "customers__emails_are_filled"
    }
    assert "2024-01-10|train" in {partition for partition, _ in failed}


def test_the_parts_of_every_dataset_fit_together_and_joins_are_asked_of_the_source_tables(backfilled):
    result, _ = backfilled
    judged = {}
    for each in result.get_asset_check_evaluations():
        judged.setdefault((each.asset_key.path[0], each.check_name), set()).add(each.passed)
    wanted = {("shop_daily", "integrity"), ("shop_ranking", "integrity"), ("shop_ranking", "joins")}
    assert {name: judged[name] for name in wanted} == {name: {True} for name in wanted}


def test_a_partition_is_handed_on_as_what_the_input_says(backfilled):
    result, shop = backfilled
    forms = {
        pd.DataFrame: len,
        pa.Table: len,
        pl.DataFrame: len,
        duckdb.DuckDBPyRelation: lambda found: found.count("*").fetchall()[0][0],
        dict[str, pa.Table]: lambda found: len(found["train"]),
        Path: len,
    }
    counts, refused = taken(shop, forms)
    [made] = [m for m in result.asset_materializations_for_node("shop_daily") if m.partition == "2024-01-09|train"]
    assert counts == {form: made.metadata["rows"].value for form in forms if form is not Path}
    assert "is kept as dqx_shop.shop_daily, where a partition has no folder" in refused


def taken(shop, forms):
    """What assets that take the partition 2024-01-09|train in these forms make of it, and what failed."""
    from definitions import shop_daily

    found = {}

    def reader(number, form, look):
        def consumer(rows):
            found[form] = look(rows)

        consumer.__annotations__ = {"rows": form, "return": None}
        ins = {"rows": dg.AssetIn(shop_daily.key)}
        return dg.asset(name=f"taken_{number}", ins=ins, partitions_def=shop_daily.partitions_def)(consumer)

    readers = [reader(number, *each) for number, each in enumerate(forms.items())]
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [shop_daily, *readers], selection=readers, instance=instance, partition_key="2024-01-09|train",
            resources={
                "datasets_io_manager": DatasetIOManager(engine=engine_of(shop)),
                "engine": engine_of(shop),
                "store": MetricStore(url=f"sqlite:///{shop[1] / 'metrics.db'}"),
            },
            raise_on_error=False,
        )  # fmt: skip
        failures = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    return found, " ".join(str(each.user_failure_data or "") + each.error_display_string for each in failures)


WRITTEN = {"shop_daily": {(dt.date(2024, 1, 9), "train")}}


@pytest.fixture
def gated(shop, tmp_path, monkeypatch):
    """The shop on BigQuery as a gate finds it."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return location(shop, engine_of(shop)).get_repository_def()


def test_a_gate_refuses_to_write_into_the_configured_dataset(gated):
    for name in (None, "dqx_shop"):
        with ground(gated, configured=False, history=False, baseline=False, dataset=name) as found:
            found.make_room({})  # what is judged as it is, is read where it is
            assert not {"engine", "datasets_io_manager"} & {*found.resources}
            with pytest.raises(DefinitionError, match=r"partitions of shop_daily into 'dqx_shop'.*--bigquery-dataset"):
                found.make_room(WRITTEN)


def test_a_gate_writes_into_the_configured_dataset_when_it_is_told_to(gated):
    with ground(gated, configured=True, history=False, baseline=False) as found:
        found.make_room(WRITTEN)
        assert not found.resources


def test_a_gate_writes_into_a_dataset_of_its_own(shop, backfilled, gated):
    server = shop[0]
    before = {table: server.warehouse.said("dqx_shop", table) for table, _ in server.warehouse.tables("dqx_shop")}
    where = Location("shop", gated, None)
    gate = judge(
        where, Settings(("shop_daily",), Wanted(("2024-01-09",)), history=False, allow_skipped=True, dataset="dqx_ci")
    )
    assert {v.outcome for v in gate.verdicts} >= {Outcome.PASSED}
    assert [trouble for trouble in gate.troubles if trouble] == []
    assert any("dataset 'dqx_ci', and stay" in note for note in gate.notes)
    assert [table for table, _ in server.warehouse.tables("dqx_ci")] == ["_dqx_manifests", "shop_daily"]
    assert before == {table: server.warehouse.said("dqx_shop", table) for table in before}


@pytest.mark.parametrize("top", [True, False], ids=["a resource too", "of its own"])
def test_a_gate_lays_itself_over_the_folder_of_an_io_managers_engine(tmp_path, top):
    engine = DuckDBEngine(database=str(tmp_path / "shop.duckdb"), datasets=str(tmp_path / "datasets"))
    resources = {"datasets_io_manager": DatasetIOManager(engine=engine), **({"engine": engine} if top else {})}
    here = dg.Definitions(resources=resources).get_repository_def()
    with ground(here, configured=False, history=False, baseline=False) as found:
        found.make_room({})
        folders = {folder_of(found.resources[key]) for key in resources}
    assert len(folders) == 1
    assert str(tmp_path) not in folders.pop()


def test_materializations_say_their_table_bytes_cost_and_jobs(backfilled):
    result, _ = backfilled
    made = {m.partition: m.metadata for m in result.asset_materializations_for_node("shop_daily")}
    one = made["2024-01-09|train"]
    assert one["table"].value == "dqx_shop.shop_daily$20240109"
    assert one["dagster/partition_row_count"].value > 100
    assert one["dqx/bytes_billed"].value >= 10 * MIB
    assert one["dqx/cost"].value == pytest.approx(one["dqx/bytes_billed"].value / 2**40 * 6.25)
    assert "https://console.cloud.google.com/bigquery?project=local&j=bq:EU:dqx_" in one["dqx/jobs"].value
    assert one["preview"].value.startswith("| transaction_id |")


def test_check_results_say_what_judging_cost(backfilled):
    result, _ = backfilled
    for evaluation in result.get_asset_check_evaluations():
        assert evaluation.metadata["dqx/bytes_processed"].value >= 0
        assert "dqx_" in evaluation.metadata["dqx/jobs"].value


def test_the_store_keeps_the_jobs_of_every_suite_of_the_run(backfilled):
    result, (_, data, _) = backfilled
    db = MetricDB(f"sqlite:///{data / 'metrics.db'}")
    jobs = jobs_of(db.execution(result.run_id).unwrap().parameters)
    db.close()
    assert {job.labels["dqx_suite"] for job in jobs if "dqx_suite" in job.labels} == {
        "shop-daily", "shop-ranking", "shop_daily-integrity", "shop_ranking-integrity",
    }  # fmt: skip
    assert {job.labels["dqx_execution_id"] for job in jobs} == {result.run_id}
    assert sum(job.bytes_billed for job in jobs) > 0


def test_jobs_of_datasets_are_labelled_with_the_run(backfilled):
    result, (server, _, _) = backfilled
    written = [
        job.resource["configuration"]
        for job in server.jobs.values()
        for target in [job.resource["configuration"].get("query", {}).get("destinationTable", {})]
        if "$2024" in target.get("tableId", "") and target["datasetId"] == "dqx_shop"
    ]
    assert len(written) == 4  # two days of two datasets: both splits of a day are one job
    assert {c["labels"]["dqx_dataset"] for c in written} == {"shop_daily", "shop_ranking"}
    assert {c["labels"]["dqx_execution_id"] for c in written} == {result.run_id}


def test_no_secret_is_logged(backfilled, capfd):
    result, (_, _, credentials) = backfilled
    told = "\n".join(str(event) for event in result.all_events)
    assert credentials not in told
    assert "PRIVATE KEY" not in told


def test_a_run_above_the_limit_fails_with_the_limit_and_runs_no_job(shop):
    server = shop[0]
    before = len(server.jobs)
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(
            location(shop, engine_of(shop, maximum_bytes_billed=1000), "limited.db"),
            instance, "2024-01-09", "2024-01-09", raise_on_error=False, asset_selection=ONE,
        )  # fmt: skip
    assert not result.success
    told = " ".join(
        str(event.step_failure_data.user_failure_data.description)
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.user_failure_data
    )
    assert "maximum_bytes_billed=1000" in told
    assert "it was not run" in told
    assert not [
        job for job in list(server.jobs.values())[before:]
        if "destinationTable" in job.resource["configuration"].get("query", {})
    ]  # fmt: skip


def test_a_service_that_goes_away_fails_the_run_and_the_next_one_finishes_it(shop):
    server, _, _ = shop
    before = {t: server.warehouse.size("dqx_shop", t)[0] for t in ("shop_daily", "shop_ranking")}
    here = location(shop, engine_of(shop, patience=0.3), "interrupted.db")
    with dg.DagsterInstance.ephemeral() as instance:
        server.faults.append(Fault("POST", "/jobs$", 503, "backendError", times=10**6))
        result = run(here, instance, "2024-01-11", "2024-01-11", raise_on_error=False, asset_selection=ONE)
        server.faults.clear()
        assert not result.success
        reasons = " ".join(str(e.step_failure_data.user_failure_data) for e in result.all_events if e.is_step_failure)
        assert "try again when the service answers" in reasons
        assert before == {t: server.warehouse.size("dqx_shop", t)[0] for t in before}
        again = run(here, instance, "2024-01-11", "2024-01-11", asset_selection=ONE)
    assert again.success
    assert server.warehouse.size("dqx_shop", "shop_daily")[0] > before["shop_daily"]


def test_the_code_location_switches_by_one_variable(monkeypatch):
    from examples.shop.engines import kind, shop_engine

    monkeypatch.setenv("DQX_BIGQUERY_PROJECT", "local")
    switched = shop_engine(ROOT)
    assert (type(switched), kind(), switched.price) == (BigQueryEngine, "bigquery", 6.25)
    monkeypatch.delenv("DQX_BIGQUERY_PROJECT")
    assert kind() == "duckdb"


@pytest.mark.parametrize("given", [{}, {"both": True}], ids=["neither", "both"])
def test_the_io_manager_takes_an_engine_or_a_folder(shop, given):
    options = {"engine": engine_of(shop), "datasets": "datasets"} if given else {}

    @dg.asset
    def upstream() -> None: ...

    @dg.asset(ins={"rows": dg.AssetIn(upstream.key)})
    def downstream(rows: object) -> None: ...

    with (
        dg.DagsterInstance.ephemeral() as instance,
        pytest.raises(dg.DagsterInvariantViolationError, match="one of the two"),
    ):
        dg.materialize(
            [upstream, downstream], instance=instance, resources={"io_manager": DatasetIOManager(**options)},
            selection=[downstream],
        )  # fmt: skip


def test_importing_the_plugin_loads_nothing_of_google():
    script = (
        "import sys, dqx_dagster.resources, dqx_dagster.suites, dqx_dagster.datasets, dqx_dagster.io_manager;"
        "print([m for m in sys.modules if m.startswith('google.cloud') or m.startswith('dagster_gcp')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_extra_the_way_out_is_said():
    script = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("google", "dagster_gcp"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nothing())
import dqx_dagster
from dqx_core.engines.bigquery import BigQuery
for use in (lambda: dqx_dagster.BigQueryEngine, lambda: BigQuery(project="p")):
    try:
        use()
    except Exception as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "BigQueryEngine needs dagster-gcp: pip install 'dqx-dagster[bigquery]'",
        "BigQuery needs Google's client: pip install 'dqx-dagster[bigquery]'",
    ]
