"""Symbols: a SymPy symbol for each number a suite needs, and what it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dqx_core.errors import DefinitionError
from dqx_core.history import Derived
from dqx_core.keys import TagOverrides
from dqx_core.metrics.base import Spec

if TYPE_CHECKING:
    import sympy as sp

Identity = tuple[Spec, int, str | None, TagOverrides | None]


@dataclass(frozen=True)
class SymbolicMetric:
    """What a symbol stands for: a metric, how many days before the key, on which dataset and tags."""

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

    @property
    def name(self) -> str:
        """x_1, x_2, … in the order in which the checks made them."""
        return f"x_{self.number}"

    @property
    def metric(self) -> str:
        """How it is printed: `average(price)`, with its own tags and its lag in brackets."""
        apart = [
            *([str(self.tags)] if self.tags else []),
            *([f"{self.lag_offset} d earlier"] if self.lag_offset else []),
        ]
        return self.spec.name + (f" [{', '.join(apart)}]" if apart else "")

    @property
    def needs(self) -> tuple[sp.Symbol, ...]:
        """Base and required symbols, each once, nearest day first."""
        if self.base is None:
            return self.required_metrics
        return tuple(dict.fromkeys((self.base, *self.required_metrics)))

    @property
    def identity(self) -> Identity:
        """Two symbols that agree in this are one number."""
        return self.spec, self.lag_offset, self.dataset, self.tags


Symbols = Mapping["sp.Symbol", SymbolicMetric]


class SymbolRegistry(Mapping["sp.Symbol", SymbolicMetric]):
    """The symbols of one suite, in the order in which they were made."""

    def __init__(self) -> None:
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
        return self._add(spec, lag, dataset, tags, None, ())

    def derive(self, spec: Derived, base: sp.Symbol, lag: int = 0) -> sp.Symbol:
        """A new symbol for a metric of the metric that `base` stands for, `lag` days before `base`."""
        of = self[base]
        self.bases.add(base)
        anchor = self.lagged(base, lag)
        # A window lists every day that is not the given base itself; a comparison lists the day it compares with.
        days = (self.lagged(base, lag + o) for o in spec.offsets)
        required = tuple(s for s in days if s != base and (spec.window or s != anchor))
        return self._add(spec, of.lag_offset + lag, of.dataset, of.tags, anchor, required)

    def lagged(self, symbol: sp.Symbol, days: int) -> sp.Symbol:
        """The symbol for the same metric `days` days earlier: the one there is, else a new one."""
        if days == 0:
            return symbol
        of = self[symbol]
        known = self._known.get((of.spec, of.lag_offset + days, of.dataset, of.tags))
        if known is not None:
            return known
        if of.base is None:
            return self.metric(of.spec, of.lag_offset + days, of.dataset, of.tags)
        assert isinstance(of.spec, Derived)
        return self.derive(of.spec, self.lagged(of.base, days))

    def on(self, symbol: sp.Symbol, dataset: str) -> sp.Symbol:
        """The symbol for the same metric on a dataset: the one there is, else a new one."""
        of = self[symbol]
        known = self._known.get((of.spec, of.lag_offset, dataset, of.tags))
        if known is not None:
            return known
        if of.base is None:
            return self.metric(of.spec, of.lag_offset, dataset, of.tags)
        assert isinstance(of.spec, Derived)
        return self.derive(of.spec, self.on(of.base, dataset))

    def _add(
        self,
        spec: Spec,
        lag: int,
        dataset: str | None,
        tags: TagOverrides | None,
        base: sp.Symbol | None,
        required: tuple[sp.Symbol, ...],
    ) -> sp.Symbol:
        number = len(self._symbols) + 1
        symbol = _symbol(number)
        made = SymbolicMetric(number, symbol, spec, lag, dataset, tags, base, required)
        self._symbols[symbol] = made
        self._known.setdefault(made.identity, symbol)
        return symbol


@cache
def _symbol(number: int) -> sp.Symbol:
    """One object for all suites: SymPy's own cache is emptied at each check."""
    import sympy as sp

    return sp.Symbol(f"x_{number}", real=True)
