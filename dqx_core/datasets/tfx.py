"""A dataset as TFX takes it: one query per split for BigQueryExampleGen, its columns in the types TFX knows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.catalog import Schemas
from dqx_core.datasets.columns import resolve
from dqx_core.datasets.flow import OutputColumn, aliased
from dqx_core.datasets.query import columns_of_part, partition_query, parts_asked_for, render
from dqx_core.datasets.source import short
from dqx_core.datasets.types import NUMERIC
from dqx_core.datasets.windows import midnight
from dqx_core.errors import DefinitionError
from dqx_core.sql.names import column_named

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition

DIALECT = "bigquery"
TAKEN = frozenset({"INT64", "FLOAT64", "STRING", "BOOL"})
"""What ExampleGen takes as it is, and arrays of these."""

_FAR = dt.date(8000, 1, 1)
"""A day around which any window is one of dates; its bounds are told from a person's values as they move with it."""


@dataclass(frozen=True)
class TfxExport:
    """The configuration, and what was done to columns that TFX does not take."""

    config: Mapping[str, Any]
    """`input_config` and `output_config` of ExampleGen, as JSON spells them."""
    casts: Mapping[str, str]
    """Column → what becomes of it, and why."""


def tfx_export(definition: DatasetDefinition, date: dt.date, schemas: Schemas, *, span: bool = False) -> TfxExport:
    """The queries of a partition for ExampleGen, as of TFX 1.15.

    Args:
        definition: What the dataset is.
        date: The partition; with `span` only the shape of the query, not its days, comes from it.
        schemas: See `catalog.schemas_of`.
        span: Leave the day to TFX: its span is the partition's date, by way of @span_begin_timestamp,
            @span_end_timestamp and @span_yyyymmdd_utc.

    Raises:
        DefinitionError: A column has no form that TFX takes, or a window that a span cannot say.
    """
    columns = tuple(resolve(definition, schemas).values())
    shown = [(column, *_taken(definition, column)) for column in columns]
    trees = {column.name: tree for column, tree, _ in shown}
    splits = []
    for part in parts_asked_for(definition, None):
        query = (
            _spanned(definition, part, schemas) if span else partition_query(definition, date, schemas, splits=[part])
        )
        names = columns_of_part(definition, [column.name for column in columns], part)
        splits.append({"name": part, "pattern": render(_outer(query, names, trees), DIALECT)})
    casts = {column.name: why for column, _, why in shown if why}
    return TfxExport({"input_config": {"splits": splits}, "output_config": {}}, casts)


def _outer(query: exp.Select, names: Sequence[str], trees: Mapping[str, exp.Expr]) -> exp.Select:
    """The columns in the types of TFX; one that is not among the trees is taken as it is."""
    from sqlglot import exp

    def shown(name: str) -> exp.Expr:
        tree = trees.get(name)
        return aliased(column_named(name) if tree is None else tree.copy(), name)

    return exp.select(*(shown(name) for name in names)).from_(query.subquery("rows"))


def _taken(definition: DatasetDefinition, column: OutputColumn) -> tuple[exp.Expr, str]:
    """The column in a type that TFX takes, and what that changes; nothing for one that it takes already."""
    from sqlglot import exp

    value = column_named(column.name)
    match column.type:
        case "TIMESTAMP":
            return exp.UnixSeconds(this=value), "TIMESTAMP → INT64: seconds since 1970-01-01 UTC."
        case "DATETIME":
            zone = definition.partitions.timezone
            instant = exp.Anonymous(this="TIMESTAMP", expressions=[value, exp.Literal.string(zone)])
            return exp.UnixSeconds(
                this=instant
            ), f"DATETIME → INT64: seconds since 1970-01-01 UTC of a clock in {zone}."
        case "DATE":
            return exp.cast(value, "text"), "DATE → STRING: such as 2024-01-31."
        case "TIME":
            return exp.cast(value, "text"), "TIME → STRING: such as 12:30:00."
        case "BYTES":
            return exp.LowerHex(this=value), "BYTES → STRING: hexadecimal."
        case kind if kind in NUMERIC - TAKEN:
            return exp.cast(value, "double"), f"{kind} → FLOAT64: about 15 digits are kept."
        case kind if kind in TAKEN or re.fullmatch(rf"ARRAY<({'|'.join(sorted(TAKEN))})>", kind):
            return value, ""
    raise DefinitionError(
        f"Dataset '{definition.name}': column '{column.name}' is {column.type}, which TFX does not take. It takes "
        "INT64, FLOAT64, STRING, BOOL and arrays of them: leave the column out, or make it one of these in the source."
    )


