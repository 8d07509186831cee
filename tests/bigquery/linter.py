"""What BigQuery refuses and DuckDB lets pass: types that do not compare, wrong signatures, ungrouped columns.

sqlglot's qualify and annotate_types give every node its type as BigQuery would; the rules below are of the GoogleSQL
reference. It knows less than BigQuery: what it lets pass may still be refused there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

NUMBERS = {"INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64"}
EXACT = NUMBERS - {"FLOAT64"}
TEXTS = {"STRING", "BYTES"}
FROM_TEXT = {"DATE", "DATETIME", "TIMESTAMP", "TIME"}
"""Types that a literal of text becomes where one of them is wanted."""
UNKNOWN = "UNKNOWN"

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div)
_BITS = (exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor)

SIGNATURES: Mapping[type[exp.Expr], set[str]] = {
    exp.Sum: NUMBERS,
    exp.Avg: NUMBERS,
    exp.StddevSamp: NUMBERS,
    exp.Variance: NUMBERS,
    exp.Abs: NUMBERS,
    exp.Trunc: NUMBERS,
    exp.Neg: NUMBERS,
    exp.PercentileCont: NUMBERS,
    exp.FarmFingerprint: TEXTS,
    exp.Length: TEXTS,
    exp.LowerHex: {"BYTES"},
    exp.RegexpLike: TEXTS,
    exp.ArraySize: {"ARRAY"},
    exp.UnixSeconds: {"TIMESTAMP"},
    exp.BitwiseAndAgg: {"INT64"},
    exp.BitwiseXorAgg: {"INT64"},
    exp.Not: {"BOOL"},
}
"""What the first argument may be."""

ANONYMOUS = {"ERROR", "ST_ASTEXT"}
"""Functions of BigQuery that sqlglot has no node for."""

_TYPES = {
    "STRING": {"INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "BOOL", "BYTES", *FROM_TEXT},
    "INT64": {"STRING", "FLOAT64", "NUMERIC", "BIGNUMERIC", "BOOL"},
    "FLOAT64": {"STRING", "INT64", "NUMERIC", "BIGNUMERIC"},
    "NUMERIC": {"STRING", "INT64", "FLOAT64", "BIGNUMERIC"},
    "BIGNUMERIC": {"STRING", "INT64", "FLOAT64", "NUMERIC"},
    "BOOL": {"STRING", "INT64"},
    "BYTES": {"STRING"},
    "DATE": {"STRING", "DATETIME", "TIMESTAMP"},
    "DATETIME": {"STRING", "DATE", "TIME", "TIMESTAMP"},
    "TIMESTAMP": {"STRING", "DATE", "TIME", "DATETIME"},
    "TIME": {"STRING"},
}
"""From a type to those that CAST takes it to, besides itself."""


class RefusedError(Exception):
    """BigQuery would not run it."""


Schema = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Dataset → table → column → GoogleSQL type."""


def typed(sql: str | exp.Expr, schema: Schema) -> exp.Query:
    """The tree of a query, every name resolved and every node typed.

    Raises:
        RefusedError: It cannot be parsed, names something that is not there, or breaks a rule.
    """
    tree = annotated(sql, schema)
    problems = list(dict.fromkeys(problems_of(tree)))
    if problems:
        raise RefusedError("; ".join(problems))
    return tree


def annotated(sql: str | exp.Expr, schema: Schema) -> exp.Query:
    """The tree with its types, before any rule."""
    tables = MappingSchema({d: dict(t) for d, t in schema.items()}, dialect="bigquery", normalize=False)
    try:
        tree = sqlglot.parse_one(sql, dialect="bigquery") if isinstance(sql, str) else sql
        if not isinstance(tree, exp.Query):
            raise RefusedError(f"only queries are known here, not {tree.key.upper()}")
        qualified = qualify(tree, schema=tables, dialect="bigquery", quote_identifiers=False)
        return annotate_types(qualified, schema=tables, dialect="bigquery", expression_metadata=_metadata())
    except SqlglotError as error:
        raise RefusedError(str(error).splitlines()[0]) from error


