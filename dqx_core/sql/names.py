"""Names of tables and columns as trees: every part quoted, so that any name a warehouse allows is that very name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


def table_of(full_name: str, alias: str | None = None) -> exp.Table:
    """A table by its full name."""
    from sqlglot import exp

    parts = [exp.to_identifier(part, quoted=True) for part in reversed(full_name.split("."))]
    table = exp.Table(**dict(zip(("this", "db", "catalog"), parts, strict=False)))
    if alias is not None:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return table


def column_named(name: str, table: str | None = None) -> exp.Column:
    """A column, of whatever is selected from or of one table of it."""
    from sqlglot import exp

    return exp.column(
        exp.to_identifier(name, quoted=True), table=None if table is None else exp.to_identifier(table, quoted=True)
    )
