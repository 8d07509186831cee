"""Which tables join on which columns: candidates with their evidence, and none where nothing speaks for one.

A name alone is a guess, and so are values alone: ids counted from 1 are in each other's range whatever they are
ids of. Values count for as much as they are in the other column more often than chance would have them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dqx_core.datasets.join_evidence import ColumnFacts, Evidence, Samples, chance, column_facts, together, uniqueness
from dqx_core.datasets.key_names import KeyName, Words, key_names, similarity, stems

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Catalog
    from dqx_core.engines.base import Engine

Confidence = Literal["high", "medium", "low"]

NAME, VALUES = 0.55, 0.45
"""How much a name that fits, and values beyond chance, weigh in the score of a candidate."""

FLOOR = 0.38
"""A score below it is no candidate."""

OWN_KEY, DESCRIPTIVE, LONG, FEW = 0.3, 0.4, 0.2, 0.1
"""Off the score: a table's own key on the left; names, titles and the like; long texts; a tiny table on the right."""

FEWEST_INCLUDED, FEWEST_UNIQUE = 0.6, 0.9
"""Keys are dirty, but not without end: the least inclusion and uniqueness of a candidate."""

MOST_COLUMNS = 3
"""Of a composite key."""


@dataclass(frozen=True)
class JoinCandidate:
    """A join that the data and the names speak for: rows of `left_table` find theirs in `right_table`."""

    left_table: str
    left_columns: tuple[str, ...]
    right_table: str
    right_columns: tuple[str, ...]
    uniqueness: float
    """Distinct keys of the right side per row with a key; 1: the join multiplies no row."""
    inclusion: float
    """Share of the distinct keys of the left side, in a sample, that the right side has."""
    orphans: float
    """Share of the left rows with a key, in that sample, that find no row on the right."""
    fan_out: float
    """Rows on the right per key, in that sample, of those that find any."""
    name_score: float
    """How much the names sound like a reference, 0 to 1."""
    cardinality: Literal["many_to_one", "one_to_one"]
    confidence: Confidence


@dataclass(frozen=True)
class _Table:
    name: str
    stem: Words
    facts: dict[str, ColumnFacts]
    names: dict[str, KeyName]


@dataclass(frozen=True)
class _Pair:
    """A column, and one of another table that it may refer to."""

    left: _Table
    left_column: str
    right: _Table
    right_column: str

    @property
    def facts(self) -> tuple[ColumnFacts, ColumnFacts]:
        """Of both."""
        return self.left.facts[self.left_column], self.right.facts[self.right_column]

    @property
    def names(self) -> tuple[KeyName, KeyName]:
        """Of both."""
        return self.left.names[self.left_column], self.right.names[self.right_column]

    @property
    def of_one_thing(self) -> bool:
        """Both tables hold the same, such as stg_customers and dim_customers."""
        return self.left.stem == self.right.stem

    @property
    def name_score(self) -> float:
        """How much the names sound like a reference."""
        one, other = self.names
        if one.plain and self.of_one_thing:
            return 1.0 if other.plain or other.entity == one.entity else 0.0
        return similarity(one, other, self.right.stem)

    @property
    def penalty(self) -> float:
        """What speaks against it, besides the values."""
        (left, right), (one, other) = self.facts, self.names
        own = (one.plain or one.entity == self.left.stem) and left.uniqueness == 1 and not self.of_one_thing
        return (
            OWN_KEY * own
            + DESCRIPTIVE * (one.descriptive or other.descriptive)
            + LONG * (right.length > 40)
            + FEW * (right.distinct < 5)
        )


@dataclass(frozen=True)
class _Scored:
    score: float
    candidate: JoinCandidate


def detect_joins(tables: Sequence[str], engine: Engine, catalog: Catalog) -> list[JoinCandidate]:
    """The joins between some tables, the likeliest first; none that names and values do not speak for.

    Raises:
        DefinitionError: There is no such table.
    """
    known = _described(list(dict.fromkeys(tables)), engine, catalog)
    pairs = [pair for left, right in itertools.permutations(known, 2) for pair in _possible(left, right)]
    single = list(_of_one_column(pairs, engine))
    joined = {frozenset((s.candidate.left_table, s.candidate.right_table)) for s in single}
    several = [
        scored
        for left, right in itertools.permutations(known, 2)
        if frozenset((left.name, right.name)) not in joined
        for scored in _of_several_columns(left, right, engine)
    ]
    return [each.candidate for each in _best([*single, *several])]


def _described(tables: Sequence[str], engine: Engine, catalog: Catalog) -> list[_Table]:
    schemas = {table: catalog.schema(table) for table in tables}
    holds = stems(tables)
    return [
        _Table(table, holds[table], column_facts(table, schema, engine), dict(key_names(schema, holds[table])))
        for table, schema in schemas.items()
    ]


def _possible(left: _Table, right: _Table) -> Iterator[_Pair]:
    """The pairs of columns that could reach the floor, if their values were all found."""
    for one, other in itertools.product(left.facts, right.facts):
        pair = _Pair(left, one, right, other)
        of_left, of_right = pair.facts
        if of_left.type != of_right.type or not of_left.filled or of_right.uniqueness < FEWEST_UNIQUE:
            continue
        if _score(pair.name_score, 1.0, chance(of_left, of_right), pair.penalty) >= FLOOR:
            yield pair


