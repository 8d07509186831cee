"""Reading numbers: by series, day and execution, through the primary key; and everything of an execution."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from returns.result import Result
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from dqx_core.calendars import Window
from dqx_core.keys import ExecutionId, ResultKey, Tags
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.metric import Metric
from dqx_core.pausing import no_collection
from dqx_core.report import SymbolInfo
from dqx_core.states import Number, decode
from dqx_core.store.codec import (
    Place,
    join_result,
    make_metric_id,
    marks,
    place_of,
    read_metric_id,
    spec_of,
    tags_of,
    window_of,
)
from dqx_core.store.execution import Execution
from dqx_core.store.lags import windows_before
from dqx_core.store.statements import (
    DAY_AND_WINDOW,
    DAYS,
    NEWEST_OF_DAYS,
    NEWEST_OF_WINDOWS,
    NUMBERS,
    SERIES_BY_KEY,
    STATELESS,
    SYMBOLS_OF_EXECUTION,
    VALUE,
    WINDOWS,
    newest_of,
)
from dqx_core.store.tables import EXECUTION, METRIC, RESULT, SERIES

T = TypeVar("T")

SeriesName = tuple[str | None, str, Tags]
"""Dataset, digest of the spec and tags. Not the spec: to Python, 1, 1.0 and True are one parameter."""

Wanted = tuple[MetricSpec, ResultKey, str | None]
"""A number across executions: what, for which window and tags, of which dataset."""


@dataclass(frozen=True)
class HistoryPoint:
    """What is known of one metric in one window: its newest measurement."""

    yyyy_mm_dd: dt.date
    metric: str
    tags: Tags
    value: Result[Number, str]
    execution_id: ExecutionId
    """The execution that measured it."""
    data_version: str | None
    window: Window | None = None
    """None: the day in UTC."""

    @property
    def interval(self) -> tuple[dt.datetime, dt.datetime | None]:
        """From which moment up to which; None: behind the last one that there is."""
        if self.window is not None:
            return self.window.start, self.window.end
        start = dt.datetime.combine(self.yyyy_mm_dd, dt.time(tzinfo=dt.UTC))
        return start, None if self.yyyy_mm_dd == dt.date.max else start + dt.timedelta(days=1)


@dataclass(frozen=True)
class Series:
    """What was measured at least once."""

    dataset: str | None
    metric: str
    tags: Tags


def series_name(spec: MetricSpec, tags: Mapping[str, str], dataset: str | None) -> SeriesName:
    """What names a series within a process."""
    return dataset, spec.digest, tags if isinstance(tags, Tags) else Tags(tags)


def store_of(connection: Connection) -> str:
    """What stands for the opened store of a connection."""
    store: str = connection.get_execution_options()["dqx_store"]
    return store


def chunks(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The values in lists of at most `size`: a statement takes only so many parameters."""
    held = list(values)
    return (held[start : start + size] for start in range(0, len(held), size))


def find_series(connection: Connection, keys: Mapping[SeriesName, bytes]) -> dict[SeriesName, int]:
    """The ids of those series that exist."""
    names = {key: name for name, key in keys.items()}
    return {
        names[bytes(key)]: series_id
        for some in chunks(names)
        for key, series_id in connection.execute(SERIES_BY_KEY, {"keys": some})
    }


def search(connection: Connection, *predicates: ColumnElement[bool], states: bool = True) -> list[Metric]:
    """Every number for which the predicates hold, by day, window, metric, dataset, tags and execution."""
    with no_collection():
        rows = connection.execute((NUMBERS if states else STATELESS).where(*predicates)).all()
        store = store_of(connection)
        return [_metric(row, store) for row in sorted(rows, key=_order)]


def measured(connection: Connection, execution_id: ExecutionId, *, states: bool) -> list[Metric]:
    """Every number of an execution."""
    return search(connection, EXECUTION.c.execution_id == execution_id, states=states)


