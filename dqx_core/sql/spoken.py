"""An expression of DuckDB's SQL in another engine's words, or the refusal that names what has none there.

What is not in the table of `portable` is not said: what a function is called elsewhere says nothing of what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

from dqx_core.sql.casting import cast, cast_as_written
from dqx_core.sql.comparing import alike, compared, is_in, joined, widened
from dqx_core.sql.kinds import Kind, common
from dqx_core.sql.literals import literal
from dqx_core.sql.portable import AGGREGATES, ALIASES, INSTEAD, TABLE, WIDENED, Row
from dqx_core.sql.said import NotSaidError, Said, exactly, is_number, put, whole

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.duck import Node

_NONE = object()
ENGINES = {"bigquery": "BigQuery"}


@dataclass(frozen=True)
class Speaker:
    """Says the parts of one expression to an engine, from the leaves up."""

    engine: str
    kinds: Mapping[str, Kind] | None
    """Column, in lower case → what it holds; None: nothing is known of the columns."""

    def say(self, node: Node) -> Said:
        """The part in the engine's words.

        Raises:
            NotSaidError: It has none.
        """
        say: Callable[[Node], Said] | None = getattr(self, f"_{node['class'].lower()}", None)
        if say is None:
            raise self.no(node["class"].lower())
        return say(node)

    def no(self, name: str, because: str = "", instead: str | None = None) -> NotSaidError:
        """The refusal of a function or an operator."""
        engine = ENGINES.get(self.engine, self.engine)
        way = instead or INSTEAD.get(name) or INSTEAD.get(name.partition(" ")[0])
        shown = {"~~~": "GLOB", "collate": "COLLATE", "row": "(a, b)"}.get(name, name)
        out = f" Write {way}." if way else " Write it with functions that docs/metrics.md lists, or ask a view for it."
        return NotSaidError(f"uses {shown}{because}, which has no words of the same meaning on {engine}.{out}")

    # What has no inner parts.

    def _constant(self, node: Node) -> Said:
        said = node["literal"]
        kind, text = said["kind"], said.get("text", "")
        match kind:
            case "NULL_LITERAL":
                return Said(literal(None), Kind("null"), None)
            case "BOOLEAN":
                return Said(literal(text == "true"), Kind("boolean"), text == "true")
            case "STRING":
                return Said(literal(text), Kind("text"), text)
            case "INTEGER":
                return whole(int(text))
            case "NUMERIC":
                if "e" in text.lower():
                    return Said(literal(float(text)), Kind("float"), float(text))
                return exactly(self.engine, Decimal(text))
        raise self.no(f"a literal {kind}")

    def _column_ref(self, node: Node) -> Said:
        name, *path = node["column_names"]
        column: exp.Expr = _column(name)
        if self.kinds is None:
            kind = Kind("any")
        elif (found := self.kinds.get(name.lower())) is None:
            raise NotSaidError(f"reads the column {name!r}, which is not there.")
        else:
            kind = found
        return reduce(self._field, path, Said(column, kind))

    def _field(self, whole: Said, name: str) -> Said:
        from sqlglot import exp

        if whole.kind.name not in ("struct", "any"):
            raise self.no(f"the field {name!r} of a {whole.kind.name}")
        kind = whole.kind.fields.get(name.lower()) or Kind("any")
        if whole.kind.name == "struct" and kind.name == "any":
            raise NotSaidError(f"reads the field {name!r}, which the column does not have.")
        return Said(exp.Dot(this=whole.tree, expression=exp.to_identifier(name, quoted=True)), kind)

    # Comparisons.

    def _comparison(self, node: Node) -> Said:
        left, right = self.say(node["left"]), self.say(node["right"])
        return compared(self, node["type"].removeprefix("COMPARE_"), left, right)

    def _between(self, node: Node) -> Said:
        parts = [self.say(node[part]) for part in ("input", "lower", "upper")]
        value, low, high = alike(self, parts, "BETWEEN")
        if value.kind.name != "float":
            return Said(self.words("_1 BETWEEN _2 AND _3", value, low, high), Kind("boolean"))
        bounds = {"GREATERTHANOREQUALTO": low, "LESSTHANOREQUALTO": high}
        return joined("AND", [compared(self, how, value, bound) for how, bound in bounds.items()])

    # What is true or false of its parts.

    def _conjunction(self, node: Node) -> Said:
        word = node["type"].removeprefix("CONJUNCTION_")
        return joined(word, [self._truth(child) for child in node["children"]])

    def _truth(self, node: Node) -> Said:
        said = self.say(node)
        if said.kind.name in ("small", "integer"):
            return cast(self, said, "boolean")
        if said.kind.name not in ("boolean", "null", "any"):
            raise self.no(f"{said.kind.name} as true or false", instead="a comparison")
        return said

    def _operator(self, node: Node) -> Said:
        name, children = node["type"].removeprefix("OPERATOR_"), node["children"]
        match name:
            case "NOT":
                return Said(self.words("NOT _1", self._truth(children[0])), Kind("boolean"))
            case "IS_NULL":
                return Said(self.words("_1 IS NULL", self.say(children[0])), Kind("boolean"))
            case "IS_NOT_NULL":
                return Said(self.words("_1 IS NOT NULL", self.say(children[0])), Kind("boolean"))
            case "COMPARE_IN":
                return is_in(self, self.say(children[0]), [self.say(child) for child in children[1:]])
            case "COALESCE":
                parts = alike(self, [self.say(child) for child in children], "COALESCE")
                return Said(self._called("COALESCE", parts), common([part.kind for part in parts]) or parts[0].kind)
            case "ARRAY_EXTRACT" | "STRUCT_EXTRACT":
                return self._extracted(*(self.say(child) for child in children))
            case "ARRAY_SLICE" if len(children) == 3:
                whole, start, end = (self.say(child) for child in children)
                if whole.kind.name == "text" and is_number(start, 1) and is_number(end, 0):
                    size = literal(max(end.value - start.value + 1, 0))
                    return Said(self.words("SUBSTR(_1, _2, _3)", whole, start, Said(size, Kind("small"))), whole.kind)
        raise self.no({"ARRAY_SLICE": "a slice"}.get(name, name.replace("_", " ").lower()))

    def _extracted(self, whole: Said, place: Said) -> Said:
        if place.kind.name == "text" and place.is_literal:
            return self._field(whole, place.value)
        if not is_number(place, 1):
            raise self.no("an item by a place that is not a positive number", instead="a place counted from 1")
        if whole.kind.name == "text":
            return Said(self.words("SUBSTR(_1, _2, 1)", whole, place), whole.kind)
        if whole.kind.name != "list":
            raise self.no(f"an item of a {whole.kind.name}")
        offset = Said(literal(place.value - 1), Kind("small"))
        return Said(self.words("_1[SAFE_OFFSET(_2)]", whole, offset), whole.kind.item or Kind("any"))

    def _subquery(self, node: Node) -> Said:
        """`s = ANY([…])`: DuckDB reads it as a query of the list."""
        inner = node.get("subquery", {}).get("node", {}).get("select_list", [{}])
        if node.get("subquery_type") != "ANY" or node.get("comparison_type") != "COMPARE_EQUAL":
            raise self.no("a query")
        if len(inner) != 1 or inner[0].get("function_name") != "unnest":
            raise self.no("a query")
        return self.in_list(inner[0]["arguments"][0]["expression"], self.say(node["child"]))

    def in_list(self, items: Node, value: Said) -> Said:
        if items.get("function_name") != "list_value" or not items["arguments"]:
            raise self.no("a list that is not written out", instead="IN ('a', 'b')")
        return is_in(self, value, [self.say(argument["expression"]) for argument in items["arguments"]])

    def _case(self, node: Node) -> Said:
        from sqlglot import exp

        whens = [self._truth(check["when_expr"]) for check in node["case_checks"]]
        parts = [self.say(check["then_expr"]) for check in node["case_checks"]]
        *thens, otherwise = alike(self, [*parts, self.say(node["else_expr"])], "CASE")
        ifs = [exp.If(this=when.tree, true=then.tree) for when, then in zip(whens, thens, strict=True)]
        default = None if otherwise.kind.name == "null" else otherwise.tree
        kind = common([part.kind for part in (*thens, otherwise)]) or otherwise.kind
        return Said(exp.Case(ifs=ifs, default=default), kind)

    def _cast(self, node: Node) -> Said:
        return cast_as_written(self, node)

    # Functions.

    def _function(self, node: Node) -> Said:
        from dqx_core.sql.phrases import PHRASES

        name = node["function_name"].lower()
        arguments = [argument["expression"] for argument in node.get("arguments", ())]
        if node.get("order_bys", {}).get("orders"):
            raise self.no(name, " with an order")
        if name in PHRASES:
            return PHRASES[name](self, arguments)
        if name == "count" and node.get("distinct") and arguments[0].get("function_name") == "row":
            return self._distinct_rows(arguments[0], node)
        parts = [self.say(argument) for argument in arguments]
        if name in ("date_part", "date_trunc", "date_diff", "datediff", "date_sub", "datesub", "datepart", "datetrunc"):
            if not (parts and parts[0].kind.name == "text" and parts[0].is_literal):
                raise self.no(name, " with a part that is not written out")
            part = parts.pop(0).value.lower()
            name = (
                f"{name.replace('datepart', 'date_part').replace('datetrunc', 'date_trunc')} {ALIASES.get(part, part)}"
            )
        return self.found(name, parts, node)

    def _distinct_rows(self, row: Node, node: Node) -> Said:
        """Different tuples: as texts, which of these kinds are the same if and only if the values are."""
        parts = [self.say(argument["expression"]) for argument in row["arguments"]]
        if node.get("filter") or any(
            part.kind.name not in ("small", "integer", "text", "boolean", "date") for part in parts
        ):
            raise self.no("row")
        places = ", ".join(f"_{i + 1}" for i in range(len(parts)))
        return Said(self.words(f"COUNT(DISTINCT TO_JSON_STRING(STRUCT({places})))", *parts), Kind("integer"))

    def found(self, name: str, parts: Sequence[Said], node: Node | None = None) -> Said:
        """The words of the first row of the table that takes these parts."""
        for exact in (True, False):
            for row in TABLE.get(name, ()):
                taken = self._taken(row, parts, exact)
                if taken is None:
                    continue
                said = self.words(row.words[self.engine], *taken)
                if name in AGGREGATES and node is not None:
                    said = self._aggregated(row, taken, node)
                return Said(said, self.given(row, taken))
        if name not in TABLE:
            raise self.no(name)
        given = ", ".join(part.kind.name for part in parts)
        raise self.no(name, f" of {given}" if given else "")

    def _taken(self, row: Row, parts: Sequence[Said], exact: bool) -> list[Said] | None:
        """The parts as the row takes them; None: it does not."""
        wanted = row.takes.split(", ") if row.takes else []
        if len(wanted) != len(parts):
            return None
        taken = [_fitting(self, want, part, exact) for want, part in zip(wanted, parts, strict=True)]
        return None if any(part is None for part in taken) else [part for part in taken if part is not None]

    def given(self, row: Row, taken: Sequence[Said]) -> Kind:
        if row.gives == "_1":
            return taken[0].kind
        if row.gives.startswith("list<"):
            return Kind("list", Kind(row.gives[5:-1]))
        return Kind(row.gives)

    def _aggregated(self, row: Row, taken: Sequence[Said], node: Node) -> exp.Expr:
        from sqlglot import exp

        words = row.words[self.engine]
        if node.get("filter"):
            condition = self._truth(node["filter"])
            if row.name == "count_star":
                return self.words("COUNTIF(_1)", condition)
            if row.name in ("count_if", "countif"):
                raise self.no(f"{row.name} with FILTER", instead="COUNT(*) FILTER (WHERE a AND b)")
            taken = [Said(self.words("IF(_1, _2, NULL)", condition, part), part.kind) for part in taken]
        tree = self.words(words, *taken)
        if node.get("distinct"):
            if row.name not in ("count", "sum", "avg", "mean", "min", "max"):
                raise self.no(f"{row.name} with DISTINCT")
            for each in list(tree.find_all(exp.Count, exp.Sum, exp.Avg)):
                each.set("this", exp.Distinct(expressions=[each.this]))
        return tree

    def _called(self, function: str, parts: Sequence[Said]) -> exp.Expr:
        places = ", ".join(f"_{i + 1}" for i in range(len(parts)))
        return self.words(f"{function}({places})", *parts)

    def words(self, template: str, *parts: Said) -> exp.Expr:
        """The template with the parts in their places."""
        return put(self.engine, template, *parts)


def _column(name: str) -> exp.Expr:
    from sqlglot import exp

    return exp.column(exp.to_identifier(name, quoted=True))


def _fitting(speaker: Speaker, want: str, part: Said, exact: bool) -> Said | None:
    """A part as a row wants it; None: it is nothing of the kind."""
    from dqx_core.sql.phrases import LITERALS

    if want in LITERALS or want.startswith("'"):
        if not part.is_literal:
            return None
        if want.startswith("'"):
            return part if part.value == want.strip("'") else None
        return LITERALS[want](part)
    kinds = want.split("/")
    if want == "any" or part.kind.name in kinds or part.kind.name in ("any", "null"):
        return part
    if exact:
        return None
    for kind in kinds:
        if (part.kind.name, kind) in WIDENED:
            return widened(speaker, part, Kind(kind), want)
        if kind == "clock" and part.kind.name == "moment":
            # Its days and hours are those of UTC, where DuckDB's session is.
            return Said(speaker.words("DATETIME(_1, 'UTC')", part), Kind("clock"))
        if part.kind.name == "text" and part.is_literal and kind in ("date", "clock", "moment"):
            return widened(speaker, part, Kind(kind), want)
    return None
