"""A data source on BigQuery: a table, a view, or any query."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any, Unpack

from dqx_core.engines.bigquery import NAME, BigQuery
from dqx_core.engines.bigquery_tables import INGESTED, BigQueryTables, Table
from dqx_core.engines.relation import AUTO, DEFAULT_DATE_COLUMN, Options, RelationDataSource
from dqx_core.errors import DefinitionError, NotThereError, hint
from dqx_core.sql.names import table_of

_COUNTS_FOR = 5.0
"""Seconds. A plan asks for the versions of many days at once; one look at the partitions answers all."""

LOADED = "partition_time"
"""What the time of loading is called in a source."""

_UNPARTITIONED = "__UNPARTITIONED__"
"""Where rows are that were streamed in and have no partition yet."""


class BigQueryDataSource(RelationDataSource):
    """A named relation on BigQuery.

    Make one with `from_table` or `from_query`; each takes the `Options`. The date column is `yyyy_mm_dd` if there is
    one, else the column by which the table is partitioned, or the time of loading by which it is.
    """

    @classmethod
    def from_table(
        cls, engine: BigQuery, table: str, name: str | None = None, **options: Unpack[Options]
    ) -> BigQueryDataSource:
        """The rows of a table or view, `dataset.name` or `project.dataset.name`.

        Unless `data_version` is given, the version of a day is when its partition was last modified; of a table that
        is parted by no column, or by another one, when the table was. A view, an external table and a table with rows
        in its streaming buffer have none: they are measured again each time. A table that is parted by the time of
        loading has that as one column more, `partition_time`.

        Raises:
            EngineError: There is no such table, or BigQuery is out of reach.
        """
        from sqlglot import exp

        tables = BigQueryTables(engine)
        found = tables.described(table)
        if found is None:
            dataset = table.rsplit(".", 1)[0]
            raise NotThereError(NAME, f"find table '{table}'", f"there is none. {hint(table, tables.names(dataset))}")
        place = table_of(table)
        relation, schema = exp.select("*").from_(place), {field.name: field.type for field in found.fields}
        spelled = {column.lower() for column in schema}
        partition = found.partitioned_by
        if partition == INGESTED and LOADED not in spelled:
            # It is not a column until it has a name of its own; what is asked of that still prunes.
            relation = relation.select(exp.alias_(exp.column(INGESTED), LOADED, quoted=True))
            schema[LOADED], partition = "TIMESTAMP", LOADED
        if options.get("date_column", AUTO) == AUTO and DEFAULT_DATE_COLUMN not in spelled:
            options["date_column"] = partition if partition in schema else None
        source = cls(engine, relation, name or table.rsplit(".", 1)[-1], schema=schema, **options)
        if source._data_version is None and found.kind == "table":
            source._data_version = _Versions(engine, found, source.date_column)
        return source

    @classmethod
    def from_query(cls, engine: BigQuery, sql: str, name: str, **options: Unpack[Options]) -> BigQueryDataSource:
        """The rows of a query, written in BigQuery's SQL.

        Raises:
            DefinitionError: It is not one query.
            EngineError: BigQuery refuses it.
        """
        import sqlglot
        from sqlglot import exp
        from sqlglot.errors import SqlglotError

        try:
            trees = sqlglot.parse(sql, dialect="bigquery")
        except SqlglotError as error:
            raise DefinitionError(
                f"Data source '{name}': the query is not SQL: {str(error).splitlines()[0]}"
            ) from error
        if len(trees) != 1 or not isinstance(trees[0], exp.Query):
            raise DefinitionError(f"Data source '{name}' needs one query, SELECT …, not {sql!r}.")
        return cls(engine, trees[0], name, **options)


class _Versions:
    """When the partition of a day was last modified, as the version of its rows.

    Looking before measuring is safe: rows that change between the two are measured under the version before, which
    nothing that looks later takes for theirs.
    """

    def __init__(self, engine: BigQuery, table: Table, date_column: str | None) -> None:
        self._engine, self._table = engine, table
        parted = LOADED if table.partitioned_by == INGESTED else table.partitioned_by
        self._by_day = date_column is not None and parted is not None and date_column.lower() == parted.lower()
        self._seen: tuple[float, Any] | None = None

    def __call__(self, date: dt.date, tags: Mapping[str, str]) -> str | None:
        if not self._by_day:
            modified = self._now(self._whole)
            return None if modified is None else str(modified)
        partitions: dict[str, dt.datetime | None] = self._now(self._partitions)
        # A day is one partition, several (hours), or within one (a month or a year).
        day = f"{date:%Y%m%d}"
        known = {
            name: modified
            for name, modified in sorted(partitions.items())
            if name == _UNPARTITIONED or name.startswith(day) or day.startswith(name)
        }
        of_day = {name: modified.isoformat() for name, modified in known.items() if modified is not None}
        if _UNPARTITIONED in known or len(of_day) < len(known):
            return None  # rows are on their way into it
        if len(of_day) == 1:
            return next(iter(of_day.values()))
        return hashlib.sha256(json.dumps(of_day).encode()).hexdigest()[:32] if of_day else "no partition"

    def _now(self, look: Any) -> Any:
        moment = time.monotonic()
        if self._seen is None or moment - self._seen[0] > _COUNTS_FOR:
            self._seen = (moment, look())
        return self._seen[1]

    def _whole(self) -> dt.datetime | None:
        found = BigQueryTables(self._engine).described(self._table.name)
        return None if found is None or found.streaming else found.modified

    def _partitions(self) -> dict[str, dt.datetime | None]:
        from sqlglot import exp

        *dataset, table = self._table.name.split(".")
        place = ".".join([*dataset, "INFORMATION_SCHEMA", "PARTITIONS"])
        query = (
            exp.select(exp.column("partition_id"), exp.column("last_modified_time"))
            .from_(exp.Table(this=exp.Dot.build([exp.to_identifier(part, quoted=True) for part in place.split(".")])))
            .where(
                exp.EQ(this=exp.column("table_name"), expression=exp.Literal.string(table)),
                exp.Not(this=exp.Is(this=exp.column("partition_id"), expression=exp.Null())),
            )
        )
        rows = self._engine.run(query).to_pylist()
        return {row["partition_id"]: row["last_modified_time"] for row in rows}
