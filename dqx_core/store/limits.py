"""How long PostgreSQL may take: for a lock, for a statement, and to say anything at all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL

if TYPE_CHECKING:
    from psycopg import Connection as Psycopg

_GRACE = 1.0
"""Seconds more for a statement than for a lock, and for the server's own word than for a statement: so that of what
took too long the one that knows why says it."""

_LONGEST = 2**31 - 1

# Where the role, the database or the URL set a shorter time, that one stays.
_LIMIT = """
SELECT set_config(pg_settings.name, wanted.milliseconds::text, false)
FROM pg_settings JOIN (VALUES ('lock_timeout', {lock}), ('statement_timeout', {statement})) wanted (name, milliseconds)
  ON wanted.name = pg_settings.name
WHERE setting::bigint = 0 OR setting::bigint > wanted.milliseconds
"""


def connect_arguments(url: URL, patience: float) -> dict[str, Any]:
    """How long connecting may take, unless the URL says it."""
    return {} if "connect_timeout" in url.query else {"connect_timeout": max(1, math.ceil(min(10.0, patience)))}


def limit(engine: Engine, patience: float) -> None:
    """Let no lock, statement or silent server take longer than `patience` seconds on the connections of an engine."""
    if engine.dialect.driver == "psycopg":

        def connect(_dialect: object, _record: object, arguments: Any, settings: Any) -> Any:
            made: Any = _talkative().connect(*arguments, **settings)
            made.patience = patience + 2 * _GRACE
            return made

        event.listen(engine, "do_connect", connect)

    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        limits = (min(_LONGEST, max(1, round(seconds * 1000))) for seconds in (patience, patience + _GRACE))
        cursor.execute(_LIMIT.format(**dict(zip(("lock", "statement"), limits, strict=True))))
        cursor.close()
        connection.commit()

    event.listen(engine, "connect", prepare)


@contextmanager
def without_limit(connection: Connection) -> Iterator[None]:
    """Let the statements of a transaction take as long as the role lets them: a migration walks over every row."""
    if connection.dialect.name != "postgresql":
        yield
        return
    # What a session begins with: the settings of the URL, the role and the database.
    connection.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
    driver: Any = connection.connection.driver_connection
    patience, driver.patience = getattr(driver, "patience", None), None
    try:
        yield
    finally:
        driver.patience = patience


def _talkative() -> type[Psycopg[Any]]:
    """psycopg's connection, to a server that may not fall silent in the middle of a statement.

    Its own limits end with the connection that is made: TCP goes on as long as the other machine's kernel answers.
    """
    global _made  # noqa: PLW0603 -- psycopg is imported when it is needed, once
    if _made is not None:
        return _made
    import psycopg

    class Talkative(psycopg.Connection[Any]):
        """Ends itself when the server says nothing for so many seconds."""

        patience: float | None = None

        def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
            """What the server says, as far as it says something."""
            if self.patience is None:
                return super().wait(gen, *args, **options)
            return super().wait(_heard(gen, self.patience, self._silent), *args, **options)

        def _silent(self, seconds: float) -> psycopg.OperationalError:
            self.pgconn.finish()  # what else is asked, a rollback say, is not waited for again
            return psycopg.OperationalError(f"the server has said nothing for {seconds:g} seconds")

    _made = Talkative
    return Talkative


_made: type[Psycopg[Any]] | None = None


def _heard(gen: Generator[Any, Any, Any], patience: float, silent: Callable[[float], Exception]) -> Any:
    """The same exchange, ended when nothing comes and nothing goes for too long."""
    until = time.monotonic() + patience
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready:
                until = time.monotonic() + patience
            elif time.monotonic() > until:
                raise silent(patience)
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value
