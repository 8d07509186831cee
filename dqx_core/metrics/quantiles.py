"""Quantiles, exact."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import NO_VALUES, StatementMetric, failure
from dqx_core.states import Alone, Number

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows


@dataclass(frozen=True)
class _OfRank(StatementMetric):
    column: str

    @property
    @abstractmethod
    def share(self) -> float:
        """The share of the values that lie below."""

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def takes(self) -> str:
        return "numbers"

    @property
    def mergeable(self) -> bool:
        return False

    @property
    def reads(self) -> Sequence[str]:
        return ("value", "largest")

    def statement(self, rows: Rows, groups: Sequence[exp.Expr], /) -> exp.Select:
        from sqlglot import exp

        from dqx_core.sql.dialects import dialect_of
        from dqx_core.sql.rows import per_group

        double = exp.Cast(this=rows.plain(self.column), to=exp.DataType.build("double"))
        chosen = rows.selected(groups, exp.alias_(double, "x", quoted=True))
        x = exp.column("x", quoted=True)
        share = exp.PercentileCont(this=x, expression=exp.Literal.number(repr(self.share)))
        if dialect_of(rows.dialect).quantile_aggregates:
            value: exp.Expr = share
        else:
            # A window function there: every row of a group has the quantile, and any of them will do.
            keys = [exp.column(group.alias, quoted=True) for group in groups]
            over = exp.Window(this=share, partition_by=[key.copy() for key in keys])
            chosen = exp.select(*keys, x.copy(), exp.alias_(over, "quantile", quoted=True)).from_(
                chosen.subquery("rows")
            )
            value = exp.Max(this=exp.column("quantile", quoted=True))
        return per_group(chosen, groups, {"value": value, "largest": exp.Max(this=x.copy())}, "items")

    def state(self, seen: Mapping[str, Any], /) -> Alone:
        largest = seen["largest"]
        return Alone(largest if largest is not None and math.isnan(largest) else seen["value"])

    def value(self, state: Alone, /) -> Result[Number, str]:
        return failure(NO_VALUES) if state.value is None else Success(state.value)


@dataclass(frozen=True)
class Quantile(_OfRank):
    """Value of `column` below which the share `q` of the non-null values lies, as a double; NaN if one is NaN.

    At place q (n - 1) of the n sorted values, counted from 0; between two values linearly interpolated
    (Hyndman and Fan 1996, type 7). The quantiles of two parts do not make the quantile of the whole.
    """

    kind: ClassVar[str] = "quantile"
    q: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.q, bool) or not isinstance(self.q, int | float) or not 0 <= self.q <= 1:
            raise DefinitionError(f"quantile({self.column}) has q={self.q!r}. Give a share from 0 to 1, such as 0.95.")
        object.__setattr__(self, "q", float(self.q))

    @property
    def share(self) -> float:
        return self.q


@dataclass(frozen=True)
class Median(_OfRank):
    """Middle of the non-null values of `column`, as a double: its quantile at 0.5; NaN if one is NaN.

    Of an even number of values, half-way between the two in the middle.
    """

    kind: ClassVar[str] = "median"

    @property
    def share(self) -> float:
        return 0.5
