"""Partitions of the same window that a run did not make, and whose assertions speak of the rows that it made."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence

import dagster as dg

from dqx_core.keys import ResultKey, TagOverrides
from dqx_dagster.check_specs import AttachedCheck
from dqx_dagster.dagster_internals import TargetMaterialization, latest_materializations
from dqx_dagster.partitions import Partitioning

Siblings = Mapping[ResultKey, tuple[str, TargetMaterialization]]
"""By key its partition, and what is there."""


def siblings_of(
    check: AttachedCheck, keys: Collection[ResultKey], partitioning: Partitioning, instance: dg.DagsterInstance
) -> Siblings:
    """The materialized partitions beside those of a run of which a check compares the run's rows with theirs.

    A verdict on train that counts eval as well was skipped while there was no eval, and speaks of other rows once
    there is another one.
    """
    if not check.across or not partitioning.dimensions:
        return {}
    own = set(keys)
    found: dict[str, ResultKey] = {}
    for key in keys:
        for overrides in check.across:
            for other in _beside(key, overrides, partitioning, instance):
                if other not in own and (partition := partitioning.partition(other)) is not None:
                    found[partition] = other
    there = latest_materializations(instance, check.spec.asset_key, list(found)) if found else {}
    return {
        found[partition]: (partition, materialization)
        for partition, materialization in there.items()
        if partition is not None
    }


def _beside(
    key: ResultKey, overrides: TagOverrides, partitioning: Partitioning, instance: dg.DagsterInstance
) -> Iterator[ResultKey]:
    """The keys of a window that read the rows of a key when the overrides are laid over their tags."""
    named = [name for name in partitioning.dimensions if name in overrides]
    values = _values(partitioning, instance)
    for chosen in itertools.product(*(values[name] for name in named)):
        tags = {**key.tags, **dict(zip(named, chosen, strict=True))}
        read = overrides.over(tags)
        if tags != dict(key.tags) and all(key.tags.get(name) == value for name, value in read.items()):
            yield key.tagged(tags)


def _values(partitioning: Partitioning, instance: dg.DagsterInstance) -> Mapping[str, Sequence[str]]:
    """What each dimension that is not of time has."""
    definition = partitioning.definition
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return {
            each.name: each.partitions_def.get_partition_keys(dynamic_partitions_store=instance)
            for each in definition.partitions_defs
            if each.name in partitioning.dimensions
        }
    assert definition is not None
    [name] = partitioning.dimensions
    return {name: definition.get_partition_keys(dynamic_partitions_store=instance)}
