"""Schemas written as text: a line per table, and what its columns hold.

    customer 500: customer_id id | name name | zip word 90
    orders 4000: order_id id 1001 | customer_id > customer.customer_id ?.05 | at time | total money
    lines 9000: order_id > orders.order_id | line_no within order_id | price money

`>` refers to a column, most often to some of its rows; `=>` to every row once at most. `?` is the share of nulls, `!`
that of orphans. `a+b > t.x+y` is a composite key, `grid` a table of the combinations of some
columns (a share of them, if one is given), and `copy` repeats a column of the row that a reference found.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.join_schemas.schema import Draw, Schema

HOURS = pd.Series(pd.date_range("2023-01-01", periods=8760, freq="h").astype("datetime64[us]"))


def written(name: str, what: str, text: str) -> Callable[[int], Schema]:
    """The schema that a text describes, made from a seed."""

    def make(seed: int = 1) -> Schema:
        schema = Schema(name, what)
        for line in text.strip().splitlines():
            _Table(schema, Draw(seed + len(schema.tables)), line)
        return schema

    return make


class _Table:
    def __init__(self, schema: Schema, draw: Draw, line: str) -> None:
        head, _, rest = line.strip().partition(":")
        self.name, *size = head.split()
        self.n, self.schema, self.draw = int(size[0]) if size else 0, schema, draw
        self.columns: dict[str, pd.Series] = {}
        self.rows: dict[str, tuple[str, np.ndarray]] = {}
        """Column → the table it refers to, and the rows there."""
        for column in rest.split("|"):
            names, kind, *words = column.split()
            options = {word[0]: float(word[1:]) for word in words if word[0] in "?!"}
            plain = [word for word in words if word[0] not in "?!"]
            if kind in {">", "=>"}:
                self._refer(names.split("+"), plain[0], options, once=kind == "=>")
            elif kind == "grid":
                self._grid(names.split("+"), plain)
            else:
                values = self._values(names, kind, plain)
                self.columns[names] = values.mask(draw.random.random(self.n) < options.get("?", 0))
        schema.tables[self.name] = pd.DataFrame(self.columns)

    def _refer(self, names: list[str], target: str, options: dict[str, float], *, once: bool) -> None:
        table, _, keys = target.partition(".")
        others = tuple(keys.split("+"))
        there = self.schema.tables[table]
        weights = self.draw.random.pareto(1.5, len(there)) + 0.1
        rows = self.draw.random.choice(len(there), self.n, replace=not once, p=weights / weights.sum())
        lost = self.draw.random.random(self.n) < options.get("!", 0)
        null = self.draw.random.random(self.n) < options.get("?", 0)
        for name, other in zip(names, others, strict=True):
            found = there[other].iloc[rows].reset_index(drop=True)
            if pd.api.types.is_integer_dtype(found):
                found = found.astype("Int64")
                found = found.mask(lost, pd.Series(self.draw.random.integers(10**7, 10**8, self.n)))
            elif pd.api.types.is_string_dtype(found):
                found = found.mask(lost, pd.Series([f"?{x}" for x in self.draw.random.integers(0, 10**6, self.n)]))
            self.columns[name] = found.mask(null)
            self.rows[name] = table, rows
        self.schema.truths.append((self.name, tuple(names), table, others))

    def _grid(self, names: list[str], parts: list[str]) -> None:
        domains: list[list[object]] = []
        for name, part in zip(names, parts, strict=False):
            if ".." in part:
                low, high = part.split("..")
                domains.append(list(range(int(low), int(high) + 1)))
            elif part.startswith("hours"):
                domains.append(list(HOURS[: int(part[5:])]))
            elif part.startswith("days"):
                domains.append(list(HOURS[::24].dt.date[: int(part[4:])]))
            elif "." in part:
                table, _, column = part.partition(".")
                domains.append(sorted(self.schema.tables[table][column].dropna().unique()))
                self.schema.truths.append((self.name, (name,), table, (column,)))
            else:
                domains.append([*part.split(",")])
        every = list(itertools.product(*domains))
        self.n = min(self.n or len(every), len(every))
        kept = np.sort(self.draw.random.choice(len(every), self.n, replace=False))
        for name, values in zip(names, zip(*(every[n] for n in kept), strict=True), strict=True):
            self.columns[name] = pd.Series(values)

    def _values(self, name: str, kind: str, words: list[str]) -> pd.Series:
        n, d = self.n, self.draw
        numbers = [float(word) for word in words if re.fullmatch(r"-?\d*\.?\d+", word)]
        match kind:
            case "id":
                return pd.Series(np.arange(n, dtype=np.int64) + int(numbers[0] if numbers else 1))
            case "code":
                return pd.Series([f"{words[0]}{x:05d}" for x in d.random.permutation(n)])
            case "hash":
                return pd.Series([_hash(f"{self.name}{x}", words) for x in d.random.permutation(n)])
            case "name":
                return pd.Series([f"{self.name} {x}" for x in range(n)])
            case "word":
                kinds = int(numbers[0])
                odds = 1 / np.arange(1, kinds + 1)
                return pd.Series([f"{name[-4:]} {x}" for x in d.random.choice(kinds, n, p=odds / odds.sum())])
            case "int":
                return pd.Series(d.random.integers(int(numbers[0]), int(numbers[1]) + 1, n))
            case "few":  # small counts, most of them the smallest
                return pd.Series(d.random.geometric(0.4, n))
            case "zeros":
                return pd.Series(np.where(d.random.random(n) < numbers[0], 0, d.random.integers(1, int(numbers[1]), n)))
            case "big":
                return pd.Series(np.exp(d.random.normal(9, 1.5, n)).astype(np.int64))
            case "money":
                return pd.Series(d.money(n))
            case "flag":
                return pd.Series(d.random.choice(["Y", "N"], n, p=[0.8, 0.2]))
            case "day":
                return pd.Series(d.day(n).dt.date)
            case "time":
                seconds = d.random.integers(0, 63_072_000, n).astype("timedelta64[s]")
                return pd.Series((np.datetime64("2023-01-01") + seconds).astype("datetime64[us]"))
            case "same":
                return pd.Series([" ".join(words)] * n)
            case "one":
                return pd.Series(d.random.choice(words[0].split(","), n))
            case "hours":
                return HOURS[:n]
            case "daily":
                return pd.Series(pd.date_range("2020-01-01", periods=n).date)
            case "each":
                return pd.Series(words[0].split(","))[:n]
            case "within":
                within = self.columns[words[0]]
                return pd.Series(within.groupby(within).cumcount().to_numpy() + 1)
            case "copy":
                table, rows = self.rows[words[0]]
                for one, of, other, key in list(self.schema.truths):
                    if (one, of) == (table, (words[1],)):  # what is copied refers to what it referred to
                        self.schema.truths.append((self.name, (name,), other, key))
                return self.schema.tables[table][words[1]].iloc[rows].reset_index(drop=True)
        raise ValueError(f"{self.name}.{name}: '{kind}' is not a kind of column.")


def _hash(text: str, words: list[str]) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[: int(words[0]) if words else 32]
