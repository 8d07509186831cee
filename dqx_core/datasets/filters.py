"""Which rows go into the dataset: an ordered list of filters, each on what the one before left."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from dqx_core.datasets.base import Count, FitOn, Location, Number, Part, Problem, Role, Scalar
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.splits import Group
from dqx_core.datasets.types import MONEY, NUMERIC, literal_of
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.flow import Flow, OutputColumn


class Filter(Part):
    """A filter; its SQL is one step of the query, or several if it learns from many rows first."""

    def type_problems(
        self, _definition: DatasetDefinition, _columns: Mapping[str, OutputColumn], /
    ) -> Iterator[Problem]:
        """What cannot work with columns of these types."""
        yield from ()

    def apply(self, flow: Flow, step: str) -> Flow:
        """The flow with this filter as its last step, named `step`."""
        raise NotImplementedError

    @property
    def looks_at_many_rows(self) -> bool:
        """Whether a row stays depends on other rows."""
        return False


class DateRange(Filter):
    """Days, rolling with the partition's date or fixed; a partition never holds a day after its own."""

    kind: Literal["date_range"] = "date_range"
    rolling_days: Count | None = None
    rolling_months: Count | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    """The last day, itself included."""

    @property
    def rolling(self) -> bool:
        """Whether its days move with the partition's date."""
        return self.rolling_days is not None or self.rolling_months is not None

    def days(self, end: dt.date) -> tuple[dt.date | None, dt.date]:
        """First day (None: since ever) and day after the last, for a partition that ends before `end`."""
        if self.rolling_days is not None:
            return end - dt.timedelta(days=self.rolling_days), end
        if self.rolling_months is not None:
            return _months_before(end, self.rolling_months), end
        return self.start, end if self.end is None else min(end, self.end + dt.timedelta(days=1))

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """Nothing said, or two things; no column to tell time by."""
        ways = [self.rolling_days is not None, self.rolling_months is not None, (self.start or self.end) is not None]
        if sum(ways) != 1:
            yield (), "write rolling_days, or rolling_months, or start and end: one of the three."
        if self.start and self.end and self.end < self.start:
            yield ("end",), f"end {self.end} is before start {self.start}."
        if self.rolling and definition.partitions.content == "increment":
            yield (), "a rolling window is a snapshot. Leave out partitions.content: increment, or the filter."
        if definition.role("timestamp") is None:
            yield (), "needs a column with role: timestamp."

    def apply(self, flow: Flow, _step: str) -> Flow:
        """Nothing: the source is read within the window already."""
        return flow


