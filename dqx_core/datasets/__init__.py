"""What data goes into training: definitions, the SQL they mean, and the partitions it writes."""

from dqx_core.datasets.analysis import Analysis, SplitSize, analyze
from dqx_core.datasets.catalog import Catalog, ColumnInfo, DuckDBCatalog, TableInfo, schemas_of
from dqx_core.datasets.changes import Change, VersionDiff, diff, differences
from dqx_core.datasets.compare import Comparison, compare
from dqx_core.datasets.dates import newest_date
from dqx_core.datasets.definition import DatasetDefinition, define
from dqx_core.datasets.draft import Answers, drafted
from dqx_core.datasets.dryrun import DryRun, dry_run
from dqx_core.datasets.editing import changed_text
from dqx_core.datasets.filters import DateRange, Range, Values
from dqx_core.datasets.fitted import Aggregate, MinTransactions, TopProducts, TopUsers
from dqx_core.datasets.integrity import dataset_integrity
from dqx_core.datasets.join_detection import JoinCandidate, detect_joins
from dqx_core.datasets.jsonschema import json_schema
from dqx_core.datasets.library import NameCheck, check_name
from dqx_core.datasets.listing import Details, Listed, Page
from dqx_core.datasets.loading import from_yaml, load_folder
from dqx_core.datasets.materialize import PartitionResult, materialize
from dqx_core.datasets.preview import Preview, preview
from dqx_core.datasets.profile import ColumnStats, ValueCount, column_stats, samples
from dqx_core.datasets.quality import Facts, Issue, Quality, quality
from dqx_core.datasets.query import partition_query, render
from dqx_core.datasets.roles import RoleCandidate, RoleSuggestion, suggest_columns
from dqx_core.datasets.sampling import Folds, Sample
from dqx_core.datasets.service import DatasetService, Saved
from dqx_core.datasets.source import Column, Fill, Join, Source
from dqx_core.datasets.splits import FromColumn, Group, Temporal, Whole
from dqx_core.datasets.stored import Manifest, manifest, partition_files, read_partitions, stored_partitions
from dqx_core.datasets.tfx import TfxExport, tfx_export
from dqx_core.datasets.windows import Interval, Partitions, Window, window
from dqx_core.datasets.writing import new_text

__all__ = [
    "Aggregate",
    "Analysis",
    "Answers",
    "Catalog",
    "Change",
    "Column",
    "ColumnInfo",
    "ColumnStats",
    "Comparison",
    "DatasetDefinition",
    "DatasetService",
    "DateRange",
    "Details",
    "DryRun",
    "DuckDBCatalog",
    "Facts",
    "Fill",
    "Folds",
    "FromColumn",
    "Group",
    "Interval",
    "Issue",
    "Join",
    "JoinCandidate",
    "Listed",
    "Manifest",
    "MinTransactions",
    "NameCheck",
    "Page",
    "PartitionResult",
    "Partitions",
    "Preview",
    "Quality",
    "Range",
    "RoleCandidate",
    "RoleSuggestion",
    "Sample",
    "Saved",
    "Source",
    "SplitSize",
    "TableInfo",
    "Temporal",
    "TfxExport",
    "TopProducts",
    "TopUsers",
    "ValueCount",
    "Values",
    "VersionDiff",
    "Whole",
    "Window",
    "analyze",
    "changed_text",
    "check_name",
    "column_stats",
    "compare",
    "dataset_integrity",
    "define",
    "detect_joins",
    "diff",
    "differences",
    "drafted",
    "dry_run",
    "from_yaml",
    "json_schema",
    "load_folder",
    "manifest",
    "materialize",
    "new_text",
    "newest_date",
    "partition_files",
    "partition_query",
    "preview",
    "quality",
    "read_partitions",
    "render",
    "samples",
    "schemas_of",
    "stored_partitions",
    "suggest_columns",
    "tfx_export",
    "window",
]
