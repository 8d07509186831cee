"""The newest day of a report: whether it is all right, by severity, and what of it was not judged."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from dqx_core.report import AssertionResult, Severity, Status

if TYPE_CHECKING:
    from dqx_core.html.contents import Contents, SuiteContents, Told

BAD = (Status.FAILED, Status.ERROR)
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Wrong:
    """An assertion that was bad on the newest day, under whichever tags."""

    place: tuple[int, int]
    """Number of the suite, and of the assertion in it."""
    told: Sequence[tuple[str, Told]]
    """Tags as text, and the verdict."""

    @property
    def worst(self) -> AssertionResult:
        """The verdict that is the most severe."""
        return min((told.result for _, told in self.told), key=lambda result: result.severity)

    @property
    def messages(self) -> Mapping[str, Sequence[str]]:
        """What was said, and of which tags."""
        found: dict[str, list[str]] = {}
        for label, told in self.told:
            found.setdefault(told.result.message, []).append(label)
        return found


@dataclass(frozen=True)
class Newest:
    """The newest day that anything was judged on."""

    day: dt.date
    suites: Sequence[SuiteContents]
    wrong: Sequence[Wrong]
    """The most severe first."""

    @classmethod
    def of(cls, contents: Contents) -> Newest:
        """The newest day of what a report tells."""
        wrong = [
            Wrong((s, a), told)
            for s, suite in enumerate(contents.suites)
            for a, trend in enumerate(suite.trends)
            if (told := [(t.label, t) for t in trend.bad if t.result.yyyy_mm_dd == contents.last])
        ]
        return cls(contents.last, contents.suites, sorted(wrong, key=lambda each: each.worst.severity))

    def cells(self, suite: SuiteContents) -> Mapping[str, Sequence[AssertionResult]]:
        """The verdicts of the day on a suite, by tags as text."""
        return {label: suite.cells[self.day, label] for label in suite.columns if (self.day, label) in suite.cells}

    def missing(self, suite: SuiteContents) -> Sequence[str]:
        """The tags that were judged in the week before, and not on the day."""
        recent = {label for day, label in suite.cells if self.day - WEEK <= day < self.day}
        return [label for label in suite.columns if label in recent and (self.day, label) not in suite.cells]

    @cached_property
    def columns(self) -> Sequence[str]:
        """The tags of which there is something to tell on the day, in the order of the suites'."""
        return list(dict.fromkeys(x for suite in self.suites for x in (*self.cells(suite), *self.missing(suite))))

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many verdicts of the day have each status."""
        found = Counter(r.status for suite in self.suites for cell in self.cells(suite).values() for r in cell)
        return {status: found[status] for status in Status}

    @cached_property
    def severities(self) -> Sequence[tuple[Severity, int]]:
        """How many assertions were bad, by severity, the most severe first."""
        found = Counter(each.worst.severity for each in self.wrong)
        return sorted(found.items())

    @property
    def verdict(self) -> Literal["bad", "incomplete", "good"]:
        """Whether it is all right: something was bad, not everything was judged, or all of it passed."""
        if self.wrong:
            return "bad"
        cells = [cell for suite in self.suites for cell in self.cells(suite).values()]
        unjudged = any(all(result.status is Status.SKIPPED for result in cell) for cell in cells)
        return "incomplete" if unjudged or any(self.missing(suite) for suite in self.suites) else "good"
