"""A scan as the statements that run it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from dqx_core.engines.base import Extent
from dqx_core.keys import Tags
from dqx_core.metrics.base import GroupedMetric, MarkedMetric, MetricSpec, OverItems, ScanMetric, StatementMetric
from dqx_core.metrics.counts import NumRows
from dqx_core.planning import Need, Scan, by_dimensions
from dqx_core.sql.dialects import dialect_of
from dqx_core.sql.query import (
    Grouping,
    Statement,
    grouped_statement,
    marked_statement,
    own_statement,
    scan_statement,
)
from dqx_core.sql.types import ColumnKind, kind_of


def beside_of(scan: Scan) -> dict[Need, Need]:
    """The needs that take another one's value, and that one."""
    taken: dict[Need, Need] = {}
    for need in scan.needs:
        spec, key, dataset = need
        if isinstance(spec, GroupedMetric) and spec.beside is not None:
            taken[need] = (spec.beside, key, dataset)
    return taken


def statements_of(scan: Scan, filters: Mapping[Need, Tags] | None = None) -> list[Statement]:
    """The statements of a scan.

    The first is one pass for all plain aggregates; it also tells which of the earlier days are there. Then come
    one for the distinct values of all columns of integers that lie close together, one for the other grouped metrics
    of the same columns, condition and dimensions, and one for each other metric.

    Args:
        scan: What is measured.
        filters: Of all that it takes the tags that filter rows, if they are known.
    """
    wanted = dict.fromkeys([*scan.needs, *beside_of(scan).values()])
    if filters is None:
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
        plain += unmerged.pop(grouping_of(scan, [*plain, *scan.lagged], filters).dimensions, [])
        made.append(_scanned(plain, grouping_of(scan, [*plain, *scan.lagged], filters), powers))
    made += [_scanned(needs, grouping_of(scan, needs, filters), powers) for needs in unmerged.values()]
    for needs in marked.values():
        over_bits = dict.fromkeys(spec for spec, _, _ in needs if isinstance(spec, MarkedMetric))
        made.append(marked_statement(list(over_bits), spans, grouping_of(scan, needs, filters)))
    # The widest first: what a statement takes, the next finds still taken.
    for (columns, _, _), needs in sorted(grouped.items(), key=lambda item: -len(item[0][0])):
        over = dict.fromkeys(spec for spec, _, _ in needs if isinstance(spec, OverItems))
        made.append(grouped_statement(list(over), columns, grouping_of(scan, needs, filters)))
    for (spec, _), needs in alone.items():
        grouping = grouping_of(scan, needs, filters)
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
    # A row comes back also of no rows; what is read under a condition of its own cannot count them all.
    if not grouping.names and not any(spec.alone and spec.where is not None for spec in specs):
        specs.setdefault(NumRows())
    return scan_statement(list(specs) or [NumRows()], grouping, powers)


def _over(spec: MetricSpec) -> tuple[tuple[str, ...], str | None]:
    """The columns a metric groups by, and the condition on the rows: equal ones share a statement."""
    return tuple(spec.columns), spec.where


def grouping_of(scan: Scan, needs: Sequence[Need], filters: Mapping[Need, Tags]) -> Grouping:
    tags = {filters[need] for need in needs}
    dimensions = sorted({name for each in tags for name in each})
    values = tuple(tuple(sorted({each[name] for each in tags if name in each})) for name in dimensions)
    only = frozenset(name for name in dimensions if all(name in each for each in tags))
    windows = {key.when: key for _, key, _ in needs}
    ordered = sorted(windows, key=lambda when: windows[when].interval.start if when[1] else _midnight(when[0]))
    return Grouping(scan.source, tuple(ordered), tuple(dimensions), values, only)


@lru_cache(maxsize=4096)
def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(tzinfo=dt.UTC))
