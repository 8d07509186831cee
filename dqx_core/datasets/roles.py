"""Which columns look like the user, the product, the time and the revenue of a row, by their names and types.

A wrong answer is worse than none: where two columns fit a role as well, there is no answer but alternatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dqx_core.datasets.base import Role
from dqx_core.datasets.key_names import key_names, stems
from dqx_core.datasets.role_names import DEFINITE, FITS, NAMES, SAID, Described
from dqx_core.datasets.types import KEYS

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import ColumnInfo, Schemas
    from dqx_core.datasets.key_names import KeyName

Confidence = Literal["high", "medium"]

MOST_ALTERNATIVES = 3


@dataclass(frozen=True)
class RoleCandidate:
    """A column that may have a role."""

    table: str
    column: str
    type: str
    confidence: Confidence
    """High where the name says it in the primary table, else medium."""


@dataclass(frozen=True)
class RoleSuggestion:
    """The likeliest column for a role; None: no column looks like it, or several look like it alike."""

    role: Role
    best: RoleCandidate | None
    alternatives: tuple[RoleCandidate, ...] = ()


@dataclass(frozen=True)
class DescribedColumn:
    """A column of a table, and what it looks like."""

    name: str
    type: str
    nullable: bool
    description: str | None
    role: Role | None
    join_key: bool


@dataclass(frozen=True)
class _Fitting:
    """The columns of a table that fit a role, the likeliest first, and how well each does; 0 is best."""

    ranks: Mapping[str, int]

    @property
    def best(self) -> str | None:
        """The one that fits best; none if two do."""
        first, *others = [*self.ranks.items(), ("", -1)]
        alone = others and others[0][1] != first[1]
        return first[0] if self.ranks and (alone or first[1] < DEFINITE) else None


def fitting(columns: Mapping[str, str], table: str = "") -> dict[Role, _Fitting]:
    """Role → the columns of a table that fit it; `columns` are names and types."""
    stem = stems([table])[table] if table else ()
    called = key_names(columns, stem)
    described = {column: Described(column, type_name, called[column], stem) for column, type_name in columns.items()}
    found: dict[Role, _Fitting] = {}
    taken: set[str] = set()
    for role, fits in FITS.items():
        left = [each for column, each in described.items() if column not in taken]
        ranks = fits(left)
        found[role] = _Fitting(dict(sorted(ranks.items(), key=lambda each: each[1])))
        taken |= set(ranks)
    return found


def looks_like_key(column: str, type_name: str) -> bool:
    """Whether tables may be joined on a column: it is called like a key, and its text is the same on every engine."""
    name = key_names([column], ())[column]
    return _called_like_key(name, column) and type_name in KEYS - {"DATE"}


def _called_like_key(name: KeyName, column: str) -> bool:
    return (name.word is not None and name.word != "number" and not name.descriptive) or column.lower() == "sku"


def described(columns: Sequence[ColumnInfo], table: str = "") -> list[DescribedColumn]:
    """Columns with what they look like."""
    found = fitting({each.name: each.type for each in columns}, table)
    roles = {column: role for role, fits in found.items() for column, rank in fits.ranks.items() if rank < DEFINITE}
    roles |= {fits.best: role for role, fits in found.items() if fits.best is not None}
    return [
        DescribedColumn(
            each.name,
            each.type,
            each.nullable,
            each.description,
            roles.get(each.name),
            looks_like_key(each.name, each.type),
        )
        for each in columns
    ]


def suggest_columns(schemas: Schemas, primary: str) -> dict[Role, RoleSuggestion]:
    """For each role the likeliest column of some tables, those of the primary table first."""
    tables = sorted(schemas, key=lambda table: table != primary)
    found = {table: fitting(schemas[table], table) for table in tables}
    suggestions: dict[Role, RoleSuggestion] = {}
    for role in NAMES:
        candidates: list[RoleCandidate] = []
        best: RoleCandidate | None = None
        for table in tables:
            fits = found[table][role]
            some = [
                RoleCandidate(
                    table,
                    column,
                    schemas[table][column],
                    "high" if table == primary and rank <= SAID else "medium",
                )
                for column, rank in fits.ranks.items()
                if table == primary or rank <= SAID
            ]
            if best is None and not candidates:
                best = next((each for each in some if each.column == fits.best), None)
            candidates += some
        others = tuple(each for each in candidates if each != best)
        suggestions[role] = RoleSuggestion(role, best, others[:MOST_ALTERNATIVES])
    return suggestions
