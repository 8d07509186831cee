"""A person's own aggregate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from returns.result import Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import ScanMetric, failure
from dqx_core.metrics.extremes import number
from dqx_core.states import Added, Alone, Greatest, Least, Number, State

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Rows

Merge = Literal["sum", "min", "max"]


@dataclass(frozen=True)
class CustomSql(ScanMetric):
    """The number an aggregate `expression` gives, written in DuckDB's SQL, such as `SUM(price * quantity)`.

    Null is a failure. With `merge`, the value of a whole is the sum, least or greatest of those of its parts;
    without, it is computed for every partition anew.
    """

    kind: ClassVar[str] = "custom_sql"
    expression: str
    merge: Merge | None = None

    def __post_init__(self) -> None:
        from dqx_core.sql.conditions import aggregate

        super().__post_init__()
        if self.merge not in (None, "sum", "min", "max"):
            raise DefinitionError(
                f"custom_sql {self.expression!r} has merge={self.merge!r}. Give 'sum', 'min', 'max' or None."
            )
        object.__setattr__(self, "expression", aggregate(self.expression).sql(comments=False))

    @property
    def columns(self) -> Sequence[str]:
        from dqx_core.sql.conditions import aggregate, columns_of

        return columns_of(aggregate(self.expression))

    @property
    def mergeable(self) -> bool:
        return self.merge is not None

    @property
    def alone(self) -> bool:
        # What a condition means inside somebody's aggregate nobody can say; in a WHERE it is plain.
        return self.where is not None

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from dqx_core.sql.conditions import aggregate

        return {"value": rows.written(aggregate(self.expression))}

    def state(self, seen: Mapping[str, Any], /) -> State:
        value = number(seen["value"])
        match self.merge:
            case "min":
                return Least(value)
            case "max":
                return Greatest(value)
            case "sum":
                return _added(value)
        return Alone(value)

    def value(self, state: Added | Alone | Greatest | Least, /) -> Result[Number, str]:
        return failure("its result is null") if state.value is None else Success(state.value)


def _added(value: Number | None) -> Added:
    if value is None:
        return Added(None)
    return Added(Fraction(value)) if math.isfinite(value) else Added(Fraction(0), float(value))