def _spanned(definition: DatasetDefinition, part: str, schemas: Schemas) -> exp.Select:
    """The query of a part with the bounds of its days counted from the span's."""
    from sqlglot import exp

    if definition.partitions.cadence != "daily":
        raise DefinitionError(
            f"Dataset '{definition.name}': a span of TFX is a day, and partitions are {definition.partitions.cadence}. "
            "Export a date instead, without spans."
        )
    if definition.partitions.timezone != "UTC":
        raise DefinitionError(
            f"Dataset '{definition.name}': a span of TFX is a day in UTC, and partitions are days in "
            f"{definition.partitions.timezone}. Export a date instead, without spans."
        )
    for each in definition.date_ranges:
        if each.rolling_months is not None:
            raise DefinitionError(
                f"Dataset '{definition.name}': a window of {each.rolling_months} months is not always as long, so a "
                "span cannot say it. Write rolling_days, or export a date instead, without spans."
            )
    spanned = definition.model_copy(
        update={
            "partitions": definition.partitions.model_copy(update={"start": dt.date.min, "end": None}),
            "filters": tuple(each for each in definition.filters if each not in definition.date_ranges or each.rolling),
        }
    )
    query, next_day = (
        partition_query(spanned, day, schemas, splits=[part]) for day in (_FAR, _FAR + dt.timedelta(days=1))
    )
    for cast, moved in zip(list(query.find_all(exp.Cast)), list(next_day.find_all(exp.Cast)), strict=True):
        if cast != moved:
            moment = dt.date.fromisoformat(cast.this.name[:10])
            cast.replace(_from_span((moment - _FAR).days, str(cast.to.this.value)))
    _within_fixed_days(query, definition, schemas)
    return query


def _within_fixed_days(query: exp.Select, definition: DatasetDefinition, schemas: Schemas) -> None:
    """Only rows of the days that stay the same whatever the span: every part is of these and of the span's own."""
    time = next((column for column in resolve(definition, schemas).values() if column.role == "timestamp"), None)
    if time is None:
        return
    column, timezone = column_named(time.column, short(time.table)), definition.partitions.timezone
    source = next(step.this for step in query.ctes if step.alias == "source")
    for each in definition.date_ranges:
        if each.start is not None:
            source.where(column.copy() >= midnight(each.start, time.type, timezone), copy=False)
        if each.end is not None:
            after = each.end + dt.timedelta(days=1)
            source.where(column.copy() < midnight(after, time.type, timezone), copy=False)


def _from_span(days: int, kind: str) -> exp.Expr:
    """The moment so many days after the span begins, as the type of the column that it is compared with."""
    from sqlglot import exp

    if kind == "DATE":
        day = exp.Anonymous(
            this="PARSE_DATE", expressions=[exp.Literal.string("%Y%m%d"), _variable("span_yyyymmdd_utc")]
        )
        interval = exp.Interval(this=exp.Literal.number(abs(days)), unit=exp.var("DAY"))
        shifted = exp.Anonymous(this="DATE_ADD" if days > 0 else "DATE_SUB", expressions=[day, interval])
        return shifted if days else day
    # The end of the span is its own variable; everything else is whole days of seconds from its begin.
    seconds: exp.Expr = _variable("span_end_timestamp" if days == 1 else "span_begin_timestamp")
    if days not in (0, 1):
        amount = exp.Literal.number(abs(days) * 86_400)
        seconds = exp.Add(this=seconds, expression=amount) if days > 0 else exp.Sub(this=seconds, expression=amount)
    instant = exp.Anonymous(this="TIMESTAMP_SECONDS", expressions=[seconds])
    return instant if kind in {"TIMESTAMPTZ", "TIMESTAMPLTZ"} else exp.Anonymous(this="DATETIME", expressions=[instant])


def _variable(name: str) -> exp.Parameter:
    from sqlglot import exp

    return exp.Parameter(this=exp.var(name))
