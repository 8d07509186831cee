"""A job that judges partitions again without materializing them; it can be backfilled, which checks cannot be."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from dqx_core.errors import DefinitionError
from dqx_core.verification import Suite
from dqx_dagster.check_specs import Granularity, attached_checks
from dqx_dagster.suites import evaluations
from dqx_dagster.targets import Asset, Sources, suite_target
from dqx_dagster.translator import DqxTranslator, slug


def reverify_job(
    suite: Suite,
    asset: Asset | Sequence[Asset],
    *,
    source: Sources | None = None,
    engine: str | None = "engine",
    store: str = "store",
    granularity: Granularity = "assertion",
    retry_policy: dg.RetryPolicy | None = None,
    pool: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    automation_condition: dg.AutomationCondition[dg.AssetCheckKey] | None = None,
    translator: DqxTranslator | None = None,
    name: str | None = None,
) -> dg.JobDefinition:
    """A job with the assets' partitions whose results land in the history of the suite's checks.

    Give it the same arguments as `suite_checks`. Launch it for a partition, or backfill it, in the UI or with
    `dagster job backfill`. A failed P0 check fails the run, as it does beside the asset. A job is not launched by a
    condition: `automation_condition` is refused.
    """
    if automation_condition is not None:
        raise DefinitionError(
            f"A condition cannot launch a job, such as this one of suite '{suite.name}'. Give automation_condition to "
            "suite_checks, or the job a schedule."
        )
    names = translator or DqxTranslator()
    target = suite_target(suite, asset, source=source, engine=engine, store=store)
    graph = suite.build(calendar=target.partitioning.calendar)
    checks = attached_checks(graph, target, names, granularity, partitioned=True)
    label = name or f"reverify_{next(iter(target.assets.values())).key.to_python_identifier()}__{slug(suite.name)}"

    @dg.op(
        name=f"{label}_op",
        out=dg.Out(dg.Nothing),
        required_resource_keys=target.resources,
        retry_policy=retry_policy,
        pool=pool,
        tags=op_tags,
        description=f"Judge partitions by suite '{suite.name}' again.",
    )
    def reverify(context: dg.OpExecutionContext) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        stopping = []
        for evaluation in evaluations(context, target, checks, target.keys(context), names):
            yield evaluation
            if evaluation.blocking and not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR:
                stopping.append(f"{evaluation.check_name} on {evaluation.partition}: {evaluation.description}")
        if stopping:
            raise dg.Failure("Blocking checks failed: " + "; ".join(stopping), allow_retries=False)
        yield dg.Output(None)

    @dg.job(
        name=label, partitions_def=target.partitions_def, description=f"Judge partitions by suite '{suite.name}' again."
    )
    def job() -> None:
        reverify()

    return job
