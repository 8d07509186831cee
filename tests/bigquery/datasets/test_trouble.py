"""What goes wrong is said, and leaves every partition as it was, or new."""

from __future__ import annotations

import pytest

from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
from dqx_core.datasets.bigquery_storage import BigQueryStorage
from dqx_core.engines.bigquery import BigQuery
from dqx_core.errors import DefinitionError, NotRunError
from tests.bigquery.datasets.conftest import TABLES, days, sell
from tests.bigquery.server import Fault
from tests.core.datasets import shop
from tests.core.datasets.shop import daily, day, ranking


def test_rows_that_must_not_be_are_counted_and_nothing_is_replaced(storage):
    before = storage.materialize(daily(), [day(3)])
    sales = TABLES["transactions"]
    count = int(sales[sales["transaction_date"].dt.date == day(3)]["country"].isna().sum())
    with pytest.raises(DefinitionError, match=f"{count} rows have null in country, where nulls are written to fail"):
        storage.materialize(daily(nulls={"country": "fail"}), [day(3)])
    assert {k.split: k.rows for k in storage.partitions("daily")} == {r.split: r.rows for r in before}


def test_a_join_that_would_multiply_rows_is_refused(storage, server, client):
    import pandas as pd

    sell(server, client, products=pd.concat([shop.products(), shop.products().head(3)]))
    with pytest.raises(DefinitionError, match="3 values of id have more than one row"):
        storage.materialize(ranking(), [day(9)])
    assert "datasets" not in server.warehouse.datasets()


def test_a_service_that_goes_away_leaves_every_partition_old_or_new(server, client):
    hurried = BigQueryStorage(BigQuery(sell(server, client), patience=0.2), "datasets")
    first = hurried.materialize(daily(), days(1, 3))
    sell(server, client, transactions=shop.transactions(seed=2))
    before = {(k.date, k.split): k.rows for k in hurried.partitions("daily")}
    done = []

    def stop_after_two(result):
        done.append(result)
        if len(done) == 2:
            server.faults.append(Fault("", "", 503, "backendError", times=10**6))
            server.faults[-1].method, server.faults[-1].path = "POST", "/jobs$"

    with pytest.raises(NotRunError, match="try again when the service answers"):
        hurried.materialize(daily(), days(1, 3), progress=stop_after_two)
    server.faults.clear()
    after = {(k.date, k.split): k.rows for k in hurried.partitions("daily")}
    changed_days = {r.date for r in done}
    assert changed_days == {day(1)}
    assert {k: v for k, v in after.items() if k[0] != day(1)} == {k: v for k, v in before.items() if k[0] != day(1)}
    assert {k: v for k, v in after.items() if k[0] == day(1)} == {(r.date, r.split): r.rows for r in done}
    assert len(first) == 6


def test_a_materialization_above_the_limit_writes_nothing(server, client):
    limited = BigQueryStorage(BigQuery(sell(server, client), maximum_bytes_billed=5_000), "datasets")
    with pytest.raises(NotRunError, match=r"exceeded limit|may be billed"):
        limited.materialize(daily(), days(1, 3))
    assert not limited.partitions("daily")


def test_a_dataset_that_is_not_there_is_an_error(engine):
    with pytest.raises(DefinitionError, match="no dataset 'nowhere' in project 'local'"):
        BigQueryCatalog(engine, ["nowhere"]).tables()
