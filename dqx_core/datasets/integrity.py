"""What must hold between the parts of a dataset, whatever it is about: a suite made from the definition alone."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dqx_core.checks import Check, Context
from dqx_core.datasets.base import DATE_COLUMN, SPLIT_COLUMN, Role
from dqx_core.datasets.buckets import Key, columns_of
from dqx_core.datasets.source import Join, short
from dqx_core.datasets.splits import Copies, FromColumn, Group, Split, Temporal
from dqx_core.provider import MetricProvider
from dqx_core.sql.conditions import WRITTEN_IN
from dqx_core.sql.names import column_named
from dqx_core.suite import Suite

if TYPE_CHECKING:
    import sympy as sp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.windows import Partitions

ALL = {SPLIT_COLUMN: None}
"""Laid over a partition's tags: the rows of all splits of its day."""
TRAIN = {SPLIT_COLUMN: "train"}

_BEFORE = {
    "hourly": "the hour before",
    "daily": "yesterday",
    "weekly": "the week before",
    "monthly": "the month before",
}
"""What the partition before is called."""

_DAYS = {"hourly": (1 / 24, 1 / 24), "daily": (1, 1), "weekly": (7, 7), "monthly": (28, 31)}
"""The days of the shortest partition of a kind, and of the longest."""

_DAY = 86_400
_HOUR = 3_600


def dataset_integrity(
    definition: DatasetDefinition,
    *,
    max_unseen_users: float = 0.5,
    max_unseen_products: float = 0.2,
    rows_of_yesterday: tuple[float, float] | None = (0.5, 2.0),
    standard_errors: float = 5.0,
) -> Suite:
    """The suite that every dataset should pass: no split is empty, none knows of the other, no join multiplies rows.

    What compares splits is skipped while one of them has not been materialized. What leaks from eval into train is P0
    and stops what is downstream; empty splits, duplicates and joins are P1; what chance has a part in is P2.

    Args:
        definition: The dataset. Its split, roles, joins and columns say which checks there are.
        max_unseen_users: The share of eval's users that train may lack; asked where users are not split apart.
        max_unseen_products: The share of eval's products that train may lack.
        rows_of_yesterday: Between which multiples of yesterday's rows today's are, or of the hour, week or month
            before; None: any number of rows.
        standard_errors: How far the share of a split may be from its percentage, in standard errors of the binomial
            distribution of the keys. Chance exceeds 5 about once in two million days.
    """
    split, parts = definition.split, definition.split.part_names

    def integrity(mp: MetricProvider, ctx: Context) -> None:
        rows = mp.num_rows()
        ctx.assert_that(rows).where(name="No split is empty" if len(parts) > 1 else "There are rows").is_positive()
        if rows_of_yesterday is not None and definition.role("timestamp") is not None:
            ratio = rows / mp.num_rows(lag=1)
            before = _BEFORE[definition.partitions.cadence]
            ctx.assert_that(ratio).where(name=f"Rows are like those of {before}", severity="P2").is_between(
                *rows_of_yesterday
            )
        if isinstance(split, Group):
            _keys_apart(mp, ctx, split)
            # A filter that learns from train alone keeps another share of eval.
            if not any(each.looks_at_many_rows for each in definition.filters):
                _shares(mp, ctx, split, standard_errors)
        if isinstance(split, Temporal):
            _one_after_the_other(mp, ctx, definition, split)
        if len(parts) > 1:
            # The source refuses to count over splits that several definitions made, and says which.
            each = _sum(parts, lambda part: mp.num_rows(tags={SPLIT_COLUMN: part}))
            ctx.assert_that(mp.num_rows(tags=ALL) - each).where(
                name="Splits are of one definition", severity="P0"
            ).is_zero()
            _no_copies(mp, ctx, definition)
        if {"train", "eval"} <= {*parts}:
            _known(mp, ctx, definition, "user_id", max_unseen_users)
            _known(mp, ctx, definition, "product_id", max_unseen_products)

    checks = [Check("Integrity", (definition.name,), integrity)]
    if tables := dict.fromkeys(table for join in definition.source.joins for table, _ in _unique(definition, join)):
        checks.append(Check("Joins", tuple(tables), lambda mp, ctx: _fan_out(mp, ctx, definition)))
    return Suite(f"{definition.name} integrity", tuple(checks))


