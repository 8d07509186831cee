"""The SQL of a dataset: one tree per partition date, the same rows on BigQuery and on DuckDB.

source → filled → sampled → parted → each filter in order → rows of the parts that were asked for. One CTE a step; a
filter that learns from many rows first learns from those of train.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dqx_core.datasets.base import SPLIT_COLUMN
from dqx_core.datasets.buckets import columns_of
from dqx_core.datasets.by_key import by_key
from dqx_core.datasets.catalog import Schemas
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.filters import is_nan
from dqx_core.datasets.flow import PARTED, Flow, OutputColumn, aliased
from dqx_core.datasets.sampling import FOLD_COLUMN, SAMPLED
from dqx_core.datasets.source import Fill, short
from dqx_core.datasets.splits import Group, Temporal
from dqx_core.datasets.types import literal_of
from dqx_core.datasets.windows import Interval, Window, merged, window
from dqx_core.errors import DefinitionError, hint
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition


def partition_query(
    definition: DatasetDefinition,
    date: dt.date,
    schemas: Schemas,
    *,
    splits: Sequence[str] | None = None,
    stage: exp.Table | None = None,
    keys_once: bool = False,
) -> exp.Select:
    """The rows of a date's partition: all output columns, and `split` that says which part a row belongs to.

    Args:
        definition: What the dataset is.
        date: The partition's date; nothing else says what time it is.
        schemas: Column → normal type, of every table of the source; see `catalog.schemas_of`.
        splits: The parts asked for; all if None.
        stage: A table that holds the rows of `source_query`, read in place of the source.
        keys_once: Hash each key of a group split once and join the rows with its part; see `by_key`.

    Raises:
        ValidationError: The definition does not fit the tables.
        DefinitionError: There is no partition on that date, or no such part.
    """
    from sqlglot import exp

    wanted = parts_asked_for(definition, splits)
    flow = _flow(definition, date, schemas, stage, keys_once=keys_once)
    columns = [_refused(flow, column) for column in flow.columns.values()]
    if definition.folds is not None and "train" in wanted:
        of_train = exp.EQ(this=flow.column(SPLIT_COLUMN), expression=literal("train"))
        columns.append(definition.folds.column(flow, of_train))
    inside: exp.Expr = exp.In(this=flow.column(SPLIT_COLUMN), expressions=[literal(part) for part in wanted])
    split: exp.Expr = flow.column(SPLIT_COLUMN)
    unplaced = unplaced_rows(definition)
    if unplaced is not None:
        has_none = exp.Is(this=flow.column(SPLIT_COLUMN), expression=exp.Null())
        inside = exp.or_(has_none, inside)
        split = aliased(_error_if(has_none, f"dataset {definition.name}: {unplaced}", split), SPLIT_COLUMN)
    time = next((column for column in flow.columns.values() if column.role == "timestamp"), None)
    if time is not None and time.nulls == "fail":  # of no day, and perhaps of no part: no way out
        inside = exp.or_(exp.Is(this=flow.column(time.name), expression=exp.Null()), inside)
    rows = flow.rows(*columns, split)
    everything = unplaced is not None and wanted == definition.split.part_names
    return flow.ending(rows if everything else rows.where(inside, copy=False))


def source_query(definition: DatasetDefinition, dates: Iterable[dt.date], schemas: Schemas) -> exp.Select:
    """The joined source rows that the partitions of several dates are made of, under the names of the dataset."""
    columns = resolve(definition, schemas)
    return _source(definition, columns, merged([window(definition, date).whole for date in dates]))


def columns_of_part(definition: DatasetDefinition, columns: Iterable[str], part: str) -> tuple[str, ...]:
    """The columns of a part of the dataset: train may have one more, its fold."""
    folded = definition.folds is not None and part == "train"
    return (*columns, FOLD_COLUMN) if folded else tuple(columns)


def null_counts(
    definition: DatasetDefinition, date: dt.date, schemas: Schemas, *, stage: exp.Table | None = None
) -> exp.Select:
    """How many rows `partition_query` refuses: one row with `split`, and a column for each that must not be null."""
    from sqlglot import exp

    flow = _flow(definition, date, schemas, stage)
    must = {column.name: column.role for column in flow.columns.values() if column.nulls == "fail"}
    none = exp.Is(this=flow.column(SPLIT_COLUMN), expression=exp.Null())

    def count(condition: exp.Expr) -> exp.Expr:
        return exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=literal(1))]))

    def is_null(name: str) -> exp.Expr:
        return exp.Is(this=flow.column(name), expression=exp.Null())

    nulls = [
        # A row without a time is of no part of a temporal split, and refused all the same.
        aliased(count(is_null(name) if role == "timestamp" else exp.and_(is_null(name), exp.not_(none))), name)
        for name, role in must.items()
    ]
    return flow.ending(flow.rows(aliased(count(none), SPLIT_COLUMN), *nulls))


def nan_counts(
    definition: DatasetDefinition, date: dt.date, schemas: Schemas, *, stage: exp.Table | None = None
) -> exp.Select | None:
    """How many rows of a date have NaN where a filter compares, by column in one row; None: none compares doubles."""
    from sqlglot import exp

    columns = resolve(definition, schemas)
    compared = {each.compared for each in definition.filters}
    doubles = [name for name in columns if name in compared and columns[name].type == "FLOAT64"]
    if not doubles:
        return None
    flow = _begun(definition, date, schemas, stage)
    counts = (
        exp.Count(this=exp.Case(ifs=[exp.If(this=is_nan(flow.column(name)), true=literal(1))])) for name in doubles
    )
    return flow.ending(flow.rows(*(aliased(count, name) for count, name in zip(counts, doubles, strict=True))))


Lacking = tuple[str, dt.date | None]
"""What rows lack, and the partition of whose days they are; None: of none."""


def lacking_counts(
    definition: DatasetDefinition, dates: Sequence[dt.date], schemas: Schemas
) -> tuple[exp.Select, Sequence[Lacking]] | None:
    """How many rows of the primary table are in no partition, though no rule says so: one row, and what it counts.

    Those without a time are of no day at all; those of a day that have no match in a table of an inner join are lost to
    its partition. None: no row can be lost.
    """
    from sqlglot import exp

    primary = definition.source.table
    columns = resolve(definition, schemas)
    time = next((column for column in columns.values() if column.role == "timestamp"), None)
    moment = column_named(time.column, short(primary)) if time is not None and time.table == primary else None
    lacks: dict[Lacking, exp.Expr] = {}
    if time is not None and moment is not None and time.nulls == "keep":
        lacks[f"without a time in {time.name}", None] = exp.Is(this=moment, expression=exp.Null())
    query = exp.select().from_(table_of(primary, short(primary)), copy=False)
    for number, join in enumerate(definition.source.joins):
        if join.how != "inner":
            continue
        name = f"match_{number}"
        keys = exp.select(*(column_named(key) for key in join.on.values()), aliased(literal(1), "is_there"))
        on = [
            exp.EQ(this=column_named(left, short(primary)), expression=column_named(right, name))
            for left, right in sorted(join.on.items())
        ]
        query = query.join(
            keys.distinct().from_(table_of(join.table)).subquery(name), on=exp.and_(*on), join_type="left", copy=False
        )
        none = exp.Is(this=column_named("is_there", name), expression=exp.Null())
        for date in dates:
            whole, timezone = [window(definition, date).whole], definition.partitions.timezone
            of_days = [] if time is None or moment is None else [_inside(moment, time, whole, timezone)]
            lacks[f"without a match in {join.table}", date] = exp.and_(none, *of_days)
    counts = [
        aliased(exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=literal(1))])), f"lacking_{number}")
        for number, condition in enumerate(lacks.values())
    ]
    if not counts:
        return None
    if time is not None and moment is not None:  # a table may ask for a condition on its partitions
        read: exp.Expr = exp.Is(this=moment.copy(), expression=exp.Null())
        if query.args.get("joins"):  # else rows with a time are not looked at: files and partitions say who has nulls
            days = merged([window(definition, date).whole for date in dates])
            read = exp.or_(read, _inside(moment, time, days, definition.partitions.timezone))
        query = query.where(read, copy=False)
    return query.select(*counts, copy=False), tuple(lacks)


def render(tree: exp.Expr, dialect: str) -> str:
    """The text of a tree in a dialect, laid out for reading."""
    from sqlglot import ErrorLevel

    return tree.sql(dialect=dialect, pretty=True, unsupported_level=ErrorLevel.RAISE)


def parts_asked_for(definition: DatasetDefinition, splits: Sequence[str] | None) -> tuple[str, ...]:
    """The parts in the order of the definition; all of them for None.

    Raises:
        DefinitionError: The definition has no such part.
    """
    known = definition.split.part_names
    for part in splits or ():
        if part not in known:
            raise DefinitionError(f"Dataset '{definition.name}' has no split '{part}'. {hint(part, known)}")
    return tuple(part for part in known if splits is None or part in splits)


def unplaced_rows(definition: DatasetDefinition) -> str | None:
    """What is wrong with rows that have no part; None: they just are not in the dataset."""
    return None if isinstance(definition.split, Temporal) else definition.split.unplaced


def rows_and_keys(
    definition: DatasetDefinition, split: Group, date: dt.date, schemas: Schemas, *, stage: exp.Table | None = None
) -> exp.Select:
    """One row for DuckDB: `row_count` of a date, before any is left out, and about how many keys, `key_count`."""
    from sqlglot import exp

    flow = _begun(definition, date, schemas, stage)
    key = exp.Anonymous(this="HASH", expressions=[flow.column(name) for name in columns_of(split.key)])
    counts = (
        aliased(exp.Count(this=exp.Star()), "row_count"),
        aliased(exp.ApproxDistinct(this=key), "key_count"),
    )
    return flow.ending(flow.rows(*counts))


def _flow(
    definition: DatasetDefinition,
    date: dt.date,
    schemas: Schemas,
    stage: exp.Table | None,
    *,
    keys_once: bool = False,
) -> Flow:
    from sqlglot import exp

    flow, split = _begun(definition, date, schemas, stage), definition.split
    if definition.sample is not None:
        flow = flow.then((SAMPLED, flow.rows().where(definition.sample.condition(flow), copy=False)))
    if keys_once and isinstance(split, Group):
        flow = by_key(flow, split)
    else:
        flow = flow.then((PARTED, flow.rows(exp.Star(), aliased(split.expression(flow), SPLIT_COLUMN))))
    for number, each in enumerate(definition.filters, start=1):
        flow = each.apply(flow, f"filter_{number}_{each.kind}")
    return flow.parted()


def _begun(definition: DatasetDefinition, date: dt.date, schemas: Schemas, stage: exp.Table | None) -> Flow:
    """The rows of the source, with nulls filled."""
    columns = resolve(definition, schemas)
    days = window(definition, date)
    source = _source(definition, columns, [days.whole]) if stage is None else _staged(columns, days, stage)
    flow = Flow(definition, columns, days, (("source", source),), "source")
    filled = [_filled(flow, column) for column in columns.values()]
    if any(isinstance(column.nulls, Fill) for column in columns.values()):
        flow = flow.then(("filled", flow.rows(*filled)))
    return flow


def _source(definition: DatasetDefinition, columns: Mapping[str, OutputColumn], days: Sequence[Interval]) -> exp.Select:
    from sqlglot import exp

    def of(table: str, column: str) -> exp.Column:
        return column_named(column, short(table))

    primary = definition.source.table
    query = exp.select(*(aliased(of(column.table, column.column), column.name) for column in columns.values()))
    query = query.from_(table_of(primary, short(primary)), copy=False)
    for join in definition.source.joins:
        same = [
            exp.EQ(this=of(primary, left), expression=of(join.table, right)) for left, right in sorted(join.on.items())
        ]
        query = query.join(table_of(join.table, short(join.table)), on=exp.and_(*same), join_type=join.how, copy=False)
    time = next((column for column in columns.values() if column.role == "timestamp"), None)
    if time is None:
        return query
    inside = _inside(of(time.table, time.column), time, days, definition.partitions.timezone)
    return query.where(inside, copy=False)


def _staged(columns: Mapping[str, OutputColumn], days: Window, stage: exp.Table) -> exp.Select:
    from sqlglot import exp

    query = exp.select("*").from_(stage.copy())
    time = next((column for column in columns.values() if column.role == "timestamp"), None)
    if time is None:
        return query
    return query.where(_inside(column_named(time.name), time, [days.whole], days.timezone), copy=False)


def _inside(column: exp.Expr, time: OutputColumn, days: Sequence[Interval], timezone: str) -> exp.Expr:
    """Whether a row is of the days.

    One without a time is of those of the time that it is given, and of all where there must be one.
    """
    from sqlglot import exp

    inside = [each.contains(column, time.type, timezone) for each in days]
    if time.nulls == "keep":
        return exp.or_(*inside)
    none: exp.Expr = exp.Is(this=column.copy(), expression=exp.Null())
    if isinstance(time.nulls, Fill):
        given = literal_of(time.nulls.fill, time.type)
        none = exp.and_(none, exp.or_(*(each.contains(given, time.type, timezone) for each in days)))
    return exp.or_(*inside, none)


def _filled(flow: Flow, column: OutputColumn) -> exp.Expr:
    from sqlglot import exp

    if not isinstance(column.nulls, Fill):
        return flow.column(column.name)
    value = literal_of(column.nulls.fill, column.type)
    return aliased(exp.Coalesce(this=flow.column(column.name), expressions=[value]), column.name)


def _refused(flow: Flow, column: OutputColumn) -> exp.Expr:
    """The column; where it must not be null, an error in its place."""
    from sqlglot import exp

    if column.nulls != "fail":
        return flow.column(column.name)
    is_null = exp.Is(this=flow.column(column.name), expression=exp.Null())
    message = f"dataset {flow.definition.name}: null in {column.name}, where nulls are written to fail"
    return aliased(_error_if(is_null, message, flow.column(column.name)), column.name)


def _error_if(condition: exp.Expr, message: str, value: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    error = exp.Anonymous(this="ERROR", expressions=[literal(message)])
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=error)], default=value)
