"""Tables on terminals of any width and in files: no word is broken, nothing is left out."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from dqx_dagster.cli import printing

COLUMNS = ["table", "rows", "description", "folder"]
ROWS = [
    (
        "raw_data.transactions",
        12345,
        "All the sales that were paid for",
        "data/sets/ranking/date=2024-02-29/split=train",
    ),
    ("raw_data.[products]", 3, None, "data/sets/products"),
]


def printed(width: int, *, terminal: bool, rows=ROWS) -> str:
    """What a table looks like at a width: on a terminal, or in a file."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)
    printing.table(COLUMNS, rows, title="Tables", console=console)
    return console.file.getvalue()


@pytest.mark.parametrize(("width", "terminal"), [(80, False), (20, False), (200, True), (110, True), (80, True)])
def test_no_word_is_broken_and_none_is_lost(width, terminal):
    shown = printed(width, terminal=terminal)

    words = shown.split()
    for row in ROWS:
        for value in row:
            assert set(printing.cell(value).split()) <= set(words)
    if terminal:
        assert all(len(line.rstrip()) <= width for line in shown.splitlines())


def test_in_a_file_a_row_is_a_line():
    lines = printed(80, terminal=False).splitlines()

    assert len([line for line in lines if "raw_data" in line]) == 2
    assert any("All the sales that were paid for" in line and "split=train" in line for line in lines)


def test_on_a_terminal_that_is_too_narrow_for_the_words_a_row_is_a_block():
    shown = printed(80, terminal=True)

    assert "table        raw_data.transactions\nrows         12,345\n" in shown
    assert "description" not in shown[shown.index("[products]") :]


def test_a_table_without_rows_or_with_one_huge_word_is_printed_all_the_same():
    assert "folder" in printed(80, terminal=True, rows=[])
    assert "x" * 300 in printed(80, terminal=True, rows=[("x" * 300, 1, "", "")])
