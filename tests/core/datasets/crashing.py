"""A run of `materialize` in a process of its own, for tests that kill it.

python -m tests.core.datasets.crashing <root> <number of the COPY after which it is killed>
"""

from __future__ import annotations

import os
import signal
import sys

from sqlglot import exp

from dqx_core.datasets import materialize
from dqx_core.engines.duckdb import DuckDB
from tests.core.datasets.shop import day, engine, products, ranking, transactions


class Killed(DuckDB):
    """An engine whose process is killed right after the COPY of that number."""

    copies = 0
    fatal = 0

    def run(self, tree: exp.Expr):
        """The rows, unless this was the last statement of the process."""
        rows = super().run(tree)
        if isinstance(tree, exp.Copy):
            self.copies += 1
            if self.copies == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        return rows


def main() -> None:
    root, number = sys.argv[1], int(sys.argv[2])
    shop = Killed(engine({"transactions": transactions(seed=2), "products": products()}).connection)
    shop.fatal = number
    materialize(ranking(), [day(8), day(9)], engine=shop, root=root)


if __name__ == "__main__":
    main()
