#!/usr/bin/env bash
# Whether a column of a Parquet file that DuckDB writes may hold nulls depends on the rows that happen to be written.
#
# DuckDB 2.0.0 with PyArrow 26.0.1. Seen:
# COPY of a column that is declared nullable and holds no null writes it as required ("not null"); with one null in the table it
# is optional. Two days of one table have two schemas, which PyArrow refuses to concatenate.
# What follows: writers that want one schema a table say it themselves.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.0 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

with duckdb.connect() as db:
    db.execute("CREATE TABLE t (id BIGINT)")
    db.execute("INSERT INTO t VALUES (1), (2)")
    db.execute("COPY t TO 'monday.parquet'")
    db.execute("INSERT INTO t VALUES (NULL)")
    db.execute("COPY t TO 'tuesday.parquet'")
monday, tuesday = (pq.ParquetFile(f"{day}.parquet").read() for day in ("monday", "tuesday"))
print("monday:", monday.schema.field("id"), "tuesday:", tuesday.schema.field("id"))
assert (monday.schema.field("id").nullable, tuesday.schema.field("id").nullable) == (False, True)
try:
    pa.concat_tables([monday, tuesday])
except pa.ArrowInvalid as error:
    print("concatenated:", str(error).splitlines()[0])
else:
    raise AssertionError("they are concatenated now")
PYTHON
