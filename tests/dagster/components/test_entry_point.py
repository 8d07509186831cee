"""What every `dg` command of a user's project imports."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]

REPORT = """
import json, sys
import dagster, dagster.components
before = set(sys.modules)
from dagster.components.core.package_entry import get_package_objects_in_module
import {module}
found = [name for name, _ in get_package_objects_in_module({module})]
print(json.dumps([found, sorted(set(sys.modules) - before)]))
"""


def test_it_is_registered_and_loads_nothing_that_dagster_does_not_load_itself():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [module] = project["project"]["entry-points"]["dagster_dg_cli.registry_modules"].values()
    ran = subprocess.run(
        [sys.executable, "-c", REPORT.format(module=module)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    components, loaded = json.loads(ran.stdout)

    assert components == ["DqxDataset", "DqxResources"]
    ours = {"dqx_dagster", "dqx_dagster.components", "dqx_core", "dqx_core.lazily"}
    assert {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names} - ours == {
        "dqx_dagster.components.dataset",
        "dqx_dagster.components.resources",
        "dqx_dagster.components.scaffolding",
    }


HEAVY = """
import json, sys
import dqx_dagster
for name in set(dqx_dagster.__all__) - {"BigQueryEngine"}:
    getattr(dqx_dagster, name)
print(json.dumps([name for name in sys.modules if "." not in name]))
"""


def test_naming_what_a_code_location_takes_loads_no_library_that_only_a_run_needs():
    ran = subprocess.run([sys.executable, "-c", HEAVY], check=True, capture_output=True, text=True, cwd=ROOT)

    heavy = {"alembic", "duckdb", "google", "matplotlib", "pandas", "pyarrow", "sqlalchemy", "sqlglot", "sympy"}
    assert heavy.isdisjoint(json.loads(ran.stdout))


def test_dagster_is_told_of_the_version():
    from dagster_shared.libraries import DagsterLibraryRegistry

    import dqx_dagster

    assert dqx_dagster.__name__
    assert "dqx-dagster" in DagsterLibraryRegistry.get()