def symbols(
    connection: Connection, execution_id: ExecutionId, own_tags: Mapping[str, str] | None = None
) -> list[tuple[int, SymbolInfo]]:
    """Every number of an execution for people, with its series; builds no spec, so unknown kinds are read too."""
    found = []
    of_days = True
    tags_of_text: dict[str, Mapping[str, str]] = {}
    with no_collection():
        rows = connection.execute(SYMBOLS_OF_EXECUTION, {"execution_id": execution_id}).all()
        for number, row in enumerate(sorted(rows, key=_order), start=1):
            day, starts, span, metric, dataset, text, _, series_id, value, exact, error, source, first, last = row
            tags = tags_of_text.get(text)
            if tags is None:
                tags = tags_of_text[text] = tags_of(text) | (own_tags or {})
            # Days are counted back from the day that was judged; from several days there is no one answer.
            lag = (first - day).days if first and first == last and not span else 0
            result, window = join_result(value, exact, error), window_of(day, starts, span) if span else None
            of_days = of_days and not span
            symbol = SymbolInfo(f"m_{number}", metric, dataset, result, day, tags, lag, source, window)
            found.append((series_id, symbol))
    if not of_days:
        judged = executions_of(connection, EXECUTION.c.execution_id == execution_id)[0].keys
        return [
            (series_id, replace(s, lag=windows_before(ResultKey(s.yyyy_mm_dd, window=s.window), judged)))
            for series_id, s in found
        ]
    return found


def paired(
    connection: Connection, before: ExecutionId, after: ExecutionId
) -> list[tuple[SymbolInfo | None, SymbolInfo | None]]:
    """The numbers of two executions, matched by window, or by lag when each of them judged a single window."""
    judged = executions_of(connection, EXECUTION.c.execution_id.in_([before, after]))
    by_lag = all(len({place_of(key) for key in execution.keys}) == 1 for execution in judged)

    def numbers(execution_id: ExecutionId) -> dict[tuple[object, ...], SymbolInfo]:
        return {
            (series_id, symbol.lag) if by_lag else (series_id, symbol.yyyy_mm_dd, symbol.window): symbol
            for series_id, symbol in symbols(connection, execution_id)
        }

    left, right = numbers(before), numbers(after)
    return [(left.get(place), right.get(place)) for place in left | right]


def get(connection: Connection, metric_id: UUID) -> Metric | None:
    """The number with this id."""
    match read_metric_id(metric_id):
        case None:
            return None
        case series_id, day, execution, mark:
            at = METRIC.c.series_id == series_id, METRIC.c.yyyy_mm_dd == day, METRIC.c.execution == execution
            found = search(connection, *at)
            return next((m for m in found if m.execution_id and marks(mark, m.execution_id, place_of(m.key))), None)


def value_of(
    connection: Connection, series_id: int, place: Place, execution_id: ExecutionId
) -> Result[Number, str] | None:
    """One number of an execution; None when the execution has no such number."""
    day, starts, span = place
    wanted = {"series_id": series_id, "day": day, "starts": starts, "span": span, "execution_id": execution_id}
    row = connection.execute(VALUE, wanted).one_or_none()
    return None if row is None else join_result(*row)


def days(
    connection: Connection, series_id: int, first: dt.date, last: dt.date, execution_id: ExecutionId
) -> dict[dt.date, Result[Number, str]]:
    """The numbers of one execution from a day to another, both included."""
    wanted = {"series_id": series_id, "first": first, "last": last, "execution_id": execution_id}
    return {day: join_result(*result) for day, *result in connection.execute(DAYS, wanted)}


def windows(
    connection: Connection, series_id: int, places: Collection[Place], execution_id: ExecutionId
) -> dict[Place, Result[Number, str]]:
    """The numbers of one execution in some windows."""
    dates = [place[0] for place in places]
    wanted = {"series_id": series_id, "first": min(dates), "last": max(dates), "execution_id": execution_id}
    return {
        (day, starts, span): join_result(*result)
        for day, starts, span, *result in connection.execute(WINDOWS, wanted)
        if (day, starts, span) in places
    }


