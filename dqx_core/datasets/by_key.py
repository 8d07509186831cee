"""A group split that hashes each key once, in a step of its own, for an engine where a hash costs more than a join.

That step holds the keys that are left and their parts, and rows meet their part last. What a filter learns of keys
leaves fewer keys, and costs the rows nothing. The rows that come out are those of the flow that hashes every row.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from dqx_core.datasets.base import SPLIT_COLUMN, FitOn
from dqx_core.datasets.buckets import columns_of
from dqx_core.datasets.flow import PARTED, Flow, aliased
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.splits import Group

KEYS = "keys"
"""The step that hashes each key once."""


@dataclass(frozen=True)
class ByKey(Flow):
    """Steps whose rows do not carry their part: it is in the step of the keys."""

    split: Group
    keys: str = KEYS
    """The step with the keys that are left, and their parts."""

    def fitting(self, fit_on: FitOn, *columns: exp.Expr) -> exp.Select:
        """A query over the rows that a filter may learn from: those of train, or of all parts."""
        from sqlglot import exp

        rows = self.rows(*columns)
        if fit_on == "train":
            of_train = exp.EQ(this=column_named(SPLIT_COLUMN, self.keys), expression=literal("train"))
            return self._with_keys(rows, "semi", of_train)
        if self.keys != KEYS:  # some keys are gone
            return self._with_keys(rows, "semi")
        if self.split.null_key != "fail":
            return rows
        nulls = [exp.Is(this=self.column(name), expression=exp.Null()) for name in columns_of(self.split.key)]
        return rows.where(*(exp.not_(null) for null in nulls), copy=False)

    def keeping(self, step: str, column: str, chosen: exp.Select) -> Flow:
        """The flow with only the rows whose column is one of those chosen; the keys, if the column is the key."""
        from sqlglot import exp

        if columns_of(self.split.key) != (column,):
            return super().keeping(step, column, chosen)
        inside = exp.In(this=self.column(column), query=chosen.subquery())
        left = exp.select(exp.Star()).from_(self.step(self.keys)).where(inside, copy=False)
        return replace(self, steps=(*self.steps, (step, left)), keys=step)

    def parted(self) -> Flow:
        """The flow whose rows carry their part."""
        from sqlglot import exp

        everything = exp.Column(this=exp.Star(), table=exp.to_identifier(self.last, quoted=True))
        rows = self._with_keys(self.rows(everything, column_named(SPLIT_COLUMN, self.keys)), "inner")
        return Flow(self.definition, self.columns, self.window, (*self.steps, (PARTED, rows)), PARTED)

    def _with_keys(self, rows: exp.Select, how: str, *conditions: exp.Expr) -> exp.Select:
        """Rows joined with the keys that are left; null is a key like others."""
        from sqlglot import exp

        same = [
            exp.NullSafeEQ(this=column_named(name, self.last), expression=column_named(name, self.keys))
            for name in columns_of(self.split.key)
        ]
        return rows.join(self.step(self.keys), on=exp.and_(*same, *conditions), join_type=how, copy=False)


def by_key(flow: Flow, split: Group) -> ByKey:
    """The flow with the step that hashes each key once."""
    from sqlglot import exp

    columns = [flow.column(name) for name in columns_of(split.key)]
    different = flow.rows(*columns).distinct(copy=False).subquery("different")
    keys = exp.select(*columns, aliased(split.expression(flow), SPLIT_COLUMN)).from_(different)
    so_far = {each.name: getattr(flow, each.name) for each in fields(Flow)}
    return ByKey(**so_far | {"steps": (*flow.steps, (KEYS, keys))}, split=split)
