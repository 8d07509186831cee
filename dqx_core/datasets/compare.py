"""Two to five datasets side by side: how they are defined, and what they were found to hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dqx_core.datasets.writing import as_data, in_one_line
from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    from dqx_core.datasets.analysis import Analysis
    from dqx_core.datasets.definition import DatasetDefinition

FEWEST, MOST = 2, 5

Cell = str | int | float | None


@dataclass(frozen=True)
class Line:
    """One thing about each dataset."""

    about: str
    values: tuple[Cell, ...]

    @property
    def same(self) -> bool:
        """Whether all agree."""
        return len(set(self.values)) == 1


@dataclass(frozen=True)
class Comparison:
    """Datasets side by side; an analysis that was not made has None in its lines."""

    datasets: tuple[str, ...]
    configuration: tuple[Line, ...]
    analysis: tuple[Line, ...]


def compare(datasets: Sequence[tuple[DatasetDefinition, Analysis | None]]) -> Comparison:
    """The configuration and the analysis of some datasets.

    Raises:
        DefinitionError: Fewer than two, more than five, or one of them twice.
    """
    names = tuple(definition.name for definition, _ in datasets)
    if not FEWEST <= len(names) <= MOST or len(set(names)) < len(names):
        raise DefinitionError(
            f"Name {FEWEST} to {MOST} different datasets to compare, not {len(names)}: {', '.join(names)}."
        )
    configuration = [
        Line(about, tuple(of(definition) for definition, _ in datasets)) for about, of in _CONFIGURATION.items()
    ]
    most = max(len(definition.filters) for definition, _ in datasets)
    configuration[5:5] = [
        Line(f"filter {number + 1}", tuple(_filter(definition, number) for definition, _ in datasets))
        for number in range(most)
    ]
    analysis = [
        Line(about, tuple(None if found is None else of(found) for _, found in datasets))
        for about, of in _ANALYSIS.items()
    ]
    parts = dict.fromkeys(size.split for _, found in datasets if found for size in found.splits)
    analysis += [Line(f"rows of {part}", tuple(_rows_of(found, part) for _, found in datasets)) for part in parts]
    return Comparison(names, tuple(configuration), tuple(analysis))


def _filter(definition: DatasetDefinition, number: int) -> str | None:
    return in_one_line(as_data(definition.filters[number])) if number < len(definition.filters) else None


def _rows_of(found: Analysis | None, part: str) -> int | None:
    return None if found is None else next((size.rows for size in found.splits if size.split == part), None)


_CONFIGURATION: dict[str, Callable[[DatasetDefinition], Cell]] = {
    "status": lambda d: d.status,
    "table": lambda d: d.source.table,
    "joins": lambda d: ", ".join(join.table for join in d.source.joins) or None,
    "columns": lambda d: ", ".join(column.name for column in d.columns) or "all",
    "roles": lambda d: ", ".join(f"{c.role}: {c.name}" for c in d.columns if c.role) or None,
    "split": lambda d: in_one_line(as_data(d.split)),
    "partitions": lambda d: in_one_line(as_data(d.partitions) | {"content": d.content}),
    "leaks": lambda d: " ".join(d.leaks) or None,
}

_ANALYSIS: dict[str, Callable[[Analysis], Cell]] = {
    "date": lambda a: a.date.isoformat(),
    "rows": lambda a: a.facts.rows,
    "users": lambda a: a.facts.users,
    "products": lambda a: a.facts.products,
    "first day": lambda a: a.facts.first.isoformat() if a.facts.first else None,
    "last day": lambda a: a.facts.last.isoformat() if a.facts.last else None,
    "quality": lambda a: a.quality.score,
    "grade": lambda a: a.quality.grade,
    "unseen users in eval": lambda a: next((s.cold_users for s in a.splits if s.split == "eval"), None),
    "unseen products in eval": lambda a: next((s.cold_products for s in a.splits if s.split == "eval"), None),
}