def _no_copies(mp: MetricProvider, ctx: Context, definition: DatasetDefinition) -> None:
    """The share of what is held out that stands in train too, without the columns that tell a row from its copy.

    Where a definition says no bound, rows that repeat themselves within train say how many do so by chance: were N rows
    drawn from kinds that are all as likely, D of which came up, a new one would have been seen with 1 - exp(-x), where
    (1 - exp(-x)) / x = D / N. Of kinds that are not as likely it is fewer.
    """
    import sympy as sp

    copies = definition.copies or Copies()
    named = {*copies.ids, definition.role("timestamp"), *_tells_parts(definition.split)}
    columns = [column.name for column in definition.columns if column.name not in named]
    if not columns:
        return
    others = [part for part in definition.split.part_names if part != "train"]

    def kinds(tags: Mapping[str, str | None], where: str | None = None) -> sp.Expr:
        return mp.num_rows(tags=tags, where=where) - mp.duplicate_count(columns, tags=tags, where=where)

    def with_train(part: str) -> sp.Expr:
        return kinds(ALL, f"{SPLIT_COLUMN} IN ('train', '{part}')" if len(others) > 1 else None)

    held = _sum(others, lambda part: kinds({SPLIT_COLUMN: part}))
    both = _sum(others, lambda part: kinds(TRAIN) + kinds({SPLIT_COLUMN: part}) - with_train(part))
    share = ctx.assert_that(both / held)
    if copies.at_most is not None:
        share.where(name="No row is in two splits", severity="P0").is_leq(float(copies.at_most))
        return
    new = kinds(TRAIN) / mp.num_rows(tags=TRAIN)
    chance = 1 - new ** (2 + 0.32 * (1 - new) / new)  # exp(-x) of D / N, and never more
    share.where(name="No row is in two splits").is_leq(chance + 3 * sp.sqrt(chance * (1 - chance) / held))


def _tells_parts(split: Split) -> Sequence[str]:
    """The columns by which a split tells its parts, which differ between them by design."""
    return (
        columns_of(split.key) if isinstance(split, Group) else [split.column] if isinstance(split, FromColumn) else []
    )


def _keys_apart(mp: MetricProvider, ctx: Context, split: Group) -> None:
    both = _keys(mp, split) - _distinct(mp, split.key, ALL)
    ctx.assert_that(both).where(name=f"No {_named(split.key)} is in two splits", severity="P0").is_zero()


def _shares(mp: MetricProvider, ctx: Context, split: Group, standard_errors: float) -> None:
    """Each key falls into a part with the part's percentage, whatever the others do."""
    import sympy as sp

    keys = _keys(mp, split)
    for part, percent in list(split.parts.items())[1:]:
        share = float(percent) / 100
        chance = standard_errors * sp.sqrt(share * (1 - share) / keys)
        ctx.assert_that(_distinct(mp, split.key, {SPLIT_COLUMN: part}) / keys).where(
            name=f"{part.capitalize()} has its share of {_named(split.key)}", severity="P2"
        ).is_between(share - chance, share + chance)


def _keys(mp: MetricProvider, split: Group) -> sp.Expr:
    """How many keys the parts have together; one that is in two counts twice."""
    return _sum(split.part_names, lambda part: _distinct(mp, split.key, {SPLIT_COLUMN: part}))


def _distinct(mp: MetricProvider, key: Key, tags: Mapping[str, str | None]) -> sp.Expr:
    """How many keys there are; one with a null in it is none."""
    from sqlglot import exp

    columns = columns_of(key)
    if len(columns) == 1:
        return mp.unique_count(columns[0], tags=tags)
    whole = exp.and_(*(column_named(name).is_(exp.null()).not_() for name in columns))
    where = whole.sql(WRITTEN_IN)
    return mp.num_rows(where=where, tags=tags) - mp.duplicate_count(columns, where=where, tags=tags)


def _named(key: Key) -> str:
    return " and ".join(columns_of(key))


