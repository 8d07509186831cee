"""A gate from end to end: load → choose → run → judge → compare."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import dagster as dg

from dqx_core.datasets.splits import Whole
from dqx_core.report import Severity
from dqx_core.store import MetricDB
from dqx_dagster.cli.ci.baseline import Judged, baseline
from dqx_dagster.cli.ci.ground import Ground, Written, ground
from dqx_dagster.cli.ci.judging import impossible, troubles, verdicts
from dqx_dagster.cli.ci.location import Location
from dqx_dagster.cli.ci.planning import Batch, batches, choose
from dqx_dagster.cli.ci.running import Ran, run
from dqx_dagster.cli.ci.spans import Wanted
from dqx_dagster.cli.ci.verdicts import Gate
from dqx_dagster.partitions import ONLY_DATE, SPLIT, Partitioning

Tell = Callable[[int, int], object]
"""Called with what is done and what there is to do: materializations and verdicts."""


@dataclass(frozen=True)
class Settings:
    """What a gate judges, where, and how strictly."""

    select: tuple[str, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    checks_only: bool = False
    configured: bool = False
    """Use the configured instance, store and folders, and leave in them what the runs make."""
    history: bool = True
    fail_on: Severity = Severity.P1
    allow_skipped: bool = False
    baseline: str | None = None
    max_change: float | None = None
    dataset: str | None = None
    """The dataset of a warehouse that partitions are written to, in place of the configured one."""


def judge(location: Location, settings: Settings, tell: Tell = lambda done, total: None) -> Gate:
    """Run what is selected and judge it.

    Raises:
        DefinitionError: The options do not fit the code location.
        DqxError: A metric store cannot be read.
    """
    began, started = time.monotonic(), dt.datetime.now(dt.UTC)
    repository = location.repository
    graph = repository.asset_graph
    chosen = choose(repository, settings.select, checks_only=settings.checks_only)
    with ExitStack() as stack:
        # A store at a URL is a baseline that needs nothing of what is configured.
        compared = settings.baseline is not None and "://" not in settings.baseline
        here = stack.enter_context(
            ground(
                repository,
                configured=settings.configured,
                history=settings.history,
                baseline=compared,
                dataset=settings.dataset,
            )
        )
        planned = batches(repository, chosen, settings.wanted, here.instance)
        against = None
        if settings.baseline is not None:
            against = stack.enter_context(baseline(settings.baseline, here.production))
        if chosen.assets:
            here.make_room(_written(graph, planned))
        runs = _run(repository.get_implicit_global_asset_job_def(), planned, here, tell)
        stores = [stack.enter_context(closing(MetricDB(url))) for url in here.stores]
        judged = [_judged(graph, ran, stores) for ran in runs]
        return Gate(
            location=location.name,
            selection=" ".join(settings.select) or "*",
            partitions=list(dict.fromkeys(key for batch in planned for key in batch.partitions)),
            verdicts=[
                *(verdict for n, ran in enumerate(runs) for verdict in verdicts(graph, ran, stores, runs[n + 1 :])),
                *impossible(graph, chosen.impossible),
            ],
            fail_on=settings.fail_on,
            allow_skipped=settings.allow_skipped,
            started=started,
            seconds=time.monotonic() - began,
            code=location.file,
            troubles=[trouble for ran in runs for trouble in troubles(ran)],
            comparison=against.compare(judged, stores, settings.max_change) if against else None,
            notes=here.notes,
        )


def _run(job: dg.JobDefinition, planned: Sequence[Batch], here: Ground, tell: Tell) -> list[Ran]:
    """One run after the other, each after those it needs."""
    total = sum((len(each.assets) + len(each.checks)) * max(1, len(each.partitions)) for each in planned)
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        tell(done, total)

    tell(0, total)
    return [run(job, batch, span, here, one_more) for batch in planned for span in batch.spans or (None,)]


def _written(graph: dg.AssetGraph, planned: Sequence[Batch]) -> Written:
    """The partitions of datasets that the runs write."""
    found: defaultdict[str, set[tuple[dt.date, str]]] = defaultdict(set)
    for batch in planned:
        for asset in batch.assets:
            if "dqx/definition_hash" in (metadata := graph.get(asset).metadata):
                partitioning = Partitioning.of(batch.definition, metadata)
                for partition in batch.partitions or (None,):
                    key = partitioning.key(partition, dt.date.min)
                    found[asset.path[-1]].add((key.yyyy_mm_dd, key.tags.get(SPLIT, Whole().part_names[0])))
    return found


def _judged(graph: dg.AssetGraph, ran: Ran, stores: Sequence[MetricDB]) -> Judged:
    """What a run is compared by: its suites, and the days and tags of its partitions."""
    suites = {str(graph.get(check).metadata.get("dqx/suite", "")) for check in ran.batch.checks} - {""}
    executions = [found for store in stores if (found := store.execution(ran.run_id).value_or(None)) is not None]
    keys = [key for execution in executions for key in execution.keys]
    if ran.partitions == [None]:
        return Judged(ran.run_id, frozenset(suites), dict.fromkeys(keys))
    nominal = keys[0].yyyy_mm_dd if keys else dt.datetime.now(dt.UTC).date()
    datasets = [graph.get(check.asset_key).metadata for check in ran.batch.checks]
    metadata: Mapping[str, object] = next((each for each in datasets if ONLY_DATE in each), {})
    partitioning = Partitioning.of(ran.batch.definition, metadata)
    named = {partitioning.key(partition, nominal): partition for partition in ran.partitions}
    return Judged(ran.run_id, frozenset(suites), named)
