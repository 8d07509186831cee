"""Whether a metric can be computed from the columns that a data source has, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dqx_core.engines.base import DataSource
from dqx_core.errors import UnknownColumnError
from dqx_core.graph import Graph
from dqx_core.metrics.base import MetricSpec
from dqx_core.sql.conditions import columns_of, condition
from dqx_core.sql.types import NUMBERS, ORDERED, SIZED, ColumnKind, kind_of

if TYPE_CHECKING:
    import sympy as sp

ACCEPTED: Mapping[str, frozenset[ColumnKind]] = {
    takes: kinds | {ColumnKind.UNTYPED}
    for takes, kinds in {
        "anything": frozenset(ColumnKind),
        "numbers": NUMBERS,
        "ordered": ORDERED,
        "sortable": ORDERED | {ColumnKind.TEXT},
        "text": frozenset({ColumnKind.TEXT}),
        "sized": SIZED,
    }.items()
}
"""What the columns of a metric may hold, by what it takes; a column of nothing but nulls may be any."""

_WORDS = {
    "numbers": "numbers",
    "ordered": "numbers, dates or timestamps",
    "sortable": "numbers, dates, timestamps or text",
    "text": "text",
    "sized": "text, lists or maps",
}


def types_of(source: DataSource) -> dict[str, str]:
    """The types of a data source's columns, by their names in lower case."""
    return {column.lower(): type_name for column, type_name in source.schema.items()}


def unfit(spec: MetricSpec, source: DataSource, types: Mapping[str, str] | None = None) -> Iterator[str]:
    """Why a metric cannot be computed from a data source, each reason as what follows its name.

    Args:
        spec: The metric.
        source: The data source.
        types: Its `types_of`, for those who ask of many metrics.
    """
    types = types_of(source) if types is None else types
    twins: Mapping[str, tuple[str, str]] = getattr(source, "twins", {})
    own = list(spec.columns)
    for column in dict.fromkeys([*own, *(columns_of(condition(spec.where)) if spec.where else ())]):
        type_name = types.get(column.lower())
        if column.lower() in twins:
            one, other = twins[column.lower()]
            yield (
                f"reads column '{column}', and dataset '{source.name}' has '{one}' and '{other}', which SQL does not "
                "tell apart: names are the same in upper and lower case. Rename one of them."
            )
        elif type_name is None:
            said = str(UnknownColumnError(spec.name, column, source.name, source.schema))
            yield said.removeprefix(f"Metric {spec.name} ")
        elif column in own:
            kind = kind_of(type_name, source.dialect)
            if kind not in ACCEPTED[takes := spec.takes_of(column)]:
                yield (f"takes a column of {_WORDS[takes]}, and '{column}' of dataset '{source.name}' is {type_name}.")
            elif kind is not ColumnKind.UNTYPED and (reason := spec.misfit(kind)) is not None:
                yield f"{reason}, and '{column}' of dataset '{source.name}' is {type_name}."


def misfits(graph: Graph, sources: Mapping[str, DataSource], *, all_told: bool) -> Iterator[str]:
    """What is wrong with columns, of a graph of which no assertion can be judged; of any if `all_told`."""
    reasons: dict[sp.Symbol, list[str]] = {}
    types = {name: types_of(source) for name, source in sources.items()}
    for symbol, metric in graph.symbols.items():
        name = metric.dataset or ""
        if isinstance(metric.spec, MetricSpec) and name in sources:
            for reason in unfit(metric.spec, sources[name], types[name]):
                reasons.setdefault(symbol, []).append(f"Metric {metric.spec.name} {reason}")
    assertions = [assertion for _, assertion in graph.root.assertions()] if reasons else []
    if all_told or (
        assertions and all(any(need in reasons for need in _reached(graph, each.symbols)) for each in assertions)
    ):
        yield from (reason for found in reasons.values() for reason in found)


def _reached(graph: Graph, symbols: tuple[sp.Symbol, ...]) -> set[sp.Symbol]:
    """Symbols, and those that they need."""
    found: set[sp.Symbol] = set()
    ahead = list(symbols)
    while ahead:
        symbol = ahead.pop()
        if symbol not in found:
            found.add(symbol)
            ahead.extend(graph.symbols[symbol].needs)
    return found
