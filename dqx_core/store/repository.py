"""The metric store: every number ever measured, each under the execution that used it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from returns.maybe import Maybe, Nothing, Some
from returns.result import Failure, Result, Success

from dqx_core import lazily
from dqx_core.calendars import DAYS
from dqx_core.errors import StoreError
from dqx_core.keys import EXECUTION_TAG, ExecutionId, ResultKey
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.metric import Metric, TimeSeries
from dqx_core.report import SymbolInfo
from dqx_core.states import Number
from dqx_core.store.codec import place_of, series_key
from dqx_core.store.execution import Execution
from dqx_core.store.upkeep import Upkeep
from dqx_core.store.verdicts import Verdicts

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import ColumnElement, Connection

    from dqx_core.store import faults, housekeeping, opening, reading, writing
    from dqx_core.store import results as verdicts
    from dqx_core.store.codec import Place
    from dqx_core.store.database import Database
    from dqx_core.store.reading import HistoryPoint, Series, SeriesName, Wanted
else:  # SQLAlchemy and all that is built with it: a store in memory may never need them
    faults, housekeeping, opening, reading, verdicts, writing = (
        lazily.Module(f"dqx_core.store.{name}")
        for name in ("faults", "housekeeping", "opening", "reading", "results", "writing")
    )


class MetricDB(Verdicts, Upkeep):
    """The metric store at a URL: `sqlite:///path/to/file.db` or `postgresql+psycopg://…`.

    Every method (`expire` apart) is one transaction: it does all it says or, with a StoreError, nothing.
    Threads and processes may share a store.
    """

    def __init__(
        self, url: str, *, auto_migrate: bool = True, patience: float = 60.0, at_first_write: bool = False
    ) -> None:
        """Open the store, and make it or bring it up to date where needed.

        Args:
            url: Where it is.
            auto_migrate: Whether a store of an older revision is migrated; else it is refused.
            patience: Seconds to wait for other writers, and for a server to answer, before giving up.
            at_first_write: A SQLite file that is not there is made when something is first written, so that a run
                which fails before leaves none; its folder is made now, to be told what cannot be made.

        Raises:
            StoreError: It cannot be opened; the message says why and what to do.
        """
        self._store = opening.open_database(
            url, auto_migrate=auto_migrate, patience=patience, at_first_write=at_first_write
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def _database(self) -> Database:
        return self._store

    @property
    def name(self) -> str:
        """The URL for people: its password hidden."""
        return self._database.name

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    # Writing

    def persist(self, metrics: Iterable[Metric], *, execution: Execution | None = None) -> list[Metric]:
        """Keep numbers, all or none; a number that its execution holds already is replaced.

        Args:
            metrics: They may belong to several executions; ones that name none belong to `execution`.
            execution: Recorded in the same transaction, as by `begin_execution`.

        Returns:
            The same metrics in the same order, with their execution and their id.

        Raises:
            StoreError: Nothing was written.
        """
        return self._write_metrics(list(metrics), execution, dt.datetime.now(dt.UTC))

    def keep(self, metrics: Iterable[Metric], execution: Execution) -> None:
        """Keep the numbers of an execution, all or none, as `persist` does for somebody who needs their ids.

        Raises:
            StoreError: Nothing was written.
        """
        self.persist(metrics, execution=execution)

    def _write_metrics(
        self, metrics: Sequence[Metric], execution: Execution | None, moment: dt.datetime
    ) -> list[Metric]:
        owner = execution.execution_id if execution else None
        owned = [m if m.execution_id or owner is None else replace(m, execution_id=owner) for m in metrics]
        what = f"persist {len(owned):,} metric{'' if len(owned) == 1 else 's'}"
        for metric in owned:
            if not metric.execution_id:
                reason = f"metric {metric.spec} for {metric.key} names no execution."
                raise StoreError(
                    self.name, what, reason, f"Give it an execution_id or pass execution=. {faults.NOTHING_WRITTEN}"
                )

        def work(connection: Connection) -> writing.Persisted:
            sequence = writing.next_sequence(connection)
            if execution is not None:
                writing.begin(connection, execution, sequence)
            return writing.persist(connection, owned, self._database.series, sequence, moment)

        try:
            persisted = self._database.write(work, what, f"{faults.NOTHING_WRITTEN} {faults.NOTHING_JUDGED}")
        except TypeError as error:
            raise StoreError(self.name, what, f"{error}.", faults.NOTHING_WRITTEN) from error
        self._database.series.update(persisted.series)
        return persisted.metrics

    def begin_execution(self, execution: Execution) -> Execution:
        """Record an execution, or add to what is recorded of it; call it again to say how it ended.

        Returns:
            All that is known of it now: keys, data sources and parameters add up, the first suite and
            start stay, else the newest word counts.
        """
        return self._database.write(
            lambda c: writing.begin(c, execution, writing.next_sequence(c)),
            f"record execution '{execution.execution_id}'",
        )

    # Reading within an execution

    def measured(self, execution_id: ExecutionId, *, states: bool = True) -> list[Metric]:
        """Every number an execution used, by day and metric; none for an execution that is not known.

        Without their states they are read in half the time: judging takes values alone.
        """
        return self._database.read(
            lambda c: reading.measured(c, execution_id, states=states), f"read execution '{execution_id}'"
        )

    def symbols(self, execution_id: ExecutionId) -> list[SymbolInfo]:
        """The same for people, named m_1, m_2 and so on; tags hold the user's and `__execution_id`."""
        own = {EXECUTION_TAG: execution_id}
        found = self._database.read(lambda c: reading.symbols(c, execution_id, own), f"read execution '{execution_id}'")
        return [symbol for _, symbol in found]

    def lookup(
        self, spec: MetricSpec, key: ResultKey, dataset: str | None, execution_id: ExecutionId
    ) -> Result[Number, str]:
        """The number an execution holds, or why it has none."""
        place = place_of(key)

        def work(connection: Connection) -> Result[Number, str] | None:
            series_id = self._series(connection, spec, key.tags, dataset)
            if series_id is None:
                return None
            return reading.value_of(connection, series_id, place, execution_id)

        found = self._database.read(work, f"read metric {spec}")
        return Failure(reading.not_found(spec, key, dataset, execution_id)) if found is None else found

    def get_metric_value(
        self, spec: MetricSpec, key: ResultKey, dataset: str | None, execution_id: ExecutionId
    ) -> Maybe[float]:
        """The number an execution holds; Nothing when there is none. `lookup` says why."""
        match self.lookup(spec, key, dataset, execution_id):
            case Success(number):
                return Some(number)
        return Nothing

    def get_metric_window(
        self, spec: MetricSpec, key: ResultKey, lag: int, window: int, dataset: str | None, execution_id: ExecutionId
    ) -> Maybe[TimeSeries]:
        """The numbers of `window` windows that end `lag` windows before the key; Nothing when there are none.

        Days are found by date; windows of another calendar by the moment, in UTC, in which they start. Those without
        a number are not in it.
        """
        of_days = key.window is None and key.calendar is DAYS
        places: dict[Place, dt.date] = {}
        if not of_days:
            past = [key.lag(lag + n) for n in reversed(range(window))]
            places = {place_of(each): each.interval.start for each in past}

        def work(connection: Connection) -> dict[dt.date, Result[Number, str]]:
            series_id = self._series(connection, spec, key.tags, dataset)
            if series_id is None:
                return {}
            if of_days:
                return reading.days(connection, series_id, *key.range(lag, window), execution_id)
            held = reading.windows(connection, series_id, places, execution_id) if places else {}
            return {places[place]: result for place, result in held.items()}

        found = self._database.read(work, f"read metric {spec}")
        values = {day: result.unwrap() for day, result in sorted(found.items()) if isinstance(result, Success)}
        return Some(values) if values else Nothing

    # Reading across executions

    def get(self, metric_id: UUID) -> Maybe[Metric]:
        """The number with this id."""
        return Maybe.from_optional(self._database.read(lambda c: reading.get(c, metric_id), f"read metric {metric_id}"))

    def latest(
        self, spec: MetricSpec, key: ResultKey, dataset: str | None, *, data_version: str | None = None
    ) -> Maybe[Metric]:
        """The newest measurement across executions, failed or not; with a data version, the newest of that version."""
        wanted = (spec, key, dataset)
        versions = {} if data_version is None else {wanted: data_version}
        return Maybe.from_optional(self._newest([wanted], versions).get(wanted))

    def latest_many(
        self, wanted: Iterable[Wanted], *, data_versions: Mapping[Wanted, str | None] | None = None
    ) -> dict[Wanted, Metric]:
        """The newest measurement of each wanted number across executions, as far as it has a value.

        Newest is what was measured last, by the order in which the store was written: a rerun of an old day outranks
        everything before it, whenever its execution began; a copy that was carried forward does not. Where the newest
        measurement failed there is no answer: an older value would not be true of the data any more.

        Args:
            wanted: Specs, keys and datasets; several hundred take one query.
            data_versions: For the numbers named here, the newest measurement of this data version counts
                (None: nobody knows it, so that nothing is of it).
        """
        found = self._newest(list(wanted), data_versions or {})
        return {item: metric for item, metric in found.items() if isinstance(metric.value, Success)}

    def history(
        self,
        spec: MetricSpec,
        dataset: str | None,
        tags: Mapping[str, str] | None = None,
        from_date: dt.date | None = None,
        until_date: dt.date | None = None,
    ) -> pd.DataFrame:
        """The newest measurement of each window as a frame, one row a window, by date and start; dates inclusive.

        Columns: yyyy_mm_dd, value (float; NaN without a value), error, execution_id (the one that measured it),
        data_version, window_start and window_end (moments in UTC).
        """
        import numpy as np
        import pandas as pd

        series = series_key(spec, tags or {}, dataset)
        found = self._database.read(
            lambda c: reading.history(c, series, from_date, until_date), f"read the history of metric {spec}"
        )
        starts, ends = zip(*(point.interval for point in found), strict=True) if found else ((), ())

        def moments(told: Sequence[dt.datetime | None]) -> pd.DatetimeIndex:
            plain = [moment and moment.replace(tzinfo=None) for moment in told]
            return pd.DatetimeIndex(np.array(plain, dtype="datetime64[us]")).tz_localize("UTC")

        return pd.DataFrame(
            {
                "yyyy_mm_dd": [point.yyyy_mm_dd for point in found],
                "value": pd.Series([float(point.value.value_or(math.nan)) for point in found], dtype="float64"),
                "error": pd.Series([point.value.swap().value_or(None) for point in found], dtype="object"),
                "execution_id": pd.Series([point.execution_id for point in found], dtype="object"),
                "data_version": pd.Series([point.data_version for point in found], dtype="object"),
                "window_start": moments(starts),
                "window_end": moments(ends),
            }
        )

    def search(self, *predicates: ColumnElement[bool]) -> list[Metric]:
        """Every number for which SQLAlchemy conditions on the tables METRIC, SERIES and EXECUTION hold."""
        return self._database.read(lambda c: reading.search(c, *predicates), "search")

    def exists(
        self, spec: MetricSpec, key: ResultKey, dataset: str | None, execution_id: ExecutionId | None = None
    ) -> bool:
        """Whether an execution, or any, holds this number, failed or not."""
        place = place_of(key)

        def work(connection: Connection) -> bool:
            series_id = self._series(connection, spec, key.tags, dataset)
            return series_id is not None and reading.exists(connection, series_id, place, execution_id)

        return self._database.read(work, f"read metric {spec}")

    def execution(self, execution_id: ExecutionId) -> Maybe[Execution]:
        """What is known of an execution; Nothing if it never was or was deleted."""
        found = self._database.read(lambda c: reading.execution(c, execution_id), f"read execution '{execution_id}'")
        return Maybe.from_optional(found)

    def executions(self, suite: str | None = None, since: dt.datetime | None = None) -> list[Execution]:
        """The executions, the one written to last first: those that ran a suite, that started at a moment or later."""
        return self._database.read(lambda c: reading.executions(c, suite, since), "list executions")

    def series(self, dataset: str | None = None) -> list[Series]:
        """What was measured at least once, of one dataset or of all."""
        return self._database.read(lambda c: reading.series(c, dataset), "list metrics")

    def points(
        self,
        dataset: str | None,
        metric: str,
        from_date: dt.date | None = None,
        until_date: dt.date | None = None,
    ) -> list[HistoryPoint]:
        """The newest measurement of each window of a metric by name, over all its tags, by date; dates inclusive."""
        return self._database.read(
            lambda c: reading.points(c, dataset, metric, from_date, until_date), f"read the history of metric {metric}"
        )

    def paired(self, before: ExecutionId, after: ExecutionId) -> list[tuple[SymbolInfo | None, SymbolInfo | None]]:
        """The numbers of two executions side by side; None where only the other one has the number.

        They are matched by window, or, when each judged a single one, by how many windows before it they are.
        """
        return self._database.read(lambda c: reading.paired(c, before, after), f"compare '{before}' with '{after}'")

    def _newest(self, wanted: Sequence[Wanted], versions: Mapping[Wanted, str | None]) -> dict[Wanted, Metric]:
        def work(connection: Connection) -> tuple[dict[Wanted, Metric], dict[SeriesName, int]]:
            known = self._database.series
            names = {
                reading.series_name(spec, key.tags, dataset): (spec, key, dataset) for spec, key, dataset in wanted
            }
            series = {name: series_id for name in names if (series_id := known.get(name)) is not None}
            unknown = {
                name: series_key(spec, key.tags, dataset)
                for name, (spec, key, dataset) in names.items()
                if name not in series
            }
            series |= reading.find_series(connection, unknown)
            return reading.newest(connection, wanted, series, versions), series

        found, series = self._database.read(work, f"read the newest of {len(wanted):,} metrics")
        self._database.series.update(series)
        return found

    def _series(
        self, connection: Connection, spec: MetricSpec, tags: Mapping[str, str], dataset: str | None
    ) -> int | None:
        name = reading.series_name(spec, tags, dataset)
        known = self._database.series.get(name)
        if known is None:
            known = reading.find_series(connection, {name: series_key(spec, tags, dataset)}).get(name)
            if known is not None:
                self._database.series[name] = known
        return known
