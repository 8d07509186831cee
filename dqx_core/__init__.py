"""The engine: SQL, statistics, the metric store and dataset definitions. Knows nothing of Dagster.

Names are imported when they are first used, so that `import dqx_core` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dqx_core import lazily

if TYPE_CHECKING:
    from dqx_core.checks import Check, Context, check
    from dqx_core.engines.duckdb import DuckDB
    from dqx_core.engines.duckdb_source import DuckRelationDataSource
    from dqx_core.keys import ExecutionId, ResultKey
    from dqx_core.metrics.metric import Metric
    from dqx_core.profiles import PermanentProfile, SeasonalProfile
    from dqx_core.provider import MetricProvider
    from dqx_core.report import AnalysisReport, AssertionResult, Severity, Status, SymbolInfo
    from dqx_core.retrieval import metric_history, metrics_by_execution_id
    from dqx_core.store import InMemoryMetricDB, MetricDB
    from dqx_core.suite import Suite
    from dqx_core.verification import VerificationSuite

_HOMES = {
    "AnalysisReport": "report",
    "AssertionResult": "report",
    "Check": "checks",
    "Context": "checks",
    "DuckDB": "engines.duckdb",
    "DuckRelationDataSource": "engines.duckdb_source",
    "ExecutionId": "keys",
    "InMemoryMetricDB": "store",
    "Metric": "metrics.metric",
    "MetricDB": "store",
    "MetricProvider": "provider",
    "PermanentProfile": "profiles",
    "ResultKey": "keys",
    "SeasonalProfile": "profiles",
    "Severity": "report",
    "Status": "report",
    "Suite": "suite",
    "SymbolInfo": "report",
    "VerificationSuite": "verification",
    "check": "checks",
    "metric_history": "retrieval",
    "metrics_by_execution_id": "retrieval",
}

__all__ = [
    "AnalysisReport",
    "AssertionResult",
    "Check",
    "Context",
    "DuckDB",
    "DuckRelationDataSource",
    "ExecutionId",
    "InMemoryMetricDB",
    "Metric",
    "MetricDB",
    "MetricProvider",
    "PermanentProfile",
    "ResultKey",
    "SeasonalProfile",
    "Severity",
    "Status",
    "Suite",
    "SymbolInfo",
    "VerificationSuite",
    "check",
    "metric_history",
    "metrics_by_execution_id",
]


__getattr__ = lazily.names(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
