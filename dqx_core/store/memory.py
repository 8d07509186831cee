"""A metric store in memory, which becomes a database when somebody first asks for what is in it."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from dqx_core.errors import StoreError
from dqx_core.keys import ExecutionId
from dqx_core.metrics.metric import Metric
from dqx_core.report import AssertionResult
from dqx_core.states import encode
from dqx_core.store.codec import split_number
from dqx_core.store.execution import Execution
from dqx_core.store.repository import MetricDB

if TYPE_CHECKING:
    from dqx_core.store.database import Database
    from dqx_core.store.reading import Wanted


class InMemoryMetricDB(MetricDB):
    """A metric store in memory: gone with the process. Any thread may use it.

    What the first run keeps is held as it is and written into SQLite when it is asked for, by a second run or by a
    person. A script that runs its checks once and prints the report never pays for a database: importing SQLAlchemy
    alone takes longer than most such runs.
    """

    _URL = "sqlite://"

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._opened: Database | None = None
        self._held: list[Callable[[], object]] = []
        """What is not written yet, in order."""

    @property
    def name(self) -> str:
        """The URL of SQLite in memory."""
        return self._URL

    @property
    def _database(self) -> Database:
        with self._lock:
            if self._opened is None:
                from dqx_core.store.opening import open_database

                self._opened = open_database(self._URL, auto_migrate=False, patience=60.0)
                try:
                    for write in self._held:
                        write()
                except StoreError:
                    self._opened = None  # what is held stays, and whoever asks next is told too
                    raise
                self._held.clear()
            return self._opened

    def close(self) -> None:
        """Let go of what it holds."""
        with self._lock:
            self._held.clear()
            if self._opened is not None:
                self._opened.close()

    def keep(self, metrics: Iterable[Metric], execution: Execution) -> None:
        """Keep numbers of an execution, all or none."""
        owned = list(metrics)
        if self._opened is None:
            self._refuse(owned, execution)
        self._hold(partial(self._write_metrics, owned, execution, dt.datetime.now(dt.UTC)))

    def persist_results(self, execution_id: ExecutionId, results: Iterable[AssertionResult]) -> None:
        """Keep the verdicts of an execution, all or none; one it gave before is replaced."""
        self._hold(partial(self._write_results, execution_id, list(results), dt.datetime.now(dt.UTC)))

    def measured(self, execution_id: ExecutionId, *, states: bool = True) -> list[Metric]:
        """Every number an execution used, by day and metric; none for an execution that is not known."""
        return [] if self._empty else super().measured(execution_id, states=states)

    def latest_many(
        self, wanted: Iterable[Wanted], *, data_versions: Mapping[Wanted, str | None] | None = None
    ) -> dict[Wanted, Metric]:
        """The newest measurement of each wanted number across executions, as far as it has a value."""
        return {} if self._empty else super().latest_many(wanted, data_versions=data_versions)

    @property
    def _empty(self) -> bool:
        """Whether nothing was ever kept or asked for; a first run need not open a database to be told so."""
        with self._lock:
            return self._opened is None and not self._held

    def _hold(self, write: Callable[[], object]) -> None:
        """Do it once there is a database: now, if there is one."""
        with self._lock:
            if self._opened is None:
                self._held.append(write)
                return
        write()  # not under the lock, which others take while they have the database

    def _refuse(self, metrics: Iterable[Metric], execution: Execution) -> None:
        """Refuse now what could not be written later."""
        try:
            json.dumps(dict(execution.parameters))
            for metric in metrics:
                split_number(metric.value.value_or(0))
                if metric.state is not None:
                    encode(metric.state)
                if metric.metadata:
                    json.dumps(dict(metric.metadata))
        except TypeError as error:
            from dqx_core.store.faults import NOTHING_WRITTEN

            raise StoreError(self.name, "persist metrics", f"{error}.", NOTHING_WRITTEN) from error
