"""A gate as JSON, in a form that programs may rely on: schema.json says what is in it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from dqx_core.retrieval import MetricChange
from dqx_dagster.cli.ci.verdicts import Comparison, Gate, Verdict
from dqx_dagster.cli.ci.words import kind
from dqx_dagster.cli.printing import plain

VERSION = 1
"""Raised when a reader of the JSON would have to change; a field more is not a reason."""


def record(gate: Gate) -> str:
    """Everything a gate found, as text."""
    found = {
        "schema": VERSION,
        "location": gate.location,
        "selection": gate.selection,
        "started": gate.started.isoformat(),
        "seconds": round(gate.seconds, 3),
        "exit_code": int(gate.exit_code),
        "result": gate.exit_code.name,
        "fail_on": str(gate.fail_on),
        "allow_skipped": gate.allow_skipped,
        "partitions": list(gate.partitions),
        "totals": {str(outcome): count for outcome, count in gate.totals.items()},
        "verdicts": [_verdict(gate, verdict) for verdict in gate.verdicts],
        "troubles": [vars(trouble) for trouble in gate.troubles],
        "comparison": None if gate.comparison is None else _comparison(gate.comparison),
        "notes": list(gate.notes),
    }
    return json.dumps(plain(found), indent=2, ensure_ascii=False) + "\n"


def schema() -> str:
    """The JSON Schema of `record`."""
    return files("dqx_dagster.cli.ci").joinpath("schema.json").read_text("utf-8")


def _verdict(gate: Gate, verdict: Verdict) -> dict[str, Any]:
    return {
        "asset": verdict.asset,
        "check": verdict.check,
        "title": verdict.title,
        "partition": verdict.partition,
        "outcome": str(verdict.outcome),
        "severity": str(verdict.severity),
        "counts": gate.counts(verdict) or gate.missing(verdict),
        "message": verdict.message,
        "value": verdict.value,
        "bound": verdict.bound,
        "run_id": verdict.run_id,
        "file": verdict.code.file if verdict.code else None,
        "line": verdict.code.line if verdict.code else None,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "baseline": comparison.baseline,
        "max_change": comparison.max_change,
        "same": comparison.same,
        "without": list(comparison.without),
        "changes": [_change(comparison, change) for change in comparison.changes],
    }


def _change(comparison: Comparison, change: MetricChange) -> dict[str, Any]:
    return {
        "kind": kind(change),
        "dataset": change.dataset,
        "metric": change.metric,
        "tags": dict(change.tags),
        "before_date": change.before_date,
        "after_date": change.after_date,
        "before": change.before,
        "after": change.after,
        "difference": change.difference,
        "relative": change.relative,
        "too_far": comparison.beyond(change),
    }
