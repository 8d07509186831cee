#!/usr/bin/env bash
# date_diff counts boundaries that are crossed for months and days, and sevens of days for weeks.
#
# DuckDB 2.0.0. Seen:
# from Sunday 2024-01-07 to Monday 2024-01-08 date_diff('week') is 0, although date_trunc('week') differs by a week; from
# 2024-01-31 to 2024-02-01 date_diff('month') is 1 although no month has passed.
# What follows: weeks between two dates translate to no ISOWEEK difference of another engine; to whole sevens of days.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb

weeks = "date_diff('week', DATE '2024-01-07', DATE '2024-01-08')"
begun = "date_diff('day', date_trunc('week', DATE '2024-01-07'), date_trunc('week', DATE '2024-01-08'))"
months = "date_diff('month', DATE '2024-01-31', DATE '2024-02-01')"
[found] = duckdb.sql(f"SELECT {weeks}, {begun}, {months}").fetchall()
print("weeks, days between the Mondays, months:", found)
assert found == (0, 7, 1)
PYTHON
