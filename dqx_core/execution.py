"""Plan × engine → states: run the statements of a scan and hand each metric its state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

from returns.result import Failure, Result, Success

from dqx_core.engines.jobs import recording
from dqx_core.errors import EngineError
from dqx_core.halving import halved, reason_of, run
from dqx_core.keys import ResultKey, Tags
from dqx_core.metrics.base import (
    BESIDE,
    GroupedMetric,
    MetricSpec,
    ScanMetric,
    StatementMetric,
)
from dqx_core.metrics.counts import NumRows
from dqx_core.pausing import no_collection
from dqx_core.planning import Need, Plan, Scan, by_dimensions, fault_of
from dqx_core.sql.query import (
    DAY,
    Statement,
    scan_statement,
)
from dqx_core.statements import beside_of, grouping_of, statements_of
from dqx_core.states import Mergeable, State

Measured = Result[State, str]


def execute(
    scan: Scan, announce: Callable[[str], None] | None = None, no_rows: set[Need] | None = None
) -> dict[Need, Measured]:
    """The state of every need of the scan, or why there is none. Needs of earlier windows without rows are left out.

    Others whose window and tags have not a row are added to `no_rows`.

    Raises:
        EngineError: The engine refused even a statement that only counts rows.
        NotRunError: It is out of reach, or may not read that much.
    """
    with recording(dataset=scan.source.name):
        return _executed(scan, announce, no_rows)


def _executed(scan: Scan, announce: Callable[[str], None] | None, no_rows: set[Need] | None) -> dict[Need, Measured]:
    source = scan.source
    if damaged := _damaged(scan):
        whole = replace(scan, needs=tuple(need for need in scan.needs if need not in damaged))
        rest = _executed(whole, announce, no_rows) if whole.needs else {}
        return {need: damaged[need] if need in damaged else rest[need] for need in scan.needs if need in damaged | rest}
    beside = beside_of(scan)
    wanted = dict.fromkeys([*beside.values(), *scan.needs])
    by_spec: dict[MetricSpec, dict[Tags, list[Need]]] = {}
    filters = dict(by_dimensions(source, wanted))
    for need, tags in filters.items():
        by_spec.setdefault(need[0], {}).setdefault(tags, []).append(need)
    found: dict[Need, Measured] = {}
    there: tuple[Rows, Statement] | None = None
    bare: list[Need] = []
    with no_collection():
        statements = statements_of(scan, filters)
    for first in statements:
        if announce is not None:
            announce(f"{source.name}: {', '.join(m.name for m in first.reads)}")
        rows, broken, statement = run(first, _rows)
        there = there or (rows, statement)
        astray: dict[Need, str] = {}
        parted = bool(statement.grouping.names)
        with no_collection():
            for spec in statement.reads:
                state = _reader(spec, statement)
                answered = (item for item in by_spec.get(spec, {}).items() if _answers(statement, item[0], spec))
                for need, tags in ((need, tags) for tags, needs in answered for need in needs):
                    if scan.lagged and need in scan.lagged and not _parts(*there, need, tags):
                        continue
                    parts = _parts(rows, statement, need, tags)
                    if not parts or not parted:
                        bare.append(need)
                    if spec in broken:
                        astray[need] = reason_of(broken[spec])
                    else:
                        found[need] = _state(state, parts, found, beside.get(need))
        # What broke it may be a row of one day alone: then it is an error of that day, and of no other.
        of_rows = {need: reason for need, reason in astray.items() if broken[need[0]].of_rows}
        for part, rows, needs in halved(statement, of_rows, filters, partial(grouping_of, scan), _rows):
            readers = {need[0]: _reader(need[0], part) for need in needs}
            for need in needs:
                parts = _parts(rows, part, need, filters[need])
                found[need] = _state(readers[need[0]], parts, found, beside.get(need))
        found |= {n: Failure(of_rows.get(n, reason)) for n, reason in astray.items() if n not in found}
    measured = {need: each for need in scan.needs if (each := found.get(need)) is not None}
    if bare and no_rows is not None and there is not None:
        no_rows |= _without_rows(scan, [need for need in bare if need in measured], *there)
    return measured


def _damaged(scan: Scan) -> dict[Need, Measured]:
    """The needs whose stored rows are not what they should be, each with the reason."""
    if not hasattr(scan.source, "fault"):
        return {}
    known: dict[ResultKey, str | None] = {}
    for _, key, _ in scan.needs:
        if key not in known:
            known[key] = fault_of(scan.source, key)
    return {need: Failure(reason) for need in scan.needs if (reason := known[need[1]]) is not None}


def _without_rows(scan: Scan, bare: Iterable[Need], rows: Rows, statement: Statement) -> set[Need]:
    """Those of the needs whose window and tags have not a row: that none meets a condition does not say so yet."""
    counts = all(isinstance(spec, ScanMetric) and not spec.alone for spec in statement.reads)
    found: set[Need] = set()
    unsure: list[tuple[Need, Tags]] = []
    for need, tags in by_dimensions(scan.source, bare):
        if counts and set(tags) <= set(statement.grouping.dimensions) and statement.grouping.only <= set(tags):
            if not any(_counted_rows(part, statement) for part in _parts(rows, statement, need, tags)):
                found.add(need)
        else:
            unsure.append((need, tags))
    if unsure:  # no statement counted what they are of
        counting = scan_statement([NumRows()], grouping_of(scan, [need for need, _ in unsure], dict(unsure)))
        counted = _rows(counting)
        for need, tags in unsure:
            if not any(_counted_rows(part, counting) for part in _parts(counted, counting, need, tags)):
                found.add(need)
    return found


def _counted_rows(part: Mapping[str, Any], statement: Statement) -> bool:
    """Whether a group of a result has rows: one that is told apart has, all rows together may be none."""
    if statement.grouping.names or NumRows() not in statement.reads:
        return True
    return any(part.get(column) for column in statement.reads[NumRows()].values())


def _state(
    read: Callable[..., Measured],
    parts: Sequence[Mapping[str, Any]],
    found: Mapping[Need, Measured],
    other: Need | None,
) -> Measured:
    """The state that a reader makes of the groups of a need, and of what it takes beside."""
    return read(parts) if other is None else found[other].bind(partial(read, parts))


def _answers(statement: Statement, tags: Tags, spec: MetricSpec) -> bool:
    """Whether a statement's groups make up the rows with those tags: exactly, or by merging."""
    grouping = statement.grouping
    if any(name not in tags for name in grouping.only):
        return False
    return tuple(tags) == grouping.dimensions or (spec.mergeable and set(tags) <= set(grouping.dimensions))


