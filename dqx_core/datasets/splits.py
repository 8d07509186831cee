"""How rows part into train and eval: by time, by a hash of a key, by a column that already says so, or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from dqx_core.datasets.base import Location, Name, Part, Problem, Several
from dqx_core.datasets.buckets import BUCKETS, Key, bucket, columns_of, hashed, places_of, unfit_key
from dqx_core.datasets.types import literal_of
from dqx_core.datasets.values import Days, Number, Percent, Scalar, SomeDays, plain, too_fine
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.flow import Flow, OutputColumn

Share = TypeVar("Share")
FromTo = tuple[dt.date | None, dt.date]

_BY_ROLE = ("train", "test", "eval")


def by_role(parts: Iterable[str]) -> tuple[str, ...]:
    """The parts in the order in which buckets go to them: train, test, eval, then others by name."""
    return tuple(sorted(parts, key=lambda part: (*(part != role for role in _BY_ROLE), part)))


def _by_role(parts: dict[str, Share]) -> dict[str, Share]:
    """A mapping of parts in that order: the one in which somebody wrote them means nothing."""
    return {part: parts[part] for part in by_role(parts)}


class Temporal(Part):
    """Eval is the last days of the window, train what comes before it and a gap; test, if any, comes last."""

    strategy: Literal["temporal"] = "temporal"
    eval_days: SomeDays
    gap_days: Days = 0
    """Days between train and eval that are in neither, so that what train learns is not the day eval asks about."""
    test_days: Days = 0

    @property
    def part_names(self) -> tuple[str, ...]:
        """The parts, in order."""
        return ("train", "eval", "test") if self.test_days else ("train", "eval")

    @property
    def held_back(self) -> int:
        """Days at the end of the window that are not train."""
        return self.test_days + self.eval_days + self.gap_days

    def days(self, end: dt.date) -> dict[str, FromTo]:
        """First day (None: since ever) and day after the last of each part, for a window that ends before `end`."""
        eval_end = end - dt.timedelta(days=self.test_days)
        eval_start = eval_end - dt.timedelta(days=self.eval_days)
        days: dict[str, FromTo] = {
            "train": (None, eval_start - dt.timedelta(days=self.gap_days)),
            "eval": (eval_start, eval_end),
        }
        return days | ({"test": (eval_end, end)} if self.test_days else {})

    def problems(self, definition: DatasetDefinition, /) -> Iterator[Problem]:
        """No column to tell time by, or increments, or no day left for train."""
        if definition.role("timestamp") is None:
            yield ("strategy",), "a temporal split needs a column with role: timestamp."
        if definition.partitions.content == "increment":
            yield ("strategy",), "a temporal split needs a window of days. Leave out partitions.content: increment."
        for each in definition.date_ranges:
            window = each.fewest_days
            if window is not None and window <= self.held_back:
                said = "rolling_days" if each.rolling_days is not None else "days that rolling_months may be"
                yield (
                    ("eval_days",),
                    f"leaves no day for train: eval, gap and test take {self.held_back} of the {window} {said}.",
                )
            if each.end is not None:
                start, cadence = definition.partitions.start, definition.partitions.cadence
                first_end = start + dt.timedelta(days={"weekly": 7, "monthly": 28}.get(cadence, 1))
                for part, (begins, _) in self.days(first_end).items():
                    if part != "train" and begins is not None and begins > each.end:
                        yield (
                            (f"{part}_days",),
                            f"no partition has a day for {part}: date_range ends with {each.end}, and in the first "
                            f"partition, {start}, {part} begins on {begins}. Write a later end, leave it out, or let "
                            "partitions start earlier.",
                        )

    def expression(self, flow: Flow) -> exp.Expr:
        """The part of a row, null in the gap."""
        from sqlglot import exp

        time = flow.timestamp
        conditions = {
            part: days.contains(flow.column(time.name), time.type, flow.window.timezone)
            for part, days in flow.window.parts.items()
        }
        return exp.Case(ifs=[exp.If(this=condition, true=literal(part)) for part, condition in conditions.items()])

    def type_problems(self, _columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """None of its own: roles are checked with the columns."""
        yield from ()


class Group(Part):
    """All rows of one key go to one part, by a salted hash that is the same on every engine."""

    strategy: Literal["group"] = "group"
    key: Key
    """A column, or several that are one key together: [customer_id, country]."""
    parts: Annotated[dict[Name, Percent], AfterValidator(_by_role)] = Field(
        default={"train": Decimal(80), "eval": Decimal(20)}, min_length=1
    )
    """Percentages; the buckets of the hash go to train, test, eval, then others by name, however they are written."""
    salt: str | None = None
    null_key: str = "fail"
    """The part that rows without a key go to; fail: they are an error."""

    @property
    def part_names(self) -> tuple[str, ...]:
        """The parts, in order."""
        return tuple(self.parts)

    @property
    def unplaced(self) -> str | None:
        """What is wrong with a row that has no part; None: that is not an error."""
        key = " or ".join(columns_of(self.key))
        return f"null in {key}, the key of the group split" if self.null_key == "fail" else None

    def salt_of(self, dataset: str) -> str:
        """What makes this split another one than that of another dataset, or than a sample."""
        return f"{dataset}/split/v1" if self.salt is None else self.salt

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The key."""
        yield from places_of(self.key)

    def problems(self, _definition: DatasetDefinition, /) -> Iterator[Problem]:
        """Percentages that are not 100 together."""
        percents = self.parts
        if "train" not in percents:
            yield ("parts",), f"there is no part 'train', only {', '.join(percents)}."
        if sum(percents.values()) != 100:
            yield ("parts",), f"the parts are {plain(sum(percents.values(), Decimal()))} % together. Make them 100."
        for part, percent in percents.items():
            if too_fine(percent):
                yield ("parts", part), f"{plain(percent)} is not a percentage above 0 with at most two decimals."
        if self.null_key != "fail" and self.null_key not in percents:
            yield ("null_key",), f"'{self.null_key}' is not a part. Write one of {', '.join(percents)}, or fail."

    def type_problems(self, columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """A key whose text differs between engines."""
        yield from unfit_key(self.key, columns, "split")

    def expression(self, flow: Flow) -> exp.Expr:
        """The part of a row, null (or `null_key`) where the key is."""
        from sqlglot import exp

        nulls = [exp.Is(this=flow.column(name), expression=exp.Null()) for name in columns_of(self.key)]
        hash_ = hashed(flow, self.key, self.salt_of(flow.definition.salted_by))
        without = exp.Null() if self.null_key == "fail" else literal(self.null_key)
        ifs = [exp.If(this=exp.or_(*nulls), true=without)]
        reached = 0
        *parts, last = self.parts.items()
        for part, percent in parts:
            reached += int(percent * BUCKETS / 100)
            ifs.append(exp.If(this=exp.LT(this=bucket(hash_), expression=literal(reached)), true=literal(part)))
        return exp.Case(ifs=ifs, default=literal(last[0]))


def _several(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


_Scalars = Annotated[Several[Scalar], Field(min_length=1)]
OneOrMore = Annotated[_Scalars, BeforeValidator(_several, json_schema_input_type=Scalar | _Scalars)]
"""Values, or a single one."""


class FromColumn(Part):
    """A column says which part a row belongs to."""

    strategy: Literal["column"] = "column"
    column: str
    parts: Annotated[dict[Name, OneOrMore], AfterValidator(_by_role)] = Field(
        default={"train": ("train",), "eval": ("eval",)}, min_length=1
    )
    """Part: the value, or values, of the column that mean it."""
    others: Literal["fail", "drop"] = "fail"
    """What happens to rows with any other value, or null."""

    @property
    def part_names(self) -> tuple[str, ...]:
        """The parts, in order."""
        return tuple(self.parts)

    @property
    def unplaced(self) -> str | None:
        """What is wrong with a row that has no part; None: that is not an error."""
        return f"a {self.column} that means no part" if self.others == "fail" else None

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The column."""
        yield ("column",), self.column

    def problems(self, _definition: DatasetDefinition, /) -> Iterator[Problem]:
        """No train, or one value for two parts."""
        if "train" not in self.parts:
            yield ("parts",), f"there is no part 'train', only {', '.join(self.parts)}."
        meaning: dict[object, str] = {}
        for part, values in self.parts.items():
            for value in values:
                of_type = (isinstance(value, bool), value)  # true is not 1
                if meaning.setdefault(of_type, part) != part:
                    yield ("parts", part), f"{value!r} already means '{meaning[of_type]}'."

    def type_problems(self, columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """Values of another type than the column's."""
        column = columns.get(self.column)
        for part, values in self.parts.items() if column else ():
            for value in values:
                try:
                    literal_of(value, column.type if column else "")
                except ValueError as error:
                    yield ("parts", part), str(error)

    def expression(self, flow: Flow) -> exp.Expr:
        """The part of a row, null for any other value."""
        from sqlglot import exp

        type_name = flow.columns[self.column].type
        return exp.Case(
            ifs=[
                exp.If(
                    this=exp.In(this=flow.column(self.column), expressions=[literal_of(v, type_name) for v in values]),
                    true=literal(part),
                )
                for part, values in self.parts.items()
            ]
        )


class Whole(Part):
    """No split: all rows are one part, of which filters learn too."""

    strategy: Literal["none"] = "none"

    @property
    def part_names(self) -> tuple[str, ...]:
        """The one part."""
        return ("all",)

    @property
    def unplaced(self) -> str | None:
        """None: every row is in the part."""
        return None

    def type_problems(self, _columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """None: it reads no column."""
        yield from ()

    def expression(self, _flow: Flow) -> exp.Expr:
        """The one part."""
        return literal("all")


class Copies(Part):
    """How many rows of what is held out may stand in train too, and by which columns a row is told from its copy."""

    ids: Several[str] = ()
    """Columns in which a row and its copy differ, such as the id of an order that was imported twice."""
    at_most: Annotated[Number, Field(ge=0, le=1)] | None = None
    """The share that is not a failure; left out: what rows that repeat themselves within train let expect."""

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """The ids."""
        yield from ((("ids", number), name) for number, name in enumerate(self.ids))

    def type_problems(self, _columns: Mapping[str, OutputColumn], /) -> Iterator[Problem]:
        """None: columns of any type have values that are equal."""
        yield from ()


Split = Annotated[Temporal | Group | FromColumn | Whole, Field(discriminator="strategy")]
