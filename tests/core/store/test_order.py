"""Whatever is measured, carried, judged, measured again and expired, in whatever order: the newest is what came last.

An oracle keeps the whole history in a list; the store has to agree with it after every step, on every question.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from returns.result import Success

from dqx_core.calendars import Window
from dqx_core.keys import ResultKey
from dqx_core.metrics.metric import Metric
from dqx_core.report import AssertionResult, Status
from dqx_core.store import Execution, InMemoryMetricDB, MetricDB
from tests.core.store.numbers import PRICE, day, metric, verdict

NO_AGE = dt.timedelta(0)
_HOUR = Window(dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC), dt.datetime(2024, 1, 1, 6, tzinfo=dt.UTC))
KEYS = [day(0), day(1), ResultKey(dt.date(2024, 1, 1), {}, _HOUR)]
DATASETS = ["orders", "raw/orders", "clean/orders"]
ASSETS = [None, "raw/orders", "clean/orders"]
RUNS = ["run-1", "run-2"]
KEY, DATASET, ASSET, RUN = map(st.sampled_from, (KEYS, DATASETS, ASSETS, RUNS))
VALUE = st.one_of(st.integers(0, 9), st.just("failed"))
VERSION = st.sampled_from([None, "v1", "v2"])
STATUS = st.sampled_from(list(Status))


@dataclass(frozen=True)
class Entry:
    """A number that an execution holds, and when it was measured."""

    metric: Metric
    measured: int


class Newest(RuleBasedStateMachine):
    """Two executions that write at will, and a list of all they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.db: MetricDB = InMemoryMetricDB()
        self.clock = 0
        self.numbers: dict[tuple[str, ResultKey, str], Entry] = {}
        """By dataset, key and execution."""
        self.verdicts: dict[tuple[AssertionResult, str], tuple[AssertionResult, int]] = {}
        """By what is judged, with an empty verdict, and execution."""

    def teardown(self) -> None:
        """Let go of the store."""
        self.db.close()

    def begin(self, run: str) -> None:
        """Say who runs: what was emptied or deleted begins anew."""
        self.db.begin_execution(Execution(run, origin="dagster" if run == "run-1" else "cli"))

    @rule(dataset=DATASET, key=KEY, run=RUN, value=VALUE, version=VERSION)
    def measure(self, dataset: str, key: ResultKey, run: str, value: int | str, version: str | None) -> None:
        """Measure a number, or measure it again."""
        self.clock += 1
        self.begin(run)
        kept = metric(value, key=key, dataset=dataset, execution_id=run, data_version=version)
        self.db.persist([kept])
        self.numbers[dataset, key, run] = Entry(kept, self.clock)

    @rule(dataset=DATASET, key=KEY, run=RUN, forget=st.booleans())
    def carry(self, dataset: str, key: ResultKey, run: str, forget: bool) -> None:
        """Carry forward what the store says is the newest, as a planner does that does not hold it itself."""
        source = self.db.latest(PRICE, key, dataset).value_or(None)
        if source is None or (dataset, key, run) in self.numbers:
            return
        copy = source.carried_into(run)
        self.begin(run)
        self.db.persist([replace(copy, measured_at=None) if forget else copy])
        held = self.numbers[dataset, key, source.execution_id or ""]
        self.numbers[dataset, key, run] = Entry(replace(copy, metric_id=None), held.measured)

    @rule(asset=ASSET, key=KEY, run=RUN, status=STATUS, name=st.sampled_from("ab"))
    def judge(self, asset: str | None, key: ResultKey, run: str, status: Status, name: str) -> None:
        """Give a verdict, or give it again."""
        self.clock += 1
        self.begin(run)
        given = replace(verdict(name, key=key, status=status), window=key.window, asset=asset)
        self.db.persist_results(run, [given])
        place = replace(verdict(name, key=key), window=key.window, asset=asset)
        self.verdicts[place, run] = (given, self.clock)

    @rule()
    def expire(self) -> None:
        """Take out everything that is older than something of its place."""
        self.db.expire(NO_AGE)
        for dataset in DATASETS:
            for key in KEYS:
                held = self.held(dataset, key)
                for entry in held[1:]:
                    better = held[: held.index(entry)]
                    if any(isinstance(b.metric.value, Success) for b in better) or not isinstance(
                        entry.metric.value, Success
                    ):
                        del self.numbers[dataset, key, entry.metric.execution_id or ""]
        for place in {place for place, _ in self.verdicts}:
            newest = self.newest_verdict(place)
            for run in RUNS:
                if run != newest and (place, run) in self.verdicts:
                    del self.verdicts[place, run]

    @rule(run=RUN)
    def delete(self, run: str) -> None:
        """Take out an execution."""
        self.db.delete_execution(run)
        self.numbers = {place: entry for place, entry in self.numbers.items() if place[2] != run}
        self.verdicts = {place: entry for place, entry in self.verdicts.items() if place[1] != run}

    def held(self, dataset: str, key: ResultKey) -> list[Entry]:
        """What is held of a place, newest first, a measurement before its copies."""
        found = [entry for (d, k, _), entry in self.numbers.items() if (d, k) == (dataset, key)]
        return sorted(found, key=lambda e: (-e.measured, e.metric.source_execution_id is not None))

    def newest_verdict(self, place: AssertionResult) -> str:
        """Which execution gave the newest verdict of a place."""
        return max((run for run in RUNS if (place, run) in self.verdicts), key=lambda run: self.verdicts[place, run][1])

    @invariant()
    def newest_numbers_agree(self) -> None:
        """With and without a data version, one by one, together, and in history."""
        wanted = [(PRICE, key, dataset) for dataset in DATASETS for key in KEYS]
        for versions in ({}, dict.fromkeys(wanted, "v1"), dict.fromkeys(wanted, None)):
            expected = {}
            for item in wanted:
                held = [entry.metric for entry in self.held(item[2], item[1])]
                if versions:
                    held = [m for m in held if m.data_version == versions[item] is not None]
                if held and isinstance(held[0].value, Success):
                    expected[item] = held[0]
            assert self.db.latest_many(wanted, data_versions=versions) == expected
        for dataset in DATASETS:
            newest = self.held(dataset, KEYS[0])
            assert self.db.latest(PRICE, KEYS[0], dataset).value_or(None) == (newest[0].metric if newest else None)
            told_points = {
                ResultKey(p.yyyy_mm_dd, p.tags, p.window): (p.value, p.execution_id)
                for p in self.db.points(dataset, PRICE.name)
            }
            known = {key: self.held(dataset, key)[0].metric for key in KEYS if self.held(dataset, key)}
            assert told_points == {k: (m.value, m.source_execution_id or m.execution_id) for k, m in known.items()}

    @invariant()
    def newest_verdicts_agree(self) -> None:
        """Of all, and of those that a run of Dagster gave."""
        for asset in ASSETS[1:]:
            for origins in (None, {"dagster"}):
                told = self.db.newest_verdicts("Sales suite", asset or "", KEYS, origins=origins)
                for key in KEYS:
                    expected = {}
                    for place in {p for p, run in self.verdicts if origins is None or run == "run-1"}:
                        if (place.asset, place.key) == (asset, key):
                            run = self.newest_verdict(place) if origins is None else "run-1"
                            expected[self.verdicts[place, run][0]] = run
                    assert {result: given.execution_id for result, given in told[key].items()} == expected


@pytest.mark.slow
def test_the_newest_is_what_came_last() -> None:
    run_state_machine_as_test(Newest, settings=settings(max_examples=12, stateful_step_count=15))
