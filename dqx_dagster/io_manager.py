"""IO managers: measurements into the metric store and back as a frame; dataset partitions into memory."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from dqx_core.engines.jobs import as_parameters
from dqx_core.errors import DqxError
from dqx_core.keys import ResultKey
from dqx_core.trends import trend_frame
from dqx_dagster.jobs import jobs_metadata
from dqx_dagster.metrics_assets import DATASET, SUITE, Measurements
from dqx_dagster.partitions import SPLIT, result_key
from dqx_dagster.resources import DatasetEngine

if TYPE_CHECKING:
    import pandas as pd

    from dqx_core.datasets.storage import Storage
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
            self._db = MetricDB(self.url)
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
            parameters=as_parameters(obj.jobs),
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
        if not context.has_asset_partitions:
            keys = sorted(
                {key for execution in self.db.executions(suite=suite)[:1] for key in execution.keys},
                key=lambda key: key.yyyy_mm_dd,
            )
        else:
            keys = _keys(context)
        return trend_frame(self.db, suite, dataset, keys)


class DatasetIOManager(dg.ConfigurableIOManager):
    """Hands materialized partitions of a dataset to downstream assets.

    It takes the engine's resource, `DatasetIOManager(engine=engine)`, or the folder of the datasets.

    By the annotation of the input: `pandas.DataFrame` or `pyarrow.Table` (all partitions asked for, with the
    columns `date` and `split`), or `pathlib.Path` (the folder of the one partition).
    """

    engine: DatasetEngine | None = Field(default=None, description="The engine that keeps the datasets.")
    datasets: str | None = Field(
        default=None, description="In place of an engine: the folder in which materialized datasets are kept."
    )

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Nothing: a dataset asset writes its own partitions."""
        raise dg.DagsterInvariantViolationError(
            f"{context.asset_key.to_user_string()} returned a value; dataset assets write their own partitions."
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """The partitions asked for, as the annotation says."""
        from dqx_core.datasets.storage import FolderStorage
        from dqx_core.datasets.stored import partition_path

        dataset = context.asset_key.path[-1]
        storage = self._storage()
        wanted = [(key.yyyy_mm_dd, key.tags[SPLIT]) for key in _keys(context)]
        annotation = context.dagster_type.typing_type
        name = getattr(annotation, "__name__", str(annotation))
        if annotation is Path:
            if len(wanted) != 1 or not isinstance(storage, FolderStorage):
                raise dg.DagsterInvariantViolationError(
                    f"A Path holds one partition of a dataset in a folder; {len(wanted)} partitions of {dataset}, "
                    f"in {storage.place(dataset)}, are asked for."
                )
            return partition_path(storage.root, dataset, *wanted[0])
        try:
            table = storage.rows(dataset, wanted)
        except DqxError as error:
            raise dg.Failure(str(error)) from error
        if name == "DataFrame":
            return table.to_pandas()
        if name == "Table":
            return table
        raise dg.DagsterInvariantViolationError(
            f"An input of type {name} cannot be loaded from dataset {dataset}. Annotate it with pandas.DataFrame, "
            "pyarrow.Table or pathlib.Path."
        )

    def _storage(self) -> "Storage":
        from dqx_core.datasets.storage import FolderStorage
        from dqx_core.engines.duckdb import DuckDB

        if (self.engine is None) == (self.datasets is None):
            raise dg.DagsterInvariantViolationError(
                "DatasetIOManager takes the engine that keeps the datasets, DatasetIOManager(engine=engine), or their "
                "folder, DatasetIOManager(datasets=folder): one of the two."
            )
        return self.engine.storage if self.engine is not None else FolderStorage(DuckDB(), str(self.datasets))


def _keys(context: dg.InputContext) -> list[ResultKey]:
    """The day and tags of every partition that an input asks for."""
    nominal = dt.datetime.now(dt.UTC).date()
    return [result_key(str(pk), context.asset_partitions_def, nominal) for pk in context.asset_partition_keys]
