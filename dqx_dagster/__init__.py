"""The Dagster plugin: dataset definitions become assets, verification suites become asset checks.

Names are imported when they are first used: every Dagster step is a process of its own.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from dagster_shared.libraries import DagsterLibraryRegistry as _Libraries

from dqx_core import lazily

if TYPE_CHECKING:
    from dqx_dagster.bigquery import BigQueryEngine
    from dqx_dagster.components import DqxDataset, DqxResources
    from dqx_dagster.dataset_io import DatasetIOManager
    from dqx_dagster.datasets import dataset_asset, dataset_assets, source_assets
    from dqx_dagster.gates import require_checks
    from dqx_dagster.io_manager import MetricsIOManager
    from dqx_dagster.letting_through import partitions_let_through
    from dqx_dagster.metrics_assets import suite_metrics_asset
    from dqx_dagster.quality_report import quality_report_asset
    from dqx_dagster.resources import DuckDBEngine, MetricStore
    from dqx_dagster.reverification import reverify_job, unjudged_partitions_sensor
    from dqx_dagster.schedules import dataset_schedule
    from dqx_dagster.sensors import FailedCheck, FailedChecks, failed_checks_sensor
    from dqx_dagster.suites import suite_checks
    from dqx_dagster.translator import DqxTranslator

_HOMES = {
    "BigQueryEngine": "bigquery",
    "DatasetIOManager": "dataset_io",
    "DqxDataset": "components",
    "DqxResources": "components",
    "DqxTranslator": "translator",
    "DuckDBEngine": "resources",
    "FailedCheck": "sensors",
    "FailedChecks": "sensors",
    "MetricStore": "resources",
    "MetricsIOManager": "io_manager",
    "dataset_asset": "datasets",
    "dataset_assets": "datasets",
    "dataset_schedule": "schedules",
    "failed_checks_sensor": "sensors",
    "partitions_let_through": "letting_through",
    "quality_report_asset": "quality_report",
    "require_checks": "gates",
    "reverify_job": "reverification",
    "source_assets": "datasets",
    "suite_checks": "suites",
    "suite_metrics_asset": "metrics_assets",
    "unjudged_partitions_sensor": "reverification",
}

__all__ = [
    "BigQueryEngine",
    "DatasetIOManager",
    "DqxDataset",
    "DqxResources",
    "DqxTranslator",
    "DuckDBEngine",
    "FailedCheck",
    "FailedChecks",
    "MetricStore",
    "MetricsIOManager",
    "dataset_asset",
    "dataset_assets",
    "dataset_schedule",
    "failed_checks_sensor",
    "partitions_let_through",
    "quality_report_asset",
    "require_checks",
    "reverify_job",
    "source_assets",
    "suite_checks",
    "suite_metrics_asset",
    "unjudged_partitions_sensor",
]

# So that Dagster tells of the version beside its own; a source tree that was never installed has none.
with suppress(PackageNotFoundError):
    _Libraries.register("dqx-dagster", version("dqx-dagster"), is_dagster_package=False)


__getattr__ = lazily.names(__name__, _HOMES)


def __dir__() -> list[str]:
    # Dagster's `dg` reads every name that is listed to find components, and would load all, Google's client among them.
    dg_asks = sys._getframe(1).f_globals.get("__name__", "").startswith("dagster.components.")
    return sorted({*globals(), *(("DqxDataset", "DqxResources") if dg_asks else __all__)})
