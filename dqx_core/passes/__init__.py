"""What happens to a graph between the checks that made it and the plan: one pass, one file, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dqx_core.engines.base import DataSource
from dqx_core.errors import ValidationError
from dqx_core.graph import Graph
from dqx_core.passes.deduplication import deduplicate
from dqx_core.passes.fitness import misfits
from dqx_core.passes.imputation import impute_datasets
from dqx_core.passes.pruning import prune
from dqx_core.passes.validation import validate

__all__ = ["PASSES", "deduplicate", "impute_datasets", "misfits", "prepare", "prune", "validate"]

Sources = Mapping[str, DataSource] | None
"""Data sources by name; None while a suite is built without data."""

PASSES: tuple[Callable[[Graph, Sources, list[str]], Graph], ...] = (impute_datasets, deduplicate, validate, prune)
"""Each adds what is wrong to the list, and goes on as far as it can."""


def prepare(graph: Graph, sources: Sources = None, *, judge_unfit: bool = False) -> Graph:
    """The graph after every pass.

    A column that is missing or of another type spoils the assertions that use it, and no others. Where it spoils all
    of them the graph is refused, unless `judge_unfit` says that these are verdicts then.

    Raises:
        ValidationError: Something a person wrote cannot work; all of it is listed.
    """
    problems: list[str] = []
    for run in PASSES:
        graph = run(graph, sources, problems)
    if sources is not None and not judge_unfit:
        problems += misfits(graph, sources, all_told=bool(problems))
    if problems:
        raise ValidationError(f"Suite '{graph.root.name}'", dict.fromkeys(problems))
    return graph
