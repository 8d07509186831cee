"""`dqx ci` on a terminal of 80 columns: a progress bar while it works, then a table that fits."""

import os
import re

from tests.dagster.cli.ci.conftest import DQX, NOT_OURS, WHERE, places
from tests.dagster.cli.terminal import Terminal


def test_at_80_columns_there_is_a_progress_bar_and_every_line_of_the_table_fits(tmp_path):
    clean = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    env = {**clean, **places(tmp_path), "COLUMNS": "80", "LINES": "50", "TERM": "xterm"}
    terminal = Terminal(
        [DQX, "ci", *map(str, WHERE), "--select", "bad,moving", "--partitions", "2026-01-02...2026-01-14"],
        env=env,
        cwd=tmp_path,
    )
    terminal.expect("Loading")
    terminal.expect("Judging planted.py")
    terminal.expect("130/130")
    assert terminal.end() == 1

    after = terminal.shown.rpartition("130/130")[2]
    table, _, rest = after.partition("✓ passed")
    lines = [line.rstrip() for line in table.split("\n")[1:]]
    assert max(map(len, lines)) <= 80
    # Thirteen days do not fit: they are shown in blocks, each with the names of the checks.
    assert [line.split()[1:] for line in lines if line.startswith("bad ")] == [
        ["2026-01-02", "01-03", "01-04", "01-05", "01-06", "01-07", "01-08"]
    ]
    assert sum(line.startswith("rows__not_crowded") for line in lines) == 2
    [crowded, _] = [line for line in lines if line.startswith("rows__not_crowded")]
    assert crowded.split()[1:] == ["P1", "✓✓", "✓✓", "✓✓", "✗✓", "✓✓", "✓✓", "✓✓"]
    assert re.search(r"✗ P1 2026-01-05\|train bad › Rows › Not crowded: num_rows\(\) = 40, is not ≤ 10", rest)
