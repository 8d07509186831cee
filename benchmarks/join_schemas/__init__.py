"""Schemas whose keys are known, for `benchmarks.joins`: made from a seed, each with its own way of naming things."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.join_schemas.clinic import clinic
from benchmarks.join_schemas.dirty import dirty
from benchmarks.join_schemas.schema import Columns, Schema, Truth
from benchmarks.join_schemas.shop import shop
from benchmarks.join_schemas.warehouse import warehouse

__all__ = ["SCHEMAS", "Columns", "Schema", "Truth"]

SCHEMAS: dict[str, Callable[[], Schema]] = {"shop": shop, "warehouse": warehouse, "dirty": dirty, "clinic": clinic}
