"""How fast the shop is made: `python -m benchmarks.shop`, rows a second into a DuckDB file."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from examples.shop import generate


def main() -> None:
    """Print one line for each size, small to large."""
    for days, rows_per_day in ((21, 3_000), (1, 1_000_000), (7, 1_000_000)):
        with TemporaryDirectory() as folder:
            began = time.perf_counter()
            world = generate(Path(folder) / "shop.duckdb", days=days, rows_per_day=rows_per_day)
            took = time.perf_counter() - began
        rows = world.rows["transactions"]
        print(f"{days:>2} days of {rows_per_day:>9,} rows: {took:6.2f} s, {rows / took:>9,.0f} rows/s")


if __name__ == "__main__":
    main()
