"""A suite's measurements as an asset of their own, kept by the metrics IO manager under the run that made them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dqx_core.engines.jobs import EngineJob, recording
from dqx_core.errors import DqxError
from dqx_core.keys import ExecutionId, ResultKey
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.metric import Metric
from dqx_core.suite import Suite
from dqx_core.trends import COLUMNS, LAGS, trend_rows
from dqx_dagster.dagster_internals import known_previews
from dqx_dagster.targets import Asset, SourceOf, suite_target
from dqx_dagster.translator import DqxTranslator, slug

SUITE = "dqx/suite"
DATASET = "dqx/dataset"
METRICS = "dqx/metrics"


@dataclass(frozen=True)
class Measurements:
    """What a suite measured for some partitions: what the metrics IO manager keeps."""

    suite: str
    keys: tuple[ResultKey, ...]
    dataset: str
    metrics: tuple[Metric, ...]
    execution_id: ExecutionId
    jobs: tuple[EngineJob, ...] = ()
    """What an engine that bills by the job ran for them."""
    price_per_tib: float | None = None


def suite_metrics_asset(
    suite: Suite,
    asset: Asset,
    *,
    source: SourceOf | None = None,
    engine: str | None = "engine",
    store: str = "store",
    io_manager_key: str = "metrics_io_manager",
    retry_policy: dg.RetryPolicy | None = None,
    pool: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    automation_condition: dg.AutomationCondition[dg.AssetKey] | None = None,
    translator: DqxTranslator | None = None,
) -> dg.AssetsDefinition:
    """An asset that measures all that a suite looks at, with yesterday's and last week's values.

    It shares what it measures with the suite's checks in the same run: whichever runs first measures. Arguments are
    those of `suite_checks`.
    """
    names = translator or DqxTranslator()
    target = suite_target(suite, asset, source=source, engine=engine, store=store)
    _, attached = target.only
    dataset = attached.key.to_user_string()
    calendar = target.partitioning.calendar
    built = suite.build(calendar=calendar)
    specs = {metric.spec.digest for metric in built.symbols.values() if isinstance(metric.spec, MetricSpec)}

    unit = "days" if calendar.unit == "d" else "partitions"

    with known_previews():

        @dg.asset(
            key=names.metrics_key(attached.key, suite.name),
            deps=[attached.key],
            partitions_def=target.partitions_def,
            backfill_policy=dg.BackfillPolicy.single_run(),
            io_manager_key=io_manager_key,
            required_resource_keys=target.resources,
            group_name="metrics",
            kinds={"dqx"},
            metadata={SUITE: suite.name, DATASET: dataset, METRICS: sorted(specs), **target.partitioning.metadata},
            description=f"Every number that suite '{suite.name}' looks at, with those of 1 and 7 {unit} before.",
            op_tags={**(op_tags or {}), "dqx/suite": slug(suite.name)},
            retry_policy=retry_policy,
            pool=pool,
            automation_condition=automation_condition,
        )
        def measure(context: dg.AssetExecutionContext) -> Measurements:
            keys = target.keys(context)
            try:
                data = target.data(context)
                graph = suite.build(data, calendar=calendar, judge_unfit=True)
                verification = target.verification(context)
                with recording() as jobs:
                    metrics = verification.measure(
                        data, list(keys), graph=graph, also_lags=LAGS, announce=context.log.info, persist=False
                    )
                before = verification.db.measured(verification.execution_id)
                known = [*metrics, *(metric for metric in before if metric.spec.digest in specs)]
            except DqxError as error:
                raise dg.Failure(f"Suite '{suite.name}' measured nothing. {type(error).__name__}: {error}") from error
            for key, partition in keys.items():
                plotted = _plotted(key, dataset, known, verification.execution_id)
                if partition is None:
                    context.add_asset_metadata(plotted)
                else:
                    context.add_asset_metadata(plotted, partition_key=partition)
            return Measurements(
                suite.name,
                tuple(keys),
                dataset,
                tuple(metrics),
                verification.execution_id,
                tuple(jobs),
                target.price(context),
            )

    return measure


def _plotted(key: ResultKey, dataset: str, metrics: Sequence[Metric], execution_id: ExecutionId) -> Mapping[str, Any]:
    """Each metric and its change to the window before as a number under its name, so that Dagster draws its trend.

    Dagster draws a name as one line through all partitions: each split has a name of its own.
    """
    part = f" [{key.tags}]" if key.tags else ""
    unique = {(metric.spec, metric.key, metric.dataset): metric for metric in metrics}
    step = "day" if key.calendar.unit == "d" else "window"
    found: dict[str, Any] = {}
    for row in trend_rows(key, dataset, list(unique.values()), execution_id):
        named = dict(zip(COLUMNS, row, strict=True))
        for column, suffix in (("value", ""), (f"{step}_over_{step}", f" {step} over {step}")):
            number = named[column]
            if isinstance(number, float) and not math.isnan(number):
                # GraphQL knows no infinity: the page of the asset would not load.
                found[f"{named['metric']}{suffix}{part}"] = number if math.isfinite(number) else str(number)
    return found
