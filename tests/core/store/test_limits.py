"""PostgreSQL is given up after the patience: locks, statements, a silent server; and a role keeps what it was given."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dqx_core.errors import StoreError
from dqx_core.store import MetricDB
from dqx_core.store.opening import _ADVISORY_LOCK
from tests.core.store.numbers import metric

PATIENCE = 0.5


@pytest.fixture(params=["postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """The only one with a server."""
    name: str = request.param
    return name


@pytest.fixture
def admin(url: str) -> Iterator[sa.Connection]:
    """A session of somebody else."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def test_a_lock_that_another_session_holds_is_given_up_after_the_patience(url: str, admin: sa.Connection) -> None:
    db = MetricDB(url, patience=PATIENCE)
    db.persist([metric()])
    admin.exec_driver_sql("LOCK TABLE dqx_metric IN ACCESS EXCLUSIVE MODE")
    began = time.monotonic()
    for ask in (lambda: db.persist([metric(2)]), lambda: db.measured("run-1")):
        with pytest.raises(StoreError, match=r"lock timeout.* Another session has kept it locked"):
            ask()
    assert time.monotonic() - began < 20 * PATIENCE
    admin.rollback()
    assert len(db.measured("run-1")) == 1
    db.close()


def test_a_first_open_that_another_holds_up_is_given_up_after_the_patience(url: str, admin: sa.Connection) -> None:
    admin.exec_driver_sql(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
    with pytest.raises(StoreError, match=r"could not be brought to revision .*lock timeout"):
        MetricDB(url, patience=PATIENCE)
    admin.exec_driver_sql(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")
    MetricDB(url, patience=PATIENCE).close()


def test_a_statement_that_takes_longer_is_given_up(url: str) -> None:
    db = MetricDB(url, patience=PATIENCE)
    with pytest.raises(StoreError, match=r"statement timeout.* more patience="):
        db._database.read(lambda c: c.execute(sa.text("SELECT pg_sleep(30)")).all(), "wait")
    db.close()


def test_a_role_keeps_shorter_limits_and_its_default_of_only_reading(url: str, admin: sa.Connection) -> None:
    MetricDB(url).close()
    shorter = MetricDB(f"{url}%20-cstatement_timeout%3D77%20-clock_timeout%3D900000")
    asked = sa.text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    assert shorter._database.read(lambda c: tuple(c.execute(asked).one()), "ask") == ("77ms", "1min")
    shorter.close()
    reader = MetricDB(f"{url}%20-cdefault_transaction_read_only%3Don")
    for _ in range(2):
        assert reader.measured("run-1") == []
        with pytest.raises(StoreError, match=r"read-only transaction.* say that it only reads"):
            reader.persist([metric()])
    reader.close()


class Proxy:
    """A server between, which one day says nothing more."""

    def __init__(self, folder: str) -> None:
        self.silent = threading.Event()
        self._folder = folder
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(next(Path(self._folder).glob(".s.PGSQL.*[0-9]"))))
            self._open += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        while True:
            try:
                if not (said := source.recv(65536)):
                    target.shutdown(socket.SHUT_WR)
                    return
                if not self.silent.is_set():
                    target.sendall(said)
            except OSError:
                return

    def close(self) -> None:
        """Take no more calls, and end those that there are."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in (self._listener, *self._open):
            each.close()


def test_a_server_that_falls_silent_is_given_up_after_the_patience(url: str) -> None:
    MetricDB(url).close()
    socket_folder = sa.make_url(url).query["host"]
    proxy = Proxy(str(socket_folder))
    through = sa.make_url(url).set(host="127.0.0.1", port=proxy.port)
    through = through.difference_update_query(["host"]).update_query_dict(
        {"sslmode": "disable", "gssencmode": "disable"}
    )
    db = MetricDB(through.render_as_string(hide_password=False), patience=PATIENCE)
    db.persist([metric()])
    proxy.silent.set()
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"the server has said nothing for 2.5 seconds.* more patience="):
        db.measured("run-1")
    assert time.monotonic() - began < 10
    proxy.silent.clear()
    assert len(db.measured("run-1")) == 1
    db.close()
    proxy.close()
