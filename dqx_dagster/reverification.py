"""A job that judges partitions again without materializing them; it can be backfilled, which checks cannot be."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from weakref import WeakKeyDictionary

import dagster as dg

from dqx_core.errors import DefinitionError, DqxError
from dqx_core.harmless import harmless
from dqx_core.suite import Suite
from dqx_dagster.check_specs import Granularity, attached_checks
from dqx_dagster.sensors import FINISHED
from dqx_dagster.standing import Judges, Standing, to_judge
from dqx_dagster.suites import evaluations
from dqx_dagster.targets import Asset, Sources, suite_target
from dqx_dagster.translator import DqxTranslator, slug

_JUDGES: "WeakKeyDictionary[dg.OpDefinition, Judges]" = WeakKeyDictionary()
"""What the op of each job judges."""


def reverify_job(
    suite: Suite,
    asset: Asset | Sequence[Asset],
    *,
    source: Sources | None = None,
    engine: str | None = "engine",
    store: str = "store",
    granularity: Granularity = "assertion",
    only: Literal["unjudged"] | None = None,
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

    With `only="unjudged"` it judges those of a run's partitions that were not judged as they are now, and leaves the
    others alone: backfilled over everything, it costs what is missing.
    """
    if only not in (None, "unjudged"):
        raise DefinitionError(f"reverify_job(only={only!r}) knows 'unjudged' alone. Without `only` it judges all.")
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
    judges = Judges(target, tuple(checks))

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
        keys = target.keys(context)
        if only == "unjudged":
            missing = {each.partition for each in _to_judge(context, judges, list(keys.values()))}
            context.log.info(f"{len(missing)} of {len(keys)} partitions were not judged as they are.")
            keys = {key: partition for key, partition in keys.items() if partition in missing}
        stopping = []
        for evaluation in evaluations(context, target, checks, keys, names) if keys else ():
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

    _JUDGES[reverify] = judges
    return job


def _to_judge(context: dg.OpExecutionContext, judges: Judges, partitions: list[str | None]) -> list[Standing]:
    try:
        return to_judge(context.instance, judges, getattr(context.resources, judges.target.store).db, partitions)
    except DqxError as error:
        raise dg.Failure(f"What was judged cannot be read. {harmless(error, lines=True)}") from error


def unjudged_partitions_sensor(
    job: dg.JobDefinition,
    *,
    most: int = 20,
    name: str | None = None,
    minimum_interval_seconds: int = 300,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.RUNNING,
) -> dg.SensorDefinition:
    """A sensor that finds partitions that are there and were not judged as they are, and has a job judge them.

    A backfill that was cancelled and started again from where it failed counts what is written as done, and never
    judges it; neither does a run without its checks. A partition is asked for once for each of its materializations
    and each set of assertions, a run each. What a run that has not ended yet made is left to it.

    Args:
        job: What judges them, as `reverify_job` makes it.
        most: Partitions asked for at a tick.
        name: The sensor's name; by default the job's, with `_unjudged`.
        minimum_interval_seconds: How often to look.
        default_status: Whether it runs once deployed.

    Raises:
        DefinitionError: The job is not a re-verification job.
    """
    judges = next((found for node in job.all_node_defs if (found := _judges(node)) is not None), None)
    if judges is None:
        raise DefinitionError(
            f"unjudged_partitions_sensor takes a job that judges, such as reverify_job makes; '{job.name}' does not."
        )
    if most < 1:
        raise DefinitionError(f"unjudged_partitions_sensor(most={most}) asks for nothing. Give 1 or more.")

    @dg.sensor(
        name=name or f"{job.name}_unjudged",
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        required_resource_keys={judges.target.store},
        description=f"Has what suite '{judges.target.suite.name}' has not judged judged.",
    )
    def unjudged(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        found = to_judge(context.instance, judges, getattr(context.resources, judges.target.store).db)
        asked: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        keys = {each.partition: _run_key(job.name, each) for each in found}
        # Of what was judged since nothing has to be remembered.
        held = {partition: key for partition, key in asked.items() if key in keys.values()}
        running = _unfinished(context.instance, found)
        new = [each for each in found if each.run_id not in running and keys[each.partition] not in held.values()][
            :most
        ]
        cursor = json.dumps(held | {str(each.partition): keys[each.partition] for each in new})
        if not new:
            context.update_cursor(cursor)
            waiting = f"; {len(found)} are asked for or being made" if found else ""
            return dg.SkipReason(f"Nothing else is unjudged{waiting}.")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=keys[each.partition], partition_key=each.partition) for each in new],
            cursor=cursor,
        )

    return unjudged


def _judges(node: object) -> Judges | None:
    return _JUDGES.get(node) if isinstance(node, dg.OpDefinition) else None


def _run_key(job: str, standing: Standing) -> str:
    """One for each materialization of a partition, and for each set of assertions that are to be judged."""
    said = json.dumps([standing.asset, standing.partition, standing.materialization, standing.unjudged])
    return f"{job}:{standing.partition or standing.asset}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _unfinished(instance: dg.DagsterInstance, standings: Sequence[Standing]) -> set[str]:
    """The runs that made partitions and have not ended: their own checks may be about to judge them."""
    runs = list(dict.fromkeys(each.run_id for each in standings if each.run_id is not None))
    found: set[str] = set()
    for first in range(0, len(runs), 500):
        some = dg.RunsFilter(run_ids=runs[first : first + 500])
        found |= {run.run_id for run in instance.get_runs(some) if run.status not in FINISHED}
    return found
