"""Find everything wrong with a graph before any data is read, and say it all at once."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, MutableSequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from dqx_core.engines.base import DataSource
from dqx_core.errors import DefinitionError, UnknownDatasetError
from dqx_core.graph import Graph
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.custom import CustomSql
from dqx_core.passes.pruning import prune
from dqx_core.sql.conditions import WRITTEN_IN, aggregate, columns_of, condition
from dqx_core.symbols import Symbols

if TYPE_CHECKING:
    import sympy as sp


class SuiteWarning(UserWarning):
    """A suite works, and probably does not do what was meant."""


def validate(
    graph: Graph, sources: Mapping[str, DataSource] | None = None, problems: MutableSequence[str] | None = None
) -> Graph:
    """The graph unchanged; what is wrong with it is added to `problems`, what is odd is warned of."""
    if problems is not None:
        problems.extend(
            [*_names(graph), *_requirements(graph), *(_data(graph, sources) if sources is not None else ())]
        )
    for check in graph.root.checks:
        if not check.assertions:
            warnings.warn(f"Check '{check.name}' asserts nothing.", SuiteWarning, stacklevel=2)
    return graph


def warn_of_unused(graph: Graph, bases: AbstractSet[sp.Symbol] = frozenset()) -> None:
    """Warn of metrics that a check asked for and no assertion uses, nor any metric that was made of them (`bases`)."""
    used = set(prune(graph).symbols) | bases
    idle = [metric for symbol, metric in graph.symbols.items() if symbol not in used]
    if idle:
        shown = ", ".join(f"{metric.name} = {metric.metric}" for metric in idle[:5])
        more = f" and {len(idle) - 5} more" if len(idle) > 5 else ""
        warnings.warn(
            f"Suite '{graph.root.name}' has metrics that no assertion uses; they are not measured: {shown}{more}.",
            SuiteWarning,
            stacklevel=3,
        )


def _names(graph: Graph) -> Iterator[str]:
    root = graph.root
    if not root.checks:
        yield "It has no checks."
    for name, times in Counter(check.name for check in root.checks).items():
        if times > 1:
            yield f"{times} checks are named '{name}'. Names tell results apart: give each its own."
    for check in root.checks:
        for name, times in Counter(assertion.name for assertion in check.assertions).items():
            if times > 1:
                yield (
                    f"Check '{check.name}' has {times} assertions named '{name}'. "
                    "Names tell results apart: give each its own."
                )


def _requirements(graph: Graph) -> Iterator[str]:
    symbols = graph.symbols
    for ring in _rings(symbols):
        shown = " → ".join(f"{symbols[symbol].name} = {symbols[symbol].metric}" for symbol in ring)
        yield f"Circular requirements: {shown}. A metric cannot need itself."
    for metric in symbols.values():
        for needed in metric.needs:
            required = symbols.get(needed, metric)
            if metric.dataset and required.dataset and metric.dataset != required.dataset:
                yield (
                    f"Dataset mismatch: {metric.name} = {metric.metric} is on dataset '{metric.dataset}', but its "
                    f"required metric {required.name} = {required.metric} is on dataset '{required.dataset}'."
                )


def _rings(symbols: Symbols) -> Iterator[list[sp.Symbol]]:
    """Each way in which a symbol needs itself, once."""
    done: set[sp.Symbol] = set()
    for start, metric in symbols.items():
        if not metric.needs:
            continue
        path: dict[sp.Symbol, None] = {}
        ahead: list[tuple[sp.Symbol, bool]] = [(start, True)]
        while ahead:
            symbol, entering = ahead.pop()
            if not entering:
                path.pop(symbol)
                done.add(symbol)
            elif symbol in path:
                walked = list(path)
                yield [*walked[walked.index(symbol) :], symbol]
            elif symbol not in done:
                path[symbol] = None
                ahead.append((symbol, False))
                ahead.extend((needed, True) for needed in symbols[symbol].needs if needed in symbols)


def _data(graph: Graph, sources: Mapping[str, DataSource]) -> Iterator[str]:
    for check in graph.root.checks:
        for dataset in check.datasets:
            if dataset not in sources:
                yield str(UnknownDatasetError(f"Check '{check.name}'", dataset, sources))
    for metric in graph.symbols.values():
        spec = metric.spec
        if metric.dataset is None or not isinstance(spec, MetricSpec):
            continue
        if metric.dataset not in sources:
            yield str(UnknownDatasetError(f"Metric {spec.name}", metric.dataset, sources))
            continue
        yield from _unsaid(spec, sources[metric.dataset])


def _unsaid(spec: MetricSpec, source: DataSource) -> Iterator[str]:
    """What a person wrote in DuckDB's SQL, and the engine has no words for."""
    if source.dialect == WRITTEN_IN:
        return
    written = [condition(spec.where)] if spec.where else []
    if isinstance(spec, CustomSql):
        written.append(aggregate(spec.expression))
    known = {column.lower() for column in source.schema}
    for each in written:
        if not {column.lower() for column in columns_of(each)} <= known:
            continue
        try:
            each.said(source.dialect, source.schema)
        except DefinitionError as error:
            yield f"Metric {spec.name} on dataset '{source.name}': {error}"
