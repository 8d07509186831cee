"""What the checks built: a root, its checks, their assertions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dqx_core.bounds import Bound
from dqx_core.report import Severity
from dqx_core.symbols import Symbols

if TYPE_CHECKING:
    import sympy as sp

OnMissingHistory = Literal["skip", "fail"]


def symbols_in(expression: sp.Expr) -> set[sp.Symbol]:
    """The symbols of an expression: SymPy's `free_symbols`, at a fifth of what it costs."""
    if not expression.args:  # a number, as most limits are, or a symbol alone
        return {expression} if expression.is_Symbol else set()
    found: set[Any] = set()
    ahead: list[Any] = [expression]
    while ahead:
        node = ahead.pop()
        if node.is_Symbol:
            found.add(node)
        else:
            ahead.extend(node.args)
    return found


@dataclass(frozen=True)
class AssertionNode:
    """One condition on one expression."""

    name: str
    expression: sp.Expr
    bound: Bound
    severity: Severity = Severity.P1
    tags: frozenset[str] = frozenset()
    on_missing_history: OnMissingHistory = "skip"

    @cached_property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols of the expression and of the limits, in natural order."""
        used = {symbol for e in (self.expression, *self.bound.limits) if not e.is_Number for symbol in symbols_in(e)}
        return tuple(sorted(used, key=lambda symbol: int(symbol.name.partition("_")[2])))

    def rewritten(self, rewrite: Callable[[sp.Expr], sp.Expr]) -> AssertionNode:
        """The same assertion over rewritten expressions."""
        limits = tuple(map(rewrite, self.bound.limits))
        same = all(new is old for new, old in zip(limits, self.bound.limits, strict=True))
        bound = self.bound if same else replace(self.bound, limits=limits)
        expression = rewrite(self.expression)
        return self if same and expression is self.expression else replace(self, expression=expression, bound=bound)

    def accept(self, visitor: Visitor) -> AssertionNode:
        return visitor.visit_assertion(self)


@dataclass(frozen=True)
class CheckNode:
    """A check and its assertions."""

    name: str
    datasets: tuple[str, ...]
    assertions: tuple[AssertionNode, ...]

    def accept(self, visitor: Visitor) -> CheckNode:
        return visitor.visit_check(self)


@dataclass(frozen=True)
class RootNode:
    """A suite and its checks."""

    name: str
    checks: tuple[CheckNode, ...]

    def accept(self, visitor: Visitor) -> RootNode:
        return visitor.visit_root(self)

    def assertions(self) -> Iterator[tuple[CheckNode, AssertionNode]]:
        """Every assertion with its check, in the order in which they were written."""
        for check in self.checks:
            for assertion in check.assertions:
                yield check, assertion


class Visitor(Protocol):
    """Takes each node and gives what stands in its place."""

    def visit_root(self, node: RootNode, /) -> RootNode: ...

    def visit_check(self, node: CheckNode, /) -> CheckNode: ...

    def visit_assertion(self, node: AssertionNode, /) -> AssertionNode: ...


class Walk:
    """Visits the whole graph and changes nothing; override what you want to change."""

    def visit_root(self, node: RootNode, /) -> RootNode:
        return replace(node, checks=tuple(check.accept(self) for check in node.checks))

    def visit_check(self, node: CheckNode, /) -> CheckNode:
        return replace(node, assertions=tuple(assertion.accept(self) for assertion in node.assertions))

    def visit_assertion(self, node: AssertionNode, /) -> AssertionNode:
        return node


@dataclass(frozen=True)
class Graph:
    """What a suite asks: assertions, and what their symbols stand for."""

    root: RootNode
    symbols: Symbols
