"""Values × conditions → verdicts. Reads nothing but the numbers stored under one execution id."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

from returns.result import Failure, Result, Success

from dqx_core.bounds import Bound, Operator
from dqx_core.calendars import NOW, Back
from dqx_core.expressions import Computed, compute, text
from dqx_core.graph import AssertionNode, CheckNode, Graph, symbols_in
from dqx_core.history import Derived, Problem, Value, all_absent, offsets_of
from dqx_core.keys import ExecutionId, ResultKey
from dqx_core.metrics.base import MetricSpec, Spec
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.metric import Metric
from dqx_core.numerals import shown, told_apart
from dqx_core.planning import Need, effective_key
from dqx_core.profiles import Adjustment, Profile, adjustment
from dqx_core.report import AssertionResult, Compared, Status, SymbolInfo

if TYPE_CHECKING:
    import sympy as sp


NoRows = Literal["error", "judge"]

_AS_WRITTEN = Adjustment()


@dataclass(frozen=True)
class _Same:
    """What is the same of an assertion for every key."""

    expression: str
    bound: str
    operator: str
    limits: tuple[Computed, ...] | None
    """The bound's numbers; None: they follow from metrics."""
    reached: tuple[sp.Symbol, ...]
    """The assertion's symbols and, behind each, those it needs."""
    asset: str | None
    """The full name of the dataset that it speaks of first."""


