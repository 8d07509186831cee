"""A gate across runs: an asset runs only on partitions that a suite judged, and found good, as they are now."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg

from dqx_core.errors import DefinitionError, DqxError
from dqx_core.harmless import harmless
from dqx_core.keys import ResultKey
from dqx_core.profiles import adjustment
from dqx_core.report import AssertionResult, Severity, Status
from dqx_core.suite import Suite
from dqx_dagster.check_specs import Assertion, datasets_of
from dqx_dagster.dagster_internals import latest_materializations, name_of, partitions_read
from dqx_dagster.letting_through import Compute, guarded, let_through
from dqx_dagster.standing import Newest, newest_verdicts
from dqx_dagster.targets import Asset, SuiteTarget, nominal_date, suite_target

if TYPE_CHECKING:
    from dqx_core.graph import Graph
    from dqx_core.store import Given, MetricDB

_SHOWN = 20
"""Problems that a gate names; of the others it says how many there are."""


def require_checks(
    suite: Suite,
    asset: Asset,
    *,
    severity: Severity | str = Severity.P0,
    unjudged: Literal["stop", "pass"] = "stop",
    origins: Collection[str] | str = ("dagster",),
    on_bad: Literal["fail", "skip"] = "fail",
    store: str = "store",
) -> Callable[[Compute], Compute]:
    """Let an asset run only on partitions that were judged good; decorate its function, below `@dg.asset`.

    Dagster's blocking checks act inside one run. This gate reads the metric store, so it also stops a consumer
    that runs in another run, a backfill say. A partition is let through if every assertion that the suite makes of it
    today, of the severity asked for, has PASSED as its newest verdict, given by a Dagster run on the materialization
    that is there now. The partitions looked at are those of the judged asset that the consumer reads, by Dagster's
    own partition mapping.

    The function must take the context first, and the asset must require the store's resource:
    `required_resource_keys={"store"}`.

    Args:
        suite: Whose verdicts count.
        asset: The asset they were given on.
        severity: From which severity on an assertion counts: P0 is only the worst, P3 all.
        unjudged: What to do where an assertion was not judged: it was skipped, is new, was never run, or the partition
            was materialized again since. "pass" stops only at verdicts that are bad.
        origins: Whose verdicts count: those of Dagster runs; "cli" and "python" are runs by hand.
        on_bad: What a run over several partitions does where some are not let through. "skip" leaves these out: the
            function makes `partitions_let_through(context)`, and Dagster hears of these only. The asset must be one
            of `output_required=False`. A run that would make none of its partitions fails.
        store: The resource key of the metric store.

    Raises:
        DefinitionError: The suite cannot work, or makes no assertion of that severity on the asset.
    """
    if unjudged not in ("stop", "pass"):
        raise DefinitionError(f"unjudged={unjudged!r} is neither 'stop' nor 'pass'.")
    if on_bad not in ("fail", "skip"):
        raise DefinitionError(f"on_bad={on_bad!r} is neither 'fail' nor 'skip'.")
    origins = (origins,) if isinstance(origins, str) else tuple(origins)
    if not origins:
        raise DefinitionError("origins=() takes the verdicts of nobody. Leave it out, or name one, such as 'dagster'.")
    skips = on_bad == "skip"
    gate = Gate.of(suite, asset, Severity(severity), unjudged=unjudged, origins=origins, skips=skips, store=store)

    def decorate(compute: Compute) -> Compute:
        return guarded(compute, gate.check, some=skips)

    return decorate


@dataclass(frozen=True)
class Gate:
    """What a gate looks at."""

    target: SuiteTarget
    graph: "Graph"
    least: Severity
    unjudged: Literal["stop", "pass"]
    origins: tuple[str, ...]
    skips: bool
    """Whether a run goes on with those of its partitions that are let through."""

    @classmethod
    def of(
        cls,
        suite: Suite,
        asset: Asset,
        least: Severity,
        *,
        unjudged: Literal["stop", "pass"],
        origins: tuple[str, ...],
        store: str,
        skips: bool = False,
    ) -> "Gate":
        """The gate of a suite on an asset.

        Raises:
            DefinitionError: The suite cannot work, or makes no assertion of that severity on the asset.
        """
        target = suite_target(suite, asset, source=None, engine="engine", store=store)
        _ = target.only
        gate = cls(target, suite.build(calendar=target.partitioning.calendar), least, unjudged, origins, skips)
        if not suite.profiles and not any(node.severity <= least for _, node in gate.graph.root.assertions()):
            raise DefinitionError(
                f"The gate of suite '{suite.name}' could never close: it makes no assertion of severity {least} or "
                "worse. Name a lower one: require_checks(…, severity='P1')."
            )
        return gate

    def check(self, context: Any) -> None:
        """Look at every partition that a run reads.

        Raises:
            dg.Failure: One of them is not let through; it says which and why.
        """
        name = self.target.suite.name
        try:
            bad = self.problems(context, getattr(context.resources, self.target.store).db)
            good = [] if not bad or not self.skips else self._good(context, bad)
        except DqxError as error:
            raise dg.Failure(f"The gate of suite '{name}' stays closed: {harmless(error, lines=True)}") from error
        problems = [problem for found in bad.values() for problem in found]
        shown = [harmless(problem) for problem in problems[:_SHOWN]]
        more = [f"… and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        told = "\n".join([f"Suite '{name}' does not let these partitions pass:", *shown, *more])
        if good:
            let_through(context, good)
            context.log.warning(f"{told}\nThis run leaves out what reads them, and goes on with {len(good):,} others.")
        elif bad:
            advice = "Correct the data, materialize it again with its checks, then run this asset again."
            raise dg.Failure(f"{told}\n{advice}", allow_retries=False)

    def problems(self, context: Any, db: "MetricDB") -> "dict[str | None, list[str]]":
        """Why partitions are not let through: of each of those the reasons, a line each."""
        nominal = nominal_date(context)
        _, attached = self.target.only
        partitions, missing = self._read(context, _own(context))
        name = attached.key.to_user_string()
        if missing and not self.skips:
            raise dg.Failure(
                f"The gate of suite '{self.target.suite.name}' stays closed: this run reads partitions that {name} "
                f"does not have: {', '.join(missing[:_SHOWN])}.",
                allow_retries=False,
            )
        found: dict[str | None, list[str]] = {each: [f"- {each}: {name} does not have it."] for each in missing}
        keys = {self.target.partitioning.key(partition, nominal): partition for partition in partitions}
        if not keys and self.unjudged == "stop":
            found[None] = [f"- this run reads no partition of {name}: nothing was judged."]
        verdicts = newest_verdicts(db, self.target, name, list(keys), self.origins)
        elsewhere = self._elsewhere(db)
        listed = None if self.target.partitions_def is None else [str(each) for each in keys.values()]
        materialized = latest_materializations(context.instance, attached.key, listed)
        for key, partition in keys.items():
            where = partition or (str(key) if key.tags else name)
            asked = list(self._asked(key, elsewhere))
            problems = self._of_key(asked, verdicts[key], name_of(materialized.get(partition)))
            if told := [f"- {where}: {problem}" for problem in problems]:
                found[partition] = told
        return found

    def _of_key(
        self, asked: Sequence[tuple[Assertion, Severity]], verdicts: Newest, there: str | None
    ) -> Iterator[str]:
        if self.unjudged == "stop" and asked and not any(place in verdicts for place, _ in asked):
            yield "no run has judged it."
            return
        for place, severity in asked:
            if problem := self._problem(place, severity, verdicts.get(place), there):
                yield problem

    def _good(self, context: Any, bad: Mapping[str | None, Sequence[str]]) -> list[str]:
        """The partitions of a run that read none of those that are not let through."""
        found = []
        for partition in _own(context):
            read, missing = self._read(context, [partition])
            if read and not missing and not any(each in bad for each in read):
                found.append(partition)
        return found

    def _asked(self, key: ResultKey, elsewhere: Collection[Assertion] = ()) -> Iterator[tuple[Assertion, Severity]]:
        """The assertions that count for a key, and how bad each is there: profiles may say otherwise for a time."""
        dataset, attached = self.target.only
        read = {dep.path[-1] for dep in attached.deps}
        for check, node in self.graph.root.assertions():
            named = datasets_of(self.graph, check, node) or [dataset]
            place = (check.name, node.name)
            # Of several it is attached to the most downstream: to this one, if it reads all the others.
            reads_all = read.issuperset({*named} - {dataset})
            if dataset not in named or not (reads_all or (named[0] == dataset and place not in elsewhere)):
                continue
            adjusted = adjustment(self.target.suite.profiles, key.yyyy_mm_dd, check.name, node)
            severity = adjusted.severity or node.severity
            if adjusted.disabled_by is None and severity <= self.least:
                yield place, severity

    def _elsewhere(self, db: "MetricDB") -> Collection[Assertion]:
        """The assertions on several assets that were last judged as ones of another asset.

        A gate knows one asset and what that reads, not what reads it: the store knows where such a one is attached.
        """
        dataset, attached = self.target.only
        several = {
            (check.name, node.name)
            for check, node in self.graph.root.assertions()
            if len({*datasets_of(self.graph, check, node), dataset}) > 1
        }
        if not several:
            return ()
        judged = db.assets_judged(self.target.suite.name, self.origins)
        own = attached.key.to_user_string()
        return {place for place in several if judged.get(place, own) != own}

    def _problem(
        self,
        place: Assertion,
        severity: Severity,
        newest: "tuple[AssertionResult, Given] | None",
        there: str | None,
    ) -> str | None:
        what = f"{severity} {place[0]} › {place[1]}"
        if newest is None:
            return f"{what}: not judged; it may be new in the suite." if self.unjudged == "stop" else None
        result, given = newest
        bad = result.status in (Status.FAILED, Status.ERROR)
        if result.materialization != there and (self.unjudged == "stop" or not bad):
            older = "it was materialized again since" if there else "that materialization is not there any more"
            return None if self.unjudged == "pass" else f"{what}: not judged as it is now, {older}."
        if bad:
            return f"{what}: {result.message} (run {given.execution_id})"
        if result.status is Status.SKIPPED and self.unjudged == "stop":
            return f"{what}: not judged, it was skipped: {result.message} (run {given.execution_id})"
        return None

    def _read(self, context: Any, own: Sequence[str]) -> tuple[Sequence[str | None], Sequence[str]]:
        """The partitions of the judged asset that partitions of a run read; and those of them that it does not have.

        Raises:
            dg.Failure: Nothing says which they are.
        """
        if self.target.partitions_def is None:
            return [None], []
        _, attached = self.target.only
        consumer, name = context.assets_def, attached.key.to_user_string()
        if attached.key in consumer.dependency_keys:
            return partitions_read(context.instance, consumer, own, attached.key, self.target.partitions_def)
        if consumer.partitions_def == self.target.partitions_def:
            return list(own), []
        readers = ", ".join(key.to_user_string() for key in consumer.keys)
        raise dg.Failure(
            f"The gate of suite '{self.target.suite.name}' stays closed: {readers} has other "
            f"partitions than {name} and does not depend on it, so nothing says which of them "
            f"it reads. Add it to the asset's deps, with a partition mapping if need be.",
            allow_retries=False,
        )


def _own(context: Any) -> list[str]:
    """The partitions of a run; none of an asset that has no partitions."""
    return [str(each) for each in context.partition_keys] if context.assets_def.partitions_def is not None else []
