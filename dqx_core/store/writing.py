"""Writing numbers: the executions, series and data versions they name, then the rows, in bulk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from returns.result import Failure, Success
from sqlalchemy import Column, Connection, Dialect, Table, bindparam, func, null, select, update

from dqx_core.calendars import Window
from dqx_core.keys import ExecutionId, Tags
from dqx_core.metrics.metric import Metric
from dqx_core.pausing import no_collection
from dqx_core.states import encode
from dqx_core.store.codec import digest, metric_id_of, place_bits, place_of, series_key, split_number
from dqx_core.store.columns import Moment
from dqx_core.store.execution import Execution, check_execution_id
from dqx_core.store.reading import SeriesName, chunks, executions_of, find_series, series_name, store_of
from dqx_core.store.tables import DATA_VERSION, EXECUTION, METRIC, SEQUENCE, SERIES

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Row = dict[str, Any]
Key = tuple[Any, ...]
"""Series, day, start and span if there are others than days, execution: as the driver takes them."""
Source = tuple[int, dt.date, int, int, int]
"""Series, day, start, span and execution of what was carried forward."""
_KEY = tuple(column.name for column in METRIC.primary_key.columns)
_NEVER_HELD = -1
_ROWS = 400
"""Rows in one statement of SQLite."""


@dataclass(frozen=True)
class Persisted:
    """What a transaction wrote, to be believed once it is committed."""

    metrics: list[Metric]
    series: Mapping[SeriesName, int]


def persist(
    connection: Connection,
    metrics: Sequence[Metric],
    known: Mapping[SeriesName, int],
    sequence: int,
    now: dt.datetime,
) -> Persisted:
    """Write numbers that each name their execution; a number that is there already is replaced.

    Raises:
        DefinitionError: A window has no form in the store.
        TypeError: A value or state has none.
    """
    with no_collection():
        carried = [m for m in metrics if m.source_execution_id is not None]
        owners = {m.execution_id for m in metrics if m.execution_id is not None}
        named = owners | {m.source_execution_id for m in carried if m.source_execution_id is not None}
        executions = need_executions(connection, named, now)
        written = _write_numbers_to(connection, owners, sequence, now)
        # By what they share as it stands: to hash specs and tags for every number would take a tenth of all this.
        shared = [(id(m.spec), id(m.key.tags), m.dataset) for m in metrics]
        examples = dict(zip(shared, metrics, strict=True))
        names = {each: series_name(m.spec, m.key.tags, m.dataset) for each, m in examples.items()}
        series = _need_series(connection, {names[each]: m for each, m in examples.items()}, known)
        ids = {each: series[name] for each, name in names.items()}
        versions = _need_versions(connection, {m.data_version for m in metrics if m.data_version is not None})
        store = store_of(connection)
        # A copy of what this opened store gave knows when it was measured; of any other the source is looked up.
        foreign = [m for m in carried if m.measured_at is None or m.measured_at[0] != store]
        sources = {
            (ids[id(m.spec), id(m.key.tags), m.dataset], *place_of(m.key), executions[m.source_execution_id])
            for m in foreign
            if m.source_execution_id is not None
        }
        said = _Said(executions, versions, written, _held(connection, sources), sequence, now)
        columns = METRIC.columns.keys()
        of_days = {m.key.window for m in metrics} <= {None}
        if of_days:  # their windows are what a row has that says nothing
            columns = [*columns[:2], *columns[4:]]
        rows, made = _rows(connection, metrics, [ids[each] for each in shared], said, of_days=of_days)
        # In the order of the key: the rows of a page are written together, and two writers never wait in a circle.
        ordered = sorted(rows.values())
    upsert(connection, METRIC, columns, _KEY, ordered)
    return Persisted(made, series)


@dataclass(frozen=True)
class _Said:
    """What the rows of a transaction say of themselves and of others."""

    executions: Mapping[ExecutionId, int]
    versions: Mapping[str, int]
    written: Mapping[ExecutionId, dt.datetime]
    sources: Mapping[Source, int]
    sequence: int
    now: dt.datetime


def _rows(
    connection: Connection, metrics: Sequence[Metric], series: Sequence[int], said: _Said, *, of_days: bool
) -> tuple[dict[Key, tuple[Any, ...]], list[Metric]]:
    """The row of each key, with which it begins, as the driver takes it, and the metrics with their ids."""
    kept = {column.name: processor(column, connection.dialect) for column in METRIC.columns}
    store, executions, sources = store_of(connection), said.executions, said.sources
    now = store, said.sequence
    places: dict[tuple[dt.date, Window | None, ExecutionId | None], tuple[Key, int, Any]] = {}
    rows: dict[Key, tuple[Any, ...]] = {}
    made = []
    for series_id, metric in zip(series, metrics, strict=True):
        key = metric.key
        at = key.yyyy_mm_dd, key.window, metric.execution_id
        if at not in places:
            assert metric.execution_id is not None, "the caller gave every metric an execution"
            day, *window = place = place_of(key)
            execution = executions[metric.execution_id]
            begun = said.written[metric.execution_id] == said.now
            places[at] = (
                (kept["yyyy_mm_dd"](day), *(() if of_days else window), execution),
                place_bits(place, execution, metric.execution_id),
                None if begun else kept["created"](said.now),
            )
        place, bits, created = places[at]
        source, measured_at = None, now
        if metric.source_execution_id is not None:
            source = executions[metric.source_execution_id]
            if metric.measured_at is not None and metric.measured_at[0] == store:
                measured_at = metric.measured_at
            else:
                measured_at = store, sources.get((series_id, *place_of(key), source), _NEVER_HELD)
        value, exact, error = _outcome(metric)
        row_key = series_id, *place
        rows[row_key] = (
            *row_key,
            value,
            exact,
            error if error is None else kept["error"](error),
            None if metric.data_version is None else said.versions[metric.data_version],
            source,
            measured_at[1],
            created,
            kept["metadata"](dict(metric.metadata)) if metric.metadata else None,
            None if metric.state is None else encode(metric.state),
        )
        made.append(_identified(metric, metric_id_of(series_id, bits), measured_at))
    return rows, made


def _held(connection: Connection, sources: Iterable[Source]) -> dict[Source, int]:
    """When what a copy names as its source was measured: as its execution says, or else as other copies of it do."""
    kept = processor(METRIC.c.yyyy_mm_dd, connection.dialect)
    mark, cast = ("%s", "date") if connection.dialect.name == "postgresql" else ("?", "integer")
    row = f"({mark}, CAST({mark} AS {cast}), {mark}, {mark}, {mark})"
    wanted = {source: (source[0], kept(source[1]), *source[2:]) for source in sources}
    named = {value: place for place, value in wanted.items()}
    found: dict[Source, int] = {}
    for of in ("execution", "source_execution"):
        missing = [value for place, value in wanted.items() if place not in found]
        for some in chunks(missing):
            # To the driver, as rows are written: a plan that carries a month forward asks for most of its numbers.
            statement = _SOURCES.format(rows=", ".join([row] * len(some)), of=of)
            for *value, sequence in connection.exec_driver_sql(statement, tuple(chain.from_iterable(some))):
                place = named[tuple(value)]
                found[place] = max(sequence, found.get(place, sequence))
    return found


_SOURCES = """
WITH wanted (series_id, day, starts, span, source) AS (VALUES {rows})
SELECT wanted.series_id, wanted.day, wanted.starts, wanted.span, wanted.source, m.sequence
FROM wanted CROSS JOIN dqx_metric m
WHERE m.series_id = wanted.series_id AND m.yyyy_mm_dd = wanted.day AND m.starts = wanted.starts
  AND m.span = wanted.span AND m.{of} = wanted.source
