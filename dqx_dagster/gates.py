"""A gate across runs: an asset does not run on partitions that a suite found bad, whichever run found it."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import dagster as dg

from dqx_core.errors import DqxError
from dqx_core.keys import ResultKey
from dqx_core.report import AssertionResult, Severity, Status
from dqx_core.verification import Suite
from dqx_dagster.targets import Asset, suite_target

if TYPE_CHECKING:
    from dqx_core.store import MetricDB

Compute = TypeVar("Compute", bound=Callable[..., Any])


def require_checks(
    suite: Suite,
    asset: Asset,
    *,
    severity: Severity | str = Severity.P0,
    unjudged: Literal["stop", "pass"] = "stop",
    store: str = "store",
) -> Callable[[Compute], Compute]:
    """Stop an asset on partitions whose newest verdicts are bad; decorate its function, below `@dg.asset`.

    Dagster's blocking checks act inside one run. This gate reads the metric store, so it also stops a consumer
    that runs in another run, a backfill say. The function must take the context first, and the asset must
    require the store's resource: `required_resource_keys={"store"}`.

    Args:
        suite: Whose verdicts count.
        asset: The asset they were given on; its partitions are those of the decorated asset.
        severity: From which severity on a failed assertion stops: P0 is only the worst, P3 all.
        unjudged: What to do with a partition that no run has judged.
        store: The resource key of the metric store.
    """
    least = Severity(severity)
    target = suite_target(suite, asset, source=None, engine="engine", store=store)

    def decorate(compute: Compute) -> Compute:
        def check(context: Any) -> None:
            keys = target.keys(context)
            try:
                verdicts = newest_verdicts(getattr(context.resources, store).db, suite.name, list(keys))
            except DqxError as error:
                raise dg.Failure(f"The gate of suite '{suite.name}' stays closed: {error}") from error
            problems = _problems(keys, verdicts, least, unjudged)
            if problems:
                shown = "\n".join(problems[:20]) + (f"\n… and {len(problems) - 20} more" if len(problems) > 20 else "")
                raise dg.Failure(
                    f"Suite '{suite.name}' does not let these partitions pass:\n{shown}\n"
                    "Correct the data, materialize it again with its checks, then run this asset again.",
                    allow_retries=False,
                )

        return _guarded(compute, check)

    return decorate


def _guarded(compute: Compute, check: Callable[[Any], None]) -> Compute:
    """The function of an asset after a look at its context; Dagster asks of each kind of function which one it is."""

    async def generating(context: Any, *args: Any, **kwargs: Any) -> Any:
        check(context)
        async for each in compute(context, *args, **kwargs):
            yield each

    async def awaiting(context: Any, *args: Any, **kwargs: Any) -> Any:
        check(context)
        return await compute(context, *args, **kwargs)

    def plain(context: Any, *args: Any, **kwargs: Any) -> Any:
        check(context)
        return compute(context, *args, **kwargs)

    gated: Callable[..., Any] = plain
    if inspect.isasyncgenfunction(compute):
        gated = generating
    elif inspect.iscoroutinefunction(compute):
        gated = awaiting
    return cast("Compute", functools.wraps(compute)(gated))


def newest_verdicts(
    db: "MetricDB", suite: str, keys: Sequence[ResultKey]
) -> Mapping[ResultKey, Mapping[AssertionResult, str]]:
    """The newest verdict of every assertion for each key, with the id of the execution that gave it."""
    found: dict[ResultKey, dict[AssertionResult, str]] = {key: {} for key in keys}
    days = [key.yyyy_mm_dd for key in keys]
    if days:
        for result, execution_id in db.latest_results(suite, from_date=min(days), until_date=max(days)).items():
            if result.key in found:
                found[result.key][result] = execution_id
    return found


def _problems(
    keys: Mapping[ResultKey, str | None],
    verdicts: Mapping[ResultKey, Mapping[AssertionResult, str]],
    least: Severity,
    unjudged: str,
) -> list[str]:
    problems = []
    for key, partition in keys.items():
        where = partition or str(key)
        if not verdicts[key] and unjudged == "stop":
            problems.append(f"- {where}: no run has judged it.")
        for result, execution_id in verdicts[key].items():
            if result.severity <= least and result.status in (Status.FAILED, Status.ERROR):
                what = f"{result.severity} {result.check} › {result.assertion}: {result.message}"
                problems.append(f"- {where}: {what} (run {execution_id})")
    return problems
