"""Keeping a store in order: what is in it, and taking out an execution, or what is old and superseded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, FromClause, and_, delete, exists, func, or_, select, text, update

from dqx_core.keys import ExecutionId
from dqx_core.store.opening import revision_of
from dqx_core.store.reading import chunks
from dqx_core.store.statements import DAY_AND_WINDOW
from dqx_core.store.tables import DATASET, EXECUTION, METRIC, RESULT, SCHEMA, SERIES


@dataclass(frozen=True)
class StoreInfo:
    """A store at a glance."""

    store: str
    """Its URL, password hidden."""
    revision: str | None
    bytes: int
    numbers: int
    series: int
    executions: int
    results: int
    datasets: int
    first_date: dt.date | None
    last_date: dt.date | None


@dataclass(frozen=True)
class Tally:
    """How an execution got its numbers."""

    measured: int = 0
    carried: int = 0
    """Copied from earlier executions that measured the same data."""
    failed: int = 0
    """Of both: those without a value."""


def was_written_by(connection: Connection, origin: str) -> bool:
    """Whether there is an execution of that origin."""
    one = select(EXECUTION.c.execution).where(EXECUTION.c.origin == origin).limit(1)
    return connection.execute(one).first() is not None


def tallies(connection: Connection, execution_ids: Iterable[ExecutionId]) -> dict[ExecutionId, Tally]:
    """How each of these executions got its numbers; one that is not known is absent."""
    columns = select(
        EXECUTION.c.execution_id,
        func.count(METRIC.c.execution) - func.count(METRIC.c.source_execution),
        func.count(METRIC.c.source_execution),
        func.count(METRIC.c.error),
    ).outerjoin(METRIC, METRIC.c.execution == EXECUTION.c.execution)
    return {
        execution_id: Tally(*counts)
        for some in chunks(execution_ids)
        for execution_id, *counts in connection.execute(
            columns.where(EXECUTION.c.execution_id.in_(some)).group_by(EXECUTION.c.execution_id)
        )
    }


def info(connection: Connection, store: str) -> StoreInfo:
    """What is in the store."""
    here = EXECUTION.c.deleted.is_(None)
    count = {
        table: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in (METRIC, SERIES, RESULT, DATASET)
    }
    executions = connection.scalar(select(func.count()).select_from(EXECUTION).where(here)) or 0
    first, last = connection.execute(
        select(func.min(EXECUTION.c.first_date), func.max(EXECUTION.c.last_date)).where(here)
    ).one()
    return StoreInfo(
        store,
        revision_of(connection),
        _bytes(connection),
        count[METRIC],
        count[SERIES],
        executions,
        count[RESULT],
        count[DATASET],
        first,
        last,
    )


def delete_execution(connection: Connection, execution_id: ExecutionId) -> bool:
    """Take out what an execution holds; whether there was one."""
    found = select(EXECUTION.c.execution).where(EXECUTION.c.execution_id == execution_id, EXECUTION.c.deleted.is_(None))
    execution = connection.scalar(found.with_for_update())
    if execution is None:
        return False
    connection.execute(delete(METRIC).where(METRIC.c.execution == execution))
    connection.execute(delete(RESULT).where(RESULT.c.execution == execution))
    _bury(connection, EXECUTION.c.execution == execution)
    return True


def executions_before(connection: Connection, moment: dt.datetime) -> list[int]:
    """The executions that may hold something older than this."""
    chosen = select(EXECUTION.c.execution).where(EXECUTION.c.started < moment, EXECUTION.c.deleted.is_(None))
    return list(connection.scalars(chosen.order_by(EXECUTION.c.execution)))


def count_expired(connection: Connection, moment: dt.datetime, executions: Sequence[int], *, keep_latest: bool) -> int:
    """How many numbers `expire` would take out."""
    old = _old_numbers(moment, executions, keep_latest=keep_latest)
    return connection.scalar(select(func.count()).select_from(METRIC).where(old)) or 0


def expire(connection: Connection, moment: dt.datetime, executions: Sequence[int], *, keep_latest: bool) -> int:
    """Take numbers and verdicts older than this out of some executions; how many numbers."""
    numbers = connection.execute(delete(METRIC).where(_old_numbers(moment, executions, keep_latest=keep_latest)))
    connection.execute(delete(RESULT).where(_old_results(moment, executions, keep_latest=keep_latest)))
    _bury(
        connection,
        EXECUTION.c.execution.in_(executions),
        ~exists().where(METRIC.c.execution == EXECUTION.c.execution),
        ~exists().where(RESULT.c.execution == EXECUTION.c.execution),
    )
    return numbers.rowcount


def _bytes(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        pages = connection.scalar(text("PRAGMA page_count")) or 0
        return int(pages) * int(connection.scalar(text("PRAGMA page_size")) or 0)
    sizes = select(*(func.pg_total_relation_size(table.name) for table in SCHEMA.sorted_tables))
    return sum(connection.execute(sizes).one())


def _bury(connection: Connection, *which: ColumnElement[bool]) -> None:
    """Keep an execution's id for those who carried its numbers forward, and nothing else."""
    emptied = {c.name: None for c in EXECUTION.columns if c.nullable}
    connection.execute(update(EXECUTION).where(*which).values(emptied | {"deleted": dt.datetime.now(dt.UTC)}))


def _old_numbers(moment: dt.datetime, executions: Sequence[int], *, keep_latest: bool) -> ColumnElement[bool]:
    written = select(EXECUTION.c.written).where(EXECUTION.c.execution == METRIC.c.execution).scalar_subquery()
    old = and_(METRIC.c.execution.in_(executions), func.coalesce(METRIC.c.created, written) < moment)
    if not keep_latest:
        return old
    other = METRIC.alias("other")
    # A failure does not supersede a value: the newest value of a day stays even when a later attempt failed.
    at_least_as_good = or_(other.c.error.is_(None), METRIC.c.error.is_not(None))
    same = and_(*(other.c[column.name] == column for column in (METRIC.c.series_id, *DAY_AND_WINDOW)))
    return and_(old, exists().where(same, _newer(other, METRIC), at_least_as_good))


def _newer(other: FromClause, than: FromClause) -> ColumnElement[bool]:
    """Whether a number comes before another of its place in `newest_first`, written out: SQLite compares no rows."""
    others, own = other.c, than.c
    measured_by = [func.coalesce(c.source_execution, c.execution) for c in (others, own)]
    copied = [c.source_execution.is_not(None) for c in (others, own)]
    pairs = [
        (others.sequence > own.sequence, others.sequence == own.sequence),
        (measured_by[0] > measured_by[1], measured_by[0] == measured_by[1]),
        (and_(~copied[0], copied[1]), copied[0] == copied[1]),
    ]
    newer: ColumnElement[bool] = others.execution < own.execution
    for wins, ties in reversed(pairs):
        newer = or_(wins, and_(ties, newer))
    return newer


def _old_results(moment: dt.datetime, executions: Sequence[int], *, keep_latest: bool) -> ColumnElement[bool]:
    old = and_(RESULT.c.execution.in_(executions), RESULT.c.created < moment)
    if not keep_latest:
        return old
    other = RESULT.alias("other")
    newer = or_(
        other.c.sequence > RESULT.c.sequence,
        and_(other.c.sequence == RESULT.c.sequence, other.c.execution > RESULT.c.execution),
    )
    return and_(old, exists().where(other.c.result_key == RESULT.c.result_key, newer))
