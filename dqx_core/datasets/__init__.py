"""What data goes into training: definitions, the SQL they mean, and the partitions it writes.

Names are imported when they are first used: reading definitions does not load what runs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Catalog, DuckDBCatalog, schemas_of
    from dqx_core.datasets.definition import DatasetDefinition, define
    from dqx_core.datasets.filters import DateRange, MinTransactions, Range, TopProducts, Values
    from dqx_core.datasets.loading import from_yaml, load_folder
    from dqx_core.datasets.materialize import PartitionResult, materialize
    from dqx_core.datasets.query import partition_query, render
    from dqx_core.datasets.source import Column, Fill, Join, Source
    from dqx_core.datasets.splits import FromColumn, Group, Temporal
    from dqx_core.datasets.stored import Manifest, manifest, partition_files, read_partitions, stored_partitions
    from dqx_core.datasets.windows import Interval, Partitions, Window, window

_HOMES = {
    "Catalog": "catalog",
    "Column": "source",
    "DatasetDefinition": "definition",
    "DateRange": "filters",
    "DuckDBCatalog": "catalog",
    "Fill": "source",
    "FromColumn": "splits",
    "Group": "splits",
    "Interval": "windows",
    "Join": "source",
    "Manifest": "stored",
    "MinTransactions": "filters",
    "PartitionResult": "materialize",
    "Partitions": "windows",
    "Range": "filters",
    "Source": "source",
    "Temporal": "splits",
    "TopProducts": "filters",
    "Values": "filters",
    "Window": "windows",
    "define": "definition",
    "from_yaml": "loading",
    "load_folder": "loading",
    "manifest": "stored",
    "materialize": "materialize",
    "partition_files": "stored",
    "partition_query": "query",
    "read_partitions": "stored",
    "render": "query",
    "schemas_of": "catalog",
    "stored_partitions": "stored",
    "window": "windows",
}

__all__ = [
    "Catalog",
    "Column",
    "DatasetDefinition",
    "DateRange",
    "DuckDBCatalog",
    "Fill",
    "FromColumn",
    "Group",
    "Interval",
    "Join",
    "Manifest",
    "MinTransactions",
    "PartitionResult",
    "Partitions",
    "Range",
    "Source",
    "Temporal",
    "TopProducts",
    "Values",
    "Window",
    "define",
    "from_yaml",
    "load_folder",
    "manifest",
    "materialize",
    "partition_files",
    "partition_query",
    "read_partitions",
    "render",
    "schemas_of",
    "stored_partitions",
    "window",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'dqx_core.datasets' has no attribute {name!r}")
    value = getattr(import_module(f"dqx_core.datasets.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