Rows = dict[object, dict[Tags, dict[str, Any]]]
"""By the place of the window (None where the source has no date column) and the values of the dimensions."""


def _rows(statement: Statement) -> Rows:
    grouping = statement.grouping
    names = grouping.names
    rows: Rows = {}
    for row in grouping.source.rows(statement.tree):
        keys = [row.pop(name) for name in names]
        day = keys.pop(0) if names and names[0] == DAY else None
        tags = Tags({tag: value for tag, value in zip(grouping.dimensions, keys, strict=True) if value is not None})
        groups = rows.setdefault(day, {})
        if tags in groups:
            raise EngineError(
                grouping.source.dialect,
                "give one number",
                "there are several rows of one group. Write an aggregate, which gives one number for all rows.",
                of_rows=False,
            )
        groups[tags] = row
    return rows


def _reader(spec: MetricSpec, statement: Statement) -> Callable[..., Measured]:
    """What makes a metric's state of the groups that make up its rows, and of what it takes beside.

    Made once for a metric and not for each of its numbers, which are many.
    """
    assert isinstance(spec, ScanMetric | GroupedMetric | StatementMetric)
    reads = list(statement.reads[spec].items())
    nothing = {column: 0 if column in statement.counts else None for _, column in reads}
    state_of = spec.state

    def state(parts: Sequence[Mapping[str, Any]], beside: State | None = None) -> Measured:
        also = {} if beside is None else {BESIDE: beside}
        try:
            states = [
                state_of({name: part.get(column) for name, column in reads} | also) for part in parts or [nothing]
            ]
            return Success(states[0] if len(states) == 1 else reduce(_merge, states))
        except (TypeError, ValueError, ArithmeticError) as error:
            return Failure(f"the engine's answer cannot be read: {error}")

    return state


