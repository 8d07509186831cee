"""A definition's query, checked by the engine without running it: what it gives, what it reads, what that costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.catalog import Catalog, TableInfo, schemas_of
from dqx_core.datasets.query import partition_query, render
from dqx_core.datasets.types import normal_type
from dqx_core.errors import DefinitionError, EngineError, ValidationError

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine

TIB = 2**40


@dataclass(frozen=True)
class DryRun:
    """What is known of a query that was not run."""

    dataset: str
    date: dt.date
    problems: tuple[str, ...]
    """Why it cannot run; none: it can."""
    columns: Mapping[str, str]
    """Column → normal type of its rows; empty if it cannot run."""
    tables: tuple[TableInfo, ...]
    """What it reads."""
    bytes: int | None
    """What it would read, if the engine says so; else what these take on disk, the most that can be read."""
    cost: float | None
    """Of what is billed for it, ten MiB a table at least, in the currency of the price; None if one is not known."""
    sql: str

    @property
    def valid(self) -> bool:
        """Whether it can run."""
        return not self.problems


def dry_run(
    definition: DatasetDefinition,
    date: dt.date,
    catalog: Catalog,
    engine: Engine,
    *,
    price_per_tib: float | None = None,
) -> DryRun:
    """Check the query of a partition: names and types against the tables, then the engine's own word.

    What is wrong with the definition is told in `problems`, not raised.
    """
    named = {info.name: info for info in catalog.described()}
    tables = tuple(named[table] for table in definition.source.tables if table in named)
    problems: list[str] = []
    columns: dict[str, str] = {}
    sql = ""
    reads: int | None = None
    billed: int | None = None
    try:
        query = partition_query(definition, date, schemas_of(definition, catalog))
        sql = render(query, engine.dialect)
        estimate = engine.estimate(query)
        reads, billed = estimate.bytes, estimate.billed
        columns = {
            name: normal_type(kind, engine.dialect) for name, kind in estimate.schema.items() if name != SPLIT_COLUMN
        }
    except ValidationError as error:
        problems += error.problems
    except (DefinitionError, EngineError) as error:
        problems.append(str(error))
    sizes = [info.bytes for info in tables if info.bytes is not None]
    total = reads if reads is not None else sum(sizes) if sizes else None
    paid = total if billed is None else billed
    cost = None if price_per_tib is None or paid is None else paid / TIB * price_per_tib
    return DryRun(definition.name, date, tuple(problems), columns, tables, total, cost, sql)
