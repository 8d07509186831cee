"""A real Dagster instance for every test that asks for one."""

import dagster as dg
import pytest


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made
