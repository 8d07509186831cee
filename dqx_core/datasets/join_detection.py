"""Which tables join on which columns: candidates with their evidence, and none where nothing speaks for one.

A name alone is a guess, and so are values alone: ids counted from 1 are in each other's range whatever they are
ids of. Values count for as much as they are in the other column more often than chance would have them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dqx_core.datasets.join_evidence import ColumnFacts, Evidence, Samples, chance, column_facts, together, uniqueness
from dqx_core.datasets.join_pairs import ENOUGH, FEWEST_UNIQUE, NAMED, Pair, Table
from dqx_core.datasets.key_names import key_names, similarity, stems

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Catalog
    from dqx_core.engines.base import Engine

Confidence = Literal["high", "medium", "low"]
_CONFIDENCES: tuple[Confidence, ...] = ("high", "medium", "low")

NAME, VALUES = 0.55, 0.45
"""How much a name that fits, and values beyond chance, weigh in the score of a candidate."""

FLOOR = 0.38
"""A score below it is not a candidate."""

FEWEST_INCLUDED = 0.6
"""Keys are dirty, but not without end: the least inclusion of a candidate."""

MOST_ROLES = 3
"""That a table plays for another with one composite key, such as the winner and the loser."""

MOST_COLUMNS = 8
"""That two tables have in common, and that are looked at for a composite key."""


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
class _Scored:
    score: float
    candidate: JoinCandidate
    describes: bool = False

    @property
    def tables(self) -> frozenset[str]:
        """Both of them."""
        return frozenset((self.candidate.left_table, self.candidate.right_table))

    @property
    def rank(self) -> tuple[int, float]:
        """Smaller: more likely."""
        return _CONFIDENCES.index(self.candidate.confidence), -self.score


def detect_joins(tables: Sequence[str], engine: Engine, catalog: Catalog) -> list[JoinCandidate]:
    """The joins between some tables, the likeliest first; none that names and values do not speak for.

    Raises:
        DefinitionError: There is no such table.
    """
    known = _described(list(dict.fromkeys(tables)), engine, catalog)
    pairs = [pair for left, right in itertools.permutations(known, 2) for pair in _possible(left, right)]
    single = [each for each in _of_one_column(pairs, engine) if each.score >= FLOOR]
    joined = {each.tables for each in single if each.candidate.confidence == "high" and not each.describes}
    keys = _Keys(engine)
    several = [
        scored
        for left, right in itertools.permutations(known, 2)
        if frozenset((left.name, right.name)) not in joined
        for scored in _of_several_columns(left, right, keys)
    ]
    return [each.candidate for each in _best([*single, *several])]


def _described(tables: Sequence[str], engine: Engine, catalog: Catalog) -> list[Table]:
    schemas = {table: catalog.schema(table) for table in tables}
    holds = stems(tables)
    return [
        Table(table, holds[table], column_facts(table, schema, engine), dict(key_names(schema, holds[table])))
        for table, schema in schemas.items()
    ]


def _possible(left: Table, right: Table) -> Iterator[Pair]:
    """The pairs of columns that could reach the floor, if their values were all found."""
    for one, other in itertools.product(left.facts, right.facts):
        pair = Pair(left, one, right, other)
        if pair.could_refer and _score(pair.name_score, 1.0, chance(*pair.facts), pair.penalty) >= FLOOR:
            yield pair


def _score(name: float, included: float, by_chance: float, penalty: float) -> float:
    return NAME * name * included + VALUES * max(0.0, included - by_chance) - penalty


def _of_one_column(pairs: Iterable[Pair], engine: Engine) -> Iterator[_Scored]:
    by_right: dict[tuple[str, str], list[Pair]] = {}
    sampled: dict[tuple[str, str], ColumnFacts] = {}
    for pair in pairs:
        by_right.setdefault((pair.right.name, pair.right_column), []).append(pair)
        sampled[pair.left.name, pair.left_column] = pair.facts[0]
    with Samples(engine, sampled) as samples:
        for (table, column), lefts in by_right.items():
            found = samples.found_in(table, column, [(pair.left.name, pair.left_column) for pair in lefts])
            for pair in lefts:
                evidence = found.get((pair.left.name, pair.left_column))
                of_left, of_right = pair.facts
                if evidence is not None and evidence.included(of_right.distinct) >= FEWEST_INCLUDED:
                    name = pair.name_score
                    score = _score(name, evidence.included(of_right.distinct), chance(of_left, of_right), pair.penalty)
                    yield _scored(score, [pair], evidence, name, (of_left.uniqueness, of_right.uniqueness))


def _scored(
    score: float, pairs: Sequence[Pair], evidence: Evidence, name: float, unique: tuple[float, float]
) -> _Scored:
    describes = len(pairs) == 1 and pairs[0].describes
    sure = name >= NAMED and max(evidence.inclusion, 1 - evidence.orphans) >= 0.9 and unique[1] == 1
    confidence: Confidence = "high" if score >= 0.75 or sure else "medium" if score >= 0.5 or name >= NAMED else "low"
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
        confidence="low" if describes else confidence,
    )
    return _Scored(score, candidate, describes)


class _Keys:
    """How unique several columns are together, asked once each."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._known: dict[tuple[str, frozenset[str]], tuple[float, int]] = {}

    def of(self, table: Table, columns: Iterable[str]) -> tuple[float, int]:
        """Distinct keys per row that has them all, and how many there are; 0 if they cannot be nearly unique."""
        kept = frozenset(columns)
        facts = [table.facts[column] for column in kept]
        # Approximate counts may be a few percent low.
        if 1.1 * math.prod(each.distinct for each in facts) < FEWEST_UNIQUE * min(each.filled for each in facts):
            return 0.0, 0
        if (table.name, kept) not in self._known:
            self._known[table.name, kept] = uniqueness(table.name, sorted(kept), self.engine)
        return self._known[table.name, kept]


