"""Plan × engine → states: run the statements of a scan and hand each metric its state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from returns.result import Failure, Result, Success

from dqx_core.errors import EngineError
from dqx_core.keys import Tags
from dqx_core.metrics.base import GroupedMetric, MetricSpec, ScanMetric
from dqx_core.metrics.counts import NumRows
from dqx_core.planning import Need, Scan, by_dimensions
from dqx_core.sql.query import DAY, Grouping, Statement, grouped_statement, scan_statement
from dqx_core.states import Mergeable, State

Group = tuple[dt.date | None, Tags]
"""A day (None where the source has no date column) and the values of the dimensions rows are grouped by."""

Measured = Result[State, str]


def execute(scan: Scan, announce: Callable[[str], None] | None = None) -> dict[Need, Measured]:
    """The state of every need of the scan, or why there is none. Needs of earlier days without rows are left out.

    Raises:
        EngineError: The engine refused even a statement that only counts rows.
    """
    source = scan.source
    filters = dict(by_dimensions(source, scan.needs))
    found: dict[Need, Measured] = {}
    for statement in statements_of(scan):
        if announce is not None:
            announce(f"{source.name}: {', '.join(m.name for m in statement.reads)}")
        groups = _run(statement)
        wanted = [
            need for need in scan.needs if need[0] in statement.reads and _answers(statement, filters[need], need[0])
        ]
        for need in wanted:
            state = _state(
                need, filters[need], statement, groups, need in scan.lagged and scan.versions.get(need) is None
            )
            if state is not None:
                found[need] = state
    return found


def statements_of(scan: Scan) -> list[Statement]:
    """The statements of a scan: one for all plain aggregates, one per grouped metric and set of dimensions."""
    source = scan.source
    filters = dict(by_dimensions(source, scan.needs))
    plain = list(dict.fromkeys(spec for spec, _, _ in scan.needs if isinstance(spec, ScanMetric)))
    made: list[Statement] = []
    if plain:
        needs = [need for need in scan.needs if isinstance(need[0], ScanMetric)]
        made.append(scan_statement(plain, _grouping(scan, needs, filters)))
    alone: dict[tuple[MetricSpec, tuple[str, ...]], list[Need]] = {}
    for need in scan.needs:
        if isinstance(need[0], GroupedMetric):
            alone.setdefault((need[0], tuple(filters[need])), []).append(need)
    for (spec, _), needs in alone.items():
        assert isinstance(spec, GroupedMetric)
        made.append(grouped_statement(spec, _grouping(scan, needs, filters)))
    return made


def _grouping(scan: Scan, needs: Sequence[Need], filters: Mapping[Need, Tags]) -> Grouping:
    dimensions = sorted({name for need in needs for name in filters[need]})
    only = [
        (name, tuple(sorted({filters[need][name] for need in needs})))
        for name in dimensions
        if all(name in filters[need] for need in needs)
    ]
    days = sorted({key.yyyy_mm_dd for _, key, _ in needs})
    return Grouping(scan.source, tuple(days), tuple(dimensions), tuple(only))


def _answers(statement: Statement, tags: Tags, spec: MetricSpec) -> bool:
    """Whether a statement's groups make up the rows with those tags: exactly, or by merging."""
    return spec.mergeable or tuple(tags) == statement.grouping.dimensions


Rows = dict[Group, Mapping[str, Any]]


def _run(statement: Statement) -> tuple[Rows, dict[MetricSpec, str]]:
    """The rows of a statement by group, and the metrics that broke it, each with its reason.

    One bad metric must not spoil the others: a statement that fails is halved until what fails is one metric.

    Raises:
        EngineError: It is not a metric that fails: the rows cannot even be counted.
    """
    try:
        return _rows(statement), {}
    except EngineError as error:
        metrics = list(statement.reads)
        if metrics != [NumRows()]:
            _rows(scan_statement([NumRows()], statement.grouping))
        else:
            raise
        if len(metrics) == 1:
            return {}, {metrics[0]: str(error.__cause__ or error)}
        rows: dict[Group, dict[str, Any]] = {}
        broken: dict[MetricSpec, str] = {}
        for half in (metrics[: len(metrics) // 2], metrics[len(metrics) // 2 :]):
            part = scan_statement([m for m in half if isinstance(m, ScanMetric)], statement.grouping)
            some, bad = _run(part)
            broken |= bad
            renamed = {
                part.reads[metric][name]: column for metric in half for name, column in statement.reads[metric].items()
            }
            for group, row in some.items():
                rows.setdefault(group, {}).update({renamed[c]: value for c, value in row.items() if c in renamed})
        return dict(rows), broken


def _rows(statement: Statement) -> Rows:
    grouping = statement.grouping
    names = grouping.names
    rows: Rows = {}
    for row in grouping.source.query(statement.tree).to_pylist():
        keys = [row.pop(name) for name in names]
        day = keys.pop(0) if names and names[0] == DAY else None
        tags = {tag: value for tag, value in zip(grouping.dimensions, keys, strict=True) if value is not None}
        rows[day, Tags(tags)] = row
    return rows


def _state(
    need: Need, tags: Tags, statement: Statement, result: tuple[Rows, dict[MetricSpec, str]], only_if_rows: bool
) -> Measured | None:
    """The state of one need from the groups that make up its rows."""
    spec, key, _ = need
    rows, broken = result
    if spec in broken:
        return Failure(broken[spec])
    assert isinstance(spec, ScanMetric | GroupedMetric)
    day = key.yyyy_mm_dd if statement.grouping.source.date_column is not None else None
    parts = _parts(rows, statement, day, tags)
    if not parts:
        if only_if_rows:
            return None
        parts = [{column: 0 if column in statement.counts else None for column in statement.reads[spec].values()}]
    try:
        states = [spec.state({name: part[column] for name, column in statement.reads[spec].items()}) for part in parts]
    except (TypeError, ValueError, ArithmeticError) as error:
        return Failure(f"the engine's answer cannot be read: {error}")
    if len(states) == 1:
        return Success(states[0])
    return Success(reduce(_merge, states))


def _parts(rows: Rows, statement: Statement, day: dt.date | None, tags: Tags) -> list[Mapping[str, Any]]:
    if tuple(tags) == statement.grouping.dimensions:
        row = rows.get((day, tags))
        return [] if row is None else [row]
    return [row for (d, group), row in rows.items() if d == day and all(group.get(k) == v for k, v in tags.items())]


def _merge(a: State, b: State) -> State:
    assert isinstance(a, Mergeable)
    assert isinstance(b, Mergeable)
    return a.merge(b)
