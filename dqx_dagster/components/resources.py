"""The resources that datasets and checks take, from YAML."""

from typing import Annotated

import dagster as dg

from dqx_dagster.components.scaffolding import ResourcesScaffolder


@dg.scaffold_with(ResourcesScaffolder)
class DqxResources(dg.Component, dg.Resolvable, dg.Model):
    """DuckDB with the source tables, the folder of the datasets and the metric store: once in a project.

    Makes the resources `engine`, `store`, `datasets_io_manager` and `metrics_io_manager`.
    """

    database: Annotated[str, dg.Resolver.default(description="DuckDB file with the source tables, opened read-only.")]
    datasets: Annotated[str, dg.Resolver.default(description="Folder in which materialized datasets are kept.")]
    store: Annotated[
        str,
        dg.Resolver.default(
            description="SQLAlchemy URL of the metric store: sqlite:///path/to/metrics.db, or "
            "postgresql+psycopg://user:password@host/database."
        ),
    ]

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The four resources."""
        from dqx_dagster.dataset_io import DatasetIOManager
        from dqx_dagster.io_manager import MetricsIOManager
        from dqx_dagster.resources import DuckDBEngine, MetricStore

        return dg.Definitions(
            resources={
                "engine": DuckDBEngine(database=self.database, datasets=self.datasets),
                "store": MetricStore(url=self.store),
                "datasets_io_manager": DatasetIOManager(datasets=self.datasets),
                "metrics_io_manager": MetricsIOManager(url=self.store),
            }
        )
