"""Every metric there is, one line each: what the store can revive, the laws are tested on and the docs list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from dqx_core.errors import DefinitionError, DqxError
from dqx_core.metrics.base import MetricSpec, revive
from dqx_core.metrics.counts import CountOf, CountValues, NegativeCount, NullCount, NumRows
from dqx_core.metrics.custom import CustomSql
from dqx_core.metrics.distinct import ApproxUniqueCount, DuplicateCount, UniqueCount
from dqx_core.metrics.extremes import FirstValue, Maximum, Minimum
from dqx_core.metrics.moments import Average, Stddev, Sum, Variance
from dqx_core.metrics.quantiles import Median, Quantile
from dqx_core.metrics.text import MatchCount, MaxLength, MinLength

METRICS: tuple[type[MetricSpec], ...] = (
    NumRows,
    CountOf,
    NullCount,
    NegativeCount,
    CountValues,
    Sum,
    Average,
    Variance,
    Stddev,
    Minimum,
    Maximum,
    FirstValue,
    MatchCount,
    MinLength,
    MaxLength,
    Quantile,
    Median,
    UniqueCount,
    DuplicateCount,
    ApproxUniqueCount,
    CustomSql,
)

_BY_KIND = {metric.kind: metric for metric in METRICS}

M = TypeVar("M", bound=type[MetricSpec])


def register(metric: M) -> M:
    """Make a metric of your own one that stores can revive: `@register` above its class, in a module that is imported.

    Raises:
        DefinitionError: Another class has its kind.
    """
    known = _BY_KIND.setdefault(metric.kind, metric)
    if (known.__module__, known.__qualname__) != (metric.__module__, metric.__qualname__):
        raise DefinitionError(
            f"{metric.__name__} has kind '{metric.kind}', which is that of {known.__module__}.{known.__qualname__}. "
            "Stored numbers are told apart by it: choose another."
        )
    _BY_KIND[metric.kind] = metric  # the same class, from a module that was loaded again
    return metric


def is_registered(metric: type[MetricSpec]) -> bool:
    """Whether stores can revive its numbers."""
    return _BY_KIND.get(metric.kind) is metric


def spec_from_json(json: Mapping[str, Any]) -> MetricSpec:
    """The spec whose `json` this is.

    Raises:
        DqxError: The kind or a parameter is unknown to this version.
    """
    kind = json.get("kind", "")
    if kind not in _BY_KIND:
        raise DqxError(
            f"Metric '{kind}' is unknown to this process, which knows: {', '.join(sorted(_BY_KIND))}. "
            "If it is a metric of your own, import its module first; if not, a newer version of dqx knows it."
        )
    metric = _BY_KIND[kind]
    known = {f.name for f in fields(metric)}
    parameters = {name: revive(value) for name, value in json.items() if name != "kind"}
    if unknown := sorted(parameters.keys() - known):
        raise DqxError(f"Metric '{kind}' has a parameter {unknown[0]!r} that this version of dqx does not know.")
    return metric(**parameters)
