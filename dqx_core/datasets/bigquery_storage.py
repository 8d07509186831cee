"""Partitions of datasets as tables of BigQuery: parted by date, clustered by split, a day replaced in one step."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
from dqx_core.datasets.bigquery_manifests import Manifests
from dqx_core.datasets.bigquery_writing import DATE_COLUMN, Writer
from dqx_core.datasets.catalog import Schemas, schemas_of
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.joins import check_joins
from dqx_core.datasets.lacking import rows_that_lack
from dqx_core.datasets.listing import Kept
from dqx_core.datasets.materialize import PartitionResult
from dqx_core.datasets.mixing import mixture
from dqx_core.datasets.orphans import Orphan
from dqx_core.datasets.query import parts_asked_for, source_query
from dqx_core.datasets.stored import Manifest, holding, own_splits
from dqx_core.datasets.types import TIMES
from dqx_core.datasets.windows import Window, refuse_ended, window
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables, Field, Layout, Table
from dqx_core.errors import DefinitionError, EngineError
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import DataSource
    from dqx_core.engines.bigquery import BigQuery

ML_COLUMNS = ("ml_use", "is_eval")
"""What Vertex AI (a column of TRAIN, VALIDATE and TEST) and BigQuery ML (DATA_SPLIT_COL) take a split as."""

_PARTS = re.compile(r"\b(STRUCT|RECORD|JSON|GEOGRAPHY|RANGE|INTERVAL)\b")
"""Types of a column whose values have parts, or that not every table can hold."""
_RESERVED = ("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER", "_CHANGE_")
"""How the name of a column cannot begin."""
_MOST_DAYS = 2_000
"""Days over which a staged source is parted; BigQuery lets a job write to 4,000 partitions."""


class _StoredSource(BigQueryDataSource):
    """The table of a dataset, whose splits are compared where they are of one definition."""

    mixed: Callable[[dt.date], str | None]
    """Why the splits of a date are not."""

    def fault(self, date: dt.date, tags: Mapping[str, str]) -> str | None:
        """Why the splits of a date cannot be compared; None: they can, or it is of one alone."""
        return None if SPLIT_COLUMN in tags else self.mixed(date)


class BigQueryStorage:
    """Every dataset is a table `<dataset>.<name>` with the columns of its definition, `date` and `split`.

    A day is replaced by one query job whose destination is the partition of the day (`table$20240131`), to be
    truncated: BigQuery puts the new rows in the place of the old ones when the job succeeds, and does nothing else
    when it fails or is killed. No temporary table and no copy job has to be cleaned up, and rows that must not be
    (a null where nulls are written to fail) fail the job before anything is replaced.

    Where only some splits are asked for, it is one MERGE that deletes the rows of those and inserts the new ones: the
    other splits are not touched, so that two runs may write different splits of one day at the same time. BigQuery
    gives up the later of two such statements on one partition, and it is started again.

    Args:
        engine: What runs the jobs.
        dataset: The BigQuery dataset that holds the tables; made if it is not there.
        ml_columns: Add `ml_use` and `is_eval`.
    """

    def __init__(self, engine: BigQuery, dataset: str, *, ml_columns: bool = False) -> None:
        self.engine, self.dataset, self.ml_columns = engine, dataset, ml_columns
        self.tables = BigQueryTables(engine)
        self.manifests = Manifests(engine, dataset)

    def place(self, dataset: str) -> str:
        return f"{self.dataset}.{dataset}"

    def materialize(
        self,
        definition: DatasetDefinition,
        dates: Iterable[dt.date],
        splits: Sequence[str] | None = None,
        *,
        progress: Callable[[PartitionResult], object] | None = None,
    ) -> Sequence[PartitionResult]:
        wanted = parts_asked_for(definition, splits)
        if definition.partitions.cadence == "hourly":
            raise DefinitionError(
                f"Dataset '{definition.name}' has hourly partitions, and a table of BigQuery keeps one for each day. "
                "Write partitions.cadence: daily, or keep the dataset in folders."
            )
        windows = [window(definition, date) for date in sorted(set(dates))]
        results: list[PartitionResult] = []
        if not windows or not wanted:
            return results
        refuse_ended(definition, windows)
        schemas = schemas_of(definition, BigQueryCatalog(self.engine, tuple(definition_schemas(definition))))
        self._refuse_columns(definition, schemas)
        check_joins(definition, self.engine)
        self.tables.make_dataset(self.dataset, self._location(definition))
        with self._stage(definition, windows, schemas) as stage:
            writer = Writer(
                self.tables, self.manifests, self.place(definition.name), definition, wanted, schemas, stage,
                self.ml_columns, rows_that_lack(definition, [days.date for days in windows], schemas, self.engine),
                self.manifests.newest(definition.name, windows[0].date if len(windows) == 1 else None),
            )  # fmt: skip
            for days in windows:
                for result in writer.write(days):
                    results.append(result)
                    if progress is not None:
                        progress(result)
        return results

    def partitions(self, dataset: str) -> Sequence[Kept]:
        from sqlglot import exp

        found = self.tables.described(self.place(dataset))
        if found is None:
            return []
        columns = [column_named(name) for name in (DATE_COLUMN, SPLIT_COLUMN)]
        query = (
            exp.select(*columns, aliased(exp.Count(this=exp.Star()), "row_count"))
            .from_(table_of(self.place(dataset)))
            .group_by(*(column.copy() for column in columns))
            .order_by(*(column.copy() for column in columns))
        )
        written = found.modified or dt.datetime.min.replace(tzinfo=dt.UTC)
        counts = {(row[DATE_COLUMN], row[SPLIT_COLUMN]): row["row_count"] for row in self.engine.run(query).to_pylist()}
        # Rows that somebody else wrote are nobody's; and a split without rows is there, if it was written so.
        told = {
            each: manifest
            for each, manifest in self.manifests.newest(dataset).items()
            if manifest.rows == counts.get(each, 0)
        }
        said: dict[dt.date, dict[str, Manifest]] = {}
        for (date, split), manifest in told.items():
            said.setdefault(date, {})[split] = manifest
        kept = sorted((date, split) for date, split in {*counts, *told} if holding([split], said.get(date, {})))
        return [
            Kept(
                *each,
                counts.get(each, 0),
                told[each].definition_hash if each in told else None,
                told[each].written_at if each in told else written,
            )
            for each in kept
        ]

    def manifest(self, dataset: str, date: dt.date, split: str) -> Manifest | None:
        return self.manifests.newest(dataset, date, split).get((date, split))

    def splits(self, dataset: str) -> Sequence[str]:
        return [*dict.fromkeys(kept.split for kept in self.partitions(dataset))]

    def splits_of(self, dataset: str, dates: Iterable[dt.date]) -> Mapping[dt.date, Sequence[str]]:
        said: dict[dt.date, dict[str, Manifest]] = {}
        for (date, split), manifest in self.manifests.newest(dataset).items():
            said.setdefault(date, {})[split] = manifest
        return {date: sorted(own_splits(said.get(date, {}))) for date in dates}

    def orphans(self, dataset: str) -> Sequence[Orphan]:
        return []  # the statement that makes a day again replaces what was there of other splits

    def remove_orphans(self, dataset: str) -> Sequence[Orphan]:
        return []

    def rows(self, dataset: str, partitions: Iterable[tuple[dt.date, str]]) -> pa.Table:
        wanted = sorted(set(partitions))
        found = self.tables.described(self.place(dataset))
        if found is None:
            raise DefinitionError(f"There is no table {self.place(dataset)}. Materialize dataset '{dataset}' first.")
        return self.engine.run(_select(found, wanted))

    def first_rows(self, result: PartitionResult, count: int) -> Sequence[Mapping[str, Any]]:
        table = str(result.path).partition("$")[0]
        found = self.tables.described(table)
        if found is None:
            return []
        rows: Sequence[Mapping[str, Any]] = self.engine.run(
            _select(found, [(result.date, result.split)]).limit(count)
        ).to_pylist()
        return rows

    def data_source(self, dataset: str) -> DataSource:
        if self.tables.described(self.place(dataset)) is None:
            raise DefinitionError(f"There is no table {self.place(dataset)}. Materialize dataset '{dataset}' first.")

        @cache
        def there() -> set[tuple[dt.date, str]]:
            return {(kept.date, kept.split) for kept in self.partitions(dataset)}

        @cache
        def own() -> Mapping[dt.date, Sequence[str]]:
            return self.splits_of(dataset, {date for date, _ in there()})

        def is_there(date: dt.date, tags: Mapping[str, str]) -> bool:
            if SPLIT_COLUMN in tags:
                return (date, tags[SPLIT_COLUMN]) in there()
            held = {split for day, split in there() if day == date}
            return bool(held) and {*own()[date]} <= held

        @cache
        def said() -> Mapping[dt.date, Mapping[str, Manifest]]:
            found: dict[dt.date, dict[str, Manifest]] = {}
            for each, manifest in self.manifests.newest(dataset).items():
                if each in there():
                    found.setdefault(each[0], {})[each[1]] = manifest
            return found

        @cache
        def mixed(date: dt.date) -> str | None:
            return mixture(said().get(date, {}).values())

        source = _StoredSource.from_table(
            self.engine,
            self.place(dataset),
            dataset,
            date_column=DATE_COLUMN,
            dimensions={"split": SPLIT_COLUMN},
            is_there=is_there,
        )
        assert isinstance(source, _StoredSource)
        source.mixed = mixed
        return source

    def export(self, dataset: str, uri: str, date: dt.date | None = None) -> None:
        """Write a dataset, or its partitions of a day, to Parquet in Cloud Storage; it costs nothing.

        Args:
            dataset: Its name.
            uri: Such as gs://bucket/folder/*.parquet.
            date: The day; None: all of them.
        """
        if not uri.startswith("gs://"):
            raise DefinitionError(
                f"BigQuery exports to Cloud Storage, not to '{uri}'. Write gs://bucket/folder/*.parquet."
            )
        self.tables.export(self.place(dataset), uri, date)

    def _location(self, definition: DatasetDefinition) -> str | None:
        """Where the source is: a query cannot write elsewhere."""
        return self.engine.location_of_dataset(definition.source.table.rsplit(".", 1)[0])

    def _refuse_columns(self, definition: DatasetDefinition, schemas: Schemas) -> None:
        columns = resolve(definition, schemas)
        for name, column in columns.items():
            if _PARTS.search(column.type):
                raise DefinitionError(
                    f"Dataset '{definition.name}': column '{name}' is {column.type}, which is not one value "
                    "of a row. Make a view that has its parts as columns, and use that."
                )
            if name.upper().startswith(_RESERVED):
                raise DefinitionError(
                    f"Dataset '{definition.name}': BigQuery keeps names such as '{name}' for itself. Give the column "
                    "another name with as: …."
                )
        taken = [name for name in columns if self.ml_columns and name.lower() in ML_COLUMNS]
        if taken:
            raise DefinitionError(
                f"Dataset '{definition.name}' has a column '{taken[0]}', which ml_columns adds. Give it another name "
                "with as: …, or leave ml_columns out."
            )

    @contextlib.contextmanager
    def _stage(
        self, definition: DatasetDefinition, windows: Sequence[Window], schemas: Schemas
    ) -> Iterator[exp.Table | None]:
        """The source rows of several dates in a table that goes away; none for one date, which reads the source."""
        if len(windows) == 1:
            yield None
            return
        name = f"{self.dataset}._dqx_stage_{uuid.uuid4().hex}"
        time = next((c for c in resolve(definition, schemas).values() if c.role == "timestamp"), None)
        starts = [each.whole.start for each in windows]
        days = (windows[-1].date - min(day for day in starts if day)).days if all(starts) else _MOST_DAYS
        parted = time is not None and time.type in TIMES and days < _MOST_DAYS
        layout = Layout(partitioned_by=time.name if time is not None and parted else None)
        query = source_query(definition, [each.date for each in windows], schemas)
        try:
            fields = [Field(column, kind) for column, kind in self.engine.schema(query).items()]
            # Made before it is filled, so that it expires whatever happens in between.
            self.tables.make(name, fields, layout, lives=dt.timedelta(days=1))
            self.tables.write(query, name)
            yield table_of(name)
        finally:
            with contextlib.suppress(EngineError):  # out of reach: it expires in a day
                self.tables.drop(name)


def definition_schemas(definition: DatasetDefinition) -> Iterator[str]:
    """The BigQuery datasets of a definition's tables."""
    yield from dict.fromkeys(table.rsplit(".", 1)[0] for table in definition.source.tables)


def _select(table: Table, partitions: Sequence[tuple[dt.date, str]]) -> exp.Select:
    """The rows of partitions, with literals that leave all other partitions unread."""
    from sqlglot import exp

    dates, splits = sorted({date for date, _ in partitions}), sorted({split for _, split in partitions})
    columns = [column_named(field.name) for field in table.fields]
    return (
        exp.select(*columns)
        .from_(table_of(table.name))
        .where(
            column_named(DATE_COLUMN).isin(*(literal(date) for date in dates)),
            column_named(SPLIT_COLUMN).isin(*(literal(split) for split in splits)),
        )
    )
