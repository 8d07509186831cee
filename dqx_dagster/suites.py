"""Verification suites become asset checks: one op a suite, one scan for all its checks, one result a partition."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from weakref import WeakKeyDictionary

import dagster as dg

from dqx_core.engines.jobs import recording
from dqx_core.errors import DqxError
from dqx_core.harmless import harmless
from dqx_core.keys import ResultKey
from dqx_core.pausing import no_collection
from dqx_core.report import AssertionResult, Status
from dqx_core.suite import Suite
from dqx_dagster.check_results import evaluation_of
from dqx_dagster.check_specs import Assertion, AttachedCheck, Granularity, attached_checks
from dqx_dagster.dagster_internals import (
    TargetMaterialization,
    latest_materialization,
    latest_materializations,
    name_of,
)
from dqx_dagster.jobs import jobs_metadata
from dqx_dagster.siblings import Siblings, siblings_of
from dqx_dagster.standing import Judges
from dqx_dagster.targets import Asset, Context, Sources, SuiteTarget, suite_target
from dqx_dagster.translator import DqxTranslator, slug

ShownSql = Literal["problems", "all"]

_JUDGES: "WeakKeyDictionary[dg.OpDefinition, Judges]" = WeakKeyDictionary()
"""What each op judges: Dagster copies definitions as it puts a code location together, and keeps their ops."""


def judges_of(checks: dg.AssetChecksDefinition) -> Judges | None:
    """The suite that asset checks were made of, with its assets; None if they are none of ours."""
    return _JUDGES.get(checks.op) if isinstance(checks.node_def, dg.OpDefinition) else None


def suite_of(checks: dg.AssetChecksDefinition) -> Suite | None:
    """The suite that asset checks were made of; None if they are none of ours."""
    found = judges_of(checks)
    return None if found is None else found.target.suite


@no_collection()
def suite_checks(
    suite: Suite,
    asset: Asset | Sequence[Asset],
    *,
    source: Sources | None = None,
    engine: str | None = "engine",
    store: str = "store",
    granularity: Granularity = "assertion",
    partitioned_checks: bool = True,
    sql: ShownSql = "problems",
    retry_policy: dg.RetryPolicy | None = None,
    pool: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    automation_condition: dg.AutomationCondition[dg.AssetCheckKey] | None = None,
    translator: DqxTranslator | None = None,
) -> dg.AssetChecksDefinition:
    """One asset check per assertion of a suite, judged together by one op.

    Args:
        suite: What to check. It is built here, so a broken suite fails when the code location loads.
        asset: The asset that is checked, ours or not; several, if the suite compares datasets. An asset stands for
            the dataset of its name.
        source: Where the rows are, from the run's resources; by default the dataset in the engine. For several
            assets, a mapping by dataset.
        engine: The resource key of the engine; None when `source` needs none.
        store: The resource key of the metric store.
        granularity: "check" makes one asset check of all the assertions of a check.
        partitioned_checks: Give the checks the asset's partitions (a preview feature of Dagster). Without, every
            check has one history for the whole asset.
        sql: Which results show the SQL that measures their numbers: those that did not pass, or "all". Writing it
            takes some milliseconds a check.
        retry_policy: What to do when the engine or the store fails; a verdict is never tried again.
        pool: Dagster's pool that limits how many such ops run at once.
        op_tags: Tags of the op, such as those that an executor reads.
        automation_condition: When Dagster judges by itself; of all the checks.
        translator: Names and severities.

    Raises:
        DefinitionError: The suite cannot work, or two of its assertions get one name in Dagster.
    """
    names = translator or DqxTranslator()
    target = suite_target(suite, asset, source=source, engine=engine, store=store)
    graph = suite.build(calendar=target.partitioning.calendar)
    checks = attached_checks(
        graph, target, names, granularity, partitioned=partitioned_checks, automation_condition=automation_condition
    )
    first = next(iter(target.assets.values())).key

    @dg.multi_asset_check(
        name=f"{first.to_python_identifier()}__{slug(suite.name)}",
        specs=[check.spec for check in checks],
        can_subset=True,
        required_resource_keys=target.resources,
        retry_policy=retry_policy,
        pool=pool,
        op_tags=op_tags,
        description=f"Verification suite '{suite.name}': one scan for all its checks.",
    )
    def judge(context: dg.AssetCheckExecutionContext) -> Iterator[dg.Output[None] | dg.AssetCheckEvaluation]:
        selected = [check for check in checks if check.spec.key in context.selected_asset_check_keys]
        keys = target.keys(context)
        # An output for each check, whatever the number of partitions: what is downstream waits for these.
        for check in selected:
            yield dg.Output(None, output_name=check.spec.get_python_identifier())
        yield from evaluations(context, target, selected, keys, names, sql)

    _JUDGES[judge.op] = Judges(target, tuple(checks))
    return judge


def evaluations(
    context: Context,
    target: SuiteTarget,
    checks: Sequence[AttachedCheck],
    keys: Mapping[ResultKey, str | None],
    translator: DqxTranslator,
    sql: ShownSql = "problems",
) -> Iterator[dg.AssetCheckEvaluation]:
    """Judge the checks for every key, and say it of each partition by name.

    What compares a partition with the rows of this run is judged for it too: the splits of a day that are there
    already. Such a verdict stops nothing in this run, which did not make that partition.

    `AssetCheckResult` has no partition, so for a range of partitions Dagster could not tell its results apart.
    A check that is skipped says nothing: Dagster shows it as skipped.
    """
    wanted = {assertion for check in checks for assertion in check.assertions}
    partitions = None if target.partitions_def is None else [str(partition) for partition in keys.values()]
    # Before the rows are read: what replaces them meanwhile was not judged.
    there: dict[tuple[dg.AssetKey, ResultKey], TargetMaterialization | None] = {}
    for asset in dict.fromkeys(check.spec.asset_key for check in checks):
        materialized = latest_materializations(context.instance, asset, partitions)
        there |= {(asset, key): materialized.get(partition) for key, partition in keys.items()}
    beside = {check.spec.key: siblings_of(check, keys, target.partitioning, context.instance) for check in checks}
    for check in checks:
        there |= {(check.spec.asset_key, key): now for key, (_, now) in beside[check.spec.key].items()}
    verdicts: dict[ResultKey, dict[Assertion, AssertionResult]] = {}
    sql_of: dict[ResultKey, Judging] = {}
    with recording() as jobs:
        judgings: list[Judging] = []
        for some, asserted in ((list(keys), wanted), *_grouped(checks, beside)):
            named = {dataset for check in checks for dataset in check.datasets}
            found, judging = verify(context, target, some, asserted, named, beside=bool(judgings))
            judgings.append(judging)
            for result in found:
                verdicts.setdefault(result.key, {})[result.check, result.assertion] = result
                sql_of[result.key] = judging
    cost = jobs_metadata(jobs, target.price(context))
    told: list[AssertionResult] = []
    try:
        for check, partition, of in _asked(checks, keys, beside):
            asset = check.spec.asset_key
            judged = [
                replace(
                    verdicts[key][assertion],
                    asset=asset.to_user_string(),
                    materialization=name_of(there[asset, key]),
                )
                for key in of
                for assertion in check.assertions
            ]
            if all(result.status is Status.SKIPPED for result in judged):
                reasons = harmless("; ".join(dict.fromkeys(result.message for result in judged)))
                context.log.info(f"Skipped {check.spec.name} for {', '.join(map(str, of))}: {reasons}")
            else:
                shown = [r for r in judged if sql == "all" or r.status in (Status.FAILED, Status.ERROR)]
                yield evaluation_of(
                    judged,
                    check.spec,
                    partition,
                    there[asset, of[0]] if len(of) == 1 else latest_materialization(context.instance, asset, None),
                    context.run.run_id,
                    translator,
                    list(dict.fromkeys(statement for r in shown for statement in sql_of[r.key].sql(r))),
                    cost,
                    stops=any(key in keys for key in of),
                )
            told += judged
    finally:
        # What Dagster got, and nothing else, also where the run is stopped on the way.
        judgings[0].keep(told)


Beside = Mapping[dg.AssetCheckKey, Siblings]
"""The partitions that each check judges beside those of the run."""


def _grouped(checks: Sequence[AttachedCheck], beside: Beside) -> Iterator[tuple[list[ResultKey], set[Assertion]]]:
    """The partitions beside those of a run, with what is asked of them: those with the same questions together."""
    asked: dict[ResultKey, set[Assertion]] = {}
    for check in checks:
        for key in beside[check.spec.key]:
            asked.setdefault(key, set()).update(check.assertions)
    groups: dict[frozenset[Assertion], list[ResultKey]] = {}
    for key, assertions in asked.items():
        groups.setdefault(frozenset(assertions), []).append(key)
    for same, keys in groups.items():
        yield keys, {*same}


def _asked(
    checks: Sequence[AttachedCheck], keys: Mapping[ResultKey, str | None], beside: Beside
) -> Iterator[tuple[AttachedCheck, str | None, list[ResultKey]]]:
    """Each check with a partition and its key; one without partitions with all the keys of the run at once."""
    for number, (key, partition) in enumerate(keys.items()):
        for check in checks:
            if check.spec.partitions_def is not None:
                yield check, partition, [key]
            elif not number:
                yield check, None, [*keys, *beside[check.spec.key]]
    for check in checks:
        if check.spec.partitions_def is not None:
            for key, (partition, _) in beside[check.spec.key].items():
                yield check, partition, [key]


@dataclass(frozen=True)
class Judging:
    """What is left to do with verdicts."""

    sql: Callable[[AssertionResult], list[str]]
    """The statements that measure the numbers of one."""
    keep: Callable[[Sequence[AssertionResult]], None]
    """Writes those that were told into the store."""


def verify(
    context: Context,
    target: SuiteTarget,
    keys: Sequence[ResultKey],
    wanted: set[Assertion],
    datasets: Collection[str] = (),
    *,
    beside: bool = False,
) -> tuple[list[AssertionResult], Judging]:
    """Judge the keys under the id of the run, or beside its own; the verdicts, which are not in the store yet.

    Raises:
        dg.Failure: The suite, the engine or the store stands in the way; says which and the way out.
    """
    try:
        suite, data = target.verification(context), target.data(context, datasets)
        found = suite.run_many(
            data,
            keys,
            select=lambda c, a: (c, a) in wanted,
            announce=lambda text: context.log.info(harmless(text)),
            keep_results=False,
            beside=beside,
            judge_unfit=True,
        )
    except DqxError as error:
        raise _failure(f"Suite '{target.suite.name}' judged nothing", error) from error

    def keep(told: Sequence[AssertionResult]) -> None:
        try:
            suite.keep(told)
        except DqxError as error:
            raise _failure(f"The verdicts of suite '{target.suite.name}' could not be kept", error) from error

    return found, Judging(lambda result: suite.sql(data, result), keep)


def _failure(what: str, error: DqxError) -> dg.Failure:
    return dg.Failure(f"{what}. {type(error).__name__}: {harmless(error, lines=True)}")
