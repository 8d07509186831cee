"""`dqx partitions`, as a person types it: every partition with what made it and whether it was judged since."""

import json
import sys

import dagster as dg
import duckdb
import pytest

from dqx_dagster.cli import main
from tests.dagster.scenario import span

LOCATION = """
import dagster as dg
from dqx_core import Context, DuckRelationDataSource, MetricProvider, Suite, check
from dqx_core.datasets import define
from dqx_dagster import DuckDBEngine, MetricStore, dataset_assets

sales = define({
    "name": "sales",
    "status": "active",
    "source": {"table": "raw_data.transactions"},
    "columns": [{"column": "at", "role": "timestamp"}, {"column": "customer_id"}, {"column": "price"}],
    "split": {"strategy": "group", "key": "customer_id"},
    "partitions": {"start": "2026-01-01", "end": "2026-01-03"},
})
defs = dg.Definitions(
    assets=[*dataset_assets([sales])],
    resources={
        "engine": DuckDBEngine(database="warehouse.duckdb", datasets="datasets"),
        "store": MetricStore(url="sqlite:///metrics.db"),
        "datasets_io_manager": dg.mem_io_manager,
    },
    executor=dg.in_process_executor,
)
"""


@pytest.fixture
def dqx(tmp_path, monkeypatch, capsys):
    """A code location whose first day was made and judged, and whose second was made alone."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    (tmp_path / "location.py").write_text(LOCATION)
    with duckdb.connect("warehouse.duckdb") as warehouse:
        warehouse.execute("CREATE SCHEMA raw_data")
        warehouse.execute("""
            CREATE TABLE raw_data.transactions AS
            SELECT TIMESTAMP '2026-01-01' + to_hours(i) AS at, i % 20 AS customer_id, 10.0 + i % 3 AS price
            FROM range(72) AS r(i)
        """)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dqx", "partitions", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return printed.out, printed.err, int(stopped.value.code or 0)

    return run


@pytest.fixture
def made(dqx):
    namespace = {"__name__": "location"}
    exec(LOCATION, namespace)
    job = namespace["defs"].resolve_implicit_global_asset_job_def()
    alone = job.get_subset(asset_selection={dg.AssetKey("sales")}, asset_check_selection=set())
    with dg.DagsterInstance.get() as instance:
        job.execute_in_process(instance=instance, tags=span("2026-01-01|train", "2026-01-01|eval"))
        alone.execute_in_process(instance=instance, tags=span("2026-01-02|train", "2026-01-02|eval"))
        yield [run.run_id for run in instance.get_runs()]


def test_each_partition_has_its_version_its_materialization_and_its_verdicts(dqx, made):
    out, err, code = dqx("sales", "--location", "location.py", "--json")
    first, other, second, *_ = json.loads(out)

    assert code == 0, err
    assert (first["partition"], first["state"], first["run"], first["version"]) == (
        "2026-01-01|train", "judged", made[1], 1,
    )  # fmt: skip
    assert first["judged_by"] == [made[1]]
    assert first["rows"] + other["rows"] == 24
    assert first["verdicts"] == {"PASSED": 5, "SKIPPED": 1}
    assert (second["partition"], second["state"], second["verdicts"]) == ("2026-01-02|train", "never judged", {})
    assert len(second["unjudged"]) == 6


def test_the_table_shows_those_that_are_asked_for_and_counts_all(dqx, made):
    out, _, _ = dqx("sales", "--location", "location.py", "--unjudged")

    assert "2026-01-02|eval" in out
    assert "2026-01-01|" not in out
    assert "2026-01-03|" not in out
    assert out.rstrip().endswith("sales: 2 judged, 2 never judged, 2 not materialized.")


def test_an_asset_that_is_not_there_is_told_with_the_nearest(dqx):
    _, err, code = dqx("sale", "--location", "location.py")

    assert code == 2
    assert "has no asset 'sale'. Did you mean 'sales'?" in err
