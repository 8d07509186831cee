"""What BigQuery refuses, what is tried again, and what a person is told."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import dagster as dg
import pytest
from google.cloud import bigquery

from dqx_core import InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.errors import EngineError, NotRunError
from tests.bigquery.conftest import client_of
from tests.bigquery.engine.conftest import DAYS, select, suite
from tests.bigquery.rest import RestError
from tests.bigquery.server import Fault


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


@pytest.mark.parametrize(
    ("reason", "way_out"),
    [
        ("stopped", "Somebody cancelled it in BigQuery"),
        ("resourcesExceeded", "judge fewer days at a time"),
        ("timeout", "try again when the service answers"),
    ],
)
def test_a_job_that_came_to_no_end_is_not_run_again_in_parts(server, source, reason, way_out):
    server.job_fault = lambda configuration: RestError(400, reason, "Job execution came to no end")
    before = len(server.jobs)
    with pytest.raises(NotRunError, match=way_out):
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
