"""The IO manager of measurements: into the metric store, and back as a frame."""

import datetime as dt
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, PrivateAttr

from dqx_core.engines.jobs import as_parameters
from dqx_core.errors import DqxError
from dqx_core.trends import measured_by, newest_executions, trend_frame
from dqx_dagster.dataset_io import partitions_asked_for
from dqx_dagster.jobs import jobs_metadata
from dqx_dagster.metrics_assets import DATASET, METRICS, SUITE, Measurements

if TYPE_CHECKING:
    import pandas as pd

    from dqx_core.store import MetricDB


class MetricsIOManager(dg.ConfigurableIOManager):
    """Keeps what a metrics asset measured in the metric store, under the run's id, in one transaction.

    A downstream asset gets a pandas frame of exactly the partitions it asks for: date, tags, metric, value,
    value_lag_1, value_lag_7, day_over_day, week_over_week, execution_id.
    """

    url: str = Field(description="SQLAlchemy URL of the metric store, the same as the checks'.")

    _db: "MetricDB | None" = PrivateAttr(default=None)

    @property
    def db(self) -> "MetricDB":
        """The store, opened on first use."""
        from dqx_core.store import MetricDB

        if self._db is None:
            self._db = MetricDB(self.url, at_first_write=True)
        return self._db

    def handle_output(self, context: dg.OutputContext, obj: Measurements) -> None:
        """Persist all measurements of the step, or none."""
        from dqx_core.store import Execution

        if not isinstance(obj, Measurements):
            raise dg.DagsterInvariantViolationError(
                f"MetricsIOManager keeps Measurements, such as suite_metrics_asset returns, not {type(obj).__name__}."
            )
        execution = Execution(
            obj.execution_id,
            suite=obj.suite,
            keys=obj.keys,
            started=dt.datetime.now(dt.UTC),
            origin="dagster",
            parameters={**measured_by(obj.suite), **as_parameters(obj.jobs)},
        )
        try:
            self.db.persist(obj.metrics, execution=execution)
        except DqxError as error:
            raise dg.Failure(f"The measurements of suite '{obj.suite}' were not kept. {error}") from error
        carried = sum(metric.source_execution_id is not None for metric in obj.metrics)
        context.add_output_metadata(
            {
                "dqx/measured": len(obj.metrics) - carried,
                "dqx/carried_forward": carried,
                "dqx/execution_id": dg.MetadataValue.dagster_run(obj.execution_id),
                **jobs_metadata(obj.jobs, obj.price_per_tib),
            }
        )

    def load_input(self, context: dg.InputContext) -> "pd.DataFrame":
        """The numbers of the partitions asked for, each from the newest execution that speaks of it."""
        upstream = context.upstream_output
        described = upstream.definition_metadata if upstream else None
        if not described or SUITE not in described:
            raise dg.DagsterInvariantViolationError(
                f"{context.asset_key.to_user_string()} is not a metrics asset: make it with suite_metrics_asset."
            )
        suite, dataset = str(described[SUITE]), str(described[DATASET])
        keys = partitions_asked_for(context)
        if not context.has_asset_partitions:
            # The day of such an asset is that of its run: the newest one that there is.
            known = {key for execution in self.db.executions() for key in execution.keys if not key.tags}
            days = sorted(newest_executions(self.db, suite, known), key=lambda key: key.interval)
            keys = days[-1:]
        only = described[METRICS]
        return trend_frame(self.db, suite, dataset, keys, only=only.value if hasattr(only, "value") else only)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the store."""
        if self._db is not None:
            self._db.close()
            self._db = None
