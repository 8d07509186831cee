"""What a report tells, read from the metric store alone: plain values, ready to be shown."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from returns.result import Success

from dqx_core.errors import DefinitionError, hint
from dqx_core.html.axis import At, at_of, before, day_of, order, ordered, week_before
from dqx_core.html.limits import Limits, limits_of
from dqx_core.html.lines import ALL_ROWS, styles_of
from dqx_core.html.newest import BAD, WEEK, Newest
from dqx_core.keys import ExecutionId, Tags
from dqx_core.report import AssertionResult, Status

if TYPE_CHECKING:
    from dqx_core.store import DatasetVersion, Execution, MetricDB, Tally

Line = Mapping[At, float]
"""A value a window; windows without one are absent."""


@dataclass(frozen=True)
class Told:
    """One verdict, with the same assertion's value of the window and of the week before; None: there is none."""

    result: AssertionResult
    execution_id: ExecutionId
    before: float | None
    last_week: float | None

    @property
    def at(self) -> At:
        """Where it stands on the axis."""
        return at_of(self.result)

    @property
    def label(self) -> str:
        """Its tags as text."""
        return label_of(self.result.tags)


@dataclass(frozen=True)
class Trend:
    """An assertion over time."""

    suite: str
    check: str
    assertion: str
    lines: Mapping[str, Line]
    """By tags, as text."""
    limits: Mapping[At, Limits]
    verdicts: Sequence[Told]
    """Newest window first."""

    @property
    def newest(self) -> AssertionResult:
        """The newest verdict, which says how bad it is and what the condition is."""
        return self.verdicts[0].result

    @cached_property
    def by_tags(self) -> Sequence[Told]:
        """The newest verdict under each tags: those that are bad first, so that none stands behind one that is not."""
        newest: dict[str, Told] = {}
        for told in self.verdicts:
            newest.setdefault(told.label, told)
        return sorted(newest.values(), key=lambda t: (t.result.status not in BAD, _train_first(t.label)))

    @cached_property
    def bad(self) -> Sequence[Told]:
        """The verdicts that failed or could not be given, newest window first."""
        return [told for told in self.verdicts if told.result.status in BAD]

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many verdicts have each status."""
        return _counted(told.result for told in self.verdicts)


@dataclass(frozen=True)
class MetricTrend:
    """A metric over time."""

    dataset: str | None
    metric: str
    lines: Mapping[str, Line]
    incidents: Collection[At]
    """Windows on which an assertion that uses the metric was bad."""

    @property
    def heading(self) -> str:
        """Under which it stands."""
        return self.dataset or "of no dataset"


@dataclass(frozen=True)
class SuiteContents:
    """The verdicts of a suite."""

    name: str
    cells: Mapping[tuple[At, str], Sequence[AssertionResult]]
    """By window and tags, as text."""
    trends: Sequence[Trend]
    """In the order in which the assertions were written."""

    @property
    def windows(self) -> Sequence[At]:
        """The windows that were judged, newest first."""
        return ordered(at for at, _ in self.cells)[::-1]

    @property
    def columns(self) -> Sequence[str]:
        """The tags that were judged: train first, then eval."""
        return sorted({tags for _, tags in self.cells}, key=_train_first)

    def place(self, result: AssertionResult) -> int:
        """Where among the trends that of a verdict is."""
        return self._places[result.check, result.assertion]

    @cached_property
    def _places(self) -> Mapping[tuple[str, str], int]:
        return {(trend.check, trend.assertion): number for number, trend in enumerate(self.trends)}

    @cached_property
    def failing(self) -> Sequence[Trend]:
        """The assertions that were bad at least once: the worst first, then the most recent."""
        bad = [trend for trend in self.trends if trend.bad]
        recent = sorted(bad, key=lambda t: order(t.bad[0].at), reverse=True)
        return sorted(recent, key=lambda t: t.bad[0].result.severity)


@dataclass(frozen=True)
class Partition:
    """A partition, and whether the newest verdicts speak of what is there now: the host of the runs knows that."""

    asset: str
    name: str
    state: str
    """"judged", "stale", "never judged" or "not materialized"."""
    materialized: dt.datetime | None = None
    verdicts: str = ""
    """How many of each status speak of it."""
    unjudged: Sequence[str] = ()
    """The assertions that were not judged on it as it is, and why."""


@dataclass(frozen=True)
class Contents:
    """Everything that a report tells."""

    store: str
    first: dt.date
    last: dt.date
    suites: Sequence[SuiteContents]
    metrics: Sequence[MetricTrend]
    executions: Sequence[tuple[Execution, Tally]] = ()
    """Those that gave the verdicts, newest first, with how they got their numbers."""
    definitions: Mapping[str, DatasetVersion | None] = field(default_factory=dict)
    """The newest version of each dataset that is spoken of; None: the store holds no definition of it."""
    partitions: Sequence[Partition] = ()
    """Those that somebody looked up; none where only the store was read."""

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many verdicts have each status."""
        return _counted(r for suite in self.suites for results in suite.cells.values() for r in results)

    @cached_property
    def newest(self) -> Newest:
        """Its last window: whether that is all right."""
        return Newest.of(self)

    @cached_property
    def styles(self) -> Mapping[str, str]:
        """Tags as text → the line that they have in every chart, and the colour of that in every table."""
        lines = [trend.lines for suite in self.suites for trend in suite.trends]
        lines += [metric.lines for metric in self.metrics]
        return styles_of([*(x for suite in self.suites for x in suite.columns), *(x for each in lines for x in each)])

    @property
    def bad(self) -> int:
        """How many verdicts failed or could not be given."""
        return sum(self.counts[status] for status in BAD)


