"""A store over another one: what is measured goes into the upper, history comes from both, the lower is only read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from returns.result import Success

from dqx_core.metrics.metric import Metric
from dqx_core.report import AssertionResult
from dqx_core.store.reading import Wanted
from dqx_core.store.repository import MetricDB
from dqx_core.store.results import Asked, Given, judged


class LayeredMetricDB(MetricDB):
    """The metric store at a URL, with the history of a store below it, which is never written.

    A number or a verdict that the upper store knows outranks what the lower one says of the same place, whichever
    is newer. Executions are those of the upper store alone.
    """

    def __init__(self, url: str, below: MetricDB) -> None:
        """Open the upper store; the lower one is closed with it."""
        super().__init__(url)
        self._below = below

    def close(self) -> None:
        """Give the connections of both back."""
        super().close()
        self._below.close()

    def latest_many(
        self, wanted: Iterable[Wanted], *, data_versions: Mapping[Wanted, str | None] | None = None
    ) -> dict[Wanted, Metric]:
        """The newest measurement of each wanted number, of the lower store where the upper knows nothing of it."""
        asked = list(wanted)
        own = self._newest(asked, data_versions or {})
        rest = [item for item in asked if item not in own]
        # A failure in the upper store is an answer too: what the lower one says is not true of the data any more.
        found = {item: metric for item, metric in own.items() if isinstance(metric.value, Success)}
        versions = {item: data_versions[item] for item in rest if item in data_versions} if data_versions else None
        return {**self._below.latest_many(rest, data_versions=versions), **found} if rest else found

    def _newest_results(self, asked: Asked) -> dict[AssertionResult, Given]:
        """The newest verdicts, of the lower store where the upper gave none."""
        own = super()._newest_results(asked)
        known = {(judged(result), result.asset) for result in own}
        # As within one store: a verdict that names no asset is told until a later one names one.
        known |= {(judged(result), None) for result in own}
        below = self._below._newest_results(asked)
        return {**own, **{r: given for r, given in below.items() if (judged(r), r.asset) not in known}}
