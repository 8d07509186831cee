"""Plan × engine → states: run the statements of a scan and hand each metric its state."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial, reduce
from typing import Any

from returns.result import Failure, Result, Success

from dqx_core.engines.base import Extent
from dqx_core.engines.jobs import recording
from dqx_core.halving import halved, reason_of, run
from dqx_core.keys import ResultKey, Tags
from dqx_core.metrics.base import (
    BESIDE,
    GroupedMetric,
    MarkedMetric,
    MetricSpec,
    OverItems,
    ScanMetric,
    StatementMetric,
)
from dqx_core.metrics.counts import NumRows
from dqx_core.pausing import no_collection
from dqx_core.planning import Need, Plan, Scan, by_dimensions, fault_of
from dqx_core.sql.dialects import dialect_of
from dqx_core.sql.query import (
    DAY,
    Grouping,
    Statement,
    grouped_statement,
    marked_statement,
    own_statement,
    scan_statement,
)
from dqx_core.sql.types import ColumnKind, kind_of
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
    beside = _beside(scan)
    wanted = dict.fromkeys([*beside.values(), *scan.needs])
    by_spec: dict[MetricSpec, dict[Tags, list[Need]]] = {}
    filters = dict(by_dimensions(source, wanted))
    for need, tags in filters.items():
        by_spec.setdefault(need[0], {}).setdefault(tags, []).append(need)
    found: dict[Need, Measured] = {}
    there: tuple[Rows, Statement] | None = None
    bare: list[Need] = []
    with no_collection():
        statements = statements_of(scan)
    for first in statements:
        if announce is not None:
            announce(f"{source.name}: {', '.join(m.name for m in first.reads)}")
        rows, broken, statement = run(first, _rows)
        there = there or (rows, statement)
        astray: dict[Need, str] = {}
        with no_collection():
            for spec in statement.reads:
                state = _reader(spec, statement)
                answered = (item for item in by_spec.get(spec, {}).items() if _answers(statement, item[0], spec))
                for need, tags in ((need, tags) for tags, needs in answered for need in needs):
                    if scan.lagged and need in scan.lagged and not _parts(*there, need, tags):
                        continue
                    parts = _parts(rows, statement, need, tags)
                    if not parts or not statement.grouping.names:
                        bare.append(need)
                    if spec in broken:
                        astray[need] = reason_of(broken[spec])
                    else:
                        found[need] = _state(state, parts, found, beside.get(need))
        # What broke it may be a row of one day alone: then it is an error of that day, and of no other.
        of_rows = {need: reason for need, reason in astray.items() if broken[need[0]].of_rows}
        for part, rows, needs in halved(statement, of_rows, filters, partial(_grouping, scan), _rows):
            readers = {need[0]: _reader(need[0], part) for need in needs}
            for need in needs:
                parts = _parts(rows, part, need, filters[need])
                found[need] = _state(readers[need[0]], parts, found, beside.get(need))
        found |= {n: Failure(of_rows.get(n, reason)) for n, reason in astray.items() if n not in found}
    measured = {need: found[need] for need in scan.needs if need in found}
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
        counting = scan_statement([NumRows()], _grouping(scan, [need for need, _ in unsure], dict(unsure)))
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


def _beside(scan: Scan) -> dict[Need, Need]:
    """The needs that take another one's value, and that one."""
    taken: dict[Need, Need] = {}
    for need in scan.needs:
        spec, key, dataset = need
        if isinstance(spec, GroupedMetric) and spec.beside is not None:
            taken[need] = (spec.beside, key, dataset)
    return taken


def statements_of(scan: Scan) -> list[Statement]:
    """The statements of a scan.

    The first is one pass for all plain aggregates; it also tells which of the earlier days are there. Then come
    one for the distinct values of all columns of integers that lie close together, one for the other grouped metrics
    of the same columns, condition and dimensions, and one for each other metric.
    """
    wanted = dict.fromkeys([*scan.needs, *_beside(scan).values()])
    filters = dict(by_dimensions(scan.source, wanted))
    plain: list[Need] = []
    grouped: dict[tuple[tuple[str, ...], str | None, tuple[str, ...]], list[Need]] = {}
    unmerged: dict[tuple[str, ...], list[Need]] = {}
    marked: dict[tuple[str, ...], list[Need]] = {}
    extent = _extent(scan, dict.fromkeys(spec for spec, _, _ in wanted))
    spans, powers = _spans(scan, filters, extent), {column.lower(): power for column, power in extent.powers.items()}
    alone: dict[tuple[MetricSpec, tuple[str, ...]], list[Need]] = {}
    alike: dict[tuple[MetricSpec, Tags], list[Need]] = {}
    for need in wanted:
        alike.setdefault((need[0], filters[need]), []).append(need)
    scanned: list[tuple[MetricSpec, tuple[str, ...], list[Need]]] = []
    for (spec, tags), needs in alike.items():
        dimensions = tuple(tags)
        if isinstance(spec, MarkedMetric) and spec.marks in spans:
            marked.setdefault(dimensions, []).extend(needs)
        elif isinstance(spec, GroupedMetric):
            grouped.setdefault((*_over(spec), dimensions), []).extend(needs)
        elif not isinstance(spec, ScanMetric) or spec.alone:
            alone.setdefault((spec, dimensions), []).extend(needs)
        elif spec.mergeable:
            scanned.append((spec, dimensions, needs))
        else:
            unmerged.setdefault(dimensions, []).extend(needs)
    # What reads one value at a time is cheaper over the distinct ones, once somebody groups by them anyway: unless
    # it is day by day, where few rows of a day are alike.
    one_day = scan.source.date_column is None or len({key.when for _, key, _ in scan.needs}) == 1
    for spec, dimensions, needs in scanned:
        rides = one_day and isinstance(spec, OverItems)
        same = grouped.get((*_over(spec), dimensions)) if rides else None
        (plain if same is None else same).extend(needs)
    made: list[Statement] = []
    if plain or scan.lagged:
        # What does not merge joins where the groups are its own.
        plain += unmerged.pop(_grouping(scan, [*plain, *scan.lagged], filters).dimensions, [])
        made.append(_scanned(plain, _grouping(scan, [*plain, *scan.lagged], filters), powers))
    made += [_scanned(needs, _grouping(scan, needs, filters), powers) for needs in unmerged.values()]
    for needs in marked.values():
        over_bits = dict.fromkeys(spec for spec, _, _ in needs if isinstance(spec, MarkedMetric))
        made.append(marked_statement(list(over_bits), spans, _grouping(scan, needs, filters)))
    # The widest first: what a statement takes, the next finds still taken.
    for (columns, _, _), needs in sorted(grouped.items(), key=lambda item: -len(item[0][0])):
        over = dict.fromkeys(spec for spec, _, _ in needs if isinstance(spec, OverItems))
        made.append(grouped_statement(list(over), columns, _grouping(scan, needs, filters)))
    for (spec, _), needs in alone.items():
        grouping = _grouping(scan, needs, filters)
        if isinstance(spec, ScanMetric):
            made.append(_scanned(needs, grouping, powers))
        else:
            assert isinstance(spec, StatementMetric)
            made.append(own_statement(spec, grouping))
    return made


