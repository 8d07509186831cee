#!/usr/bin/env bash
# Distinct counts of datasketches do not count the empty text, in any of its sketches for counting.
#
# datasketches 5.2.0. Seen:
# HLL, CPC and theta sketches of "", "a" and "b" estimate 2, and a sketch that was only given "" says it is empty.
# What follows: empty texts are counted beside the sketch, or they are missing from the distinct count.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check datasketches==5.2.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import datasketches as ds

def estimate(sketch, values):
    for value in values:
        sketch.update(value)
    return round(sketch.get_estimate(), 2)

makers = {"hll": lambda: ds.hll_sketch(12), "cpc": lambda: ds.cpc_sketch(11), "theta": lambda: ds.update_theta_sketch(12)}
for name, make in makers.items():
    with_empty, only_empty = estimate(make(), ["", "a", "b"]), estimate(make(), ["", ""])
    print(name, "of '', 'a', 'b':", with_empty, "of '' alone:", only_empty)
    assert with_empty == 2 and only_empty == 0, name
PYTHON
