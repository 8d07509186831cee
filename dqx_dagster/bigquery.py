"""BigQuery as the engine of a code location, over dagster-gcp's resource (extra `bigquery`)."""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, PrivateAttr

from dqx_dagster.resources import DatasetEngine

try:
    from dagster_gcp import BigQueryResource
except ModuleNotFoundError as error:
    raise ImportError("BigQueryEngine needs dagster-gcp: pip install 'dqx-dagster[bigquery]'") from error

__all__ = ["BigQueryEngine", "BigQueryResource"]

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

    from dqx_core.datasets.bigquery_storage import BigQueryStorage
    from dqx_core.datasets.catalog import Catalog
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.bigquery import BigQuery
    from dqx_core.engines.bigquery_source import BigQueryDataSource


class BigQueryEngine(DatasetEngine):
    """BigQuery: source tables where they are, each dataset a table parted by date and clustered by split.

    Credentials are those of dagster-gcp's `BigQueryResource`: the application's default ones, or a service account.
    """

    # Written so, Dagster keeps the description.
    bigquery: dg.ResourceDependency[BigQueryResource] = Field(
        description="dagster-gcp's resource: project, location and credentials."
    )
    datasets: str = Field(
        description="BigQuery dataset in which materialized datasets are kept, as tables; made if it is not there."
    )
    maximum_bytes_billed: int | None = Field(
        default=None, description="A statement that would read more bytes is refused before it runs; null: no limit."
    )
    price_per_tib: float | None = Field(
        default=None, description="Price of a TiB read, on demand, in your currency; with it runs show what they cost."
    )
    labels: dict[str, str] = Field(
        default={}, description="Labels of every job, beside dqx_suite, dqx_execution_id and dqx_dataset."
    )
    storage_api: bool = Field(
        default=False,
        description="Fetch results of ten thousand rows and more through the BigQuery Storage API, not REST.",
    )
    ml_columns: bool = Field(
        default=False, description="Give tables the columns ml_use (Vertex AI) and is_eval (BigQuery ML) of the split."
    )
    patience: float | None = Field(
        default=None, description="Seconds for which a call is tried again; null: as long as Google's client does."
    )

    _engine: "BigQuery | None" = PrivateAttr(default=None)

    def connect(self) -> "BigQuery":
        """The engine, one per resource."""
        from dqx_core.engines.bigquery import BigQuery

        if self._engine is None:
            self._engine = BigQuery(
                self._client,
                location=self.bigquery.location,
                maximum_bytes_billed=self.maximum_bytes_billed,
                labels=self.labels,
                storage_api=self.storage_api,
                patience=self.patience,
            )
        return self._engine

    def _client(self) -> "Client":
        with self.bigquery.get_client() as client:
            return client

    @property
    def storage(self) -> "BigQueryStorage":
        """The tables of the datasets."""
        from dqx_core.datasets.bigquery_storage import BigQueryStorage

        return BigQueryStorage(self.connect(), self.datasets, ml_columns=self.ml_columns)

    @property
    def price(self) -> float | None:
        """Of a TiB read."""
        return self.price_per_tib

    def table_source(self, table: str) -> "BigQueryDataSource":
        """A source table as it is now, under its full name: what a suite reads beside datasets."""
        from dqx_core.engines.bigquery_source import BigQueryDataSource

        return BigQueryDataSource.from_table(self.connect(), table, table, date_column=None)

    def catalog(self, definition: "DatasetDefinition") -> "Catalog":
        """What is known of the tables that a definition reads."""
        from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
        from dqx_core.datasets.bigquery_storage import definition_schemas

        return BigQueryCatalog(self.connect(), tuple(definition_schemas(definition)))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the client."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