def newest(
    connection: Connection,
    wanted: Iterable[Wanted],
    series: Mapping[SeriesName, int],
    versions: Mapping[Wanted, str | None],
) -> dict[Wanted, Metric]:
    """The newest measurement of each wanted number, failed or not; with a version, the newest of that version.

    A version that nobody knows is not a version: nothing is of it.
    """
    by_place: dict[tuple[int, Place], list[Wanted]] = {}
    places_of: dict[int, set[Place]] = {}
    for item in wanted:
        spec, key, dataset = item
        series_id = series.get(series_name(spec, key.tags, dataset))
        if series_id is not None and versions.get(item, "") is not None:
            place = place_of(key)
            by_place.setdefault((series_id, place), []).append(item)
            places_of.setdefault(series_id, set()).add(place)
    alike: dict[frozenset[Place], list[int]] = {}
    for series_id, places in places_of.items():
        alike.setdefault(frozenset(places), []).append(series_id)
    found: dict[Wanted, Metric] = {}
    store = store_of(connection)
    with no_collection():
        for all_places, ids in alike.items():
            for some in chunks(sorted(all_places), 100):
                dates, starts, spans = (sorted(set(column)) for column in zip(*some, strict=True))
                asked: dict[str, object] = {"days": dates}
                statement = NEWEST_OF_DAYS
                if starts != [0] or spans != [0]:
                    statement, asked = NEWEST_OF_WINDOWS, {**asked, "starts": starts, "spans": spans}
                for some_ids in chunks(ids, max(1, 2000 // len(some))):
                    # Newest first: what is found first stays.
                    for row in connection.execute(statement, {"series": some_ids, **asked}):
                        day, start, span, *_, series_id = row[:8]
                        for item in by_place.get((series_id, (day, start, span)), ()):
                            if item not in found and (item not in versions or versions[item] == row.data_version):
                                found[item] = _metric(row, store)
    return found


def history(
    connection: Connection, series_key: bytes, from_date: dt.date | None, until_date: dt.date | None
) -> list[HistoryPoint]:
    """The newest measurement of each window of a series, by day and window."""
    return _history(connection, SERIES.c.series_key == series_key, from_date, until_date)


def points(
    connection: Connection, dataset: str | None, metric: str, from_date: dt.date | None, until_date: dt.date | None
) -> list[HistoryPoint]:
    """The newest measurement of each window of the series of a metric on a dataset, by day, window and series."""
    chosen = and_(SERIES.c.dataset.is_not_distinct_from(dataset), SERIES.c.metric == metric)
    return _history(connection, chosen, from_date, until_date)


def _history(
    connection: Connection, chosen: ColumnElement[bool], from_date: dt.date | None, until_date: dt.date | None
) -> list[HistoryPoint]:
    where: list[ColumnElement[bool]] = [METRIC.c.series_id.in_(select(SERIES.c.series_id).where(chosen))]
    if from_date is not None:
        where.append(METRIC.c.yyyy_mm_dd >= from_date)
    if until_date is not None:
        where.append(METRIC.c.yyyy_mm_dd <= until_date)
    return [
        HistoryPoint(
            row.yyyy_mm_dd,
            row.metric,
            tags_of(row.tags),
            join_result(row.value, row.exact, row.error),
            row.source_execution_id or row.execution_id,
            row.data_version,
            window_of(row.yyyy_mm_dd, row.starts, row.span),
        )
        for row in connection.execute(newest_of((), *where).order_by(*DAY_AND_WINDOW, METRIC.c.series_id))
    ]


def series(connection: Connection, dataset: str | None) -> list[Series]:
    """The series of a dataset, or all, by dataset, metric and tags."""
    chosen = select(SERIES.c.dataset, SERIES.c.metric, SERIES.c.tags)
    rows = connection.execute(chosen if dataset is None else chosen.where(SERIES.c.dataset == dataset))
    found = [Series(row.dataset, row.metric, tags_of(row.tags)) for row in rows]
    return sorted(found, key=lambda s: (s.dataset or "", s.metric, s.tags.canonical))


def exists(connection: Connection, series_id: int, place: Place, execution_id: ExecutionId | None) -> bool:
    """Whether an execution, or any, holds the number."""
    if execution_id is not None:
        return value_of(connection, series_id, place, execution_id) is not None
    at = (column == value for column, value in zip(DAY_AND_WINDOW, place, strict=True))
    held = select(METRIC.c.series_id).where(METRIC.c.series_id == series_id, *at)
    return connection.execute(held.limit(1)).first() is not None


def execution(connection: Connection, execution_id: ExecutionId) -> Execution | None:
    """What is known of an execution; None if it never was or was deleted."""
    where = (EXECUTION.c.execution_id == execution_id, EXECUTION.c.deleted.is_(None))
    return next(iter(executions_of(connection, *where)), None)


def executions(connection: Connection, suite: str | None, since: dt.datetime | None) -> list[Execution]:
    """The executions that ran a suite and started at a moment or later, newest first."""
    where: list[ColumnElement[bool]] = [EXECUTION.c.deleted.is_(None)]
    if suite is not None:
        ran = select(RESULT.c.execution).where(RESULT.c.suite == suite)
        where.append(or_(EXECUTION.c.suite == suite, EXECUTION.c.execution.in_(ran)))
    if since is not None:
        where.append(EXECUTION.c.started >= since)
    return executions_of(connection, *where)


def executions_of(connection: Connection, *predicates: ColumnElement[bool]) -> list[Execution]:
    """The executions for which the predicates hold, the one that was written to last first."""
    newest = EXECUTION.c.sequence.desc(), EXECUTION.c.execution.desc()
    rows = connection.execute(select(EXECUTION).where(*predicates).order_by(*newest))
    return [
        Execution(
            row.execution_id,
            row.suite,
            tuple(_key(at, tags_of(tags)) for tags, places in row.keys or () for at in places),
            row.started,
            row.finished,
            row.status,
            tuple(row.data_sources or ()),
            row.code_version,
            row.origin,
            row.parameters or {},
        )
        for row in rows
    ]


def not_found(spec: MetricSpec, key: ResultKey, dataset: str | None, execution_id: ExecutionId) -> str:
    """Why a lookup has no number: the execution does not hold it."""
    on = f" on dataset '{dataset}'" if dataset is not None else ""
    return f"Metric {spec} for {key}{on} in execution {execution_id} not found!"


def _key(at: str | list[Any], tags: Tags) -> ResultKey:
    """A key from its place in the JSON of an execution."""
    if isinstance(at, str):
        return ResultKey(dt.date.fromisoformat(at), tags)
    day = dt.date.fromisoformat(at[0])
    return ResultKey(day, tags, window_of(day, *at[1:]))


def _order(row: Sequence[Any]) -> tuple[Any, ...]:
    """By what rows of NUMBERS and SYMBOLS_OF_EXECUTION, which begin alike, are shown."""
    day, starts, span, metric, dataset, tags, execution = row[:7]
    return day, starts, span, metric, dataset or "", tags, execution


def _metric(row: Sequence[Any], store: str) -> Metric:
    # Taken apart at once: a column by its name costs half a microsecond, a dozen of them more than the rest.
    (
        day,
        starts,
        span,
        _,
        dataset,
        tags,
        execution,
        series_id,
        value,
        exact,
        error,
        source_execution_id,
        execution_id,
        data_version,
        spec,
        sequence,
        metadata,
        state,
    ) = row
    return Metric(
        spec_of(spec),
        ResultKey(day, tags_of(tags), window_of(day, starts, span) if span else None),
        dataset,
        None if state is None else decode(state),
        join_result(value, exact, error),
        execution_id,
        data_version,
        source_execution_id,
        metadata or {},
        make_metric_id(series_id, (day, starts, span), execution, execution_id),
        (store, sequence),
    )
