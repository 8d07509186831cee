"""What a gate found: a verdict per check and partition, what broke, what moved, and the exit code that follows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from returns.result import Failure

from dqx_core.report import Severity
from dqx_core.retrieval import MetricChange


class Exit(IntEnum):
    """The exit codes of `dqx ci`."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    BROKEN = 3
    NO_RESULT = 4


class Outcome(StrEnum):
    """What became of a check on a partition, worst first. Only PASSED is green."""

    FAILED = "FAILED"
    """Its condition is false."""
    ERROR = "ERROR"
    """A number that it needs could not be computed."""
    NO_RESULT = "NO_RESULT"
    """It did not run, or ran and said nothing."""
    SKIPPED = "SKIPPED"
    """The suite skipped it: disabled, or the days it compares with are not there."""
    PASSED = "PASSED"


@dataclass(frozen=True)
class Code:
    """Where a check is written."""

    file: str
    """Relative to the current folder."""
    line: int


@dataclass(frozen=True)
class Verdict:
    """What a check says of a partition."""

    asset: str
    check: str
    """The name of the asset check in Dagster."""
    title: str
    """The check as its author wrote it: 'Volume › There are sales'."""
    partition: str | None
    """None: the asset has no partitions."""
    outcome: Outcome
    severity: Severity
    message: str
    value: float | None = None
    bound: str | None = None
    run_id: str | None = None
    code: Code | None = None
    absent: bool = False
    """An ERROR because there is no such partition, and for no other reason."""

    @property
    def bad(self) -> bool:
        """Whether it says that something is wrong with what is there."""
        return self.outcome in (Outcome.FAILED, Outcome.ERROR) and not self.absent

    @property
    def silent(self) -> bool:
        """Whether it says nothing."""
        return self.outcome in (Outcome.NO_RESULT, Outcome.SKIPPED)


@dataclass(frozen=True)
class Trouble:
    """A step that broke: not a verdict on data."""

    step: str
    partitions: str
    message: str


@dataclass(frozen=True)
class Comparison:
    """The numbers of this run against those of a baseline."""

    baseline: str
    max_change: float | None
    """The share a number may move by; None: any."""
    same: int
    """How many numbers agree."""
    changes: Sequence[MetricChange]
    without: Sequence[str] = ()
    """Partitions that the baseline says nothing of."""

    def beyond(self, change: MetricChange) -> bool:
        """Whether a number moved by more than it may; from or to no value, or from 0, is more than any share."""
        if self.max_change is None or change.before is None or change.after is None:
            return False
        if isinstance(change.before, Failure) and isinstance(change.after, Failure):
            return False
        return change.relative is None or abs(change.relative) > self.max_change

    @property
    def too_far(self) -> list[MetricChange]:
        """The numbers that moved by more than they may."""
        return [change for change in self.changes if self.beyond(change)]


@dataclass(frozen=True)
class Gate:
    """Everything that a run of `dqx ci` found."""

    location: str
    selection: str
    partitions: Sequence[str]
    """By date; empty where nothing selected has partitions."""
    verdicts: Sequence[Verdict]
    fail_on: Severity
    allow_skipped: bool
    started: dt.datetime
    seconds: float
    code: str | None = None
    """The file of the code location."""
    troubles: Sequence[Trouble] = ()
    comparison: Comparison | None = None
    notes: Sequence[str] = ()

    def counts(self, verdict: Verdict) -> bool:
        """Whether a verdict fails the gate."""
        return verdict.bad and verdict.severity <= self.fail_on

    def missing(self, verdict: Verdict) -> bool:
        """Whether a verdict that says nothing of what is there leaves the gate open."""
        if verdict.outcome is Outcome.SKIPPED:
            return not self.allow_skipped
        return verdict.outcome is Outcome.NO_RESULT or verdict.absent

    @property
    def exit_code(self) -> Exit:
        """What the process says to the pipeline.

        What broke comes first, because nothing else can be relied on then; a failure comes before a missing result.
        """
        if self.troubles:
            return Exit.BROKEN
        if any(map(self.counts, self.verdicts)) or (self.comparison is not None and self.comparison.too_far):
            return Exit.FAILED
        if any(map(self.missing, self.verdicts)):
            return Exit.NO_RESULT
        return Exit.PASSED

    @property
    def problems(self) -> list[Verdict]:
        """Every verdict that is not PASSED, the worst first; what may be skipped is not a problem."""
        found = [v for v in self.verdicts if v.bad or self.missing(v)]
        places = {partition: number for number, partition in enumerate(self.partitions)}
        order = list(Outcome)
        return sorted(
            found,
            key=lambda v: (
                not self.counts(v),
                v.silent,
                v.severity,
                order.index(v.outcome),
                places.get(v.partition or "", -1),
                v.asset,
            ),
        )

    @property
    def totals(self) -> Mapping[Outcome, int]:
        """How many verdicts of each kind there are."""
        found = Counter(verdict.outcome for verdict in self.verdicts)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def headline(self) -> str:
        """The result in a sentence."""
        named = {
            Outcome.FAILED: "failed",
            Outcome.ERROR: "could not be computed",
            Outcome.NO_RESULT: "gave no result",
            Outcome.SKIPPED: "skipped",
            Outcome.PASSED: "passed",
        }
        told = [f"{count:,} {named[outcome]}" for outcome, count in self.totals.items() if count]
        if self.comparison is not None and self.comparison.too_far:
            told.insert(0, f"{len(self.comparison.too_far):,} numbers moved too far")
        if self.troubles:
            told.insert(0, f"{len(self.troubles):,} step{'' if len(self.troubles) == 1 else 's'} broke")
        return ", ".join(told)
