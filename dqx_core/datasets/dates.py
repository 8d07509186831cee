"""The partition that is meant when nobody names one: the newest that the data reach, never today's."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dqx_core.datasets.catalog import Schemas
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.windows import dates_of
from dqx_core.engines.values import Unheld, rows_of
from dqx_core.errors import DefinitionError
from dqx_core.sql.names import column_named, table_of
from dqx_core.zones import instants

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine


def newest_date(definition: DatasetDefinition, schemas: Schemas, engine: Engine) -> dt.date:
    """The last partition of the definition that the timestamp column reaches; without one, its last or first day.

    Raises:
        ValidationError: The definition does not fit the tables.
    """
    from sqlglot import exp

    calendar = definition.partitions
    time = next((each for each in resolve(definition, schemas).values() if each.role == "timestamp"), None)
    if time is None:
        return calendar.end or calendar.start
    column = column_named(time.column)
    query = exp.select(aliased(exp.Max(this=column), "newest")).from_(table_of(time.table))
    newest = rows_of(engine.run(query))[0]["newest"]
    if isinstance(newest, Unheld):
        raise DefinitionError(
            f"Dataset '{definition.name}': the newest time in '{column.name}' of {time.table} is {newest.unheld}. Name "
            "the date of the partition, and correct the source."
        )
    if newest is None and calendar.cadence == "daily":
        return calendar.end or calendar.start
    if newest is None:
        return dates_of(definition, calendar.start, calendar.start)[0]
    day = max(calendar.start, min(day_of(newest, calendar.timezone), calendar.end or dt.date.max))
    if calendar.cadence == "hourly":
        return _hour_of(newest, definition, day)
    return dates_of(definition, day, day)[-1]


def _hour_of(newest: dt.datetime, definition: DatasetDefinition, day: dt.date) -> dt.date:
    """The hour of a moment, or the nearest one of the day to which it was moved."""
    moment = newest if newest.tzinfo is not None else instants(newest, definition.partitions.timezone)[-1]
    hours = dates_of(definition, day, day)
    return max((hour for hour in hours if isinstance(hour, dt.datetime) and hour <= moment), default=hours[0])


def day_of(moment: dt.date, timezone: str) -> dt.date:
    """The day of a date, of a wall clock's time, or of an instant as the clock in a time zone shows it."""
    if isinstance(moment, dt.datetime):
        return (moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(timezone))).date()
    return moment
