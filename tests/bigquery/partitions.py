"""How a table is parted: its column, one of its days, and those that a condition leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from tests.bigquery.rest import RestError

PARTITIONS = "__partitions"
"""The table that stands for the view INFORMATION_SCHEMA.PARTITIONS of its dataset."""
INGESTED = "_partitiontime"  # as sqlglot spells it
"""The column, of tables that are parted by the time of loading, that `*` does not show; DuckDB has a real one."""
VIEW = [
    {"name": name, "type": kind, "mode": "NULLABLE"}
    for name, kind in (
        ("table_schema", "STRING"), ("table_name", "STRING"), ("partition_id", "STRING"), ("total_rows", "INTEGER"),
        ("last_modified_time", "TIMESTAMP"),
    )
]  # fmt: skip
"""The columns of INFORMATION_SCHEMA.PARTITIONS."""


def partition_column(said: Mapping[str, Any]) -> str | None:
    """The column by which a table is parted."""
    layout = said.get("timePartitioning")
    return None if layout is None else layout.get("field") or INGESTED


def of_partition(said: Mapping[str, Any], partition: str) -> str:
    """The condition, for DuckDB, that picks the rows of a day, YYYYMMDD."""
    column = partition_column(said)
    if column is None or not re.fullmatch(r"\d{8}", partition):
        raise RestError(400, "invalid", f"Partition decorator ${partition} does not fit the table's partitioning.")
    return f"CAST(\"{column}\" AS DATE) = DATE '{partition[:4]}-{partition[4:6]}-{partition[6:]}'"


def prune(where: exp.Expr, partition: str) -> str:
    """The part of a condition that only looks at the partition column, for DuckDB."""
    parts = where.flatten() if isinstance(where, exp.And) else [where]
    kept = []
    for part in parts:
        columns = {column.name for column in part.find_all(exp.Column)}
        if columns == {partition} and not part.find(exp.Query):
            bare = part.copy()
            for column in bare.find_all(exp.Column):
                column.set("table", None)
            kept.append(bare.sql("duckdb"))
    return " AND ".join(f"({part})" for part in kept) or "true"