"""


def _identified(metric: Metric, metric_id: UUID, measured_at: tuple[str, int]) -> Metric:
    """The metric with its id and age: `dataclasses.replace`, at a fifth of what it costs for every number."""
    copied = object.__new__(type(metric))
    fields = copied.__dict__
    fields |= metric.__dict__
    fields["metric_id"], fields["measured_at"] = metric_id, measured_at
    return copied


def begin(connection: Connection, execution: Execution, sequence: int) -> Execution:
    """Add what is said here to what is known of the execution."""
    now = dt.datetime.now(dt.UTC)
    named = {"execution_id": execution.execution_id, "started": execution.started or now}
    add_missing(connection, EXECUTION, [named], on="execution_id")
    row = EXECUTION.c.execution_id == execution.execution_id
    # Locked, so that of two steps that begin at once neither forgets the other's words.
    connection.execute(select(EXECUTION.c.execution).where(row).with_for_update())
    whole = executions_of(connection, row)[0].joined(execution)
    dates = sorted(key.yyyy_mm_dd for key in whole.keys)
    by_tags: dict[str, list[object]] = {}
    for key in whole.keys:
        day, *window = place_of(key)
        at = [day.isoformat(), *window] if key.window else day.isoformat()
        by_tags.setdefault(Tags(key.tags).canonical, []).append(at)
    connection.execute(
        update(EXECUTION)
        .where(row)
        .values(
            suite=whole.suite,
            first_date=dates[0] if dates else None,
            last_date=dates[-1] if dates else None,
            keys=[[tags, days] for tags, days in by_tags.items()],
            started=whole.started,
            finished=whole.finished,
            status=whole.status,
            data_sources=list(whole.data_sources),
            code_version=whole.code_version,
            origin=whole.origin,
            parameters=dict(whole.parameters),
            deleted=None,
            sequence=sequence,
        )
    )
    return whole


def need_executions(
    connection: Connection, execution_ids: Iterable[ExecutionId], now: dt.datetime
) -> dict[ExecutionId, int]:
    """The key of each execution; those that are not known yet begin now."""
    ids = sorted(set(execution_ids))
    found = _executions(connection, ids)
    if missing := [i for i in ids if i not in found]:
        for execution_id in missing:
            check_execution_id(execution_id)
        add_missing(connection, EXECUTION, [{"execution_id": i, "started": now} for i in missing], on="execution_id")
        found |= _executions(connection, missing)
    return found


def next_sequence(connection: Connection) -> int:
    """The number of this transaction, higher than those of all that took theirs before."""
    if connection.dialect.name == "postgresql":
        taken = connection.execute(select(SEQUENCE.next_value()))
    else:
        taken = connection.exec_driver_sql(
            "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'dqx_sequence' RETURNING seq"
        )
    return int(taken.scalar_one())


def write_to(connection: Connection, execution_ids: Iterable[ExecutionId], sequence: int) -> None:
    """These executions were written to last in this transaction; those that were deleted are there again."""
    for some in chunks(sorted(execution_ids)):
        named = update(EXECUTION).where(EXECUTION.c.execution_id.in_(some))
        connection.execute(named.values(deleted=None, sequence=sequence))


def _write_numbers_to(
    connection: Connection, execution_ids: Iterable[ExecutionId], sequence: int, now: dt.datetime
) -> dict[ExecutionId, dt.datetime]:
    """The same as `write_to`, for numbers: when the first of those that each execution holds were written."""
    return {
        execution_id: written
        for some in chunks(sorted(execution_ids))
        for execution_id, written in connection.execute(
            _WRITE_NUMBERS_TO, {"ids": some, "at_sequence": sequence, "now": now}
        )
    }


_WRITE_NUMBERS_TO = (
    update(EXECUTION)
    .where(EXECUTION.c.execution_id.in_(bindparam("ids", expanding=True)))
    .values(
        deleted=null(),
        sequence=bindparam("at_sequence"),
        written=func.coalesce(EXECUTION.c.written, bindparam("now", type_=Moment)),
    )
    .returning(EXECUTION.c.execution_id, EXECUTION.c.written)
)


def add_missing(connection: Connection, table: Table, rows: list[Row], on: str) -> None:
    """Insert the rows whose key `on` is not there yet, whoever else inserts them meanwhile."""
    connection.execute(_insert(connection.dialect.name, table).on_conflict_do_nothing(index_elements=[on]), rows)


def upsert(
    connection: Connection, table: Table, columns: Sequence[str], on: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of values as the driver takes them; a row whose key `on` is there already is replaced.

    No key may be there twice among the rows.

    Straight to the driver: SQLAlchemy takes as long to look at the parameters of a row as SQLite to insert it.
    SQLite takes hundreds of rows a statement, since starting one costs a third of a row; psycopg prepares a
    statement of one row and sends the rows in a pipeline, while a long one it would take apart each time.
    """
    dialect: Any = type(connection.dialect)
    shape = dialect, table, tuple(columns), tuple(on)
    if dialect.name == "postgresql":
        if rows:
            connection.exec_driver_sql(_upsert(*shape, 1), list(rows))
        return
    for some in chunks(rows, _ROWS):
        connection.exec_driver_sql(_upsert(*shape, len(some)), tuple(chain.from_iterable(some)))


