"""A real Dagster instance for every test that asks for one."""

import dagster as dg
import pytest


@pytest.fixture
def instance(tmp_path):
    """With its storage in memory, where an event is not a commit to the disk; what needs files makes its own."""
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path / "dagster")) as made:
        yield made