@dataclass(frozen=True)
class Evaluation:
    """Judges a graph for any key from the numbers of one execution."""

    graph: Graph
    execution_id: ExecutionId
    metrics: Mapping[Need, Metric]
    left_out: Mapping[str, AbstractSet[dt.date]] = field(default_factory=dict)
    """By dataset, the dates whose windows its data source leaves out on purpose."""
    data_av_threshold: float = 0.9
    """The share of an assertion's days that must not be left out for it to be judged."""
    profiles: Sequence[Profile] = ()
    full_names: Mapping[str, str] = field(default_factory=dict)
    """By dataset as checks call it, its full name, where that is another."""
    absent: AbstractSet[Need] = frozenset()
    """What could not be measured because there is no such partition."""
    no_rows: NoRows = "error"
    """What to make of assertions on a window without a row, other than on `num_rows()`."""
    _memo: dict[tuple[Spec, ResultKey, Back, str | None, bool, str], Value] = field(default_factory=dict, repr=False)
    _known: dict[tuple[str, str], _Same] = field(default_factory=dict, repr=False)
    _told: dict[tuple[sp.Symbol, ResultKey], SymbolInfo] = field(default_factory=dict, repr=False)

    def results(self, key: ResultKey) -> list[AssertionResult]:
        """The verdict on every assertion, in the order in which they were written."""
        return [self._judge(check, assertion, key) for check, assertion in self.graph.root.assertions()]

    def symbols(self, key: ResultKey) -> list[SymbolInfo]:
        """Every symbol with its value for the key, in natural order."""
        return [self._info(symbol, key) for symbol in self.graph.symbols]

    def value_of(self, symbol: sp.Symbol, key: ResultKey) -> Value:
        """The number that a symbol stands for when the suite is judged for `key`."""
        metric = self.graph.symbols[symbol]
        at, back, part = key, metric.back, ""
        if metric.tags is not None:
            at = effective_key(key, NOW, metric.tags)
            # Another window, or another part of it: it may not be there, which is nobody's fault.
            part = f" [{metric.tags}]" if at.tags != key.tags else ""
        return self._value(metric.spec, at, back, metric.dataset, past=back is not NOW, part=part)

    def full_name(self, dataset: str | None) -> str | None:
        """The full name of a dataset, under which its numbers are kept."""
        return self.full_names.get(dataset or "", dataset) if self.full_names else dataset

    def _value(self, spec: Spec, key: ResultKey, back: Back, dataset: str | None, *, past: bool, part: str) -> Value:
        """The number so much before a key.

        Days on the calendar's clocks and windows do not change places where clocks are changed: what is so much
        before another window is counted from the key, and the days first.
        """
        if back is not NOW and not back.days:
            key, back = key.lag(back.windows), NOW
        if not self._leaves_out and not back.days:  # most numbers are there
            metric = self.metrics.get((spec, key, self.full_name(dataset)))  # type: ignore[arg-type]
            if metric is not None and isinstance(metric.value, Success):
                return metric.value
        asked = (spec, key, back, dataset, past, part)
        value = self._memo.get(asked)
        if value is None:
            value = self._memo[asked] = self._find(spec, key, back, dataset, past, part)
        return value

    def _find(self, spec: Spec, origin: ResultKey, back: Back, dataset: str | None, past: bool, part: str) -> Value:
        key = origin.back(back)
        if isinstance(spec, Derived):
            backs = {offset: spec.back(offset, key.calendar) for offset in spec.offsets}
            series = {
                offset: self._value(spec.base, origin, back.and_then(more), dataset, past=past or offset > 0, part=part)
                for offset, more in backs.items()
            }
            try:
                found = spec.value(key, series)
            except (ArithmeticError, ValueError) as error:  # of numbers beyond what doubles hold
                return Failure(Problem(f"{spec.name} cannot be computed: {error}"))
            return found.alt(lambda p: p if part in p.reason else replace(p, reason=f"{p.reason}{part}"))
        assert isinstance(spec, MetricSpec)
        if key.yyyy_mm_dd in self.left_out.get(dataset or "", ()):
            reason = f"{spec.name}: data source '{dataset}' leaves {key.yyyy_mm_dd} out (skip_dates)"
            return Failure(Problem(reason, no_history=True, left_out=True))
        need = (spec, key, self.full_name(dataset))
        metric = self.metrics.get(need)
        if metric is None and need in self.absent:
            return Failure(Problem(f"{spec.name}: {key} of dataset '{dataset}' is not materialized", absent=True))
        if metric is None and part and not past:
            reason = f"{spec.name} on {key.label}{part}: not materialized"
            return Failure(Problem(reason, no_history=True, absent=True))
        if metric is None:
            return Failure(
                Problem(
                    f"Metric {spec.name} for {key.label}{part} on dataset '{dataset}' "
                    f"in execution {self.execution_id} not found!",
                    no_history=past,
                )
            )
        return metric.value.alt(lambda reason: Problem(f"{spec.name} on {key.label}{part}: {reason}"))

    @cached_property
    def _some_empty(self) -> bool:
        return any(metric.over_no_rows for metric in self.metrics.values() if metric.metadata)

    @cached_property
    def _leaves_out(self) -> bool:
        return any(self.left_out.values())

    def _judge(self, check: CheckNode, assertion: AssertionNode, key: ResultKey) -> AssertionResult:
        def number(expression: sp.Expr) -> Computed:
            return compute(expression, lambda symbol: self.value_of(symbol, key))

        same = self._same(check, assertion)
        adjusted = adjustment(self.profiles, key.yyyy_mm_dd, check.name, assertion) if self.profiles else _AS_WRITTEN
        value = number(assertion.expression)
        scaled = value if adjusted.metric_multiplier == 1 else value.bind(partial(_times, adjusted.metric_multiplier))
        limits = same.limits if same.limits is not None else [number(limit) for limit in assertion.bound.limits]
        problems = {
            p: None for computed in (scaled, *limits) if not isinstance(computed, Success) for p in computed.failure()
        }
        status: Status
        compared: Compared | None = None
        if adjusted.disabled_by is not None:
            status, message = Status.SKIPPED, f"Disabled by profile '{adjusted.disabled_by}'"
        elif (availability := self._availability(assertion, key)) < self.data_av_threshold:
            status = Status.SKIPPED
            message = (
                f"Data availability is {availability:.1%}, below {self.data_av_threshold:.1%}: the other days are "
                "left out (skip_dates)"
            )
        elif problems:
            waits = assertion.on_missing_history == "skip" and all(p.no_history for p in problems)
            status = Status.SKIPPED if waits else Status.ERROR
            message = "; ".join(p.reason for p in problems)
        else:
            bound, reached = assertion.bound, tuple([limit.unwrap() for limit in limits])
            holds = bound.holds(scaled.unwrap(), reached)
            status = Status.PASSED if holds else Status.FAILED
            compared = Compared(same.operator, reached, bound.tolerance, adjusted.metric_multiplier, adjusted.profiles)
            message = _sentence(same, bound, value.unwrap(), scaled.unwrap(), compared, holds)
        empty = self._over_no_rows(assertion, key) if self._some_empty and adjusted.disabled_by is None else ()
        if empty and status in (Status.PASSED, Status.FAILED):
            message += ", over no rows"
            if any(empty) and self.no_rows == "error" and assertion.bound.operator is not Operator.NOOP:
                reason = f"over no rows: {message.removesuffix(', over no rows')}"
                status, value, message = Status.ERROR, Failure((Problem(reason),)), reason
        elif empty and status is Status.ERROR:
            message += ", over no rows"
        return AssertionResult(
            suite=self.graph.root.name,
            check=check.name,
            assertion=assertion.name,
            yyyy_mm_dd=key.yyyy_mm_dd,
            tags=key.tags,
            severity=adjusted.severity or assertion.severity,
            status=status,
            metric=value.alt(lambda reasons: tuple(p.reason for p in reasons)),
            bound=same.bound,
            expression=same.expression,
            symbols=tuple([self._info(symbol, key) for symbol in same.reached]),
            message=message,
            window=key.window,
            asset=same.asset,
            compared=compared,
            absent=status is Status.ERROR and all_absent(problems),
        )

    def _over_no_rows(self, assertion: AssertionNode, key: ResultKey) -> tuple[bool, ...]:
        """For each number of an assertion whose window has not a row: whether it is anything but the count of them."""
        found = []
        for symbol in assertion.symbols:
            metric = self.graph.symbols[symbol]
            spec = metric.spec
            while isinstance(spec, Derived):
                spec = spec.base
            at = effective_key(key, metric.back, metric.tags)
            kept = self.metrics.get((spec, at, self.full_name(metric.dataset)))  # type: ignore[arg-type]
            if kept is not None and kept.over_no_rows:
                found.append(spec != NumRows())
        return tuple(found)

    def _first_dataset(self, check: CheckNode, assertion: AssertionNode) -> str | None:
        """The dataset that an assertion speaks of first."""
        named = (self.graph.symbols[symbol].dataset for symbol in assertion.symbols)
        return next((name for name in named if name), check.datasets[0] if len(check.datasets) == 1 else None)

    def _availability(self, assertion: AssertionNode, key: ResultKey) -> float:
        """The smallest share, over the assertion's symbols, of the days they need that are not left out."""
        least = 1.0
        for symbol in assertion.symbols if self._leaves_out else ():
            metric = self.graph.symbols[symbol]
            skipped = self.left_out.get(metric.dataset or "", ())
            at = effective_key(key, NOW, metric.tags)
            backs = [metric.back.and_then(each) for each in offsets_of(metric.spec, key.calendar)]
            days = [at.back(back).yyyy_mm_dd for back in backs]
            least = min(least, sum(day not in skipped for day in days) / len(days))
        return least

    def _same(self, check: CheckNode, assertion: AssertionNode) -> _Same:
        place = (check.name, assertion.name)
        known = self._known.get(place)
        if known is not None:
            return known

        def written(expression: sp.Expr) -> str:
            return text(expression, lambda symbol: self.graph.symbols[symbol].metric)

        def nobody(symbol: sp.Symbol) -> Value:
            raise AssertionError(f"{symbol} is not among the bound's symbols")

        bound = assertion.bound
        limits = None
        if not any(symbols_in(limit) for limit in bound.limits):
            limits = tuple(compute(limit, nobody) for limit in bound.limits)
        told = bound.text([written(limit) for limit in bound.limits])
        asset = self.full_name(self._first_dataset(check, assertion))
        known = _Same(written(assertion.expression), told, bound.operator.name, limits, self._reached(assertion), asset)
        return self._known.setdefault(place, known)

    def _reached(self, assertion: AssertionNode) -> tuple[sp.Symbol, ...]:
        reached: dict[sp.Symbol, None] = {}
        ahead = list(reversed(assertion.symbols))
        while ahead:
            symbol = ahead.pop()
            if symbol not in reached:
                reached[symbol] = None
                ahead.extend(reversed(self.graph.symbols[symbol].needs))
        return tuple(reached)

    def _info(self, symbol: sp.Symbol, key: ResultKey) -> SymbolInfo:
        told = self._told.get((symbol, key))
        if told is None:
            told = self._told[symbol, key] = self._tell(symbol, key)
        return told

    def _tell(self, symbol: sp.Symbol, key: ResultKey) -> SymbolInfo:
        metric = self.graph.symbols[symbol]
        at, dataset = effective_key(key, metric.back, metric.tags), self.full_name(metric.dataset)
        kept = self.metrics.get((metric.spec, at, dataset))  # type: ignore[arg-type]  # derived: none
        value: Result[int | float, str]
        if kept is not None and isinstance(kept.value, Success) and not self._leaves_out:
            value = kept.value
        else:
            value = self.value_of(symbol, key).alt(lambda problem: problem.reason)
        return SymbolInfo(
            metric.name,
            metric.spec.name,
            dataset,
            value,
            at.yyyy_mm_dd,
            at.tags,
            metric.lag_offset + metric.lag_days,
            kept.source_execution_id if kept else None,
            at.window,
        )


def _times(factor: float, value: int | float) -> Computed:
    """A value times what profiles make of it."""
    try:
        scaled = value * factor
    except OverflowError:
        scaled = math.inf
    if math.isfinite(scaled):
        return Success(scaled)
    return Failure((Problem(f"the result times {shown(factor)}, as profiles ask for, is too large for a double"),))


def _sentence(
    same: _Same, bound: Bound, value: int | float, scaled: int | float, compared: Compared, holds: bool
) -> str:
    """What was compared, in words: every number is one of these, with as many digits as tell them apart."""
    if compared.factor == 1:
        measured, *limits = told_apart([value, *compared.limits])
        said = f"{same.expression} = {measured}"
    else:
        measured, judged, *limits = told_apart([value, scaled, *compared.limits])
        said = f"{same.expression} = {measured}"
        by = ", ".join(f"'{name}'" for name in compared.profiles)
        factor = f" × {shown(compared.factor)} (profile{'s' if len(compared.profiles) > 1 else ''} {by})"
        said += f"{factor} = {judged}"
    if bound.operator is Operator.NOOP:
        return said
    because = "" if same.limits is not None else f" ({same.bound})"
    return f"{said}, {'is' if holds else 'is not'} {bound.text(limits)}{because}"
