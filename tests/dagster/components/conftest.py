"""A project's defs folder, and a defs.yaml in it for every test that asks for one."""

import textwrap
from contextlib import contextmanager

import pytest
from dagster.components.testing import create_defs_folder_sandbox

DEFINITION = """\
definition:
  name: sales
  status: active
  source: {table: raw_data.transactions}
  columns:
    - {column: at, role: timestamp}
    - {column: customer_id, role: user_id}
    - {column: price}
  split: {strategy: group, key: customer_id}
  partitions: {start: 2026-01-01, end: 2026-01-31}
"""


@pytest.fixture
def project():
    """A folder for components, as `dg` makes it."""
    with create_defs_folder_sandbox() as made:
        yield made


@pytest.fixture
def load(project):
    """From the attributes of a DqxDataset, as YAML, to the component and its definitions."""

    @contextmanager
    def loaded(attributes, **files):
        folder = project.defs_folder_path / "sales"
        folder.mkdir(parents=True, exist_ok=True)
        indented = textwrap.indent(attributes, "  ")
        (folder / "defs.yaml").write_text(f"type: dqx_dagster.DqxDataset\nattributes:\n{indented}")
        for name, text in files.items():
            (folder / name.replace("_py", ".py").replace("_yaml", ".yaml")).write_text(text)
        with project.load_component_and_build_defs(folder) as found:
            yield found

    return loaded
