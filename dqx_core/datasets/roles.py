"""Which columns look like the user, the product, the time and the revenue of a row, by their names and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dqx_core.datasets.base import Role
from dqx_core.datasets.types import KEYS, NUMERIC, TIMES

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import ColumnInfo, Schemas

Confidence = Literal["high", "medium"]

NAMES: Mapping[Role, tuple[str, ...]] = {
    "user_id": (
        "customer_id", "user_id", "userid", "client_id", "buyer_id", "member_id", "account_id", "person_id",
    ),
    "product_id": ("product_id", "productid", "item_id", "itemid", "sku", "sku_id", "article_id", "goods_id"),
    "timestamp": (
        "timestamp", "created_at", "transaction_date", "order_date", "purchase_date", "date", "datetime", "event_time",
        "transaction_time", "order_time",
    ),
    "revenue": (
        "amount", "revenue", "price", "total", "value", "sales", "order_total", "transaction_amount", "spend",
    ),
}  # fmt: skip
"""Whole names in any case, the likeliest first; a name that fits several roles has the first of them."""

TYPES: Mapping[Role, frozenset[str]] = {"timestamp": TIMES, "revenue": NUMERIC}
"""What a column of a role must be; a role that is not here may be anything."""

MOST_ALTERNATIVES = 3


@dataclass(frozen=True)
class RoleCandidate:
    """A column that may have a role."""

    table: str
    column: str
    type: str
    confidence: Confidence
    """High in the primary table, else medium."""


@dataclass(frozen=True)
class RoleSuggestion:
    """The likeliest column for a role; None: no column looks like it."""

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


def role_of(column: str, type_name: str) -> Role | None:
    """The role that a column's name and type speak for."""
    for role, names in NAMES.items():
        if column.lower() in names:
            return role if type_name in TYPES.get(role, {type_name}) else None
    return None


def looks_like_key(column: str, type_name: str) -> bool:
    """Whether tables may be joined on a column: it is called like a key, and its text is the same on every engine."""
    name = column.lower()
    called = name in {"id", "key", "sku", "code"} or name.endswith(("_id", "_key", "_sku", "_code", "_uuid"))
    return (called or role_of(column, type_name) in {"user_id", "product_id"}) and type_name in KEYS - {"DATE"}


def described(columns: Sequence[ColumnInfo]) -> list[DescribedColumn]:
    """Columns with what they look like."""
    return [
        DescribedColumn(
            each.name,
            each.type,
            each.nullable,
            each.description,
            role_of(each.name, each.type),
            looks_like_key(each.name, each.type),
        )
        for each in columns
    ]


def suggest_columns(schemas: Schemas, primary: str) -> dict[Role, RoleSuggestion]:
    """For each role the likeliest column of some tables, those of the primary table first."""
    tables = sorted(schemas, key=lambda table: table != primary)
    found: dict[Role, list[RoleCandidate]] = {role: [] for role in NAMES}
    for table in tables:
        for column, type_name in schemas[table].items():
            role = role_of(column, type_name)
            if role is not None:
                confidence: Confidence = "high" if table == primary else "medium"
                found[role].append(RoleCandidate(table, column, type_name, confidence))
    suggestions = {}
    for role, candidates in found.items():
        candidates.sort(key=lambda each: (each.confidence, NAMES[role].index(each.column.lower())))
        best = candidates[0] if candidates else None
        suggestions[role] = RoleSuggestion(role, best, tuple(candidates[1 : 1 + MOST_ALTERNATIVES]))
    return suggestions
