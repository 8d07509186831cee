"""What a store knows, for people: the numbers of an execution, the history of a metric, two executions compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from returns.result import Result, Success

from dqx_core.calendars import Window
from dqx_core.errors import DefinitionError, hint
from dqx_core.keys import EXECUTION_TAG, ExecutionId, Tags
from dqx_core.report import SymbolInfo
from dqx_core.states import Number
from dqx_core.store import HistoryPoint, MetricDB


def metrics_by_execution_id(db: MetricDB, execution_id: ExecutionId) -> list[SymbolInfo]:
    """Everything an execution used, lagged and carried-forward numbers included, by date, then metric name.

    Named m_1, m_2, … in that order. Tags hold the user's tags plus `__execution_id`. An execution that is
    not known used nothing.

    Raises:
        StoreError: The store cannot be read.
    """
    return db.symbols(execution_id)


def metric_history(
    db: MetricDB,
    dataset: str | None,
    metric: str,
    *,
    tags: Mapping[str, str] | None = None,
    from_date: dt.date | None = None,
    until_date: dt.date | None = None,
) -> list[HistoryPoint]:
    """The newest measurement of each day of a metric, by day, both days inclusive.

    Args:
        db: The store.
        dataset: The dataset by name; None: of metrics that belong to no dataset.
        metric: The metric as it is printed: `average(price)`.
        tags: The tags it was measured under; None: whatever they are, one point for each.
        from_date: The first day; None: since ever.
        until_date: The last day; None: for ever.

    Raises:
        DefinitionError: Nothing of that name was ever measured; the message says what comes close.
        StoreError: The store cannot be read.
    """
    points = db.points(dataset, metric, from_date, until_date)
    if not points:
        _refuse_unknown(db, dataset, metric)
    wanted = None if tags is None else Tags(tags)
    return [point for point in points if wanted is None or point.tags == wanted]


@dataclass(frozen=True)
class MetricChange:
    """One number that two executions do not agree on."""

    metric: str
    dataset: str | None
    tags: Mapping[str, str]
    before_date: dt.date | None
    after_date: dt.date | None
    before: Result[Number, str] | None
    """None: the first execution does not hold it."""
    after: Result[Number, str] | None
    """None: the second execution does not hold it."""
    before_window: Window | None = None
    """Of what window; None: of the day in UTC, or not there."""
    after_window: Window | None = None

    @property
    def difference(self) -> Number | None:
        """After minus before; None unless both have a value."""
        match self.before, self.after:
            case Success(before), Success(after):
                difference: Number = after - before
                return difference
        return None

    @property
    def relative(self) -> float | None:
        """The difference as a share of before; None unless both have a value and before is not zero."""
        match self.before, self.difference:
            case Success(before), int() | float() as difference if before:
                return float(difference / abs(before))
        return None


def compare_executions(db: MetricDB, before: ExecutionId, after: ExecutionId) -> list[MetricChange]:
    """What moved between two executions: numbers that differ, fail in one only, or are in one only.

    When each execution judged a single window, today is compared with today and the day before with the
    day before; else each window with itself. By metric, dataset, tags and day.

    Raises:
        DefinitionError: One of them is not in the store.
        StoreError: The store cannot be read.
    """
    for execution_id in (before, after):
        if db.execution(execution_id).value_or(None) is None:
            known = [execution.execution_id for execution in db.executions()]
            raise DefinitionError(f"Execution '{execution_id}' is not in the store. {hint(execution_id, known)}")
    return _changes(db.paired(before, after))


def compare_numbers(
    before: Iterable[SymbolInfo], after: Iterable[SymbolInfo], *, by_day: bool = True
) -> list[MetricChange]:
    """What moved between two sets of numbers, which may be of two stores; in the order of `compare_executions`.

    Args:
        before: The numbers to compare with.
        after: The numbers that are compared.
        by_day: Match each window with itself; else windows do not count, and each side should hold one.
    """

    def placed(numbers: Iterable[SymbolInfo]) -> dict[tuple[object, ...], SymbolInfo]:
        return {(n.dataset, n.metric, given_tags(n), *((n.yyyy_mm_dd, n.window) if by_day else ())): n for n in numbers}

    left, right = placed(before), placed(after)
    return _changes((left.get(place), right.get(place)) for place in left | right)


def given_tags(number: SymbolInfo) -> Tags:
    """The tags a person gave, without the one that dqx adds itself."""
    return Tags({name: value for name, value in number.tags.items() if name != EXECUTION_TAG})


def _changes(pairs: Iterable[tuple[SymbolInfo | None, SymbolInfo | None]]) -> list[MetricChange]:
    return sorted(
        (_change(left, right) for left, right in pairs if not _same(left, right)),
        key=lambda c: (
            (c.metric, c.dataset or "", str(Tags(c.tags)), c.after_date or c.before_date or dt.date.min),
            str(c.after_window or c.before_window or ""),
        ),
    )


def _same(left: SymbolInfo | None, right: SymbolInfo | None) -> bool:
    # By what is printed: NaN is the same as NaN here.
    return left is not None and right is not None and repr(left.value) == repr(right.value)


def _change(left: SymbolInfo | None, right: SymbolInfo | None) -> MetricChange:
    one = right or left
    assert one is not None, "a pair has at least one side"
    return MetricChange(
        one.metric,
        one.dataset,
        given_tags(one),
        left.yyyy_mm_dd if left else None,
        right.yyyy_mm_dd if right else None,
        left.value if left else None,
        right.value if right else None,
        left.window if left else None,
        right.window if right else None,
    )


def _refuse_unknown(db: MetricDB, dataset: str | None, metric: str) -> None:
    measured = db.series()
    of_dataset = {series.metric for series in measured if series.dataset == dataset}
    if metric in of_dataset:
        return
    if of_dataset:
        raise DefinitionError(f"Metric {metric} was never measured on dataset '{dataset}'. {hint(metric, of_dataset)}")
    datasets = {series.dataset for series in measured if series.dataset is not None}
    raise DefinitionError(f"Nothing was ever measured on dataset '{dataset}'. {hint(dataset or '', datasets)}")
