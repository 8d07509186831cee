"""A column and one of another table that it may refer to: what types, counts and names say, before values are read."""

from __future__ import annotations

from dataclasses import dataclass

from dqx_core.datasets.join_evidence import FEW_VALUES, ColumnFacts
from dqx_core.datasets.key_names import KeyName, Words, alike, similarity
from dqx_core.datasets.types import TIMES

OWN_KEY, DESCRIPTIVE, LONG, FEW = 0.3, 0.4, 0.2, 0.1
"""Off the score: a table's own key on the left; names, titles and the like; long texts; a tiny table on the right."""

FEWEST_UNIQUE = 0.9
"""Keys are dirty, but not without end: the least uniqueness of a right side."""

NAMED = 0.75
"""The score of a name that sounds like a reference."""

ENOUGH = 20
"""So many distinct values, without one twice, are hardly so by accident."""


@dataclass(frozen=True)
class Table:
    """A table whose columns are looked at."""

    name: str
    stem: Words
    facts: dict[str, ColumnFacts]
    names: dict[str, KeyName]


@dataclass(frozen=True)
class Pair:
    """A column, and one of another table that it may refer to."""

    left: Table
    left_column: str
    right: Table
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
        found = similarity(one, other, self.right.stem)
        right = self.facts[1]
        first = right.type in TIMES or self.right_column == next(iter(self.right.facts))
        if one == other and not one.plain and first and right.uniqueness == 1:
            return max(found, NAMED) if right.distinct >= ENOUGH and not self.describes else found  # a calendar, say
        return found

    @property
    def own_key(self) -> bool:
        """Whether the left column is what its table's rows are told apart by."""
        name = self.names[0]
        own = name.plain or alike(name.entity, self.left.stem) >= 0.5
        return own and self.facts[0].uniqueness == 1 and not self.of_one_thing

    @property
    def describes(self) -> bool:
        """Whether they say what something is like, or where; not if that is what the right table holds."""
        words = frozenset().union(*(name.descriptive | name.place for name in self.names))
        return bool(words.difference(self.right.stem))

    @property
    def could_refer(self) -> bool:
        """Whether the right column may be a key that the left one holds, as far as types, names and counts say."""
        (left, right), (one, other) = self.facts, self.names
        if one.many and left.type == "INT64":
            return False  # a count
        if left.type != right.type or not left.filled or right.uniqueness < FEWEST_UNIQUE:
            return False
        name = self.name_score
        few = right.distinct < FEW_VALUES or (left.distinct < FEW_VALUES and not right.has_many_texts)
        if few and name < NAMED:
            return False  # every column of a tiny table is unique
        of_another = not other.plain and alike(other.entity, self.right.stem) < 0.5
        if of_another and right.distinct < ENOUGH and self.right_column != next(iter(self.right.facts)):
            return False  # a reference itself, unique by accident
        if right.type == "STRING":
            return True
        called = other.word is not None or alike(other.entity, self.right.stem) == 1
        return name >= NAMED or (called and right.type == "INT64")  # a measure is unique by accident

    @property
    def penalty(self) -> float:
        """What speaks against it, besides the values."""
        right = self.facts[1]
        return (
            OWN_KEY * self.own_key
            + DESCRIPTIVE * self.describes
            + LONG * (right.length > 40)
            + FEW * (right.distinct < FEW_VALUES)
        )
