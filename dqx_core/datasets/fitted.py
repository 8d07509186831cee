"""Filters that learn from many rows which entities stay: from those of train, so that eval tells train nothing."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from dqx_core.datasets.base import FitOn, Location, Problem, Role
from dqx_core.datasets.filters import Bounded, DateRange, Filter, Range, Values, is_nan, limit
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.splits import Group
from dqx_core.datasets.types import MONEY, NUMERIC
from dqx_core.datasets.values import Count, Percent
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.flow import Flow, OutputColumn


class Fitted(Filter):
    """A filter that learns which entities stay from many rows: those of train, unless somebody writes `fit_on: all`.

    Without a split all rows are train.
    """

    fit_on: FitOn = "train"

    def leaks_between_folds(self, definition: DatasetDefinition) -> bool:
        """Whether a fold is chosen by what the others hold: what is learnt of an entity is not of one fold alone."""
        folds = definition.folds
        return folds is not None and (self.ranks or folds.key_of(definition) != self.entity(definition))

    @property
    def ranks(self) -> bool:
        """Whether an entity stays by how it compares with others."""
        return False

    @abstractmethod
    def entity(self, definition: DatasetDefinition) -> str | None:
        """The column it counts by."""

    @property
    def looks_at_many_rows(self) -> bool:
        """It does."""
        return True

    def stays_in_part(self, _definition: DatasetDefinition, /) -> bool:
        """Whether what it learns of an entity comes from the one part that the entity is in, so that nothing leaks."""
        return False

    def leaks(self, definition: DatasetDefinition) -> bool:
        """Whether train is chosen by what eval holds: somebody wrote `fit_on: all`."""
        several = len(definition.split.part_names) > 1
        return self.fit_on == "all" and several and not self.stays_in_part(definition)

    def fits_on(self, definition: DatasetDefinition) -> FitOn:
        """The rows it learns from."""
        return "all" if self.stays_in_part(definition) else self.fit_on

    def learnt(self, flow: Flow, *columns: exp.Expr) -> exp.Select:
        """What it learns of each entity: a query over the rows it fits on, grouped by its first column."""
        from sqlglot import exp

        is_null = exp.Is(this=self.key(flow), expression=exp.Null())
        rows = flow.fitting(self.fits_on(flow.definition), *columns).where(exp.not_(is_null), copy=False)
        return rows.group_by(exp.Literal.number(1), copy=False)

    def keeping(self, flow: Flow, step: str, chosen: exp.Select, *learnt: tuple[str, exp.Select]) -> Flow:
        """The flow with what it learnt, and then only the rows of the entities chosen; a row without one goes."""
        known = replace(flow, steps=(*flow.steps, *learnt))
        return known.keeping(step, self.entity(flow.definition) or "", chosen)

    def key(self, flow: Flow) -> exp.Column:
        """The column of the entity."""
        return flow.column(self.entity(flow.definition) or "")


class OfRole(Fitted):
    """A fitted filter that counts by the column of a role."""

    counts_by: ClassVar[Role]
    column: str | None = None
    """The column of the entity, if it is not the one with the role."""

    def entity(self, definition: DatasetDefinition) -> str | None:
        """The column it counts by."""
        return self.column or definition.role(self.counts_by)

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The column it was given."""
        if self.column is not None:
            yield ("column",), self.column

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """No entity to count by."""
        if self.entity(definition) is None:
            yield (), f"needs a column with role: {self.counts_by}, or `column` with the name of one."