def _of_several_columns(left: Table, right: Table, keys: _Keys) -> Iterator[_Scored]:
    """Columns that are a key of the right table only together, each with a namesake on the left."""
    namesakes = {column: found for column in right.facts if (found := _namesakes(left, right, column))}
    matches = [found[0] for found in namesakes.values()]
    called = [pair for pair in matches if _called_like_part(pair)]
    pairs = _smallest_key(called, keys)
    if called and len(matches) > len(called) and not (pairs and _unique(pairs, keys) == 1):
        others = _smallest_key(matches, keys)
        if others and _counts_within(others, keys):
            pairs = others
    if not pairs:
        return
    yield from _looked_up(pairs, keys)
    for number, pair in enumerate(pairs):  # the winner and the loser of a series are both teams
        for other in namesakes[pair.right_column][1:MOST_ROLES]:
            yield from _looked_up([*pairs[:number], other, *pairs[number + 1 :]], keys)


def _looked_up(pairs: Sequence[Pair], keys: _Keys) -> Iterator[_Scored]:
    left, right = pairs[0].left, pairs[0].right
    lefts, rights = [pair.left_column for pair in pairs], [pair.right_column for pair in pairs]
    unique, count = keys.of(right, rights)
    of_left, distinct = uniqueness(left.name, lefts, keys.engine)
    evidence = together(left.name, lefts, right.name, rights, distinct, keys.engine)
    if evidence.included(count) >= FEWEST_INCLUDED:
        name = sum(_name_of_column(pair) for pair in pairs) / len(pairs)
        score = _score(name, evidence.included(count), min(1.0, count / _combinations(pairs)), 0.0)
        yield _scored(score, pairs, evidence, name, (of_left, unique))


