"""Verification suites become asset checks: specs and results from one source."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dqx_core.engines.base import DataSource
from dqx_core.errors import DefinitionError, DqxError
from dqx_core.graph import AssertionNode, CheckNode, Graph
from dqx_core.keys import ResultKey
from dqx_core.report import AssertionResult, Status
from dqx_core.verification import Suite, VerificationSuite
from dqx_dagster.check_results import metadata_of
from dqx_dagster.dagster_internals import known_previews, latest_materialization
from dqx_dagster.partitions import result_key
from dqx_dagster.translator import DqxTranslator, slug

SourceOf = Callable[[Any], DataSource]
"""From the run's resources to the data source that a suite measures."""

Asset = dg.AssetsDefinition | dg.AssetSpec


@dataclass(frozen=True)
class SuiteTarget:
    """A suite attached to an asset: what its checks and its metrics asset both need to know."""

    suite: Suite
    key: dg.AssetKey
    partitions_def: dg.PartitionsDefinition[str] | None
    source: SourceOf
    engine: str | None
    store: str

    @property
    def resources(self) -> set[str]:
        """The resource keys that measuring takes."""
        return {self.store, *([self.engine] if self.engine else [])}

    def result_keys(
        self, context: dg.AssetCheckExecutionContext | dg.AssetExecutionContext
    ) -> dict[ResultKey, str | None]:
        """The days and tags the run speaks of, with their partition, in date order.

        Raises:
            dg.Failure: The asset has partitions and the run names none.
        """
        if self.partitions_def is None:
            return {result_key(None, None, nominal_date(context)): None}
        if not (context.has_partition_key or context.has_partition_key_range):
            raise dg.Failure(
                f"Suite '{self.suite.name}' judges partitions of {self.key.to_user_string()}, and this run names none: "
                "'Execute all' in the UI passes no partition. Materialize the partition with its checks, backfill the "
                "re-verification job, or launch the checks with the run tag dagster/partition=<partition key>.",
                allow_retries=False,
            )
        nominal = nominal_date(context)
        return {result_key(str(pk), self.partitions_def, nominal): str(pk) for pk in context.partition_keys}

    def verification(self, context: dg.AssetCheckExecutionContext | dg.AssetExecutionContext) -> VerificationSuite:
        """The suite, ready to run under the id of the Dagster run."""
        store = getattr(context.resources, self.store)
        return VerificationSuite(
            self.suite.checks, store.db, self.suite.name, execution_id=context.run.run_id, origin="dagster"
        )


def suite_checks(
    suite: Suite,
    asset: Asset,
    *,
    source: SourceOf | None = None,
    engine: str | None = "engine",
    store: str = "store",
    partitioned_checks: bool = True,
    translator: DqxTranslator | None = None,
) -> dg.AssetChecksDefinition:
    """One asset check per assertion of a suite, judged together by one op.

    Args:
        suite: What to check. It is built here, so a broken suite fails when the code location loads.
        asset: The asset that is checked, ours or not.
        source: Where its rows are, from the run's resources; by default the dataset of the asset's name in the engine.
        engine: The resource key of the engine; None when `source` needs none.
        store: The resource key of the metric store.
        partitioned_checks: Give the checks the asset's partitions (a preview feature of Dagster). Without, every
            check has one history for the whole asset.
        translator: Names and severities.

    Raises:
        DefinitionError: The suite cannot work, or two of its assertions get one name in Dagster.
    """
    names = translator or DqxTranslator()
    target = suite_target(suite, asset, source=source, engine=engine, store=store)
    specs = check_specs(suite.build(), target, names, partitioned_checks)
    by_name = {spec.name: spec for spec in specs}

    @dg.multi_asset_check(
        name=f"{target.key.to_python_identifier()}__{slug(suite.name)}",
        specs=specs,
        can_subset=True,
        required_resource_keys=target.resources,
        description=f"Verification suite '{suite.name}': one scan for all its checks.",
    )
    def judge(context: dg.AssetCheckExecutionContext) -> Iterator[dg.Output[None] | dg.AssetCheckEvaluation]:
        keys = target.result_keys(context)
        selected = {key.name for key in context.selected_asset_check_keys}
        for name in sorted(selected):
            yield dg.Output(None, output_name=by_name[name].get_python_identifier())
        results = verify(context, target, list(keys), lambda c, a: names.check_name(c, a) in selected)
        judged = {
            partition: latest_materialization(context.instance, target.key, partition) for partition in keys.values()
        }
        for result in results:
            if result.status is Status.SKIPPED:
                context.log.info(
                    f"Skipped {result.check} › {result.assertion} for {result.yyyy_mm_dd}: {result.message}"
                )
                continue
            partition = keys[ResultKey(result.yyyy_mm_dd, result.tags)]
            spec = by_name[names.check_name(result.check, result.assertion)]
            yield dg.AssetCheckEvaluation(
                asset_key=target.key,
                check_name=spec.name,
                passed=result.status is Status.PASSED,
                severity=names.severity(result.severity),
                description=result.message,
                blocking=spec.blocking,
                partition=partition if spec.partitions_def is not None else None,
                target_materialization_data=judged[partition],
                metadata=metadata_of(result, context.run.run_id),
            )

    return judge


