"""A table as a line: its name, its columns by type, and the roles that its page gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TYPES = {
    "i": "INT64",
    "s": "STRING",
    "f": "FLOAT64",
    "n": "NUMERIC",
    "d": "DATE",
    "w": "DATETIME",
    "t": "TIMESTAMP",
    "b": "BOOL",
}
ROLES = {"entity": "user_id", "item": "product_id", "time": "timestamp", "value": "revenue"}


@dataclass(frozen=True)
class Table:
    """Columns and the truth; a role that nothing is written for has no column."""

    name: str
    columns: Mapping[str, str]
    roles: Mapping[str, str]


def tables(text: str) -> list[Table]:
    """`orders: order_id i, "Order Date" d … = time "Order Date"`: one a line."""
    return [_table(line) for line in text.strip().splitlines()]


def _table(line: str) -> Table:
    name, _, rest = line.strip().partition(":")
    columns, _, roles = rest.partition("=")
    typed = (each.strip().rpartition(" ") for each in columns.split(","))
    said = (each.strip().partition(" ") for each in roles.split(",") if each.strip())
    found = Table(
        name, {column: TYPES[letter] for column, _, letter in typed}, {ROLES[role]: column for role, _, column in said}
    )
    if unknown := set(found.roles.values()) - set(found.columns):
        raise ValueError(f"{name} has no column {', '.join(sorted(unknown))}.")
    return found
