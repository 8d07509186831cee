"""A part of an expression in an engine's words, and how parts are put into the words of a larger one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dqx_core.errors import DefinitionError
from dqx_core.sql.kinds import Kind
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

_NONE = object()
OF_64_BITS = (-(2**63), 2**63 - 1)


class NotSaidError(DefinitionError):
    """There are no words on the engine for a part of an expression."""


@dataclass(frozen=True)
class Said:
    """A part of an expression in the engine's words."""

    tree: exp.Expr
    kind: Kind
    value: Any = _NONE
    """What it is, of a literal."""

    @property
    def is_literal(self) -> bool:
        return self.value is not _NONE


def put(engine: str, template: str, *parts: Said) -> exp.Expr:
    """The template in an engine's words with the parts in their places, which it calls `_1`, `_2` and so on."""
    from sqlglot import exp

    tree = _template(template, engine).copy()
    holder = exp.Paren(this=tree)
    for column in list(holder.find_all(exp.Column)):
        if re.fullmatch(r"_\d+", column.name):
            part = parts[int(column.name[1:]) - 1].tree.copy()
            inside = isinstance(column.parent, exp.Func | exp.Paren | exp.Cast | exp.If) and not isinstance(
                column.parent, exp.Connector
            )
            column.replace(part if inside else wrapped(part, exp.Binary, exp.Unary, exp.Predicate, exp.Case))
    made: exp.Expr = holder.this
    return made


@lru_cache(maxsize=2048)
def _template(words: str, engine: str) -> exp.Expr:
    import sqlglot

    # In a query, where no word begins a statement, as REPEAT does.
    tree: exp.Expr = sqlglot.parse_one(f"SELECT {words}", dialect=engine).expressions[0]
    return tree


def wrapped(tree: exp.Expr, *kinds: type[Any]) -> exp.Expr:
    """The tree in brackets, if it is of one of these kinds and no call of a function."""
    from sqlglot import exp

    return (
        exp.Paren(this=tree)
        if (isinstance(tree, kinds) and not isinstance(tree, exp.Func | exp.Dot))
        or isinstance(tree, exp.Case | exp.Connector)
        else tree
    )


def literal_of(value: float | Decimal) -> exp.Expr:
    """A finite number as a literal that is a double where a double is wanted."""
    from sqlglot import exp

    text = repr(abs(value)) if isinstance(value, float) else str(abs(value))
    number = exp.Literal.number(text)
    return exp.Neg(this=number) if value < 0 else number


def whole(value: int) -> Said:
    """A whole number."""
    if abs(value) < 2**31:
        return Said(literal(value), Kind("small"), value)
    if OF_64_BITS[0] <= value <= OF_64_BITS[1]:
        return Said(literal(value), Kind("integer"), value)
    from sqlglot import exp

    return Said(exp.cast(exp.Literal.string(str(value)), "bignumeric", dialect="bigquery"), Kind("wide"), value)


def exactly(engine: str, value: Decimal) -> Said:
    """A decimal number."""
    fits = -int(value.as_tuple().exponent) <= 9 and abs(value) < 10**28
    return Said(put(engine, f"{'NUMERIC' if fits else 'BIGNUMERIC'} '{value:f}'"), Kind("decimal"), value)


def is_finite(said: Said) -> bool:
    """Whether it is a literal, and not NaN or infinity."""
    return said.is_literal and (said.value is None or (abs(said.value) != float("inf") and said.value == said.value))


def is_number(said: Said, least: int) -> bool:
    """Whether it is a literal whole number, and not less."""
    return said.is_literal and isinstance(said.value, int) and not isinstance(said.value, bool) and said.value >= least
