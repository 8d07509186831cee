"""A shop in a connection, for the tests that look at its tables."""

import duckdb

from examples.shop import generate

SMALL = {"days": 3, "rows_per_day": 200}


def shop(*, threads: int = 2, **parameters: object) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": threads})
    generate(connection, **parameters)  # type: ignore[arg-type]
    return connection


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    return connection.execute(sql).fetchall()[0]
