"""Results through the Storage API when that is configured, and through REST when it is not."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal

import grpc
import pyarrow as pa
import pytest
from sqlglot import exp

from dqx_core.engines.bigquery import LARGE, BigQuery
from dqx_core.engines.bigquery_tables import BigQueryTables, Layout
from dqx_core.errors import DefinitionError, NotRunError
from tests.bigquery.reads import Reads

DAY = dt.date(2024, 1, 1)

# Said by one of Google's packages of another, which calls it.
pytestmark = pytest.mark.filterwarnings("ignore:Retrieving Arrow record batches:PendingDeprecationWarning")


@pytest.fixture
def reads(server, client):
    """Both services, over a table that is large."""
    tables = BigQueryTables(BigQuery(client))
    tables.make_dataset("shop")
    n = range(LARGE)
    rows = pa.table(
        {
            "day": pa.array([DAY] * LARGE),
            "n": [2**62 + each for each in n],
            "price": [each / 3 for each in n],
            "cost": pa.array([Decimal(each) / 1_000_000_000 for each in n], pa.decimal128(38, 9)),
            "name": [f"ü{each}" if each % 3 else None for each in n],
            "at": pa.array([dt.datetime(2024, 1, 1, 0, 0, each % 60) for each in n], pa.timestamp("us", "UTC")),
        }
    )
    tables.load(rows, "shop.sales", Layout("day"))
    running = Reads(server, batch_rows=1_000).start()
    yield running
    running.stop()


def everything(order=None):
    query = exp.select("*").from_(exp.table_("sales", db="shop", quoted=True))
    return query if order is None else query.order_by(order)


def pages(server):
    return [path for method, path, _ in server.requests if method == "GET" and "/queries/" in path]


def test_a_large_result_comes_through_the_storage_api_when_that_is_configured(server, client, reads):
    plain, fast = BigQuery(client), BigQuery(client, storage_api=reads.client)
    here, there = plain.run(everything("n")), fast.run(everything("n"))
    assert there.equals(here)
    assert there.schema.equals(here.schema)
    assert (there.num_rows, reads.sent) == (LARGE, LARGE)
    [table] = reads.sessions
    assert table == f"projects/local/datasets/_results/tables/{fast.jobs[-1].id}"


def test_rows_without_an_order_come_in_several_streams_and_all_of_them(client, reads):
    rows = BigQuery(client, storage_api=reads.client).run(everything())
    assert sorted(rows["n"].to_pylist()) == [2**62 + n for n in range(LARGE)]
    assert reads.sent == LARGE


def test_a_small_result_takes_no_second_service(client, reads):
    fast = BigQuery(client, storage_api=reads.client)
    assert fast.run(everything().limit(LARGE - 1)).num_rows == LARGE - 1
    assert reads.sessions == []


def test_rest_is_taken_when_it_is_not_configured_though_its_package_is_there(server, client, reads, monkeypatch):
    def dialled(*_):
        raise AssertionError("the Storage API was dialled")

    monkeypatch.setattr(grpc, "secure_channel", dialled)
    server.page_rows = LARGE // 4
    server.requests.clear()
    assert BigQuery(client).run(everything()).num_rows == LARGE
    assert len(pages(server)) >= 4
    assert reads.sessions == []


def test_an_account_without_the_right_is_told_the_role(client, reads):
    reads.refused = grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(NotRunError, match="Read Session User"):
        BigQuery(client, storage_api=reads.client).run(everything())


def test_without_its_package_it_is_refused_with_the_way_out(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery_storage", None)
    with pytest.raises(DefinitionError, match="google-cloud-bigquery-storage"):
        BigQuery(client, storage_api=True).run(exp.select("1 AS one"))
