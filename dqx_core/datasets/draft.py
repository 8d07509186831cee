"""A definition from a few answers: which tables, which columns mean what, which rows, which split."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import RESERVED, Role
from dqx_core.datasets.definition import DatasetDefinition, define
from dqx_core.datasets.source import short
from dqx_core.datasets.windows import Cadence

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Schemas
    from dqx_core.datasets.join_detection import JoinCandidate

Place = tuple[str, str]
"""A table by its full name, and a column of it."""


@dataclass(frozen=True)
class Answers:
    """What somebody said who wants a dataset."""

    name: str
    table: str
    """The primary one."""
    start: dt.date
    """The first partition."""
    cadence: Cadence = "daily"
    description: str = ""
    joins: Sequence[JoinCandidate] = ()
    """Each from the primary table to another."""
    roles: Mapping[Role, Place] = field(default_factory=dict)
    columns: Sequence[Place] = ()
    """Those without a role that go in as well."""
    rolling_days: int = 0
    """0: all days."""
    top_percent: int = 0
    """The products that make up so much of the revenue; 0: all products."""
    min_transactions: int = 0
    """0 or 1: all users."""
    split: Mapping[str, Any] | None = None
    """As the YAML spells it; None: no split."""


def drafted(answers: Answers, *, schemas: Sequence[str] | None = None) -> DatasetDefinition:
    """The definition that the answers come to, as a draft; a join that gives no column is left out.

    Raises:
        ValidationError: They do not go together.
    """
    source: dict[str, Any] = {"table": answers.table}
    read = {table for table, _ in (*answers.roles.values(), *answers.columns)}
    joins = [join for join in answers.joins if join.right_table in read]
    if joins:
        source["joins"] = [
            {
                "table": join.right_table,
                "on": dict(zip(join.left_columns, join.right_columns, strict=True)),
                "how": "left",
                "cardinality": join.cardinality if join.uniqueness == 1 else "many_to_many",
            }
            for join in joins
        ]
    data: dict[str, Any] = {"name": answers.name, "status": "draft", "source": source}
    if answers.description:
        data["description"] = answers.description
    data["columns"] = list(_columns(answers))
    data["filters"] = list(_filters(answers))
    if answers.split is not None:
        data["split"] = dict(answers.split)
    data["partitions"] = {"start": answers.start}
    if answers.cadence != "daily":
        data["partitions"]["cadence"] = answers.cadence
    return define(data, schemas=schemas)


def other_columns(
    table: str, schemas: Schemas, joins: Sequence[JoinCandidate], roles: Mapping[Role, Place]
) -> list[Place]:
    """The columns without a role: all of the primary table, and of the joined ones all but the keys they join on."""
    keys = {(join.right_table, column) for join in joins for column in join.right_columns}
    tables = [table, *(join.right_table for join in joins)]
    places = [(each, column) for each in tables for column in schemas[each]]
    return [place for place in places if place not in keys and place not in roles.values()]


def column_names(answers: Answers) -> list[str]:
    """What the dataset will call its columns, in order."""
    return [column.get("as", column["column"]) for column in _columns(answers)]


def _columns(answers: Answers) -> Iterator[dict[str, Any]]:
    """With roles first; a name that is taken, or that folders of partitions have, gets its table's before it."""
    taken = set(RESERVED)
    wanted: list[tuple[Place, Role | None]] = [(place, role) for role, place in answers.roles.items()]
    wanted += [(place, None) for place in answers.columns if place not in answers.roles.values()]
    for (table, column), role in wanted:
        written: dict[str, Any] = {} if table == answers.table else {"table": short(table)}
        written["column"] = column
        name = column
        if name.casefold() in taken:
            name = written["as"] = f"{short(table)}_{column}"
        taken.add(name.casefold())
        yield written | ({"role": role} if role else {})


def _filters(answers: Answers) -> Iterator[dict[str, Any]]:
    if answers.rolling_days:
        yield {"kind": "date_range", "rolling_days": answers.rolling_days}
    if answers.top_percent:
        yield {"kind": "top_products", "percent": answers.top_percent}
    if answers.min_transactions > 1:
        yield {"kind": "min_transactions", "count": answers.min_transactions}
