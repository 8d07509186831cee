"""What tables there are and what columns they have, in one normal form of types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dqx_core.datasets.types import normal_type
from dqx_core.errors import DefinitionError, EngineError, hint
from dqx_core.sql.literals import literal
from dqx_core.sql.names import table_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine

Schemas = Mapping[str, Mapping[str, str]]
"""Table → column → normal type."""


@dataclass(frozen=True)
class TableInfo:
    """A table as the warehouse describes it, without reading it."""

    name: str
    kind: str
    """"table" or "view"."""
    rows: int | None
    """As the warehouse estimates it; None for a view."""
    bytes: int | None
    """What it takes on disk; None for a view, and for a table in memory."""
    columns: int
    modified: dt.datetime | None
    """When it was last written, as far as that is known."""
    description: str | None = None


@dataclass(frozen=True)
class ColumnInfo:
    """A column as the warehouse describes it."""

    name: str
    type: str
    """In normal form: BigQuery's INTEGER and INT64 are one type."""
    nullable: bool
    description: str | None = None


class Catalog(Protocol):
    """The tables that definitions may use."""

    def tables(self) -> Sequence[str]:
        """Full names, schema.table, in order."""

    def other_schemas(self) -> Sequence[str]:
        """Schemas with tables that were not asked for, as far as that is known."""

    def schema(self, table: str) -> dict[str, str]:
        """Column → normal type, in the table's order.

        Raises:
            DefinitionError: There is no such table.
        """

    def described(self) -> Sequence[TableInfo]:
        """The tables with their sizes, the largest first."""

    def columns(self, table: str) -> Sequence[ColumnInfo]:
        """The columns of a table, in its order.

        Raises:
            DefinitionError: There is no such table.
        """


_INTERNAL = ("information_schema", "pg_catalog")
_METADATA = "__ducklake_metadata_"
"""DuckLake attaches its own tables under such a name."""


