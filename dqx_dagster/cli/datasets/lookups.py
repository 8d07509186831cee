"""Commands that look at the raw tables: which there are, what is in them, what joins and what means what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Annotated

import typer
from rich.markup import escape

from dqx_dagster.cli.datasets.places import Places, busy
from dqx_dagster.cli.printing import out, print_json, table
from dqx_dagster.cli.store import AsJson

TableName = Annotated[str, typer.Argument(help="Such as raw_data.transactions, or only transactions.")]
Tables = Annotated[list[str], typer.Argument(help="Such as transactions products.")]


def tables(places: Places, as_json: AsJson = False) -> None:
    """The tables that definitions may use, the largest first.

    Example: dqx datasets tables --database data/shop.duckdb
    """
    with places.opened() as service:
        found = service.tables()
    if as_json:
        print_json(found)
        return
    table(
        ["table", "kind", "rows", "MB", "columns", "last modified", "description"],
        [
            (
                each.name,
                each.kind,
                each.rows,
                None if each.bytes is None else round(each.bytes / 1e6, 1),
                each.columns,
                each.modified and each.modified.strftime("%Y-%m-%d %H:%M"),
                each.description,
            )
            for each in found
        ],
    )


def schema(places: Places, name: TableName, as_json: AsJson = False) -> None:
    """The columns of a table: types, what they may mean, and which look like keys.

    Example: dqx datasets schema transactions
    """
    with places.opened() as service:
        found = service.schema(name)
    if as_json:
        print_json(found)
        return
    table(
        ["column", "type", "null", "role", "key", "description"],
        [
            (c.name, c.type, "may be" if c.nullable else "never", c.role, "yes" if c.join_key else "", c.description)
            for c in found
        ],
    )


def stats(
    places: Places,
    name: TableName,
    column: Annotated[list[str] | None, typer.Option("--column", "-c", help="Only these. May be repeated.")] = None,
    approximate: Annotated[bool, typer.Option("--approx", help="Count distinct values with sketches.")] = False,
    as_json: AsJson = False,
) -> None:
    """What the columns of a table hold, in one scan.

    Example: dqx datasets stats transactions -c amount -c country
    """
    with places.opened() as service, busy(f"Reading {name}"):
        found = service.stats(name, column, approximate=approximate)
    if as_json:
        derived = ("null_share", "uniqueness", "range_days")
        print_json([vars(each) | {what: getattr(each, what) for what in derived} for each in found])
        return
    table(
        ["column", "type", "nulls %", "distinct", "unique %", "min", "max", "mean", "stddev", "days"],
        [
            (
                each.column,
                each.type,
                round(each.null_share * 100, 2),
                each.distinct,
                None if each.uniqueness is None else round(each.uniqueness * 100, 2),
                each.min,
                each.max,
                each.mean,
                each.stddev,
                each.range_days,
            )
            for each in found
        ],
        title=f"{found[0].rows:,} rows" if found else None,
    )


def samples(
    places: Places,
    name: TableName,
    column: Annotated[str, typer.Argument(help="The column.")],
    limit: Annotated[int, typer.Option(help="How many values, 1 to 1,000.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The most frequent values of a column.

    Example: dqx datasets samples transactions country
    """
    with places.opened() as service, busy(f"Reading {name}"):
        found = service.samples(name, column, limit=limit)
    if as_json:
        print_json(found)
        return
    table([escape(column), "rows"], [("null" if each.value is None else each.value, each.count) for each in found])


def detect_joins(places: Places, names: Tables, as_json: AsJson = False) -> None:
    """How tables join, with the evidence; nothing where neither names nor values speak for a join.

    Example: dqx datasets detect-joins transactions products customers
    """
    with places.opened() as service, busy("Comparing values"):
        found = service.detect_joins(names)
    if as_json:
        print_json(found)
        return
    if not found:
        out.print(f"Neither the names nor the values of {', '.join(names)} speak for a join.", markup=False)
        return
    called = _called({name for each in found for name in (each.left_table, each.right_table)})
    table(
        ["from", "to", "confidence", "cardinality", "found %", "orphans %", "unique %", "fan-out", "name"],
        [
            (
                f"{called[each.left_table]}.{'+'.join(each.left_columns)}",
                f"{called[each.right_table]}.{'+'.join(each.right_columns)}",
                each.confidence,
                each.cardinality.replace("_", " "),
                round(each.inclusion * 100, 1),
                round(each.orphans * 100, 1),
                round(each.uniqueness * 100, 1),
                round(each.fan_out, 2),
                round(each.name_score, 2),
            )
            for each in found
        ],
    )


def suggest_columns(places: Places, names: Tables, as_json: AsJson = False) -> None:
    """Which columns look like the user, the product, the time and the revenue; the first table is the primary one.

    Outside shops read the entity, the item, the time and the value. Where several columns look alike, none is chosen.

    Example: dqx datasets suggest-columns transactions products
    """
    from dqx_core.datasets.base import GENERIC

    with places.opened() as service:
        found = service.suggest_columns(names)
    if as_json:
        print_json(found)
        return
    table(
        ["role", "column", "type", "confidence", "or"],
        [
            (
                role,
                f"{each.best.table}.{each.best.column}" if each.best else _NONE[bool(each.alternatives)],
                each.best.type if each.best else None,
                each.best.confidence if each.best else None,
                ", ".join(f"{other.table}.{other.column}" for other in each.alternatives),
            )
            for role, each in found.items()
        ],
    )
    words = ", ".join(f"{role} is the {generic}" for role, generic in GENERIC.items())
    out.print(f"In any domain: {words}. Either word is a role.", markup=False, highlight=False)


_NONE = {False: "no column looks like it", True: "several look alike"}


def _called(names: Collection[str]) -> dict[str, str]:
    """What each table is called: by its last part, unless two of them share it."""
    last = {name: name.rsplit(".", 1)[-1] for name in names}
    counts = Counter(last.values())
    return {name: short if counts[short] == 1 else name for name, short in last.items()}