@dataclass(frozen=True)
class Given:
    """A verdict as the store gave it, with its tags as text."""

    result: AssertionResult
    execution_id: ExecutionId
    label: str


def collect(
    db: MetricDB,
    *,
    suite: str | None = None,
    dataset: str | None = None,
    from_date: dt.date | None = None,
    until_date: dt.date | None = None,
) -> Contents:
    """What the store holds on some suites, datasets and days, both days inclusive; the newest verdict of each counts.

    Raises:
        DefinitionError: There is no verdict on what was asked; the message says what there is.
        StoreError: The store cannot be read.
    """
    # A week more, for what is compared with last week.
    held = db.latest_results(suite, from_date=from_date and from_date - WEEK, until_date=until_date)
    told = [
        Given(result, execution_id, label_of(result.tags))
        for result, execution_id in held.items()
        if dataset is None or any(symbol.dataset == dataset for symbol in result.symbols)
    ]
    since = from_date or dt.date.min
    asked = [given.result for given in told if given.result.yyyy_mm_dd >= since]
    if not asked:
        raise DefinitionError(_nothing(db, suite, dataset, from_date, until_date))
    first, last = min(r.yyyy_mm_dd for r in asked), max(r.yyyy_mm_dd for r in asked)
    metrics = _metrics(db, asked, first, last, of=dataset, suite=suite)
    named = {metric.dataset for metric in metrics} | {s.dataset for r in asked for s in r.symbols}
    return Contents(
        db.name,
        first,
        last,
        [_suite(name, [g for g in told if g.result.suite == name], since) for name in sorted({r.suite for r in asked})],
        metrics,
        _executions(db, {given.execution_id for given in told if given.result.yyyy_mm_dd >= since}),
        {name: next(reversed(db.datasets.versions(name)), None) for name in sorted(filter(None, named))},
    )


def _suite(name: str, told: Sequence[Given], since: dt.date) -> SuiteContents:
    cells: dict[tuple[At, str], list[AssertionResult]] = {}
    values: dict[tuple[str, str], dict[str, dict[At, float]]] = {}
    verdicts: dict[tuple[str, str], list[Given]] = {}
    for given in told:
        result = given.result
        place = (result.check, result.assertion)
        if isinstance(result.metric, Success):
            line = values.setdefault(place, {}).setdefault(given.label, {})
            line[at_of(result)] = float(result.metric.unwrap())
        if result.yyyy_mm_dd >= since:
            cells.setdefault((at_of(result), given.label), []).append(result)
            verdicts.setdefault(place, []).append(given)
    return SuiteContents(
        name, cells, [_trend(given, values.get(place, {}), since) for place, given in verdicts.items()]
    )