def _parts(rows: Rows, statement: Statement, need: Need, tags: Tags) -> list[Mapping[str, Any]]:
    """The rows of the groups that have the need's day and tags."""
    grouping = statement.grouping
    of_day = rows.get(grouping.place(need[1].when), {})
    if tuple(tags) == grouping.dimensions:
        row = of_day.get(tags)
        return [] if row is None else [row]
    return [row for group, row in of_day.items() if all(group.get(k) == v for k, v in tags.items())]


def _merge(a: State, b: State) -> State:
    assert isinstance(a, Mergeable)
    assert isinstance(b, Mergeable)
    return a.merge(b)


@dataclass(frozen=True)
class Explanation:
    """What a run would do, before it does it; printed, it is for people."""

    plan: Plan
    statements: tuple[tuple[str, str], ...]
    """Data source and SQL text, in the order in which they would run."""

    def __str__(self) -> str:
        plan = self.plan
        lines = []
        for scan in plan.scans:
            mine = [sql for source, sql in self.statements if source == scan.source.name]
            lines.append(f"Scan '{scan.source.name}': {_counted(scan.needs)} in {_many(len(mine), 'statement')}")
            lines += [f"  {sql}" for sql in mine]
        for title, carried in (
            ("Carried forward, the same version of the data", plan.carried),
            ("Carried forward unverified, unless the scan finds rows", plan.unverified),
        ):
            by_execution: dict[str, list[Need]] = {}
            for need, metric in carried.items():
                by_execution.setdefault(metric.source_execution_id or metric.execution_id or "", []).append(need)
            for execution_id, needs in by_execution.items():
                lines += [f"{title}, from execution {execution_id}: {_counted(needs)}", *_listed(needs)]
        lines += [f"Cannot be measured: {spec.name} of {key}: {why}" for (spec, key, _), why in plan.unfit.items()]
        for title, ready in (("Measured by this execution already", plan.ready), ("Missing", plan.missing)):
            if ready:
                lines += [f"{title}: {_counted(ready)}", *_listed(ready)]
        return "\n".join(lines) or "Nothing to do."


def explain(plan: Plan) -> Explanation:
    """What running a plan would do; nothing is run."""
    return Explanation(
        plan,
        tuple(
            (scan.source.name, statement.tree.sql(scan.source.dialect))
            for scan in plan.scans
            for statement in statements_of(scan)
        ),
    )


def _counted(needs: Collection[Need]) -> str:
    windows = {key.when: key for _, key, _ in needs}
    ordered = sorted(windows.values(), key=lambda key: key.interval.start)
    many = "days" if all(key.calendar.unit == "d" for key in ordered) else "windows"
    first, last = ordered[0].label, ordered[-1].label
    span = f" of {first}" if len(ordered) == 1 else f" of {len(ordered)} {many} from {first} to {last}"
    return _many(len(needs), "number") + span


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _listed(needs: Iterable[Need]) -> list[str]:
    shown = sorted((f"{key}: {spec.name} on '{dataset}'" for spec, key, dataset in needs))
    return [f"  {line}" for line in shown[:20]] + ([f"  and {len(shown) - 20:,} more"] if len(shown) > 20 else [])
