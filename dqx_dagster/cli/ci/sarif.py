"""A gate as SARIF 2.1.0, for GitHub's code scanning and editors: each problem at the line of its check."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dqx_core.harmless import harmless
from dqx_dagster.cli.ci.verdicts import Exit, Gate, Trouble, Verdict

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(gate: Gate) -> str:
    """A rule for each check, a result for each problem, a notification for each step that broke."""
    rules = {verdict_rule(verdict): verdict for verdict in gate.verdicts}
    order = {rule: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "dqx ci",
                "version": _version(),
                "rules": [
                    {
                        "id": rule,
                        "name": verdict.check,
                        "shortDescription": {"text": harmless(f"{verdict.asset} › {verdict.title}")},
                        "properties": {"severity": str(verdict.severity)},
                    }
                    for rule, verdict in rules.items()
                ],
            }
        },
        "invocations": [
            {
                "executionSuccessful": gate.exit_code is not Exit.BROKEN,
                "exitCode": int(gate.exit_code),
                "startTimeUtc": gate.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": _trouble(t)}} for t in gate.troubles
                ],
            }
        ],
        "results": [_result(gate, verdict, order[verdict_rule(verdict)]) for verdict in gate.problems],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def verdict_rule(verdict: Verdict) -> str:
    """The id of a check: of its asset and name."""
    return f"{verdict.asset}/{verdict.check}"


def _result(gate: Gate, verdict: Verdict, rule: int) -> dict[str, Any]:
    where = f"{verdict.partition}: " if verdict.partition else ""
    file = verdict.code.file if verdict.code else gate.code
    place = f"{verdict_rule(verdict)}@{verdict.partition}"
    found: dict[str, Any] = {
        "ruleId": verdict_rule(verdict),
        "ruleIndex": rule,
        "level": "error" if gate.counts(verdict) else "warning",
        "message": {"text": harmless(f"{verdict.severity} {where}{verdict.title}: {verdict.message}", lines=True)},
        "partialFingerprints": {"check/v1": hashlib.sha256(place.encode()).hexdigest()[:32]},
        "properties": {"outcome": str(verdict.outcome), "partition": verdict.partition},
    }
    if file is not None:
        uri = file.replace("\\", "/")
        region = {"startLine": verdict.code.line if verdict.code else 1}
        found["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}]
    return found


def _trouble(trouble: Trouble) -> str:
    return harmless(f"{trouble.step} {trouble.partitions}: {trouble.message}".replace(" :", ":"), lines=True)


def _version() -> str:
    try:
        return version("dqx-dagster")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0"
