"""Make one symbol of those that stand for one number."""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dqx_core.engines.base import DataSource
from dqx_core.expressions import substituted
from dqx_core.graph import AssertionNode, Graph, RootNode, Walk
from dqx_core.keys import ResultKey, TagOverrides
from dqx_core.symbols import Symbols

if TYPE_CHECKING:
    import sympy as sp


def deduplicate(
    graph: Graph, sources: Mapping[str, DataSource] | None = None, problems: MutableSequence[str] | None = None
) -> Graph:
    """The graph in which equal numbers are one symbol, everywhere they are used."""
    substitutions = build_deduplication_map(graph.symbols)
    if not substitutions:
        return graph
    root = graph.root.accept(SymbolDeduplicationVisitor(substitutions))
    return Graph(root, prune_duplicate_symbols(graph.symbols, substitutions))


def build_deduplication_map(symbols: Symbols, key: ResultKey | None = None) -> dict[sp.Symbol, sp.Symbol]:
    """Duplicate → the lowest-numbered symbol for the same spec, effective date, tags and dataset.

    With a key, tags laid over the key's are compared as they come out; without one, as they were written.
    """
    kept: dict[object, sp.Symbol] = {}
    duplicates: dict[sp.Symbol, sp.Symbol] = {}
    for symbol, metric in sorted(symbols.items(), key=lambda item: item[1].number):
        tags = metric.tags if key is None else (metric.tags or TagOverrides()).over(key.tags)
        canonical = kept.setdefault((metric.spec, metric.back, metric.dataset, tags), symbol)
        if canonical is not symbol:
            duplicates[symbol] = canonical
    return duplicates


class SymbolDeduplicationVisitor(Walk):
    """Rewrites the expressions of every assertion."""

    def __init__(self, substitutions: Mapping[sp.Symbol, sp.Symbol]) -> None:
        self._substitutions = dict(substitutions)

    def visit_root(self, node: RootNode, /) -> RootNode:
        import sympy as sp

        with sp.evaluate(False):  # once for all: SymPy empties its caches whenever this changes
            return super().visit_root(node)

    def visit_assertion(self, node: AssertionNode, /) -> AssertionNode:
        import sympy as sp

        # Unevaluated, as in Check.node: two equal metrics that become one must not cancel.
        with sp.evaluate(False):
            return node.rewritten(lambda expression: substituted(expression, self._substitutions))


def prune_duplicate_symbols(symbols: Symbols, substitutions: Mapping[sp.Symbol, sp.Symbol]) -> Symbols:
    """The symbols without the duplicates; what the rest requires is rewritten to what stayed."""

    def kept(symbol: sp.Symbol) -> sp.Symbol:
        return substitutions.get(symbol, symbol)

    return {
        symbol: replace(
            metric,
            base=None if metric.base is None else kept(metric.base),
            required_metrics=tuple(dict.fromkeys(map(kept, metric.required_metrics))),
        )
        if metric.needs
        else metric
        for symbol, metric in symbols.items()
        if symbol not in substitutions
    }
