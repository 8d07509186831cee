"""The first rows of a partition, always the same ones, with the role of each column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.catalog import Schemas
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.flow import OutputColumn
from dqx_core.datasets.query import columns_of_part, partition_query, parts_asked_for
from dqx_core.datasets.types import NUMERIC, TIMES
from dqx_core.engines.values import shown_rows_of
from dqx_core.errors import DefinitionError
from dqx_core.sql.names import column_named

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine

MOST_ROWS = 1_000
_SORTABLE = NUMERIC | TIMES | {"STRING", "BOOL", "BYTES"}


@dataclass(frozen=True)
class Preview:
    """Some rows of a partition."""

    dataset: str
    date: dt.date
    columns: tuple[OutputColumn, ...]
    rows: tuple[Mapping[str, Any], ...]
    """With `split`, which is not a column of the dataset."""


def preview(
    definition: DatasetDefinition,
    date: dt.date,
    schemas: Schemas,
    engine: Engine,
    *,
    limit: int = 20,
    splits: Sequence[str] | None = None,
) -> Preview:
    """The first rows of a partition, sorted by all its columns: the same data show the same rows.

    Raises:
        DefinitionError: More than 1,000 rows are asked for, or there is no such partition or split.
    """
    from sqlglot import exp

    if not 1 <= limit <= MOST_ROWS:
        raise DefinitionError(f"A preview of {limit:,} rows is not possible. Ask for 1 to {MOST_ROWS:,}.")
    columns = tuple(resolve(definition, schemas).values())
    inside = partition_query(definition, date, schemas, splits=splits)
    parts = [
        columns_of_part(definition, (c.name for c in columns), part) for part in parts_asked_for(definition, splits)
    ]
    names = [SPLIT_COLUMN, *max(parts, key=len)]
    by = [SPLIT_COLUMN, *(column.name for column in columns if column.type in _SORTABLE)]
    query = (
        exp.select(*(column_named(name) for name in names))
        .from_(inside.subquery("rows"))
        .order_by(*(exp.Ordered(this=column_named(n), nulls_first=True) for n in by))
        .limit(limit)
    )
    return Preview(definition.name, date, columns, tuple(shown_rows_of(engine.run(query))))
