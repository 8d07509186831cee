"""A share of the keys in place of all, and folds of train: both by a salted hash, neither by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from dqx_core.datasets.base import Location, Part, Problem
from dqx_core.datasets.buckets import BUCKETS, Key, bucket, hashed, places_of, unfit_key
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.splits import Group
from dqx_core.datasets.values import Percent, plain, too_fine, whole
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.flow import Flow, OutputColumn

FOLD_COLUMN = "fold"
"""The column that says which fold a row of train belongs to, counted from 0."""
SAMPLED = "sampled"
"""The step with the rows whose keys are in the sample."""


class Sample(Part):
    """All rows of a share of the keys, before any filter looks; a row without a key is in no sample."""

    percent: Percent
    key: Key
    salt: str | None = None

    def salt_of(self, dataset: str) -> str:
        """What makes it independent of the split."""
        return f"{dataset}/sample/v1" if self.salt is None else self.salt

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The key."""
        yield from places_of(self.key)

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """A share that is too fine, or the salt of the split."""
        if too_fine(self.percent):
            yield ("percent",), f"{plain(self.percent)} has more than two decimals."
        by = definition.salted_by
        if isinstance(definition.split, Group) and self.salt_of(by) == definition.split.salt_of(by):
            yield ("salt",), "is that of the split, so the sample would be of one part only. Give it another."

    def type_problems(self, columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """A key whose text differs between engines."""
        yield from unfit_key(self.key, columns, "sample")

    def condition(self, flow: Flow) -> exp.Expr:
        """Whether the key of a row is in the sample."""
        from sqlglot import exp

        chosen = bucket(hashed(flow, self.key, self.salt_of(flow.definition.salted_by)))
        return exp.LT(this=chosen, expression=literal(int(self.percent * BUCKETS / 100)))


Folded = Annotated[int, Field(strict=True, ge=2, le=BUCKETS), BeforeValidator(whole)]
"""How many folds."""


class Folds(Part):
    """Train in so many folds, all rows of a key in one; rows without a key are in one fold together."""

    count: Folded
    key: Key | None = None
    """By default the key of the group split, else the column with role: user_id."""
    salt: str | None = None

    def key_of(self, definition: DatasetDefinition) -> Key | None:
        """The column, or columns, whose rows stay together."""
        if self.key is None and isinstance(definition.split, Group):
            return definition.split.key
        return self.key or definition.role("user_id")

    def salt_of(self, dataset: str) -> str:
        """What makes it independent of the split."""
        return f"{dataset}/folds/v1" if self.salt is None else self.salt

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The key, if it is given one."""
        yield from places_of(self.key) if self.key is not None else ()

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """No key, no train, or a column of that name."""
        if self.key_of(definition) is None:
            yield ("key",), "is missing. Name the column whose rows stay together, or give one role: user_id."
        if "train" not in definition.split.part_names:
            yield (), "are folds of train, and without a split there is none. Add a split."
        if any(column.name.casefold() == FOLD_COLUMN for column in definition.columns):
            yield (), f"add a column '{FOLD_COLUMN}', and there is one already. Call that one otherwise with as: …"

    def type_problems(self, definition: DatasetDefinition, columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """A key whose text differs between engines, or a column of that name."""
        yield from unfit_key(self.key_of(definition), columns, "folds")
        if not definition.columns and any(name.casefold() == FOLD_COLUMN for name in columns):
            yield (), f"add a column '{FOLD_COLUMN}', and the table has one. List the columns, and rename it with as: …"

    def column(self, flow: Flow, train: exp.Expr) -> exp.Expr:
        """The fold of a row; null outside train."""
        from sqlglot import exp

        key = hashed(flow, self.key_of(flow.definition) or "", self.salt_of(flow.definition.salted_by))
        fold = exp.Coalesce(this=bucket(key, self.count), expressions=[literal(0)])
        return aliased(exp.Case(ifs=[exp.If(this=train, true=fold)]), FOLD_COLUMN)


def _counted(value: object) -> object:
    return {"count": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


AnyFolds = Annotated[Folds, BeforeValidator(_counted, json_schema_input_type=Folds | Folded)]
"""`folds: 5` is short for `folds: {count: 5}`."""
