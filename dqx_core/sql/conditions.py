"""SQL that a person wrote: parsed into a tree, refused unless it is what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    from sqlglot import exp

WRITTEN_IN = "duckdb"
"""The dialect conditions and expressions are written in: 'text' in single quotes, "names" in double."""


@dataclass(frozen=True)
class Written:
    """An expression in DuckDB's SQL, and what it is called in another engine's."""

    what: str
    """What it is for the person who wrote it: "where", "custom_sql"."""
    text: str
    tree: exp.Expr

    def sql(self, dialect: str = WRITTEN_IN, **options: Any) -> str:
        """The text in a dialect; where the types of columns matter, `said` knows more.

        Raises:
            DefinitionError: It has no words of the same meaning there.
        """
        return self.said(dialect).sql(dialect=dialect, **options)

    def said(self, dialect: str, schema: Mapping[str, str] | None = None) -> exp.Expr:
        """The tree in an engine's words, of columns with those types as the engine spells them.

        Raises:
            DefinitionError: It has no words of the same meaning there.
        """
        if dialect == WRITTEN_IN:
            return self.tree
        return _said(self, dialect, None if schema is None else tuple(schema.items()))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that it reads, each once, in the order of their first use."""
        from sqlglot import exp

        # What parses as table.column is a field of a struct column: there is only one relation.
        return tuple(dict.fromkeys(column.parts[0].name for column in self.tree.find_all(exp.Column)))

    @cached_property
    def quoted(self) -> str:
        """The text in DuckDB's SQL, every name quoted, so that none is read as a keyword."""
        from sqlglot import exp

        copy = exp.Paren(this=self.tree.copy())
        for name in copy.find_all(exp.Identifier):
            name.set("quoted", True)
        text: str = copy.this.sql(WRITTEN_IN, comments=False)
        return text


@lru_cache(maxsize=4096)
def _said(written: Written, dialect: str, schema: tuple[tuple[str, str], ...] | None) -> exp.Expr:
    from dqx_core.sql import duck
    from dqx_core.sql.kinds import kind_of_type
    from dqx_core.sql.said import NotSaidError
    from dqx_core.sql.spoken import Speaker

    kinds = None if schema is None else {name.lower(): kind_of_type(type_, dialect) for name, type_ in schema}
    try:
        return Speaker(dialect, kinds).say(duck.parsed(written.quoted)).tree
    except NotSaidError as error:
        raise NotSaidError(f"{written.what} {written.text!r} {error}") from None
    except RecursionError:
        raise DefinitionError(f"{written.what} {written.text[:80]!r}… is nested too deeply.") from None


@lru_cache(maxsize=4096)
def condition(text: str) -> Written:
    """One boolean expression over the columns of a row.

    Raises:
        DefinitionError: It is not one boolean expression, or it depends on the clock, on chance or on other rows.
    """
    from sqlglot import exp

    tree = _one_expression("where", text)
    boolean = (exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.Column, exp.Case, exp.Func)
    of_parts = (exp.Escape, exp.Bracket, exp.Dot)
    if not isinstance(tree.unnest(), (*boolean, *of_parts)):
        raise DefinitionError(
            f"where {text!r} is not a condition. Write one that is true or false for a row, such as \"country = 'NL'\"."
        )
    if aggregate := tree.find(exp.AggFunc, exp.Window):
        raise DefinitionError(
            f"where {text!r} looks at many rows ({aggregate.sql(WRITTEN_IN)}). A condition looks at one row."
        )
    if many := _many(tree):
        raise DefinitionError(
            f"where {text!r} {many}. A condition is one value for each row, of columns by their names."
        )
    return _steady("where", text, tree)


@lru_cache(maxsize=4096)
def canonical_condition(text: str) -> str:
    """One text for conditions that differ only in spacing and in the case of keywords."""
    return condition(text).sql(comments=False)


@lru_cache(maxsize=4096)
def aggregate(text: str) -> Written:
    """One aggregate expression.

    Raises:
        DefinitionError: It is not one expression, has no aggregate, gives many rows, or depends on the clock or chance.
    """
    from sqlglot import exp

    tree = _one_expression("custom_sql", text)
    if many := _many(tree):
        raise DefinitionError(
            f'custom_sql {text!r} {many}. Write one number over many rows, such as "SUM(a) / COUNT(*)".'
        )
    if not tree.find(exp.AggFunc, exp.Anonymous):
        raise DefinitionError(
            f'custom_sql {text!r} has no aggregate. Write one number over many rows, such as "SUM(a) / COUNT(*)".'
        )
    return _steady("custom_sql", text, tree)


def _one_expression(what: str, text: str) -> exp.Expr:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if not isinstance(text, str):
        raise DefinitionError(f"{what} takes SQL as text, and not {text!r}.")
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
    return tree


def _many(tree: exp.Expr) -> str | None:
    """What of an expression gives several rows, or stands for whichever columns there are; None: nothing."""
    from sqlglot import exp

    if rows := tree.find(exp.Window, exp.Explode, exp.Unnest):
        return f"gives many rows ({rows.sql(WRITTEN_IN)})"
    if called := [each.name.lower() for each in tree.find_all(exp.Anonymous)]:
        from dqx_core.sql import duck

        if name := next((each for each in called if each in duck.many_rows()), None):
            return f"gives many rows ({name})"
    for each in tree.find_all(exp.Star, exp.Columns, exp.PositionalColumn):
        if not (isinstance(each, exp.Star) and isinstance(each.parent, exp.Count)):
            return f"does not name its columns ({each.sql(WRITTEN_IN)})"
    return None


def _steady(what: str, text: str, tree: exp.Expr) -> Written:
    """The expression, unless its result may differ though the rows do not, or it does more than give one.

    DuckDB says which of its functions these are; where there is no function, there is nothing to ask.
    """
    from sqlglot import exp

    written = Written(what, text, tree)
    calls = (
        each for each in tree.find_all(exp.Func) if not isinstance(each, exp.Connector | exp.Case | exp.If | exp.Cast)
    )
    if any(each.sql_name() not in _PLAIN for each in calls):
        from dqx_core.sql import duck

        names = {column.parts[0].name.lower() for column in tree.find_all(exp.Column)}
        if name := duck.unsteady(written.quoted, frozenset(names)):
            raise DefinitionError(
                f"{what} {text!r} calls {name}, whose result changes from run to run, or which acts, so no two "
                "measurements could be compared. Use the columns of the row."
            )
    return written


_PLAIN = frozenset(
    [
        "ABS",
        "AVG",
        "COALESCE",
        "COUNT",
        "GREATEST",
        "LEAST",
        "LENGTH",
        "LOWER",
        "MAX",
        "MIN",
        "NULLIF",
        "ROUND",
        "SUM",
        "TRIM",
        "UPPER",
        "EXTRACT",
        "REGEXP_LIKE",
    ]
)
"""Functions that everybody uses and that a test holds to be steady: nobody has to be asked of them."""


def columns_of(written: Written) -> list[str]:
    """The names of the columns an expression reads, each once, in the order of their first use."""
    return list(written.columns)
