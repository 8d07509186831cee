"""The URL of a store: read, led to its file, and shown to people without what is secret."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from dqx_core.errors import StoreError

NOT_SHOWN = "(not shown)"
"""Stands for a text that cannot be read as a URL: nobody can say where in it a password is."""

_WAY_OUT = "Write sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/database."
_SECRET_NAME = r"[^\s=&?;,]*(?:pass|pwd|secret|token|key)[^\s=&?;,]*"
_SECRETS_OF_URL = re.compile(rf"([?&]{_SECRET_NAME}=)[^&]*", re.IGNORECASE)
_SECRETS_OF_TEXT = re.compile(rf"(//)\S*(?=@)|(\b{_SECRET_NAME}\s*=\s*)(?:'[^']*'|\S+)", re.IGNORECASE)
# As SQLAlchemy takes a URL apart: up to the @ that it sees, then host, port and database.
_PARTS = re.compile(r"(?P<driver>[\w+]+)://(?:[^:/]*(?::[^@]*)?@)?(?P<place>[^?]*)")


def read_url(text: str) -> URL:
    """The URL of a store; a file's is absolute, with its home folder written out.

    Raises:
        StoreError: It cannot be read, or names a database that dqx does not keep metrics in.
    """
    url = _read(text)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:") and "uri" not in url.query:
        try:
            file = Path(str(url.database)).expanduser()
        except RuntimeError:
            reason = f"nobody here has the home folder of {url.database}."
            raise StoreError(show(url), "be opened", reason, "Write the whole path: sqlite:////home/me/m.db") from None
        # Connections are opened when they are needed, wherever the process is by then.
        url = url.set(database=str(file.absolute()))
    return url


def file_of(text: str) -> Path | None:
    """The file of a store in SQLite; None for another database, and for one in memory.

    Raises:
        StoreError: The URL cannot be read.
    """
    url = read_url(text)
    named = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:") and "uri" not in url.query
    return Path(str(url.database)) if named else None


def shown(text: str) -> str:
    """What was given as a URL, for people: without its user and passwords, or not at all if it cannot be read."""
    try:
        return show(_read(text))
    except StoreError:
        return NOT_SHOWN


def show(url: URL) -> str:
    """A URL for people: user and password hidden, wherever in the URL they stand."""
    text = url.render_as_string(hide_password=True)
    if url.username is not None or url.password is not None:
        text = re.sub(r"(?<=://)[^/?]*(?=@)", "***", text, count=1)
    return _SECRETS_OF_URL.sub(r"\1***", text)


def hide_secrets(reason: str, url: URL) -> str:
    """What a driver said about a URL, without the passwords in it and whatever looks like one."""
    given = [url.password, *(v for name, v in url.query.items() if re.fullmatch(_SECRET_NAME, name, re.IGNORECASE))]
    secrets = [secret for secret in given if isinstance(secret, str) and secret]
    for secret in sorted({form for s in secrets for form in (s, quote(s, safe=""), quote_plus(s))}, key=len)[::-1]:
        reason = reason.replace(secret, "***")
    return _SECRETS_OF_TEXT.sub(r"\1\2***", reason)


def _read(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(NOT_SHOWN, "read its URL", "it is not a database URL.", _WAY_OUT) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    backend = url.get_backend_name()
    parts = _PARTS.match(text)
    if backend != "sqlite" and (parts is None or "@" in parts["place"]):
        reason = "its user or its password holds an @ or a / as it is."
        raise StoreError(f"{url.drivername}://***", "read its URL", reason, "There, write %40 for @ and %2F for /.")
    if backend not in ("sqlite", "postgresql"):
        reason = f"metrics are kept in SQLite or PostgreSQL, not in {backend}."
        raise StoreError(show(url), "be opened", reason, _WAY_OUT)
    if backend == "sqlite" and any(part is not None for part in (url.host, url.port, url.username, url.password)):
        reason = "a file has no host: there are three slashes before its path, four if that is a whole one."
        raise StoreError(show(url), "be opened", reason, _WAY_OUT)
    return url
