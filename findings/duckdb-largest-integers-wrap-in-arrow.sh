#!/usr/bin/env bash
# An unsigned integer of 128 bits leaves DuckDB for Arrow as another number, without a word.
#
# DuckDB 2.0.0 with PyArrow 26.0.1. Seen:
# the largest UHUGEINT, 2^128 - 1, is itself with fetchall(), and -1 in to_arrow_table(), whose column is decimal128(38, 0).
# What follows: results that may be so large are read as text, or row by row.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.0 pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb

query = f"SELECT {2**128 - 1}::UHUGEINT AS n"
[(row,)] = duckdb.sql(query).fetchall()
table = duckdb.sql(query).to_arrow_table()
print("row:", row, "Arrow:", table["n"][0], table.schema.field("n").type)
assert row == 2**128 - 1
assert str(table["n"][0]) == "-1"
PYTHON
