"""A suite's numbers as a frame, each beside yesterday's and last week's of the same execution."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from returns.result import Failure, Success

from dqx_core.calendars import Back
from dqx_core.history import ChangeInWindows, DayOverDay, Problem, Value, WeekOverWeek
from dqx_core.keys import ExecutionId, ResultKey
from dqx_core.metrics.metric import Metric

if TYPE_CHECKING:
    import pandas as pd

    from dqx_core.store import MetricDB

LAGS = (1, 7)
"""How many windows before its own a number is shown with: of days, yesterday and a week ago."""

COLUMNS = (
    "date",
    "tags",
    "metric",
    "value",
    "value_lag_1",
    "value_lag_7",
    "day_over_day",
    "week_over_week",
    "window_over_window",
    "execution_id",
)


def newest_executions(db: MetricDB, suite: str, keys: Iterable[ResultKey]) -> dict[ResultKey, ExecutionId]:
    """For each key, the newest execution of the suite that speaks of it; keys that none speaks of are absent.

    Of several suites in one execution the first is its suite: the others are known by what they judged, or by what
    `measured_by` says they measured.
    """
    wanted = set(keys)
    judged = {execution.execution_id for execution in db.executions(suite=suite)}
    found: dict[ResultKey, ExecutionId] = {}
    for execution in db.executions():
        ran = execution.execution_id in judged or execution.parameters.keys() & measured_by(suite).keys()
        for key in execution.keys if ran else ():
            if key in wanted:
                found.setdefault(key, execution.execution_id)
    return found


def measured_by(suite: str) -> Mapping[str, object]:
    """The parameter of an execution that says that a suite measured in it."""
    return {f"measured by {suite}": True}


def trend_frame(
    db: MetricDB, suite: str, dataset: str, keys: Sequence[ResultKey], *, only: Collection[str] | None = None
) -> pd.DataFrame:
    """One row per metric and key, from the newest execution of the suite that speaks of the key.

    `only` are the digests of the metrics to tell of: an execution may hold those of other suites too.

    Columns: date, tags, metric, value, value_lag_1, value_lag_7, day_over_day, week_over_week,
    window_over_window, execution_id. The last comparison is with the window before, of whatever calendar.
    A number that is not there, or could not be computed, is NaN.
    """
    import pandas as pd

    executions = newest_executions(db, suite, keys)
    measured = {execution_id: db.measured(execution_id) for execution_id in dict.fromkeys(executions.values())}
    chosen = {
        execution_id: [metric for metric in metrics if only is None or metric.spec.digest in only]
        for execution_id, metrics in measured.items()
    }
    rows = [
        row
        for key in keys
        if key in executions
        for row in trend_rows(key, dataset, chosen[executions[key]], executions[key])
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def trend_rows(
    key: ResultKey, dataset: str | None, metrics: Sequence[Metric], execution_id: ExecutionId
) -> list[tuple[object, ...]]:
    """The rows of one key, sorted by metric: see `trend_frame`."""
    values: Mapping[tuple[object, ResultKey], Value] = {
        (metric.spec, metric.key): metric.value.alt(Problem)
        for metric in metrics
        if metric.dataset == dataset and metric.key.tags == key.tags
    }
    today = sorted(
        (m.spec for m in metrics if m.key == key and m.dataset == dataset),
        key=lambda spec: spec.name,
    )
    rows: list[tuple[object, ...]] = []
    for spec in today:
        series = {lag: values.get((spec, key.lag(lag)), _ABSENT) for lag in (0, *LAGS)}
        # A day or a week before is a lag of 1 or 7 where windows are days; elsewhere these are not told.
        daily = key.calendar.back(1) == Back(1)
        comparisons = [kind(spec).value(key, series) if daily else _ABSENT for kind in (DayOverDay, WeekOverWeek)]
        comparisons.append(ChangeInWindows(spec).value(key, series).map(abs))
        numbers = [_number(value) for value in (*series.values(), *comparisons)]
        # Hours of a day are told apart by their first moment.
        date = key.interval.start if key.calendar.unit == "h" else key.yyyy_mm_dd
        rows.append((date, str(key.tags), spec.name, *numbers, execution_id))
    return rows


_ABSENT: Value = Failure(Problem("not measured", no_history=True))


def _number(value: Value) -> float:
    return float(value.unwrap()) if isinstance(value, Success) else float("nan")
