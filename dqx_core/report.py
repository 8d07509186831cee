"""What a verification says: assertion results, the symbols behind them, and how to print both."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from returns.result import Failure, Result, Success

from dqx_core.calendars import Window
from dqx_core.errors import DefinitionError, hint
from dqx_core.keys import ExecutionId, ResultKey
from dqx_core.states import Number

if TYPE_CHECKING:
    import pandas as pd


class Severity(StrEnum):
    """How bad a failed assertion is, worst first."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"

    @classmethod
    def _missing_(cls, value: object) -> Severity:
        raise DefinitionError(f"{value!r} is not a severity. {hint(str(value), [*cls])}")


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
    window: Window | None = None
    """Of what window it is; None: of the day in UTC."""


@dataclass(frozen=True)
class Compared:
    """What a verdict compared: the value with its limits, by an operator."""

    operator: str
    """The name of a `bounds.Operator`: "LT"."""
    limits: tuple[Number, ...]
    tolerance: float
    factor: float = 1.0
    """What profiles multiplied the measured value by before it was compared."""
    profiles: tuple[str, ...] = ()
    """The profiles that changed the factor or the severity, by name."""


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
    window: Window | None = None
    """The window that was judged; None: the day in UTC."""
    asset: str | None = None
    """The full name of what the verdict is attached to: an asset key, or a data source's name."""
    compared: Compared | None = None
    """None where nothing was compared: no value, or no limits that have one."""
    materialization: str | None = None
    """Which materialization of the asset was judged, as the host of the run names it; None: it names none."""
    absent: bool = field(default=False, compare=False)
    """An ERROR because there is no such partition, and for no other reason; a store does not keep it."""

    @property
    def key(self) -> ResultKey:
        """The window and tags that were judged."""
        return ResultKey(self.yyyy_mm_dd, self.tags, self.window)

    def __str__(self) -> str:
        return f"{self.status:<7} {self.severity} {self.check} › {self.assertion}: {self.message}"


@dataclass(frozen=True)
class AnalysisReport:
    """The verdicts of an execution and the numbers behind them; printed, it is for people."""

    suite: str
    execution_id: ExecutionId
    results: tuple[AssertionResult, ...]
    symbols: tuple[SymbolInfo, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many assertions have each status."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in Status}

    def __str__(self) -> str:
        told = ", ".join(f"{count:,} {status}" for status, count in self.counts.items() if count)
        days: dict[str, list[str]] = {}
        for result in self.results:
            days.setdefault(str(result.key), []).append(f"  {result}")
        lines = [f"{self.suite}, execution {self.execution_id}: {told or 'no assertions'}"]
        return "\n".join([*lines, *(line for day, shown in days.items() for line in (day, *shown))])

    def to_json(self) -> str:
        """Everything, as one JSON object; numbers that JSON has no word for are text."""
        return json.dumps(
            {
                "suite": self.suite,
                "execution_id": self.execution_id,
                "counts": self.counts,
                "results": [_result_json(result) for result in self.results],
                "symbols": [_symbol_json(symbol) for symbol in self.symbols],
            },
            ensure_ascii=False,
            indent=2,
        )

    def to_pandas(self) -> pd.DataFrame:
        """One row an assertion; `value` is NaN where there is none."""
        import pandas as pd

        rows = [
            {
                "suite": result.suite,
                "check": result.check,
                "assertion": result.assertion,
                "yyyy_mm_dd": result.yyyy_mm_dd,
                "tags": dict(result.tags),
                "severity": str(result.severity),
                "status": str(result.status),
                "value": float(result.metric.value_or(math.nan)),
                "bound": result.bound,
                "expression": result.expression,
                "message": result.message,
            }
            for result in self.results
        ]
        columns = ["suite", "check", "assertion", "yyyy_mm_dd", "tags", "severity", "status", "value", "bound"]
        return pd.DataFrame(rows, columns=[*columns, "expression", "message"])


def _result_json(result: AssertionResult) -> dict[str, Any]:
    match result.metric:
        case Success(number):
            outcome: dict[str, Any] = {"value": _number_json(number)}
        case Failure(reasons):
            outcome = {"value": None, "reasons": list(reasons)}
    return {
        "check": result.check,
        "assertion": result.assertion,
        "yyyy_mm_dd": result.yyyy_mm_dd.isoformat(),
        **_window_json(result.window),
        "tags": dict(result.tags),
        "severity": result.severity,
        "status": result.status,
        **outcome,
        "bound": result.bound,
        "compared": None if result.compared is None else _compared_json(result.compared),
        "expression": result.expression,
        "message": result.message,
    }


def _compared_json(compared: Compared) -> dict[str, Any]:
    return {
        "operator": compared.operator,
        "limits": [_number_json(limit) for limit in compared.limits],
        "tolerance": compared.tolerance,
        "factor": compared.factor,
        "profiles": list(compared.profiles),
    }


def _symbol_json(symbol: SymbolInfo) -> dict[str, Any]:
    match symbol.value:
        case Success(number):
            outcome: dict[str, Any] = {"value": _number_json(number)}
        case Failure(reason):
            outcome = {"value": None, "reason": reason}
    return {
        "name": symbol.name,
        "metric": symbol.metric,
        "dataset": symbol.dataset,
        "yyyy_mm_dd": symbol.yyyy_mm_dd.isoformat(),
        **_window_json(symbol.window),
        "tags": dict(symbol.tags),
        **outcome,
        "source_execution_id": symbol.source_execution_id,
    }


def _window_json(window: Window | None) -> dict[str, Any]:
    """The moments of a window that is not the day in UTC."""
    return {} if window is None else {"window": [window.start.isoformat(), window.end.isoformat()]}


def _number_json(number: Number) -> Number | str:
    return number if math.isfinite(number) else repr(number)