def _sum(parts: Sequence[str], number: Callable[[str], sp.Expr]) -> sp.Expr:
    return reduce(operator.add, map(number, parts))


def _one_after_the_other(mp: MetricProvider, ctx: Context, definition: DatasetDefinition, split: Temporal) -> None:
    """Each part lies within its days, which are counted from the partition's date, whatever rows there happen to be."""
    import sympy as sp

    time, after = definition.role("timestamp") or "", split.test_days
    begins = {"eval": after + split.eval_days, **({"test": after} if after else {})}
    gaps = {("train", "eval"): split.gap_days, **({("eval", "test"): 0} if after else {})}
    (shortest, longest), (west, east) = _DAYS[definition.partitions.cadence], _offsets(definition.partitions)
    for (first, then), gap in gaps.items():
        date = mp.minimum(DATE_COLUMN, tags={SPLIT_COLUMN: then})
        earliest = mp.minimum(time, tags={SPLIT_COLUMN: then})
        begin = date + (longest - begins[then]) * _DAY + west
        # A gap may hold the day that daylight saving makes an hour shorter.
        shorter = _HOUR if gap and definition.partitions.timezone != "UTC" else 0
        by = f" by {gap} day{'s' if gap > 1 else ''}" if gap else ""
        between = sp.Min(earliest, begin) - mp.maximum(time, tags={SPLIT_COLUMN: first})
        ctx.assert_that(between / _DAY).where(
            name=f"{first.capitalize()} ends before {then} begins{by}", severity="P0"
        ).is_gt(gap - shorter / _DAY, tol=0)
        early = date + (shortest - begins[then]) * _DAY - east
        ctx.assert_that((earliest - early) / _DAY).where(
            name=f"{then.capitalize()} has no earlier day than its own", severity="P0"
        ).is_geq(0)


def _offsets(partitions: Partitions) -> tuple[float, float]:
    """How many seconds a day may begin after that of UTC, and before it, as the clocks of the zone go."""
    at, year = ZoneInfo(partitions.timezone), partitions.start.year
    found = [(dt.datetime(year, month, 1, tzinfo=at).utcoffset() or dt.timedelta()) for month in range(1, 13)]
    seconds = [each.total_seconds() for each in found]
    return max(0.0, -min(seconds)), max(0.0, *seconds)


def _known(mp: MetricProvider, ctx: Context, definition: DatasetDefinition, role: Role, most: float) -> None:
    column = definition.role(role)
    if column is None or (isinstance(definition.split, Group) and definition.split.key == column):
        return
    train, held_out = (mp.unique_count(column, tags={SPLIT_COLUMN: part}) for part in ("train", "eval"))
    others = [part for part in definition.split.part_names if part not in ("train", "eval")]
    both = mp.unique_count(column, tags=ALL, where="split IN ('train', 'eval')" if others else None)
    ctx.assert_that((both - train) / held_out).where(name=f"Train knows the {column} of eval", severity="P2").is_leq(
        most
    )


def _fan_out(mp: MetricProvider, ctx: Context, definition: DatasetDefinition) -> None:
    for join in definition.source.joins:
        for table, columns in _unique(definition, join):
            # A null is not a key: it joins with nothing.
            known = " AND ".join(f"{_quoted(column)} IS NOT NULL" for column in columns)
            repeated = mp.duplicate_count(columns, dataset=table, where=known)
            name = f"Join with {short(join.table)} has fan-out 1"
            if table != join.table:
                name += f" from {short(table)} too"
            ctx.assert_that(repeated).where(name=name).is_zero()


def _unique(definition: DatasetDefinition, join: Join) -> list[tuple[str, Sequence[str]]]:
    """The tables in which a key of the join has one row, if the join is written to be like that."""
    found: list[tuple[str, Sequence[str]]] = []
    if join.cardinality in ("many_to_one", "one_to_one"):
        found.append((join.table, [*join.on.values()]))
    if join.cardinality == "one_to_one":
        found.append((definition.source.table, [*join.on]))
    return found


def _quoted(column: str) -> str:
    from sqlglot import exp

    return exp.to_identifier(column, quoted=True).sql("duckdb")
