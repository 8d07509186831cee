"""`dqx datasets` on BigQuery, as a person types it."""

import io
import json
import sys
import time

import pytest

from dqx_core.datasets import define, new_text
from dqx_dagster.cli import main, printing
from tests.bigquery.datasets.conftest import sell
from tests.bigquery.server import Fault, service_account
from tests.core.datasets.shop import DAILY, changed


@pytest.fixture
def dqx(server, client, tmp_path, monkeypatch, capsys):
    sell(server, client)
    key = tmp_path / "key.json"
    key.write_text(json.dumps(service_account(server.address)))
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "daily.yaml").write_text(new_text(define(changed(DAILY, status="active"))))
    for name, value in {
        "BIGQUERY_EMULATOR_HOST": server.address,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "DQX_DATASETS": str(tmp_path / "datasets"),
        "DQX_STORE": f"sqlite:///{tmp_path / 'metrics.db'}",
        "DQX_BIGQUERY_PROJECT": "local",
    }.items():
        monkeypatch.setenv(name, value)
    before, printing.out.width = printing.out.width, 200

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dqx", "datasets", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return printed.out, printed.err, int(stopped.value.code or 0)

    yield run
    printing.out.width = before


def test_a_query_is_validated_with_bytes_and_cost(dqx):
    out, err, code = dqx("validate-query", "daily", "--date", "2024-01-03", "--price-per-tib", "6.25", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["problems"] == []
    assert found["cost"] == pytest.approx(len(found["tables"]) * 10 * 2**20 / 2**40 * 6.25)
    assert 0 < found["bytes"] < sum(table["bytes"] for table in found["tables"])


def test_a_query_is_in_bigquerys_sql_unless_another_is_asked_for(dqx):
    assert "`raw_data`" in dqx("query", "daily", "--date", "2024-01-03")[0]
    assert '"raw_data"' in dqx("query", "daily", "--date", "2024-01-03", "--dialect", "duckdb")[0]


def test_the_wizard_offers_the_joins_it_finds_on_bigquery(dqx, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("weekly\n\ntransactions\n"))
    out, _, code = dqx("new")
    assert code == 1  # whoever stops answering leaves
    assert "Join raw_data.products on product_id = id?" in " ".join(out.split())


def test_partitions_are_written_to_a_table_and_listed(dqx, client):
    out, err, code = dqx("materialize", "daily", "--date", "2024-01-03", "--bigquery-dataset", "kept")
    assert code == 0, err
    assert "kept.daily$20240103" in out
    assert client.get_table("local.kept.daily").num_rows > 100


def test_what_made_a_partition_is_found_again(dqx):
    dqx("materialize", "daily", "--date", "2024-01-03")
    out, err, code = dqx("manifest", "daily", "--date", "2024-01-03", "--split", "eval", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["definition_hash"], found["split"]) == (define(changed(DAILY)).definition_hash, "eval")
    assert found["window"]["whole"] == ["2024-01-03", "2024-01-04"]
    assert "FROM `raw_data`.`transactions`" in found["sql"]
    out, _, _ = dqx("manifest", "daily", "--date", "2024-01-03")
    assert found["definition_hash"] in out
    _, err, code = dqx("manifest", "daily", "--date", "2024-01-04")
    assert (code, "has no partition 2024-01-04 train" in err) == (2, True)


def test_a_limit_is_told_in_one_line_without_a_trace(dqx):
    out, err, code = dqx("materialize", "daily", "--date", "2024-01-03", "--maximum-bytes-billed", "10")
    assert code == 3  # the engine, not the definition
    assert "maximum_bytes_billed=10" in err
    assert "Traceback" not in out + err


def test_a_service_that_does_not_answer_is_waited_for_as_long_as_is_said(dqx, server):
    server.faults.append(Fault("POST", "/jobs$", 503, "backendError", times=10**6))
    began = time.monotonic()
    _, err, code = dqx("materialize", "daily", "--date", "2024-01-03", "--bigquery-patience", "0.2")
    assert (code, time.monotonic() - began < 20) == (3, True)
    assert "try again when the service answers" in err


def test_tables_of_the_project_are_shown(dqx):
    out, _, code = dqx("tables")
    assert code == 0
    assert "raw_data.transactions" in out


def test_a_dataset_is_exported_to_a_bucket(dqx, tmp_path):
    dqx("materialize", "daily", "--date", "2024-01-03")
    out, err, code = dqx("export", "daily", "gs://bucket/daily/*.parquet", "--date", "2024-01-03")
    assert (code, out) == (0, "Wrote daily to gs://bucket/daily/*.parquet.\n"), err
    assert [file.suffix for file in (tmp_path / "buckets/bucket/daily").iterdir()] == [".parquet"]
    _, err, code = dqx("export", "daily", "/tmp/daily")
    assert code != 0
    assert "Write gs://bucket/folder/*.parquet" in err


def test_a_dataset_that_is_not_there_is_told_with_the_option_that_names_another(dqx):
    _, err, code = dqx("tables", "--schema", "lake")
    assert (code, err.startswith("DefinitionError: There is no dataset 'lake' in project 'local'.")) == (2, True)
    assert "--schema" in err