def _smallest_key(pairs: Sequence[Pair], keys: _Keys) -> list[Pair]:
    """Those that are left of some columns when all are taken away without which the others are as unique; or none."""
    kept = sorted(pairs, key=_likeness_to_key, reverse=True)[:MOST_COLUMNS]
    if len(kept) < 2:
        return []
    unique = _unique(kept, keys)
    if unique < FEWEST_UNIQUE:
        return []
    for pair in reversed(kept[:]):
        rest = [each for each in kept if each is not pair]
        if len(rest) > 1 and _unique(rest, keys) >= unique:
            kept = rest
    return [pair for pair in pairs if pair in kept]


def _likeness_to_key(pair: Pair) -> tuple[bool, bool, float]:
    name = pair.names[1]
    return name.word is not None, name.counted, _name_of_column(pair)


def _called_like_part(pair: Pair) -> bool:
    """Whether a column is called like a part of a key; texts and days may be called otherwise, numbers are measures."""
    name = pair.names[1]
    return pair.facts[1].type != "INT64" or name.counted


def _counts_within(pairs: Sequence[Pair], keys: _Keys) -> bool:
    """Whether columns not called like keys tell rows of one key apart more often than such numbers would by accident.

    Measures do not repeat either where there are few rows to a key; laps do not though there are many.
    """
    right = pairs[0].right
    called = [pair for pair in pairs if _called_like_part(pair)]
    if not called or _unique(pairs, keys) < 1:
        return False
    names = [pair.right_column for pair in called]
    groups = right.facts[names[0]].distinct if len(names) == 1 else uniqueness(right.name, names, keys.engine)[1]
    rows = max(right.facts[pair.right_column].filled for pair in pairs)
    values = _combinations([pair for pair in pairs if pair not in called])
    return rows * (rows / max(1, groups) - 1) / (2 * values) >= ENOUGH


def _unique(pairs: Sequence[Pair], keys: _Keys) -> float:
    return keys.of(pairs[0].right, [pair.right_column for pair in pairs])[0]


def _combinations(pairs: Sequence[Pair]) -> int:
    """Of the values of the right columns."""
    return math.prod(max(1, pair.facts[1].distinct) for pair in pairs)


def _namesakes(left: Table, right: Table, column: str) -> list[Pair]:
    """The left columns whose names fit a right one best; several if they play several parts."""
    pairs = [Pair(left, one, right, column) for one in left.facts]
    fitting = [
        pair
        for pair in pairs
        if pair.facts[0].type == pair.facts[1].type
        and pair.facts[0].filled
        and pair.facts[1].uniqueness < 1
        and pair.facts[1].distinct > 1
        and not any(name.descriptive for name in pair.names)
        and _name_of_column(pair) >= NAMED
    ]
    best = max(map(_name_of_column, fitting), default=0.0)
    return [pair for pair in fitting if _name_of_column(pair) == best]


def _name_of_column(pair: Pair) -> float:
    one, other = pair.names
    if one.plain or other.plain:
        return pair.name_score
    if one == other:
        return 1.0
    return similarity(one, other, other.entity)


def _best(found: Iterable[_Scored]) -> list[_Scored]:
    """Those above the floor, best first; of two directions of one join the likelier, of several targets the best.

    What describes is left out beside a key of the same two tables.
    """
    ordered = sorted(
        (each for each in found if each.score >= FLOOR),
        key=lambda each: (each.rank, each.candidate.left_table, each.candidate.left_columns),
    )
    keyed = {each.tables for each in ordered if not each.describes}
    kept: list[_Scored] = []
    seen: set[frozenset[tuple[str, tuple[str, ...]]]] = set()
    best: dict[tuple[str, tuple[str, ...]], float] = {}
    for each in ordered:
        left = each.candidate.left_table, each.candidate.left_columns
        right = each.candidate.right_table, each.candidate.right_columns
        both = frozenset((left, right))
        if both in seen or each.score < best.setdefault(left, each.score) - 0.15:
            continue
        if each.describes and each.tables in keyed:
            continue
        seen.add(both)
        kept.append(each)
    return kept
