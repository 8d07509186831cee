"""What data goes into training: definitions, the SQL they mean, and the partitions it writes."""

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
