"""The metric store over SQLAlchemy: SQLite in memory or in a file, and PostgreSQL."""

from dqx_core.store.execution import Execution
from dqx_core.store.housekeeping import StoreInfo, Tally
from dqx_core.store.layered import LayeredMetricDB
from dqx_core.store.opening import store_exists
from dqx_core.store.reading import HistoryPoint, Series, not_found
from dqx_core.store.repository import InMemoryMetricDB, MetricDB
from dqx_core.store.tables import EXECUTION, METRIC, SERIES
from dqx_core.store.versions import DatasetVersion, DatasetVersions

__all__ = [
    "EXECUTION",
    "METRIC",
    "SERIES",
    "DatasetVersion",
    "DatasetVersions",
    "Execution",
    "HistoryPoint",
    "InMemoryMetricDB",
    "LayeredMetricDB",
    "MetricDB",
    "Series",
    "StoreInfo",
    "Tally",
    "not_found",
    "store_exists",
]