def _trend(verdicts: Sequence[Given], values: Mapping[str, Line], since: dt.date) -> Trend:
    """An assertion's verdicts, with its values of earlier windows beside each."""

    def earlier(given: Given, of: Callable[[At, Collection[At]], At | None]) -> float | None:
        line = values.get(given.label, {})
        found = of(at_of(given.result), line)
        return None if found is None else line.get(found)

    by_label = sorted(verdicts, key=lambda g: _train_first(g.label))
    newest_first = sorted(by_label, key=lambda g: order(at_of(g.result)), reverse=True)
    one = verdicts[0].result
    return Trend(
        one.suite,
        one.check,
        one.assertion,
        {
            label: {at: value for at, value in values[label].items() if day_of(at) >= since}
            for label in sorted(values, key=_train_first)
        },
        {at_of(g.result): found for g in verdicts if (found := limits_of(g.result)) is not None},
        [Told(g.result, g.execution_id, earlier(g, before), earlier(g, week_before)) for g in newest_first],
    )


def _metrics(
    db: MetricDB,
    results: Iterable[AssertionResult],
    first: dt.date,
    last: dt.date,
    *,
    of: str | None,
    suite: str | None,
) -> list[MetricTrend]:
    """The metrics that the verdicts used, and with no suite asked for, whatever else was measured of their datasets."""
    used: dict[tuple[str | None, str], set[At]] = {}
    for result in results:
        for symbol in result.symbols:
            incidents = used.setdefault((symbol.dataset, symbol.metric), set())
            if result.status in BAD:
                incidents.add(at_of(result))
    datasets = {of} if of is not None else {dataset for dataset, _ in used}
    wanted = dict.fromkeys(
        (s.dataset, s.metric)
        for s in db.series()
        if s.dataset in datasets and (suite is None or (s.dataset, s.metric) in used)
    )
    found = []
    for dataset, metric in wanted:
        lines: dict[str, dict[At, float]] = {}
        for point in db.points(dataset, metric, first, last):
            if isinstance(point.value, Success):
                lines.setdefault(label_of(point.tags), {})[at_of(point)] = float(point.value.unwrap())
        if lines:
            ordered = {label: lines[label] for label in sorted(lines, key=_train_first)}
            found.append(MetricTrend(dataset, metric, ordered, used.get((dataset, metric), set())))
    return found


def _executions(db: MetricDB, wanted: Collection[ExecutionId]) -> list[tuple[Execution, Tally]]:
    tallies = db.tallies(wanted)
    return [(each, tallies[each.execution_id]) for each in db.executions() if each.execution_id in wanted]


def _nothing(
    db: MetricDB, suite: str | None, dataset: str | None, from_date: dt.date | None, until_date: dt.date | None
) -> str:
    """Why there is nothing to report, and the way out."""
    held = db.latest_results()
    suites = {result.suite for result in held}
    if not held:
        return f"The metric store {db.name} holds no verdicts yet. Run a suite first, such as: dqx run --help"
    if suite is not None and suite not in suites:
        return f"The metric store {db.name} holds no verdicts of suite '{suite}'. {hint(suite, suites)}"
    datasets = {symbol.dataset for result in held for symbol in result.symbols if symbol.dataset is not None}
    if dataset is not None and dataset not in datasets:
        return f"The metric store {db.name} holds no verdicts on dataset '{dataset}'. {hint(dataset, datasets)}"
    of = [r.yyyy_mm_dd for r in held if suite in (None, r.suite)]
    asked = f"{from_date or 'the first day'} to {until_date or 'the last day'}"
    return f"There are no verdicts from {asked}: those in the store are from {min(of)} to {max(of)}."


def _counted(results: Iterable[AssertionResult]) -> Mapping[Status, int]:
    found = Counter(result.status for result in results)
    return {status: found[status] for status in Status}


def label_of(tags: Mapping[str, str]) -> str:
    """Tags for people: the bare value where the split is all there is."""
    return tags["split"] if set(tags) == {"split"} else str(Tags(tags)) or ALL_ROWS


def _train_first(label: str) -> tuple[int, str]:
    """Train, eval, what else there is by name, and rows of all splits last."""
    return {"train": 0, "eval": 1, ALL_ROWS: 3}.get(label, 2), label
