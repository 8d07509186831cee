"""A dataset with its checks, its metrics and its schedule, from YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self

import dagster as dg

from dqx_dagster.components.scaffolding import DatasetScaffolder

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dqx_core.datasets.base import Problem
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.suite import Suite


@dg.scaffold_with(DatasetScaffolder)
@dataclass(frozen=True, eq=False)
class DqxDataset(dg.Component):
    """A dataset as an asset with date × split partitions, its checks as asset checks, and its schedule.

    The same as `dataset_asset`, `suite_checks`, `suite_metrics_asset` and `dataset_schedule` in Python.
    """

    definition: DatasetDefinition
    suites: Sequence[Suite] = ()
    """Each becomes the asset checks of one op."""
    integrity: bool = True
    """Whether it comes with the checks that every dataset should pass."""
    metrics: bool = False
    """Whether each suite also gets a metrics asset."""
    daily_at: tuple[int | None, int] | None = None
    """Hour and minute of the schedule; hourly partitions are made at a minute of every hour."""
    engine: str = "engine"
    kind: Literal["duckdb", "bigquery"] = "duckdb"
    store: str = "store"
    granularity: Literal["assertion", "check"] = "assertion"
    partitioned_checks: bool = True
    retry_policy: dg.RetryPolicy | None = None
    """Of every step; so are the next two."""
    pool: str | None = None
    op_tags: Mapping[str, str] | None = None
    automation_condition: dg.AutomationCondition[Any] | None = None
    """Of the asset, of its checks and of its metrics."""
    translate: Callable[[dg.AssetSpec], dg.AssetSpec] | None = None
    """What `asset_attributes` makes of the asset's spec."""
    says: Callable[[Problem], str] | None = None
    """How a problem is told: with its file and line, of a component that was read from YAML."""

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """What Dagster reads `attributes` as: it takes anything, since `load` says better what is wrong."""
        from dqx_dagster.components.attributes import Written

        return Written

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> Self:
        """The component that the attributes of a defs.yaml spell.

        Raises:
            ValidationError: Every problem they have, each with its line.
        """
        from dqx_dagster.components.reading import read

        return cls(**read({} if attributes is None else attributes.root, context))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset, its checks, its metrics and its schedule.

        Source tables are dependencies only: two datasets may read the same, and an asset of yours may write it.
        """
        from dqx_core.datasets.integrity import dataset_integrity
        from dqx_dagster.components.translation import Keyed
        from dqx_dagster.components.validation import check_columns
        from dqx_dagster.datasets import dataset_asset
        from dqx_dagster.metrics_assets import suite_metrics_asset
        from dqx_dagster.schedules import dataset_schedule
        from dqx_dagster.suites import suite_checks

        check_columns(self, context)
        steps: Any = {
            "engine": self.engine,
            "store": self.store,
            "retry_policy": self.retry_policy,
            "pool": self.pool,
            "op_tags": self.op_tags,
            "automation_condition": self.automation_condition,
        }
        made = partial(dataset_asset, self.definition, kind=self.kind, **steps)
        asset = made()
        if self.translate is not None:
            spec = self.translate(asset.get_asset_spec())
            keyed = made(translator=Keyed(spec.key))
            asset = keyed.map_asset_specs(lambda _: spec)
        metrics = [suite_metrics_asset(suite, asset, **steps) for suite in (self.suites if self.metrics else ())]
        return dg.Definitions(
            assets=[asset, *metrics],
            asset_checks=[
                suite_checks(
                    suite,
                    asset,
                    granularity=self.granularity,
                    partitioned_checks=self.partitioned_checks,
                    **steps,
                )
                for suite in (*self.suites, *([dataset_integrity(self.definition)] if self.integrity else ()))
            ],
            schedules=[]
            if self.daily_at is None
            else [dataset_schedule(asset, also=metrics, hour=self.daily_at[0], minute=self.daily_at[1])],
        )