@lru_cache(maxsize=64)
def _upsert(dialect: Any, table: Table, columns: tuple[str, ...], on: tuple[str, ...], rows: int) -> str:
    """An upsert of so many rows as text, with a place for each column of each in their order."""
    named = dialect(paramstyle="format" if dialect.name == "postgresql" else "qmark")
    insert = _insert(dialect.name, table)
    changed = {name: insert.excluded[name] for name in columns if name not in on}
    upsert = insert.on_conflict_do_update(index_elements=list(on), set_=changed)
    before, values, after = str(upsert.compile(dialect=named, column_keys=list(columns))).partition(" VALUES ")
    one, conflict, after = after.partition(" ON CONFLICT ")
    return f"{before}{values}{', '.join([one] * rows)}{conflict}{after}"


def processor(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    """What SQLAlchemy would do to a value on its way to this column."""
    return column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    # Imported here: a process has one store, and each dialect takes a while to import.
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def _outcome(metric: Metric) -> tuple[float | None, str | None, str | None]:
    value = metric.value
    if isinstance(value, Success):
        return *split_number(value.unwrap()), None
    if isinstance(value, Failure):
        return None, None, str(value.failure())
    raise TypeError(f"a value of type {type(value).__name__} is neither Success nor Failure")


def _executions(connection: Connection, ids: Sequence[ExecutionId]) -> dict[ExecutionId, int]:
    columns = select(EXECUTION.c.execution_id, EXECUTION.c.execution)
    return {
        execution_id: execution
        for some in chunks(ids)
        for execution_id, execution in connection.execute(columns.where(EXECUTION.c.execution_id.in_(some)))
    }


def _need_series(
    connection: Connection, examples: Mapping[SeriesName, Metric], known: Mapping[SeriesName, int]
) -> dict[SeriesName, int]:
    """The id of each series, of which one metric is known."""
    found = {name: series_id for name in examples if (series_id := known.get(name)) is not None}
    unknown = {name: series_key(m.spec, m.key.tags, m.dataset) for name, m in examples.items() if name not in found}
    found |= find_series(connection, unknown)
    missing = sorted((key, name) for name, key in unknown.items() if name not in found)
    if missing:
        rows = []
        for key, name in missing:
            metric = examples[name]
            rows.append(
                {
                    "series_key": key,
                    "dataset": metric.dataset,
                    "metric": metric.spec.name,
                    "spec": metric.spec.canonical,
                    "spec_key": metric.spec.digest,
                    "tags": Tags(metric.key.tags).canonical,
                }
            )
        add_missing(connection, SERIES, rows, on="series_key")
        found |= find_series(connection, {name: key for key, name in missing})
    return found


def _need_versions(connection: Connection, versions: Iterable[str]) -> dict[str, int]:
    keys = {digest(version): version for version in versions}
    found = _versions(connection, keys)
    if missing := sorted(key for key, version in keys.items() if version not in found):
        rows: list[Row] = [{"data_version_key": key, "data_version": keys[key]} for key in missing]
        add_missing(connection, DATA_VERSION, rows, on="data_version_key")
        found |= _versions(connection, {key: keys[key] for key in missing})
    return found


def _versions(connection: Connection, keys: Mapping[bytes, str]) -> dict[str, int]:
    columns = select(DATA_VERSION.c.data_version_key, DATA_VERSION.c.data_version_id)
    return {
        keys[bytes(key)]: data_version_id
        for some in chunks(keys)
        for key, data_version_id in connection.execute(columns.where(DATA_VERSION.c.data_version_key.in_(some)))
    }
