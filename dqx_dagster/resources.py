"""Engines and the metric store, configured the Dagster way."""

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, PrivateAttr

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Catalog
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.storage import FolderStorage, Storage
    from dqx_core.engines.base import DataSource, Engine
    from dqx_core.engines.duckdb import DuckDB
    from dqx_core.store import MetricDB


class DatasetEngine(dg.ConfigurableResource[None]):
    """What the plugin asks of an engine: somewhere to run SQL, keep datasets and read them again."""

    @abstractmethod
    def connect(self) -> "Engine":
        """The engine, one per resource."""

    @property
    @abstractmethod
    def storage(self) -> "Storage":
        """Where the partitions of datasets are kept."""

    @property
    def price(self) -> float | None:
        """Of a TiB read; None where reading costs nothing, or nobody said what."""
        return None

    def data_source(self, dataset: str) -> "DataSource":
        """The materialized partitions of a dataset, as what a suite measures."""
        return self.storage.data_source(dataset)

    @abstractmethod
    def table_source(self, table: str) -> "DataSource":
        """A source table as it is now, under its full name: what a suite reads beside datasets."""

    @abstractmethod
    def catalog(self, definition: "DatasetDefinition") -> "Catalog":
        """What is known of the tables that a definition reads."""


class DuckDBEngine(DatasetEngine):
    """DuckDB over a database file that holds the source tables; datasets are kept as Parquet beside it."""

    database: str = Field(
        description="DuckDB file with the source tables, opened read-only; any number of runs may read it."
    )
    datasets: str = Field(description="Folder in which materialized datasets are kept, as <dataset>/date=…/split=….")
    memory_limit: str | None = Field(
        default=None, description="How much memory DuckDB may take, such as 4GB; by default 80 % of the machine's."
    )
    threads: int | None = Field(
        default=None, description="How many threads DuckDB may use; by default as many as there are processors."
    )
    temp_directory: str | None = Field(
        default=None,
        description="Folder for what has no room in memory; by default beside the file, and nowhere if it is empty.",
    )

    _engine: "DuckDB | None" = PrivateAttr(default=None)

    def connect(self) -> "DuckDB":
        """The engine, one per resource."""
        from dqx_core.engines.duckdb import DuckDB

        if self._engine is None:
            self._engine = DuckDB(
                database=self.database,
                read_only=True,
                memory_limit=self.memory_limit,
                threads=self.threads,
                temp_directory=self.temp_directory,
            )
        return self._engine

    @property
    def datasets_root(self) -> Path:
        """The folder of the datasets."""
        return Path(self.datasets)

    @property
    def storage(self) -> "FolderStorage":
        """The folder of the datasets."""
        from dqx_core.datasets.storage import FolderStorage

        return FolderStorage(self.connect(), self.datasets_root)

    def table_source(self, table: str) -> "DataSource":
        """A source table as it is now, under its full name: what a suite reads beside datasets."""
        from dqx_core.engines.duckdb_source import DuckRelationDataSource

        return DuckRelationDataSource.from_table(self.connect(), table, table, date_column=None)

    def catalog(self, definition: "DatasetDefinition") -> "Catalog":
        """What is known of the tables that a definition reads."""
        from dqx_core.datasets.catalog import DuckDBCatalog

        return DuckDBCatalog(self.connect())

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the database, so that another process may write it."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


class MetricStore(dg.ConfigurableResource[None]):
    """Where every number measured is kept, under the run that measured it."""

    url: str = Field(
        description="SQLAlchemy URL: sqlite:///path/to/metrics.db, or postgresql+psycopg://user:password@host/database."
    )

    _db: "MetricDB | None" = PrivateAttr(default=None)

    @property
    def db(self) -> "MetricDB":
        """The store, opened on first use; a file, and its folder, is made."""
        from dqx_core.store import MetricDB

        if self._db is None:
            self._db = MetricDB(self.url, at_first_write=True)
        return self._db

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the store."""
        if self._db is not None:
            self._db.close()
            self._db = None
