"""One opened store: a unit of work is one transaction, tried again when only another process was in the way."""

from __future__ import annotations

import random
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from dqx_core.errors import StoreError
from dqx_core.store.faults import NOTHING_JUDGED, NOTHING_WRITTEN, fault, is_conflict, is_stale, show

T = TypeVar("T")

# SQLite's own waiting grows to a tenth of a second a step, and whoever waited longest asks least often. So it
# waits this long, and then we ask again at random moments: among eight writers the slowest gets its turn soon.
_BUSY_SECONDS = 0.03


class Database:
    """Runs work on one database and turns every fault into a StoreError.

    Any number of threads may share it. On a file, SQLite lets readers go on beside one writer (WAL);
    in memory there is one connection, and a lock gives it to one thread at a time.
    """

    def __init__(self, url: URL, *, patience: float = 60.0) -> None:
        self.url = url
        self.name = show(url)
        self.patience = patience
        self.in_memory = url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
        self.series: dict[Any, int] = {}
        """Series ids that were seen committed."""
        self._lock = threading.RLock()
        # What stands for this opened store in the numbers that it gives.
        self._engine = self._connect().execution_options(dqx_store=uuid.uuid4().hex)
        weakref.finalize(self, self._engine.dispose)  # for those who let go of a store without closing it
        self._writer = self._engine.execution_options(dqx_begin="BEGIN IMMEDIATE")
        self._reader = self._engine
        if self.backend == "postgresql":  # where each statement would else have a snapshot of its own
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def read(self, work: Callable[[Connection], T], what: str) -> T:
        """What `work` finds, from one snapshot.

        Raises:
            StoreError: The database refused or broke.
        """
        return self._run(self._reader, work, what, NOTHING_JUDGED)

    def write(self, work: Callable[[Connection], T], what: str, outcome: str = NOTHING_WRITTEN) -> T:
        """What `work` returns, once everything it wrote is committed. Work may run more than once.

        Raises:
            StoreError: The database refused or broke; nothing of it was written.
        """
        return self._run(self._writer, work, what, outcome)

    def close(self) -> None:
        """Give back every connection; a store in memory is gone then."""
        self._engine.dispose()

    def set_write_ahead_log(self) -> None:
        """Let SQLite's readers go on beside its writer; the file remembers it.

        Raises:
            StoreError: The file cannot be written.
        """
        outside = self._engine.execution_options(dqx_begin="")  # the mode cannot change inside a transaction
        self._run(outside, lambda c: c.exec_driver_sql("PRAGMA journal_mode = WAL"), "be made", NOTHING_WRITTEN)

    @property
    def backend(self) -> str:
        """sqlite or postgresql."""
        return self._engine.dialect.name

    def _run(self, engine: Engine, work: Callable[[Connection], T], what: str, outcome: str) -> T:
        started = time.monotonic()
        stale = False
        while True:
            try:
                if self.in_memory:
                    with self._lock, engine.begin() as connection:
                        return work(connection)
                with engine.begin() as connection:
                    return work(connection)
            except SQLAlchemyError as error:
                if is_conflict(error) and time.monotonic() - started < self.patience:
                    time.sleep(random.uniform(0.001, 0.01))
                elif is_stale(error) and not stale:
                    stale = True
                    self.series.clear()
                else:
                    raise fault(self.url, what, error, outcome) from error

    def _connect(self) -> Engine:
        arguments: dict[str, Any] = {}
        if self.url.get_backend_name() == "sqlite":
            arguments = {"timeout": min(_BUSY_SECONDS, self.patience), "check_same_thread": False}
        elif "connect_timeout" not in self.url.query:
            arguments = {"connect_timeout": 10}
        try:
            engine = create_engine(
                self.url, connect_args=arguments, **({"poolclass": StaticPool} if self.in_memory else {})
            )
        except NoSuchModuleError:
            driver = self.url.drivername
            raise StoreError(
                self.name, "be opened", f"there is no driver '{driver}'.", "Use sqlite or psycopg."
            ) from None
        except ImportError as error:
            way_out = "Install it: pip install 'dqx-dagster[postgres]'."
            raise StoreError(self.name, "be opened", f"its driver is not installed ({error}).", way_out) from None
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    connection.execute("PRAGMA foreign_keys = ON")
    # Numbers go to many pages at once: 64 MB hold them all until the commit, where 2 would write and read some again.
    connection.execute("PRAGMA cache_size = -65536")
    # A log of 32 MB instead of 4 writes a page to its place less often.
    connection.execute("PRAGMA wal_autocheckpoint = 8000")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that read first and wrote later would be refused, not made to wait.
    if begin := connection.get_execution_options().get("dqx_begin", "BEGIN"):
        connection.exec_driver_sql(begin)
