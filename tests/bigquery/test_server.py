"""The server speaks to the real client as BigQuery does, as far as the client can tell."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.bigquery.server import Fault

ALL_TYPES = pa.table(
    {
        "n": pa.array([1, None, -(2**63)], pa.int64()),
        "x": pa.array([1.5, None, float("inf")], pa.float64()),
        "d": pa.array([Decimal("1.10"), None, Decimal("-2.25")], pa.decimal128(12, 2)),
        "s": pa.array(["a'b", None, "日本"], pa.string()),
        "b": pa.array([True, None, False], pa.bool_()),
        "raw": pa.array([b"\x00\xff", None, b""], pa.binary()),
        "day": pa.array([dt.date(2024, 1, 1), None, dt.date(2024, 1, 2)], pa.date32()),
        "clock": pa.array([dt.datetime(2024, 1, 1, 12, 0, 0, 5), None, dt.datetime(1900, 1, 1)], pa.timestamp("us")),
        "at": pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None, None], pa.timestamp("us", "UTC")),
        "items": pa.array([[1, 2], [], []], pa.list_(pa.int64())),
    }
)


def load(client, table, rows, **config):
    file = io.BytesIO()
    pq.write_table(rows, file)
    file.seek(0)
    job = client.load_table_from_file(file, table, job_config=bigquery.LoadJobConfig(source_format="PARQUET", **config))
    job.result()
    return job


@pytest.fixture
def loaded(client):
    client.create_dataset("raw")
    load(client, "local.raw.types", ALL_TYPES)
    return client


def test_every_type_comes_back_as_it_was_loaded(loaded):
    table = loaded.query("SELECT * FROM raw.types ORDER BY day").to_arrow(create_bqstorage_client=False)
    expected = ALL_TYPES.take([1, 0, 2])
    for name in ALL_TYPES.column_names:
        assert table[name].to_pylist() == expected[name].to_pylist(), name
    kinds = {f.name: f.field_type for f in loaded.get_table("local.raw.types").schema}
    assert (kinds["n"], kinds["clock"], kinds["at"], kinds["d"]) == ("INTEGER", "DATETIME", "TIMESTAMP", "NUMERIC")


def test_results_come_in_pages(loaded, server):
    server.page_rows = 2
    rows = list(loaded.query("SELECT n FROM raw.types").result())
    assert len(rows) == 3
    asked = [path for method, path, _ in server.requests if method == "GET" and "/queries/" in path]
    assert len(asked) >= 2


def test_both_ways_of_asking_give_the_same(loaded):
    sql = "SELECT SUM(n) AS total FROM raw.types WHERE n > 0"
    inserted = [tuple(row) for row in loaded.query(sql).result()]
    assert [tuple(row) for row in loaded.query_and_wait(sql)] == inserted == [(1,)]


def test_a_dry_run_counts_the_bytes_of_the_columns_that_are_used(loaded):
    def read(sql):
        job = loaded.query(sql, job_config=bigquery.QueryJobConfig(dry_run=True))
        assert job.state == "DONE"
        return job.total_bytes_processed

    assert read("SELECT n FROM raw.types") == 16
    assert read("SELECT n, x FROM raw.types") == 32
    assert read("SELECT n FROM (SELECT * FROM raw.types)") == 16
    assert read("SELECT COUNT(*) FROM raw.types") == 0
    assert read("SELECT s FROM raw.types") == 2 + 3 + 2 + 6
    assert [f.field_type for f in loaded.query(
        "SELECT CAST(n AS FLOAT64) AS f FROM raw.types", job_config=bigquery.QueryJobConfig(dry_run=True)
    ).schema] == ["FLOAT"]  # fmt: skip


def test_partitions_that_literals_leave_out_are_not_read(client):
    client.create_dataset("raw")
    days = pa.table({"day": [dt.date(2024, 1, 1)] * 3 + [dt.date(2024, 1, 2)] * 5, "n": list(range(8))})
    load(client, "local.raw.days", days, time_partitioning=bigquery.TimePartitioning(field="day"))
    sql = (
        "SELECT day, SUM(n) AS n FROM (SELECT * FROM raw.days) AS data WHERE data.day >= DATE '2024-01-02' GROUP BY day"
    )
    assert client.query(sql, job_config=bigquery.QueryJobConfig(dry_run=True)).total_bytes_processed == 5 * 16


def test_a_query_above_its_limit_is_refused(loaded):
    job = loaded.query("SELECT n FROM raw.types", job_config=bigquery.QueryJobConfig(maximum_bytes_billed=1000))
    with pytest.raises(exceptions.GoogleAPICallError, match="exceeded limit for bytes billed: 1000"):
        job.result()


@pytest.mark.parametrize("status", [429, 503])
def test_what_passes_is_tried_again_by_the_client(loaded, server, status):
    reason = {429: "rateLimitExceeded", 503: "backendError"}[status]
    server.faults.append(Fault("POST", "/jobs$", status, reason, times=2))
    server.faults.append(Fault("GET", "/queries/", status, reason, times=1))
    retry = bigquery.DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02)
    assert len(list(loaded.query("SELECT n FROM raw.types", retry=retry).result(retry=retry))) == 3
    assert not any(fault.times for fault in server.faults)


@pytest.mark.parametrize(
    ("sql", "kind", "message"),
    [
        ("SELECT n FROM raw.nothing", exceptions.NotFound, "Table local:raw.nothing"),
        ("SELECT n FROM nowhere.types", exceptions.NotFound, "Table local:nowhere.types"),
        ("SELECT m FROM raw.types", exceptions.BadRequest, "m"),
        ("SELECT FROM WHERE", exceptions.BadRequest, "Syntax error"),
        ("SELECT n FROM raw.types WHERE at > DATE '2024-01-01'", exceptions.BadRequest, "TIMESTAMP, DATE"),
        ("SELECT n, COUNT(*) FROM raw.types", exceptions.BadRequest, "neither grouped nor aggregated"),
        ("SELECT ERROR('of my own') FROM raw.types", exceptions.BadRequest, "of my own"),
    ],
)
def test_what_cannot_run_is_told_as_bigquery_tells_it(loaded, sql, kind, message):
    with pytest.raises(kind, match=message):
        loaded.query(sql, job_retry=None).result()


def test_a_job_under_way_can_be_cancelled(loaded, server):
    server.running.clear()
    job = loaded.query("SELECT n FROM raw.types")
    assert job.state == "RUNNING"
    job.cancel()
    with pytest.raises(exceptions.GoogleAPICallError, match="cancelled"):
        job.result(job_retry=None)


def parted(client, name, rows):
    load(
        client, f"local.raw.{name}", rows,
        time_partitioning=bigquery.TimePartitioning(field="day"), clustering_fields=["split"],
    )  # fmt: skip


def day_of(number, **columns):
    rows = len(next(iter(columns.values())))
    return pa.table({"day": [dt.date(2024, 1, number)] * rows, **columns})


def test_a_partition_is_replaced_by_a_copy_and_others_stay(client):
    client.create_dataset("raw")
    parted(client, "kept", pa.concat_tables([day_of(1, split=["a", "b"]), day_of(2, split=["c"])]))
    parted(client, "fresh", day_of(1, split=["x"]))
    before = versions(client, "kept")
    config = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    client.copy_table("local.raw.fresh$20240101", "local.raw.kept$20240101", job_config=config).result()
    rows = client.query("SELECT split FROM raw.kept ORDER BY split").result()
    assert [row.split for row in rows] == ["c", "x"]
    after = versions(client, "kept")
    assert after["20240101"] > before["20240101"]
    assert after["20240102"] == before["20240102"]


def versions(client, table):
    sql = (
        "SELECT partition_id, last_modified_time FROM raw.INFORMATION_SCHEMA.PARTITIONS "
        f"WHERE table_name = '{table}' AND partition_id IS NOT NULL"
    )
    return {row.partition_id: row.last_modified_time for row in client.query(sql).result()}


def test_rows_of_another_day_and_another_layout_are_refused(client):
    client.create_dataset("raw")
    parted(client, "kept", day_of(1, split=["a"]))
    load(client, "local.raw.flat", day_of(1, split=["x"]))
    config = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    with pytest.raises(exceptions.BadRequest, match="Incompatible table partitioning"):
        client.copy_table("local.raw.flat", "local.raw.kept$20240101", job_config=config).result()
    into = bigquery.QueryJobConfig(destination="local.raw.kept$20240102", write_disposition="WRITE_TRUNCATE")
    with pytest.raises(exceptions.BadRequest, match="different partitions"):
        client.query("SELECT day, split FROM raw.kept", job_config=into).result()
    assert client.get_table("local.raw.kept").num_rows == 1


def test_tables_are_made_listed_described_and_deleted(client):
    client.create_dataset("raw")
    table = bigquery.Table("local.raw.made", schema=[bigquery.SchemaField("n", "INT64")])
    table.description = "What it is"
    table.labels = {"made_by": "test"}
    client.create_table(table)
    with pytest.raises(exceptions.Conflict):
        client.create_table(table)
    assert [t.table_id for t in client.list_tables("raw")] == ["made"]
    found = client.get_table("local.raw.made")
    assert (found.description, found.labels, found.num_rows, found.location) == (
        "What it is",
        {"made_by": "test"},
        0,
        "EU",
    )
    found.schema = [*found.schema, bigquery.SchemaField("s", "STRING")]
    client.update_table(found, ["schema"])
    assert [f.name for f in client.get_table("local.raw.made").schema] == ["n", "s"]
    client.delete_table("local.raw.made")
    with pytest.raises(exceptions.NotFound):
        client.get_table("local.raw.made")
    assert [d.dataset_id for d in client.list_datasets()] == ["raw"]
    client.delete_dataset("raw", delete_contents=True)
    with pytest.raises(exceptions.NotFound):
        client.get_dataset("raw")


def test_a_table_is_extracted_to_a_bucket(loaded, tmp_path):
    config = bigquery.ExtractJobConfig(destination_format="PARQUET")
    loaded.extract_table("local.raw.types", "gs://bucket/types/*.parquet", job_config=config).result()
    (file,) = (tmp_path / "buckets" / "bucket" / "types").iterdir()
    assert pq.read_table(file)["n"].to_pylist() == ALL_TYPES["n"].to_pylist()


def test_a_job_is_not_inserted_twice(loaded):
    first = loaded.query("SELECT 1 AS one FROM raw.types", job_id="mine", job_retry=None)
    first.result()
    again = loaded.get_job("mine")
    assert (again.state, again.labels, again.location) == ("DONE", {}, "EU")
