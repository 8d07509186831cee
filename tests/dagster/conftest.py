"""A real Dagster instance for every test that asks for one."""

import shutil

import dagster as dg
import pytest


@pytest.fixture(scope="session")
def _instance_and_folder(tmp_path_factory):
    """One for all of them: to make it takes ten times as long as to empty it."""
    folder = tmp_path_factory.mktemp("dagster")
    with dg.DagsterInstance.ephemeral(tempdir=str(folder)) as made:
        yield made, folder


@pytest.fixture
def instance(_instance_and_folder):
    """With its storage in memory, where an event is not a commit to the disk; what needs files makes its own."""
    made, folder = _instance_and_folder
    yield made
    made.wipe()
    shutil.rmtree(folder)
    folder.mkdir()
