"""What a query reads: the columns of each table, their bytes, and what is billed for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

MIB = 2**20
_WIDTHS = {"BOOL": 1, "NUMERIC": 16, "BIGNUMERIC": 32}


@dataclass
class Estimate:
    """What a query reads, and what its rows are."""

    fields: list[dict[str, Any]]
    bytes: int
    tables: list[tuple[str, str]]

    @property
    def billed(self) -> int:
        """Whole mebibytes, ten at least for each table."""
        return max(-(-self.bytes // MIB), 10 * len(self.tables)) * MIB


def width(name: str, type_name: str) -> str:
    """The bytes of a column, as an aggregate for DuckDB."""
    column = f'"{name}"'
    if type_name == "STRING":
        return f"coalesce(sum(2 + strlen({column})), 0)"
    if type_name == "BYTES":
        return f"coalesce(sum(2 + octet_length({column})), 0)"
    if type_name.startswith("ARRAY"):
        return f"coalesce(sum(8 * len({column})), 0)"
    return f"{_WIDTHS.get(type_name, 8)} * count({column})"


def reads_of(tree: exp.Query) -> Iterator[tuple[str, str, list[str], exp.Expr | None]]:
    """Each table that is read, with the columns that are used and the condition on its rows alone."""
    for select in tree.find_all(exp.Select):
        sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
        for source in filter(None, sources):
            table = source.this
            if isinstance(table, exp.Table) and table.db:
                alias = table.alias_or_name
                columns = [c.name for c in _own_columns(select) if c.table == alias]
                where = select.args.get("where")
                yield table.db, table.name, columns, None if where is None else where.this


def _own_columns(node: exp.Expr) -> Iterator[exp.Column]:
    for child in node.iter_expressions():
        if isinstance(child, exp.Column):
            yield child
        elif not isinstance(child, exp.Query):
            yield from _own_columns(child)
