"""A measured number: what was measured, on which day and tags, its state and value, and where it came from."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from uuid import UUID

from returns.result import Failure, Result, Success

from dqx_core.keys import ExecutionId, ResultKey
from dqx_core.metrics.base import MetricSpec
from dqx_core.states import Number, State

TimeSeries = Mapping[dt.date, float]

UNVERIFIED = "unverified"
"""In the metadata of a number that was carried forward although nobody could say whether its data is still the same."""

NO_ROWS = "no_rows"
"""In the metadata of a number of a window in which there was not a row."""

_LARGEST = int(sys.float_info.max)
_PLAIN = frozenset({int, float, type(None)})


@dataclass(frozen=True)
class Metric:
    """One number of one partition. Within an execution, (spec, key, dataset) identifies it."""

    spec: MetricSpec
    key: ResultKey
    dataset: str | None
    state: State | None
    value: Result[Number, str]
    execution_id: ExecutionId | None = None
    data_version: str | None = None
    source_execution_id: ExecutionId | None = None
    """The execution it was carried forward from; None: this execution measured it."""
    metadata: Mapping[str, object] = field(default_factory=dict, compare=False)
    metric_id: UUID | None = field(default=None, compare=False)
    measured_at: tuple[str, int] | None = field(default=None, compare=False, repr=False)
    """The opened store that gave it and the write that measured it, by which it is newer than others; a copy keeps
    both. None: no store gave it."""

    @classmethod
    def build(
        cls,
        spec: MetricSpec,
        key: ResultKey,
        state: State,
        dataset: str | None = None,
        execution_id: ExecutionId | None = None,
        data_version: str | None = None,
    ) -> Self:
        """A metric whose value is what its state says; none where that is more than a double holds."""
        try:
            value = spec.value(state)
        except (ArithmeticError, ValueError) as error:
            return cls.failed(spec, key, f"it cannot be computed: {error}", dataset, execution_id, data_version)
        number = value.value_or(None)
        if isinstance(number, int) and abs(number) > _LARGEST:
            return cls.failed(spec, key, "it is too large for a double", dataset, execution_id, data_version)
        if type(number) not in _PLAIN and isinstance(number, int | float):
            # As a store gives it back: a number of a kind of its own (numpy's, say) is kept as Python's.
            value = Success(int(number) if isinstance(number, int) else float(number))
        return cls(spec, key, dataset, state, value, execution_id, data_version)

    @classmethod
    def failed(
        cls,
        spec: MetricSpec,
        key: ResultKey,
        reason: str,
        dataset: str | None = None,
        execution_id: ExecutionId | None = None,
        data_version: str | None = None,
    ) -> Self:
        """A metric that could not be computed."""
        return cls(spec, key, dataset, None, Failure(reason), execution_id, data_version)

    @property
    def over_no_rows(self) -> bool:
        """Whether there was not a row in its window to measure."""
        return bool(self.metadata.get(NO_ROWS))

    def of_no_rows(self) -> Self:
        """The same number, of a window without a row."""
        return replace(self, metadata={**self.metadata, NO_ROWS: True})

    def carried_into(self, execution_id: ExecutionId, *, unverified: bool = False) -> Self:
        """The same number under another execution, with its provenance; marked if its data could not be compared."""
        known = {name: value for name, value in self.metadata.items() if name != UNVERIFIED}
        return replace(
            self,
            execution_id=execution_id,
            source_execution_id=self.source_execution_id or self.execution_id,
            metadata=known | {UNVERIFIED: True} if unverified else known,
            metric_id=None,
        )
