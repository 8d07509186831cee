"""A store with two weeks of verdicts, made once for the tests of the report."""

import pytest

from dqx_core import MetricDB
from tests.core.html import feed


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('report') / 'metrics.db'}"
    feed.judge(url)
    db = MetricDB(url)
    yield db
    db.close()
