"""What to measure, what to carry forward and what is missing: a pure function of needs, sources and what is known."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from dqx_core.calendars import NOW, Back
from dqx_core.engines.base import DataSource, full_name, zone_of
from dqx_core.errors import DefinitionError
from dqx_core.graph import Graph
from dqx_core.keys import ResultKey, TagOverrides, Tags
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.metric import Metric
from dqx_core.passes.fitness import types_of
from dqx_core.passes.fitness import unfit as why_not
from dqx_core.sql.dimensions import canonical

History = Literal["shared", "isolated"]
Reuse = Literal["never", "same_version"]

Need = tuple[MetricSpec, ResultKey, str | None]
"""One number: what, for which window and tags, of which dataset, in full. It is its identity in an execution."""


@dataclass(frozen=True)
class Scan:
    """The numbers that are measured from one data source, in one pass."""

    source: DataSource
    needs: tuple[Need, ...]
    lagged: frozenset[Need] = frozenset()
    """Those of earlier windows, which are only there if the source has rows for the window."""
    versions: Mapping[Need, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How each number of an execution gets into the store under its id."""

    scans: tuple[Scan, ...] = ()
    carried: Mapping[Need, Metric] = field(default_factory=dict)
    """From earlier executions that measured the same data version."""
    unverified: Mapping[Need, Metric] = field(default_factory=dict)
    """From earlier executions, for windows the source cannot serve any more."""
    ready: frozenset[Need] = frozenset()
    """Measured by this execution already."""
    missing: frozenset[Need] = frozenset()
    """Nobody can say."""
    absent: frozenset[Need] = frozenset()
    """Of partitions that are judged and do not exist: no rows of theirs are counted, not even as none."""
    unfit: Mapping[Need, str] = field(default_factory=dict)
    """What cannot be computed from the columns that the source has, and why."""


def effective_key(key: ResultKey, back: Back, tags: TagOverrides | None) -> ResultKey:
    """The window and tags a symbol speaks of when the suite is judged for `key`."""
    at = key if back is NOW else key.back(back)
    return at if tags is None else at.tagged(tags.over(at.tags))


def named_in_full(sources: Mapping[str, DataSource]) -> dict[str, str]:
    """The full name of each data source whose name in checks is short for it, by that name."""
    return {name: full_name(source) for name, source in sources.items() if full_name(source) != name}


def by_full_name(sources: Iterable[DataSource]) -> dict[str, DataSource]:
    """Each data source by the name under which its numbers are kept.

    Raises:
        DefinitionError: Two have the same.
    """
    named: dict[str, DataSource] = {}
    for source in sources:
        if named.setdefault(full_name(source), source) is not source:
            raise DefinitionError(f"Two data sources are '{full_name(source)}' in full. Give one another identity.")
    return named


def needs_of(
    graph: Graph,
    keys: Iterable[ResultKey],
    also_lags: Iterable[int] = (),
    full_names: Mapping[str, str] = MappingProxyType({}),
) -> dict[Need, bool]:
    """Every number that judging the graph for the keys takes, and whether it speaks of the very window that is judged.

    All others are history. `also_lags` adds the same metrics that many windows before, so that a trend can be told
    beside the verdict.
    """
    lags = (0, *also_lags)
    metrics = [
        (m.spec, m.back.and_then(Back(lag)) if lag else m.back, m.tags, full_names.get(m.dataset or "", m.dataset))
        for m in graph.symbols.values()
        if isinstance(m.spec, MetricSpec)
        for lag in lags
    ]
    found: dict[Need, bool] = {}
    for key in keys:
        for spec, back, tags, dataset in metrics:
            own = back is NOW
            need = (spec, effective_key(key, back, tags), dataset)
            found[need] = own or found.get(need, False)
    return found


def data_versions(needs: Iterable[Need], sources: Mapping[str, DataSource]) -> dict[Need, str | None]:
    """The data version that each need's source reports now; asked once per window and tags."""
    asked: dict[tuple[str | None, ResultKey], str | None] = {}
    found: dict[Need, str | None] = {}
    for need in needs:
        _, key, dataset = need
        place = dataset, key
        if place not in asked:
            source = sources.get(dataset or "")
            asked[place] = version_of(source, key) if source else None
        found[need] = asked[place]
    return found


def moved_since(scan: Scan, measured: Container[Need]) -> tuple[Need, ...]:
    """The measured numbers of a scan whose data has another version now than before it."""
    if set(scan.versions.values()) <= {None}:  # nobody knows the version of anything
        return ()
    asked = [need for need in scan.needs if need in measured and scan.versions.get(need) is not None]
    now = data_versions(asked, {full_name(scan.source): scan.source})
    return tuple(need for need in asked if now[need] != scan.versions[need])


def version_of(source: DataSource, key: ResultKey) -> str | None:
    """The data version of a window and tags; of several dates that of all, if each has one."""
    versions = [source.data_version(day, key.tags) for day in _dates(source, key)]
    if None in versions or len(versions) == 1:
        return None if None in versions else versions[0]
    return hashlib.sha256("|".join(map(str, versions)).encode()).hexdigest()[:32]


def is_there(source: DataSource, key: ResultKey) -> bool:
    """Whether the source has a part of the data for any date of the window."""
    return any(source.is_there(day, key.tags) for day in _dates(source, key))


