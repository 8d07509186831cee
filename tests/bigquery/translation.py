"""Types and queries of BigQuery for DuckDB, and what DuckDB says of them for BigQuery's client."""

from __future__ import annotations

from typing import Any

from sqlglot import ErrorLevel, exp

from tests.bigquery.linter import kind_of
from tests.bigquery.rest import RestError, field_of

_DUCK = {
    "INT64": "BIGINT", "FLOAT64": "DOUBLE", "BOOL": "BOOLEAN", "STRING": "VARCHAR", "BYTES": "BLOB", "DATE": "DATE",
    "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ", "TIME": "TIME", "NUMERIC": "DECIMAL(38, 9)",
    "BIGNUMERIC": "HUGEINT",
}  # fmt: skip


def duck_type(type_name: str) -> str:
    """DuckDB's type for one of GoogleSQL."""
    return f"{_DUCK[type_name[6:-1]]}[]" if type_name.startswith("ARRAY<") else _DUCK[type_name]


def fields_of(tree: exp.Query) -> list[dict[str, Any]]:
    """The columns of a query's rows, as the REST describes them."""
    fields = []
    for column in tree.selects:
        kind = kind_of(column)
        if kind == "ARRAY":
            kind = f"ARRAY<{column.type.expressions[0].sql('bigquery')}>"
        fields.append(field_of(column.alias_or_name, "INT64" if kind in ("NULL", "UNKNOWN") else kind))
    names = [f["name"].lower() for f in fields]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise RestError(400, "invalidQuery", f"Duplicate column names in the result are not supported: {twice}")
    return fields


def duck_sql(tree: exp.Query, fields: list[dict[str, Any]]) -> str:
    """The same query for DuckDB, whose result has the types that BigQuery would give it."""
    copy = tree.copy()
    for cast in list(copy.find_all(exp.Cast)):
        source = kind_of(cast.this)
        if cast.to.this == exp.DataType.Type.BIGDECIMAL and source in {"INT64", "BIGNUMERIC"}:
            cast.set("to", exp.DataType.build("INT128"))
        elif cast.to.this == exp.DataType.Type.DECIMAL and not cast.to.expressions:
            cast.set("to", exp.DataType.build("DECIMAL(38, 9)"))
    inner = copy.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    # SUM of 64-bit integers is a 64-bit integer there, and a 128-bit one here.
    columns = [f'"{f["name"]}"::BIGINT AS "{f["name"]}"' if f["type"] == "INTEGER" and f["mode"] != "REPEATED"
               else f'"{f["name"]}"' for f in fields]  # fmt: skip
    return f"SELECT {', '.join(columns)} FROM ({inner}) AS result"


def own_words(error: Exception) -> str:
    """DuckDB's reason without its prefix, as a text that ERROR() raised is in BigQuery."""
    return str(error).removeprefix("Invalid Input Error: ").strip()
