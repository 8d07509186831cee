"""What `dg check defs` says of a dataset beyond its YAML: columns that its tables, or the dataset, do not have."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import dagster as dg

from dqx_core.datasets.base import RESERVED, Problem
from dqx_core.datasets.columns import fit
from dqx_core.datasets.problems import spelled
from dqx_core.errors import DefinitionError, UnknownColumnError, ValidationError
from dqx_core.metrics.base import MetricSpec
from dqx_core.sql.conditions import columns_of, condition
from dqx_dagster.components.resources import DqxResources
from dqx_dagster.resources import DatasetEngine

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Schemas
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.suite import Suite
    from dqx_dagster.components.dataset import DqxDataset

VALIDATING = "DAGSTER_IS_DEFS_VALIDATION_CLI"
"""The variable that Dagster sets while it validates definitions, and for nothing else."""
PATIENCE = 10.0
"""Seconds in which a source has to say what columns its tables have."""

_silent: WeakKeyDictionary[DqxResources, str] = WeakKeyDictionary()
"""Why the source of some resources was not read: it is asked once, however many datasets it has."""


def check_columns(component: DqxDataset, context: dg.ComponentLoadContext) -> None:
    """Compare a dataset with its tables where these can be read now, and its checks with the columns that it has.

    Only while `dg check defs` or `dagster definitions validate` runs: loading reads no source. Where that cannot be
    reached, or has not the tables yet, it is said in the log.

    Raises:
        ValidationError: A column is not there; every one is told.
    """
    if not os.environ.get(VALIDATING):
        return
    definition = component.definition
    names = {column.name for column in definition.columns}
    problems: list[Problem] = []
    schemas = _schemas(component, context)
    if isinstance(schemas, str):
        dg.get_dagster_logger().warning(f"Dataset '{definition.name}' was not compared with its tables: {schemas}")
    else:
        columns, misfits = fit(definition, schemas)
        problems += [(("definition", *place), message) for place, message in misfits]
        names |= columns.keys()
    if names and not problems:  # a column that is misspelt here would be missed by every check on it
        problems += _of_suites(component.suites, definition, names)
    if problems:
        says = component.says or (lambda problem: f"{spelled(problem[0])}: {problem[1]}")
        raise ValidationError(f"Dataset '{definition.name}'", [says(problem) for problem in problems])


def _schemas(component: DqxDataset, context: dg.ComponentLoadContext) -> Schemas | str:
    """The columns of the tables that a definition reads; a text says why they are not known."""
    resources = list(context.component_tree.get_all_components(DqxResources))
    if len(resources) != 1 or component.engine != "engine":
        return "its engine is not that of a component DqxResources."
    [source] = resources
    if source in _silent:
        return _silent[source]
    engine = (source.build_defs(context).resources or {})["engine"]
    assert isinstance(engine, DatasetEngine)
    found = columns_of_tables(engine, component.definition)
    if isinstance(found, str):
        _silent[source] = found
    return found.error if isinstance(found, NoTable) else found


@dataclass(frozen=True)
class NoTable:
    """A source that answers, and has not the table."""

    error: str


def columns_of_tables(
    engine: DatasetEngine, definition: DatasetDefinition, *, patience: float = PATIENCE
) -> Schemas | NoTable | str:
    """The columns of the tables that a definition reads, if the engine tells them in time; a text says why not.

    It is asked in a thread that ends with the process: a warehouse that does not answer holds nobody up.
    """
    told: list[Schemas | NoTable | str] = []

    def read() -> None:
        try:
            with engine.process_config_and_initialize_cm() as ready:
                assert isinstance(ready, DatasetEngine)
                catalog = ready.catalog(definition)
                told.append({table: catalog.schema(table) for table in definition.source.tables})
        except DefinitionError as error:
            told.append(NoTable(str(error)))
        except Exception as error:  # noqa: BLE001 - a variable that is not set, a lock, a network: all of it is "not now"
            told.append(" ".join(str(error).split())[:300])

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(patience)
    return told[0] if told else f"its source did not answer within {patience:g} seconds."


def _of_suites(suites: Sequence[Suite], definition: DatasetDefinition, names: set[str]) -> Iterator[Problem]:
    """Columns that metrics on the dataset read, and that it does not have, each once."""
    known = {name.lower() for name in (*names, *RESERVED)}
    seen: set[tuple[str, str]] = set()
    for suite in suites:
        graph = suite.build()
        for check, assertion in graph.root.assertions():
            ahead, used = list(assertion.symbols), set(assertion.symbols)
            while ahead:
                metric = graph.symbols[ahead.pop()]
                more = set(metric.needs) - used
                used |= more
                ahead += more
                if metric.dataset not in (None, definition.name) or not isinstance(metric.spec, MetricSpec):
                    continue
                if metric.dataset is None and check.datasets != (definition.name,):
                    continue
                where = columns_of(condition(metric.spec.where)) if metric.spec.where else []
                for column in (*metric.spec.columns, *where):
                    if column.lower() not in known and (metric.spec.name, column) not in seen:
                        seen.add((metric.spec.name, column))
                        said = UnknownColumnError(metric.spec.name, column, definition.name, names)
                        yield ("checks", assertion.name), f"{check.name} › {assertion.name}: {said}"
