"""Of text and lists: what matches a pattern, how short and how long they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Result, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.base import NO_VALUES, OverItems, ScanMetric, failure
from dqx_core.sql.types import ColumnKind
from dqx_core.states import Count, Greatest, Least, Number

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Items, Rows


@dataclass(frozen=True)
class MatchCount(OverItems, ScanMetric):
    """Rows in which all of `column` matches `regex`, in the RE2 syntax of DuckDB and BigQuery; null never does."""

    kind: ClassVar[str] = "match_count"
    column: str
    regex: str

    def __post_init__(self) -> None:
        super().__post_init__()
        from dqx_core.sql.patterns import fault

        if not isinstance(self.regex, str):
            raise DefinitionError(f"match_count({self.column}) takes a pattern as text, and not {self.regex!r}.")
        if reason := fault(self.regex):
            raise DefinitionError(
                f"match_count({self.column}): pattern {self.regex!r} is not a regular expression: {reason}"
            )

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def takes(self) -> str:
        return "text"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        return {"n": rows.count(self._matches(rows.plain(self.column)))}

    def over(self, items: Items, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        matched = exp.Case(ifs=[exp.If(this=self._matches(items.item(self.column)), true=items.copies)])
        return {"n": exp.Sum(this=matched)}

    def state(self, seen: Mapping[str, Any], /) -> Count:
        return Count(int(seen["n"] or 0))

    def value(self, state: Count, /) -> Result[Number, str]:
        return Success(state.count)

    def _matches(self, text: exp.Expr) -> exp.Expr:
        from sqlglot import exp

        from dqx_core.sql.patterns import whole

        return exp.RegexpLike(this=text, expression=exp.Literal.string(whole(self.regex)))


@dataclass(frozen=True)
class _OfLength(ScanMetric):
    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def takes(self) -> str:
        return "sized"

    def value(self, state: Least | Greatest, /) -> Result[Number, str]:
        return failure(NO_VALUES) if state.value is None else Success(state.value)

    def _length(self, rows: Rows) -> exp.Expr:
        from sqlglot import exp

        column = rows.column(self.column)
        match rows.kind(self.column):
            case ColumnKind.LIST:
                return rows.stage(exp.ArraySize(this=column))
            case ColumnKind.MAP:
                return rows.stage(exp.Cast(this=exp.func("CARDINALITY", column), to=exp.DataType.build("bigint")))
        return rows.stage(exp.Length(this=column))


@dataclass(frozen=True)
class MinLength(_OfLength):
    """Fewest characters of a text, or items of a list or map, among the non-null values of `column`."""

    kind: ClassVar[str] = "min_length"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        return {"value": exp.Min(this=self._length(rows))}

    def state(self, seen: Mapping[str, Any], /) -> Least:
        return Least(seen["value"])


@dataclass(frozen=True)
class MaxLength(_OfLength):
    """Most characters of a text, or items of a list or map, among the non-null values of `column`."""

    kind: ClassVar[str] = "max_length"

    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        from sqlglot import exp

        return {"value": exp.Max(this=self._length(rows))}

    def state(self, seen: Mapping[str, Any], /) -> Greatest:
        return Greatest(seen["value"])
