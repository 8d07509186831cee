"""From a database's complaint to one StoreError for a person; and which complaints are worth a second try."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from dqx_core.errors import StoreError
from dqx_core.store.urls import hide_secrets, show

NOTHING_JUDGED = "Nothing was judged."
NOTHING_WRITTEN = "Nothing was written."

_CONFLICTS = frozenset({"40001", "40P01", "55P03"})  # serialization failure, deadlock, lock not available


def fault(url: URL, what: str, error: Exception, outcome: str) -> StoreError:
    """What a person reads when the database refused or broke."""
    reason = hide_secrets(_reason(error), url)
    way_out = _way_out(reason, url)
    return StoreError(show(url), what, f"{reason.rstrip('.')}.", f"{outcome} {way_out}".strip())


def is_conflict(error: SQLAlchemyError) -> bool:
    """Another process was in the way; waiting helps."""
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in _CONFLICTS:
        return True
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def is_stale(error: SQLAlchemyError) -> bool:
    """What this process believed no longer holds: a connection was dropped, a remembered row is gone.

    One new try, from the start, tells a restart from an outage.
    """
    return isinstance(error, IntegrityError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def _reason(error: Exception) -> str:
    """The driver's own words: without the statement and its parameters."""
    told = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = [line.strip() for line in str(told).splitlines() if line.strip()]
    return " ".join(lines[:3]) or type(told).__name__


def _way_out(reason: str, url: URL) -> str:
    told = reason.lower()
    if "unable to open database file" in told:
        if Path(url.database or "").is_dir():
            return "That is a folder: give the path of a file in it, such as metrics.db."
        return f"Does the folder of {url.database} exist, and may this user write there?"
    if "readonly database" in told:
        return f"This user may not write {url.database}, or its disk is mounted read-only."
    if "is locked" in told:
        return "Another process has kept it locked; close whatever has a transaction open."
    if "lock timeout" in told:
        return "Another session has kept it locked: end its transaction, or give more patience=."
    if "statement timeout" in told or "has said nothing" in told:
        return "Check that the server runs and is not overloaded, or give more patience=."
    if "read-only transaction" in told:
        return "Its role, its database or its URL say that it only reads: give one that writes."
    if "is full" in told or "disk i/o error" in told or "no space left" in told:
        return "Make room on its disk, then run again: the store is whole, and what was complete is kept."
    if "not a database" in told:
        return "Give the path of a metric store, or of a file that does not exist yet."
    if "password authentication failed" in told or "no password supplied" in told:
        return "Check the user and the password in the URL."
    if url.get_backend_name() == "postgresql" and ("connect" in told or "resolve" in told or "terminat" in told):
        return "Check that the server runs and can be reached, then run again."
    return ""
