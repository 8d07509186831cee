"""Tables of BigQuery: what they are, and how they are written, replaced, copied and exported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dqx_core.engines.bigquery import NAME, BigQuery, type_name
from dqx_core.errors import EngineError

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud import bigquery
    from sqlglot import exp


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
    """The column that parts it by time; None: it is not parted, or by the time of loading."""
    granularity: str | None
    """"HOUR", "DAY", "MONTH" or "YEAR"."""
    clustered_by: tuple[str, ...]
    labels: Mapping[str, str]


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

    def described(self, name: str) -> Table | None:
        """A table; None if there is none."""
        from google.api_core.exceptions import NotFound

        with self.engine.speaking(f"look at table '{name}'"):
            try:
                found = self.engine.client.get_table(self._full(name), **self.engine.patiently())
            except NotFound:
                return None
        time = found.time_partitioning
        plain = found.table_type == "TABLE"
        return Table(
            name=name,
            kind=str(found.table_type or "TABLE").lower(),
            fields=tuple(Field(f.name, type_name(f), f.mode != "REQUIRED", f.description) for f in found.schema),
            rows=int(found.num_rows or 0) if plain else None,
            bytes=int(found.num_bytes or 0) if plain else None,
            modified=found.modified,
            description=found.description,
            partitioned_by=None if time is None else time.field,
            granularity=None if time is None else time.type_,
            clustered_by=tuple(found.clustering_fields or ()),
            labels=dict(found.labels or {}),
        )

    def make(self, name: str, fields: Sequence[Field], layout: Layout, description: str | None = None) -> None:
        """An empty table; one that is there stays."""
        from google.cloud import bigquery

        table = bigquery.Table(self._full(name), schema=_schema(fields))
        table.description = description
        table.time_partitioning = _time(layout)
        table.clustering_fields = list(layout.clustered_by) or None
        table.labels = self.engine.labels()
        with self.engine.speaking(f"make table '{name}'"):
            self.engine.client.create_table(table, exists_ok=True, **self.engine.patiently())

    def add_columns(self, name: str, fields: Sequence[Field]) -> None:
        """More columns for a table, null in the rows that are there."""
        with self.engine.speaking(f"add columns to table '{name}'"):
            table = self.engine.client.get_table(self._full(name), **self.engine.patiently())
            table.schema = [*table.schema, *_schema(fields)]
            self.engine.client.update_table(table, ["schema"], **self.engine.patiently())

    def write(self, query: exp.Query, name: str, layout: Layout, *, lives: dt.timedelta | None = None) -> None:
        """Put the rows of a query into a table, whatever was in it: all of them or, on an error, none.

        Args:
            query: What to write.
            name: The table, made if it is not there.
            layout: How it is laid out.
            lives: After how long BigQuery deletes it, should nobody do so before.
        """
        from google.cloud import bigquery

        config: dict[str, Any] = {
            "destination": bigquery.TableReference.from_string(self._full(name)),
            "write_disposition": bigquery.WriteDisposition.WRITE_TRUNCATE,
            "time_partitioning": _time(layout),
            "clustering_fields": list(layout.clustered_by) or None,
        }
        with self.engine.running(
            self.engine.text(query), query, **{key: value for key, value in config.items() if value is not None}
        ) as (job, _):
            job.result(**self.engine.patiently(job_retry=True))
        if lives is not None:
            with self.engine.speaking(f"set when table '{name}' expires"):
                table = self.engine.client.get_table(self._full(name), **self.engine.patiently())
                table.expires = dt.datetime.now(dt.UTC) + lives
                self.engine.client.update_table(table, ["expires"], **self.engine.patiently())

    def replace_partition(self, source: str, target: str, day: dt.date) -> None:
        """Put the rows that one table has of a day in the place of those of another, in one step; it costs nothing.

        Both are laid out alike.
        """
        from google.cloud import bigquery

        partition = f"${day:%Y%m%d}"
        config = bigquery.CopyJobConfig(
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE, labels=self.engine.labels()
        )
        with self.engine.speaking(f"replace partition {day} of table '{target}'"):
            job = self.engine.client.copy_table(
                self._full(source) + partition, self._full(target) + partition, job_config=config,
                location=self.engine.location_of_dataset(_dataset(self._full(target))), job_id_prefix="dqx_",
                **self.engine.patiently(),
            )  # fmt: skip
            with self.engine.watched(job):
                job.result(**self.engine.patiently())

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
        """An empty dataset; one that is there stays."""
        from google.cloud import bigquery

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
