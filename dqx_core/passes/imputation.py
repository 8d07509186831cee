"""Give every symbol without a dataset the one it must mean."""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dqx_core.engines.base import DataSource
from dqx_core.graph import Graph
from dqx_core.symbols import SymbolicMetric

if TYPE_CHECKING:
    import sympy as sp


def impute_datasets(
    graph: Graph, sources: Mapping[str, DataSource] | None = None, problems: MutableSequence[str] | None = None
) -> Graph:
    """The graph in which a symbol without a dataset has its check's only one, or the suite's only data source.

    Added to `problems`: where there are several candidates, or a symbol names a dataset its check does not list.
    """
    wrong: dict[str, None] = {}
    found = dict(graph.symbols)

    def impute(symbol: sp.Symbol, candidates: tuple[str, ...], check: str, listed: bool) -> None:
        metric = found[symbol]
        if metric.dataset is None:
            if len(candidates) == 1:
                found[symbol] = replace(metric, dataset=candidates[0])
            elif candidates or sources is not None:
                wrong[
                    f"Check '{check}': {_shown(metric)} has no dataset and {len(candidates)} could be meant"
                    f"{': ' + ', '.join(candidates) if candidates else ''}. Name one: dataset='…'."
                ] = None
        elif listed and metric.dataset not in candidates:
            wrong[
                f"Check '{check}': {_shown(metric)} is on dataset '{metric.dataset}', which the check does not list. "
                f"It lists: {', '.join(candidates)}."
            ] = None
        for needed in metric.needs:
            impute(needed, candidates, check, listed)

    everywhere = tuple(sources or ())
    for check in graph.root.checks:
        for assertion in check.assertions:
            for symbol in assertion.symbols:
                impute(symbol, check.datasets or everywhere, check.name, bool(check.datasets))
    if problems is not None:
        problems.extend(wrong)
    return Graph(graph.root, found)


def _shown(metric: SymbolicMetric) -> str:
    return f"{metric.name} = {metric.metric}"
