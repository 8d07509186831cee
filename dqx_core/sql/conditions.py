"""SQL that a person wrote: parsed into a tree, refused unless it is what was asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    from sqlglot import exp

WRITTEN_IN = "duckdb"
"""The dialect conditions and expressions are written in: 'text' in single quotes, "names" in double."""

_CHANGING = {
    "RAND",
    "RANDOM",
    "UUID",
    "GEN_RANDOM_UUID",
    "GENERATE_UUID",
    "NOW",
    "TODAY",
    "SETSEED",
    "GET_CURRENT_TIMESTAMP",
}


@lru_cache(maxsize=4096)
def condition(text: str) -> exp.Expr:
    """The tree of one boolean expression over the columns of a row.

    Raises:
        DefinitionError: It is not one boolean expression, or it depends on the clock, on chance or on other rows.
    """
    from sqlglot import exp

    tree = _one_expression("where", text)
    boolean = (exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.Column, exp.Case, exp.Func)
    if not isinstance(tree.unnest(), boolean):
        raise DefinitionError(
            f"where {text!r} is not a condition. Write one that is true or false for a row, such as \"country = 'NL'\"."
        )
    if aggregate := tree.find(exp.AggFunc, exp.Window):
        raise DefinitionError(
            f"where {text!r} looks at many rows ({aggregate.sql(WRITTEN_IN)}). A condition looks at one row."
        )
    return tree


@lru_cache(maxsize=4096)
def canonical_condition(text: str) -> str:
    """One text for conditions that differ only in spacing and in the case of keywords."""
    return condition(text).sql(dialect=WRITTEN_IN, comments=False)


@lru_cache(maxsize=4096)
def aggregate(text: str) -> exp.Expr:
    """The tree of one aggregate expression.

    Raises:
        DefinitionError: It is not one expression, has no aggregate, or depends on the clock or on chance.
    """
    from sqlglot import exp

    tree = _one_expression("custom_sql", text)
    if not tree.find(exp.AggFunc, exp.Anonymous):
        raise DefinitionError(
            f'custom_sql {text!r} has no aggregate. Write one number over many rows, such as "SUM(a) / COUNT(*)".'
        )
    return tree


def _one_expression(what: str, text: str) -> exp.Expr:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(text, dialect=WRITTEN_IN)
    except SqlglotError as error:
        reason = str(error).splitlines()[0]
        raise DefinitionError(f"{what} {text!r} is not SQL: {reason}") from error
    tree = trees[0] if len(trees) == 1 else None
    if tree is None or isinstance(tree, exp.Query | exp.Alias | exp.DDL | exp.DML | exp.Command | exp.Tuple | exp.Star):
        raise DefinitionError(f"{what} {text!r} is not one expression.")
    if tree.find(exp.Query):
        raise DefinitionError(f"{what} {text!r} holds a query. It may only use the columns of the dataset.")
    if tree.find(exp.Placeholder, exp.Parameter):
        raise DefinitionError(f"{what} {text!r} holds a parameter. Write its value.")
    for node in tree.find_all(exp.Func):
        name = node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name()
        if name in _CHANGING or name.startswith("CURRENT_"):
            raise DefinitionError(
                f"{what} {text!r} calls {name}, whose result changes from run to run, so no two measurements could be "
                "compared. Use the columns of the row."
            )
    return tree


def columns_of(tree: exp.Expr) -> list[str]:
    """The names of the columns a tree reads, each once, in the order of their first use."""
    from sqlglot import exp

    # What parses as table.column is a field of a struct column: there is only one relation.
    return list(dict.fromkeys(column.parts[0].name for column in tree.find_all(exp.Column)))
