"""The rows a metric looks at: their columns as SQL, narrowed by the metric's condition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dqx_core.sql.conditions import condition
from dqx_core.sql.dialects import dialect_of
from dqx_core.sql.types import ColumnKind, kind_of

if TYPE_CHECKING:
    from sqlglot import exp


DATA = "data"
"""The name under which a statement reads the relation."""

ITEMS = "items"
"""The name under which a statement reads the distinct tuples of some columns."""

COPIES = "copies"
"""How many rows have the tuple."""


def of_data(tree: exp.Expr) -> exp.Expr:
    """A copy of a person's tree in which every identifier is quoted and every column is one of `DATA`."""
    from sqlglot import exp

    copy = exp.Paren(this=tree.copy())
    for column in list(copy.find_all(exp.Column)):
        # What parses as table.column is a field of a struct column: there is only one relation.
        column.replace(_path([part.name for part in column.parts]))
    for name in copy.find_all(exp.Identifier):
        name.set("quoted", True)
    inner: exp.Expr = copy.this
    return inner


def _path(parts: list[str]) -> exp.Expr:
    from sqlglot import exp

    node: exp.Expr = exp.column(parts[0], table=DATA, quoted=True)
    for part in parts[1:]:
        node = exp.Dot(this=node, expression=exp.to_identifier(part, quoted=True))
    return node


def column_of(name: str, table: str = DATA) -> exp.Column:
    """The column of that very name."""
    from sqlglot import exp

    return exp.Column(this=exp.Identifier(this=name, quoted=True), table=exp.Identifier(this=table, quoted=True))


def named(value: exp.Expr, name: str) -> exp.Expr:
    """The value under a name."""
    from sqlglot import exp

    return exp.Alias(this=value, alias=exp.Identifier(this=name, quoted=True))


@dataclass
class Stages:
    """Columns that are computed once a row, each from columns of the relation or of the stages before its own."""

    taken: frozenset[str]
    """The relation's own column names, in lower case."""
    depths: dict[str, int] = field(default_factory=dict)
    trees: dict[str, exp.Expr] = field(default_factory=dict)
    hopeful: bool = False
    """Whether a number may find no room, and another statement would compute it with more work."""
    guards: dict[str, exp.Column] = field(default_factory=dict)
    """What must be true of every row for the statement's numbers to be right, by name."""
    _names: dict[exp.Expr, str] = field(default_factory=dict)

    def guard(self, column: exp.Column) -> None:
        """Have the statement see that a staged column is true in every row."""
        self.guards[column.name] = column

    def add(self, tree: exp.Expr) -> exp.Column:
        """The column that holds the tree's value; an equal tree is computed once."""
        from sqlglot import exp

        if isinstance(tree, exp.Column) and tree.table == DATA:
            return tree
        if tree not in self._names:
            name = f"__{len(self._names)}"
            while name in self.taken:
                name = f"_{name}"
            self._names[tree] = name
            self.trees[name] = tree
            self.depths[name] = 1 + max((self.depths.get(c.name, 0) for c in tree.find_all(exp.Column)), default=0)
        return column_of(self._names[tree])

    def over(self, relation: exp.Query, among: exp.Expr | None) -> exp.Query:
        """The relation with every staged column."""
        from sqlglot import exp

        query = relation
        for depth in range(1, 1 + max(self.depths.values(), default=0)):
            added = [named(tree, name) for name, tree in self.trees.items() if self.depths[name] == depth]
            staged = exp.Select(expressions=[exp.Star(), *added]).from_(query.subquery(DATA, copy=False), copy=False)
            query = staged.where(among.copy(), copy=False) if depth == 1 and among is not None else staged
        return query


