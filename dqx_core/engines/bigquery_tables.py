"""Tables of BigQuery: what they are, and how they are written, replaced, copied and exported."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dqx_core.engines.bigquery import NAME, BigQuery, type_name
from dqx_core.errors import EngineError
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud import bigquery
    from sqlglot import exp


INGESTED = "_PARTITIONTIME"
"""The pseudo-column of tables that are parted by the time of loading."""

_ATTEMPTS = 7
_CONFLICT = "Could not serialize access"
"""What BigQuery says to the later of two statements that change one partition."""


@dataclass(frozen=True)
class Field:
    """A column as BigQuery describes it."""

    name: str
    type: str
    """GoogleSQL."""
    nullable: bool = True
    description: str | None = None


@dataclass(frozen=True)
class Table:
    """A table as BigQuery describes it, without reading it."""

    name: str
    """dataset.table, with the project in front where it is another one."""
    kind: str
    """"table", "view", "materialized_view", "external" or "snapshot"."""
    fields: tuple[Field, ...]
    rows: int | None
    bytes: int | None
    modified: dt.datetime | None
    description: str | None
    partitioned_by: str | None
    """The column that parts it by time, `_PARTITIONTIME` where that is the time of loading; None: none does."""
    granularity: str | None
    """"HOUR", "DAY", "MONTH" or "YEAR"."""
    clustered_by: tuple[str, ...]
    labels: Mapping[str, str]
    streaming: bool = False
    """Whether rows are in its streaming buffer: they are read, and no time of modification knows of them yet."""


@dataclass(frozen=True)
class Layout:
    """How a table that is made is laid out."""

    partitioned_by: str | None = None
    """A DATE column: one partition a day."""
    clustered_by: tuple[str, ...] = ()


class BigQueryTables:
    """The tables of the datasets that an engine's client may see."""

    def __init__(self, engine: BigQuery) -> None:
        self.engine = engine

    def names(self, dataset: str) -> Sequence[str]:
        """Of the tables and views of a dataset, in order, as dataset.table.

        Raises:
            EngineError: There is no such dataset.
        """
        with self.engine.speaking(f"list the tables of '{dataset}'"):
            found = self.engine.client.list_tables(dataset, **self.engine.patiently())
            return sorted(f"{dataset}.{table.table_id}" for table in found)

    def has(self, dataset: str) -> bool:
        """Whether there is a dataset."""
        from google.api_core.exceptions import NotFound

        with self.engine.speaking(f"look at dataset '{dataset}'"):
            try:
                self.engine.client.get_dataset(dataset, **self.engine.patiently())
            except NotFound:
                return False
        return True

    def described(self, name: str) -> Table | None:
        """A table; None if there is none."""
        from google.api_core.exceptions import NotFound

        with self.engine.speaking(f"look at table '{name}'"):
            try:
                found = self.engine.client.get_table(self._full(name), **self.engine.patiently())
            except NotFound:
                return None
        parted = found.time_partitioning
        plain = found.table_type == "TABLE"
        return Table(
            name=name,
            kind=str(found.table_type or "TABLE").lower(),
            fields=tuple(Field(f.name, type_name(f), f.mode != "REQUIRED", f.description) for f in found.schema),
            rows=int(found.num_rows or 0) if plain else None,
            bytes=int(found.num_bytes or 0) if plain else None,
            modified=found.modified,
            description=found.description,
            partitioned_by=None if parted is None else parted.field or INGESTED,
            granularity=None if parted is None else parted.type_,
            clustered_by=tuple(found.clustering_fields or ()),
            labels=dict(found.labels or {}),
            streaming=found.streaming_buffer is not None,
        )

    def make(
        self,
        name: str,
        fields: Sequence[Field],
        layout: Layout,
        description: str | None = None,
        *,
        lives: dt.timedelta | None = None,
    ) -> None:
        """An empty table; one that is there stays.

        Args:
            name: The table.
            fields: Its columns.
            layout: How it is laid out.
            description: For people.
            lives: After how long BigQuery deletes it, should nobody do so before.
        """
        from google.cloud import bigquery

        table = bigquery.Table(self._full(name), schema=_schema(fields))
        table.description = description
        table.time_partitioning = _time(layout)
        table.clustering_fields = list(layout.clustered_by) or None
        table.labels = self.engine.labels()
        table.expires = None if lives is None else dt.datetime.now(dt.UTC) + lives
        with self.engine.speaking(f"make table '{name}'"):
            self.engine.client.create_table(table, exists_ok=True, **self.engine.patiently())

    def add_columns(self, name: str, fields: Sequence[Field]) -> None:
        """More columns for a table, null in the rows that are there."""
        with self.engine.speaking(f"add columns to table '{name}'"):
            table = self.engine.client.get_table(self._full(name), **self.engine.patiently())
            table.schema = [*table.schema, *_schema(fields)]
            self.engine.client.update_table(table, ["schema"], **self.engine.patiently())

    def write(self, query: exp.Query, name: str) -> None:
        """Put the rows of a query into a table or a partition that is there, whatever was in it.

        It is one job, which replaces all of it or, when it fails or is cancelled, nothing. A partition is named by its
        day: `shop.daily$20240131`.
        """
        from google.cloud import bigquery

        # A table whole would be laid out anew; what is truncated is a partition, and a table only while it is empty.
        disposition = bigquery.WriteDisposition
        with self.engine.running(
            self.engine.text(query),
            query,
            destination=bigquery.TableReference.from_string(self._full(name)),
            write_disposition=disposition.WRITE_TRUNCATE if "$" in name else disposition.WRITE_EMPTY,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        ) as (job, _):
            job.result(**self.engine.patiently(job_retry=True))

    def change(self, statement: exp.Expr) -> None:
        """Run a statement that changes rows (INSERT, MERGE): all of it happens, or nothing.

        Where another job changed the same partition at the same time, BigQuery gives up one of the two; that one is
        started again.

        Raises:
            EngineError: BigQuery refused it, or was interrupted by others too many times.
        """
        sql = self.engine.text(statement)
        for attempt in range(_ATTEMPTS):
            try:
                with self.engine.running(sql, statement) as (job, _):
                    job.result(**self.engine.patiently(job_retry=True))
                return
            except EngineError as error:
                if _CONFLICT not in str(error) or attempt == _ATTEMPTS - 1:
                    raise
            time.sleep(0.5 * 2**attempt)

    def replace_rows(self, name: str, gone: exp.Expr, rows: exp.Query, columns: Sequence[str]) -> None:
        """Put rows in the place of those that a condition picks, in one statement; all other rows stay.

        It is a MERGE that matches nothing: what BigQuery's reference gives for deleting and inserting in one step.
        Unlike a job that reads what is to stay and writes it again, it cannot undo what another one wrote beside it.

        Args:
            name: The table.
            gone: A condition on its rows, whose partitions are told by literals.
            rows: A query that gives the columns.
            columns: Those that are written; others are null.
        """
        from sqlglot import exp

        condition = gone.copy()
        for each in condition.find_all(exp.Column):
            each.set("table", exp.to_identifier("target", quoted=True))
        insert = exp.Insert(
            this=exp.Tuple(expressions=[exp.to_identifier(each, quoted=True) for each in columns]),
            expression=exp.Tuple(expressions=[column_named(each, "source") for each in columns]),
        )
        self.change(
            exp.Merge(
                this=table_of(name).as_("target", quoted=True),
                using=rows.subquery(exp.to_identifier("source", quoted=True)),
                on=exp.false(),
                whens=exp.Whens(
                    expressions=[
                        exp.When(matched=False, source=True, condition=condition, then=exp.Var(this="DELETE")),
                        exp.When(matched=False, source=False, then=insert),
                    ]
                ),
            )
        )

    def export(self, name: str, uri: str, day: dt.date | None = None) -> None:
        """Write a table, or its partition of a day, to Parquet files in Cloud Storage; it costs nothing.

        Args:
            name: The table.
            uri: Such as gs://bucket/folder/*.parquet: a * lets BigQuery write many files.
            day: The partition; None: the whole table.
        """
        from google.cloud import bigquery

        config = bigquery.ExtractJobConfig(  # type: ignore[no-untyped-call]
            destination_format=bigquery.DestinationFormat.PARQUET, compression="SNAPPY", labels=self.engine.labels()
        )
        with self.engine.speaking(f"export table '{name}' to {uri}"):
            job = self.engine.client.extract_table(
                self._full(name) + ("" if day is None else f"${day:%Y%m%d}"), uri, job_config=config,
                location=self.engine.location_of_dataset(_dataset(self._full(name))), job_id_prefix="dqx_",
                **self.engine.patiently(),
            )  # fmt: skip
            with self.engine.watched(job):
                job.result(**self.engine.patiently())

    def load(self, rows: pa.Table, name: str, layout: Layout | None = None) -> None:
        """Put an Arrow table into a table, whatever was in it; loading costs nothing."""
        import io

        import pyarrow.parquet as pq
        from google.cloud import bigquery

        file = io.BytesIO()
        pq.write_table(rows, file)
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            time_partitioning=_time(layout or Layout()),
            clustering_fields=list(layout.clustered_by) or None if layout else None,
            labels=self.engine.labels(),
        )
        lists = bigquery.ParquetOptions()  # type: ignore[no-untyped-call]
        lists.enable_list_inference = True
        config.parquet_options = lists
        with self.engine.speaking(f"load table '{name}'"):
            job = self.engine.client.load_table_from_file(
                file, self._full(name), rewind=True, job_config=config, job_id_prefix="dqx_",
                location=self.engine.location_of_dataset(_dataset(self._full(name))),
            )  # fmt: skip
            with self.engine.watched(job):
                job.result(**self.engine.patiently())

    def drop(self, name: str) -> None:
        """Delete a table, if it is there."""
        with self.engine.speaking(f"delete table '{name}'"):
            self.engine.client.delete_table(self._full(name), not_found_ok=True, **self.engine.patiently())

    def make_dataset(self, dataset: str, location: str | None = None) -> None:
        """An empty dataset; one that is there stays, and needs no right to make one.

        Raises:
            EngineError: It is there, and is not where it should be.
        """
        from google.api_core.exceptions import NotFound
        from google.cloud import bigquery

        with self.engine.speaking(f"look at dataset '{dataset}'"):
            try:
                there = self.engine.client.get_dataset(dataset, **self.engine.patiently()).location
            except NotFound:
                there = None
        if there is not None:
            if location is not None and there.lower() != location.lower():
                raise EngineError(
                    NAME, f"use dataset '{dataset}'", f"it is in {there}, and the tables that are read are in "
                    f"{location}: a query cannot write elsewhere. Name a dataset in {location}, or one that is not "
                    "there yet",
                )  # fmt: skip
            return
        wanted = bigquery.Dataset(dataset if "." in dataset else f"{self.engine.project}.{dataset}")
        if location is not None:
            wanted.location = location
        with self.engine.speaking(f"make dataset '{dataset}'"):
            self.engine.client.create_dataset(wanted, exists_ok=True, **self.engine.patiently())

    def _full(self, name: str) -> str:
        parts = name.split(".")
        if len(parts) not in (2, 3):
            raise EngineError(NAME, f"find table '{name}'", "a table is dataset.table or project.dataset.table")
        return name if len(parts) == 3 else f"{self.engine.project}.{name}"


def _dataset(full_name: str) -> str:
    return full_name.rsplit(".", 1)[0]


def _schema(fields: Sequence[Field]) -> list[bigquery.SchemaField]:
    from google.cloud import bigquery

    def described(field: Field) -> dict[str, Any]:
        return {} if field.description is None else {"description": field.description}

    return [
        bigquery.SchemaField(
            field.name,
            field.type.removeprefix("ARRAY<").removesuffix(">"),
            mode="REPEATED" if field.type.startswith("ARRAY<") else "NULLABLE" if field.nullable else "REQUIRED",
            **described(field),
        )
        for field in fields
    ]


def _time(layout: Layout) -> bigquery.TimePartitioning | None:
    from google.cloud import bigquery

    if layout.partitioned_by is None:
        return None
    return bigquery.TimePartitioning(type_=bigquery.TimePartitioningType.DAY, field=layout.partitioned_by)
