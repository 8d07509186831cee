"""Partitions of a dataset, from its source to Parquet: one scan for many dates, each partition replaced whole."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dqx_core.datasets.again import NEW, before, difference
from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.by_key import KEYS
from dqx_core.datasets.catalog import DuckDBCatalog, Schemas, schemas_of
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.fitted import Fitted
from dqx_core.datasets.flow import PARTED
from dqx_core.datasets.folders import put, workshop
from dqx_core.datasets.joins import check_joins
from dqx_core.datasets.lacking import nans_among, rows_that_lack
from dqx_core.datasets.orphans import set_aside
from dqx_core.datasets.query import (
    columns_of_part,
    null_counts,
    partition_query,
    parts_asked_for,
    render,
    rows_and_keys,
    source_query,
    unplaced_rows,
)
from dqx_core.datasets.sampling import SAMPLED
from dqx_core.datasets.splits import Group
from dqx_core.datasets.stored import (
    DATA,
    MANIFEST,
    Manifest,
    content_fingerprint,
    hash_of,
    partition_path,
    read_file,
    refuse_other_cadence,
)
from dqx_core.datasets.windows import Window, part_name, refuse_ended, window
from dqx_core.errors import DefinitionError, EngineError
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine
    from dqx_core.engines.duckdb import DuckDB

PARQUET = {
    "FORMAT": "PARQUET",
    # Version 2 has encodings for numbers that grow: smaller, and written faster.
    "PARQUET_VERSION": "V2",
    # A dictionary of more values than this is work that the file hardly gains by.
    "DICTIONARY_SIZE_LIMIT": "10000",
    # A quarter smaller than Snappy, for as much work.
    "COMPRESSION": "ZSTD",
    "COMPRESSION_LEVEL": "1",
    # Bloom filters serve who looks up single values; training reads whole columns.
    "WRITE_BLOOM_FILTER": "FALSE",
}
"""How files are written."""

ROWS_OF_A_KEY = 4
"""From so many rows of a key on, a group split hashes each key once: joining rows with it takes less time then."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class PartitionResult:
    """A partition that was written: where, how much, of which days, by which SQL, and what its content is."""

    date: dt.date
    split: str
    path: Path | str
    """Its folder; in a warehouse the table and the day, such as shop.daily$20240131."""
    rows: int
    bytes: int
    window: Window
    sql: str
    fingerprint: str
    """Of the rows, whatever their order."""
    data_version: str
    """What changes when the definition or the rows do."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column → normal type."""
    set_aside: tuple[str, ...] = ()
    """Splits of the day that the definition has no more, and that nobody reads from now on; its last result says it."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """What is counted → rows of the day that are in no split of it without a rule that says so, if there are any."""
    change: str = NEW
    """What is different from what the partition held before: "new", "the same", or "changed: 41 rows more"."""


def materialize(
    definition: DatasetDefinition,
    dates: Iterable[dt.date],
    splits: Sequence[str] | None = None,
    *,
    engine: DuckDB,
    root: str | Path,
    progress: Callable[[PartitionResult], object] | None = None,
) -> list[PartitionResult]:
    """Write partitions to `<root>/<dataset>/date=…/split=…/`, in order of date; all splits for None.

    Each date is one query that gives all its splits. For several dates the source is read once, into a temporary
    table that each date is then made of. A partition is replaced whole: whatever happens, it is the old or the new
    one. `progress` is called after each.

    Raises:
        DefinitionError: The definition does not fit the tables or the rows; the message counts the rows. Partitions
            of earlier dates are written.
        EngineError: DuckDB refused a statement, or the folder cannot be written.
    """
    wanted = parts_asked_for(definition, splits)
    windows = sorted((window(definition, date) for date in set(dates)), key=lambda each: each.date)
    days = [each.date for each in windows]
    results: list[PartitionResult] = []
    if not windows or not wanted:
        return results
    refuse_ended(definition, windows)
    schemas = schemas_of(definition, DuckDBCatalog(engine))
    columns = tuple(resolve(definition, schemas))
    refuse_other_cadence(root, definition.name, definition.partitions.cadence)
    check_joins(definition, engine)
    try:
        with (
            workshop(Path(root) / definition.name) as folder,
            _stage(definition, days, schemas, engine) as stage,
        ):
            lacking = rows_that_lack(definition, days, schemas, engine)
            bench = _Bench(
                definition, columns, wanted, schemas, stage, engine, Path(root), folder, hash_of(engine), lacking
            )
            for each in windows:
                for result in bench.write(each):
                    results.append(result)
                    if progress is not None:
                        progress(result)
    except OSError as error:
        raise EngineError("The file system", f"write dataset '{definition.name}' to {root}", error) from error
    return results


@contextlib.contextmanager
def _stage(
    definition: DatasetDefinition, dates: list[dt.date], schemas: Schemas, engine: DuckDB
) -> Iterator[exp.Table | None]:
    """The source rows of several dates in a temporary table; none for one date, which reads the source itself."""
    if len(dates) == 1:
        yield None
        return
    with _temporary_table("dqx_stage", engine) as stage:
        _create(stage, source_query(definition, dates, schemas), engine)
        yield stage


@contextlib.contextmanager
def _temporary_table(purpose: str, engine: DuckDB) -> Iterator[exp.Table]:
    """A name that no other run on the connection has; the table of that name is dropped afterwards."""
    from sqlglot import exp

    table = exp.Table(this=exp.to_identifier(f"{purpose}_{next(_numbers)}", quoted=True))
    try:
        yield table
    finally:
        with contextlib.suppress(EngineError):  # a broken engine has said so already
            engine.run(exp.Drop(tables=[table.copy()], kind="TABLE", exists=True))


def _create(table: exp.Table, query: exp.Query, engine: DuckDB) -> None:
    from sqlglot import exp

    temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
    engine.run(exp.Create(this=table.copy(), kind="TABLE", expression=query, properties=temporary))


def _with_nulls(table: exp.Table, engine: DuckDB) -> None:
    """A row of nulls, which is of no split, in a table of rows.

    DuckDB writes a column as "not null" where the table that it reads knows of no null: what eval holds, or another
    day, would be in the schema of train.
    """
    from sqlglot import exp

    column = exp.to_identifier(SPLIT_COLUMN, quoted=True)
    engine.run(exp.insert(exp.select(exp.Null()), table.copy(), columns=[column]))


@dataclass(frozen=True)
class _Bench:
    """What writing any partition of one call needs."""

    definition: DatasetDefinition
    columns: Sequence[str]
    splits: Sequence[str]
    schemas: Schemas
    stage: exp.Table | None
    engine: DuckDB
    root: Path
    folder: Path
    hashed_by: str
    """Whose hash the fingerprints are of."""
    lacking: Mapping[dt.date, Mapping[str, int]]
    """Of each date, the rows that it has not, by what they lack."""

    def write(self, days: Window) -> Iterator[PartitionResult]:
        """One query for a date, then a file for each of its splits."""
        query = self._query(days)
        with _temporary_table("dqx_partition", self.engine) as table:
            try:
                _create(table, query, self.engine)
            except EngineError as error:
                explain_nulls(self.definition, days.date, self.schemas, self.stage, self.engine, error)
                raise
            nans = nans_among(self.definition, days.date, self.schemas, self.stage, self.engine)
            lost = {**self.lacking[days.date], **nans}
            _with_nulls(table, self.engine)
            for split in self.splits[:-1]:
                yield self._write_split(days, split, table, lost)
            last = self._write_split(days, self.splits[-1], table, lost)
            aside = set_aside(self.root, self.definition.name, days.date, self.definition.split.part_names)
            yield replace(last, set_aside=aside)

    def _query(self, days: Window) -> exp.Select:
        """The query of a date. DuckDB is told to keep the steps that hash, which take most of the time."""
        keys_once = self._keys_repeat(days)
        query = partition_query(
            self.definition, days.date, self.schemas, splits=self.splits, stage=self.stage, keys_once=keys_once
        )
        hashed = isinstance(self.definition.split, Group) or self.definition.sample is not None
        learns = any(each.looks_at_many_rows for each in self.definition.filters)
        kept = {KEYS, SAMPLED} if keys_once else {PARTED} if hashed and learns else set()
        for step in query.ctes:
            if step.alias in kept:
                step.set("materialized", True)
        return query

    def _keys_repeat(self, days: Window) -> bool:
        """Whether the split is by a key of so many rows that it is better hashed once; a filter by the key says so."""
        split = self.definition.split
        if not isinstance(split, Group):
            return False
        if any(isinstance(each, Fitted) and each.stays_in_part(self.definition) for each in self.definition.filters):
            return True
        counts = rows_and_keys(self.definition, split, days.date, self.schemas, stage=self.stage)
        [found] = self.engine.rows(counts)
        return bool(found["row_count"] >= ROWS_OF_A_KEY * found["key_count"])

    def _write_split(self, days: Window, split: str, table: exp.Table, lost: Mapping[str, int]) -> PartitionResult:
        from sqlglot import exp

        dataset, date = self.definition.name, days.date
        place = partition_path(self.root, dataset, date, split)
        new = self.folder / place.relative_to(self.root / dataset)
        new.mkdir(parents=True)
        types = self.engine.schema(exp.select("*").from_(table.copy()))
        kept = {name: types[name] for name in columns_of_part(self.definition, self.columns, split)}
        self.engine.run(_copy(table, kept, split, new / DATA))
        rows, fingerprint, types = content_fingerprint(self.engine, read_file(new / DATA))
        old = before(self.engine, self.root, dataset, date, split, hashed_by=self.hashed_by)
        known = old and old.version(self.definition.definition_hash, fingerprint)
        version = known or _version(self.definition, date, split, fingerprint)
        result = PartitionResult(
            date=date,
            split=split,
            path=place,
            rows=rows,
            bytes=(new / DATA).stat().st_size,
            window=days,
            sql=render(partition_query(self.definition, date, self.schemas, splits=[split]), self.engine.dialect),
            fingerprint=fingerprint,
            data_version=version,
            columns=types,
            lost=lost,
            change=difference(old, rows, fingerprint),
        )
        written = Manifest(
            dataset=dataset,
            definition_hash=self.definition.definition_hash,
            date=date,
            split=split,
            sql=result.sql,
            timezone=days.timezone,
            window={"whole": days.whole.bounds, split: days.parts[split].bounds},
            columns=types,
            rows=rows,
            bytes=result.bytes,
            fingerprint=fingerprint,
            fingerprint_by=self.hashed_by,
            data_version=result.data_version,
            engine=self.engine.dialect,
            written_at=dt.datetime.now(dt.UTC),
            leaks=self.definition.leaks,
            splits=self.definition.split.part_names,
            cadence=self.definition.partitions.cadence,
            lost=lost,
        )
        (new / MANIFEST).write_text(written.to_json(), "utf-8")
        put(new, place)
        return result


def explain_nulls(
    definition: DatasetDefinition,
    date: dt.date,
    schemas: Schemas,
    stage: exp.Table | None,
    engine: Engine,
    error: EngineError,
) -> None:
    """Say how many rows the query of a partition refused, if that is why the engine did.

    Raises:
        DefinitionError: It is.
    """
    counts = engine.run(null_counts(definition, date, schemas, stage=stage)).to_pylist()[0]
    unplaced = unplaced_rows(definition)
    problems = [
        f"{count} rows have null in {name}, where nulls are written to fail."
        for name, count in counts.items()
        if name != SPLIT_COLUMN and count
    ]
    if unplaced is not None and counts[SPLIT_COLUMN]:
        problems.append(f"{counts[SPLIT_COLUMN]} rows have {unplaced}.")
    if problems:
        raise DefinitionError(
            f"Dataset '{definition.name}', partition {part_name(date)}: {' '.join(problems)} Correct the source, fill "
            "the nulls (nulls: {…: {fill: …}}), drop the rows with a values filter, or say in the split where "
            "they go."
        ) from error


def _version(definition: DatasetDefinition, date: dt.date, split: str, fingerprint: str) -> str:
    version = json.dumps([definition.definition_hash, date.isoformat(), split, fingerprint])
    return hashlib.sha256(version.encode()).hexdigest()[:32]


def _copy(table: exp.Table, columns: Mapping[str, str], split: str, file: Path) -> exp.Copy:
    """COPY the rows of a split to one Parquet file, without the column that the folder's name gives.

    They are sorted by all columns: the same rows are the same bytes, and training reads them in the same order.
    """
    from sqlglot import exp

    rows = (
        exp.select(*(_storable(name, type_name) for name, type_name in columns.items()))
        .from_(table.copy())
        .where(exp.EQ(this=column_named(SPLIT_COLUMN), expression=literal(split)))
        .order_by(*(exp.Ordered(this=each, nulls_first=True) for each in _order(columns)))
    )
    return exp.Copy(
        this=rows.subquery(),
        kind=False,
        files=[literal(str(file))],
        params=[exp.CopyParameter(this=exp.var(name), expression=exp.var(value)) for name, value in PARQUET.items()],
    )


def _order(columns: Mapping[str, str]) -> Iterator[exp.Expr]:
    """All columns; then what tells values apart that are equal: -0.0 and 0.0, NaN by its sign, 30 days and a month."""
    from sqlglot import exp

    yield from map(column_named, columns)
    for name, type_name in columns.items():
        if type_name in {"FLOAT", "DOUBLE"}:
            yield exp.Anonymous(this="SIGNBIT", expressions=[column_named(name)])
        elif re.search("FLOAT|DOUBLE|INTERVAL|WITH TIME ZONE", type_name) and type_name != "TIMESTAMP WITH TIME ZONE":
            yield exp.cast(column_named(name), "text")


def _storable(name: str, type_name: str) -> exp.Expr:
    """A column as Parquet can hold it: a HUGEINT would become a DOUBLE there, and lose digits."""
    from sqlglot import exp

    column = column_named(name)
    if type_name not in {"HUGEINT", "UHUGEINT"}:
        return column
    return exp.alias_(exp.cast(column, "DECIMAL(38, 0)"), name, quoted=True)