@dataclass(frozen=True)
class Rows:
    """The rows of a relation for which `where` holds."""

    relation: exp.Query
    schema: Mapping[str, str]
    dialect: str
    where: str | None = None
    among: exp.Expr | None = None
    """Which rows the statement reads at all: those of the wanted days."""
    stages: Stages = field(default_factory=lambda: Stages(frozenset()), repr=False, compare=False)
    powers: Mapping[str, int] = field(default_factory=dict)
    """Column of doubles, in lower case → the power of two that makes them integers, as far as is known."""
    any_size: bool = False
    """Whether sums are computed for numbers of any size, which takes longer."""

    @cached_property
    def _types(self) -> Mapping[str, str]:
        return {name.lower(): type_name for name, type_name in self.schema.items()}

    def type_name(self, column: str) -> str:
        """The column's type as the engine spells it."""
        return self._types[column.lower()]

    def kind(self, column: str) -> ColumnKind:
        """What the column holds."""
        return kind_of(self.type_name(column), self.dialect)

    def power(self, column: str) -> int | None:
        """The power of two that the column's doubles are multiplied by to be integers; None: perhaps they never are."""
        return self.powers.get(column.lower())

    @property
    def dares(self) -> bool:
        """Whether sums of large numbers are tried in the plain way, because another statement is there if they fail."""
        self.stages.hopeful |= not self.any_size
        return not self.any_size

    def stage(self, tree: exp.Expr) -> exp.Column:
        """The value as a column of its own, computed once a row however often it is used."""
        return self.stages.add(tree)

    def plain(self, column: str) -> exp.Expr:
        """The column of every row."""
        return column_of(column)

    def key(self, column: str) -> exp.Expr:
        """The column as something that rows can be grouped by: text, of a value with parts; null stays null."""
        from sqlglot import exp

        plain = self.plain(column)
        base = re.split(r"[<(]", self.type_name(column))[0].upper()
        function = dialect_of(self.dialect).texts.get(base)
        if function is None:
            return plain
        known = exp.Not(this=exp.Is(this=plain.copy(), expression=exp.Null()))
        return exp.Case(ifs=[exp.If(this=known, true=exp.Anonymous(this=function, expressions=[plain]))])

    def column(self, column: str) -> exp.Expr:
        """The column of the rows that meet the condition; null in the others, which aggregates skip."""
        return self.only(self.plain(column))

    def only(self, value: exp.Expr) -> exp.Expr:
        """The value in the rows that meet the condition, else null."""
        from sqlglot import exp

        if self.where is None:
            return value
        return exp.Case(ifs=[exp.If(this=self._met(), true=value)])

    def count(self, *also: exp.Expr) -> exp.Expr:
        """How many rows meet the condition and the given ones."""
        from sqlglot import exp

        conditions = [*([self._met()] if self.where else []), *also]
        if not conditions:
            return exp.Count(this=exp.Star())
        met = conditions[0] if len(conditions) == 1 else exp.and_(*conditions)
        # COUNT over CASE, not COUNT_IF: DuckDB's COUNT_IF is NULL, not 0, over no rows.
        return exp.Count(this=exp.Case(ifs=[exp.If(this=met, true=exp.Literal.number(1))]))

    def selected(self, groups: Sequence[exp.Expr], *values: exp.Expr) -> exp.Select:
        """`SELECT groups, values` of the rows that meet the condition, for a statement that groups them itself."""
        from sqlglot import exp

        query = exp.select(*[g.copy() for g in groups], *values).from_(self.relation.copy().subquery(DATA))
        if self.among is not None:
            query = query.where(self.among.copy())
        return query.where(of_data(condition(self.where))) if self.where else query

    def _met(self) -> exp.Expr:
        """Whether a row meets the condition: looked at once a row, whatever the number of metrics that share it."""
        assert self.where is not None
        return self.stage(of_data(condition(self.where)))


@dataclass(frozen=True)
class Items:
    """The distinct tuples of some columns, each with how many rows have it: what grouped metrics aggregate over."""

    names: Mapping[str, str]
    """Column → its name among the items."""
    dialect: str

    def item(self, column: str) -> exp.Expr:
        """The column's value in the tuple."""
        from sqlglot import exp

        return exp.column(self.names[column], table=ITEMS, quoted=True)

    @property
    def copies(self) -> exp.Expr:
        """How many rows have the tuple."""
        from sqlglot import exp

        return exp.column(COPIES, table=ITEMS, quoted=True)


def per_group(inner: exp.Query, groups: Sequence[exp.Expr], values: Mapping[str, exp.Expr], alias: str) -> exp.Select:
    """`SELECT groups, values` over a query that has the groups as columns."""
    from sqlglot import exp

    keys = [exp.column(group.alias, table=alias, quoted=True) for group in groups]
    query = exp.select(*keys, *(exp.alias_(value, name, quoted=True) for name, value in values.items()))
    query = query.from_(inner.subquery(alias))
    return query.group_by(*[k.copy() for k in keys]) if keys else query