def _months_before(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


class OfColumn(Filter):
    """A filter on the values of one output column."""

    column: str

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The column."""
        yield ("column",), self.column

    def condition(self, flow: Flow) -> exp.Expr:
        """What is true of rows that stay."""
        raise NotImplementedError

    def apply(self, flow: Flow, step: str) -> Flow:
        """One step that keeps the rows where the condition is true."""
        return flow.then((step, flow.rows().where(self.condition(flow), copy=False)))


class Values(OfColumn):
    """Only these values (null is none of them, unless it is listed), or all but these (null stays, unless it is)."""

    kind: Literal["values"] = "values"
    include: tuple[Scalar | None, ...] | None = Field(default=None, min_length=1)
    exclude: tuple[Scalar | None, ...] | None = Field(default=None, min_length=1)

    @property
    def listed(self) -> tuple[str, tuple[Scalar | None, ...]]:
        """Which of the two lists there is, and its values."""
        return ("exclude", self.exclude) if self.exclude is not None else ("include", self.include or ())

    def problems(self, _definition: DatasetDefinition, /) -> Iterator[Problem]:
        """Neither list, or both."""
        if (self.include is None) == (self.exclude is None):
            yield (), "write include or exclude: one of the two."

    def type_problems(
        self, _definition: DatasetDefinition, columns: Mapping[str, OutputColumn], /
    ) -> Iterator[Problem]:
        """Values of another type than the column's."""
        column, (way, values) = columns.get(self.column), self.listed
        for number, value in enumerate(values) if column else ():
            try:
                literal_of(value, column.type if column else "")
            except ValueError as error:
                yield (way, number), str(error)

    def condition(self, flow: Flow) -> exp.Expr:
        """Membership; null is compared by IS NULL."""
        from sqlglot import exp

        type_name, (way, values) = flow.columns[self.column].type, self.listed
        literals = [literal_of(value, type_name) for value in values if value is not None]
        is_null = exp.Is(this=flow.column(self.column), expression=exp.Null())
        within = exp.In(this=flow.column(self.column), expressions=literals)
        has_null = None in values
        if way == "include":
            return exp.or_(*([within] if literals else []), *([is_null] if has_null else []))
        if has_null:
            return exp.and_(exp.not_(is_null), *([exp.not_(within)] if literals else []))
        return exp.or_(is_null, exp.not_(within))


class Range(OfColumn):
    """Rows whose column is at least `min` and at most `max`; null is neither."""

    kind: Literal["range"] = "range"
    min: Number | dt.date | None = None
    max: Number | dt.date | None = None

    @property
    def bounds(self) -> dict[str, Decimal | dt.date]:
        """The bounds there are."""
        return {name: bound for name, bound in (("min", self.min), ("max", self.max)) if bound is not None}

    def problems(self, _definition: DatasetDefinition, /) -> Iterator[Problem]:
        """No bound, or bounds that let nothing through."""
        match self.min, self.max:
            case None, None:
                yield (), "write min, max or both."
            case (Decimal() as low, Decimal() as high) if low > high:
                yield ("min",), f"min {low} is above max {high}."
            case (dt.date() as low, dt.date() as high) if low > high:
                yield ("min",), f"min {low} is after max {high}."

    def type_problems(
        self, _definition: DatasetDefinition, columns: Mapping[str, OutputColumn], /
    ) -> Iterator[Problem]:
        """A column that has no order, or bounds of another type."""
        column = columns.get(self.column)
        for name, bound in self.bounds.items() if column else ():
            try:
                _limit(bound, column.type if column else "")
            except ValueError as error:
                yield (name,), str(error)

    def condition(self, flow: Flow) -> exp.Expr:
        """Between the bounds, both included."""
        from sqlglot import exp

        type_name = flow.columns[self.column].type
        compare = {"min": exp.GTE, "max": exp.LTE}
        return exp.and_(
            *(
                compare[name](this=flow.column(self.column), expression=_limit(bound, type_name))
                for name, bound in self.bounds.items()
            )
        )


def _limit(bound: Decimal | dt.date, type_name: str) -> exp.Expr:
    if isinstance(bound, Decimal):
        if type_name not in NUMERIC:
            raise ValueError(f"{format(bound, 'f')} is a number, and the column is {type_name}.")
        whole = bound == bound.to_integral_value()
        return literal_of(
            int(bound) if whole else bound, "FLOAT64" if type_name == "INT64" and not whole else type_name
        )
    return literal_of(bound, type_name)


class Fitted(Filter):
    """A filter that learns which entities stay from many rows: those of train, unless somebody writes `fit_on: all`."""

    fit_on: FitOn = "train"
    column: str | None = None
    """The column of the entity, if it is not the one with the role."""

    def entity_role(self) -> Role:
        """The role of the column it counts by."""
        raise NotImplementedError

    def entity(self, definition: DatasetDefinition) -> str | None:
        """The column it counts by."""
        return self.column or definition.role(self.entity_role())

    @property
    def looks_at_many_rows(self) -> bool:
        """It does."""
        return True

    def stays_in_part(self, _definition: DatasetDefinition, /) -> bool:
        """Whether what it learns of an entity comes from the one part that the entity is in, so that nothing leaks."""
        return False

    def leaks(self, definition: DatasetDefinition) -> bool:
        """Whether train is chosen by what eval holds: somebody wrote `fit_on: all`."""
        return self.fit_on == "all" and not self.stays_in_part(definition)

    def fits_on(self, definition: DatasetDefinition) -> FitOn:
        """The rows it learns from."""
        return "all" if self.stays_in_part(definition) else self.fit_on

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The column it was given."""
        if self.column is not None:
            yield ("column",), self.column

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """No entity to count by."""
        if self.entity(definition) is None:
            yield (), f"needs a column with role: {self.entity_role()}, or `column` with the name of one."

    def keeping(self, flow: Flow, step: str, keys: exp.Select) -> tuple[str, exp.Select]:
        """The step that keeps the rows of these entities; a row without one goes."""
        from sqlglot import exp

        inside = exp.In(this=self.key(flow), query=keys.subquery())
        return step, flow.rows().where(inside, copy=False)

    def key(self, flow: Flow) -> exp.Column:
        """The column of the entity."""
        return flow.column(self.entity(flow.definition) or "")


class TopProducts(Fitted):
    """The fewest products that make up so many percent of the sum of a column; ties go by product id.

    Sums are exact: nine decimals. Products that add nothing are not needed, even for 100 percent.
    """

    kind: Literal["top_products"] = "top_products"
    percent: Annotated[Number, Field(gt=0, le=100)]
    by: str | None = None
    """The column that is summed; the one with role: revenue if left out."""

    def entity_role(self) -> Role:
        """Products."""
        return "product_id"

    def summed(self, definition: DatasetDefinition) -> str | None:
        """The column that is summed."""
        return self.by or definition.role("revenue")

    def reads(self, definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The columns it was given."""
        yield from super().reads(definition)
        if self.by is not None:
            yield ("by",), self.by

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """Nothing to sum, or a split that leaves eval without any of the products."""
        yield from super().problems(definition)
        if self.summed(definition) is None:
            yield (), "needs a column with role: revenue, or `by` with the name of one."
        split = definition.split
        if isinstance(split, Group) and split.key == self.entity(definition) and self.fit_on == "train":
            yield (
                (),
                f"keeps only products of train, and the split by {split.key} puts all other products into eval, "
                "which would be empty. Split by another key, or write fit_on: all.",
            )

    def type_problems(self, definition: DatasetDefinition, columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """A sum of what is not a number."""
        column = columns.get(self.summed(definition) or "")
        if column is not None and column.type not in NUMERIC:
            yield ("by",), f"'{column.name}' is {column.type}, and only numbers have a sum."

    def apply(self, flow: Flow, step: str) -> Flow:
        """Totals per product; a running sum, largest first; the products before the share is reached."""
        from sqlglot import exp

        def named(name: str) -> exp.Column:
            return flow.column(name)

        amount = exp.cast(flow.column(self.summed(flow.definition) or ""), MONEY)
        totals = (
            flow.fitting(
                self.fits_on(flow.definition),
                aliased(self.key(flow), "product"),
                aliased(exp.Coalesce(this=exp.Sum(this=amount), expressions=[literal(0)]), "total"),
            )
            .where(exp.not_(exp.Is(this=self.key(flow), expression=exp.Null())), copy=False)
            .group_by(exp.Literal.number(1), copy=False)
        )
        largest_first = exp.Order(
            expressions=[
                exp.Ordered(this=named("total"), desc=True, nulls_first=False),
                exp.Ordered(this=named("product"), desc=False, nulls_first=True),
            ]
        )
        up_to_here = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
        running = exp.select(
            named("product"),
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
        keys = exp.select(named("product")).from_(flow.step(f"{step}_running")).where(needed, copy=False)
        return flow.then((f"{step}_totals", totals), (f"{step}_running", running), self.keeping(flow, step, keys))


class MinTransactions(Fitted):
    """Rows of users that have at least so many."""

    kind: Literal["min_transactions"] = "min_transactions"
    count: Count

    def entity_role(self) -> Role:
        """Users."""
        return "user_id"

    def stays_in_part(self, definition: DatasetDefinition, /) -> bool:
        """True of a split by user: all of a user's rows are in one part."""
        split = definition.split
        return isinstance(split, Group) and split.key == self.entity(definition)

    def apply(self, flow: Flow, step: str) -> Flow:
        """Users that have enough; their rows."""
        from sqlglot import exp

        users = (
            flow.fitting(self.fits_on(flow.definition), aliased(self.key(flow), "user"))
            .where(exp.not_(exp.Is(this=self.key(flow), expression=exp.Null())), copy=False)
            .group_by(exp.Literal.number(1), copy=False)
            .having(exp.GTE(this=exp.Count(this=exp.Star()), expression=literal(self.count)), copy=False)
        )
        keys = exp.select(flow.column("user")).from_(flow.step(f"{step}_users"))
        return flow.then((f"{step}_users", users), self.keeping(flow, step, keys))


AnyFilter = Annotated[DateRange | Values | Range | TopProducts | MinTransactions, Field(discriminator="kind")]
