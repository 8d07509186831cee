"""The metric provider: what a check asks for numbers, as symbols to calculate with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypedDict, Unpack

from dqx_core import history
from dqx_core.errors import DefinitionError
from dqx_core.history import Derived
from dqx_core.keys import user_overrides
from dqx_core.metrics.base import MetricSpec, Spec
from dqx_core.metrics.counts import CountOf, CountValues, NegativeCount, NullCount, NumRows, Scalar
from dqx_core.metrics.custom import CustomSql, Merge
from dqx_core.metrics.distinct import ApproxUniqueCount, DuplicateCount, UniqueCount
from dqx_core.metrics.extremes import FirstValue, Maximum, Minimum
from dqx_core.metrics.moments import Average, Stddev, Sum, Variance
from dqx_core.metrics.quantiles import Median, Quantile
from dqx_core.metrics.registry import is_registered
from dqx_core.metrics.text import MatchCount, MaxLength, MinLength

if TYPE_CHECKING:
    import sympy as sp

    from dqx_core.symbols import SymbolRegistry


class Place(TypedDict, total=False):
    """Which rows of which window a number is computed from."""

    lag: int
    """Windows of the calendar before the key: days, of a daily suite; 0 is the key's own."""
    dataset: str | None
    """Needed when the check has several datasets."""
    tags: Mapping[str, str | None] | None
    """Laid over the key's tags: `tags={"split": "train"}` while judging eval, `{"split": None}` for all splits."""


class Options(Place, total=False):
    """What every metric takes beside its own parameters."""

    where: str | None
    """A SQL condition on rows."""


