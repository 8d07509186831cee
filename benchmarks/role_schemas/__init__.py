"""Tables of public data with the roles of their columns as their pages describe them, for `benchmarks.roles`."""

from __future__ import annotations

from benchmarks.role_schemas.held_out import HELD_OUT
from benchmarks.role_schemas.table import Table, tables
from benchmarks.role_schemas.tuned import TUNED

__all__ = ["Table", "held_out", "tuned"]


def tuned() -> list[Table]:
    """What the words of roles were set on."""
    return tables(TUNED)


def held_out() -> list[Table]:
    """What was written down before, and looked at afterwards."""
    return tables(HELD_OUT)
