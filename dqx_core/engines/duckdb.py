"""The embedded engine: DuckDB over a file, a folder of Parquet, Arrow or pandas."""

from __future__ import annotations

import datetime as dt
import re
import threading
import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dqx_core.engines.base import Estimate, Extent
from dqx_core.engines.values import rows_of
from dqx_core.errors import DefinitionError, EngineError, NotRunError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from sqlglot import exp


Rows = TypeVar("Rows")

_FIRST = 2048
"""Rows that are looked at before a run: as many as DuckDB reads at a time."""
_PLAIN = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\(.*\)|BOOLEAN|DATE|DOUBLE|FLOAT|VARCHAR")
"""The types whose values DuckDB itself hands to Python as Arrow would, or (128 bits) better."""


def _arrow_of(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """The rows of a relation; DuckDB gives Arrow 38 digits with a sign for UHUGEINT, and -1 for the largest."""
    import pyarrow as pa
    from sqlglot import exp

    wide = [name for name, type_ in zip(relation.columns, relation.types, strict=True) if str(type_) == "UHUGEINT"]
    if not wide:
        return relation.to_arrow_table()
    texts = [
        exp.alias_(exp.cast(exp.column(name, quoted=True), "text"), name, quoted=True).sql("duckdb") for name in wide
    ]
    table = relation.project(f"* REPLACE ({', '.join(texts)})").to_arrow_table()
    for name in wide:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table.column(place).cast(pa.decimal256(39, 0)))
    return table


def _setting(name: str, value: str | int) -> exp.Expr:
    from sqlglot import exp

    return exp.EQ(this=exp.column(name), expression=exp.convert(value))


def _is_plain_day(day: object) -> bool:
    return isinstance(day, dt.date) and dt.date.min < day < dt.date.max