class Top(OfRole):
    """The fewest entities that make up so many percent of the sum of a column; ties go by their ids.

    Sums are exact: nine decimals, to which each double is rounded. Entities that add nothing are not needed, even for
    100 percent; of a sum that is not positive there is no share, and no entity stays.
    """

    alias: ClassVar[str]
    """What the SQL calls one of them."""
    percent: Percent
    by: str | None = None
    """The column that is summed; the one with role: revenue if left out."""

    @property
    def ranks(self) -> bool:
        """It does."""
        return True

    def summed(self, definition: DatasetDefinition) -> str | None:
        """The column that is summed."""
        return self.by or definition.role("revenue")

    def reads(self, definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The columns it was given."""
        yield from super().reads(definition)
        if self.by is not None:
            yield ("by",), self.by

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """Nothing to sum, or a split that leaves eval without any of them."""
        yield from super().problems(definition)
        if self.summed(definition) is None:
            yield (), "needs a column with role: revenue, or `by` with the name of one."
        split = definition.split
        if isinstance(split, Group) and split.key == self.entity(definition) and self.fit_on == "train":
            yield (
                (),
                f"keeps only {self.alias}s of train, and the split by {split.key} puts all other {self.alias}s into "
                "eval, which would be empty. Split by another key, or write fit_on: all.",
            )

    def type_problems(self, definition: DatasetDefinition, columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """A sum of what is not a number."""
        column = columns.get(self.summed(definition) or "")
        if column is not None and column.type not in NUMERIC:
            yield ("by",), f"'{column.name}' is {column.type}, and only numbers have a sum."

    def apply(self, flow: Flow, step: str) -> Flow:
        """Totals per entity; a running sum, largest first; the entities before the share is reached."""
        from sqlglot import exp

        def named(name: str) -> exp.Column:
            return flow.column(name)

        summed = flow.columns[self.summed(flow.definition) or ""]
        amount = exact(flow.column(summed.name), summed.type)
        total = exp.Coalesce(this=exp.Sum(this=amount), expressions=[literal(0)])
        totals = self.learnt(flow, aliased(self.key(flow), self.alias), aliased(total, "total"))
        largest_first = exp.Order(
            expressions=[
                exp.Ordered(this=named("total"), desc=True, nulls_first=False),
                exp.Ordered(this=named(self.alias), desc=False, nulls_first=True),
            ]
        )
        up_to_here = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
        running = exp.select(
            named(self.alias),
            named("total"),
            aliased(exp.Window(this=exp.Sum(this=named("total")), order=largest_first, spec=up_to_here), "running"),
            aliased(exp.Window(this=exp.Sum(this=named("total"))), "whole"),
        ).from_(flow.step(f"{step}_totals"))
        # In whole numbers, so that no engine rounds: (running - total) / whole < percent / 100.
        scale = 10 ** max(0, -int(self.percent.as_tuple().exponent))
        before = exp.Paren(this=exp.Sub(this=named("running"), expression=named("total")))
        needed = exp.LT(
            this=exp.Mul(this=before, expression=literal(100 * scale)),
            expression=exp.Mul(this=named("whole"), expression=literal(int(self.percent * scale))),
        )
        # Of a total that is not positive every share is reached by the worst: none is among its best.
        positive = exp.GT(this=named("whole"), expression=literal(0))
        keys = exp.select(named(self.alias)).from_(flow.step(f"{step}_running")).where(positive, needed, copy=False)
        return self.keeping(flow, step, keys, (f"{step}_totals", totals), (f"{step}_running", running))


class TopProducts(Top):
    """The fewest products that make up so many percent of the sum of a column; ties go by product id."""

    kind: Literal["top_products"] = "top_products"
    counts_by: ClassVar[Role] = "product_id"
    alias: ClassVar[str] = "product"


class TopUsers(Top):
    """The fewest users that make up so many percent of the sum of a column; ties go by user id."""

    kind: Literal["top_users"] = "top_users"
    counts_by: ClassVar[Role] = "user_id"
    alias: ClassVar[str] = "user"


class MinTransactions(OfRole):
    """Rows of users that have at least so many."""

    kind: Literal["min_transactions"] = "min_transactions"
    counts_by: ClassVar[Role] = "user_id"
    count: Count

    def stays_in_part(self, definition: DatasetDefinition, /) -> bool:
        """True of a split by user: all of a user's rows are in one part."""
        return _split_by(definition, self.entity(definition))

    def apply(self, flow: Flow, step: str) -> Flow:
        """Users that have enough; their rows."""
        from sqlglot import exp

        enough = exp.GTE(this=exp.Count(this=exp.Star()), expression=literal(self.count))
        users = self.learnt(flow, aliased(self.key(flow), "user")).having(enough, copy=False)
        keys = exp.select(flow.column("user")).from_(flow.step(f"{step}_users"))
        return self.keeping(flow, step, keys, (f"{step}_users", users))


class Aggregate(Fitted, Bounded):
    """Rows of entities of which a number over many rows lies within bounds; one of which there is none goes.

    Sums and averages are exact: nine decimals, to which each double is rounded. An entity with a NaN among its numbers
    goes: what is computed from them is in no range.
    """

    kind: Literal["aggregate"] = "aggregate"
    per: str
    """The column of the entity."""
    function: Literal["count", "count_distinct", "sum", "average", "minimum", "maximum"]
    column: str | None = None
    """What the function looks at; count: all rows if left out, else those where it is not null."""

    @property
    def compared(self) -> str | None:
        """What the function looks at, unless it only counts."""
        return None if self.function.startswith("count") else self.column

    def entity(self, _definition: DatasetDefinition, /) -> str | None:
        """The column it counts by."""
        return self.per

    def stays_in_part(self, definition: DatasetDefinition, /) -> bool:
        """True of a split by the entity."""
        return _split_by(definition, self.per)

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The entity and the column."""
        yield ("per",), self.per
        if self.column is not None:
            yield ("column",), self.column

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """Nothing to look at."""
        yield from super().problems(definition)
        if self.column is None and self.function != "count":
            yield ("column",), f"is missing. Name the column whose {self.function} it is."

    def type_problems(
        self, _definition: DatasetDefinition, columns: Mapping[str, OutputColumn], /
    ) -> Iterator[Problem]:
        """A sum of what is not a number, or bounds of another type than the result."""
        column = columns.get(self.column or "")
        if column is not None and self.function in {"sum", "average"} and column.type not in NUMERIC:
            yield ("column",), f"'{column.name}' is {column.type}, and only numbers have a {self.function}."
        elif self.function in {"minimum", "maximum"}:
            yield from self.limit_problems(column.type) if column is not None else ()
        else:
            yield from self.limit_problems("NUMERIC" if self.function in {"sum", "average"} else "INT64")

    def apply(self, flow: Flow, step: str) -> Flow:
        """Entities whose number lies within the bounds; their rows."""
        from sqlglot import exp

        kept = self.learnt(flow, aliased(self.key(flow), "entity")).having(self._inside(flow), copy=False)
        keys = exp.select(flow.column("entity")).from_(flow.step(f"{step}_entities"))
        return self.keeping(flow, step, keys, (f"{step}_entities", kept))

    def _inside(self, flow: Flow) -> exp.Expr:
        from sqlglot import exp

        column = flow.column(self.column) if self.column is not None else exp.Star()
        type_name = flow.columns[self.column].type if self.column is not None else ""
        match self.function:
            case "count":
                return self.within(exp.Count(this=column), "INT64")
            case "count_distinct":
                return self.within(exp.Count(this=exp.Distinct(expressions=[column])), "INT64")
            case "sum" | "average":
                inside = self._added(column, type_name)
            case _:
                of_kind = exp.Min if self.function == "minimum" else exp.Max
                inside = self.within(of_kind(this=column), type_name)
        # The largest is NaN where there is one, on every engine.
        return exp.and_(inside, exp.not_(is_nan(exp.Max(this=column.copy())))) if type_name == "FLOAT64" else inside

    def _added(self, column: exp.Expr, type_name: str) -> exp.Expr:
        """The sum within the bounds; of an average the bounds times the count, so that nothing is divided.

        Of no values there is no average.
        """
        from sqlglot import exp

        amount = exact(column, type_name)
        if type_name == "FLOAT64":  # NaN has none
            amount = exp.Case(ifs=[exp.If(this=exp.not_(is_nan(column)), true=amount)])
        total, count = exp.Sum(this=amount), exp.Count(this=column.copy())
        average = self.function == "average"
        conditions: list[exp.Expr] = [exp.GT(this=count.copy(), expression=literal(0))] if average else []
        for name, bound in self.bounds.items():
            compare = {"min": exp.GTE, "max": exp.LTE}[name]
            exact_bound = _exact_limit(bound, type_name)
            times = exp.Mul(this=exact_bound, expression=count.copy()) if average else exact_bound
            conditions.append(compare(this=total.copy(), expression=times))
        return exp.and_(*conditions)


def exact(column: exp.Expr, type_name: str) -> exp.Expr:
    """A number as what engines add up alike; a double in billionths, by arithmetic that no engine does otherwise.

    A double that has none (NaN, an infinity, 1e29 and above) is an error that says so, and not in an engine's words.
    """
    from sqlglot import exp

    if type_name != "FLOAT64":
        return exp.cast(column.copy(), MONEY)
    billionths = exp.Mul(this=column.copy(), expression=exp.Literal.number("1e9"))
    within = exp.LT(this=exp.Abs(this=column.copy()), expression=exp.Literal.number("1e29"))
    return exp.Case(
        ifs=[
            exp.If(this=within, true=exp.cast(exp.Round(this=billionths), _BILLIONTHS)),
            exp.If(this=exp.not_(exp.Is(this=column.copy(), expression=exp.Null())), true=_no_sum(column.name)),
        ]
    )


def _no_sum(column: str) -> exp.Expr:
    from sqlglot import exp

    said = (
        f"'{column}' holds NaN, an infinity or a number of 1e29 or more, and with it a filter has no exact sum. "
        "Correct the source, or keep such rows out with a range filter before this one"
    )
    return exp.Anonymous(this="ERROR", expressions=[literal(said)])


def _exact_limit(bound: Decimal | dt.date, type_name: str) -> exp.Expr:
    """A bound of sums, as `exact` has their numbers."""
    from sqlglot import exp

    if type_name != "FLOAT64" or not isinstance(bound, Decimal):
        return limit(bound, "NUMERIC")
    billionths = Decimal(float(bound) * 1e9).to_integral_value(ROUND_HALF_UP)
    return exp.cast(exp.Literal.string(format(billionths, "f")), _BILLIONTHS)


_BILLIONTHS = "DECIMAL(38, 0)"


def _split_by(definition: DatasetDefinition, entity: str | None) -> bool:
    split = definition.split
    return isinstance(split, Group) and split.key == entity


AnyFilter = Annotated[
    DateRange | Values | Range | TopProducts | TopUsers | MinTransactions | Aggregate, Field(discriminator="kind")
]
