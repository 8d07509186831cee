"""A schema: tables, the joins they are made with, and the random columns it takes to make them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

Columns = tuple[str, ...]
Truth = tuple[str, Columns, str, Columns]
"""Left table and columns, right table and columns."""


@dataclass
class Schema:
    """Tables, and the joins that they are made with."""

    name: str
    what: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    truths: list[Truth] = field(default_factory=list)

    def keys(self, text: str) -> None:
        """One a line: `orders.customer_id → customers.id`; the columns of a composite key with + between them."""
        for line in text.strip().splitlines():
            (one, _, ones), (other, _, others) = (side.strip().partition(".") for side in line.split("→"))
            self.truths.append((one, tuple(ones.split("+")), other, tuple(others.split("+"))))


class Draw:
    """Random columns of a schema."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def of(self, keys: pd.Series, n: int, nulls: float = 0.0, orphans: float = 0.0) -> pd.Series:
        """References to some keys: popular ones more often; some null, some to nothing."""
        weights = self.random.pareto(1.5, len(keys)) + 0.1
        found = pd.Series(keys.to_numpy()[self.random.choice(len(keys), n, p=weights / weights.sum())])
        lost = self.random.random(n) < orphans
        if pd.api.types.is_integer_dtype(found):
            found = found.astype("Int64").mask(lost, pd.Series(self.random.integers(10**7, 10**8, n)))
        else:
            found = found.mask(lost, pd.Series([f"?{x}" for x in self.random.integers(0, 10**6, n)]))
        return found.mask(self.random.random(n) < nulls)

    def number(self, n: int, low: int, high: int) -> np.ndarray:
        """Whole numbers that are keys of nothing."""
        return self.random.integers(low, high, n)

    def money(self, n: int) -> np.ndarray:
        """Amounts."""
        return np.round(np.exp(self.random.normal(3, 1, n)), 2)

    def word(self, n: int, kinds: int, prefix: str) -> list[str]:
        """Texts that describe."""
        return [f"{prefix} {x}" for x in self.random.integers(0, kinds, n)]

    def day(self, n: int) -> pd.Series:
        """Days of two years."""
        return pd.Series((np.datetime64("2023-01-01") + self.random.integers(0, 730, n)).astype("datetime64[us]"))


def counted(n: int, first: int = 1) -> pd.Series:
    """Ids counted from 1."""
    return pd.Series(np.arange(first, first + n, dtype=np.int64))