_BITS_A_ROW = 64
"""So many bits of a bitmap take less time and memory than the row takes in a hash table."""
_BITS = 2**30
"""All bitmaps of a scan together: 128 megabytes for each thread of the engine, which fills its own."""


def _extent(scan: Scan, specs: Collection[MetricSpec]) -> Extent:
    """What is known of the rows and the numbers in them before they are read."""
    source = scan.source
    if dialect_of(source.dialect).bitmap is None:
        return Extent()
    types = {name.lower(): type_name for name, type_name in source.schema.items()}
    marked = {spec.marks: ColumnKind.INTEGER for spec in specs if isinstance(spec, MarkedMetric)}
    added = {spec.adds_up: ColumnKind.FLOAT for spec in specs if isinstance(spec, ScanMetric)}
    columns = [
        column
        for column, kind in (*marked.items(), *added.items())
        if column is not None and kind_of(types[column.lower()], source.dialect) is kind
    ]
    return source.extent(columns) if columns else Extent()


def _spans(scan: Scan, filters: Mapping[Need, Tags], extent: Extent) -> dict[str, tuple[int, int]]:
    """The bounds of the columns of integers whose values are close enough together for bitmaps."""
    source = scan.source
    conditions: dict[str, set[str | None]] = {}
    for spec, _, _ in filters:
        if isinstance(spec, MarkedMetric) and spec.marks is not None:
            conditions.setdefault(spec.marks, set()).add(spec.where)
    integers = [column for column in conditions if column in extent.spans]
    if not integers:
        return {}
    values: dict[str, set[str]] = {}
    for name, value in (item for tags in filters.values() for item in tags.items()):
        values.setdefault(name, set()).add(value)
    windows = len({key.when for _, key, _ in filters}) if source.date_column is not None else 1
    groups = windows * math.prod(map(len, values.values()))
    bitmaps = sum(len(conditions[column]) for column in integers)
    most = min(_BITS // bitmaps, _BITS_A_ROW * extent.rows) // groups
    return {column: (least, top) for column, (least, top) in extent.spans.items() if top - least < most}


def _scanned(needs: Sequence[Need], grouping: Grouping, powers: Mapping[str, int]) -> Statement:
    specs = dict.fromkeys(spec for spec, _, _ in needs if isinstance(spec, ScanMetric))
    if not grouping.names:  # a row comes back also of no rows
        specs.setdefault(NumRows())
    return scan_statement(list(specs) or [NumRows()], grouping, powers)


def _over(spec: MetricSpec) -> tuple[tuple[str, ...], str | None]:
    """The columns a metric groups by, and the condition on the rows: equal ones share a statement."""
    return tuple(spec.columns), spec.where


def _grouping(scan: Scan, needs: Sequence[Need], filters: Mapping[Need, Tags]) -> Grouping:
    dimensions = sorted({name for need in needs for name in filters[need]})
    tags = {filters[need] for need in needs}
    values = tuple(tuple(sorted({each[name] for each in tags if name in each})) for name in dimensions)
    only = frozenset(name for name in dimensions if all(name in each for each in tags))
    windows = {key.when: key for _, key, _ in needs}
    ordered = sorted(windows, key=lambda when: windows[when].interval.start if when[1] else _midnight(when[0]))
    return Grouping(scan.source, tuple(ordered), tuple(dimensions), values, only)


@lru_cache(maxsize=4096)
def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(tzinfo=dt.UTC))


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
        tags = {tag: value for tag, value in zip(grouping.dimensions, keys, strict=True) if value is not None}
        rows.setdefault(day, {})[Tags(tags)] = row
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
        return [of_day[tags]] if tags in of_day else []
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