class MetricProvider:
    """Makes symbols: `mp.average("price")` is a SymPy symbol that stands for that number.

    Every metric also takes `lag`, `dataset`, `tags` and `where` (see `Options`).
    """

    def __init__(self, registry: SymbolRegistry) -> None:
        self._registry = registry

    def metric(self, spec: MetricSpec, **place: Unpack[Place]) -> sp.Symbol:
        """The number that any spec describes."""
        if not isinstance(spec, MetricSpec):
            raise DefinitionError(f"mp.metric takes a metric spec such as Average('price'), not {spec!r}.")
        if not is_registered(type(spec)):
            raise DefinitionError(
                f"Metric {spec.name} could be kept and never read again: no store knows the kind '{spec.kind}'. "
                f"Write @register (dqx_core.metrics.registry) above class {type(spec).__name__}."
            )
        tags = place.get("tags")
        return self._registry.metric(
            spec,
            _lag(spec, place.get("lag", 0)),
            place.get("dataset"),
            None if tags is None else user_overrides(tags),
        )

    def num_rows(self, **options: Unpack[Options]) -> sp.Symbol:
        """Rows."""
        where, place = _apart(options)
        return self.metric(NumRows(where=where), **place)

    def count(self, column: str | None = None, **options: Unpack[Options]) -> sp.Symbol:
        """Non-null values of the column; without a column, rows."""
        where, place = _apart(options)
        return self.metric(CountOf(column, where=where), **place)

    def null_count(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Rows in which the column is null."""
        where, place = _apart(options)
        return self.metric(NullCount(column, where=where), **place)

    def count_values(self, column: str, values: Scalar | Iterable[Scalar], **options: Unpack[Options]) -> sp.Symbol:
        """Rows whose column is one of the values; null never counts."""
        where, place = _apart(options)
        listed = (values,) if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)
        return self.metric(CountValues(column, listed, where=where), **place)

    def negative_count(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Rows in which the column is below 0."""
        where, place = _apart(options)
        return self.metric(NegativeCount(column, where=where), **place)

    def match_count(self, column: str, regex: str, **options: Unpack[Options]) -> sp.Symbol:
        """Rows in which the whole text matches the pattern, in RE2's syntax."""
        where, place = _apart(options)
        return self.metric(MatchCount(column, regex, where=where), **place)

    def sum(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Sum of the non-null values, exact."""
        where, place = _apart(options)
        return self.metric(Sum(column, where=where), **place)

    def average(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Mean of the non-null values."""
        where, place = _apart(options)
        return self.metric(Average(column, where=where), **place)

    def variance(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Sample variance (n - 1) of the non-null values."""
        where, place = _apart(options)
        return self.metric(Variance(column, where=where), **place)

    def stddev(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Sample standard deviation (n - 1) of the non-null values."""
        where, place = _apart(options)
        return self.metric(Stddev(column, where=where), **place)

    def minimum(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Smallest non-null value; dates and timestamps as epoch seconds UTC."""
        where, place = _apart(options)
        return self.metric(Minimum(column, where=where), **place)

    def maximum(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Largest non-null value; dates and timestamps as epoch seconds UTC."""
        where, place = _apart(options)
        return self.metric(Maximum(column, where=where), **place)

    def first(self, column: str, order_by: str, **options: Unpack[Options]) -> sp.Symbol:
        """Value of the column where `order_by` is smallest, of several there the smallest."""
        where, place = _apart(options)
        return self.metric(FirstValue(column, order_by, where=where), **place)

    def min_length(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Fewest characters of a text, or items of a list or map."""
        where, place = _apart(options)
        return self.metric(MinLength(column, where=where), **place)

    def max_length(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Most characters of a text, or items of a list or map."""
        where, place = _apart(options)
        return self.metric(MaxLength(column, where=where), **place)

    def quantile(self, column: str, q: float, **options: Unpack[Options]) -> sp.Symbol:
        """Value below which the share q of the non-null values lies, exact."""
        where, place = _apart(options)
        return self.metric(Quantile(column, q, where=where), **place)

    def median(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Middle of the non-null values, exact."""
        where, place = _apart(options)
        return self.metric(Median(column, where=where), **place)

    def unique_count(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Distinct non-null values, exact."""
        where, place = _apart(options)
        return self.metric(UniqueCount(column, where=where), **place)

    def duplicate_count(self, columns: str | Iterable[str], **options: Unpack[Options]) -> sp.Symbol:
        """Rows beyond the first of each distinct tuple of the columns; null equals null."""
        where, place = _apart(options)
        listed = (columns,) if isinstance(columns, str) else tuple(columns)
        return self.metric(DuplicateCount(listed, where=where), **place)

    def approx_unique_count(self, column: str, **options: Unpack[Options]) -> sp.Symbol:
        """Distinct non-null values, with a standard error of 1.6 %, from a sketch that merges."""
        where, place = _apart(options)
        return self.metric(ApproxUniqueCount(column, where=where), **place)

    def custom_sql(self, expression: str, merge: Merge | None = None, **options: Unpack[Options]) -> sp.Symbol:
        """What an aggregate of yours gives, such as "SUM(price * quantity)"."""
        where, place = _apart(options)
        return self.metric(CustomSql(expression, merge, where=where), **place)

    @property
    def ext(self) -> ExtendedProvider:
        """Metrics of metrics: how a number moves against its own history."""
        return ExtendedProvider(self._registry)


class ExtendedProvider:
    """Makes symbols for metrics of metrics. Each takes the symbol of one metric and honours its lag."""

    def __init__(self, registry: SymbolRegistry) -> None:
        self._registry = registry

    def day_over_day(self, metric: sp.Symbol, lag: int = 0, *, dataset: str | None = None) -> sp.Symbol:
        """|today - yesterday| / |yesterday|; of hours, against the same hour of the day before."""
        return self._derive(history.DayOverDay(self._spec("day_over_day", metric)), metric, lag, dataset)

    def week_over_week(self, metric: sp.Symbol, lag: int = 0, *, dataset: str | None = None) -> sp.Symbol:
        """|today - 7 days ago| / |7 days ago|; of weeks, against the week before."""
        return self._derive(history.WeekOverWeek(self._spec("week_over_week", metric)), metric, lag, dataset)

    def change(
        self,
        metric: sp.Symbol,
        days: int = 1,
        lag: int = 0,
        *,
        windows: int | None = None,
        dataset: str | None = None,
    ) -> sp.Symbol:
        """(today - then) / then, with its sign; then is `days` days ago, or `windows` windows of the calendar ago."""
        base = self._spec("change", metric)
        spec = history.Change(base, days) if windows is None else history.ChangeInWindows(base, windows)
        return self._derive(spec, metric, lag, dataset)

    def stddev(
        self, metric: sp.Symbol, lag: int = 0, n: int = 7, *, min_periods: int | None = None, dataset: str | None = None
    ) -> sp.Symbol:
        """Sample standard deviation over the n windows (days, of a daily suite) that end `lag` before."""
        return self._derive(history.Stddev(self._spec("stddev", metric), n, min_periods), metric, lag, dataset)

    def mean(
        self, metric: sp.Symbol, lag: int = 0, n: int = 7, *, min_periods: int | None = None, dataset: str | None = None
    ) -> sp.Symbol:
        """Mean over the n windows (days, of a daily suite) that end `lag` before."""
        return self._derive(history.Mean(self._spec("mean", metric), n, min_periods), metric, lag, dataset)

    def median(
        self, metric: sp.Symbol, lag: int = 0, n: int = 7, *, min_periods: int | None = None, dataset: str | None = None
    ) -> sp.Symbol:
        """Median over the n windows (days, of a daily suite) that end `lag` before."""
        return self._derive(history.Median(self._spec("median", metric), n, min_periods), metric, lag, dataset)

    def minimum(
        self, metric: sp.Symbol, lag: int = 0, n: int = 7, *, min_periods: int | None = None, dataset: str | None = None
    ) -> sp.Symbol:
        """Smallest over the n windows (days, of a daily suite) that end `lag` before."""
        return self._derive(history.Minimum(self._spec("minimum", metric), n, min_periods), metric, lag, dataset)

    def maximum(
        self, metric: sp.Symbol, lag: int = 0, n: int = 7, *, min_periods: int | None = None, dataset: str | None = None
    ) -> sp.Symbol:
        """Largest over the n windows (days, of a daily suite) that end `lag` before."""
        return self._derive(history.Maximum(self._spec("maximum", metric), n, min_periods), metric, lag, dataset)

    def zscore(
        self,
        metric: sp.Symbol,
        n: int = 28,
        lag: int = 0,
        *,
        min_periods: int | None = None,
        dataset: str | None = None,
    ) -> sp.Symbol:
        """(today - mean of the n days before) / their sample standard deviation."""
        return self._derive(history.ZScore(self._spec("zscore", metric), n, min_periods), metric, lag, dataset)

    def _spec(self, name: str, metric: sp.Symbol) -> Spec:
        import sympy as sp

        if not isinstance(metric, sp.Symbol):
            raise DefinitionError(
                f"mp.ext.{name} takes the symbol of one metric, such as mp.average('price'), not {metric!r}. "
                "For an expression, apply it to each metric and calculate with the results."
            )
        return self._registry[metric].spec

    def _derive(self, spec: Derived, metric: sp.Symbol, lag: int, dataset: str | None) -> sp.Symbol:
        base = self._registry[metric]
        if dataset is not None and base.dataset is not None and dataset != base.dataset:
            raise DefinitionError(
                f"{spec.name} asks for dataset '{dataset}', but its base {base.name} is {base.spec.name} on dataset "
                f"'{base.dataset}'. Make the base metric on '{dataset}'."
            )
        on = metric if dataset is None else self._registry.on(metric, dataset)
        return self._registry.derive(spec, on, _lag(spec, lag))


def _apart(options: Options) -> tuple[str | None, Place]:
    place = options.copy()
    return place.pop("where", None), place


def _lag(spec: Spec, lag: int) -> int:
    if isinstance(lag, bool) or not isinstance(lag, int) or lag < 0:
        raise DefinitionError(
            f"{spec.name} has lag={lag!r}. A lag is a whole number of days, 0 or more, or of other windows."
        )
    return lag
