"""A suite's assertions as asset check specs: names, targets, descriptions; one source for specs and results."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dagster as dg

from dqx_core.calendars import NOW
from dqx_core.checks import Check
from dqx_core.errors import DefinitionError
from dqx_core.expressions import text
from dqx_core.graph import AssertionNode, CheckNode, Graph
from dqx_core.harmless import harmless
from dqx_core.keys import TagOverrides
from dqx_dagster.dagster_internals import known_previews
from dqx_dagster.targets import SuiteTarget
from dqx_dagster.translator import DqxTranslator, digest, slug

Granularity = Literal["assertion", "check"]

Assertion = tuple[str, str]
"""Check and assertion, by name."""


@dataclass(frozen=True)
class AttachedCheck:
    """One asset check, and the assertions it stands for."""

    spec: dg.AssetCheckSpec
    assertions: tuple[Assertion, ...]
    datasets: frozenset[str] = frozenset()
    """Those that they speak of; none where the suite's only asset goes without saying."""
    across: tuple[TagOverrides, ...] = ()
    """The tags under which they look at other rows of the same window than their own, such as those of eval."""


def attached_checks(
    graph: Graph,
    target: SuiteTarget,
    translator: DqxTranslator,
    granularity: Granularity,
    *,
    partitioned: bool,
    automation_condition: dg.AutomationCondition[dg.AssetCheckKey] | None = None,
) -> list[AttachedCheck]:
    """The asset checks of a suite, under names that are stable and unique for each asset.

    An assertion is attached to the most downstream asset that it speaks of, so that a blocking one never waits for
    what waits for it; the other assets become dependencies.

    Raises:
        DefinitionError: Two of them get one name, or one speaks of a dataset that is not an asset of the suite.
    """
    if granularity not in ("assertion", "check"):
        raise DefinitionError(f"granularity={granularity!r} is neither 'assertion' nor 'check'.")
    listed = [(_asset(graph, target, c, a), c, a) for c, a in graph.root.assertions()]
    named = _names([(asset, c.name, a.name) for asset, c, a in listed], translator, granularity)
    found: dict[tuple[dg.AssetKey, str], list[tuple[CheckNode, AssertionNode]]] = {}
    for asset, check, assertion in listed:
        name = named[asset, check.name, assertion.name]
        group = found.setdefault((asset, name), [])
        if group and (granularity == "assertion" or group[0][0].name != check.name):
            other_check, other = group[0]
            raise DefinitionError(
                f"Suite '{graph.root.name}': '{check.name} › {assertion.name}' and "
                f"'{other_check.name} › {other.name}' are both called '{name}' in Dagster, "
                "where names are letters, digits and underscores. Rename one."
            )
        group.append((check, assertion))
    with known_previews():
        code = {check.name: _code(check) for check in target.suite.checks}
        return [
            _attached(graph, target, translator, asset, name, group, code, partitioned, automation_condition)
            for (asset, name), group in found.items()
        ]


def _names(
    places: Sequence[tuple[dg.AssetKey, str, str]], translator: DqxTranslator, granularity: Granularity
) -> Mapping[tuple[dg.AssetKey, str, str], str]:
    """The name of the asset check of each assertion, by asset, check and assertion.

    Of names that are the same in Latin letters, those of other scripts get a digest of what was written.
    """
    found: dict[tuple[dg.AssetKey, str, str], str] = {}
    of_name: dict[tuple[dg.AssetKey, str], dict[tuple[str, ...], None]] = {}
    for asset, check, assertion in places:
        name = slug(check) if granularity == "check" else translator.check_name(check, assertion)
        found[asset, check, assertion] = name
        of_name.setdefault((asset, name), {})[(check,) if granularity == "check" else (check, assertion)] = None
    for (asset, check, assertion), name in found.items():
        written = (check,) if granularity == "check" else (check, assertion)
        if len(of_name[asset, name]) > 1 and not all(text.isascii() for text in written):
            found[asset, check, assertion] = f"{name}_{digest(*written)}"
    return found


def _attached(
    graph: Graph,
    target: SuiteTarget,
    translator: DqxTranslator,
    asset: dg.AssetKey,
    name: str,
    group: Sequence[tuple[CheckNode, AssertionNode]],
    code: Mapping[str, Mapping[str, Any]],
    partitioned: bool,
    automation_condition: dg.AutomationCondition[dg.AssetCheckKey] | None,
) -> AttachedCheck:
    conditions = [_condition(graph, assertion) for _, assertion in group]
    datasets = dict.fromkeys(each for check, assertion in group for each in datasets_of(graph, check, assertion))
    spec = dg.AssetCheckSpec(
        name,
        asset=asset,
        # Of those that it speaks of and no others: what is judged upstream does not wait for what waits for it.
        additional_deps=dict.fromkeys(key for each in datasets if (key := target.key_of(each)) != asset),
        description="\n".join(
            harmless(f"{c.name} › {a.name}: {text}") for (c, a), text in zip(group, conditions, strict=True)
        ),
        blocking=any(translator.blocking(assertion.severity) for _, assertion in group),
        metadata={**_metadata(graph, group, conditions[0]), **code[group[0][0].name]},
        partitions_def=target.partitions_def if partitioned else None,
        automation_condition=automation_condition,
    )
    used = [graph.symbols[symbol] for _, assertion in group for symbol in assertion.symbols]
    across = dict.fromkeys(each.tags for each in used if each.tags and each.back == NOW)
    places = tuple((check.name, assertion.name) for check, assertion in group)
    return AttachedCheck(spec, places, frozenset(datasets), tuple(across))


def datasets_of(graph: Graph, check: CheckNode, assertion: AssertionNode) -> list[str]:
    """The datasets that an assertion speaks of, in the order in which it names them."""
    named = [graph.symbols[symbol].dataset for symbol in assertion.symbols]
    found = list(dict.fromkeys(dataset for dataset in named if dataset))
    return found or (list(check.datasets) if len(check.datasets) == 1 else [])


def _asset(graph: Graph, target: SuiteTarget, check: CheckNode, assertion: AssertionNode) -> dg.AssetKey:
    named = datasets_of(graph, check, assertion)
    first = target.key_of(named[0] if named else None)
    return target.downstream(named) or first


def _condition(graph: Graph, assertion: AssertionNode) -> str:
    def shown(expression: Any) -> str:
        return text(expression, lambda symbol: graph.symbols[symbol].metric)

    return f"{shown(assertion.expression)} {assertion.bound.text([shown(limit) for limit in assertion.bound.limits])}"


def _metadata(graph: Graph, group: Sequence[tuple[CheckNode, AssertionNode]], condition: str) -> Mapping[str, Any]:
    check, assertion = group[0]
    common = {"dqx/suite": graph.root.name, "dqx/check": check.name}
    if len(group) > 1:
        return {**common, "dqx/assertions": len(group)}
    return {
        **common,
        "dqx/assertion": assertion.name,
        "dqx/severity": str(assertion.severity),
        "dqx/condition": condition,
    }


def _code(check: Check) -> Mapping[str, Any]:
    """Where a check is written, as Dagster shows it: the file and line of its function."""
    code = getattr(inspect.unwrap(check.function), "__code__", None)
    if code is None:
        return {}
    reference = dg.LocalFileCodeReference(file_path=code.co_filename, line_number=code.co_firstlineno)
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}
