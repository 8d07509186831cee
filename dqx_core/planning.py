"""What to measure, what to carry forward and what is missing: a pure function of needs, sources and what is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from dqx_core.engines.base import DataSource
from dqx_core.graph import Graph
from dqx_core.keys import ResultKey, TagOverrides, Tags
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.metric import Metric

History = Literal["shared", "isolated"]
Reuse = Literal["never", "same_version"]

Need = tuple[MetricSpec, ResultKey, str | None]
"""One number: what, for which day and tags, of which dataset. It is its identity in an execution."""


@dataclass(frozen=True)
class Scan:
    """The numbers that are measured from one data source, in one pass."""

    source: DataSource
    needs: tuple[Need, ...]
    lagged: frozenset[Need] = frozenset()
    """Those of earlier days, which are only there if the source has rows for the day."""
    versions: Mapping[Need, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How each number of an execution gets into the store under its id."""

    scans: tuple[Scan, ...] = ()
    carried: Mapping[Need, Metric] = field(default_factory=dict)
    """From earlier executions that measured the same data version."""
    unverified: Mapping[Need, Metric] = field(default_factory=dict)
    """From earlier executions, for days the source cannot serve any more."""
    ready: frozenset[Need] = frozenset()
    """Measured by this execution already."""
    missing: frozenset[Need] = frozenset()
    """Nobody can say."""


def effective_key(key: ResultKey, lag: int, tags: TagOverrides | None) -> ResultKey:
    """The day and tags a symbol speaks of when the suite is judged for `key`."""
    at = key.lag(lag)
    return at if tags is None else ResultKey(at.yyyy_mm_dd, tags.over(at.tags))


def needs_of(graph: Graph, keys: Iterable[ResultKey], also_lags: Iterable[int] = ()) -> list[Need]:
    """Every number that judging the graph for the keys takes, each once.

    `also_lags` adds the same metrics that many days before, so that a trend can be told beside the verdict.
    """
    lags = (0, *also_lags)
    metrics = [
        (m.spec, m.lag_offset + days, m.tags, m.dataset)
        for m in graph.symbols.values()
        if isinstance(m.spec, MetricSpec)
        for days in lags
    ]
    return list(
        dict.fromkeys(
            (spec, effective_key(key, lag, tags), dataset) for key in keys for spec, lag, tags, dataset in metrics
        )
    )


def data_versions(needs: Sequence[Need], sources: Mapping[str, DataSource]) -> dict[Need, str | None]:
    """The data version that each need's source reports now; asked once per day and tags."""
    asked: dict[tuple[str | None, ResultKey], str | None] = {}
    for _, key, dataset in needs:
        if (dataset, key) not in asked:
            source = sources.get(dataset or "")
            asked[dataset, key] = source.data_version(key.yyyy_mm_dd, key.tags) if source else None
    return {need: asked[need[2], need[1]] for need in needs}


def plan(
    needs: Sequence[Need],
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
        needs: What is needed.
        keys: What the run judges: needs of other days are history, and what the source does not have of other tags
            is missing, as an earlier day would be.
        sources: The data sources by name.
        versions: The data version that each need's source reports now.
        own: What this execution measured already.
        same_version: The newest earlier measurement of the same data version: for needs of other days, and for
            those of the run's own days if they may be reused.
        newest: For needs of other days, the newest earlier measurement of any data version.
        history: "isolated" carries nothing forward.
    """
    days = {key.yyyy_mm_dd for key in keys}
    ready = frozenset(need for need in needs if need in own and own[need].data_version == versions[need])
    carried: dict[Need, Metric] = {}
    unverified: dict[Need, Metric] = {}
    missing: set[Need] = set()
    to_measure: dict[str, list[Need]] = {}
    for need in needs:
        _, key, dataset = need
        source = sources.get(dataset or "")
        today = key.yyyy_mm_dd in days
        shared = history == "shared"
        known = newest.get(need) if shared and not today else None
        if need in ready:
            continue
        if source is not None and key.yyyy_mm_dd in source.skip_dates:
            missing.add(need)
            continue
        if shared and need in same_version:
            carried[need] = same_version[need]
        elif source is not None and can_serve(source, key, keys, today=today):
            to_measure.setdefault(source.name, []).append(need)
            if known is not None:
                unverified[need] = known
        elif known is not None:
            unverified[need] = known
        else:
            missing.add(need)
    scans = tuple(
        Scan(
            sources[name],
            tuple(wanted),
            frozenset(need for need in wanted if need[1].yyyy_mm_dd not in days),
            {need: versions[need] for need in wanted},
        )
        for name, wanted in to_measure.items()
    )
    return Plan(scans, carried, unverified, ready, frozenset(missing))


def can_serve(source: DataSource, key: ResultKey, keys: AbstractSet[ResultKey], *, today: bool) -> bool:
    """Whether a key may be measured: without a date column the data is the nominal day and no other."""
    if key.yyyy_mm_dd in source.skip_dates or not (today or source.date_column is not None):
        return False
    return key in keys or source.is_there(key.yyyy_mm_dd, key.tags)


def by_dimensions(source: DataSource, needs: Iterable[Need]) -> Iterator[tuple[Need, Tags]]:
    """Each need with those of its tags that filter rows of the source."""
    known: dict[Mapping[str, str], Tags] = {}
    for need in needs:
        tags = need[1].tags
        if tags not in known:
            known[tags] = Tags({name: value for name, value in tags.items() if name in source.dimensions})
        yield need, known[tags]
