"""What a change did to the numbers: those of this run against another store, an execution, or production."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from dqx_core.calendars import Window
from dqx_core.errors import DefinitionError, hint
from dqx_core.keys import ExecutionId, ResultKey, Tags
from dqx_core.report import SymbolInfo
from dqx_core.retrieval import MetricChange, compare_numbers, given_tags, metrics_by_execution_id
from dqx_core.store import MetricDB
from dqx_core.trends import newest_executions
from dqx_dagster.cli.ci.ground import opened
from dqx_dagster.cli.ci.verdicts import Comparison

PRODUCTION = "production"

When = tuple[dt.date, Window | None]
"""Which window it is: hours of one day are of one date."""


@dataclass(frozen=True)
class Judged:
    """What a run measured: its id, the suites that ran, and the days and tags of its partitions."""

    run_id: ExecutionId
    suites: frozenset[str]
    keys: dict[ResultKey, str | None]
    """Each with its partition."""


@dataclass(frozen=True)
class Baseline:
    """What this run is compared with."""

    named: str
    db: MetricDB
    execution: ExecutionId | None
    """None: the newest execution of each partition."""
    _read: dict[ExecutionId, list[SymbolInfo]] = field(default_factory=dict)

    def compare(self, runs: Sequence[Judged], stores: Sequence[MetricDB], max_change: float | None) -> Comparison:
        """What moved, of the numbers that the runs measured for their partitions.

        What the runs did not look at, another dataset or split, does not count as gone.
        """
        same, without = 0, []
        changes: dict[object, MetricChange] = {}
        for run in runs:
            before, unknown = self._before(run)
            without += [str(run.keys[key]) for key in unknown]
            known = {(key.when, key.tags) for key in run.keys if key not in unknown}
            after = [number for number in _own(run, stores) if (_when(number), given_tags(number)) in known]
            # Single windows are compared whichever they are, as by `dqx store diff`.
            windows = [{_when(number) for number in numbers} for numbers in (before, after)]
            by_day = not all(len(each) == 1 for each in windows)
            looked_at = {(n.dataset, given_tags(n), _when(n) if by_day else None) for n in after}
            before = [n for n in before if (n.dataset, given_tags(n), _when(n) if by_day else None) in looked_at]
            moved = compare_numbers(before, after, by_day=by_day)
            same += len(after) - sum(change.after is not None for change in moved)
            changes |= {
                (c.metric, c.dataset, Tags(c.tags), c.before_date, c.after_date, c.before_window, c.after_window): c
                for c in moved
            }
        return Comparison(self.named, max_change, same, list(changes.values()), without)

    def _before(self, run: Judged) -> tuple[list[SymbolInfo], list[ResultKey]]:
        """The baseline's numbers for the windows of a run, and the keys that it says nothing of."""
        if self.execution is not None:
            judged = {key.when for key in self.db.execution(self.execution).unwrap().keys}
            windows = judged & {key.when for key in run.keys} or judged
            return [n for n in metrics_by_execution_id(self.db, self.execution) if _when(n) in windows], []
        found: dict[object, SymbolInfo] = {}
        known: set[ResultKey] = set()
        for suite in sorted(run.suites):
            for key, (execution_id, then) in self._newest(suite, run).items():
                known.add(key)
                for number in self._numbers(execution_id):
                    if _when(number) == then and given_tags(number) == key.tags:
                        found.setdefault((number.dataset, number.metric, key), number)
        return list(found.values()), [key for key in run.keys if key not in known]

    def _newest(self, suite: str, run: Judged) -> dict[ResultKey, tuple[ExecutionId, When]]:
        """For each key the newest execution that speaks of it; without partitions the newest of all."""
        if set(run.keys.values()) == {None}:
            last = next((each for each in self.db.executions(suite=suite) if each.keys), None)
            return {} if last is None else dict.fromkeys(run.keys, (last.execution_id, last.keys[0].when))
        return {key: (of, key.when) for key, of in newest_executions(self.db, suite, run.keys).items()}

    def _numbers(self, execution_id: ExecutionId) -> list[SymbolInfo]:
        if execution_id not in self._read:
            self._read[execution_id] = metrics_by_execution_id(self.db, execution_id)
        return self._read[execution_id]


@contextmanager
def baseline(named: str, production: str | None) -> Iterator[Baseline]:
    """The baseline that --baseline names.

    Raises:
        DefinitionError: There is no such store or execution.
        StoreError: The store cannot be read.
    """
    url = named if "://" in named else production
    if url is None:
        raise DefinitionError(
            f"--baseline {named} is looked up in the metric store of the code location, and there is none. "
            "Name a store: --baseline sqlite:///path/to/metrics.db"
        )
    db = opened(url)
    try:
        if "://" in named:
            yield Baseline(db.name, db, None)
        elif named == PRODUCTION:
            yield Baseline(f"{PRODUCTION} ({db.name})", db, None)
        else:
            if db.execution(named).value_or(None) is None:
                known = [execution.execution_id for execution in db.executions()]
                raise DefinitionError(
                    f"--baseline {named} is neither '{PRODUCTION}', nor the URL of a store, nor an execution in "
                    f"{db.name}. {hint(named, known[:20])}"
                )
            yield Baseline(f"execution {named}", db, named)
    finally:
        db.close()


def _own(run: Judged, stores: Sequence[MetricDB]) -> Iterator[SymbolInfo]:
    """What a run measured of its own windows, without what it only compared them with."""
    windows = {key.when for key in run.keys}
    for store in stores:
        yield from (number for number in metrics_by_execution_id(store, run.run_id) if _when(number) in windows)


def _when(number: SymbolInfo) -> When:
    return number.yyyy_mm_dd, number.window
