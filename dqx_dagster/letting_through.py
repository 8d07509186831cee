"""What an asset's function may do behind a gate: all its partitions, or those that were let through and no others."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import dagster as dg

Compute = TypeVar("Compute", bound=Callable[..., Any])

_LET_THROUGH: WeakKeyDictionary[Any, list[str]] = WeakKeyDictionary()
"""Of a step's context those of its partitions that its gates let through, where these are not all."""


def partitions_let_through(context: dg.AssetExecutionContext) -> list[str]:
    """The partitions of a run that its gates let through; all, where no gate of `on_bad="skip"` left one out.

    Raises:
        dg.DagsterInvariantViolationError: The asset has no partitions.
    """
    left = _LET_THROUGH.get(context)
    return [str(each) for each in context.partition_keys] if left is None else list(left)


def let_through(context: Any, partitions: Sequence[str]) -> None:
    """Note which partitions a gate lets through; behind several gates it is those that each of them does.

    Raises:
        dg.Failure: Dagster would write down all partitions as made, whatever the asset makes.
    """
    required = [each.name for each in context.op_execution_context.op_def.output_defs if each.is_required]
    if required:
        raise dg.Failure(
            "A gate of on_bad='skip' leaves partitions of this run out, and Dagster writes all of them down as made "
            "when an asset has to give an output. Say @dg.asset(output_required=False), or leave on_bad out.",
            allow_retries=False,
        )
    wanted = set(partitions)
    left = [each for each in partitions_let_through(context) if each in wanted]
    if not left:
        raise dg.Failure("Together the gates of this asset let no partition pass.", allow_retries=False)
    _LET_THROUGH[context] = left


def guarded(compute: Compute, check: Callable[[Any], None], *, some: bool) -> Compute:
    """The function of an asset after a look at its context; Dagster asks of each kind of function which one it is.

    With `some` a look may leave partitions out, of which nothing is written down.
    """

    async def generating(context: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        check(context)
        async for each in compute(context, *args, **kwargs):
            for event in _told(context, each):
                yield event

    async def awaiting(context: Any, *args: Any, **kwargs: Any) -> Any:
        check(context)
        return await compute(context, *args, **kwargs)

    async def awaited(context: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        check(context)
        for event in _told(context, await compute(context, *args, **kwargs)):
            yield event

    def plain(context: Any, *args: Any, **kwargs: Any) -> Any:
        check(context)
        return compute(context, *args, **kwargs)

    def told(context: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        check(context)
        found = compute(context, *args, **kwargs)
        for each in found if inspect.isgenerator(found) else [found]:
            yield from _told(context, each)

    gated: Callable[..., Any] = told if some else plain
    if inspect.isasyncgenfunction(compute):
        gated = generating
    elif inspect.iscoroutinefunction(compute):
        gated = awaited if some else awaiting
    return cast("Compute", functools.wraps(compute)(gated))


def _told(context: Any, result: Any) -> Iterator[Any]:
    """What Dagster hears of a result: of a run that left partitions out, a materialization of each of the others."""
    left = _LET_THROUGH.get(context)
    if result is None:
        result = dg.MaterializeResult()
    if isinstance(result, _EVENTS) or (left is None and isinstance(result, dg.MaterializeResult | dg.Output)):
        yield result
    elif left is None:
        yield dg.Output(result)
    elif isinstance(result, dg.MaterializeResult) and not _has_value(result):
        yield from _each(context, result, left)
    else:
        raise dg.Failure(
            "A gate left partitions of this run out, and an IO manager keeps a value for all of them. Keep it in the "
            "function, for each of partitions_let_through(context), and return MaterializeResult or nothing.",
            allow_retries=False,
        )


_EVENTS = (dg.AssetMaterialization, dg.AssetObservation, dg.AssetCheckResult, dg.AssetCheckEvaluation)


def _has_value(result: dg.MaterializeResult[Any]) -> bool:
    return "NoValueSentinel" not in (getattr(result.value, "__name__", ""), type(result.value).__name__)


def _each(context: Any, result: dg.MaterializeResult[Any], partitions: Sequence[str]) -> Iterator[Any]:
    tags = dict(result.tags or {})
    if result.data_version is not None:
        tags["dagster/data_version"] = result.data_version.value
    key = result.asset_key or context.asset_key
    for partition in partitions:
        yield dg.AssetMaterialization(key, metadata=result.metadata, partition=partition, tags=tags)
    yield from result.check_results
