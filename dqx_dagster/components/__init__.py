"""The same from YAML: a dataset with its checks and schedule, and the resources they take, as components for `dg`.

Every `dg` command of a user's project imports this, so that here only Dagster and the standard library are imported;
the rest is imported when a component is read.
"""

from dqx_dagster.components.dataset import DqxDataset
from dqx_dagster.components.resources import DqxResources

__all__ = ["DqxDataset", "DqxResources"]
