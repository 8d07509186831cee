"""What `dqx_core.datasets` offers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import dqx_core.datasets


def test_names_are_sorted_and_there():
    names = dqx_core.datasets.__all__
    assert names == sorted(names)
    assert all(hasattr(dqx_core.datasets, name) for name in names)


def test_a_function_is_not_hidden_by_the_module_it_is_named_for():
    code = (
        "import dqx_core.datasets.materialize; from dqx_core.datasets import materialize; assert callable(materialize)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_reading_definitions_loads_nothing_that_runs_them():
    heavy = ("duckdb", "numpy", "pandas", "pyarrow", "sqlglot")
    code = f"import sys, dqx_core.datasets; assert not [m for m in {heavy} if m in sys.modules]"
    subprocess.run([sys.executable, "-c", code], check=True)