class DuckDBCatalog:
    """The tables and views of a DuckDB database and of those attached to it: of some schemas, or of all.

    A table is called `schema.name`; one of an attached database `database.schema.name`, and so is one whose schema is
    called as a database is, because DuckDB would not know which of the two `raw.visits` means. Tables that are
    temporary or DuckDB's own are left out.
    """

    def __init__(self, engine: Engine, schemas: Sequence[str] | None = None) -> None:
        self._engine = engine
        self._schemas = None if schemas is None else frozenset(schemas)

    def tables(self) -> Sequence[str]:
        """Full names, in order; those of attached databases last."""
        return [each.full_name for each in self._found()]

    def other_schemas(self) -> Sequence[str]:
        """The schemas with tables that were not asked for."""
        return sorted({each.schema for each in self._all()} - (self._schemas or frozenset()))

    def schema(self, table: str) -> dict[str, str]:
        """Column → normal type, in the table's order."""
        from sqlglot import exp

        try:
            types = self._engine.schema(exp.select("*").from_(table_of(table)))
        except EngineError as error:
            known = self.tables()
            if table in known:
                raise
            raise DefinitionError(f"There is no table '{table}'. {hint(table, known)}") from error
        return {column: normal_type(spelled, self._engine.dialect) for column, spelled in types.items()}

    def described(self) -> Sequence[TableInfo]:
        """The tables with their sizes, the largest first.

        DuckDB counts the space of a table in whole blocks, and does not say when a table was written: what is told
        is when its file was.
        """
        found = self._found()
        files = {database: self._file(database) for database in {each.database for each in found}}
        infos = [
            TableInfo(
                name=each.full_name,
                kind=each.kind,
                rows=each.row["estimated_size"] if each.kind == "table" else None,
                bytes=self._bytes(each, files[each.database][1]) if each.kind == "table" else None,
                columns=each.row["column_count"],
                modified=files[each.database][0],
                description=each.row["comment"],
            )
            for each in found
        ]
        return sorted(infos, key=lambda info: (-(info.bytes or 0), -(info.rows or 0), info.name))

    def columns(self, table: str) -> Sequence[ColumnInfo]:
        """The columns of a table, in its order."""
        types = self.schema(table)
        *database, schema, name = table.split(".")
        wanted = {"schema_name": literal(schema), "table_name": literal(name)}
        wanted["database_name"] = literal(database[0]) if database else _here()
        rows = {row["column_name"]: row for row in self._rows("duckdb_columns", wanted)}
        return [
            ColumnInfo(column, type_name, bool(row.get("is_nullable", True)), row.get("comment"))
            for column, type_name in types.items()
            for row in (rows.get(column, {}),)
        ]

    def _found(self) -> list[_Listed]:
        """The tables and views of the schemas that were asked for."""
        return [each for each in self._all() if self._schemas is None or each.schema in self._schemas]

    def _all(self) -> list[_Listed]:
        """All tables and views, in the order of their names; DuckDB lists the two in functions of their own."""
        from sqlglot import exp

        databases = {row["database_name"].lower() for row in self._rows("duckdb_databases", {})}
        here = self._engine.run(exp.select(exp.alias_(_here(), "name"))).to_pylist()[0]["name"]
        found = [
            _Listed(
                row["database_name"],
                row["schema_name"],
                row[f"{kind}_name"],
                kind,
                row["database_name"] != here or row["schema_name"].lower() in databases,
                row,
            )
            for kind in ("table", "view")
            for row in self._rows(f"duckdb_{kind}s", {"internal": literal(False), "temporary": literal(False)})
            if row["schema_name"] not in _INTERNAL and not row["database_name"].startswith(_METADATA)
        ]
        return sorted(found, key=lambda each: (each.database != here, each.full_name))

    def _rows(self, function: str, wanted: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
        """The rows of one of DuckDB's functions about itself."""
        from sqlglot import exp

        query = exp.select("*").from_(exp.Table(this=exp.Anonymous(this=function)))
        query = query.where(*(exp.EQ(this=exp.column(name), expression=value) for name, value in wanted.items()))
        rows: list[dict[str, Any]] = self._engine.run(query).to_pylist()
        return rows

    def _file(self, database: str) -> tuple[dt.datetime | None, int]:
        """When the file of a database was last written (None: it is not a DuckDB file), and the size of its blocks."""

        def one(function: str) -> dict[str, Any]:
            rows = self._rows(function, {"database_name": literal(database)})
            return rows[0] if rows else {}

        about = one("duckdb_databases")
        path = about.get("path")
        if about.get("type") != "duckdb" or path is None or not Path(path).exists():
            return None, 0
        written = max(file.stat().st_mtime for file in (Path(path), Path(f"{path}.wal")) if file.exists())
        return dt.datetime.fromtimestamp(written, dt.UTC), int(one("pragma_database_size")["block_size"])

    def _bytes(self, table: _Listed, block_size: int) -> int | None:
        from sqlglot import exp

        if not block_size:
            return None
        quoted = exp.table_(table.name, db=table.schema, catalog=table.database, quoted=True).sql("duckdb")
        segments = exp.Table(this=exp.Anonymous(this="PRAGMA_STORAGE_INFO", expressions=[literal(quoted)]))
        blocks = exp.Count(this=exp.Distinct(expressions=[exp.column("block_id")]))
        query = exp.select(exp.alias_(blocks, "blocks")).from_(segments)
        query = query.where(exp.GTE(this=exp.column("block_id"), expression=literal(0)))
        return int(self._engine.run(query).to_pylist()[0]["blocks"]) * block_size


@dataclass(frozen=True)
class _Listed:
    """A table or view as DuckDB lists it."""

    database: str
    schema: str
    name: str
    kind: str
    with_database: bool
    """Whether its schema alone would not say where it is."""
    row: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        return ".".join([self.database] * self.with_database + [self.schema, self.name])


def _here() -> exp.Expr:
    """The name of the database in use."""
    from sqlglot import exp

    return exp.Anonymous(this="CURRENT_DATABASE")


def schemas_of(definition: DatasetDefinition, catalog: Catalog) -> Schemas:
    """The schemas of the tables a definition reads."""
    return {table: catalog.schema(table) for table in definition.source.tables}
