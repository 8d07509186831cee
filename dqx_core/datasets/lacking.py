"""Rows that are in no partition though no rule says so, counted: nobody should have to look for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dqx_core.datasets.query import lacking_counts, nan_counts

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.catalog import Schemas
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine


def rows_that_lack(
    definition: DatasetDefinition, dates: Sequence[dt.date], schemas: Schemas, engine: Engine
) -> dict[dt.date, dict[str, int]]:
    """Rows that no rule leaves out and no partition has, by date and by what they lack; one look for all dates."""
    asked = lacking_counts(definition, dates, schemas)
    found: dict[dt.date, dict[str, int]] = {date: {} for date in dates}
    if asked is None:
        return found
    query, lacking = asked
    counts = engine.run(query).to_pylist()[0]
    for (what, of), count in zip(lacking, counts.values(), strict=True):
        for date in (dates if of is None else [of]) if count else ():
            found[date][what] = count
    return found


def nans_among(
    definition: DatasetDefinition, date: dt.date, schemas: Schemas, stage: exp.Table | None, engine: Engine
) -> dict[str, int]:
    """Rows of a date with NaN where a filter compares, which none of them keeps."""
    query = nan_counts(definition, date, schemas, stage=stage)
    counts = {} if query is None else engine.run(query).to_pylist()[0]
    return {f"with NaN in {name}": count for name, count in counts.items() if count}
