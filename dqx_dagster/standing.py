"""What was judged of an asset's partitions and what was not: the verdicts of each, held against what is there now."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import dagster as dg

from dqx_core.keys import ResultKey
from dqx_core.report import AssertionResult, Status
from dqx_dagster.check_specs import Assertion, AttachedCheck
from dqx_dagster.dagster_internals import latest_materializations, name_of
from dqx_dagster.partitions import SPLIT, Partitioning
from dqx_dagster.targets import SuiteTarget

if TYPE_CHECKING:
    from dqx_core.datasets.listing import StoredPartition
    from dqx_core.datasets.storage import Storage
    from dqx_core.store import Given, MetricDB

Newest = Mapping[Assertion, "tuple[AssertionResult, Given]"]
"""The newest verdict of each assertion, and who gave it."""


class State(StrEnum):
    """Whether verdicts speak of what is there now."""

    JUDGED = "judged"
    """Every assertion that suites make today has a verdict on this materialization."""
    STALE = "stale"
    """There are verdicts, but not of every assertion, or on what was there before."""
    NEVER = "never judged"
    ABSENT = "not materialized"


@dataclass(frozen=True)
class Judges:
    """A suite with the assets that it is attached to, and the asset checks that it is."""

    target: SuiteTarget
    checks: tuple[AttachedCheck, ...]

    def assertions(self, asset: dg.AssetKey) -> list[Assertion]:
        """What the suite asserts of an asset today."""
        return [each for check in self.checks if check.spec.asset_key == asset for each in check.assertions]


@dataclass(frozen=True)
class Standing:
    """A partition of an asset, and what was judged of it."""

    asset: str
    partition: str | None
    state: State
    materialized: dt.datetime | None = None
    run_id: str | None = None
    """The run that materialized it."""
    materialization: str | None = None
    """Which materialization that is."""
    counts: Mapping[Status, int] = field(default_factory=dict)
    """The newest verdicts that speak of it, by status."""
    judged_by: tuple[str, ...] = ()
    """The runs that gave these."""
    unjudged: tuple[str, ...] = ()
    """The assertions without a verdict on it, each with its suite and why."""
    made_by: StoredPartition | None = None
    """What the storage of a dataset says of it: rows, and the version of the definition that made them."""

    @property
    def to_judge(self) -> bool:
        """Whether it is there and was not judged as it is."""
        return self.materialization is not None and self.state in (State.STALE, State.NEVER)


def standings(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    partitioning: Partitioning,
    judges: Sequence[Judges],
    store: Callable[[SuiteTarget], MetricDB],
    *,
    partitions: Collection[str | None] | None = None,
    made: Mapping[str | None, StoredPartition] | None = None,
) -> list[Standing]:
    """Every partition of an asset, in the order of its definition, with what suites say of it.

    Args:
        instance: Knows what is materialized.
        asset: Whose partitions.
        partitioning: Its partitions.
        judges: The suites that are attached to it.
        store: The metric store of each.
        partitions: Only these; None: all.
        made: What the storage says of the partitions of a dataset.
    """
    known: list[str | None] = [None]
    if partitioning.definition is not None:
        known = list(partitioning.definition.get_partition_keys(dynamic_partitions_store=instance))
    listed = known if partitions is None else [each for each in known if each in partitions]
    there = latest_materializations(instance, asset, None if partitioning.definition is None else [*map(str, listed)])
    today = dt.datetime.now(dt.UTC).date()
    keys = {partitioning.key(partition, today): partition for partition in listed}
    name = asset.to_user_string()
    newest = [(each, newest_verdicts(store(each.target), each.target, name, list(keys))) for each in judges]
    found = []
    for key, partition in keys.items():
        materialization = there.get(partition)
        now = name_of(materialization)
        counts: Counter[Status] = Counter()
        runs: dict[str, None] = {}
        unjudged: list[str] = []
        told = False
        for each, verdicts in newest:
            held = verdicts[key]
            told = told or bool(held)
            for check, assertion in each.assertions(asset):
                result, given = held.get((check, assertion), (None, None))
                if result is not None and given is not None and result.materialization == now:
                    counts[result.status] += 1
                    runs[given.execution_id] = None
                else:
                    why = "never judged" if result is None else "judged before it was materialized again"
                    unjudged.append(f"{each.target.suite.name}: {check} › {assertion}, {why}")
        found.append(
            Standing(
                asset=name,
                partition=partition,
                state=_state(there=materialization is not None, told=told, complete=bool(counts) and not unjudged),
                materialized=None
                if materialization is None
                else dt.datetime.fromtimestamp(materialization.timestamp, dt.UTC),
                run_id=None if materialization is None else materialization.run_id,
                materialization=now,
                counts=dict(counts),
                judged_by=tuple(runs),
                unjudged=tuple(unjudged),
                made_by=(made or {}).get(partition),
            )
        )
    return found


def _state(*, there: bool, told: bool, complete: bool) -> State:
    if complete:
        return State.JUDGED
    if told:
        return State.STALE
    return State.NEVER if there else State.ABSENT


def to_judge(
    instance: dg.DagsterInstance, judges: Judges, db: MetricDB, partitions: Collection[str | None] | None = None
) -> list[Standing]:
    """The partitions that are there and that a suite has not judged as they are: of each the first asset found."""
    found: dict[str | None, Standing] = {}
    for attached in judges.target.assets.values():
        if judges.assertions(attached.key):
            of_asset = standings(
                instance, attached.key, judges.target.partitioning, [judges], lambda _: db, partitions=partitions
            )
            for each in of_asset:
                if each.to_judge:
                    found.setdefault(each.partition, each)
    return list(found.values())


def newest_verdicts(
    db: MetricDB,
    target: SuiteTarget,
    asset: str,
    keys: Collection[ResultKey],
    origins: Collection[str] = ("dagster",),
) -> Mapping[ResultKey, Newest]:
    """The newest verdict of each assertion of a suite on an asset, for each key."""
    timeless = target.partitioning.timeless
    found: dict[ResultKey, dict[Assertion, tuple[AssertionResult, Given]]] = {key: {} for key in keys}
    if not keys:
        return found
    by_tags = {key.tags: key for key in keys}
    given = db.newest_verdicts(target.suite.name, asset, None if timeless else keys, origins=origins)
    for key, results in given.items():
        # What has no time is filed under the day of the run that judged it.
        held = found.get(by_tags.get(key.tags, key) if timeless else key)
        for result, who in results.items() if held is not None else ():
            place = (result.check, result.assertion)
            assert held is not None
            if place not in held or held[place][1].sequence < who.sequence:
                held[place] = (result, who)
    return found


def made_by(
    storage: Storage, db: MetricDB, dataset: str, partitioning: Partitioning
) -> dict[str | None, StoredPartition]:
    """What the storage says of the partitions of a dataset, with the version of the definition that made each."""
    from dqx_core.datasets.listing import stored

    versions = db.datasets.versions(dataset)
    found: dict[str | None, StoredPartition] = {}
    for kept in storage.partitions(dataset):
        partition = partitioning.partition(ResultKey(kept.date, {SPLIT: kept.split}))
        found[partition] = stored(kept, versions)
    return found
