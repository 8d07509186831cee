"""Symbols: a SymPy symbol for each number a suite needs, and what it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dqx_core.calendars import DAYS, NOW, Back, Calendar
from dqx_core.errors import DefinitionError
from dqx_core.history import Derived
from dqx_core.keys import TagOverrides
from dqx_core.metrics.base import Spec

if TYPE_CHECKING:
    import sympy as sp

Identity = tuple[Spec, Back, str | None, TagOverrides | None]


@dataclass(frozen=True)
class SymbolicMetric:
    """What a symbol stands for: a metric, how many windows before the key, on which dataset and tags."""

    number: int
    symbol: sp.Symbol
    spec: Spec
    lag_offset: int
    dataset: str | None
    tags: TagOverrides | None
    """Overrides of the key's tags; None: the key's own."""
    base: sp.Symbol | None = None
    """For a metric of a metric: the symbol of that metric on the same day."""
    required_metrics: tuple[sp.Symbol, ...] = ()
    """For a metric of a metric: the symbols of the lagged metrics it needs beyond its base."""
    lag_days: int = 0
    """Days on the calendar's clocks that it lies before the key, besides the windows: where days differ in length."""
    unit: str = DAYS.unit
    """What the calendar calls a lag's windows."""

    @property
    def name(self) -> str:
        """x_1, x_2, … in the order in which the checks made them."""
        return f"x_{self.number}"

    @property
    def metric(self) -> str:
        """How it is printed: `average(price)`, with its own tags and its lag in brackets."""
        if not (self.tags or self.lag_offset or self.lag_days):  # as most
            return self.spec.name
        apart = [
            *([str(self.tags)] if self.tags else []),
            *([f"{self.lag_days} d earlier"] if self.lag_days else []),
            *([f"{self.lag_offset} {self.unit} earlier"] if self.lag_offset else []),
        ]
        return f"{self.spec.name} [{', '.join(apart)}]"

    @property
    def back(self) -> Back:
        """How far before the key it lies."""
        return _back(self.lag_offset, self.lag_days) if self.lag_offset or self.lag_days else NOW

    @property
    def needs(self) -> tuple[sp.Symbol, ...]:
        """Base and required symbols, each once, nearest day first."""
        if self.base is None:
            return self.required_metrics
        return tuple(dict.fromkeys((self.base, *self.required_metrics)))

    @property
    def identity(self) -> Identity:
        """Two symbols that agree in this are one number."""
        return self.spec, self.back, self.dataset, self.tags


Symbols = Mapping["sp.Symbol", SymbolicMetric]


class SymbolRegistry(Mapping["sp.Symbol", SymbolicMetric]):
    """The symbols of one suite, in the order in which they were made."""

    def __init__(self, calendar: Calendar = DAYS) -> None:
        self.calendar = calendar
        self._symbols: dict[sp.Symbol, SymbolicMetric] = {}
        self._known: dict[Identity, sp.Symbol] = {}
        self.bases: set[sp.Symbol] = set()
        """The symbols that metrics of metrics were made of, whether or not they need them on that day."""

    def __getitem__(self, symbol: sp.Symbol) -> SymbolicMetric:
        try:
            return self._symbols[symbol]
        except KeyError:
            raise DefinitionError(
                f"{symbol!r} is not a metric of this suite. "
                "Take symbols from the MetricProvider the check was called with."
            ) from None

    def __iter__(self) -> Iterator[sp.Symbol]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)

    def metric(self, spec: Spec, lag: int, dataset: str | None, tags: TagOverrides | None) -> sp.Symbol:
        """A new symbol for a metric."""
        return self._add(spec, _back(lag) if lag else NOW, dataset, tags, None, ())

    def derive(self, spec: Derived, base: sp.Symbol, lag: int = 0) -> sp.Symbol:
        """A new symbol for a metric of the metric that `base` stands for, `lag` windows before `base`.

        Raises:
            DefinitionError: It compares with a window that the calendar does not have.
        """
        of = self[base]
        self.bases.add(base)
        anchor = self.lagged(base, Back(lag))
        # A window lists all that is not the given base itself; a comparison lists what it compares with.
        backs = (Back(lag).and_then(spec.back(offset, self.calendar)) for offset in spec.offsets)
        earlier = [self.lagged(base, back) for back in backs]
        required = tuple(s for s in earlier if s != base and (spec.window or s != anchor))
        return self._add(spec, of.back.and_then(Back(lag)), of.dataset, of.tags, anchor, required)

    def lagged(self, symbol: sp.Symbol, back: Back) -> sp.Symbol:
        """The symbol for the same metric so much earlier: the one there is, else a new one."""
        if back == Back():
            return symbol
        of = self[symbol]
        known = self._known.get((of.spec, of.back.and_then(back), of.dataset, of.tags))
        if known is not None:
            return known
        if of.base is None:
            return self._add(of.spec, of.back.and_then(back), of.dataset, of.tags, None, ())
        assert isinstance(of.spec, Derived)
        return self.derive(of.spec, self.lagged(of.base, back))

    def on(self, symbol: sp.Symbol, dataset: str) -> sp.Symbol:
        """The symbol for the same metric on a dataset: the one there is, else a new one."""
        of = self[symbol]
        known = self._known.get((of.spec, of.back, dataset, of.tags))
        if known is not None:
            return known
        if of.base is None:
            return self._add(of.spec, of.back, dataset, of.tags, None, ())
        assert isinstance(of.spec, Derived)
        return self.derive(of.spec, self.on(of.base, dataset))

    def _add(
        self,
        spec: Spec,
        back: Back,
        dataset: str | None,
        tags: TagOverrides | None,
        base: sp.Symbol | None,
        required: tuple[sp.Symbol, ...],
    ) -> sp.Symbol:
        number = len(self._symbols) + 1
        symbol = _symbol(number)
        unit = self.calendar.unit
        made = SymbolicMetric(number, symbol, spec, back.windows, dataset, tags, base, required, back.days, unit)
        self._symbols[symbol] = made
        self._known.setdefault(made.identity, symbol)
        return symbol


_back = cache(Back)


@cache
def _symbol(number: int) -> sp.Symbol:
    """One object for all suites: SymPy's own cache is emptied at each check."""
    import sympy as sp

    return sp.Symbol(f"x_{number}", real=True)
