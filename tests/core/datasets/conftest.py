"""The service with its datasets, on the small shop, for the tests of its operations."""

from __future__ import annotations

import pytest

from dqx_core.datasets.catalog import DuckDBCatalog
from dqx_core.datasets.service import DatasetService
from dqx_core.store import InMemoryMetricDB
from tests.core.datasets.shop import DAILY, RANKING, changed, engine


@pytest.fixture(scope="module")
def shop():
    return engine()


@pytest.fixture
def service(shop, tmp_path):
    store = InMemoryMetricDB()
    yield DatasetService(DuckDBCatalog(shop), shop, store, folder=tmp_path / "defs", root=tmp_path / "root")
    store.close()


@pytest.fixture
def two(service):
    """The service with the ranking, which is active, and the daily draft."""
    service.create(changed(RANKING, description="For the ranking model"))
    service.activate("ranking")
    service.create(DAILY)
    return service
