"""The steps of a dataset's query, one CTE each, and the columns that flow through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dqx_core.datasets.base import SPLIT_COLUMN, FitOn, Role
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.source import NullRule
    from dqx_core.datasets.windows import Window

PARTED = "parted"
"""The step that says which part a row belongs to."""


@dataclass(frozen=True)
class OutputColumn:
    """A column of the dataset, resolved: what it is called, where it comes from, its normal type and its role."""

    name: str
    table: str
    column: str
    type: str
    role: Role | None = None
    nulls: NullRule = "keep"


@dataclass(frozen=True)
class Flow:
    """The CTEs so far, and which of them holds the rows that the next step works on."""

    definition: DatasetDefinition
    columns: Mapping[str, OutputColumn]
    window: Window
    steps: tuple[tuple[str, exp.Select], ...]
    last: str
    """The step with the rows."""

    def column(self, name: str) -> exp.Column:
        """An output column, quoted."""
        return column_named(name)

    @property
    def timestamp(self) -> OutputColumn:
        """The column that says when."""
        return next(column for column in self.columns.values() if column.role == "timestamp")

    def rows(self, *columns: exp.Expr) -> exp.Select:
        """A query over the rows so far; all their columns if none are named."""
        from sqlglot import exp

        return exp.select(*(columns or (exp.Star(),))).from_(self.step(self.last))

    def step(self, name: str) -> exp.Table:
        """A CTE as a table, quoted."""
        from sqlglot import exp

        return exp.Table(this=exp.to_identifier(name, quoted=True))

    def fitting(self, fit_on: FitOn, *columns: exp.Expr) -> exp.Select:
        """A query over the rows that a filter may learn from: those of train, or of all parts."""
        from sqlglot import exp

        parts = self.definition.split.part_names
        if fit_on == "train" and "train" in parts:
            parts = ("train",)
        return self.rows(*columns).where(
            exp.In(this=self.column(SPLIT_COLUMN), expressions=[literal(part) for part in parts]), copy=False
        )

    def then(self, *steps: tuple[str, exp.Select]) -> Flow:
        """The flow with more steps behind it, the last of which holds the rows."""
        return replace(self, steps=(*self.steps, *steps), last=steps[-1][0])

    def keeping(self, step: str, column: str, chosen: exp.Select) -> Flow:
        """The flow with only the rows whose column is one of those that a query chooses; null is none."""
        from sqlglot import exp

        inside = exp.In(this=self.column(column), query=chosen.subquery())
        return self.then((step, self.rows().where(inside, copy=False)))

    def parted(self) -> Flow:
        """The flow whose rows carry their part."""
        return self

    def ending(self, last: exp.Select) -> exp.Select:
        """One query: the steps as CTEs, then `last`."""
        from sqlglot import exp

        last.set(
            "with_",
            exp.With(
                expressions=[
                    exp.CTE(this=select, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
                    for name, select in self.steps
                ]
            ),
        )
        return last


def aliased(tree: exp.Expr, name: str) -> exp.Alias:
    """An expression under a quoted name."""
    from sqlglot import exp

    return exp.Alias(this=tree, alias=exp.to_identifier(name, quoted=True))
