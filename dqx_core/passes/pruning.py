"""Drop the symbols that no assertion uses, and what only they required."""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from typing import TYPE_CHECKING

from dqx_core.engines.base import DataSource
from dqx_core.graph import Graph

if TYPE_CHECKING:
    import sympy as sp


def prune(
    graph: Graph, sources: Mapping[str, DataSource] | None = None, problems: MutableSequence[str] | None = None
) -> Graph:
    """The graph with the symbols that assertions reach, in their order."""
    used: set[sp.Symbol] = set()
    ahead = [symbol for _, assertion in graph.root.assertions() for symbol in assertion.symbols]
    while ahead:
        symbol = ahead.pop()
        if symbol not in used:
            used.add(symbol)
            ahead.extend(graph.symbols[symbol].needs)
    return Graph(graph.root, {symbol: metric for symbol, metric in graph.symbols.items() if symbol in used})
