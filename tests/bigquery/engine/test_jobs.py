"""What a job says of who asked for it, where it runs, what it reads, and the limit that it may not pass."""

from __future__ import annotations

import pytest
from sqlglot import exp

from dqx_core import InMemoryMetricDB, ResultKey
from dqx_core.engines.bigquery import BigQuery, in_units, label
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.jobs import jobs_of, recording
from dqx_core.errors import DefinitionError, EngineError, NotRunError
from tests.bigquery.conftest import client_of
from tests.bigquery.engine.conftest import DAYS, select, suite

MIB = 2**20


def jobs_inserted(server, kind="query"):
    return [
        body["configuration"]
        for method, path, body in server.requests
        if method == "POST" and path.endswith("/jobs") and kind in body["configuration"]
    ]


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