@cache
def _metadata() -> dict:
    """sqlglot's knowledge of BigQuery's types, and what it lacks."""
    dialect = sqlglot.Dialect.get_or_raise("bigquery")
    return {
        **dialect.EXPRESSION_METADATA,
        exp.Trunc: {"annotator": lambda self, node: self._annotate_by_args(node, "this")},
        # ERROR() has whatever type is wanted of it.
        exp.Anonymous: {
            "annotator": lambda self, node: self._set_type(
                node, exp.DType.NULL if _is_error(node) else exp.DType.UNKNOWN
            )
        },
    }


def kind_of(node: exp.Expr | None) -> str:
    """The GoogleSQL type of a node without its parameters; "NULL" for a null, "UNKNOWN" if nobody can say."""
    if isinstance(node, exp.Null):
        return "NULL"
    if node is None or node.type is None:
        return UNKNOWN
    base = node.type.this
    if base == exp.DataType.Type.UNKNOWN:
        return UNKNOWN
    if base == exp.DataType.Type.NULL:
        return "NULL"
    return node.type.sql("bigquery").split("<")[0].split("(")[0]


def problems_of(tree: exp.Query) -> Iterator[str]:
    """Everything BigQuery would refuse, as far as it is known here."""
    for node in tree.walk():
        yield from _of_types(node)
        yield from _of_shape(node)
    for select in tree.find_all(exp.Select):
        yield from _ungrouped(select)


def _of_types(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, _COMPARISONS):
        yield from _comparable(node, node.this, node.expression)
    elif isinstance(node, exp.Between):
        yield from _comparable(node, node.this, node.args["low"])
        yield from _comparable(node, node.this, node.args["high"])
    elif isinstance(node, exp.In):
        for each in node.expressions:
            yield from _comparable(node, node.this, each)
        query = node.args.get("query")
        if query is not None:
            yield from _comparable(node, node.this, query.this.selects[0])
    elif isinstance(node, exp.Case):
        branches = [each.args["true"] for each in node.args["ifs"]]
        branches += [node.args["default"]] if node.args.get("default") is not None else []
        yield from _one_type(node, branches)
        for each in node.args["ifs"]:
            yield from _takes(each, each.this, {"BOOL"})
    elif isinstance(node, exp.Coalesce):
        yield from _one_type(node, [node.this, *node.expressions])
    elif isinstance(node, (exp.And, exp.Or)):
        for each in (node.this, node.expression):
            yield from _takes(node, each, {"BOOL"})
    elif isinstance(node, _ARITHMETIC):
        for each in (node.this, node.expression):
            yield from _takes(node, each, NUMBERS)
    elif isinstance(node, (exp.Mod, exp.IntDiv)):
        for each in (node.this, node.expression):
            yield from _takes(node, each, EXACT)
    elif isinstance(node, _BITS):
        for each in (node.this, node.expression):
            yield from _takes(node, each, {"INT64"})
    elif isinstance(node, exp.Cast):  # a safe one too
        source, target = kind_of(node.this), node.to.sql("bigquery").split("<")[0].split("(")[0]
        if source not in (UNKNOWN, "NULL", target) and target not in _TYPES.get(source, set()):
            yield f"Invalid cast from {source} to {target}: {_shown(node)}"
    elif isinstance(node, (exp.Where, exp.Having)):
        yield from _takes(node, node.this, {"BOOL"})
    elif isinstance(node, exp.Anonymous):
        if node.name.upper() not in ANONYMOUS:
            yield f"Function not found: {node.name}"
    elif type(node) in SIGNATURES:
        yield from _takes(node, node.this or node.expressions[0], SIGNATURES[type(node)])


def _of_shape(node: exp.Expr) -> Iterator[str]:
    match node:
        case exp.Count() if isinstance(node.this, exp.Distinct) and len(node.this.expressions) > 1:
            yield f"COUNT(DISTINCT) takes one expression: {_shown(node)}"
        case exp.PercentileCont() if not node.find_ancestor(exp.Window):
            yield f"PERCENTILE_CONT is an analytic function and needs OVER: {_shown(node)}"
        case exp.Window():
            for each in node.args.get("partition_by") or ():
                if kind_of(each) in {"FLOAT64", "ARRAY", "STRUCT"}:
                    yield f"Partitioning by expressions of type {kind_of(each)} is not allowed: {_shown(each)}"
        case exp.Group():
            for each in node.expressions:
                if kind_of(each) in {"JSON", "GEOGRAPHY"}:
                    yield f"Grouping by expressions of type {kind_of(each)} is not allowed: {_shown(each)}"
        case exp.Filter():
            yield f"FILTER is not known: {_shown(node)}"
        case exp.Lambda() | exp.Parameter():
            yield f"Not known: {_shown(node)}"


