"""What tables there are and what columns they have, in one normal form of types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dqx_core.datasets.definition import ALLOWED_SCHEMAS
from dqx_core.datasets.types import normal_type
from dqx_core.errors import DefinitionError, EngineError, hint
from dqx_core.sql.literals import literal
from dqx_core.sql.names import table_of

if TYPE_CHECKING:
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


class DuckDBCatalog:
    """The tables and views in some schemas of a DuckDB database."""

    def __init__(self, engine: Engine, schemas: Sequence[str] = ALLOWED_SCHEMAS) -> None:
        self._engine = engine
        self._schemas = tuple(schemas)

    def tables(self) -> Sequence[str]:
        """Full names, in order."""
        from sqlglot import exp

        schema, name = exp.column("table_schema"), exp.column("table_name")
        query = (
            exp.select(schema, name)
            .from_(exp.table_("tables", db="information_schema"))
            .where(exp.In(this=schema.copy(), expressions=[literal(each) for each in self._schemas]))
            .order_by(schema.copy(), name.copy())
        )
        return [f"{row['table_schema']}.{row['table_name']}" for row in self._engine.run(query).to_pylist()]

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
        modified, block_size = self._file()
        found = [
            TableInfo(
                name=f"{row['schema_name']}.{row['name']}",
                kind=kind,
                rows=row["estimated_size"] if kind == "table" else None,
                bytes=self._bytes(row["schema_name"], row["name"], block_size) if kind == "table" else None,
                columns=row["column_count"],
                modified=modified,
                description=row["comment"],
            )
            for kind in ("table", "view")
            for row in self._listed(kind)
        ]
        return sorted(found, key=lambda info: (-(info.bytes or 0), -(info.rows or 0), info.name))

    def columns(self, table: str) -> Sequence[ColumnInfo]:
        """The columns of a table, in its order."""
        types = self.schema(table)
        schema, name = table.split(".")[-2:]
        rows = {row["column_name"]: row for row in self._of("duckdb_columns", schema, table_name=name)}
        return [
            ColumnInfo(column, type_name, bool(row.get("is_nullable", True)), row.get("comment"))
            for column, type_name in types.items()
            for row in (rows.get(column, {}),)
        ]

    def _listed(self, kind: str) -> list[dict[str, Any]]:
        """The tables or views of the schemas; DuckDB lists them in functions of their own."""
        return [
            row | {"name": row[f"{kind}_name"]}
            for schema in self._schemas
            for row in self._of(f"duckdb_{kind}s", schema, internal=False)
        ]

    def _of(self, function: str, schema: str, **equal: object) -> list[dict[str, Any]]:
        """The rows of one of DuckDB's functions about itself, for a schema of the database in use."""
        from sqlglot import exp

        wanted = {"schema_name": literal(schema), "database_name": exp.Anonymous(this="CURRENT_DATABASE")}
        wanted |= {name: literal(value) for name, value in equal.items()}
        query = exp.select("*").from_(exp.Table(this=exp.Anonymous(this=function)))
        query = query.where(*(exp.EQ(this=exp.column(name), expression=value) for name, value in wanted.items()))
        rows: list[dict[str, Any]] = self._engine.run(query).to_pylist()
        return rows

    def _file(self) -> tuple[dt.datetime | None, int]:
        """When the file of the database was last written (None: it is in memory), and the size of its blocks."""
        from sqlglot import exp

        here = exp.EQ(this=exp.column("database_name"), expression=exp.Anonymous(this="CURRENT_DATABASE"))

        def one(function: str, column: str) -> Any:
            query = exp.select(column).from_(exp.Table(this=exp.Anonymous(this=function))).where(here.copy())
            return self._engine.run(query).to_pylist()[0][column]

        path, size = one("duckdb_databases", "path"), one("pragma_database_size", "block_size")
        if path is None or not Path(path).exists():
            return None, 0
        written = max(file.stat().st_mtime for file in (Path(path), Path(f"{path}.wal")) if file.exists())
        return dt.datetime.fromtimestamp(written, dt.UTC), int(size)

    def _bytes(self, schema: str, table: str, block_size: int) -> int | None:
        from sqlglot import exp

        if not block_size:
            return None
        quoted = table_of(f"{schema}.{table}").sql("duckdb")
        segments = exp.Table(this=exp.Anonymous(this="PRAGMA_STORAGE_INFO", expressions=[literal(quoted)]))
        blocks = exp.Count(this=exp.Distinct(expressions=[exp.column("block_id")]))
        query = exp.select(exp.alias_(blocks, "blocks")).from_(segments)
        query = query.where(exp.GTE(this=exp.column("block_id"), expression=literal(0)))
        return int(self._engine.run(query).to_pylist()[0]["blocks"]) * block_size


def schemas_of(definition: DatasetDefinition, catalog: Catalog) -> Schemas:
    """The schemas of the tables a definition reads."""
    return {table: catalog.schema(table) for table in definition.source.tables}