class DuckDB:
    """One DuckDB connection that runs statement trees, in UTC.

    Give it a connection you already have, or a database path that it opens on first use
    (DuckDB refuses to open one file twice in a process with different settings).
    """

    dialect = "duckdb"

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection | None = None,
        *,
        database: str | Path = ":memory:",
        read_only: bool = False,
        memory_limit: str | None = None,
        threads: int | None = None,
        temp_directory: str | Path | None = None,
    ) -> None:
        """An engine that has opened nothing yet.

        Args:
            connection: One that is open; it stays open.
            database: A file, opened on first use.
            read_only: Open the file for reading, which any number of processes may do at once.
            memory_limit: How much memory it may take, such as "4GB"; None: 80 % of the machine's.
            threads: How many threads it may use; None: as many as there are processors.
            temp_directory: Where it puts what has no room in memory; "" for nowhere; None: beside the file.

        Raises:
            DefinitionError: A setting is none that DuckDB takes; where only DuckDB can tell, on first use.
        """
        if threads is not None and (isinstance(threads, bool) or threads < 1):
            raise DefinitionError(f"DuckDB has threads={threads!r}. Give a whole number of 1 or more.")
        self._settings = {
            name: value
            for name, value in (
                ("memory_limit", memory_limit),
                ("threads", threads),
                ("temp_directory", None if temp_directory is None else str(temp_directory)),
            )
            if value is not None
        }
        self._given = connection
        self._database = str(database)
        self._read_only = read_only
        self._ready: duckdb.DuckDBPyConnection | None = None
        self._fingerprints = False
        self._statements: deque[str] = deque(maxlen=10_000)
        self._lock = threading.RLock()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection, opened and prepared on first use."""
        with self._lock:
            if self._ready is None:
                self._ready = self._open()
            return self._ready

    def _open(self) -> duckdb.DuckDBPyConnection:
        import duckdb
        from sqlglot import exp

        try:
            connection = self._given or duckdb.connect(self._database, read_only=self._read_only)
        except duckdb.Error as error:
            raise EngineError("DuckDB", f"open '{self._database}'", error) from error
        try:
            connection.execute("SET TimeZone = 'UTC'")
        except duckdb.Error as error:
            raise fault_of(error, "use the connection that it was given", "") from error
        for name, value in self._settings.items():
            try:
                # Set, not given to connect: a file cannot be opened twice with settings that differ.
                connection.execute(exp.Set(expressions=[exp.SetItem(this=_setting(name, value))]).sql(self.dialect))
            except duckdb.Error as error:
                raise DefinitionError(f"DuckDB does not take {name}={value!r}: {error}") from error
        return connection

    def _connection_for(self, sql: str) -> duckdb.DuckDBPyConnection:
        """The connection, with FARM_FINGERPRINT once a statement calls it: registering loads pyarrow (0.1 s)."""
        connection = self.connection
        if not self._fingerprints and "FARM_FINGERPRINT" in sql:
            from dqx_core.sql import fingerprint

            fingerprint.register(connection)
            self._fingerprints = True
        return connection

    @property
    def statements(self) -> Sequence[str]:
        return tuple(self._statements)

    def run(self, tree: exp.Expr) -> pa.Table:
        import pyarrow as pa
        from sqlglot import exp

        def read(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
            if isinstance(tree, exp.Query):
                # A relation hands its rows over; a cursor's would be copied once more.
                return _arrow_of(connection.sql(sql))
            connection.execute(sql)
            return pa.table({})

        return self._ran(tree, read)

    def rows(self, tree: exp.Query) -> list[dict[str, Any]]:
        """The rows of a query as Python's own values, by column; without pyarrow, which takes 0.2 s to import."""

        def read(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
            # A cursor binds the statement once, where a relation does it twice: a tenth of the time of a small run.
            cursor = connection.execute(sql)
            names, types = zip(*(column[:2] for column in cursor.description), strict=True)
            if all(_PLAIN.fullmatch(str(type_)) for type_ in types):
                found = cursor.fetchall()
                days = [place for place, type_ in enumerate(types) if str(type_) == "DATE"]
                # The end of time comes as the last day that Python knows: Arrow tells these apart.
                if not any(row[day] is not None and not _is_plain_day(row[day]) for row in found for day in days):
                    return [dict(zip(names, row, strict=True)) for row in found]
                cursor = connection.execute(sql)
            if "UHUGEINT" in map(str, types):
                cursor.fetchall()  # an unread result is in the way of the next one
                return rows_of(_arrow_of(connection.sql(sql)))
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Arrow output on a DB-API result")  # it copies them: they are few
                table: pa.Table = cursor.to_arrow_table()
            return rows_of(table)

        return self._ran(tree, read)

    def _ran(self, tree: exp.Expr, read: Callable[[duckdb.DuckDBPyConnection, str], Rows]) -> Rows:
        """What `read` finds with the text of a statement."""
        import duckdb
        from sqlglot import ErrorLevel

        # Not from a copy, which takes as long as the text itself: rendering for DuckDB leaves a tree as it is.
        sql = tree.sql(dialect=self.dialect, unsupported_level=ErrorLevel.RAISE, copy=False)
        with self._lock:
            self._statements.append(sql)
            try:
                return read(self._connection_for(sql), sql)
            except (duckdb.Error, MemoryError, OSError) as error:
                raise fault_of(error, "run a statement", sql) from error

    def schema(self, tree: exp.Query) -> Mapping[str, str]:
        import duckdb

        sql = f"DESCRIBE {tree.sql(dialect=self.dialect)}"
        with self._lock:
            try:
                return {row[0]: row[1] for row in self._connection_for(sql).execute(sql).fetchall()}
            except duckdb.Error as error:
                raise fault_of(error, "describe a query", sql) from error

    def estimate(self, tree: exp.Query) -> Estimate:
        from sqlglot import exp

        schema = self.schema(tree)
        self.run(exp.Command(this="EXPLAIN", expression=exp.Literal.string(tree.sql(dialect=self.dialect))))
        return Estimate(None, schema)

    def extent(self, tree: exp.Query, columns: Sequence[str]) -> Extent:
        """What the optimizer knows of a query's rows; nothing where it knows nothing or refuses the query."""
        from sqlglot import exp

        known = [exp.Anonymous(this="STATS", expressions=[exp.column(column, quoted=True)]) for column in columns]
        counted = exp.select(exp.Count(this=exp.Star())).from_(tree.subquery("data"))
        row = self._told(exp.select(counted.subquery(), *known).from_(tree.subquery("data")).limit(1))
        spans: dict[str, tuple[int, int]] = {}
        largest: dict[str, float] = {}
        for column, found in zip(columns, row[1:] if row else (), strict=False):
            least, most = (found.get("min"), found.get("max")) if isinstance(found, dict) else (None, None)
            if isinstance(least, int) and isinstance(most, int):
                spans[column] = least, most
            elif isinstance(least, float) and isinstance(most, float):
                largest[column] = max(-least, most)
        return Extent(row[0] if row else 0, spans, self._powers(tree, largest))

    def _powers(self, tree: exp.Query, largest: Mapping[str, float]) -> dict[str, int]:
        """The powers of two for columns of such magnitudes whose first rows are integers then."""
        from sqlglot import exp

        from dqx_core.sql.exact import is_whole, power_for

        powers = {column: power for column, top in largest.items() if (power := power_for(top)) is not None}
        if not powers:
            return {}
        whole = [
            exp.LogicalAnd(this=is_whole(exp.cast(exp.column(column, quoted=True), "double"), power))
            for column, power in powers.items()
        ]
        row = self._told(
            exp.select(*whole).from_(exp.select("*").from_(tree.subquery("data")).limit(_FIRST).subquery())
        )
        return {column: power for (column, power), so in zip(powers.items(), row or (), strict=False) if so}

    def _told(self, query: exp.Select) -> Sequence[Any] | None:
        """A row that is asked for before the statements of a run; None where the query is refused, which they tell."""
        import duckdb

        sql = query.sql(self.dialect)
        with self._lock:
            try:
                rows = self._connection_for(sql).execute(sql).fetchall()
            except duckdb.Error:
                return None
        return rows[0] if rows else None

    def register(self, view: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name.

        Raises:
            EngineError: DuckDB does not know the type of a column.
        """
        import duckdb

        with self._lock:
            try:
                self.connection.register(view, table)
            except duckdb.Error as error:
                raise fault_of(error, "read a table in memory", "") from error

    def name(self, relation: duckdb.DuckDBPyRelation, view: str) -> None:
        """Make a relation of the connection readable under a name.

        Raises:
            EngineError: The connection is in use, or is closed.
        """
        import duckdb

        with self._lock:
            try:
                relation.create_view(view, replace=True)
            except duckdb.Error as error:
                raise fault_of(error, "read a relation", "") from error

    def close(self) -> None:
        """Close a connection this engine opened; one it was given stays open."""
        with self._lock:
            if self._ready is not None and self._given is None:
                self._ready.close()
            self._ready = None
            self._fingerprints = False


_MORE_ROOM = (
    "What was stored before is safe. Give DuckDB more memory (memory_limit), fewer threads, or a folder with room to "
    "spill to (temp_directory); or judge fewer days at a time."
)
_AGAIN = "What was stored before is safe; run it again."
_FINISH = (
    "Somebody else's result on this connection is not read to its end: fetch the rest of it, or give dqx a connection "
    "of its own (connection.cursor())."
)
_OF_THE_MACHINE = re.compile(
    r"no space left|not enough space|disk (is )?full|quota exceeded|too many open files|resource temporarily|"
    r"timed? ?out|connection|input/output error|stale|could not write|failed to write|broken pipe|interrupted",
    re.IGNORECASE,
)
"""What DuckDB says of files when it is the disk or the line, and not what is in them."""


def fault_of(error: Exception, what: str, sql: str) -> EngineError:
    """An error of DuckDB's as ours: of the statement, of rows that it met, or of everything around it."""
    import duckdb

    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return NotRunError("DuckDB", what, error, _MORE_ROOM)
    if isinstance(error, duckdb.ResourceInUseException):
        return NotRunError("DuckDB", what, error, _FINISH)
    around = (
        duckdb.InterruptException,
        duckdb.ConnectionException,
        duckdb.FatalException,
        duckdb.HTTPException,
        duckdb.TransactionException,
    )
    if isinstance(error, around) or (
        isinstance(error, OSError | duckdb.IOException) and _OF_THE_MACHINE.search(str(error))
    ):
        return NotRunError("DuckDB", what, error, _AGAIN)
    # A column, a function or types that do not exist.
    refused = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.NotSupportedError)
    return EngineError("DuckDB", what, f"{error}\n{sql}".strip(), of_rows=not isinstance(error, refused))