def suite_target(suite: Suite, asset: Asset, *, source: SourceOf | None, engine: str | None, store: str) -> SuiteTarget:
    """A suite attached to an asset."""
    dataset = asset.key.path[-1]
    if source is None and engine is None:
        raise DefinitionError(
            f"suite_checks('{suite.name}') has neither a source nor an engine: it cannot find any rows."
        )
    return SuiteTarget(
        suite,
        asset.key,
        asset.partitions_def,
        source or (lambda resources: getattr(resources, engine or "").data_source(dataset)),
        engine,
        store,
    )


def verify(
    context: dg.AssetCheckExecutionContext,
    target: SuiteTarget,
    keys: Sequence[ResultKey],
    select: Callable[[str, str], bool],
) -> list[AssertionResult]:
    """Judge the keys under the id of the run.

    Raises:
        dg.Failure: The suite, the engine or the store stands in the way; says which and the way out.
    """
    try:
        suite = target.verification(context)
        return suite.run_many([target.source(context.resources)], keys, select=select, announce=context.log.info)
    except DqxError as error:
        raise dg.Failure(f"Suite '{target.suite.name}' judged nothing. {type(error).__name__}: {error}") from error


def check_specs(
    graph: Graph, target: SuiteTarget, translator: DqxTranslator, partitioned: bool
) -> list[dg.AssetCheckSpec]:
    """The asset check of every assertion, under names that are stable and unique.

    Raises:
        DefinitionError: Two assertions get one name.
    """
    named: dict[str, tuple[CheckNode, AssertionNode]] = {}
    for check, assertion in graph.root.assertions():
        name = translator.check_name(check.name, assertion.name)
        if name in named:
            other_check, other = named[name]
            raise DefinitionError(
                f"Suite '{graph.root.name}': '{check.name} › {assertion.name}' and "
                f"'{other_check.name} › {other.name}' are both called '{name}' in Dagster, "
                "where names are letters, digits and underscores. Rename one."
            )
        named[name] = (check, assertion)
    with known_previews():
        return [
            dg.AssetCheckSpec(
                name,
                asset=target.key,
                description=_description(graph, check, assertion),
                blocking=translator.blocking(assertion.severity),
                metadata=_spec_metadata(graph, check, assertion),
                partitions_def=target.partitions_def if partitioned else None,
            )
            for name, (check, assertion) in named.items()
        ]


def _description(graph: Graph, check: CheckNode, assertion: AssertionNode) -> str:
    return f"{check.name} › {assertion.name}: {_condition(graph, assertion)}"


def _condition(graph: Graph, assertion: AssertionNode) -> str:
    from dqx_core.expressions import text

    def shown(expression: Any) -> str:
        return text(expression, lambda symbol: graph.symbols[symbol].metric)

    return f"{shown(assertion.expression)} {assertion.bound.text([shown(limit) for limit in assertion.bound.limits])}"


def _spec_metadata(graph: Graph, check: CheckNode, assertion: AssertionNode) -> Mapping[str, Any]:
    return {
        "dqx/suite": graph.root.name,
        "dqx/check": check.name,
        "dqx/assertion": assertion.name,
        "dqx/severity": str(assertion.severity),
        "dqx/condition": _condition(graph, assertion),
    }


def nominal_date(context: dg.AssetCheckExecutionContext | dg.AssetExecutionContext) -> dt.date:
    """The day of an asset without dates: that on which the run was created, in UTC."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    return (record.create_timestamp if record else dt.datetime.now(dt.UTC)).date()
