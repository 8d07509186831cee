"""What was written into partitions of BigQuery tables, and by which definition: the manifests of a folder, as rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dqx_core.datasets.flow import aliased
from dqx_core.datasets.stored import Manifest
from dqx_core.engines.bigquery_tables import BigQueryTables, Field, Layout
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.engines.bigquery import BigQuery

TABLE = "_dqx_manifests"
FIELDS = (
    Field("dataset", "STRING", description="The dataset, a table beside this one."),
    Field("date", "DATE", description="Its partition."),
    Field("split", "STRING"),
    Field("written_at", "TIMESTAMP", description="The newest row of a partition and split is the one that holds."),
    Field("row_count", "INT64"),
    Field("definition_hash", "STRING"),
    Field("manifest", "STRING", description="JSON: SQL, window, columns, fingerprint and all the rest."),
)


class Manifests:
    """The manifests of the datasets that are kept in one BigQuery dataset.

    Rows are only ever added, so that runs do not wait for each other; the newest of a partition holds. It is written
    when the partition is: a process that is killed in between leaves the manifest of what was there before, which
    `newest` tells by another number of rows.
    """

    def __init__(self, engine: BigQuery, dataset: str) -> None:
        self._engine, self._name = engine, f"{dataset}.{TABLE}"
        self._tables = BigQueryTables(engine)

    def add(self, manifests: Sequence[Manifest]) -> None:
        """Keep some, in one statement."""
        from sqlglot import exp

        if self._tables.described(self._name) is None:
            description = "What dqx wrote into the datasets beside this table."
            self._tables.make(self._name, FIELDS, Layout(clustered_by=("dataset", "date")), description)
        rows = [
            exp.select(*(aliased(value, field.name) for value, field in zip(_values(each), FIELDS, strict=True)))
            for each in manifests
        ]
        query: exp.Query = rows[0]
        for each in rows[1:]:
            query = exp.Union(this=query, expression=each, distinct=False)
        columns = [exp.to_identifier(field.name, quoted=True) for field in FIELDS]
        self._tables.change(
            exp.Insert(this=exp.Schema(this=table_of(self._name), expressions=columns), expression=query)
        )

    def newest(
        self, dataset: str, date: dt.date | None = None, split: str | None = None
    ) -> Mapping[tuple[dt.date, str], Manifest]:
        """The manifest that holds, by date and split: of a dataset, or of one date or split of it."""
        from sqlglot import exp

        if self._tables.described(self._name) is None:
            return {}
        asked = {"dataset": dataset, "date": date, "split": split}
        newest = exp.ArgMax(this=column_named("manifest"), expression=column_named("written_at"))
        query = (
            exp.select(aliased(newest, "manifest"))
            .from_(table_of(self._name))
            .where(
                *(
                    exp.EQ(this=column_named(name), expression=literal(value))
                    for name, value in asked.items()
                    if value is not None
                )
            )
            .group_by(column_named("date"), column_named("split"))
        )
        found = [Manifest.from_json(row["manifest"]) for row in self._engine.run(query).to_pylist()]
        return {(each.date, each.split): each for each in found}


def _values(manifest: Manifest) -> list[exp.Expr]:
    return [
        literal(value)
        for value in (
            manifest.dataset,
            manifest.date,
            manifest.split,
            manifest.written_at,
            manifest.rows,
            manifest.definition_hash,
            manifest.to_json(),
        )
    ]
