"""The resources of a project from YAML: DuckDB or BigQuery, and what is secret stays in the environment."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from dqx_dagster import DatasetIOManager, DqxDataset, DqxResources, DuckDBEngine
from tests.bigquery.conftest import credentials_of
from tests.bigquery.server import Server
from tests.bigquery.warehouse import Warehouse

# Dagster reads a defs.yaml with a function that pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

DUCKDB = "database: warehouse.duckdb\ndatasets: data/datasets\nstore: sqlite:///metrics.db\n"
BIGQUERY = "bigquery: {project: shop}\ndatasets: dqx\nstore: sqlite:///metrics.db\n"


@pytest.fixture
def resources(project):
    """From the attributes of a DqxResources to the resources."""

    def made(attributes):
        folder = project.defs_folder_path / "resources"
        folder.mkdir(exist_ok=True)
        indented = attributes.replace("\n", "\n  ")
        (folder / "defs.yaml").write_text(f"type: dqx_dagster.DqxResources\nattributes:\n  {indented}")
        with project.load_component_and_build_defs(folder) as (_, defs):
            return defs.resources

    return made


def test_duckdb_and_bigquery_are_chosen_by_what_is_written(resources):
    from dqx_dagster import BigQueryEngine

    on_duckdb, on_bigquery = resources(DUCKDB), resources(BIGQUERY)

    assert set(on_duckdb) == set(on_bigquery) == {"engine", "store", "datasets_io_manager", "metrics_io_manager"}
    assert on_duckdb["engine"] == DuckDBEngine(database="warehouse.duckdb", datasets="data/datasets")
    assert on_duckdb["datasets_io_manager"] == DatasetIOManager(datasets="data/datasets")
    assert isinstance(on_bigquery["engine"], BigQueryEngine)
    assert on_bigquery["engine"].bigquery.project == "shop"
    assert on_bigquery["engine"].datasets == "dqx"


def test_duckdb_takes_its_memory_threads_and_temporary_folder_from_the_project(resources, tmp_path):
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    written = DUCKDB.replace("warehouse.duckdb", str(tmp_path / "warehouse.duckdb"))
    settings = f"memory_limit: 100MB\nthreads: 1\ntemp_directory: {tmp_path / 'spill'}\n"
    engine = resources(written + settings)["engine"]
    asked = "SELECT current_setting('threads'), current_setting('temp_directory'), current_setting('memory_limit')"
    assert engine.connect().connection.execute(asked).fetchone() == (1, str(tmp_path / "spill"), "95.3 MiB")
    engine.connect().close()
    assert all(DuckDBEngine.model_fields[name].description for name in ("memory_limit", "threads", "temp_directory"))


@pytest.mark.parametrize("attributes", [DUCKDB + "bigquery: {project: shop}\n", DUCKDB.split("\n", 1)[1]])
def test_two_engines_or_none_are_refused_with_the_two_there_are(resources, attributes):
    with pytest.raises(Exception, match="resources") as refused:
        resources(attributes)

    said = [str(refused.value)]
    error = refused.value
    while error.__cause__ is not None:
        error = error.__cause__
        said.append(str(error))
    assert "takes `database`, a DuckDB file, or `bigquery` with its `project`: one of the two" in "\n".join(said)


def test_a_variable_of_the_environment_stays_one_until_a_run_reads_it(resources, monkeypatch):
    monkeypatch.setenv("DQX_TEST_STORE", "sqlite:///from_the_environment.db")
    monkeypatch.setenv("DQX_TEST_FOLDER", "/somewhere")
    secret = "bigquery: {project: shop, gcp_credentials: '{{ env.DQX_TEST_KEY }}'}\n"
    written = "datasets: '{{ env.DQX_TEST_FOLDER }}/datasets'\nstore: '{{ env.DQX_TEST_STORE }}'\n"

    on_duckdb = resources(f"database: warehouse.duckdb\n{written}")
    on_bigquery = resources(secret + written)

    assert isinstance(on_duckdb["store"].url, dg.EnvVar)
    assert isinstance(on_duckdb["metrics_io_manager"].url, dg.EnvVar)
    assert isinstance(on_bigquery["engine"].bigquery.gcp_credentials, dg.EnvVar)
    assert on_duckdb["engine"].datasets == "/somewhere/datasets"
    with on_duckdb["store"].process_config_and_initialize_cm() as store:
        assert store.url == "sqlite:///from_the_environment.db"


@pytest.fixture
def warehouse(tmp_path, monkeypatch):
    """A BigQuery on this machine with three days of 60 sales."""
    with duckdb.connect(str(tmp_path / "raw.duckdb")) as made:
        made.execute("CREATE SCHEMA raw_data")
        made.execute(
            "CREATE TABLE raw_data.transactions AS SELECT TIMESTAMPTZ '2026-01-01 00:00+00' + to_hours(i * 24 // 60) "
            "AS at, i % 20 AS customer_id FROM range(180) AS r(i)"
        )
    server = Server(Warehouse()).start()
    server.warehouse.adopt(tmp_path / "raw.duckdb")
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.address)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("GCP_CREDENTIALS", credentials_of(server))
    yield server
    server.stop()


def test_a_project_of_what_is_scaffolded_for_bigquery_makes_a_partition_and_judges_it(project, warehouse, instance):
    (project.project_root / "data").mkdir()
    folder = project.scaffold_component(DqxResources, "resources", {"project": warehouse.warehouse.project})
    written = Path(folder, "defs.yaml")
    secret = 'gcp_credentials: "{{ env.GCP_CREDENTIALS }}"'
    written.write_text(written.read_text().replace("    # location: EU\n", f"    {secret}\n"))
    params = {"table": "raw_data.transactions", "timestamp": "at", "key": "customer_id", "start": "2026-01-01"}
    dataset = project.scaffold_component(DqxDataset, "sales", params)
    with Path(dataset, "defs.yaml").open("a") as file:
        file.write("  kind: bigquery\n  integrity: false\n")

    with project.build_all_defs() as defs:
        dg.Definitions.validate_loadable(defs)
        kinds = defs.resolve_asset_graph().get(dg.AssetKey("sales")).kinds
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, partition_key="2026-01-02|train")

    assert result.success
    assert kinds == {"dqx", "bigquery"}
    [made] = result.asset_materializations_for_node("sales")
    assert made.metadata["table"].value == "dqx.sales$20260102"
    verdicts = {(e.check_name, e.partition): e.passed for e in result.get_asset_check_evaluations()}
    assert verdicts["sales__there_are_rows", "2026-01-02|train"] is True
