#!/usr/bin/env bash
# Hourly partitions of a zone whose clocks change by half an hour get keys that no window has.
#
# dagster 1.13.27, Australia/Lord_Howe, whose clocks go from 02:00 to 02:30 on 2024-10-06. Seen:
# after the change the listed keys read 02:30, 03:30, … while their windows start at 03:00, 04:00, …, days later too;
# the definition's own key for those windows (03:00, 04:00, …) is not in its list. A definition that starts after
# the change lists 00:00, 01:00, …: which keys there are depends on the start date.
# What follows: a partition is found by its key and its window, never by formatting the start of the window.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check dagster==1.13.27
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import datetime as dt
import dagster as dg

ZONE, NOW = "Australia/Lord_Howe", dt.datetime(2024, 10, 8, tzinfo=dt.UTC)
hourly = dg.HourlyPartitionsDefinition(start_date="2024-10-06-00:00", timezone=ZONE)
keys = hourly.get_partition_keys(current_time=NOW)
print(keys[:4], "…", keys[-1])
assert keys[:4] == ["2024-10-06-00:00", "2024-10-06-01:00", "2024-10-06-02:30", "2024-10-06-03:30"]
window = hourly.time_window_for_partition_key("2024-10-06-02:30")
print("2024-10-06-02:30 is", window.start, "to", window.end)
assert window.start.isoformat() == "2024-10-06T03:00:00+11:00"
found = hourly.get_partition_keys_in_time_window(window)
print("the keys of that window:", found, "listed:", [key in keys for key in found])
assert found == ["2024-10-06-03:00"]
assert found[0] not in keys
late = [key for key in keys if key.startswith("2024-10-08")]
assert late and all(key.endswith(":30") for key in late)
later = dg.HourlyPartitionsDefinition(start_date="2024-10-07-00:00", timezone=ZONE)
print("started a day later:", later.get_partition_keys(current_time=NOW)[:3])
assert later.get_partition_keys(current_time=NOW)[1] == "2024-10-07-01:00"
assert "2024-10-07-01:00" not in keys
PYTHON
