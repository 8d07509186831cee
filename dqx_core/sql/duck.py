"""What DuckDB itself says of SQL: how it reads it, what its functions depend on, which patterns RE2 takes."""

from __future__ import annotations

import atexit
import json
import os
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

_LOCK = Lock()

Node = dict[str, Any]
"""A node of DuckDB's own parse of an expression."""


@cache
def _connection(process: int) -> DuckDBPyConnection:
    """A DuckDB of one thread that holds nothing: a forked process has none of the threads of its parent."""
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'; SET max_expression_depth = 20000")
    atexit.register(_connection.cache_clear)
    return connection


def _asked(sql: str, *values: object) -> list[tuple[Any, ...]]:
    with _LOCK:
        return _connection(os.getpid()).execute(sql, values).fetchall()


@lru_cache(maxsize=1024)
def parsed(expression: str) -> Node:
    """DuckDB's parse of one expression.

    Raises:
        DefinitionError: It is not one expression of DuckDB's SQL.
    """
    said = json.loads(_asked("SELECT json_serialize_sql(?::VARCHAR)", f"SELECT {expression}")[0][0])
    if said["error"]:
        raise DefinitionError(said.get("error_message") or "DuckDB cannot read it")
    (tree,) = said["statements"][0]["node"]["select_list"]
    found: Node = tree
    return found


def nodes(tree: Any) -> Iterator[Node]:
    """Every expression in a parse, the outermost first."""
    ahead = [tree]
    while ahead:
        each = ahead.pop()
        if isinstance(each, dict):
            if "class" in each:
                yield each
            ahead.extend(each.values())
        elif isinstance(each, list):
            ahead.extend(each)


@cache
def _unsteady() -> frozenset[tuple[str, int]]:
    """The functions, each with a number of arguments, whose result may differ from query to query, or that act."""
    from duckdb import Error

    scalars = _asked(
        "SELECT lower(function_name), len(parameters) FROM duckdb_functions() "
        "WHERE stability IS NOT NULL AND stability <> 'CONSISTENT' "
        "AND function_name NOT IN ('error', 'stats', 'vector_type')"
    )
    found = {(name, count) for name, count in scalars}
    # A macro is as steady as what it is made of: one of `age` is now() minus something.
    macros = _asked(
        "SELECT lower(function_name), len(parameters), macro_definition FROM duckdb_functions() "
        "WHERE function_type = 'macro' AND macro_definition IS NOT NULL"
    )
    for name, count, definition in macros:
        try:
            tree = parsed(definition)
        except (DefinitionError, Error):
            continue
        if any(_asks_the_clock(node) or (node["class"] == "FUNCTION" and _name(node) in found) for node in nodes(tree)):
            found.add((name, count))
    return frozenset(found)


@cache
def many_rows() -> frozenset[str]:
    """The functions that give several rows for one, in lower case: UNNEST, and the macros that are made of it."""
    macros = _asked(
        "SELECT lower(function_name) FROM duckdb_functions() "
        "WHERE function_type = 'macro' AND contains(lower(macro_definition), 'unnest(')"
    )
    return frozenset({"unnest", "unlist"} | {name for (name,) in macros})


def _name(node: Node) -> tuple[str, int]:
    return node["function_name"].lower(), len(node.get("arguments", ()))


def _asks_the_clock(node: Node) -> bool:
    """Whether it is a name without brackets that DuckDB takes for one of its clocks."""
    return node["class"] == "COLUMN_REF" and node["column_names"][-1].lower() in _CLOCKS


_CLOCKS = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
"""What the SQL standard writes without brackets."""


@lru_cache(maxsize=4096)
def unsteady(expression: str, columns: frozenset[str]) -> str | None:
    """A function of the expression that depends on the clock, on chance or on the session, or that acts; None: none.

    What DuckDB says of its functions counts, not their names. A name that is none of `columns`, in lower case, is a
    function without brackets, such as CURRENT_DATE.

    Raises:
        DefinitionError: It is not an expression of DuckDB's SQL.
    """
    tree, found = parsed(expression), _unsteady()
    for node in nodes(tree):
        if node["class"] == "FUNCTION":
            name, count = _name(node)
            if (name, count) in found or (name == "age" and count == 1):
                return str(name)
        elif node["class"] == "COLUMN_REF" and node["column_names"][0].lower() not in columns:
            return str(node["column_names"][0])
    return None


def pattern_error(pattern: str) -> str | None:
    """Why RE2 does not take a pattern; None: it does."""
    import duckdb

    try:
        _asked("SELECT regexp_matches('', ?::VARCHAR)", pattern)
    except duckdb.Error as error:
        return str(error).splitlines()[0].partition(": ")[2]
    return None


def value_of(text: str, type_name: str) -> Any:
    """A text as a value of one of DuckDB's types.

    Raises:
        DefinitionError: It is not one.
    """
    import duckdb

    try:
        return _asked(f"SELECT CAST(? AS {type_name})", text)[0][0]
    except duckdb.Error as error:
        raise DefinitionError(str(error).splitlines()[0].partition(": ")[2]) from error


@lru_cache(maxsize=1024)
def lowered(text: str) -> str:
    """The text in small letters, as DuckDB has it."""
    found: str = _asked("SELECT lower(?::VARCHAR)", text)[0][0]
    return found
