"""Verdicts as Dagster's check results: numbers that the UI plots, and where they came from."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

import dagster as dg
from returns.result import Success

from dqx_core.harmless import harmless
from dqx_core.report import AssertionResult, Status, SymbolInfo
from dqx_dagster.dagster_internals import TargetMaterialization
from dqx_dagster.outcomes import outcome_of
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
    *,
    stops: bool = True,
) -> dg.AssetCheckEvaluation:
    """What an asset check says of a partition, or of all partitions of a run: of its one assertion, or of several.

    `statements` is the SQL that measures what they rest on. `cost` is of the step that judged it, whatever the number
    of checks and partitions. Without `stops` a blocking check that failed holds nothing back in this run.
    """
    outcome = outcome_of(results)
    telling = [result for result in results if result.status is not Status.PASSED] or results
    return dg.AssetCheckEvaluation(
        asset_key=spec.asset_key,
        check_name=spec.name,
        # A verdict that is not there is no failure of the data; that it is not there is told.
        passed=not outcome.bad,
        severity=translator.severity(outcome.severity),
        description=harmless(_description(telling, results), lines=True),
        # Of a check of several assertions only those that block by themselves do.
        blocking=stops and spec.blocking and any(translator.blocking(result.severity) for result in telling),
        partition=partition,
        target_materialization_data=judged,
        metadata={
            **(metadata_of(results[0]) if len(results) == 1 else metadata_of_check(results)),
            **outcome.metadata,
            "dqx/execution_id": dg.MetadataValue.dagster_run(run_id),
            **_provenance(results, statements),
            **cost,
        },
    )


def _description(telling: Sequence[AssertionResult], results: Sequence[AssertionResult]) -> str:
    """What those that are not passed say, or all."""
    keys = list(dict.fromkeys(str(result.key) for result in results))
    if len(keys) > 1 and all(result.status is Status.PASSED for result in results):
        return f"passed for each of {len(keys)}: {keys[0]} to {keys[-1]}"
    more = f"; and {len(telling) - _MOST:,} more" if len(telling) > _MOST else ""
    return "; ".join(_told(result, results) for result in telling[:_MOST]) + more


_MOST = 100
"""Verdicts that a description quotes; the table beside it has all."""


def _told(result: AssertionResult, beside: Sequence[AssertionResult]) -> str:
    """The message of a verdict: with its window where there are several, named where it is skipped beside others."""
    several = len({other.key for other in beside}) > 1
    where = f"{result.key}: " if several else ""
    if result.status is Status.SKIPPED and len(beside) > 1:
        return f"{where}{result.severity} '{result.assertion}' was skipped: {result.message}"
    return where + result.message


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


def metadata_of_check(results: Sequence[AssertionResult]) -> Mapping[str, dg.MetadataValue]:
    """What a check of several verdicts shows: each value by its assertion's name, and a table of all.

    Of several windows there is no one value; the table names the window of each.
    """
    several = len({result.key for result in results}) > 1
    found: dict[str, dg.MetadataValue] = {}
    if not several:
        found |= {
            harmless(r.assertion): dg.MetadataValue.float(float(r.metric.unwrap()))
            for r in results
            if isinstance(r.metric, Success)
        }
    names = ("window", *_VERDICT) if several else _VERDICT
    records = [
        dg.TableRecord(
            {
                **({"window": str(r.key)} if several else {}),
                "assertion": harmless(r.assertion),
                "status": str(r.status),
                "severity": str(r.severity),
                "message": harmless(r.message, lines=True),
            }
        )
        for r in results
    ]
    found["assertions"] = dg.MetadataValue.table(records=records, schema=_columns(*names))
    return found


_VERDICT = ("assertion", "status", "severity", "message")


def metadata_of(result: AssertionResult) -> Mapping[str, dg.MetadataValue]:
    """What a verdict shows: value, what it was compared with, expression, and every number used."""
    found: dict[str, dg.MetadataValue] = {}
    if isinstance(result.metric, Success):
        found["value"] = dg.MetadataValue.float(float(result.metric.unwrap()))
    else:
        reasons = (harmless(reason, lines=True) for reason in result.metric.failure())
        found["reasons"] = dg.MetadataValue.md("\n".join(f"- {reason}" for reason in reasons))
    found["bound"] = dg.MetadataValue.text(harmless(result.bound))
    found["expression"] = dg.MetadataValue.text(harmless(result.expression))
    if (compared := result.compared) is not None:
        found |= {
            name: dg.MetadataValue.float(float(limit))
            for name, limit in zip(
                ("limit",) if len(compared.limits) == 1 else ("low", "high"), compared.limits, strict=False
            )
        }
        if compared.factor != 1:
            found["factor"] = dg.MetadataValue.float(compared.factor)
        if compared.profiles:
            found["profiles"] = dg.MetadataValue.text(harmless(", ".join(compared.profiles)))
    found |= _lagged(result.symbols)
    found["numbers"] = numbers_table(result.symbols)
    return found


def _lagged(symbols: tuple[SymbolInfo, ...]) -> Mapping[str, dg.MetadataValue]:
    """lag_1d, lag_7d, … as numbers, of windows that are not days lag_1; with the metric where there are several."""
    measured = [s for s in symbols if s.lag and isinstance(s.value, Success) and "(" in s.metric]
    plain = {s.metric for s in measured}
    found = {}
    for symbol in measured:
        value = float(symbol.value.unwrap())
        if math.isfinite(value):
            lag = f"lag_{symbol.lag}{'d' if _is_day(symbol) else ''}"
            label = lag if len(plain) == 1 else f"{symbol.metric} {lag}"
            found[label] = dg.MetadataValue.float(value)
    return found


def _is_day(symbol: SymbolInfo) -> bool:
    hours = 24 if symbol.window is None else (symbol.window.end - symbol.window.start) / dt.timedelta(hours=1)
    return 23 <= hours <= 25


@cache
def _columns(*names: str) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name) for name in names])


def numbers_table(symbols: tuple[SymbolInfo, ...]) -> dg.MetadataValue:
    """Every number behind a verdict, with its day and the run it was carried forward from, if any."""
    records = [
        dg.TableRecord(
            {
                "metric": harmless(symbol.metric),
                "date": str(symbol.yyyy_mm_dd),
                "tags": ", ".join(f"{k}={v}" for k, v in symbol.tags.items()),
                "value": (
                    repr(symbol.value.unwrap())
                    if isinstance(symbol.value, Success)
                    else harmless(symbol.value.failure(), lines=True)
                ),
                "carried from run": symbol.source_execution_id or "",
            }
        )
        for symbol in symbols
    ]
    schema = _columns("metric", "date", "tags", "value", "carried from run")
    return dg.MetadataValue.table(records=records, schema=schema)
