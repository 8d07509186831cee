"""Which rows go into the dataset: an ordered list of filters, each on what the one before left."""

from __future__ import annotations

import calendar
import datetime as dt
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from dqx_core.datasets.base import Location, Part, Problem, Several
from dqx_core.datasets.types import NUMERIC, literal_of
from dqx_core.datasets.values import Bound, Day, Scalar, SomeDays, SomeMonths, in_utc, plain

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

    @abstractmethod
    def apply(self, flow: Flow, step: str) -> Flow:
        """The flow with this filter as its last step, named `step`."""

    @property
    def looks_at_many_rows(self) -> bool:
        """Whether a row stays depends on other rows."""
        return False

    @property
    def compared(self) -> str | None:
        """The column whose values it compares with bounds; None: it has none."""
        return None


class DateRange(Filter):
    """Days, rolling with the partition's date or fixed; a partition never holds a day after its own."""

    kind: Literal["date_range"] = "date_range"
    rolling_days: SomeDays | None = None
    rolling_months: SomeMonths | None = None
    start: Day | None = None
    end: Day | None = None
    """The last day, itself included."""

    @property
    def rolling(self) -> bool:
        """Whether its days move with the partition's date."""
        return self.rolling_days is not None or self.rolling_months is not None

    @property
    def fewest_days(self) -> int | None:
        """Days of the shortest window that rolls; None: it does not."""
        if self.rolling_months is None:
            return self.rolling_days
        ends = (dt.date(2023, month, 1) for month in range(1, 13))  # no leap year
        return min((end - _months_before(end, self.rolling_months)).days for end in ends)

    def days(self, end: dt.date) -> tuple[dt.date | None, dt.date]:
        """First day (None: since ever) and day after the last, for a partition that ends before `end`."""
        if self.rolling_days is not None:
            return end - dt.timedelta(days=self.rolling_days), end
        if self.rolling_months is not None:
            return _months_before(end, self.rolling_months), end
        if self.end is None or self.end >= (end.date() if isinstance(end, dt.datetime) else end):
            return self.start, end
        after = self.end + dt.timedelta(days=1)
        return self.start, dt.datetime.combine(after, dt.time()) if isinstance(end, dt.datetime) else after

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
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


class OfColumn(Filter):
    """A filter on the values of one output column."""

    column: str

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The column."""
        yield ("column",), self.column

    @abstractmethod
    def condition(self, flow: Flow) -> exp.Expr:
        """What is true of rows that stay."""

    def apply(self, flow: Flow, step: str) -> Flow:
        """One step that keeps the rows where the condition is true."""
        return flow.then((step, flow.rows().where(self.condition(flow), copy=False)))


class Values(OfColumn):
    """Only these values (null is none of them, unless it is listed), or all but these (null stays, unless it is)."""

    kind: Literal["values"] = "values"
    include: Several[Scalar | None] | None = Field(default=None, min_length=1)
    exclude: Several[Scalar | None] | None = Field(default=None, min_length=1)

    @property
    def listed(self) -> tuple[str, Sequence[Scalar | None]]:
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


class Bounded(Filter):
    """A filter by at least `min` and at most `max`."""

    min: Bound | None = None
    max: Bound | None = None

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
                yield ("min",), f"min {plain(low)} is above max {plain(high)}."
            case (dt.date() as low, dt.date() as high) if _moment(low) > _moment(high):
                yield ("min",), f"min {low} is after max {high}."

    def limit_problems(self, type_name: str) -> Iterator[Problem]:
        """Bounds of another type than what they bound."""
        for name, bound in self.bounds.items():
            try:
                limit(bound, type_name)
            except ValueError as error:
                yield (name,), str(error)

    def within(self, value: exp.Expr, type_name: str) -> exp.Expr:
        """Between the bounds, both included; NaN is between none."""
        from sqlglot import exp

        compare = {"min": exp.GTE, "max": exp.LTE}
        return exp.and_(
            *(
                compare[name](this=value.copy(), expression=limit(bound, type_name))
                for name, bound in self.bounds.items()
            ),
            *([exp.not_(is_nan(value))] if type_name == "FLOAT64" else []),
        )


def _moment(day: dt.date) -> dt.datetime:
    moment = day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time())
    return in_utc(moment)


class Range(OfColumn, Bounded):
    """Rows whose column is at least `min` and at most `max`; null is neither."""

    kind: Literal["range"] = "range"

    @property
    def compared(self) -> str:
        """Its column."""
        return self.column

    def type_problems(
        self, _definition: DatasetDefinition, columns: Mapping[str, OutputColumn], /
    ) -> Iterator[Problem]:
        """A column that has no order, or bounds of another type."""
        if self.column in columns:
            yield from self.limit_problems(columns[self.column].type)

    def condition(self, flow: Flow) -> exp.Expr:
        """Between the bounds, both included."""
        return self.within(flow.column(self.column), flow.columns[self.column].type)


def is_nan(value: exp.Expr) -> exp.Expr:
    """Whether a double is NaN, which is above all numbers to one engine and comparable with none to another.

    Asked of its arctangent: what DuckDB takes a file's extremes for, which leave NaN out, it does not conclude of that.
    """
    from sqlglot import exp

    return exp.IsNan(this=exp.Atan(this=value.copy()))


def limit(bound: Decimal | dt.date, type_name: str) -> exp.Expr:
    """A bound as a literal of a type.

    Raises:
        ValueError: It is none of that type.
    """
    if isinstance(bound, Decimal):
        if type_name not in NUMERIC:
            raise ValueError(f"{format(bound, 'f')} is a number, and the column is {type_name}.")
        whole = bound == bound.to_integral_value()
        return literal_of(
            int(bound) if whole else bound, "FLOAT64" if type_name == "INT64" and not whole else type_name
        )
    return literal_of(bound, type_name)
