"""The rows a metric looks at: their columns as SQL, narrowed by the metric's condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dqx_core.sql.conditions import condition
from dqx_core.sql.types import ColumnKind, kind_of

if TYPE_CHECKING:
    from sqlglot import exp


DATA = "data"
"""The name under which a statement reads the relation."""


def of_data(tree: exp.Expr) -> exp.Expr:
    """A copy of a person's tree in which every identifier is quoted and every column is one of `DATA`."""
    from sqlglot import exp

    copy = tree.copy()
    for column in copy.find_all(exp.Column):
        # What parses as table.column is a field of a struct column: there is only one relation.
        parts = [part.name for part in column.parts]
        column.replace(_path(parts))
    for name in copy.find_all(exp.Identifier):
        name.set("quoted", True)
    return copy


def _path(parts: list[str]) -> exp.Expr:
    from sqlglot import exp

    node: exp.Expr = exp.column(parts[0], table=DATA, quoted=True)
    for part in parts[1:]:
        node = exp.Dot(this=node, expression=exp.to_identifier(part, quoted=True))
    return node


@dataclass(frozen=True)
class Rows:
    """The rows of a relation for which `where` holds."""

    relation: exp.Query
    schema: Mapping[str, str]
    dialect: str
    where: str | None = None
    among: exp.Expr | None = None
    """Which rows the statement reads at all: those of the wanted days."""

    def kind(self, column: str) -> ColumnKind:
        """What the column holds."""
        types = {name.lower(): type_name for name, type_name in self.schema.items()}
        return kind_of(types[column.lower()], self.dialect)

    def plain(self, column: str) -> exp.Expr:
        """The column of every row."""
        from sqlglot import exp

        return exp.column(column, table=DATA, quoted=True)

    def column(self, column: str) -> exp.Expr:
        """The column of the rows that meet the condition; null in the others, which aggregates skip."""
        return self.only(self.plain(column))

    def only(self, value: exp.Expr) -> exp.Expr:
        """The value in the rows that meet the condition, else null."""
        from sqlglot import exp

        if self.where is None:
            return value
        return exp.Case(ifs=[exp.If(this=of_data(condition(self.where)), true=value)])

    def count(self, *also: exp.Expr) -> exp.Expr:
        """How many rows meet the condition and the given ones."""
        from sqlglot import exp

        conditions = [*([of_data(condition(self.where))] if self.where else []), *also]
        if not conditions:
            return exp.Count(this=exp.Star())
        # COUNT over CASE, not COUNT_IF: DuckDB's COUNT_IF is NULL, not 0, over no rows.
        return exp.Count(this=exp.Case(ifs=[exp.If(this=exp.and_(*conditions), true=exp.Literal.number(1))]))

    def selected(self, groups: Sequence[exp.Expr], *values: exp.Expr) -> exp.Select:
        """`SELECT groups, values` of the rows that meet the condition, for a statement that groups them itself."""
        from sqlglot import exp

        query = exp.select(*[g.copy() for g in groups], *values).from_(self.relation.copy().subquery(DATA))
        if self.among is not None:
            query = query.where(self.among.copy())
        return query.where(of_data(condition(self.where))) if self.where else query
