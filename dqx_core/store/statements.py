"""How numbers are read, as SQL: built once, since building a statement takes longer than finding a number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, func, literal_column, null, select

from dqx_core.store.tables import DATA_VERSION, EXECUTION, METRIC, SERIES

SOURCE = EXECUTION.alias("source")


def newest_first(numbers: FromClause) -> tuple[ColumnElement[Any], ...]:
    """By what numbers are ordered: what was measured last is first, then come its copies.

    A number carried forward has the sequence of its source: a copy never outranks what was measured after it. What
    one transaction wrote is ordered by the execution that measured it.
    """
    c = numbers.c
    measured_by = func.coalesce(c.source_execution, c.execution)
    return c.sequence.desc(), measured_by.desc(), c.source_execution.is_not(None), c.execution


DAY_AND_WINDOW = (METRIC.c.yyyy_mm_dd, METRIC.c.starts, METRIC.c.span)

RESULT_OF = (METRIC.c.value, METRIC.c.exact, METRIC.c.error)

# In the order in which numbers are shown; whoever reads many takes a row apart by place, not by name.
_NUMBER = (
    METRIC.c.yyyy_mm_dd,
    METRIC.c.starts,
    METRIC.c.span,
    SERIES.c.metric,
    SERIES.c.dataset,
    SERIES.c.tags,
    METRIC.c.execution,
    METRIC.c.series_id,
)
_SOURCE_ID = SOURCE.c.execution_id.label("source_execution_id")

NUMBERS: Select[Any] = (
    select(
        *_NUMBER,
        *RESULT_OF,
        _SOURCE_ID,
        EXECUTION.c.execution_id,
        DATA_VERSION.c.data_version,
        SERIES.c.spec,
        METRIC.c.sequence,
        METRIC.c.metadata,
        METRIC.c.state,
    )
    .join_from(METRIC, SERIES, SERIES.c.series_id == METRIC.c.series_id)
    .join(EXECUTION, EXECUTION.c.execution == METRIC.c.execution)
    .outerjoin(SOURCE, SOURCE.c.execution == METRIC.c.source_execution)
    .outerjoin(DATA_VERSION, DATA_VERSION.c.data_version_id == METRIC.c.data_version_id)
)

STATELESS = NUMBERS.with_only_columns(
    *(null().label("state") if column.name == "state" else column for column in NUMBERS.selected_columns),
    maintain_column_froms=True,
)

SYMBOLS_OF_EXECUTION = (
    select(*_NUMBER, *RESULT_OF, _SOURCE_ID, EXECUTION.c.first_date, EXECUTION.c.last_date)
    .join_from(METRIC, SERIES, SERIES.c.series_id == METRIC.c.series_id)
    .join(EXECUTION, EXECUTION.c.execution == METRIC.c.execution)
    .outerjoin(SOURCE, SOURCE.c.execution == METRIC.c.source_execution)
    .where(EXECUTION.c.execution_id == bindparam("execution_id"))
)

SERIES_BY_KEY = select(SERIES.c.series_key, SERIES.c.series_id).where(
    SERIES.c.series_key.in_(bindparam("keys", expanding=True))
)

_WITHIN = METRIC.c.execution == (
    select(EXECUTION.c.execution).where(EXECUTION.c.execution_id == bindparam("execution_id")).scalar_subquery()
)

VALUE = select(*RESULT_OF).where(
    METRIC.c.series_id == bindparam("series_id"),
    METRIC.c.yyyy_mm_dd == bindparam("day"),
    METRIC.c.starts == bindparam("starts"),
    METRIC.c.span == bindparam("span"),
    _WITHIN,
)

OF_DAYS = (METRIC.c.starts == literal_column("0"), METRIC.c.span == literal_column("0"))
"""That a number is of a day in UTC, said so that it costs no parameters."""

_FROM_TO = (
    METRIC.c.series_id == bindparam("series_id"),
    METRIC.c.yyyy_mm_dd.between(bindparam("first"), bindparam("last")),
    _WITHIN,
)

DAYS = select(METRIC.c.yyyy_mm_dd, *RESULT_OF).where(*_FROM_TO, *OF_DAYS)

WINDOWS = select(METRIC.c.yyyy_mm_dd, METRIC.c.starts, METRIC.c.span, *RESULT_OF).where(*_FROM_TO)


def newest_of(within: tuple[ColumnElement[Any], ...], *predicates: ColumnElement[bool]) -> Select[Any]:
    """Of the numbers for which the predicates hold, the newest of each series, window and what else is named."""
    place = func.row_number().over(
        partition_by=[METRIC.c.series_id, *DAY_AND_WINDOW, *within], order_by=newest_first(METRIC)
    )
    key = list(METRIC.primary_key.columns)
    ranked = select(*key, place.label("place")).where(*predicates).subquery()
    same = and_(*(ranked.c[column.name] == column for column in key))
    return NUMBERS.join(ranked, same).where(ranked.c.place == 1)


def _of_each_version(*window: ColumnElement[bool]) -> Select[Any]:
    return newest_of(
        (METRIC.c.data_version_id,),
        METRIC.c.series_id.in_(bindparam("series", expanding=True)),
        METRIC.c.yyyy_mm_dd.in_(bindparam("days", expanding=True)),
        *window,
    ).order_by(*newest_first(METRIC))


NEWEST_OF_DAYS = _of_each_version(*OF_DAYS)

NEWEST_OF_WINDOWS = _of_each_version(
    METRIC.c.starts.in_(bindparam("starts", expanding=True)), METRIC.c.span.in_(bindparam("spans", expanding=True))
)
