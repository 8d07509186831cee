"""Joins that keep the number of rows: a key of the joined table has one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dqx_core.datasets.source import Join
from dqx_core.errors import DefinitionError
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.engines.base import Engine


def check_joins(definition: DatasetDefinition, engine: Engine) -> None:
    """Check what the definition says of its joins' cardinality: one look at the key of each joined table.

    Raises:
        DefinitionError: A key has several rows, so that the join would multiply rows.
    """
    for join in definition.source.joins:
        if join.cardinality in {"many_to_one", "one_to_one"}:
            _check_unique(definition, join, join.table, list(join.on.values()), engine)
        if join.cardinality == "one_to_one":
            _check_unique(definition, join, definition.source.table, list(join.on), engine)


def _check_unique(definition: DatasetDefinition, join: Join, table: str, columns: list[str], engine: Engine) -> None:
    row = engine.run(repeated_keys(table, columns)).to_pylist()[0]
    if row["keys"]:
        key = ", ".join(columns)
        more = "many_to_many" if join.cardinality == "one_to_one" else "one_to_many"
        raise DefinitionError(
            f"Dataset '{definition.name}': the join with {join.table} on {key} is written to be {join.cardinality}, "
            f"but {row['keys']} values of {key} have more than one row in {table}, for instance {row['example']}, "
            f"so rows would multiply. Make {key} unique there, join on more columns, or write cardinality: {more}."
        )


def repeated_keys(table: str, columns: list[str]) -> exp.Select:
    """One row: how many keys of a table have several rows, and the first of them. A null is not a key."""
    from sqlglot import exp

    keys = [column_named(column) for column in columns]
    text: exp.Expr = exp.cast(keys[0].copy(), "text")
    for key in keys[1:]:
        text = exp.DPipe(this=exp.DPipe(this=text, expression=literal(", ")), expression=exp.cast(key.copy(), "text"))
    repeated = (
        exp.select(exp.alias_(text, "example"))
        .from_(table_of(table))
        .where(*(exp.not_(exp.Is(this=key.copy(), expression=exp.Null())) for key in keys))
        .group_by(*(key.copy() for key in keys))
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1)))
    )
    return exp.select(
        exp.alias_(exp.Count(this=exp.Star()), "keys", quoted=True),
        exp.alias_(exp.Min(this=exp.column("example")), "example"),
    ).from_(repeated.subquery("repeated"))
