"""Which runs a gate takes: the selected assets and checks, together as far as their partitions are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from dqx_core.errors import DefinitionError, hint
from dqx_dagster.cli.ci.spans import Span, Wanted, spans_of
from dqx_dagster.quality_report import REPORT

Key = dg.AssetKey | dg.AssetCheckKey


@dataclass(frozen=True)
class Chosen:
    """The assets that are made and the checks that are judged."""

    assets: frozenset[dg.AssetKey]
    checks: frozenset[dg.AssetCheckKey]
    impossible: frozenset[dg.AssetCheckKey] = frozenset()
    """Checks that are only judged as their asset is made, which it is not."""


@dataclass(frozen=True)
class Batch:
    """Assets and checks with the same partitions, that one run makes."""

    assets: frozenset[dg.AssetKey]
    checks: frozenset[dg.AssetCheckKey]
    definition: dg.PartitionsDefinition[str] | None
    spans: tuple[Span, ...] | None
    """A run for each; None: they have no partitions, and one run makes them."""

    @property
    def partitions(self) -> list[str]:
        """The keys of all its runs."""
        return [key for span in self.spans or () for key in span.keys]


def choose(repository: dg.RepositoryDefinition, select: Sequence[str], *, checks_only: bool) -> Chosen:
    """What Dagster's selection syntax selects; of nothing said, everything.

    Raises:
        DefinitionError: It cannot be read, or there is nothing to judge.
    """
    graph = repository.asset_graph
    shown = ", ".join(select) or "*"
    known = [key.to_user_string() for key in graph.get_all_asset_keys()]
    try:
        found = [_selection(text) for text in select] or [dg.AssetSelection.all(include_sources=True)]
        assets = frozenset(key for each in found for key in each.resolve(graph))
        checks = frozenset(key for each in found for key in each.resolve_checks(graph))
    except dg.DagsterInvalidSubsetError as error:
        missing = next((text for text in select if text.strip("+*") not in known), shown)
        raise DefinitionError(f"--select {missing} names no asset. {hint(missing.strip('+*'), known)}") from error
    except dg.DagsterError as error:
        raise DefinitionError(
            f"--select {shown} is not a selection. Write it as for Dagster: shop_daily, shop_daily+, "
            '\'group:"datasets" and not kind:"pandas"\'.'
        ) from error
    made = frozenset() if checks_only else assets & frozenset(graph.materializable_asset_keys)
    if not select:  # a report is not judged, and is written where others read it
        made -= {key for key in made if REPORT in graph.get(key).tags}
    if not checks:
        with_checks = sorted({key.asset_key.to_user_string() for key in graph.asset_check_keys})
        what = "selects no asset" if not assets else "selects assets without checks"
        raise DefinitionError(
            f"--select {shown} {what}, so there is nothing to judge. "
            + (f"Assets with checks: {', '.join(with_checks)}." if with_checks else "The code location has no checks.")
        )
    # What one op makes and judges comes as a whole.
    named: list[Key] = [*made, *checks]
    whole = {key for each in named for key in graph.get_execution_set_asset_and_check_keys(each)}
    if not checks_only:
        made |= {key for key in whole if isinstance(key, dg.AssetKey)}
    checks |= {key for key in whole if isinstance(key, dg.AssetCheckKey)}
    impossible = frozenset(check for check in checks if not _needed(graph, check) <= made)
    return Chosen(made, checks - impossible, impossible)


def _needed(graph: dg.AssetGraph, check: dg.AssetCheckKey) -> frozenset[dg.AssetKey]:
    """The assets that the op of a check makes."""
    together = graph.get_execution_set_asset_and_check_keys(check)
    return frozenset(key for key in together if isinstance(key, dg.AssetKey))


def _selection(text: str) -> dg.AssetSelection:
    # As `dagster asset materialize --select`: a list of keys, where there is no expression to read.
    parts = text.split(",")
    return (
        dg.AssetSelection.from_coercible(parts)
        if len(parts) > 1 and '"' not in text
        else dg.AssetSelection.from_string(text)
    )


def batches(
    repository: dg.RepositoryDefinition, chosen: Chosen, wanted: Wanted, instance: dg.DagsterInstance
) -> list[Batch]:
    """The runs in an order in which everything comes after what it is made from.

    Raises:
        DefinitionError: Something selected does not have the partitions that are wanted, or nothing has partitions.
    """
    graph = repository.asset_graph
    found = []
    for definition, keys in _together(graph, chosen):
        assets = frozenset(key for key in keys if isinstance(key, dg.AssetKey))
        checks = frozenset(key for key in keys if isinstance(key, dg.AssetCheckKey))
        if definition is None:
            found.append(Batch(assets, checks, None, None))
            continue
        names = sorted({(key if isinstance(key, dg.AssetKey) else key.asset_key).to_user_string() for key in keys})
        spans = spans_of(definition, wanted, instance, names[0])
        most = _most(graph, assets, checks)
        found.append(Batch(assets, checks, definition, tuple(part for span in spans for part in span.parts(most))))
    if (wanted.keys or wanted.ranges) and all(batch.spans is None for batch in found):
        raise DefinitionError("Nothing that is selected has partitions: leave --partition and --partitions out.")
    return found


def _together(
    graph: dg.AssetGraph, chosen: Chosen
) -> Iterator[tuple[dg.PartitionsDefinition[str] | None, frozenset[Key]]]:
    """What may be made at once: of the same partitions, and everything before it made earlier or with it."""
    rest: set[Key] = {*chosen.assets, *chosen.checks}
    while rest:
        definitions: list[dg.PartitionsDefinition[str] | None] = []
        for key in sorted(rest, key=_order):
            if (definition := _partitions(graph, key)) not in definitions:
                definitions.append(definition)
        ready = [(definition, _ready(graph, rest, definition)) for definition in definitions]
        definition, keys = max(ready, key=lambda each: len(each[1]))
        assert keys, "assets and checks have no rings"
        yield definition, keys
        rest -= keys


def _ready(
    graph: dg.AssetGraph, rest: Iterable[Key], definition: dg.PartitionsDefinition[str] | None
) -> frozenset[Key]:
    """All of these partitions that waits for nothing else."""
    left = set(rest)
    keys = {key for key in left if _partitions(graph, key) == definition}
    while late := {key for key in keys if any(p in left and p not in keys for p in graph.get(key).parent_entity_keys)}:
        keys -= late
    return frozenset(keys)


def _partitions(graph: dg.AssetGraph, key: Key) -> dg.PartitionsDefinition[str] | None:
    """The partitions of an asset; of a check, those of its asset, whether it tells them apart or not."""
    asset = key if isinstance(key, dg.AssetKey) else key.asset_key
    found: dg.PartitionsDefinition[str] | None = (
        graph.get(asset).partitions_def if graph.has(asset) else graph.get(key).partitions_def
    )
    return found


def _most(graph: dg.AssetGraph, assets: Iterable[dg.AssetKey], checks: Iterable[dg.AssetCheckKey]) -> int | None:
    """How many partitions one run may make; None: any number."""
    limits = []
    for asset in assets:
        policy = graph.get(asset).backfill_policy
        limits.append(1 if policy is None else policy.max_partitions_per_run)
    # In a run over several partitions a plain check, or one without partitions, cannot say which one it speaks of.
    nodes = [graph.get(check) for check in checks]
    limits += [1 for node in nodes if node.partitions_def is None or "dqx/suite" not in node.metadata]
    return min((limit for limit in limits if limit is not None), default=None)


def _order(key: Key) -> str:
    return key.to_user_string()
