"""START HERE: a verification suite: build → plan → measure → keep → judge."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from returns.result import Failure

from dqx_core.checks import Check
from dqx_core.engines.base import DataSource, full_name
from dqx_core.engines.jobs import EngineJob, as_parameters, recording
from dqx_core.errors import DefinitionError
from dqx_core.evaluation import Evaluation, NoRows
from dqx_core.execution import Explanation, Measured, execute, explain
from dqx_core.graph import Graph
from dqx_core.keys import ExecutionId, ResultKey, calendar_of_keys
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.metric import Metric
from dqx_core.passes.fitness import unfit
from dqx_core.pausing import no_collection
from dqx_core.planning import (
    History,
    Need,
    Plan,
    Reuse,
    Scan,
    by_full_name,
    data_versions,
    effective_key,
    moved_since,
    named_in_full,
    needs_of,
    plan,
)
from dqx_core.profiles import Profile
from dqx_core.report import AnalysisReport, AssertionResult, Severity, Status, SymbolInfo
from dqx_core.statements import statements_of
from dqx_core.suite import Selection, Suite, by_name

if TYPE_CHECKING:
    from dqx_core.store import Execution, MetricDB

Announce = Callable[[str], None]


class VerificationSuite:
    """Checks, a metric store to keep numbers in, and one execution.

    An execution is a closed world: every number it uses is in the store under its `execution_id`, and
    verdicts are made from those alone.
    """

    def __init__(
        self,
        checks: Iterable[Check],
        db: MetricDB,
        name: str,
        *,
        execution_id: ExecutionId | None = None,
        history: History = "shared",
        reuse: Reuse = "never",
        data_av_threshold: float = 0.9,
        profiles: Sequence[Profile] = (),
        origin: str = "python",
        no_rows: NoRows = "error",
    ) -> None:
        """A suite that has not run.

        Args:
            checks: What is asserted.
            db: Where numbers are kept.
            name: How results and reports call it.
            execution_id: Under which numbers are kept; None: a new one.
            history: "isolated" uses only what this execution measures, nothing of earlier ones.
            reuse: "same_version" takes numbers of the run's own days from an earlier execution that measured the
                same version of the data, instead of measuring them again.
            data_av_threshold: The share of an assertion's days that must not be left out for it to be judged.
            profiles: What adjusts the verdicts of some days.
            origin: What started it.
            no_rows: What to make of assertions on a window without a row, other than on `num_rows()`: an "error", or
                "judge" them.
        """
        if history not in get_args(History):
            raise DefinitionError(f"Suite '{name}' has history={history!r}. Give 'shared' or 'isolated'.")
        if reuse not in get_args(Reuse):
            raise DefinitionError(f"Suite '{name}' has reuse={reuse!r}. Give 'never' or 'same_version'.")
        if not 0 <= data_av_threshold <= 1:
            raise DefinitionError(f"Suite '{name}' has data_av_threshold={data_av_threshold!r}. Give a share, 0 to 1.")
        self.suite = Suite(name, tuple(checks), tuple(profiles), no_rows)
        self.db = db
        self.reuse: Reuse = reuse
        self.data_av_threshold = data_av_threshold
        self.history: History = history
        self.origin = origin
        self._execution_id = execution_id or _new_id()
        self._evaluation: Evaluation | None = None
        self._keys: tuple[ResultKey, ...] = ()
        self._results: list[AssertionResult] = []

    @property
    def name(self) -> str:
        """The suite's name."""
        return self.suite.name

    @property
    def execution_id(self) -> ExecutionId:
        """The id under which every number of this execution is stored."""
        return self._execution_id

    def build(self) -> Graph:
        """What the checks assert, checked without touching data."""
        return self.suite.build()

    def run(
        self, datasources: Sequence[DataSource], key: ResultKey, *, announce: Announce | None = None
    ) -> list[AssertionResult]:
        """Measure one key, keep what was measured, and judge it.

        Raises:
            DefinitionError: A check cannot work on these sources, or the suite ran already.
            EngineError: The engine refused; nothing was stored.
            StoreError: The numbers could not be kept; nothing was judged.
        """
        return self.run_many(datasources, [key], announce=announce)

    def run_many(
        self,
        datasources: Sequence[DataSource],
        keys: Sequence[ResultKey],
        *,
        select: Selection | None = None,
        announce: Announce | None = None,
        keep_results: bool = True,
        beside: bool = False,
        judge_unfit: bool = False,
    ) -> list[AssertionResult]:
        """The same for several keys under one execution: one scan for all, then judged key by key, in date order.

        With `keep_results=False` the verdicts are not in the store until `keep` puts them there. With `beside=True` the
        execution is not said to be of these keys: only some of what is asked of them is asked again. With
        `judge_unfit=True` columns that no assertion can do without make each of them an ERROR, and raise nothing.
        """
        if self._evaluation is not None:
            raise DefinitionError(
                f"Suite '{self.name}' ran already, as execution {self.execution_id}. "
                "Call reset() to run it as a new execution."
            )
        if not keys:
            raise DefinitionError(f"Suite '{self.name}' was given no keys to run.")
        ordered = sorted(dict.fromkeys(keys), key=lambda key: (key.interval.start, tuple(key.tags.items())))
        calendar = calendar_of_keys(ordered)
        graph = self.suite.build(datasources, select=select, calendar=calendar, judge_unfit=judge_unfit)
        planned, kept, jobs = self._measured(datasources, ordered, graph, (), announce)
        self.db.keep(kept, self._execution(datasources, () if beside else ordered, jobs))
        if planned.ready:  # some were there before: of all of them the store is asked, what it wrote just now is known
            kept = self.db.measured(self.execution_id, states=False)
        evaluation = Evaluation(
            graph,
            self.execution_id,
            _by_need(kept),
            left_out={source.name: source.skip_dates for source in datasources},
            full_names=named_in_full(by_name(datasources)),
            absent=planned.absent,
            no_rows=self.suite.no_rows,
            data_av_threshold=self.data_av_threshold,
            profiles=self.suite.profiles,
        )
        with no_collection():
            results = [result for key in ordered for result in evaluation.results(key)]
        if keep_results:
            self.db.persist_results(self.execution_id, results)
        self._evaluation, self._keys, self._results = evaluation, tuple(ordered), results
        return results

    def keep(self, results: Sequence[AssertionResult]) -> None:
        """Put verdicts of this execution into the store.

        Raises:
            StoreError: They could not be kept.
        """
        self._ran()
        self.db.persist_results(self.execution_id, results)

    def plan(
        self,
        datasources: Sequence[DataSource],
        keys: Sequence[ResultKey],
        *,
        graph: Graph | None = None,
        also_lags: Sequence[int] = (),
    ) -> Plan:
        """What running the keys would measure, carry forward and miss; nothing is run."""
        named = named_in_full(by_name(datasources))
        sources = by_full_name(datasources)
        built = graph or self.suite.build(datasources, calendar=calendar_of_keys(keys))
        needs = needs_of(built, keys, also_lags, named)
        versions = data_versions(needs, sources)
        past = [] if self.history == "isolated" else [need for need, own in needs.items() if not own]
        reusable = list(needs) if self.reuse == "same_version" and self.history == "shared" else past
        known_versions = {need: version for need in reusable if (version := versions[need]) is not None}
        return plan(
            needs,
            set(keys),
            sources,
            versions=versions,
            own=_by_need(self.db.measured(self.execution_id, states=False)),
            same_version=self.db.latest_many(list(known_versions), data_versions=known_versions)
            if known_versions
            else {},
            newest=self.db.latest_many(past) if past else {},
            history=self.history,
        )

    def explain(self, datasources: Sequence[DataSource], *keys: ResultKey) -> Explanation:
        """What running the keys would do: what is scanned with which SQL, carried forward and missing. Print it."""
        return explain(self.plan(datasources, keys))

    def measure(
        self,
        datasources: Sequence[DataSource],
        keys: Sequence[ResultKey],
        *,
        graph: Graph | None = None,
        also_lags: Sequence[int] = (),
        announce: Announce | None = None,
        persist: bool = True,
    ) -> list[Metric]:
        """Put every number that judging the keys takes under this execution, in one transaction.

        With `persist=False` the numbers are returned for somebody else to keep (an IO manager, say).
        """
        _, metrics, jobs = self._measured(datasources, keys, graph, also_lags, announce)
        if not persist:
            return metrics
        return self.db.persist(metrics, execution=self._execution(datasources, keys, jobs))

    def _measured(
        self,
        datasources: Sequence[DataSource],
        keys: Sequence[ResultKey],
        graph: Graph | None,
        also_lags: Sequence[int],
        announce: Announce | None,
    ) -> tuple[Plan, list[Metric], list[EngineJob]]:
        """The plan, what it measured and carried forward, and the jobs that took."""
        measured: dict[Need, Measured] = {}
        no_rows: set[Need] = set()
        versions: dict[Need, str | None] = {}
        with recording(suite=self.name, execution_id=self.execution_id) as jobs:
            planned = self.plan(datasources, keys, graph=graph, also_lags=also_lags)
            for scan in planned.scans:
                measured |= execute(scan, announce, no_rows)
                versions |= scan.versions
                # What changed while it was read is of no version: once more, for numbers of one state if it rests now.
                if moved := moved_since(scan, measured):
                    no_rows -= {*moved}
                    measured |= execute(replace(scan, needs=moved, lagged=scan.lagged & {*moved}), announce, no_rows)
                    versions |= dict.fromkeys(moved)
        with no_collection():
            metrics = [self._metric(need, state, versions[need]) for need, state in measured.items()]
            if no_rows:
                over = zip(measured, metrics, strict=True)
                metrics = [metric.of_no_rows() if need in no_rows else metric for need, metric in over]
        unverified = [metric for need, metric in planned.unverified.items() if need not in measured]
        for (spec, key, dataset), reason in planned.unfit.items():
            metrics.append(Metric.failed(spec, key, reason, dataset, self.execution_id))
        metrics += [metric.carried_into(self.execution_id, unverified=True) for metric in unverified]
        metrics += [metric.carried_into(self.execution_id) for metric in planned.carried.values()]
        return planned, metrics, jobs

    def _execution(
        self, datasources: Sequence[DataSource], keys: Sequence[ResultKey], jobs: Iterable[EngineJob]
    ) -> Execution:
        """What the store is told of this execution."""
        from dqx_core.store import Execution

        return Execution(
            self.execution_id,
            suite=self.name,
            keys=tuple(keys),
            started=dt.datetime.now(dt.UTC),
            data_sources=tuple(sorted(full_name(source) for source in datasources)),
            origin=self.origin,
            parameters=as_parameters(jobs),
        )

    def _metric(self, need: Need, state: Measured, version: str | None) -> Metric:
        spec, key, dataset = need
        if isinstance(state, Failure):
            return Metric.failed(spec, key, state.failure(), dataset, self.execution_id, version)
        return Metric.build(spec, key, state.unwrap(), dataset, self.execution_id, version)

    def sql(self, datasources: Sequence[DataSource], result: AssertionResult) -> list[str]:
        """The statements that measure the numbers of a verdict, and no others.

        What was carried forward was not measured. The execution itself measures all assertions together.
        """
        evaluation, sources = self._ran(), by_full_name(datasources)
        names = {symbol.name for symbol in result.symbols}
        key = self.key_of(result)
        wanted: dict[str, list[Need]] = {}
        for metric in evaluation.graph.symbols.values():
            if metric.name in names and isinstance(metric.spec, MetricSpec):
                dataset = evaluation.full_name(metric.dataset)
                need = (metric.spec, effective_key(key, metric.back, metric.tags), dataset)
                kept = evaluation.metrics.get(need)
                here = kept is not None and kept.source_execution_id is None and dataset in sources
                if here and not any(unfit(metric.spec, sources[dataset or ""])):  # no statement reads what is not there
                    wanted.setdefault(dataset or "", []).append(need)
        return [
            statement.tree.sql(sources[name].dialect, pretty=True)
            for name, needs in wanted.items()
            for statement in statements_of(Scan(sources[name], tuple(needs)))
        ]

    def key_of(self, result: AssertionResult) -> ResultKey:
        """The key that a verdict was given for, with its calendar."""
        return next((key for key in self._keys if key == result.key), result.key)

    def reset(self) -> None:
        """Forget the run and take a new execution id; what was stored stays."""
        self._execution_id = _new_id()
        self._evaluation, self._keys, self._results = None, (), []

    def collect_results(self) -> list[AssertionResult]:
        """The verdicts of the run, in key order and then in the order in which the assertions were written."""
        self._ran()
        return list(self._results)

    def collect_symbols(self) -> list[SymbolInfo]:
        """Every number the run used, in natural order for each key."""
        evaluation = self._ran()
        return [info for key in self._keys for info in evaluation.symbols(key)]

    def report(self) -> AnalysisReport:
        """The verdicts and the numbers behind them, to print, or as JSON or a pandas frame."""
        return AnalysisReport(
            self.name, self.execution_id, tuple(self.collect_results()), tuple(self.collect_symbols())
        )

    def is_critical(self) -> bool:
        """Whether a P0 assertion failed or could not be computed."""
        self._ran()
        return any(r.severity is Severity.P0 and r.status in (Status.FAILED, Status.ERROR) for r in self._results)

    def _ran(self) -> Evaluation:
        if self._evaluation is None:
            raise DefinitionError(f"Suite '{self.name}' has not run yet. Call run(datasources, key) first.")
        return self._evaluation


def _new_id() -> ExecutionId:
    return str(uuid.uuid4())


def _by_need(metrics: Iterable[Metric]) -> dict[Need, Metric]:
    return {(metric.spec, metric.key, metric.dataset): metric for metric in metrics}
