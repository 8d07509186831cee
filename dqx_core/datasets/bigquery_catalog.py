"""The tables of some datasets of BigQuery, as the service describes them: nothing is read, nothing is billed."""

from __future__ import annotations

from collections.abc import Sequence

from dqx_core.datasets.catalog import ColumnInfo, TableInfo
from dqx_core.datasets.types import normal_type
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_tables import BigQueryTables, Table
from dqx_core.errors import DefinitionError, EngineError, hint

BIGQUERY_SCHEMAS = ("raw_data",)
"""Where tables are looked for unless it is said: a project may have thousands of datasets."""


class BigQueryCatalog:
    """The tables and views in some datasets of BigQuery: what a definition calls schemas."""

    def __init__(self, engine: BigQuery, schemas: Sequence[str] = BIGQUERY_SCHEMAS) -> None:
        self._tables = BigQueryTables(engine)
        self._schemas = tuple(schemas)

    def tables(self) -> Sequence[str]:
        """Full names, in order."""
        return [name for schema in self._schemas for name in self._names(schema)]

    def _names(self, schema: str) -> Sequence[str]:
        try:
            return self._tables.names(schema)
        except EngineError as error:
            if self._tables.has(schema):
                raise
            raise DefinitionError(
                f"There is no dataset '{schema}' in project '{self._tables.engine.project}'. Name those "
                "that hold the raw tables with --schema or the variable DQX_SCHEMA."
            ) from error

    def other_schemas(self) -> Sequence[str]:
        """Not known: to list the datasets of a project takes a right that reading its tables does not."""
        return ()

    def schema(self, table: str) -> dict[str, str]:
        """Column → normal type, in the table's order."""
        return {column.name: column.type for column in self.columns(table)}

    def described(self) -> Sequence[TableInfo]:
        """The tables with their sizes, the largest first: one call for each."""
        found = [table for name in self.tables() if (table := self._tables.described(name)) is not None]
        infos = [
            TableInfo(
                name=each.name,
                kind="view" if "view" in each.kind else "table",
                rows=each.rows,
                bytes=each.bytes,
                columns=len(each.fields),
                modified=each.modified,
                description=each.description,
            )
            for each in found
        ]
        return sorted(infos, key=lambda info: (-(info.bytes or 0), -(info.rows or 0), info.name))

    def columns(self, table: str) -> Sequence[ColumnInfo]:
        """The columns of a table, in its order."""
        return [
            ColumnInfo(field.name, normal_type(field.type, "bigquery"), field.nullable, field.description)
            for field in self._found(table).fields
        ]

    def _found(self, table: str) -> Table:
        found = self._tables.described(table)
        if found is None:
            try:
                known = self.tables()
            except (DefinitionError, EngineError):
                known = []  # there is no such dataset either
            raise DefinitionError(f"There is no table '{table}'. {hint(table, known)}")
        return found