def _ungrouped(select: exp.Select) -> Iterator[str]:
    """Columns outside aggregates that the query does not group by."""
    group = select.args.get("group")
    grouped = [] if group is None else list(group.expressions)
    outside = [*select.selects, *(having.this for having in [select.args.get("having")] if having is not None)]
    aggregates = [each for tree in outside for each in _aggregates(tree)]
    if group is None and not aggregates:
        return
    for tree in outside:
        yield from _loose(tree.unalias(), grouped)


def _aggregates(node: exp.Expr) -> Iterator[exp.Expr]:
    """Aggregate functions of this query itself: not those of windows, nor of queries inside."""
    if isinstance(node, exp.Query):
        return
    if isinstance(node, exp.Window):
        node = node.this  # SUM(SUM(x)) OVER () aggregates, SUM(x) OVER () does not
        for child in node.iter_expressions():
            yield from _aggregates(child)
        return
    if isinstance(node, exp.AggFunc):
        yield node
    for child in node.iter_expressions():
        yield from _aggregates(child)


def _loose(node: exp.Expr, grouped: list[exp.Expr]) -> Iterator[str]:
    if node in grouped or isinstance(node, exp.Query):
        return
    if isinstance(node, exp.Window):
        for child in [*node.this.iter_expressions(), *(node.args.get("partition_by") or ())]:
            yield from _loose(child, grouped)
        return
    if isinstance(node, exp.AggFunc):
        for inner in node.find_all(exp.AggFunc):
            if inner is not node:
                yield f"Aggregations of aggregations are not allowed: {_shown(node)}"
        return
    if isinstance(node, exp.Column):
        yield f"SELECT list expression references column {_shown(node)} which is neither grouped nor aggregated"
        return
    for child in node.iter_expressions():
        yield from _loose(child, grouped)


def _comparable(where: exp.Expr, one: exp.Expr, other: exp.Expr) -> Iterator[str]:
    a, b = kind_of(one), kind_of(other)
    if UNKNOWN in (a, b):
        yield f"The type is not known: {_shown(one if a == UNKNOWN else other)}"
    elif not (_same(a, b) or _becomes(one, b) or _becomes(other, a)):
        yield f"No matching signature for operator {where.key.upper()} for argument types: {a}, {b}: {_shown(where)}"
    elif {"ARRAY", "STRUCT", "JSON"} & {a, b}:
        yield f"{a} cannot be compared: {_shown(where)}"


def _one_type(where: exp.Expr, parts: list[exp.Expr]) -> Iterator[str]:
    known = [part for part in parts if not _is_error(part) and kind_of(part) != "NULL"]
    for part in known[1:]:
        a, b = kind_of(known[0]), kind_of(part)
        if UNKNOWN in (a, b):
            yield f"The type is not known: {_shown(known[0] if a == UNKNOWN else part)}"
        elif not (_same(a, b) or _becomes(part, a) or _becomes(known[0], b)):
            yield f"No matching signature for {where.key.upper()} for argument types: {a}, {b}: {_shown(where)}"


def _takes(where: exp.Expr, argument: exp.Expr, allowed: set[str]) -> Iterator[str]:
    kind = kind_of(argument)
    if kind not in allowed | {"NULL"} and not _is_error(argument):
        yield f"No matching signature for {where.key.upper()} for argument type {kind}: {_shown(where)}"


def _same(a: str, b: str) -> bool:
    # DATE coerces to DATETIME, and to nothing else.
    return "NULL" in (a, b) or a == b or {a, b} <= NUMBERS or {a, b} == {"DATE", "DATETIME"}


def _becomes(node: exp.Expr, kind: str) -> bool:
    return isinstance(node, exp.Literal) and node.is_string and kind in FROM_TEXT


def _is_error(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.upper() == "ERROR"


def _shown(node: exp.Expr) -> str:
    text = node.sql("bigquery")
    return text if len(text) < 160 else text[:157] + "…"
