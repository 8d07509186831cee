"""The resources that datasets and checks take, from YAML."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import dagster as dg

from dqx_dagster.components.scaffolding import ResourcesScaffolder

if TYPE_CHECKING:
    from dqx_dagster.resources import DatasetEngine

_VARIABLE = re.compile(r"\{\{\s*env\.(\w+)\s*\}\}")


def _read(context: dg.ResolutionContext, written: str | None) -> str | None:
    """The text with its templates filled in.

    One that is a variable of the environment and nothing else stays a variable: a run reads it when it needs it, and
    the UI shows its name.
    """
    if written is None:
        return None
    variable = _VARIABLE.fullmatch(written.strip())
    return dg.EnvVar(variable[1]) if variable else str(_filled(context, written))


def _filled(context: dg.ResolutionContext, written: str) -> object:
    if "{{" not in written and "{%" not in written:
        return context.resolve_value(written)
    from dqx_core.errors import DefinitionError
    from dqx_dagster.components.templates import rendered

    told: list[str] = []
    found = rendered(written, context.scope, (), lambda _, message: told.append(message))
    if told:
        tree = context.source_position_tree
        position = tree.lookup_closest_and_path(context.path, trace=None)[0] if tree else None
        where = f"{position.filename}, line {position.start.line}, " if position else ""
        raise DefinitionError(f"{where}{'.'.join(map(str, context.path))}: {told[0]}")
    return found


def _text(description: str) -> dg.Resolver:
    return dg.Resolver(_read, model_field_type=str, description=description, inject_before_resolve=False)


def _text_or_none(description: str) -> dg.Resolver:
    return dg.Resolver(_read, model_field_type=str | None, description=description, inject_before_resolve=False)


@dataclass(frozen=True, kw_only=True)
class BigQueryAttributes(dg.Resolvable):
    """BigQuery as the engine: what `BigQueryEngine` and dagster-gcp's `BigQueryResource` take."""

    project: Annotated[str, _text("Project of Google Cloud that runs, and pays for, the statements.")]
    location: Annotated[str | None, _text_or_none("Where jobs run, such as EU; by default where their tables are.")] = (
        None
    )
    gcp_credentials: Annotated[
        str | None,
        _text_or_none(
            "Key of a service account, base64: {{ env.GCP_CREDENTIALS }}; by default the application's credentials."
        ),
    ] = None
    maximum_bytes_billed: Annotated[
        int | None,
        dg.Resolver.default(description="A statement that would read more bytes is refused before it runs."),
    ] = None
    price_per_tib: Annotated[
        float | None, dg.Resolver.default(description="Price of a TiB read; with it runs show what they cost.")
    ] = None
    labels: Annotated[
        dict[str, str] | None,
        dg.Resolver.default(description="Labels of every job, beside dqx_suite, dqx_execution_id and dqx_dataset."),
    ] = None
    storage_api: Annotated[
        bool, dg.Resolver.default(description="Fetch rows through the BigQuery Storage API, not REST.")
    ] = False
    ml_columns: Annotated[
        bool, dg.Resolver.default(description="Give tables the columns ml_use (Vertex AI) and is_eval (BigQuery ML).")
    ] = False
    patience: Annotated[float | None, dg.Resolver.default(description="Seconds for which a call is tried again.")] = (
        None
    )


@dg.scaffold_with(ResourcesScaffolder)
@dataclass(frozen=True, kw_only=True, eq=False)
class DqxResources(dg.Component, dg.Resolvable):
    """DuckDB or BigQuery with the source tables, a place for the datasets and the metric store: once in a project.

    Makes the resources `engine`, `store`, `datasets_io_manager` and `metrics_io_manager`.
    """

    database: Annotated[
        str | None, _text_or_none("DuckDB file with the source tables, opened read-only; in place of bigquery.")
    ] = None
    memory_limit: Annotated[
        str | None, _text_or_none("How much memory DuckDB may take, such as 4GB; by default 80 % of the machine's.")
    ] = None
    threads: Annotated[
        int | None,
        dg.Resolver.default(description="How many threads DuckDB may use; by default as many as there are processors."),
    ] = None
    temp_directory: Annotated[
        str | None, _text_or_none("Folder for what DuckDB has no room for in memory; by default beside the file.")
    ] = None
    bigquery: Annotated[
        BigQueryAttributes | None, dg.Resolver.default(description="BigQuery, which has the source tables.")
    ] = None
    datasets: Annotated[
        str,
        _text(
            "Where materialized datasets are kept: a folder; with bigquery a dataset of it, made if it is not there."
        ),
    ]
    store: Annotated[
        str,
        _text(
            "SQLAlchemy URL of the metric store: sqlite:///path/to/metrics.db, or "
            "postgresql+psycopg://user:password@host/database, best as {{ env.DQX_STORE }}."
        ),
    ]

    def __post_init__(self) -> None:
        if (self.database is None) == (self.bigquery is None):
            from dqx_core.errors import DefinitionError

            raise DefinitionError(
                "DqxResources takes `database`, a DuckDB file, or `bigquery` with its `project`: one of the two."
            )
        of_duckdb = [name for name in ("memory_limit", "threads", "temp_directory") if getattr(self, name) is not None]
        if self.bigquery is not None and of_duckdb:
            from dqx_core.errors import DefinitionError

            raise DefinitionError(f"DqxResources has {', '.join(of_duckdb)}, which DuckDB has and BigQuery has not.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The four resources."""
        from dqx_dagster.dataset_io import DatasetIOManager
        from dqx_dagster.io_manager import MetricsIOManager
        from dqx_dagster.resources import DuckDBEngine, MetricStore

        engine: DatasetEngine
        if self.bigquery is not None:
            engine = _bigquery(self.bigquery, self.datasets)
            inputs = DatasetIOManager(engine=engine)
        else:
            engine = DuckDBEngine(
                database=self.database or "",
                datasets=self.datasets,
                memory_limit=self.memory_limit,
                threads=self.threads,
                temp_directory=self.temp_directory,
            )
            inputs = DatasetIOManager(datasets=self.datasets)
        return dg.Definitions(
            resources={
                "engine": engine,
                "store": MetricStore(url=self.store),
                "datasets_io_manager": inputs,
                "metrics_io_manager": MetricsIOManager(url=self.store),
            }
        )


def _bigquery(written: BigQueryAttributes, datasets: str) -> "DatasetEngine":
    from dqx_dagster.bigquery import BigQueryEngine, BigQueryResource

    return BigQueryEngine(
        bigquery=BigQueryResource(
            project=written.project, location=written.location, gcp_credentials=written.gcp_credentials
        ),
        datasets=datasets,
        maximum_bytes_billed=written.maximum_bytes_billed,
        price_per_tib=written.price_per_tib,
        labels=written.labels or {},
        storage_api=written.storage_api,
        ml_columns=written.ml_columns,
        patience=written.patience,
    )
