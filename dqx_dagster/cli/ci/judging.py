"""What runs left, as verdicts: one for every selected check and partition, whether it was judged or not."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from dqx_core.report import AssertionResult, Status
from dqx_core.store import MetricDB
from dqx_dagster.cli.ci.running import Ran
from dqx_dagster.cli.ci.verdicts import Code, Outcome, Trouble, Verdict
from dqx_dagster.outcomes import outcome_in, severity_in, text_in
from dqx_dagster.partitions import Partitioning


def verdicts(
    graph: dg.AssetGraph, ran: Ran, stores: Sequence[MetricDB], later: Sequence[Ran] = ()
) -> Iterator[Verdict]:
    """Every check of a run on every partition it was to judge.

    A later run that made a split beside them judges what compares the two, and tells it of both: the last word counts.
    """
    told = {(e.asset_check_key, e.partition): (e, ran.run_id) for e in ran.evaluations}
    for each in later:
        told |= {
            (e.asset_check_key, e.partition): (e, each.run_id) for e in each.evaluations if e.partition is not None
        }
    suites = [result for store in stores for result in store.results(ran.run_id)]
    for check in sorted(ran.batch.checks, key=lambda key: (key.asset_key.to_user_string(), key.name)):
        node = graph.get(check)
        # One without partitions says one thing of all the partitions of its run.
        whole = node.partitions_def is None and len(ran.partitions) > 1
        for partition in [None] if whole else ran.partitions:
            about: dict[str, Any] = {
                "asset": check.asset_key.to_user_string(),
                "check": check.name,
                "title": _title(node.metadata, check.name),
                "partition": partition,
                "run_id": ran.run_id,
                "code": _code(graph, check),
            }
            if (said := told.get((check, partition if node.partitions_def is not None else None))) is not None:
                evaluation, about["run_id"] = said
                yield _judged(evaluation, about)
            else:
                outcome, message = _silence(graph, ran, check, partition, suites)
                yield Verdict(
                    **about, outcome=outcome, severity=severity_in(node.metadata, None, node.blocking), message=message
                )


def impossible(graph: dg.AssetGraph, checks: Iterable[dg.AssetCheckKey]) -> Iterator[Verdict]:
    """Checks that cannot be judged without making their asset, where it is not made."""
    for check in sorted(checks, key=lambda key: key.to_user_string()):
        node = graph.get(check)
        yield Verdict(
            asset=check.asset_key.to_user_string(),
            check=check.name,
            title=check.name,
            partition=None,
            outcome=Outcome.NO_RESULT,
            severity=severity_in(node.metadata, None, node.blocking),
            message="It is judged as its asset is made, never alone: run it without --checks-only.",
            code=_code(graph, check),
        )


def troubles(ran: Ran) -> Iterator[Trouble]:
    """What broke in a run beyond the silence of a check: the engine, the store, or the making of an asset."""
    where = _span(ran.partitions)
    if ran.failed is not None:
        yield Trouble("the run", where, ran.failed)
    checks = set(ran.steps.values())
    for step, broken in ran.broken.items():
        if broken.ours or step not in checks:
            yield Trouble(step, where, broken.message)


def _judged(evaluation: dg.AssetCheckEvaluation, about: Mapping[str, Any]) -> Verdict:
    found = {name: getattr(value, "value", None) for name, value in evaluation.metadata.items()}
    outcome = outcome_in(evaluation)
    value, bound = found.get("value"), found.get("bound")
    return Verdict(
        **about,
        outcome=Outcome(outcome.status.value),
        severity=outcome.severity,
        message=evaluation.description or ("It passed." if evaluation.passed else "It failed, and does not say why."),
        value=float(value) if isinstance(value, int | float) else None,
        bound=str(bound) if bound is not None else None,
        absent=outcome.absent,
    )


def _silence(
    graph: dg.AssetGraph, ran: Ran, check: dg.AssetCheckKey, partition: str | None, suites: Sequence[AssertionResult]
) -> tuple[Outcome, str]:
    """Why a check says nothing."""
    node = graph.get(check)
    partitioning = Partitioning.of(ran.batch.definition, graph.get(check.asset_key).metadata)
    suite, name, assertion = (text_in(node.metadata, f"dqx/{what}") for what in ("suite", "check", "assertion"))
    step = ran.steps.get(check)
    if step is not None and step in ran.broken:
        return Outcome.NO_RESULT, f"It did not finish: {ran.broken[step].message}"
    asset = check.asset_key.to_user_string()
    skipped = [
        result.message
        for result in suites
        if result.status is Status.SKIPPED
        and result.asset in (None, asset)
        and (result.suite, result.check) == (suite, name)
        and assertion in (None, result.assertion)
        and (partition is None or _same_partition(result, partition, partitioning))
    ]
    if skipped:
        # Which execution it is stands beside every verdict.
        told = (message.replace(f" in execution {ran.run_id}", "") for message in skipped)
        return Outcome.SKIPPED, "; ".join(dict.fromkeys(told))
    if before := [*ran.broken, *ran.blocked]:
        return Outcome.NO_RESULT, f"It did not run, because {before[0]} failed before it."
    if ran.failed is not None:
        return Outcome.NO_RESULT, f"It did not run: {ran.failed}"
    return Outcome.NO_RESULT, "It gave no result for this partition." if partition else "It gave no result."


def _same_partition(result: AssertionResult, partition: str, partitioning: Partitioning) -> bool:
    return result.key == partitioning.key(partition, result.yyyy_mm_dd)


def _title(metadata: Mapping[str, Any], name: str) -> str:
    check, assertion = text_in(metadata, "dqx/check"), text_in(metadata, "dqx/assertion")
    return " › ".join(part for part in (check, assertion) if part) or name


def _code(graph: dg.AssetGraph, check: dg.AssetCheckKey) -> Code | None:
    """Where the check is written, if that is below the current folder."""
    references = graph.get(check).metadata.get("dagster/code_references")
    if references is not None:
        at = [(reference.file_path, reference.line_number) for reference in references.code_references]
    else:
        node = graph.assets_def_for_key(check).node_def
        function = getattr(getattr(node, "compute_fn", None), "decorated_fn", None)
        code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
        at = [] if code is None else [(code.co_filename, code.co_firstlineno)]
    for file, line in at:
        if Path(file).is_relative_to(Path.cwd()) and "site-packages" not in file:
            return Code(str(Path(file).relative_to(Path.cwd())), line)
    return None


def _span(partitions: Sequence[str | None]) -> str:
    named = [partition for partition in partitions if partition is not None]
    if len(named) < 2:
        return "".join(named)
    return f"{named[0]} to {named[-1]}"
