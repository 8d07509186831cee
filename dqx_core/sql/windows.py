"""Which window of time a row lies in, as SQL: compared with literals, so that partitions are pruned by them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dqx_core.calendars import Window
from dqx_core.errors import DefinitionError
from dqx_core.sql.literals import NANOSECONDS, comparable, literal
from dqx_core.sql.rows import column_of
from dqx_core.sql.types import ColumnKind, has_zone, kind_of
from dqx_core.zones import reading_from

if TYPE_CHECKING:
    from sqlglot import exp

When = tuple[dt.date, Window | None]
"""A window: the day in UTC, or the window and the date that it is filed under."""

Step = dt.timedelta | dt.date | int
"""How a row's place is told: its date after a shift, or always the same date or number."""

_DAY = dt.timedelta(days=1)
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Buckets:
    """Windows as stretches of a column's own values, and how a row's bucket is told."""

    column: str
    places: Mapping[When, Any]
    """What the SQL tells of the rows of each window: a date, or a number."""
    spans: Sequence[tuple[Any, Any]]
    """Runs of windows without gaps, each from its first value up to what follows its last."""
    steps: Sequence[tuple[Any, Step]] = ()
    """From which value on which step tells the place of a row; none where that is its date as it is."""
    nanoseconds: bool = False
    """Whether a row's date is told as a number of days: cast to a date, a nanosecond before midnight is rounded up."""
    type_name: str = ""
    """The column's type."""

    @classmethod
    def of(cls, column: str, type_name: str, dialect: str, timezone: str, windows: Sequence[When]) -> Buckets:
        """The buckets of windows in order of time.

        Raises:
            DefinitionError: The column holds dates, and a window begins or ends within one.
        """
        kind, zoned = kind_of(type_name, dialect), has_zone(type_name, dialect)
        fine = re.fullmatch(r"TIMESTAMP(TZ)?_NS", type_name, re.IGNORECASE) is not None
        utc = zoned or timezone == "UTC"

        def value(moment: dt.datetime) -> Any:
            if zoned:
                return min(max(moment, NANOSECONDS[0]), NANOSECONDS[1]) if fine else moment
            reading = moment.replace(tzinfo=None) if utc else reading_from(moment, timezone)
            if kind is ColumnKind.DATE:
                if reading.time() != dt.time():
                    raise DefinitionError(
                        f"Column '{column}' holds dates, and a window that begins or ends at {reading:%H:%M} of the "
                        f"clocks in {timezone} has a part of one. Give a date column with times of day; or, if "
                        "the dates are those of another place, say so: timezone='…'."
                    )
                return reading.date()
            first, last = (moment.replace(tzinfo=None) for moment in NANOSECONDS)
            return min(max(reading, first), last) if fine else reading

        bounds: dict[When, tuple[Any, Any]] = {}
        for when in windows:
            day, window = when
            if window is None and utc and kind is ColumnKind.DATE:
                bounds[when] = day, day + _DAY
            elif window is None and utc and not fine:
                start = dt.datetime.combine(day, dt.time(tzinfo=dt.UTC if zoned else None))
                bounds[when] = start, start + _DAY
            else:
                whole = window or Window.of_day(day)
                start, end = value(whole.start), value(whole.end)
                if start < end:  # no reading stands for an hour that is repeated, but for the first of the two
                    bounds[when] = start, end
        spans: list[tuple[Any, Any]] = []
        for start, end in bounds.values():
            if spans and spans[-1][1] == start:
                spans[-1] = spans[-1][0], end
            else:
                spans.append((start, end))
        if all(_is_date(start) and end - start == _DAY for start, end in bounds.values()):
            dates = {when: _date_of(start) for when, (start, _) in bounds.items()}
            if fine:
                numbered = {when: (day - _EPOCH).days for when, day in dates.items()}
                return cls(column, numbered, spans, nanoseconds=True, type_name=type_name)
            return cls(column, dates, spans)
        steps = [] if fine or kind is ColumnKind.DATE else _by_date(bounds)
        if steps and 2 * len(steps) < len(bounds):
            return cls(column, {when: when[0] for when in bounds}, spans, steps)
        numbers = {when: number for number, when in enumerate(bounds)}
        starts = [(start, numbers[when]) for when, (start, _) in bounds.items()]
        return cls(column, numbers, spans, starts, type_name=type_name)

    def among(self) -> exp.Expr:
        """The condition on the rows to read."""
        from sqlglot import exp

        spans = [
            exp.and_(
                exp.GTE(this=column_of(self.column), expression=comparable(start, self.type_name)),
                exp.LT(this=column_of(self.column), expression=comparable(end, self.type_name)),
            )
            for start, end in self.spans
        ]
        return exp.or_(*spans) if spans else exp.false()

    def bucket(self) -> exp.Expr:
        """What tells the rows of one window from those of another."""
        from sqlglot import exp

        if self.nanoseconds:
            since, day = exp.Anonymous(this="EPOCH_NS", expressions=[column_of(self.column)]), 86_400 * 10**9
            # The remainder that a division with floor has, before 1970 too.
            rest = exp.Mod(this=since, expression=exp.Literal.number(day))
            rest = exp.Mod(
                this=exp.Paren(this=exp.Add(this=rest, expression=exp.Literal.number(day))),
                expression=exp.Literal.number(day),
            )
            midnight = exp.Paren(this=exp.Sub(this=since.copy(), expression=exp.Paren(this=rest)))
            return exp.IntDiv(this=midnight, expression=exp.Literal.number(day))
        if not self.steps:
            return exp.Cast(this=column_of(self.column), to=exp.DataType.build("date"))
        return self._told(0, len(self.steps))

    def _told(self, first: int, end: int) -> exp.Expr:
        """The place of a row, its step looked for by halves: a handful of comparisons, however many windows."""
        from sqlglot import exp

        if end - first > 1:
            middle = (first + end) // 2
            start = comparable(self.steps[middle][0], self.type_name)
            before = exp.LT(this=column_of(self.column), expression=start)
            return exp.Case(ifs=[exp.If(this=before, true=self._told(first, middle))], default=self._told(middle, end))
        start, step = self.steps[first]
        if isinstance(step, dt.timedelta):
            forth = step >= dt.timedelta()
            of_moments, of_readings = (
                exp.TimestampAdd if forth else exp.TimestampSub,
                exp.DatetimeAdd if forth else exp.DatetimeSub,
            )
            shifted = (of_readings if start.tzinfo is None else of_moments)(
                this=column_of(self.column),
                expression=exp.Literal.number(abs(step) // dt.timedelta(minutes=1)),
                unit=exp.var("MINUTE"),
            )
            return exp.Cast(this=shifted if step else column_of(self.column), to=exp.DataType.build("date"))
        if len(self.steps) > 1:
            return literal(step)
        # Not the number alone: to group by a number is to group by the column at that place.
        there = exp.GTE(this=column_of(self.column), expression=comparable(start, self.type_name))
        return exp.Case(ifs=[exp.If(this=there, true=literal(step))])


def _by_date(bounds: Mapping[When, tuple[Any, Any]]) -> list[tuple[Any, Step]]:
    """Steps to the dates that windows are filed under: of windows no longer than a day, a shift for all in a row.

    None, where dates do not tell windows apart.
    """
    if len({when[0] for when in bounds}) < len(bounds):
        return []
    steps: list[tuple[Any, Step]] = []
    for (day, _), (start, end) in bounds.items():
        shift = dt.datetime.combine(day, dt.time(tzinfo=start.tzinfo)) - start
        whole = end - start <= _DAY and shift % dt.timedelta(minutes=1) == dt.timedelta()
        step = shift if whole else day
        if not steps or steps[-1][1] != step:
            steps.append((start, step))
    return steps


def _date_of(value: Any) -> dt.date:
    found: dt.date = value.date() if isinstance(value, dt.datetime) else value
    return found


def _is_date(value: Any) -> bool:
    """Whether a bound is where a date of the column begins."""
    if not isinstance(value, dt.datetime):
        return True
    return value.time() == dt.time()
