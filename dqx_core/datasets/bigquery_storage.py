"""Partitions of datasets as tables of BigQuery: parted by date, clustered by split, a day replaced in one step."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.bigquery_catalog import BigQueryCatalog
from dqx_core.datasets.catalog import Schemas, schemas_of, table_of
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.joins import check_joins
from dqx_core.datasets.listing import Kept
from dqx_core.datasets.materialize import PartitionResult, explain_nulls
from dqx_core.datasets.query import columns_of_part, partition_query, parts_asked_for, render, source_query
from dqx_core.datasets.types import TIMES, normal_type
from dqx_core.datasets.windows import Window, window
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables, Field, Layout, Table
from dqx_core.errors import DefinitionError, EngineError, NotRunError
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import DataSource
    from dqx_core.engines.bigquery import BigQuery

DATE_COLUMN = "date"
LAYOUT = Layout(partitioned_by=DATE_COLUMN, clustered_by=(SPLIT_COLUMN,))
ML_COLUMNS = ("ml_use", "is_eval")
"""What Vertex AI (a column of TRAIN, VALIDATE and TEST) and BigQuery ML (DATA_SPLIT_COL) take a split as."""

_ML_USE = {"train": "TRAIN", "test": "TEST"}
_DEFINITION = "dqx_definition"
_PARTS = re.compile(r"\b(STRUCT|RECORD|JSON|GEOGRAPHY|RANGE|INTERVAL)\b")
"""Types of a column whose values have parts, or that not every table can hold."""
_RESERVED = ("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER", "_CHANGE_")
"""How the name of a column cannot begin."""
_MOST_DAYS = 2_000
"""Days over which a staged source is parted; BigQuery lets a job write to 4,000 partitions."""


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
        windows = [window(definition, date) for date in sorted(set(dates))]
        results: list[PartitionResult] = []
        if not windows or not wanted:
            return results
        schemas = schemas_of(definition, BigQueryCatalog(self.engine, tuple(definition_schemas(definition))))
        self._refuse_columns(definition, schemas)
        check_joins(definition, self.engine)
        self.tables.make_dataset(self.dataset, self._location(definition))
        with self._stage(definition, windows, schemas) as stage:
            writer = _Writer(self, definition, wanted, schemas, stage)
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
        columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in (DATE_COLUMN, SPLIT_COLUMN)]
        query = (
            exp.select(*columns, aliased(exp.Count(this=exp.Star()), "row_count"))
            .from_(table_of(self.place(dataset)))
            .group_by(*(column.copy() for column in columns))
            .order_by(*(column.copy() for column in columns))
        )
        written = found.modified or dt.datetime.min.replace(tzinfo=dt.UTC)
        return [
            Kept(row[DATE_COLUMN], row[SPLIT_COLUMN], row["row_count"], None, written)
            for row in self.engine.run(query).to_pylist()
        ]

    def splits(self, dataset: str) -> Sequence[str]:
        return [*dict.fromkeys(kept.split for kept in self.partitions(dataset))]

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

        # A table does not know of an empty split whether it was written: it is none.
        def is_there(date: dt.date, tags: Mapping[str, str]) -> bool:
            if SPLIT_COLUMN in tags:
                return (date, tags[SPLIT_COLUMN]) in there()
            return any(day == date for day, _ in there())

        return BigQueryDataSource.from_table(
            self.engine,
            self.place(dataset),
            dataset,
            date_column=DATE_COLUMN,
            dimensions={"split": SPLIT_COLUMN},
            is_there=is_there,
        )

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


@dataclass(frozen=True)
class _Writer:
    """What writing any partition of one call needs."""

    storage: BigQueryStorage
    definition: DatasetDefinition
    splits: Sequence[str]
    schemas: Schemas
    stage: exp.Table | None
    known: list[tuple[list[Field], Table]] = field(default_factory=list)
    """Once it is known: the columns of the rows, and the table."""

    @property
    def name(self) -> str:
        return self.storage.place(self.definition.name)

    def write(self, days: Window) -> Iterator[PartitionResult]:
        """One job for a date; then what it wrote, by split."""
        from sqlglot import exp

        storage, tables = self.storage, self.storage.tables
        rows = self._rows(days)
        try:
            if not self.known:  # the same for every date
                given = [Field(name, kind) for name, kind in storage.engine.schema(rows).items()]
                self.known.append((given, self._target(given)))
            [(fields, target)] = self.known
            others = [split for split in self.definition.split.part_names if split not in self.splits]
            if others:
                # Also what is of no split that there is now.
                gone = exp.and_(
                    exp.EQ(this=_column(DATE_COLUMN), expression=literal(days.date)),
                    exp.not_(_column(SPLIT_COLUMN).isin(*(literal(split) for split in others))),
                )
                tables.replace_rows(self.name, gone, rows, [field.name for field in fields])
            else:
                tables.write(self._whole(rows, fields, target), f"{self.name}${days.date:%Y%m%d}")
        except NotRunError:
            raise
        except EngineError as error:
            explain_nulls(self.definition, days.date, self.schemas, self.stage, storage.engine, error)
            raise
        types = {field.name: normal_type(field.type, "bigquery") for field in fields}
        measured = self._measured(fields, days.date)
        for split in self.splits:
            count, size, fingerprint = measured.get(split, (0, 0, "0"))
            content = json.dumps([list(types.items()), count, fingerprint], ensure_ascii=False)
            digest = hashlib.sha256(content.encode()).hexdigest()[:32]
            version = json.dumps([self.definition.definition_hash, days.date.isoformat(), split, digest])
            sql = partition_query(self.definition, days.date, self.schemas, splits=[split])
            yield PartitionResult(
                date=days.date,
                split=split,
                path=f"{self.name}${days.date:%Y%m%d}",
                rows=count,
                bytes=size,
                window=days,
                sql=render(sql, "bigquery"),
                fingerprint=digest,
                data_version=hashlib.sha256(version.encode()).hexdigest()[:32],
                columns={name: kind for name, kind in types.items() if name not in (DATE_COLUMN, SPLIT_COLUMN)},
            )

    def _rows(self, days: Window) -> exp.Select:
        """The rows of the splits that were asked for, as the table has them."""
        from sqlglot import exp

        inside = partition_query(self.definition, days.date, self.schemas, splits=self.splits, stage=self.stage)
        names = tuple(resolve(self.definition, self.schemas))
        names = max((columns_of_part(self.definition, names, part) for part in self.splits), key=len)
        columns: list[exp.Expr] = [_column(name) for name in names]
        if self.storage.ml_columns:
            uses = [
                exp.If(this=exp.EQ(this=_column(SPLIT_COLUMN), expression=literal(split)), true=literal(use))
                for split, use in _ML_USE.items()
            ]
            columns.append(aliased(exp.Case(ifs=uses, default=literal("VALIDATE")), "ml_use"))
            columns.append(aliased(exp.NEQ(this=_column(SPLIT_COLUMN), expression=literal("train")), "is_eval"))
        columns += [aliased(literal(days.date), DATE_COLUMN), _column(SPLIT_COLUMN)]
        return exp.select(*columns).from_(inside.subquery("partition_rows"))

    def _target(self, fields: Sequence[Field]) -> Table:
        """The table, made or given the columns that it lacks."""
        tables = self.storage.tables
        found = tables.described(self.name)
        if found is None:
            tables.make(self.name, fields, LAYOUT, self.definition.description or None)
        else:
            if (found.partitioned_by, found.granularity) != (DATE_COLUMN, "DAY"):
                raise DefinitionError(
                    f"Table {self.name} is there, and is not partitioned by {DATE_COLUMN}, day by day: it was not made "
                    "by dqx. Rename it, or keep datasets in another BigQuery dataset."
                )
            there = {field.name.lower(): field for field in found.fields}
            for each in fields:
                before = there.get(each.name.lower())
                if before is not None and normal_type(before.type, "bigquery") != normal_type(each.type, "bigquery"):
                    raise DefinitionError(
                        f"Column '{each.name}' of {self.name} is {before.type}, and dataset "
                        f"'{self.definition.name}' now gives {each.type}. A column of a table cannot change its type: "
                        f"clone the dataset under another name, or delete the table (bq rm {self.name}) and "
                        "materialize its partitions again."
                    )
            new = [field for field in fields if field.name.lower() not in there]
            if not new:
                return found
            tables.add_columns(self.name, new)
        made = tables.described(self.name)
        assert made is not None
        return made

    def _whole(self, rows: exp.Select, fields: Sequence[Field], target: Table) -> exp.Select:
        """The rows in the table's own order of columns."""
        from sqlglot import exp

        given = {field.name.lower() for field in fields}
        columns = [
            _column(field.name)
            if field.name.lower() in given
            else aliased(exp.cast(exp.Null(), exp.DataType.build(field.type, dialect="bigquery")), field.name)
            for field in target.fields
        ]
        return exp.select(*columns).from_(rows.subquery("new_rows"))

    def _measured(self, fields: Sequence[Field], date: dt.date) -> dict[str, tuple[int, int, str]]:
        """Rows, bytes of their text, and a fingerprint of the rows whatever their order, by split."""
        from sqlglot import exp

        struct = exp.Struct(expressions=[_column(each.name) for each in fields])
        text = exp.Anonymous(this="TO_JSON_STRING", expressions=[struct])
        staged = (
            exp.select(_column(SPLIT_COLUMN), aliased(text, "row_text"))
            .from_(table_of(self.name))
            .where(exp.EQ(this=_column(DATE_COLUMN), expression=literal(date)))
        )
        row_text = _column("row_text")
        # As a wide number: a sum of hashes does not fit in 64 bits, and equal rows must not cancel out.
        hashed = exp.cast(exp.Anonymous(this="FARM_FINGERPRINT", expressions=[row_text]), "bignumeric")
        query = (
            exp.select(
                _column(SPLIT_COLUMN),
                aliased(exp.Count(this=exp.Star()), "row_count"),
                aliased(exp.Sum(this=exp.Length(this=row_text.copy())), "size"),
                aliased(exp.cast(exp.Sum(this=hashed), "text"), "total"),
            )
            .from_(staged.subquery("row_texts"))
            .group_by(_column(SPLIT_COLUMN))
        )
        return {
            row[SPLIT_COLUMN]: (row["row_count"], int(row["size"] or 0), str(row["total"]))
            for row in self.storage.engine.run(query).to_pylist()
        }


def definition_schemas(definition: DatasetDefinition) -> Iterator[str]:
    """The BigQuery datasets of a definition's tables."""
    yield from dict.fromkeys(table.rsplit(".", 1)[0] for table in definition.source.tables)


def _select(table: Table, partitions: Sequence[tuple[dt.date, str]]) -> exp.Select:
    """The rows of partitions, with literals that leave all other partitions unread."""
    from sqlglot import exp

    dates, splits = sorted({date for date, _ in partitions}), sorted({split for _, split in partitions})
    columns = [_column(field.name) for field in table.fields]
    return (
        exp.select(*columns)
        .from_(table_of(table.name))
        .where(
            _column(DATE_COLUMN).isin(*(literal(date) for date in dates)),
            _column(SPLIT_COLUMN).isin(*(literal(split) for split in splits)),
        )
    )


def _column(name: str) -> exp.Column:
    from sqlglot import exp

    return exp.column(exp.to_identifier(name, quoted=True))
