"""What a Dagster evaluation says, said once: status and severity from its verdicts, and read back from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dqx_core.report import AssertionResult, Severity, Status

STATUS = "dqx/status"
SEVERITY = "dqx/severity"
ABSENT = "dqx/absent"

_WORST_FIRST = (Status.ERROR, Status.FAILED, Status.SKIPPED, Status.PASSED)


@dataclass(frozen=True)
class Outcome:
    """What verdicts come to together."""

    status: Status
    """The worst of them: ERROR, FAILED, SKIPPED, PASSED."""
    severity: Severity
    """The worst of those that are not passed; of all where all are."""
    absent: bool = False
    """Whether all that is wrong is that there is no such partition."""

    @property
    def bad(self) -> bool:
        """Whether something is wrong."""
        return self.status in (Status.FAILED, Status.ERROR)

    @property
    def metadata(self) -> Mapping[str, dg.MetadataValue]:
        """How an evaluation carries it, for `outcome_in`."""
        return {
            STATUS: dg.MetadataValue.text(str(self.status)),
            SEVERITY: dg.MetadataValue.text(str(self.severity)),
            **({ABSENT: dg.MetadataValue.bool(True)} if self.absent else {}),
        }


def outcome_of(results: Iterable[AssertionResult]) -> Outcome:
    """What one verdict or several of an asset check come to."""
    listed = list(results)
    telling = [result for result in listed if result.status is not Status.PASSED] or listed
    status = min((result.status for result in telling), key=_WORST_FIRST.index)
    bad = [result for result in telling if result.status in (Status.ERROR, Status.FAILED)]
    absent = bool(bad) and all(result.absent for result in bad)
    return Outcome(status, min(result.severity for result in telling), absent)


def outcome_in(evaluation: dg.AssetCheckEvaluation) -> Outcome:
    """What an evaluation says; of a check that is not dqx's whether it passed, and how bad it is in dqx's words."""
    named = text_in(evaluation.metadata, STATUS)
    status = Status.PASSED if evaluation.passed else Status.FAILED
    if named is not None and (Status(named) in (Status.PASSED, Status.SKIPPED)) is evaluation.passed:
        status = Status(named)
    severity = severity_in(evaluation.metadata, evaluation.severity, bool(evaluation.blocking))
    return Outcome(status, severity, status is Status.ERROR and text_in(evaluation.metadata, ABSENT) == "True")


def severity_in(metadata: Mapping[str, Any], severity: dg.AssetCheckSeverity | None, blocking: bool) -> Severity:
    """How bad it is, from the metadata of an evaluation or of a check.

    Of a check that is not dqx's P0 if it blocks, else P1 for an error and P2 for a warning.
    """
    if (named := text_in(metadata, SEVERITY)) is not None:
        return Severity(named)
    if severity is dg.AssetCheckSeverity.WARN:
        return Severity.P2
    return Severity.P0 if blocking else Severity.P1


def text_in(metadata: Mapping[str, Any], name: str) -> str | None:
    """A text in metadata, be it Dagster's own value or a plain one."""
    found = metadata.get(name)
    found = getattr(found, "value", found)
    return None if found is None else str(found)
