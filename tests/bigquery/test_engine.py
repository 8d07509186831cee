"""The engine against the local server: what it asks for, what it refuses, what it remembers."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import threading
import time

import dagster as dg
import pyarrow as pa
import pytest
from google.cloud import bigquery
from sqlglot import exp

from dqx_core import InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.engines.bigquery import BigQuery, in_units, label
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables, Field, Layout
from dqx_core.engines.jobs import jobs_of, recording
from dqx_core.errors import DefinitionError, EngineError, NotRunError
from dqx_core.sql.names import table_of
from tests.bigquery.conftest import client_of
from tests.bigquery.server import Fault
from tests.bigquery.warehouse import RestError

DAYS = [dt.date(2024, 1, day) for day in range(1, 5)]
MIB = 2**20


def rows(days=DAYS, per_day=3):
    listed = [(day, float(n), f"s{n}", "train" if n else "eval") for day in days for n in range(per_day)]
    day, price, email, split = zip(*listed, strict=True)
    return pa.table({"day": pa.array(day), "price": price, "email": email, "split": split})


@pytest.fixture
def engine(server, client):
    made = BigQuery(client)
    tables = BigQueryTables(made)
    tables.make_dataset("shop")
    tables.load(rows(), "shop.sales", Layout("day", ("split",)))
    return made


@pytest.fixture
def source(engine):
    return BigQueryDataSource.from_table(engine, "shop.sales", "sales", dimensions={"split": "split"})


@check(name="Prices", datasets=["sales"])
def prices(mp, ctx):
    ctx.assert_that(mp.average("price")).where(name="Average").is_eq(1.0)
    ctx.assert_that(mp.num_rows() - mp.num_rows(lag=1)).where(name="As many as yesterday").is_zero()
    ctx.assert_that(mp.unique_count("email")).where(name="Emails").is_eq(3)


def suite(db=None, **options):
    return VerificationSuite([prices], db or InMemoryMetricDB(), "Prices & co", **options)


def select(*columns, table="sales"):
    return exp.select(*columns).from_(exp.table_(table, db="shop", quoted=True))


def jobs_inserted(server, kind="query"):
    return [
        body["configuration"]
        for method, path, body in server.requests
        if method == "POST" and path.endswith("/jobs") and kind in body["configuration"]
    ]


# What runs.


def test_a_suite_runs_over_a_table_and_every_verdict_is_there(source):
    results = suite().run([source], ResultKey(DAYS[2]))
    assert [str(r.status) for r in results] == ["PASSED"] * 3


def test_the_date_column_is_the_one_that_parts_the_table(source):
    assert source.date_column == "day"
    assert dict(source.schema) == {"day": "DATE", "price": "FLOAT64", "email": "STRING", "split": "STRING"}


def test_a_range_of_days_is_one_statement_per_kind_of_metric_whatever_its_length(engine, source):
    suite().run_many([source], [ResultKey(day) for day in DAYS[:1]])
    one = [sql for sql in engine.statements if "INFORMATION_SCHEMA" not in sql]
    suite().run_many([source], [ResultKey(day, {"split": s}) for day in DAYS for s in ("train", "eval")])
    all_days = [sql for sql in engine.statements if "INFORMATION_SCHEMA" not in sql][len(one) :]
    assert len(one) == len(all_days) == 2
    assert "GROUP BY" in all_days[0]


def test_only_the_partitions_and_columns_of_the_question_are_read(engine, source):
    suite(history="isolated").run([source], ResultKey(DAYS[3]))
    scanned = [job for job in engine.jobs if job.bytes_processed]
    # Two days (yesterday's rows are asked for) of day, price: 3 rows each of 8 bytes; then one day of day, email.
    assert [job.bytes_processed for job in scanned] == [2 * 3 * 16, 3 * (8 + 4)]
    assert [job.bytes_estimated for job in scanned] == [job.bytes_processed for job in scanned]


def described(server, table, **changes):
    """Have the project say something else of a table of dataset `shop`."""
    server.warehouse.say("shop", table, server.warehouse.said("shop", table) | changes)


def test_a_table_that_must_be_asked_for_its_partitions_is_measured(engine, server):
    described(server, "sales", requirePartitionFilter=True)
    with pytest.raises(EngineError, match="without a filter over column"):
        engine.run(select("price"))
    source = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    assert [str(r.status) for r in suite().run([source], ResultKey(DAYS[2]))] == ["PASSED"] * 3


@pytest.fixture
def loaded(engine, server):
    """A table that is parted by the time of loading: four days of three rows."""
    server.warehouse.connection.execute(
        "CREATE TABLE shop.loaded AS SELECT day::TIMESTAMPTZ AS _PARTITIONTIME, price, email FROM shop.sales"
    )
    fields = [
        field for field in server.warehouse.said("shop", "sales")["fields"] if field["name"] in ("price", "email")
    ]
    days = {f"{day:%Y%m%d}": 1 for day in DAYS}
    said = {"fields": fields, "created": 1, "modified": 1, "partitions": days, "timePartitioning": {"type": "DAY"}}
    server.warehouse.say("shop", "loaded", said)
    return "shop.loaded"


def test_a_table_that_is_parted_by_the_time_of_loading_is_measured_a_day_at_a_time(engine, server, loaded):
    source = BigQueryDataSource.from_table(engine, loaded, "sales")
    assert dict(source.schema) == {"price": "FLOAT64", "email": "STRING", "partition_time": "TIMESTAMP"}
    assert source.date_column == "partition_time"
    assert [str(r.status) for r in suite(history="isolated").run([source], ResultKey(DAYS[2]))] == ["PASSED"] * 3
    assert [job.bytes_processed for job in engine.jobs if job.bytes_processed] == [2 * 3 * 8, 3 * 4]
    first = {day: source.data_version(day, {}) for day in DAYS}
    described(server, "loaded", partitions={f"{day:%Y%m%d}": 1 + (day == DAYS[1]) for day in DAYS})
    again = BigQueryDataSource.from_table(engine, loaded, "sales")
    assert [day for day in DAYS if again.data_version(day, {}) != first[day]] == [DAYS[1]]


def test_a_query_is_a_source_too(engine):
    sql = "SELECT * FROM shop.sales WHERE split = 'train'"
    source = BigQueryDataSource.from_query(engine, sql, "sales", date_column="day")
    assert source.query(exp.select("COUNT(*) AS n").from_(source.relation().subquery("d"))).to_pylist() == [{"n": 8}]
    with pytest.raises(DefinitionError, match="needs one query"):
        BigQueryDataSource.from_query(engine, "DROP TABLE shop.sales", "sales")


def test_results_of_many_pages_come_whole(engine, server):
    server.page_rows = 5
    assert engine.run(select("price")).num_rows == 12


# What it is told by.


def test_jobs_say_who_asked(source, server):
    verification = suite(execution_id="Run 42/A")
    verification.run([source], ResultKey(DAYS[2]))
    labels = [c["labels"] for c in jobs_inserted(server) if "SUM" in c["query"]["query"]]
    assert labels
    assert labels[0] == {"dqx_suite": "prices-co", "dqx_execution_id": "run-42-a", "dqx_dataset": "sales"}


@pytest.mark.parametrize("text", ["Größe & mehr", "x" * 100, "a_b-c", ""])
def test_labels_have_the_characters_that_they_may(text):
    assert len(label(text)) <= 63
    assert set(label(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")


def test_labels_of_a_persons_own_go_with_every_job_and_never_hide_ours(server, client):
    client.create_dataset("shop")
    BigQuery(client, labels={"Team": "Data Science"}).run(exp.select("1 AS one"))
    assert jobs_inserted(server)[-1]["labels"] == {"team": "data-science"}
    for labels in ({"1st": "a"}, {"": "a"}, {"a b": "1", "a-b": "2"}, {"dqx_suite": "mine"}):
        with pytest.raises(DefinitionError, match="cannot be the name of a label"):
            BigQuery(client, labels=labels)


def test_jobs_and_bytes_are_kept_with_the_execution(engine, source):
    db = InMemoryMetricDB()
    verification = suite(db)
    with recording() as jobs:
        verification.run([source], ResultKey(DAYS[2]))
    kept = jobs_of(db.execution(verification.execution_id).unwrap().parameters)
    assert {job.id for job in kept} == {job.id for job in jobs} == {job.id for job in engine.jobs} - {engine.jobs[0].id}
    scans = [job for job in kept if job.bytes_processed]
    assert all(job.bytes_billed == 10 * MIB for job in scans)
    assert all(job.id.startswith("dqx_") and job.location == "EU" and job.id in job.url for job in kept)


def test_jobs_of_two_suites_of_one_execution_add_up(source):
    db = InMemoryMetricDB()
    for _ in range(2):
        suite(db, execution_id="one", history="isolated").run([source], ResultKey(DAYS[2]))
        source._data_version = None  # so that the second measures again
    assert len(jobs_of(db.execution("one").unwrap().parameters)) > 3


def test_the_location_is_that_of_the_dataset(engine, server):
    server.requests.clear()
    fresh = BigQuery(client_of(server))
    fresh.run(select("price"))
    references = [body["jobReference"] for method, _, body in server.requests if method == "POST"]
    assert {reference["location"] for reference in references} == {"EU"}
    assert len([1 for method, path, _ in server.requests if method == "GET" and path.endswith("/datasets/shop")]) == 1
    fresh.close()


def test_another_location_is_an_error_that_says_so(server, client):
    client.create_dataset("shop")
    with pytest.raises(EngineError, match="not found in location"):
        BigQuery(client, location="US").run(exp.select("1 AS one"))


# What limits it.


def test_a_statement_above_the_limit_is_refused_before_it_runs(server, source):
    limited = BigQuery(client_of(server), maximum_bytes_billed=50)
    tight = BigQueryDataSource.from_table(limited, "shop.sales", "sales", data_version=lambda *_: None)
    server.requests.clear()
    db = InMemoryMetricDB()
    with pytest.raises(NotRunError, match=r"it would read 192 B, and 50 B may be billed .* it was not run") as caught:
        suite(db).run_many([tight], [ResultKey(day) for day in DAYS[1:4]])
    assert "Ask for fewer days or columns, or raise the limit." in str(caught.value)
    assert [c for c in jobs_inserted(server) if not c.get("dryRun")] == []
    assert db.info().numbers == 0
    limited.close()


def test_the_limit_goes_with_the_job_so_that_bigquery_holds_it_too(server, engine):
    limited = BigQuery(client_of(server), maximum_bytes_billed=MIB)  # above what is read, below what is billed
    with pytest.raises(NotRunError, match="exceeded limit for bytes billed: 1048576"):
        limited.run(select("price"))
    assert jobs_inserted(server)[-1]["query"]["maximumBytesBilled"] == str(MIB)
    limited.close()
    with pytest.raises(DefinitionError, match="above 0"):
        BigQuery(maximum_bytes_billed=0)


def test_an_estimate_runs_nothing(engine, server):
    before = len(server.jobs)
    estimate = engine.estimate(select("price", "email"))
    assert (estimate.bytes, dict(estimate.schema)) == (12 * 12, {"price": "FLOAT64", "email": "STRING"})
    assert len(server.jobs) == before


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**40, "5.0 TiB")])
def test_bytes_are_written_for_people(count, text):
    assert in_units(count) == text


# What goes wrong.


def test_bigquery_refuses_and_the_error_holds_its_reason_and_the_sql(engine):
    with pytest.raises(EngineError, match=r"BigQuery could not check a statement: .*(?s:.*)nowhere") as caught:
        engine.run(select("nowhere"))
    assert not isinstance(caught.value, NotRunError)
    assert "http://" not in str(caught.value)


def test_one_bad_metric_spoils_only_its_own_assertions(source):
    @check(name="Mixed", datasets=["sales"])
    def mixed(mp, ctx):
        ctx.assert_that(mp.custom_sql("SUM(ERROR(email))")).where(name="Bad").noop()
        ctx.assert_that(mp.num_rows()).where(name="Good").is_eq(3)

    results = VerificationSuite([mixed], InMemoryMetricDB(), "Mixed").run([source], ResultKey(DAYS[0]))
    assert {r.assertion: str(r.status) for r in results} == {"Bad": "ERROR", "Good": "PASSED"}


@pytest.mark.parametrize(("status", "reason"), [(429, "rateLimitExceeded"), (503, "backendError")])
def test_what_passes_is_tried_again(engine, server, status, reason):
    server.faults.append(Fault("POST", "/jobs$", status, reason))
    server.faults.append(Fault("GET", "/queries/", status, reason))
    assert engine.run(select("price")).num_rows == 12
    assert not any(fault.times for fault in server.faults)


def test_a_job_that_failed_for_a_reason_of_bigquerys_is_run_again(engine, server):
    faults = [RestError(400, "backendError", "try again")]
    server.job_fault = lambda configuration: faults.pop() if faults and "query" in configuration else None
    assert engine.run(select("price")).num_rows == 12


@pytest.mark.parametrize(
    ("status", "reason", "way_out"),
    [
        (403, "accessDenied", "BigQuery Job User"),
        (403, "quotaExceeded", "wait until it fills again"),
        (403, "billingNotEnabled", "billing account"),
        (500, "internalError", "try again when the service answers"),
    ],
)
def test_what_is_no_fault_of_the_statement_is_said_at_once(server, source, status, reason, way_out):
    hurried = BigQuery(client_of(server), patience=0.1)
    fresh = BigQueryDataSource.from_table(hurried, "shop.sales", "sales", data_version=lambda *_: None)
    server.faults.append(Fault("POST", "/jobs$", status, reason, times=1000))
    db = InMemoryMetricDB()
    with pytest.raises(NotRunError, match=way_out):
        suite(db).run([fresh], ResultKey(DAYS[0]))
    assert 1000 - server.faults[0].times < 5  # the suite was not taken apart to find the metric that is to blame
    assert db.info().numbers == 0
    hurried.close()


def test_a_job_that_somebody_cancelled_is_not_run_again_in_parts(server, source):
    server.job_fault = lambda configuration: RestError(400, "stopped", "Job execution was cancelled")
    before = len(server.jobs)
    with pytest.raises(NotRunError, match="Somebody cancelled it in BigQuery"):
        suite(history="isolated").run([source], ResultKey(DAYS[0]))
    assert len(server.jobs) == before + 1


def test_nobody_there_is_an_error_that_says_so():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    from google.auth.credentials import AnonymousCredentials

    with bigquery.Client(
        "local",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://127.0.0.1:{port}"},
    ) as client:
        began = time.monotonic()
        with pytest.raises(NotRunError, match=r"could not be reached .* try again when the service answers"):
            BigQuery(client, patience=0.2).run(select("price"))
        assert time.monotonic() - began < 5


def test_without_credentials_the_way_out_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    with pytest.raises(NotRunError, match="gcloud auth application-default login"):
        BigQuery(project="local").run(select("price"))


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, dg.DagsterExecutionInterruptedError])
def test_an_interrupt_while_a_job_is_waited_for_cancels_it(engine, server, interrupt):
    """As Dagster ends a run: a signal whose handler raises in the main thread, wherever that is."""

    def raise_it(*_):
        raise interrupt

    def under_way():
        while not (
            ours := [job for name, job in server.jobs.items() if name.startswith("dqx_") and not job.done.is_set()]
        ):
            time.sleep(0.01)
        waited_for.extend(ours)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGUSR1)

    waited_for = []
    server.running.clear()
    before = signal.signal(signal.SIGUSR1, raise_it)
    try:
        threading.Thread(target=under_way, daemon=True).start()
        with pytest.raises(interrupt):
            engine.run(select("price"))
    finally:
        signal.signal(signal.SIGUSR1, before)
    (job,) = waited_for
    assert job.cancelled.is_set()
    assert job.resource["status"]["errorResult"]["reason"] == "stopped"


# Versions.


def test_the_version_of_a_day_is_that_of_its_partition(engine, server):
    fresh = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    before = {day: fresh.data_version(day, {}) for day in DAYS}
    assert len(set(before.values())) == 1  # written at once
    tables = BigQueryTables(engine)
    tables.load(rows(DAYS[1:2], 5), "shop.fixed", Layout("day", ("split",)))
    tables.write(exp.select("*").from_(table_of("shop.fixed")), f"shop.sales${DAYS[1]:%Y%m%d}")
    again = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    after = {day: again.data_version(day, {}) for day in DAYS}
    assert [day for day in DAYS if after[day] != before[day]] == [DAYS[1]]
    assert again.data_version(dt.date(2023, 1, 1), {}) == "no partition"


def test_the_versions_of_many_days_take_one_look(engine, server):
    fresh = BigQueryDataSource.from_table(engine, "shop.sales", "sales")
    before = len(engine.statements)
    for day in DAYS:
        fresh.data_version(day, {"split": "train"})
    assert len(engine.statements) == before + 1


def test_a_table_without_partitions_has_one_version(engine):
    tables = BigQueryTables(engine)
    tables.load(rows(), "shop.flat")
    flat = BigQueryDataSource.from_table(engine, "shop.flat", date_column="day")
    before = flat.data_version(DAYS[0], {})
    assert before == flat.data_version(DAYS[1], {})
    tables.load(rows(), "shop.flat")
    assert BigQueryDataSource.from_table(engine, "shop.flat", date_column="day").data_version(DAYS[0], {}) != before


def test_rows_that_are_still_on_their_way_have_no_version_and_are_measured_again(engine, server):
    def version(table):
        return BigQueryDataSource.from_table(engine, table, date_column="day").data_version(DAYS[0], {})

    BigQueryTables(engine).load(rows(), "shop.flat")
    assert version("shop.sales")
    assert version("shop.flat")
    described(server, "flat", streamingBuffer={"estimatedRows": "7"})
    assert version("shop.flat") is None
    partitions = server.warehouse.said("shop", "sales")["partitions"]
    for moment in (partitions["20240101"], None):
        described(server, "sales", partitions=partitions | {"__UNPARTITIONED__": moment})
        assert version("shop.sales") is None
    described(server, "sales", partitions=partitions | {"20240101": None})
    assert version("shop.sales") is None


def test_a_view_has_no_version_and_is_measured_again(engine, server):
    server.warehouse.connection.execute("CREATE VIEW shop.seen AS FROM shop.sales")
    view = BigQueryDataSource.from_table(engine, "shop.seen", "sales", date_column="day")
    assert view.data_version(DAYS[0], {}) is None
    assert [str(r.status) for r in suite().run([view], ResultKey(DAYS[2]))] == ["PASSED"] * 3


def test_unchanged_days_are_carried_forward_and_changed_ones_measured_again(engine):
    db = InMemoryMetricDB()

    def fresh():
        return BigQueryDataSource.from_table(engine, "shop.sales", "sales")

    suite(db).run([fresh()], ResultKey(DAYS[1]))
    plan = suite(db).plan([fresh()], [ResultKey(DAYS[2])])
    assert [need[1].yyyy_mm_dd for need in plan.carried] == [DAYS[1]]
    tables = BigQueryTables(engine)
    tables.load(rows(DAYS[1:2], 5), "shop.fixed", Layout("day", ("split",)))
    tables.write(exp.select("*").from_(table_of("shop.fixed")), f"shop.sales${DAYS[1]:%Y%m%d}")
    assert not suite(db).plan([fresh()], [ResultKey(DAYS[2])]).carried


# Tables.


def test_a_dataset_that_is_there_needs_no_right_to_make_one(engine, server):
    server.faults.append(Fault("POST", "/datasets$", 403, "accessDenied"))
    BigQueryTables(engine).make_dataset("shop", "EU")
    with pytest.raises(NotRunError, match="Data Viewer"):
        BigQueryTables(engine).make_dataset("another")


def test_a_dataset_that_is_elsewhere_is_refused_with_the_way_out(engine):
    with pytest.raises(EngineError, match=r"it is in EU, and the tables that are read are in US.*Name a dataset in US"):
        BigQueryTables(engine).make_dataset("shop", "US")


def test_a_table_that_is_not_there_is_told_with_the_nearest(engine):
    with pytest.raises(EngineError, match=r"Did you mean 'shop\.sales'"):
        BigQueryDataSource.from_table(engine, "shop.sale")


def test_a_table_is_described_without_reading_it(engine):
    found = BigQueryTables(engine).described("shop.sales")
    assert found.fields[0] == Field("day", "DATE")
    assert (found.partitioned_by, found.granularity, found.clustered_by) == ("day", "DAY", ("split",))
    assert (found.rows, found.kind) == (12, "table")
    assert BigQueryTables(engine).described("shop.nothing") is None
    assert [job.kind for job in engine.jobs] == ["load"]
