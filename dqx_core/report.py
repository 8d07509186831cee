"""What a verification says: assertion results, the symbols behind them, and how to print both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from returns.result import Result

from dqx_core.keys import ExecutionId
from dqx_core.states import Number


class Severity(StrEnum):
    """How bad a failed assertion is, worst first."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Status(StrEnum):
    """The verdict on an assertion. Only PASSED is green."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    """The condition is false."""
    SKIPPED = "SKIPPED"
    """Disabled, or the days it compares with do not exist yet."""
    ERROR = "ERROR"
    """A metric could not be computed."""


@dataclass(frozen=True)
class SymbolInfo:
    """One number that an execution used."""

    name: str
    """x_1, x_2, … in a suite; m_1, m_2, … when read back from the store, which keeps no symbol names."""
    metric: str
    dataset: str | None
    value: Result[Number, str]
    yyyy_mm_dd: dt.date
    tags: Mapping[str, str]
    lag: int = 0
    source_execution_id: ExecutionId | None = None
    """The execution it was carried forward from; None: measured by this one."""


@dataclass(frozen=True)
class AssertionResult:
    """The verdict on one assertion for one key."""

    suite: str
    check: str
    assertion: str
    yyyy_mm_dd: dt.date
    tags: Mapping[str, str]
    severity: Severity
    status: Status
    metric: Result[Number, tuple[str, ...]]
    """The value of the expression, or every reason why it has none."""
    bound: str
    """The condition as text: "< 0.5"."""
    expression: str
    """The expression with the names of its metrics."""
    symbols: tuple[SymbolInfo, ...]
    message: str
    """One line a person understands."""

    def __str__(self) -> str:
        return f"{self.status:<7} {self.severity} {self.check} › {self.assertion}: {self.message}"
