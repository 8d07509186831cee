"""The metric store over SQLAlchemy: SQLite in memory or in a file, and PostgreSQL.

Names are imported when they are first used: SQLAlchemy takes longer to import than a small run takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dqx_core import lazily

if TYPE_CHECKING:
    from dqx_core.store.execution import Execution
    from dqx_core.store.housekeeping import StoreInfo, Tally
    from dqx_core.store.layered import LayeredMetricDB
    from dqx_core.store.memory import InMemoryMetricDB
    from dqx_core.store.opening import store_exists
    from dqx_core.store.reading import HistoryPoint, Series
    from dqx_core.store.repository import MetricDB
    from dqx_core.store.results import Given
    from dqx_core.store.tables import EXECUTION, METRIC, SERIES
    from dqx_core.store.urls import file_of, shown
    from dqx_core.store.versions import DatasetVersion, DatasetVersions

_HOMES = {
    "EXECUTION": "tables",
    "METRIC": "tables",
    "SERIES": "tables",
    "DatasetVersion": "versions",
    "DatasetVersions": "versions",
    "Execution": "execution",
    "Given": "results",
    "HistoryPoint": "reading",
    "InMemoryMetricDB": "memory",
    "LayeredMetricDB": "layered",
    "MetricDB": "repository",
    "Series": "reading",
    "StoreInfo": "housekeeping",
    "Tally": "housekeeping",
    "file_of": "urls",
    "shown": "urls",
    "store_exists": "opening",
}

__all__ = [
    "EXECUTION",
    "METRIC",
    "SERIES",
    "DatasetVersion",
    "DatasetVersions",
    "Execution",
    "Given",
    "HistoryPoint",
    "InMemoryMetricDB",
    "LayeredMetricDB",
    "MetricDB",
    "Series",
    "StoreInfo",
    "Tally",
    "file_of",
    "shown",
    "store_exists",
]

__getattr__ = lazily.names(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
