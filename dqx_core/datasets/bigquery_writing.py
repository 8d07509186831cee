"""One date of a dataset into its BigQuery table: the statement, the columns it needs, and what came of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dqx_core.datasets.again import Before, difference
from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.catalog import Schemas
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.flow import aliased
from dqx_core.datasets.lacking import nans_among
from dqx_core.datasets.materialize import PartitionResult, explain_nulls
from dqx_core.datasets.query import columns_of_part, partition_query, render
from dqx_core.datasets.stored import Manifest
from dqx_core.datasets.types import normal_type
from dqx_core.datasets.windows import Window
from dqx_core.engines.bigquery_tables import BigQueryTables, Field, Layout, Table
from dqx_core.errors import DefinitionError, EngineError, NotRunError
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.bigquery_manifests import Manifests
    from dqx_core.datasets.definition import DatasetDefinition

DATE_COLUMN = "date"
LAYOUT = Layout(partitioned_by=DATE_COLUMN, clustered_by=(SPLIT_COLUMN,))
_ML_USE = {"train": "TRAIN", "test": "TEST"}


@dataclass(frozen=True)
class Writer:
    """What writing any partition of one call needs."""

    tables: BigQueryTables
    manifests: Manifests
    name: str
    """Of the table."""
    definition: DatasetDefinition
    splits: Sequence[str]
    schemas: Schemas
    stage: exp.Table | None
    ml_columns: bool = False
    lacking: Mapping[dt.date, Mapping[str, int]] = field(default_factory=dict)
    """Of each date, the rows that it has not, by what they lack."""
    there: Mapping[tuple[dt.date, str], Manifest] = field(default_factory=dict)
    """What the partitions were before."""
    known: list[tuple[list[Field], Table]] = field(default_factory=list)
    """Once it is known: the columns of the rows, and the table."""

    def write(self, days: Window) -> Iterator[PartitionResult]:
        """One job for a date; then what it wrote, by split."""
        from sqlglot import exp

        tables, engine = self.tables, self.tables.engine
        rows = self._rows(days)
        try:
            if not self.known:  # the same for every date
                given = [Field(name, kind) for name, kind in engine.schema(rows).items()]
                self.known.append((given, self._target(given)))
            [(fields, target)] = self.known
            others = [split for split in self.definition.split.part_names if split not in self.splits]
            if others:
                # Also what is of no split that there is now.
                gone = exp.and_(
                    exp.EQ(this=column_named(DATE_COLUMN), expression=literal(days.date)),
                    exp.not_(column_named(SPLIT_COLUMN).isin(*(literal(split) for split in others))),
                )
                tables.replace_rows(self.name, gone, rows, [field.name for field in fields])
            else:
                tables.write(self._whole(rows, fields, target), f"{self.name}${days.date:%Y%m%d}")
        except NotRunError:
            raise
        except EngineError as error:
            explain_nulls(self.definition, days.date, self.schemas, self.stage, engine, error)
            raise
        types = {field.name: normal_type(field.type, "bigquery") for field in fields}
        measured = self._measured(fields, days.date)
        lost = {
            **self.lacking.get(days.date, {}),
            **nans_among(self.definition, days.date, self.schemas, self.stage, engine),
        }
        results, manifests = [], []
        for split in self.splits:
            count, size, fingerprint = measured.get(split, (0, 0, "0"))
            content = json.dumps([list(types.items()), count, fingerprint], ensure_ascii=False)
            digest = hashlib.sha256(content.encode()).hexdigest()[:32]
            version = json.dumps([self.definition.definition_hash, days.date.isoformat(), split, digest])
            sql = partition_query(self.definition, days.date, self.schemas, splits=[split])
            said = self.there.get((days.date, split))
            result = PartitionResult(
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
                lost=lost,
                change=difference(Before.of(said) if said else None, count, digest),
            )
            results.append(result)
            manifests.append(_manifest(self.definition, result))
        self.manifests.add(manifests)
        yield from results

    def _rows(self, days: Window) -> exp.Select:
        """The rows of the splits that were asked for, as the table has them."""
        from sqlglot import exp

        inside = partition_query(self.definition, days.date, self.schemas, splits=self.splits, stage=self.stage)
        names = tuple(resolve(self.definition, self.schemas))
        names = max((columns_of_part(self.definition, names, part) for part in self.splits), key=len)
        columns: list[exp.Expr] = [column_named(name) for name in names]
        if self.ml_columns:
            uses = [
                exp.If(this=exp.EQ(this=column_named(SPLIT_COLUMN), expression=literal(split)), true=literal(use))
                for split, use in _ML_USE.items()
            ]
            columns.append(aliased(exp.Case(ifs=uses, default=literal("VALIDATE")), "ml_use"))
            columns.append(aliased(exp.NEQ(this=column_named(SPLIT_COLUMN), expression=literal("train")), "is_eval"))
        columns += [aliased(literal(days.date), DATE_COLUMN), column_named(SPLIT_COLUMN)]
        return exp.select(*columns).from_(inside.subquery("partition_rows"))

    def _target(self, fields: Sequence[Field]) -> Table:
        """The table, made or given the columns that it lacks."""
        tables = self.tables
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
            column_named(field.name)
            if field.name.lower() in given
            else aliased(exp.cast(exp.Null(), exp.DataType.build(field.type, dialect="bigquery")), field.name)
            for field in target.fields
        ]
        return exp.select(*columns).from_(rows.subquery("new_rows"))

    def _measured(self, fields: Sequence[Field], date: dt.date) -> dict[str, tuple[int, int, str]]:
        """Rows, bytes of their text, and a fingerprint of the rows whatever their order, by split."""
        from sqlglot import exp

        struct = exp.Struct(expressions=[column_named(each.name) for each in fields])
        text = exp.Anonymous(this="TO_JSON_STRING", expressions=[struct])
        staged = (
            exp.select(column_named(SPLIT_COLUMN), aliased(text, "row_text"))
            .from_(table_of(self.name))
            .where(exp.EQ(this=column_named(DATE_COLUMN), expression=literal(date)))
        )
        row_text = column_named("row_text")
        # As a wide number: a sum of hashes does not fit in 64 bits, and equal rows must not cancel out.
        hashed = exp.cast(exp.Anonymous(this="FARM_FINGERPRINT", expressions=[row_text]), "bignumeric")
        query = (
            exp.select(
                column_named(SPLIT_COLUMN),
                aliased(exp.Count(this=exp.Star()), "row_count"),
                aliased(exp.Sum(this=exp.Length(this=row_text.copy())), "size"),
                aliased(exp.cast(exp.Sum(this=hashed), "text"), "total"),
            )
            .from_(staged.subquery("row_texts"))
            .group_by(column_named(SPLIT_COLUMN))
        )
        return {
            row[SPLIT_COLUMN]: (row["row_count"], int(row["size"] or 0), str(row["total"]))
            for row in self.tables.engine.run(query).to_pylist()
        }


def _manifest(definition: DatasetDefinition, result: PartitionResult) -> Manifest:
    days = result.window
    return Manifest(
        dataset=definition.name,
        definition_hash=definition.definition_hash,
        date=result.date,
        split=result.split,
        sql=result.sql,
        timezone=days.timezone,
        window={"whole": days.whole.bounds, result.split: days.parts[result.split].bounds},
        columns=result.columns,
        rows=result.rows,
        bytes=result.bytes,
        fingerprint=result.fingerprint,
        fingerprint_by="bigquery FARM_FINGERPRINT",
        data_version=result.data_version,
        engine="bigquery",
        written_at=dt.datetime.now(dt.UTC),
        leaks=definition.leaks,
        splits=definition.split.part_names,
        lost=result.lost,
    )
