"""Verdicts as Dagster's check results: numbers that the UI plots, and where they came from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

import dagster as dg
from returns.result import Success

from dqx_core.report import AssertionResult, Status, SymbolInfo
from dqx_dagster.dagster_internals import TargetMaterialization
from dqx_dagster.translator import DqxTranslator


def evaluation_of(
    results: Sequence[AssertionResult],
    spec: dg.AssetCheckSpec,
    partition: str | None,
    judged: TargetMaterialization | None,
    run_id: str,
    translator: DqxTranslator,
    statements: Sequence[str] = (),
    cost: Mapping[str, dg.MetadataValue] = MappingProxyType({}),
) -> dg.AssetCheckEvaluation:
    """What an asset check says of a partition: of its one assertion, or of all the assertions of a check.

    `statements` is the SQL that measures what they rest on. `cost` is of the step that judged it, whatever the number
    of checks and partitions.
    """
    bad = [result for result in results if result.status is not Status.PASSED]
    worst = min(bad or results, key=lambda result: result.severity)
    return dg.AssetCheckEvaluation(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not bad,
        severity=translator.severity(worst.severity),
        description="; ".join(result.message for result in bad or results),
        # Of a check of several assertions only those that block by themselves do.
        blocking=spec.blocking and any(translator.blocking(result.severity) for result in bad or results),
        partition=partition,
        target_materialization_data=judged,
        metadata={
            **(metadata_of(results[0], run_id) if len(results) == 1 else metadata_of_check(results, run_id)),
            **_provenance(results, statements),
            **cost,
        },
    )


def _provenance(results: Sequence[AssertionResult], statements: Sequence[str]) -> Mapping[str, dg.MetadataValue]:
    """The SQL, and the newest run of which a number was carried forward; the table of numbers names the run of each."""
    found: dict[str, dg.MetadataValue] = {}
    if statements:
        found["sql"] = dg.MetadataValue.md("\n\n".join(f"```sql\n{sql}\n```" for sql in statements))
    carried = [s for result in results for s in result.symbols if s.source_execution_id is not None]
    if carried:
        newest = max(carried, key=lambda symbol: symbol.yyyy_mm_dd)
        found["dqx/carried_from"] = dg.MetadataValue.dagster_run(newest.source_execution_id or "")
    return found


def metadata_of_check(results: Sequence[AssertionResult], run_id: str) -> Mapping[str, dg.MetadataValue]:
    """What a check of several assertions shows: each value by its assertion's name, and a table of the verdicts."""
    found: dict[str, dg.MetadataValue] = {
        result.assertion: dg.MetadataValue.float(float(result.metric.unwrap()))
        for result in results
        if isinstance(result.metric, Success)
    }
    records = [
        dg.TableRecord(
            {"assertion": r.assertion, "status": str(r.status), "severity": str(r.severity), "message": r.message}
        )
        for r in results
    ]
    schema = _columns("assertion", "status", "severity", "message")
    found["assertions"] = dg.MetadataValue.table(records=records, schema=schema)
    found["dqx/severity"] = dg.MetadataValue.text(str(min(result.severity for result in results)))
    found["dqx/execution_id"] = dg.MetadataValue.dagster_run(run_id)
    return found


def metadata_of(result: AssertionResult, run_id: str) -> Mapping[str, dg.MetadataValue]:
    """What a check result shows: value, bound, expression, every number used, and the execution."""
    found: dict[str, dg.MetadataValue] = {}
    if isinstance(result.metric, Success):
        found["value"] = dg.MetadataValue.float(float(result.metric.unwrap()))
    else:
        found["reasons"] = dg.MetadataValue.md("\n".join(f"- {reason}" for reason in result.metric.failure()))
    found["bound"] = dg.MetadataValue.text(result.bound)
    found["expression"] = dg.MetadataValue.text(result.expression)
    found |= _lagged(result.symbols)
    found["numbers"] = numbers_table(result.symbols)
    found["dqx/status"] = dg.MetadataValue.text(str(result.status))
    found["dqx/severity"] = dg.MetadataValue.text(str(result.severity))
    found["dqx/execution_id"] = dg.MetadataValue.dagster_run(run_id)
    return found


def _lagged(symbols: tuple[SymbolInfo, ...]) -> Mapping[str, dg.MetadataValue]:
    """lag_1d, lag_7d, … as numbers; the metric is named when several have the same lag."""
    measured = [s for s in symbols if s.lag and isinstance(s.value, Success) and "(" in s.metric]
    plain = {s.metric for s in measured}
    found = {}
    for symbol in measured:
        value = float(symbol.value.unwrap())
        if math.isfinite(value):
            label = f"lag_{symbol.lag}d" if len(plain) == 1 else f"{symbol.metric} lag_{symbol.lag}d"
            found[label] = dg.MetadataValue.float(value)
    return found


@cache
def _columns(*names: str) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name) for name in names])


def numbers_table(symbols: tuple[SymbolInfo, ...]) -> dg.MetadataValue:
    """Every number behind a verdict, with its day and the run it was carried forward from, if any."""
    records = [
        dg.TableRecord(
            {
                "metric": symbol.metric,
                "date": str(symbol.yyyy_mm_dd),
                "tags": ", ".join(f"{k}={v}" for k, v in symbol.tags.items()),
                "value": repr(symbol.value.unwrap()) if isinstance(symbol.value, Success) else symbol.value.failure(),
                "carried from run": symbol.source_execution_id or "",
            }
        )
        for symbol in symbols
    ]
    schema = _columns("metric", "date", "tags", "value", "carried from run")
    return dg.MetadataValue.table(records=records, schema=schema)
