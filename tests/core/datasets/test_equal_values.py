"""Values that are equal and not the same have one order in files and one fingerprint."""

from __future__ import annotations

import duckdb
import pytest

from dqx_core.datasets import define, materialize
from dqx_core.engines.duckdb import DuckDB
from tests.core.datasets.shop import day


def written(values, folder, threads):
    """The bytes and the fingerprint of a dataset that is these values, in whatever order they stand in the table."""
    connection = duckdb.connect(config={"threads": threads, "preserve_insertion_order": False})
    rows = ", ".join(f"({value})" for value in values)
    connection.execute(f"CREATE SCHEMA raw_data; CREATE TABLE raw_data.t AS SELECT col0 AS value FROM (VALUES {rows})")
    whole = {"name": "t", "source": {"table": "raw_data.t"}, "partitions": {"start": day(1), "content": "snapshot"}}
    [made] = materialize(define(whole), [day(1)], engine=DuckDB(connection), root=folder)
    return (made.path / "part-0.parquet").read_bytes(), made.fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-0.0::DOUBLE", "0.0::DOUBLE"),
        ("-0.0::FLOAT", "0.0::FLOAT"),
        ("'nan'::DOUBLE", "-('nan'::DOUBLE)"),
        ("[1, -0.0::DOUBLE]", "[1, 0.0::DOUBLE]"),
        ("{'a': -0.0::FLOAT}", "{'a': 0.0::FLOAT}"),
        ("INTERVAL '30 days'", "INTERVAL '1 month'"),
    ],
)
def test_equal_values_stand_in_one_order_and_have_one_fingerprint(tmp_path, one, other):
    mixed = [one, other] * 40
    before = written(mixed, tmp_path / "a", 1)
    assert written(mixed[::-1], tmp_path / "b", 2) == before
    assert written([other] * 40 + [one] * 40, tmp_path / "c", 2) == before
    assert written([one] * 80, tmp_path / "d", 1)[1] == before[1]
