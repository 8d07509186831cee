"""Datasets that are made and tables that are described, or refused with the way out."""

from __future__ import annotations

import pytest

from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables, Field
from dqx_core.errors import EngineError, NotRunError
from tests.bigquery.server import Fault


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
