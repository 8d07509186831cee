"""Distinct values and duplicates, exact: each groups the rows by value in a statement of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import GroupedMetric
from dqx_core.states import Alone, Number

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows


class _Grouping(GroupedMetric):
    def state(self, seen: Mapping[str, Any], /) -> Alone:
        # A sum of integers comes back wider than an integer: as a decimal.
        return Alone(int(seen.get("value") or 0))

    def value(self, state: Alone, /) -> Result[Number, str]:
        return Success(state.value or 0)


@dataclass(frozen=True)
class UniqueCount(_Grouping):
    """Distinct non-null values of `column`, exact."""

    kind: ClassVar[str] = "unique_count"
    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    def statement(self, rows: Rows, groups: Sequence[exp.Expr], /) -> exp.Select:
        from sqlglot import exp

        column = rows.plain(self.column)
        known = exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null()))
        distinct = rows.selected(groups, exp.alias_(column, "item", quoted=True)).where(known).distinct()
        return _per_group(distinct, groups, exp.Count(this=exp.Star()))


@dataclass(frozen=True)
class DuplicateCount(_Grouping):
    """Rows beyond the first of each distinct tuple of `columns`; null equals null. 5 equal rows are 4 duplicates."""

    kind: ClassVar[str] = "duplicate_count"
    among: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        among = (self.among,) if isinstance(self.among, str) else tuple(self.among)
        if not among:
            raise DefinitionError("duplicate_count() has no columns. Give at least one.")
        object.__setattr__(self, "among", tuple(sorted(set(among))))

    @property
    def columns(self) -> Sequence[str]:
        return self.among

    def statement(self, rows: Rows, groups: Sequence[exp.Expr], /) -> exp.Select:
        from sqlglot import exp

        items = [exp.alias_(rows.plain(column), f"item_{i}", quoted=True) for i, column in enumerate(self.among)]
        names = [exp.column(item.alias, quoted=True) for item in items]
        keys = [exp.column(group.alias, quoted=True) for group in groups]
        inner = rows.selected(groups, *items)
        counted = (
            exp.select(*keys, exp.alias_(exp.Count(this=exp.Star()), "copies", quoted=True))
            .from_(inner.subquery("rows"))
            .group_by(*[k.copy() for k in (*keys, *names)])
        )
        beyond = exp.Sum(this=exp.Sub(this=exp.column("copies", quoted=True), expression=exp.Literal.number(1)))
        return _per_group(counted, groups, beyond)


def _per_group(inner: exp.Select, groups: Sequence[exp.Expr], value: exp.Expr) -> exp.Select:
    from sqlglot import exp

    keys = [exp.column(group.alias, quoted=True) for group in groups]
    query = exp.select(*keys, exp.alias_(value, "value", quoted=True)).from_(inner.subquery("items"))
    return query.group_by(*[k.copy() for k in keys]) if keys else query
