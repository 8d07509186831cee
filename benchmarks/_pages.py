"""The page of a benchmark, which people write but for the table of its results."""

from __future__ import annotations

from pathlib import Path


def put_results(page: Path, table: str) -> None:
    """Print the results, and write them where the page has its own."""
    print(table)
    before, _, after = page.read_text("utf-8").partition("<!-- results -->")
    page.write_text(f"{before}<!-- results -->\n\n{table}\n<!-- end -->{after.partition('<!-- end -->')[2]}", "utf-8")
