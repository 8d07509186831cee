"""Schemas whose keys are known, for `benchmarks.joins`: made from a seed, each with its own way of naming things."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.join_schemas.clinic import clinic
from benchmarks.join_schemas.dirty import dirty
from benchmarks.join_schemas.held_out import HELD_OUT
from benchmarks.join_schemas.schema import Columns, Schema, Truth
from benchmarks.join_schemas.shop import shop
from benchmarks.join_schemas.tuned import TUNED as WRITTEN
from benchmarks.join_schemas.warehouse import warehouse

__all__ = ["HELD_OUT", "SCHEMAS", "TUNED", "Columns", "Schema", "Truth"]

TUNED: dict[str, Callable[[int], Schema]] = {
    "shop": shop,
    "warehouse": warehouse,
    "dirty": dirty,
    "clinic": clinic,
    **WRITTEN,
}
"""What the rules were set on."""

SCHEMAS = TUNED | HELD_OUT
