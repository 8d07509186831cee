"""A definition's columns against the tables there are: every name found, every type fit for its use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dqx_core.datasets.base import RESERVED, Problem
from dqx_core.datasets.flow import OutputColumn
from dqx_core.datasets.problems import spelled
from dqx_core.datasets.source import Column, Fill
from dqx_core.datasets.types import EXACT, KEYS, NUMERIC, TIMES, literal_of
from dqx_core.errors import ValidationError, hint

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Schemas
    from dqx_core.datasets.definition import DatasetDefinition


def resolve(definition: DatasetDefinition, schemas: Schemas) -> dict[str, OutputColumn]:
    """The columns of the dataset by name, in order, each with its table and normal type.

    Raises:
        ValidationError: Everything that does not fit the tables.
    """
    columns, problems = fit(definition, schemas)
    if problems:
        lines = [f"{spelled(place)}: {message}" for place, message in problems]
        raise ValidationError(f"Dataset '{definition.name}'", lines)
    return columns


def fit(definition: DatasetDefinition, schemas: Schemas) -> tuple[dict[str, OutputColumn], list[Problem]]:
    """The columns that are found, and everything that does not fit the tables, with its place in the definition."""
    problems: list[Problem] = [
        (
            ("source", "table") if n == 0 else ("source", "joins", n - 1, "table"),
            f"the schema of '{table}' is not known.",
        )
        for n, table in enumerate(definition.source.tables)
        if table not in schemas
    ]
    columns: dict[str, OutputColumn] = {}
    if not problems:
        written = definition.columns or tuple(Column(column=name) for name in schemas[definition.source.table])
        for number, column in enumerate(written):
            table = definition.source.full_name(column.table) or definition.source.table
            type_name = schemas[table].get(column.column)
            if type_name is None:
                problems.append((("columns", number), _no_column(table, column.column, schemas)))
            else:
                rule = definition.nulls.get(column.name, "keep")
                columns[column.name] = OutputColumn(column.name, table, column.column, type_name, column.role, rule)
        problems += _of_joins(definition, schemas)
        problems += _of_types(definition, columns)
        if not definition.columns:
            problems += _of_all_columns(columns)
            problems += definition.unknown_columns(list(columns))
    return columns, problems


def _no_column(table: str, column: str, schemas: Schemas) -> str:
    return f"table '{table}' has no column '{column}'. {hint(column, schemas[table])}"


def _of_joins(definition: DatasetDefinition, schemas: Schemas) -> Iterator[Problem]:
    primary = definition.source.table
    for number, join in enumerate(definition.source.joins):
        for left, right in join.on.items():
            where = ("source", "joins", number, "on", left)
            lost = [
                _no_column(table, column, schemas)
                for table, column in ((primary, left), (join.table, right))
                if column not in schemas[table]
            ]
            yield from ((where, message) for message in lost)
            if not lost:
                types = schemas[primary][left], schemas[join.table][right]
                if types[0] != types[1] and not EXACT.issuperset(types):
                    yield where, f"'{left}' is {types[0]} and '{right}' is {types[1]}: they cannot be compared."


def _of_all_columns(columns: Mapping[str, OutputColumn]) -> Iterator[Problem]:
    for name in columns:
        if name.casefold() in RESERVED:
            yield (
                ("columns",),
                (
                    f"the table has a column '{name}', which is what dqx calls the folders of a partition. "
                    "List the columns, and give this one another name with as: …"
                ),
            )


def _of_types(definition: DatasetDefinition, columns: Mapping[str, OutputColumn]) -> Iterator[Problem]:
    of_hours = definition.partitions.cadence == "hourly"
    fits = {
        "timestamp": (TIMES, "a date or time"),
        "revenue": (NUMERIC, "a number"),
        "label": (NUMERIC | KEYS | TIMES | {"BOOL"}, "a number, a text, true or false, or a time"),
    }
    for number, written in enumerate(definition.columns):
        column = columns.get(written.name)
        allowed, what = fits.get(written.role or "", (frozenset(), ""))
        if column is not None and what and column.type not in allowed:
            yield (
                ("columns", number, "role"),
                (f"'{column.name}' is {column.type}, and a {column.role} is {what}. Cast it in a view, and use that."),
            )
        if column is not None and column.role == "timestamp" and column.type == "DATE" and of_hours:
            yield (
                ("columns", number, "role"),
                (
                    f"'{column.name}' is DATE, and partitions are hourly: nothing says in which hour a row was. Take a "
                    "column with a time, or write partitions.cadence: daily."
                ),
            )
    for name, rule in definition.nulls.items():
        if isinstance(rule, Fill) and name in columns:
            try:
                literal_of(rule.fill, columns[name].type)
            except ValueError as error:
                yield ("nulls", name, "fill"), str(error)
    for place, message in definition.split.type_problems(columns):
        yield ("split", *place), message
    for place, message in definition.sample.type_problems(columns) if definition.sample else ():
        yield ("sample", *place), message
    for place, message in definition.folds.type_problems(definition, columns) if definition.folds else ():
        yield ("folds", *place), message
    for number, each in enumerate(definition.filters):
        for place, message in each.type_problems(definition, columns):
            yield ("filters", number, *place), message