def _score(name: float, included: float, by_chance: float, penalty: float) -> float:
    return NAME * name * included + VALUES * max(0.0, included - by_chance) - penalty


def _of_one_column(pairs: Iterable[_Pair], engine: Engine) -> Iterator[_Scored]:
    by_right: dict[tuple[str, str], list[_Pair]] = {}
    sampled: dict[tuple[str, str], ColumnFacts] = {}
    for pair in pairs:
        by_right.setdefault((pair.right.name, pair.right_column), []).append(pair)
        sampled[pair.left.name, pair.left_column] = pair.facts[0]
    with Samples(engine, sampled) as samples:
        for (table, column), lefts in by_right.items():
            found = samples.found_in(table, column, [(pair.left.name, pair.left_column) for pair in lefts])
            for pair in lefts:
                evidence = found.get((pair.left.name, pair.left_column))
                if evidence is not None and evidence.included >= FEWEST_INCLUDED:
                    of_left, of_right = pair.facts
                    name = pair.name_score
                    score = _score(name, evidence.included, chance(of_left, of_right), pair.penalty)
                    yield _scored(score, [pair], evidence, name, (of_left.uniqueness, of_right.uniqueness))


def _scored(
    score: float, pairs: Sequence[_Pair], evidence: Evidence, name: float, unique: tuple[float, float]
) -> _Scored:
    sure = name >= 0.75 and evidence.included >= 0.9 and unique[1] == 1
    candidate = JoinCandidate(
        left_table=pairs[0].left.name,
        left_columns=tuple(pair.left_column for pair in pairs),
        right_table=pairs[0].right.name,
        right_columns=tuple(pair.right_column for pair in pairs),
        uniqueness=unique[1],
        inclusion=evidence.inclusion,
        orphans=evidence.orphans,
        fan_out=evidence.fan_out,
        name_score=name,
        cardinality="one_to_one" if unique[0] == 1 else "many_to_one",
        confidence="high" if score >= 0.75 or sure else "medium" if score >= 0.5 or name >= 0.75 else "low",
    )
    return _Scored(score, candidate)


def _of_several_columns(left: _Table, right: _Table, engine: Engine) -> Iterator[_Scored]:
    """Columns that are a key of the right table only together, each with a namesake on the left."""
    matches = [pair for column in right.facts if (pair := _namesake(left, right, column)) is not None]
    found: list[set[str]] = []
    for size in range(2, MOST_COLUMNS + 1):
        for pairs in itertools.combinations(matches[:8], size):
            columns = [pair.right_column for pair in pairs]
            if any(key <= set(columns) for key in found):
                continue
            unique, keys = uniqueness(right.name, columns, engine)
            if unique < FEWEST_UNIQUE:
                continue
            found.append(set(columns))
            lefts = [pair.left_column for pair in pairs]
            of_left, distinct = uniqueness(left.name, lefts, engine)
            evidence = together(left.name, lefts, right.name, columns, distinct, engine)
            possible = 1
            for pair in pairs:
                possible *= max(1, pair.facts[1].distinct)
            name = sum(_name_of_column(pair) for pair in pairs) / size
            score = _score(name, evidence.included, min(1.0, keys / possible), 0.0)
            if evidence.included >= FEWEST_INCLUDED:
                yield _scored(score, pairs, evidence, name, (of_left, unique))


def _namesake(left: _Table, right: _Table, column: str) -> _Pair | None:
    pairs = [_Pair(left, one, right, column) for one in left.facts]
    fitting = [
        pair
        for pair in pairs
        if pair.facts[0].type == pair.facts[1].type
        and pair.facts[1].uniqueness < 1
        and not any(name.descriptive for name in pair.names)
        and _name_of_column(pair) >= 0.75
    ]
    return max(fitting, key=_name_of_column, default=None)


def _name_of_column(pair: _Pair) -> float:
    one, other = pair.names
    if one.plain or other.plain:
        return pair.name_score
    if one == other:
        return 1.0
    return similarity(one, other, other.entity)


def _best(found: Iterable[_Scored]) -> list[_Scored]:
    """Those above the floor, best first; of two directions of one join the likelier, of several targets the best."""
    ordered = sorted(
        (each for each in found if each.score >= FLOOR),
        key=lambda each: (-each.score, each.candidate.left_table, each.candidate.left_columns),
    )
    kept: list[_Scored] = []
    seen: set[frozenset[tuple[str, tuple[str, ...]]]] = set()
    best: dict[tuple[str, tuple[str, ...]], float] = {}
    for each in ordered:
        left = each.candidate.left_table, each.candidate.left_columns
        right = each.candidate.right_table, each.candidate.right_columns
        both = frozenset((left, right))
        if both in seen or each.score < best.setdefault(left, each.score) - 0.15:
            continue
        seen.add(both)
        kept.append(each)
    return kept
