"""Opening a store: making it where there is none, bringing an older one up to date, refusing a newer one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Column, Connection, MetaData, String, Table, func, insert, inspect, select
from sqlalchemy.engine import URL, make_url

from dqx_core.errors import StoreError
from dqx_core.store.database import Database
from dqx_core.store.faults import NOTHING_WRITTEN
from dqx_core.store.limits import without_limit
from dqx_core.store.migrations import HEAD, REVISIONS
from dqx_core.store.tables import SCHEMA
from dqx_core.store.urls import file_of, read_url

T = TypeVar("T")

REVISION = Table("dqx_revision", MetaData(), Column("version_num", String(32), primary_key=True))
_ADVISORY_LOCK = 0x647178  # "dqx"


class Awaited(Database):
    """A SQLite file that is made when somebody first writes to it; until then there is nothing in it to read."""

    def __init__(self, url: URL, file: Path, *, patience: float) -> None:
        """Make its folder, so that what cannot be made is known before anything is measured.

        Raises:
            StoreError: The folder cannot be made, or not be written.
        """
        super().__init__(url, patience=patience)
        self._file = file
        self._opened = False
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"the folder {file.parent} cannot be made ({error.strerror})."
            raise StoreError(self.name, "be opened", reason, "Name a place where this user may write.") from error
        if not os.access(file.parent, os.W_OK | os.X_OK):
            reason = f"this user may not write in the folder {file.parent}."
            raise StoreError(self.name, "be opened", reason, "Name a place where this user may write.")

    def read(self, work: Callable[[Connection], T], what: str) -> T:
        """What `work` finds; where no file is yet, in an empty store."""
        if not self._opened and not _holds_something(self._file):
            nothing = Database(make_url("sqlite://"), patience=self.patience)
            try:
                nothing.write(_make, "be made")
                return nothing.read(work, what)
            finally:
                nothing.close()
        self._open()
        return super().read(work, what)

    def write(self, work: Callable[[Connection], T], what: str, outcome: str = NOTHING_WRITTEN) -> T:
        """What `work` returns, once everything it wrote is committed."""
        self._open()
        return super().write(work, what, outcome)

    def _open(self) -> None:
        if not self._opened:
            self._opened = True
            try:
                _bring_up_to_date(self, auto_migrate=True)
            except StoreError:
                self._opened = False
                raise


def open_database(url: str, *, auto_migrate: bool, patience: float, at_first_write: bool = False) -> Database:
    """The store at this URL, at the revision this version of dqx works with.

    Any number of processes may open a new store at once: one makes it, the others wait.

    Args:
        url: Where it is.
        auto_migrate: Whether an older one is migrated.
        patience: Seconds to wait for others.
        at_first_write: Whether a SQLite file that is not there is made when it is first written, its folder now.

    Raises:
        StoreError: The URL is wrong, the database cannot be reached or written, or its revision is
            newer, or older while `auto_migrate` is off.
    """
    file = file_of(url) if at_first_write else None
    if file is not None and not _holds_something(file):
        return Awaited(read_url(url), file, patience=patience)
    database = Database(read_url(url), patience=patience)
    if database.in_memory:
        database.write(_make, "be made")
    else:
        _bring_up_to_date(database, auto_migrate=auto_migrate)
    return database


def _holds_something(file: Path) -> bool:
    return file.exists() and (not file.is_file() or file.stat().st_size > 0)


def _bring_up_to_date(database: Database, *, auto_migrate: bool) -> None:
    found = database.read(revision_of, "be opened")
    if found == HEAD:
        return
    _refuse_newer(database, found)
    if found is not None and not auto_migrate:
        reason = f"it has revision {found} and this version of dqx needs {HEAD}."
        raise StoreError(database.name, "be opened", reason, "Run: dqx store upgrade")
    if database.backend == "sqlite":
        database.set_write_ahead_log()
    database.write(_upgrade, f"be brought to revision {HEAD}")


def store_exists(url: str) -> bool:
    """Whether there is a metric store at this URL; looking makes none.

    Raises:
        StoreError: The URL is wrong, or the database cannot be reached.
    """
    database = Database(read_url(url), patience=5.0)
    if database.in_memory:
        return False
    if (file := file_of(url)) is not None and not file.exists():
        return False
    try:
        return database.read(revision_of, "be opened") is not None
    finally:
        database.close()


def revision_of(connection: Connection) -> str | None:
    """The revision of a store; None where there is no store yet."""
    if not inspect(connection).has_table(REVISION.name):
        return None
    found: str | None = connection.scalar(select(REVISION.c.version_num))
    return found


def _refuse_newer(database: Database, found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        reason = f"it has revision {found}, which this version of dqx does not know: it knows up to {HEAD}."
        raise StoreError(database.name, "be opened", reason, "A newer dqx made it: upgrade dqx here.")


def _make(connection: Connection) -> None:
    """The tables as they are now, for a store that begins and ends in this process."""
    SCHEMA.create_all(connection)
    REVISION.create(connection)
    connection.execute(insert(REVISION).values(version_num=HEAD))


def _upgrade(connection: Connection) -> None:
    """Every missing revision, in the caller's transaction: another process sees all of them or none."""
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    with without_limit(connection):
        command.upgrade(config, "head")
