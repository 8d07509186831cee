"""Opening a store: making it where there is none, bringing an older one up to date, refusing a newer one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, func, insert, inspect, select

from dqx_core.errors import StoreError
from dqx_core.store.database import Database
from dqx_core.store.faults import read_url
from dqx_core.store.migrations import HEAD, REVISIONS
from dqx_core.store.tables import SCHEMA

REVISION = Table("dqx_revision", MetaData(), Column("version_num", String(32), primary_key=True))
_ADVISORY_LOCK = 0x647178  # "dqx"


def open_database(url: str, *, auto_migrate: bool, patience: float) -> Database:
    """The store at this URL, at the revision this version of dqx works with.

    Any number of processes may open a new store at once: one makes it, the others wait.

    Raises:
        StoreError: The URL is wrong, the database cannot be reached or written, or its revision is
            newer, or older while `auto_migrate` is off.
    """
    database = Database(read_url(url), patience=patience)
    if database.in_memory:
        database.write(_make, "be made")
        return database
    found = database.read(revision_of, "be opened")
    if found == HEAD:
        return database
    _refuse_newer(database, found)
    if found is not None and not auto_migrate:
        reason = f"it has revision {found} and this version of dqx needs {HEAD}."
        raise StoreError(database.name, "be opened", reason, "Run: dqx store upgrade")
    if database.backend == "sqlite":
        database.set_write_ahead_log()
    database.write(_upgrade, f"be brought to revision {HEAD}")
    return database


def store_exists(url: str) -> bool:
    """Whether there is a metric store at this URL; looking makes none.

    Raises:
        StoreError: The URL is wrong, or the database cannot be reached.
    """
    database = Database(read_url(url), patience=5.0)
    if database.in_memory:
        return False
    if database.backend == "sqlite" and not Path(read_url(url).database or "").exists():
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
    command.upgrade(config, "head")
