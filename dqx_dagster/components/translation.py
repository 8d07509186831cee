"""What `asset_attributes` may make of a dataset's asset, in the way of Dagster's own integrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg

from dqx_core.datasets.base import Problem
from dqx_core.datasets.definition import DatasetDefinition
from dqx_dagster.translator import DqxTranslator

Translate = Callable[[dg.AssetSpec], dg.AssetSpec]


@dataclass(frozen=True)
class Keyed(DqxTranslator):
    """Gives the dataset's asset this key: the one thing of an asset that cannot be changed once it is made."""

    key: dg.AssetKey

    def asset_key(self, definition: DatasetDefinition) -> dg.AssetKey:
        """The key."""
        return self.key


def refused(translated: dg.AssetSpec, spec: dg.AssetSpec, definition: DatasetDefinition) -> Iterator[Problem]:
    """What a dataset's asset cannot be made otherwise than it is."""
    if translated.partitions_def != spec.partitions_def:
        yield ("partitions_def",), "the partitions are those of the definition."
    if translated.key.path[-1] != definition.name:
        yield (
            ("key",),
            f"'{translated.key.to_user_string()}' does not end with '{definition.name}', the dataset's name, by which "
            "its checks and readers find it. Use key_prefix.",
        )