def _dates(source: DataSource, key: ResultKey) -> list[dt.date]:
    """The dates that a window touches, on the clocks of the source and in UTC: its parts may go by either.

    A source that knows its parts says which of them are in the window.
    """
    parts = getattr(source, "parts_in", None)
    if parts is not None:
        own: list[dt.date] = parts(key.interval)
        return own
    if key.window is None or source.date_column is None:
        return [key.yyyy_mm_dd]
    last = key.window.end - dt.timedelta(microseconds=1)
    found: set[dt.date] = set()
    for clocks in {zone_of(source), "UTC"}:
        first = key.window.start.astimezone(ZoneInfo(clocks)).date()
        count = (last.astimezone(ZoneInfo(clocks)).date() - first).days
        found.update(first + dt.timedelta(days=n) for n in range(count + 1))
    return sorted(found)


def plan(
    needs: Mapping[Need, bool],
    keys: AbstractSet[ResultKey],
    sources: Mapping[str, DataSource],
    *,
    versions: Mapping[Need, str | None],
    own: Mapping[Need, Metric],
    same_version: Mapping[Need, Metric],
    newest: Mapping[Need, Metric],
    history: History = "shared",
) -> Plan:
    """How to get every need.

    Args:
        needs: What is needed, and whether it speaks of a window that is judged. All else is history, the same
            whether or not the run judges that window as well.
        keys: What the run judges: what the source does not have of other tags is missing, as an earlier window would
            be.
        sources: The data sources by full name.
        versions: The data version that each need's source reports now.
        own: What this execution measured already.
        same_version: The newest earlier measurement of the same data version: for needs of other windows,
            and for those of the run's own if they may be reused.
        newest: For needs of other windows, the newest earlier measurement of any data version.
        history: "isolated" carries nothing forward.
    """
    # Within an execution a number is measured once, also of data without a version. Across executions what has none is
    # never known to be the same: nobody asks for it (see `same_version`).
    ready = frozenset(need for need in own if need in needs and own[need].data_version == versions[need])
    carried: dict[Need, Metric] = {}
    unverified: dict[Need, Metric] = {}
    missing: set[Need] = set()
    absent: set[Need] = set()
    to_measure: dict[str, list[Need]] = {}
    unfit: dict[Need, str] = {}
    reasons: dict[tuple[MetricSpec, str | None], str] = {}
    there: dict[tuple[str | None, ResultKey], bool] = {}
    types: dict[str | None, Mapping[str, str]] = {}
    for need, today in needs.items():
        spec, key, dataset = need
        source = sources.get(dataset or "")
        shared = history == "shared"
        known = newest.get(need) if shared and not today else None
        if ready and need in ready:
            continue
        if source is not None and key.yyyy_mm_dd in source.skip_dates:
            missing.add(need)
            continue
        if shared and same_version and need in same_version:
            carried[need] = same_version[need]
        elif source is not None and (today or source.date_column is not None):
            place = (dataset, key)
            found = there.get(place)
            if found is None:
                found = there[place] = is_there(source, key)
            if not found:
                if today and key in keys:
                    absent.add(need)
                elif known is not None:
                    unverified[need] = known
                else:
                    missing.add(need)
                continue
            reason = reasons.get((spec, dataset))
            if reason is None:
                if dataset not in types:
                    types[dataset] = types_of(source)
                reason = "; ".join([f"it {why}" for why in why_not(spec, source, types[dataset])])
                reasons[spec, dataset] = reason
            if not reason:
                to_measure.setdefault(dataset or "", []).append(need)
            elif known is None:
                unfit[need] = reason
            if known is not None:
                unverified[need] = known
        elif known is not None:
            unverified[need] = known
        else:
            missing.add(need)
    scans = tuple(
        Scan(
            _narrowed(sources[name], wanted),
            tuple(wanted),
            frozenset([need for need in wanted if not needs[need]]),
            {need: versions[need] for need in wanted},
        )
        for name, wanted in to_measure.items()
    )
    return Plan(scans, carried, unverified, ready, frozenset(missing), frozenset(absent), unfit)


def _narrowed(source: DataSource, needs: Iterable[Need]) -> DataSource:
    """The source without what it has of other dates, if it can leave that unread."""
    narrow = getattr(source, "narrowed", None)
    if narrow is None:
        return source
    dates = {day for key in {need[1] for need in needs} for day in _dates(source, key)}
    narrowed: DataSource = narrow(dates)
    return narrowed


def fault_of(source: DataSource, key: ResultKey) -> str | None:
    """Why what is stored of a window and tags cannot be read as what it says it is; None: nobody knows of anything."""
    fault = getattr(source, "fault", None)
    return None if fault is None else next((why for day in _dates(source, key) if (why := fault(day, key.tags))), None)


def by_dimensions(source: DataSource, needs: Iterable[Need]) -> Iterator[tuple[Need, Tags]]:
    """Each need with those of its tags that filter rows of the source, their values as canonical texts.

    Raises:
        DefinitionError: A tag is not a value of its column's type.
    """
    types = {name.lower(): type_name for name, type_name in source.schema.items()}

    def value(name: str, text: str) -> str:
        type_name = types[source.dimensions[name].lower()]
        return canonical(name, text, type_name, source.dialect, zone_of(source))

    known: dict[Mapping[str, str], Tags] = {}
    for need in needs:
        tags = need[1].tags
        if tags not in known:
            known[tags] = Tags({name: value(name, text) for name, text in tags.items() if name in source.dimensions})
        yield need, known[tags]
