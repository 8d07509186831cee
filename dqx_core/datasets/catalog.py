"""What tables there are and what columns they have, in one normal form of types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from dqx_core.datasets.definition import ALLOWED_SCHEMAS
from dqx_core.datasets.types import normal_type
from dqx_core.errors import DefinitionError, EngineError, hint
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine

Schemas = Mapping[str, Mapping[str, str]]
"""Table → column → normal type."""


class Catalog(Protocol):
    """The tables that definitions may use."""

    def tables(self) -> Sequence[str]:
        """Full names, schema.table, in order."""

    def schema(self, table: str) -> dict[str, str]:
        """Column → normal type, in the table's order.

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


def schemas_of(definition: DatasetDefinition, catalog: Catalog) -> Schemas:
    """The schemas of the tables a definition reads."""
    return {table: catalog.schema(table) for table in definition.source.tables}


def table_of(full_name: str, alias: str | None = None) -> exp.Table:
    """A table by its full name, every part quoted."""
    from sqlglot import exp

    parts = [exp.to_identifier(part, quoted=True) for part in reversed(full_name.split("."))]
    table = exp.Table(**dict(zip(("this", "db", "catalog"), parts, strict=False)))
    if alias is not None:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return table
