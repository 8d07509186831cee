"""Where rows come from: a table, what is joined to it, and which columns go into the dataset as what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from dqx_core.datasets.base import Model, Problem, Several, TableName, WrittenRole
from dqx_core.datasets.values import Scalar
from dqx_core.errors import hint


def short(table: str) -> str:
    """What columns call a table: the last part of its name."""
    return table.rsplit(".", 1)[-1]


class Join(Model):
    """A table whose columns are added to the rows of the primary one."""

    table: TableName
    on: dict[str, str] = Field(min_length=1)
    """Column of the primary table: column of this one; several are a composite key."""
    how: Literal["left", "inner"] = "left"
    cardinality: Literal["many_to_one", "one_to_one", "one_to_many", "many_to_many"] = "many_to_one"
    """The first two are checked: a key of this table has one row, so that no row of the primary one multiplies."""


class Source(Model):
    """The primary table, and its joins in order."""

    table: TableName
    joins: Several[Join] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """Full names, the primary one first."""
        return (self.table, *(join.table for join in self.joins))

    def full_name(self, table: str | None) -> str | None:
        """The table that a column means by its short or full name; None: there is none."""
        if table is None:
            return self.table
        return next((full for full in self.tables if table in (full, short(full))), None)

    def problems(self, schemas: Sequence[str] | None) -> Iterator[Problem]:
        """Tables of schemas that are not allowed, and tables that columns could not tell apart."""
        seen: dict[str, str] = {}
        for number, table in enumerate(self.tables):
            where = ("source", "table") if number == 0 else ("source", "joins", number - 1, "table")
            schema = table.split(".")[-2]
            if schemas is not None and schema not in schemas:
                yield (
                    where,
                    (
                        f"table '{table}' is in schema '{schema}', which is not allowed. {hint(schema, schemas)} "
                        f"To allow it: --schema {schema} on the command line, schemas: in a component."
                    ),
                )
            other = seen.setdefault(short(table).casefold(), table)
            if number and other in self.tables[:number]:
                yield (
                    where,
                    (
                        f"'{table}' and '{other}' are both called '{short(table)}', so columns cannot tell them apart. "
                        "Make a view of this one under another name, and join that."
                    ),
                )


class Column(Model):
    """A column of the dataset: where it comes from, what it is called, what it means."""

    table: str | None = None
    """Short or full name of a table of the source; the primary one if left out."""
    column: str = Field(min_length=1)
    as_: str | None = Field(default=None, alias="as", min_length=1)
    role: WrittenRole | None = None

    @property
    def name(self) -> str:
        """What the dataset calls it."""
        return self.as_ or self.column


class Fill(Model):
    """Nulls become this value, before any filter looks."""

    fill: Scalar


NullRule = Annotated[
    Annotated[Literal["keep", "fail"], Tag("word")] | Annotated[Fill, Tag("mapping")],
    Discriminator(lambda rule: "mapping" if isinstance(rule, dict | Fill) else "word"),
]
"""What happens to nulls of a column: they stay, they are an error in rows of the dataset, or they are filled."""
