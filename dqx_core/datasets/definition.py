"""A dataset definition: what data goes into training, as frozen values that hash and print."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import pydantic
from pydantic import Field, ModelWrapValidatorHandler, ValidationInfo, model_validator

from dqx_core.datasets.base import RESERVED, Location, Model, Name, Part, Problem, Role, Several
from dqx_core.datasets.filters import DateRange
from dqx_core.datasets.fitted import AnyFilter, Fitted
from dqx_core.datasets.problems import located, spelled
from dqx_core.datasets.sampling import AnyFolds, Sample
from dqx_core.datasets.source import Column, NullRule, Source, short
from dqx_core.datasets.splits import Copies, Split, Temporal, Whole
from dqx_core.datasets.windows import Partitions
from dqx_core.errors import ValidationError, hint


@dataclass(frozen=True)
class Reading:
    """What validation needs to know besides the definition: allowed schemas (None: all), and how to name a place in it.

    Pass it as pydantic's `context`.
    """

    schemas: tuple[str, ...] | None = None
    subject: str | None = None
    where: Callable[[Location], str] = spelled


class DatasetDefinition(Model):
    """What data goes into training: source, columns and their roles, filters, split, and which days are partitions."""

    name: Name
    identity: Name | None = None
    """What the hash of a split, a sample and folds goes by; the name if left out. Under another name it keeps them."""
    description: str = ""
    status: Literal["draft", "active"] = "draft"
    source: Source
    columns: Several[Column] = ()
    """What the dataset holds; empty: all columns of the primary table, under their own names and without roles."""
    nulls: dict[str, NullRule] = Field(default={})
    sample: Sample | None = None
    filters: Several[AnyFilter] = ()
    split: Split = Whole()
    """How rows part into train and eval; left out: they are one part, called all."""
    folds: AnyFolds | None = None
    copies: Copies | None = None
    """What the check of rows in two splits looks at; it changes no row."""
    partitions: Partitions

    @property
    def salted_by(self) -> str:
        """What salts are made of."""
        return self.identity or self.name

    @property
    def content(self) -> Literal["snapshot", "increment"]:
        """What a partition holds: the window that ends with its day, or the rows of the day."""
        if self.partitions.content is not None:
            return self.partitions.content
        rolling = any(each.rolling for each in self.date_ranges)
        return "snapshot" if rolling or isinstance(self.split, Temporal) else "increment"

    @property
    def date_ranges(self) -> tuple[DateRange, ...]:
        """The filters that say which days."""
        return tuple(each for each in self.filters if isinstance(each, DateRange))

    @property
    def parts(self) -> tuple[tuple[Location, Part], ...]:
        """What reads output columns, and where it is."""
        once: dict[str, Part | None] = {
            "split": self.split, "sample": self.sample, "folds": self.folds, "copies": self.copies
        }  # fmt: skip
        return (
            *(((name,), part) for name, part in once.items() if part is not None),
            *((("filters", number), each) for number, each in enumerate(self.filters)),
        )

    @property
    def leaks(self) -> tuple[str, ...]:
        """Where a filter learns from eval rows because somebody wrote `fit_on: all`, or for a fold from the others."""
        fitted = [(spelled(("filters", n)), each) for n, each in enumerate(self.filters) if isinstance(each, Fitted)]
        of_folds = (
            f"{place} ({each.kind}) is fitted on all folds together: what it keeps of one tells of the others."
            for place, each in fitted
            if each.leaks_between_folds(self)
        )
        of_parts = (
            f"{place} ({each.kind}) is fitted on rows of all parts, eval included."
            for place, each in fitted
            if each.leaks(self)
        )
        return (*of_parts, *of_folds)

    def role(self, role: Role) -> str | None:
        """The output column with a role."""
        return next((column.name for column in self.columns if column.role == role), None)

    @property
    def definition_hash(self) -> str:
        """What changes when the rows of a partition may: not with description, status, or first and last day.

        Two definitions have one hash exactly if their SQL and manifests are the same; see `content`.
        """
        from dqx_core.datasets.content import content_of

        content = content_of(self)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def problems(self, schemas: Sequence[str] | None = None) -> Iterator[Problem]:
        """Everything that cannot work whatever the tables hold."""
        yield from self.source.problems(schemas)
        yield from self._of_columns()
        yield from self._of_dates()
        for where, part in self.parts:
            for place, message in part.problems(self):
                yield (*where, *place), message
        yield from self.partitions.problems()
        if self.columns:
            yield from self.unknown_columns([column.name for column in self.columns])

    def unknown_columns(self, names: list[str]) -> Iterator[Problem]:
        """Filters, null rules and a split that name no column of the dataset."""
        for name in self.nulls:
            if name not in names:
                yield ("nulls", name), f"the dataset has no column '{name}'. {hint(name, set(names))}"
        for where, part in self.parts:
            for place, name in part.reads(self):
                if name not in names:
                    yield (*where, *place), f"the dataset has no column '{name}'. {hint(name, set(names))}"

    def _of_columns(self) -> Iterator[Problem]:
        names: dict[str, int] = {}
        roles: dict[str, str] = {}
        for number, column in enumerate(self.columns):
            where: Location = ("columns", number)
            place: Location = (*where, "as" if column.as_ else "column")
            if self.source.full_name(column.table) is None:
                tables = [short(table) for table in self.source.tables]
                yield (
                    (*where, "table"),
                    f"'{column.table}' is not a table of the source. {hint(column.table or '', tables)}",
                )
            if column.name.casefold() in RESERVED:
                yield (
                    place,
                    (
                        f"'{column.name}' is what dqx calls the folders of a partition. "
                        f"Give the column another name: as: {column.name}_of_row."
                    ),
                )
            other = names.setdefault(column.name.casefold(), number)
            if other != number:
                yield (
                    place,
                    (
                        f"the name '{column.name}' is taken by {spelled(('columns', other))} "
                        "(small and capital letters are the same). Give one of the two another: as: …"
                    ),
                )
            if column.role is not None and roles.setdefault(column.role, column.name) != column.name:
                yield (*where, "role"), f"'{roles[column.role]}' is the {column.role} already."

    def _of_dates(self) -> Iterator[Problem]:
        ranges = [n for n, each in enumerate(self.filters) if isinstance(each, DateRange)]
        for extra in ranges[1:]:
            yield (
                ("filters", extra),
                f"there is a date_range already: {spelled(('filters', ranges[0]))}. Make them one.",
            )
        learning = [n for n, each in enumerate(self.filters) if each.looks_at_many_rows]
        if ranges and learning and learning[0] < ranges[0]:
            yield (
                ("filters", ranges[0]),
                (
                    "a date_range comes before the filters that look at many rows, here "
                    f"{spelled(('filters', learning[0]))}: it says which rows these see."
                ),
            )
        if self.content == "increment" and self.role("timestamp") is None:
            yield (
                ("partitions",),
                (
                    "a partition holds the rows of its day, so there must be a column with role: timestamp. "
                    "Add the role, or write content: snapshot for all rows there are."
                ),
            )
        elif self.partitions.cadence != "daily" and self.role("timestamp") is None:
            yield (
                ("partitions", "cadence"),
                (
                    f"{self.partitions.cadence} partitions need a column with role: timestamp: without one all rows "
                    "are of one date. Add the role, or leave cadence out."
                ),
            )

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        reading = info.context if isinstance(info.context, Reading) else Reading()
        definition: Self | None = None
        try:
            definition = handler(data)
        except pydantic.ValidationError as error:
            problems = located(error, cls, data)
        else:
            problems = list(definition.problems(reading.schemas))
        if definition is None or problems:
            name = data.get("name") if isinstance(data, dict) else None
            subject = reading.subject or (f"Dataset '{name}'" if name else "A dataset definition")
            raise ValidationError(subject, [f"{reading.where(place)}: {message}" for place, message in problems])
        return definition


def schemas_allowed(schemas: Sequence[str] | None) -> tuple[str, ...] | None:
    """The schemas as a value that does not change."""
    return None if schemas is None else tuple(schemas)


def define(data: dict[str, Any], *, schemas: Sequence[str] | None = None) -> DatasetDefinition:
    """The definition that a mapping, shaped like the YAML, spells; it may read tables of these schemas (None: of all).

    Raises:
        ValidationError: Every problem it has, each with its place.
    """
    reading = Reading(schemas_allowed(schemas))
    return DatasetDefinition.model_validate(data, context=reading, by_alias=True, by_name=False)
