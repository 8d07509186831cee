"""What a dataset holds, measured: rows, users, products, days, the true sizes of its splits, and how fit it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.catalog import Schemas
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.dates import day_of
from dqx_core.datasets.filters import DateRange
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.quality import Facts, Issue, Quality, quality
from dqx_core.datasets.query import partition_query, parts_asked_for
from dqx_core.datasets.unlike import unlike
from dqx_core.datasets.windows import part_date, part_name
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine


@dataclass(frozen=True)
class SplitSize:
    """What one part holds; None where the definition has no column of that role."""

    split: str
    rows: int
    share: float
    """Of the rows of all parts; 0 when there are none."""
    users: int | None = None
    products: int | None = None
    cold_users: float | None = None
    """Share of its users that train has never seen; None for train, and where there are no users."""
    cold_products: float | None = None
    """The same of its products."""
    classes: int | None = None
    """Values of the label; None where there is no column with that role."""
    unseen_classes: int | None = None
    """Those that train has not; None for train."""


@dataclass(frozen=True)
class Analysis:
    """What a definition gives, for the partition of a date (or, of increments, all days up to it)."""

    dataset: str
    definition_hash: str
    date: dt.date
    analyzed_at: dt.datetime
    facts: Facts
    splits: tuple[SplitSize, ...]
    quality: Quality
    notes: tuple[str, ...] = ()
    """What one has to know to read the numbers."""

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it; the grade, the sparsity and the days are spelled out for readers."""
        found = asdict(self)
        found["date"], found["analyzed_at"] = self.date.isoformat(), self.analyzed_at.isoformat()
        for end in ("first", "last"):
            day = getattr(self.facts, end)
            found["facts"][end] = day and day.isoformat()
        found["facts"] |= {"days": self.facts.days, "sparsity": self.facts.sparsity}
        found["quality"]["grade"] = self.quality.grade
        return found

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The analysis that `to_dict` gave."""
        facts = {name: found["facts"].get(name) for name in Facts.__dataclass_fields__}
        for end in ("first", "last"):
            facts[end] = facts[end] and dt.date.fromisoformat(facts[end])
        return cls(
            dataset=found["dataset"],
            definition_hash=found["definition_hash"],
            date=part_date(found["date"]),
            analyzed_at=dt.datetime.fromisoformat(found["analyzed_at"]),
            facts=Facts(**facts),
            splits=tuple(SplitSize(**each) for each in found["splits"]),
            quality=Quality(found["quality"]["score"], tuple(Issue(**each) for each in found["quality"]["issues"])),
            notes=tuple(found["notes"]),
        )


def analyze(definition: DatasetDefinition, date: dt.date, schemas: Schemas, engine: Engine) -> Analysis:
    """Measure the partition of a date with one query; of increments, all days of the calendar up to it together.

    Raises:
        ValidationError: The definition does not fit the tables.
        DefinitionError: There is no partition on that date.
        EngineError: The engine refused the query, or rows that the definition does not allow.
    """
    measured = together(definition)
    parts = parts_asked_for(definition, None)
    row = engine.run(_query(measured, date, schemas, parts)).to_pylist()[0]
    timezone = definition.partitions.timezone

    def day(moment: dt.date | None) -> dt.date | None:
        return None if moment is None else day_of(moment, timezone)

    facts = Facts(
        rows=row["rows"],
        users=row.get("users"),
        products=row.get("products"),
        pairs=row.get("pairs"),
        first=day(row.get("first")),
        last=day(row.get("last")),
    )
    notes = list(definition.leaks)
    if measured is not definition:
        one = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}[definition.partitions.cadence]
        start = definition.partitions.start
        notes.append(f"A partition holds one {one}; this is of all {one}s from {start} to {part_name(date)}.")
        if any(each.looks_at_many_rows for each in definition.filters):
            notes.append(f"Filters that look at many rows learned from all these {one}s together, not from each alone.")
    splits = tuple(_size(number, part, row) for number, part in enumerate(parts))
    return Analysis(
        dataset=definition.name,
        definition_hash=definition.definition_hash,
        date=date,
        analyzed_at=dt.datetime.now(dt.UTC),
        facts=facts,
        splits=splits,
        quality=quality(
            facts, {size.split: size.rows for size in splits}, unlike(definition, splits, row.get("classes"))
        ),
        notes=tuple(notes),
    )


def together(definition: DatasetDefinition) -> DatasetDefinition:
    """A definition whose partition holds what training reads: of increments, every day of the calendar up to it."""
    if definition.content == "snapshot":
        return definition
    start = definition.partitions.start
    ranges = definition.date_ranges or (DateRange(start=start),)
    since = tuple(each.model_copy(update={"start": max(start, each.start or start)}) for each in ranges)
    others = tuple(each for each in definition.filters if not isinstance(each, DateRange))
    calendar = definition.partitions.model_copy(update={"content": "snapshot"})
    return definition.model_copy(update={"partitions": calendar, "filters": (*since, *others)})


def _size(number: int, part: str, row: Mapping[str, Any]) -> SplitSize:
    def cold(entities: str) -> float | None:
        of, unseen = row.get(f"{entities}_{number}"), row.get(f"cold_{entities}_{number}")
        return None if part == "train" or not of or unseen is None else unseen / of

    rows, unseen = row[f"rows_{number}"], row.get(f"cold_classes_{number}")
    return SplitSize(
        split=part,
        rows=rows,
        share=rows / row["rows"] if row["rows"] else 0.0,
        users=row.get(f"users_{number}"),
        products=row.get(f"products_{number}"),
        cold_users=cold("users"),
        cold_products=cold("products"),
        classes=row.get(f"classes_{number}"),
        unseen_classes=None if part == "train" else unseen,
    )


def _query(definition: DatasetDefinition, date: dt.date, schemas: Schemas, parts: Sequence[str]) -> exp.Select:
    """One row: counts over all rows, beside those of users, of products and of pairs of the two."""
    from sqlglot import exp

    columns = {column.role: column.name for column in resolve(definition, schemas).values() if column.role}
    counted = [_of_rows(columns.get("timestamp"), parts)]
    entities = [
        (name, columns[role]) for name, role in (("users", "user_id"), ("products", "product_id")) if role in columns
    ]
    counted += [_of_entities(name, column, parts) for name, column in entities]
    if "label" in columns:
        counted.append(_of_entities("classes", columns["label"], parts))
    if len(entities) == 2:
        pairs = _dataset(*(column_named(column) for _, column in entities)).distinct()
        pairs = pairs.where(*(_known(column) for _, column in entities))
        counted.append(exp.select(aliased(exp.Count(this=exp.Star()), "pairs")).from_(pairs.subquery("pairs_found")))
    whole = exp.select("*").from_(counted[0].subquery("of_rows"))
    for number, each in enumerate(counted[1:]):
        whole = whole.join(each.subquery(f"of_{number}"), join_type="cross", copy=False)
    return whole.with_(exp.to_identifier("dataset", quoted=True), as_=partition_query(definition, date, schemas))


def _dataset(*columns: exp.Expr) -> exp.Select:
    from sqlglot import exp

    return exp.select(*columns).from_(exp.Table(this=exp.to_identifier("dataset", quoted=True)))


def _known(column: str) -> exp.Expr:
    from sqlglot import exp

    return exp.not_(exp.Is(this=column_named(column), expression=exp.Null()))


def _of_rows(timestamp: str | None, parts: Sequence[str]) -> exp.Select:
    from sqlglot import exp

    wanted = [aliased(exp.Count(this=exp.Star()), "rows")]
    for number, part in enumerate(parts):
        inside = exp.Case(ifs=[exp.If(this=_in(part), true=literal(1))])
        wanted.append(aliased(exp.Count(this=inside), f"rows_{number}"))
    if timestamp is not None:
        wanted += [
            aliased(exp.Min(this=column_named(timestamp)), "first"),
            aliased(exp.Max(this=column_named(timestamp)), "last"),
        ]
    return _dataset(*wanted)


def _of_entities(name: str, column: str, parts: Sequence[str]) -> exp.Select:
    """How many users (products, values of the label) there are, in each part, and in each part unseen in train."""
    from sqlglot import exp

    def flag(number: int, value: int) -> exp.Expr:
        return exp.EQ(this=column_named(f"in_{number}"), expression=literal(value))

    def count(condition: exp.Expr) -> exp.Expr:
        return exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=literal(1))]))

    flags = [
        aliased(
            exp.Max(this=exp.Case(ifs=[exp.If(this=_in(part), true=literal(1))], default=literal(0))), f"in_{number}"
        )
        for number, part in enumerate(parts)
    ]
    each = (
        _dataset(aliased(column_named(column), "entity"), *flags).where(_known(column)).group_by(exp.Literal.number(1))
    )
    wanted = [aliased(exp.Count(this=exp.Star()), name)]
    for number in range(len(parts)):
        wanted.append(aliased(count(flag(number, 1)), f"{name}_{number}"))
        if "train" in parts:
            unseen = exp.and_(flag(number, 1), flag(parts.index("train"), 0))
            wanted.append(aliased(count(unseen), f"cold_{name}_{number}"))
    return exp.select(*wanted).from_(each.subquery(f"each_of_{name}"))


def _in(part: str) -> exp.Expr:
    from sqlglot import exp

    return exp.EQ(this=column_named(SPLIT_COLUMN), expression=literal(part))
