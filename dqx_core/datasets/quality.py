"""How fit a dataset is to train on: a score from 100 down, and a sentence for every point that is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Grade = Literal["excellent", "good", "fair", "poor"]


@dataclass(frozen=True)
class Facts:
    """What the score looks at; None where the definition has no column of that role."""

    rows: int
    users: int | None = None
    products: int | None = None
    pairs: int | None = None
    """Distinct pairs of user and product."""
    first: dt.date | None = None
    last: dt.date | None = None

    @property
    def days(self) -> int | None:
        """Days of the range, its first and last included."""
        return None if self.first is None or self.last is None else (self.last - self.first).days + 1

    @property
    def sparsity(self) -> float | None:
        """1 - distinct pairs / (users × products): the share of pairs that never happened."""
        if not self.users or not self.products or self.pairs is None:
            return None
        return 1 - self.pairs / (self.users * self.products)


@dataclass(frozen=True)
class Issue:
    """Why points were lost, what it means for training, and what to do."""

    kind: str
    points: int
    message: str


@dataclass(frozen=True)
class Quality:
    """The score with its issues, the heaviest first."""

    score: int
    issues: tuple[Issue, ...] = ()

    @property
    def grade(self) -> Grade:
        """The score in a word."""
        return next(grade for least, grade in _GRADES if self.score >= least)


_TRAINED_ON = frozenset({"train", "all"})
"""The parts that models learn from: train, or everything where nothing is split."""

_GRADES: tuple[tuple[int, Grade], ...] = ((80, "excellent"), (60, "good"), (40, "fair"), (0, "poor"))


def quality(facts: Facts, parts: Mapping[str, int] | None = None, unlike: Iterable[Issue] = ()) -> Quality:
    """The score; what cannot be known for want of a role costs nothing.

    `parts` are the rows of each part of the split: one without rows weighs more than anything else.
    `unlike` is what else is wrong with them beside each other.
    """
    if not facts.rows:
        message = "There are no rows, so there is nothing to train on. Look at the filters and the dates."
        return Quality(0, (Issue("no_rows", 100, message),))
    found = [*_parts(parts or {}), *unlike]
    found += [each for each in (_user_depth(facts), _product_depth(facts), _users(facts), _products(facts)) if each]
    found += [each for each in (_sparsity(facts), _range(facts)) if each]
    found.sort(key=lambda issue: -issue.points)
    return Quality(max(0, 100 - sum(issue.points for issue in found)), tuple(found))


def _parts(parts: Mapping[str, int]) -> Iterator[Issue]:
    """Parts of no rows leave a poor dataset, those of a single row at best a fair one; train weighs most."""
    for part, rows in parts.items():
        trains = part in _TRAINED_ON
        if rows == 0:
            yield Issue("empty_part", 100 if trains else 61, f"The part {part} has no rows, so {_without(part)}")
        elif rows == 1:
            yield Issue("one_row_part", 61 if trains else 41, f"The part {part} has one row, so {_with_one(part)}")


def _without(part: str) -> str:
    what = "there is nothing to train on" if part in _TRAINED_ON else "nothing that is trained can be measured on it"
    return f"{what}. Look at the values, shares or days that the split gives {part}, and at the filters and dates."


def _with_one(part: str) -> str:
    what = "a model learns that row and nothing else" if part in _TRAINED_ON else "a number measured on it is chance"
    return f"{what}. Give {part} more days, values or a larger share in the split, or loosen the filters."


def _user_depth(facts: Facts) -> Issue | None:
    if not facts.users or facts.rows / facts.users >= 2:
        return None
    return Issue(
        "rows_per_user",
        15,
        f"A user has {facts.rows / facts.users:.2f} rows on average, fewer than 2: a model can hardly learn what a "
        "person likes from one event. Take a longer window, or add a min_transactions filter.",
    )


def _product_depth(facts: Facts) -> Issue | None:
    if not facts.products or facts.rows / facts.products >= 5:
        return None
    return Issue(
        "rows_per_product",
        10,
        f"A product has {facts.rows / facts.products:.2f} rows on average, fewer than 5: its embedding will be mostly "
        "noise. Take a longer window, or keep the products that matter with a top_products filter.",
    )


def _users(facts: Facts) -> Issue | None:
    if facts.users is None or facts.users >= 100:
        return None
    return Issue(
        "few_users",
        20,
        f"There are {facts.users} users, fewer than 100: what is learned will not hold for others. Loosen the filters "
        "or take a longer window.",
    )


def _products(facts: Facts) -> Issue | None:
    if facts.products is None or facts.products >= 50:
        return None
    return Issue(
        "few_products",
        15,
        f"There are {facts.products} products, fewer than 50: a plain list of best sellers will do as well as a "
        "model. Loosen the filters, or raise the percent of top_products.",
    )


def _sparsity(facts: Facts) -> Issue | None:
    sparsity = facts.sparsity
    if sparsity is None or sparsity <= 0.999:
        return None
    extremely = sparsity > 0.9999
    return Issue(
        "sparsity",
        20 if extremely else 10,
        f"{sparsity:.4%} of all pairs of user and product never happened, which is "
        f"{'extremely' if extremely else 'very'} sparse: most of what the model is asked about it has never seen. "
        "Keep fewer products (top_products) and users "
        "who buy more (min_transactions), or add features of the products.",
    )


def _range(facts: Facts) -> Issue | None:
    days = facts.days
    if days is None or days >= 90:
        return None
    short = days < 30
    return Issue(
        "short_range",
        15 if short else 5,
        f"The rows span {days} {'day' if days == 1 else 'days'}, fewer than {30 if short else 90}: "
        f"{'weekly rhythm and trends' if short else 'seasons'} cannot be learned. Take a longer window.",
    )
