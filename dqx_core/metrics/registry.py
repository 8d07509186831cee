"""Every metric there is, one line each: what the store can revive, the laws are tested on and the docs list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from dqx_core.errors import DqxError
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


def spec_from_json(json: Mapping[str, Any]) -> MetricSpec:
    """The spec whose `json` this is.

    Raises:
        DqxError: The kind or a parameter is unknown to this version.
    """
    kind = json.get("kind", "")
    if kind not in _BY_KIND:
        raise DqxError(
            f"Metric '{kind}' is unknown to this version of dqx, which knows: {', '.join(sorted(_BY_KIND))}."
        )
    metric = _BY_KIND[kind]
    known = {f.name for f in fields(metric)}
    parameters = {name: revive(value) for name, value in json.items() if name != "kind"}
    if unknown := sorted(parameters.keys() - known):
        raise DqxError(f"Metric '{kind}' has a parameter {unknown[0]!r} that this version of dqx does not know.")
    return metric(**parameters)
