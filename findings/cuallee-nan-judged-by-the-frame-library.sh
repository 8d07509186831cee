#!/usr/bin/env bash
# The same cuallee check on the same rows passes or fails by the library that holds them.
#
# cuallee 0.15.4 with pandas 2.3.3 and polars 2.1.0. Seen:
# [1.0, NaN, 3.0] is greater than 0 in every row of a polars frame (NaN is the largest number there) and not in one of
# three rows of a pandas frame; has_mean of 2.0 passes on pandas (NaN is left out) and fails on polars (the mean is NaN).
# What follows: NaN needs one meaning that does not change with where the rows lie.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check cuallee==0.15.4 pandas==2.3.3 polars==2.1.0 pyarrow==26.0.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import pandas as pd
import polars as pl
from cuallee import Check, CheckLevel

values = [1.0, float("nan"), 3.0]

def verdicts(frame):
    check = Check(CheckLevel.WARNING, "numbers")
    check.is_greater_than("x", 0)
    check.has_mean("x", 2.0)
    found = check.validate(frame)
    rows = found.to_dicts() if hasattr(found, "to_dicts") else found.to_dict("records")
    return {row["rule"]: row["status"] for row in rows}

pandas, polars = verdicts(pd.DataFrame({"x": values})), verdicts(pl.DataFrame({"x": values}))
print("pandas:", pandas)
print("polars:", polars)
assert pandas == {"is_greater_than": "FAIL", "has_mean": "PASS"}
assert polars == {"is_greater_than": "PASS", "has_mean": "FAIL"}
PYTHON
