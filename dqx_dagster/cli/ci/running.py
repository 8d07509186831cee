"""One run of a gate: in this process, quietly, with its verdicts and what broke."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from dqx_core.errors import DefinitionError
from dqx_dagster.cli.ci.ground import Ground
from dqx_dagster.cli.ci.location import cause
from dqx_dagster.cli.ci.planning import Batch
from dqx_dagster.cli.ci.spans import Span
from dqx_dagster.dagster_internals import listen

_COUNTED = (dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_DQX_BROKE = {"EngineError", "NotRunError", "NotThereError", "StoreError"}


@dataclass(frozen=True)
class Broken:
    """A step that failed, and not because a blocking check says so."""

    step: str
    message: str
    ours: bool
    """Whether the engine or the metric store failed."""


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    run_id: str
    batch: Batch
    partitions: Sequence[str | None]
    evaluations: Sequence[dg.AssetCheckEvaluation] = ()
    broken: Mapping[str, Broken] = field(default_factory=dict)
    """By step."""
    steps: Mapping[dg.AssetCheckKey, str] = field(default_factory=dict)
    """The step of each check."""
    failed: str | None = None
    """Why the run as a whole failed, where no step did."""
    blocked: Sequence[str] = ()
    """Steps that a blocking check stopped at."""


def run(job: dg.JobDefinition, batch: Batch, span: Span | None, ground: Ground, tell: Callable[[], object]) -> Ran:
    """Make the batch for a span of partitions.

    Raises:
        DefinitionError: The run cannot even start, because of its configuration, say.
    """
    run_id = str(uuid.uuid4())
    listen(ground.instance, run_id, lambda entry: tell() if _event(entry) in _COUNTED else None)
    quiet = _QUIET if not job.loggers or "console" in job.loggers else {}
    try:
        result = job.get_subset(asset_selection=batch.assets, asset_check_selection=batch.checks).execute_in_process(
            instance=ground.instance,
            run_id=run_id,
            tags=_tags(span),
            run_config=quiet,
            resources=ground.resources,
            raise_on_error=False,
        )
    except Exception as error:
        raise DefinitionError(f"The run{_of(span)} cannot start. {cause(error)}") from error
    failures = {event.step_key or "": event for event in result.all_events if event.is_step_failure}
    broken = {step: _broken(step, event.step_failure_data) for step, event in failures.items() if not _blocking(event)}
    keys: Sequence[str | None] = span.keys if span is not None else [None]
    whole = None
    if not result.success and not failures:
        whole = next((event.message for event in result.all_events if event.is_failure and event.message), "It failed.")
    return Ran(
        run_id,
        batch,
        keys,
        result.get_asset_check_evaluations(),
        broken,
        dict(_planned(ground.instance, run_id)),
        whole,
        [step for step, event in failures.items() if _blocking(event)],
    )


def _tags(span: Span | None) -> dict[str, str]:
    if span is None:
        return {}
    if span.first == span.last:
        return {"dagster/partition": span.first}
    return {"dagster/asset_partition_range_start": span.first, "dagster/asset_partition_range_end": span.last}


def _of(span: Span | None) -> str:
    if span is None:
        return ""
    return f" of {span.first}" if span.first == span.last else f" of {span.first} to {span.last}"


def _event(entry: dg.EventLogEntry) -> dg.DagsterEventType | None:
    return entry.dagster_event.event_type if entry.dagster_event is not None else None


def _planned(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[dg.AssetCheckKey, str]]:
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED):
        event = entry.dagster_event
        if event is not None and event.step_key is not None:
            yield event.asset_check_planned_data.asset_check_key, event.step_key


def _blocking(event: dg.DagsterEvent) -> bool:
    return any(error.cls_name == "DagsterAssetCheckFailedError" for error in _chain(event.step_failure_data.error))


def _broken(step: str, data: Any) -> Broken:
    chain = list(_chain(data.error))
    said = data.user_failure_data.description if data.user_failure_data is not None else None
    message = said or (chain[-1].message if chain else "") or "It failed without a word."
    return Broken(step, " ".join(message.split()), any(error.cls_name in _DQX_BROKE for error in chain))


def _chain(error: Any) -> Iterator[Any]:
    while error is not None:
        yield error
        error = error.cause or error.context
