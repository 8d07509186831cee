"""The newest window of a report: whether it is all right, by severity, and what of it was not judged."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from dqx_core.html.axis import At, day_of, order, window_of
from dqx_core.report import AssertionResult, Severity, Status

if TYPE_CHECKING:
    from dqx_core.html.contents import Contents, SuiteContents, Told

BAD = (Status.FAILED, Status.ERROR)
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Wrong:
    """An assertion that was bad in the newest window, under whichever tags."""

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
    """The newest window that anything was judged on.

    A suite of another calendar, a weekly one beside daily ones, has a newest window of its own, for as long as the next
    one has not ended.
    """

    at: At
    suites: Sequence[SuiteContents]
    wrong: Sequence[Wrong]
    """The most severe first."""

    @classmethod
    def of(cls, contents: Contents) -> Newest:
        """The newest window of what a report tells."""
        newest = max((suite.windows[0] for suite in contents.suites), key=order, default=contents.last)
        wrong = [
            Wrong((s, a), told)
            for s, suite in enumerate(contents.suites)
            for a, trend in enumerate(suite.trends)
            if (told := [(t.label, t) for t in trend.bad if t.at == _current(suite, newest)])
        ]
        return cls(newest, contents.suites, sorted(wrong, key=lambda each: each.worst.severity))

    @property
    def day(self) -> dt.date:
        """The date that it is filed under."""
        return day_of(self.at)

    def of_suite(self, suite: SuiteContents) -> At:
        """The newest window of a suite; where it should have one by now and has not, that of the others."""
        return _current(suite, self.at)

    def cells(self, suite: SuiteContents) -> Mapping[str, Sequence[AssertionResult]]:
        """The verdicts of the window on a suite, by tags as text."""
        at = self.of_suite(suite)
        return {label: suite.cells[at, label] for label in suite.columns if (at, label) in suite.cells}

    def missing(self, suite: SuiteContents) -> Sequence[str]:
        """The tags that were judged in the week before, or in the window before, and not in this one."""
        at = self.of_suite(suite)
        end = window_of(at).end
        recent = {
            label
            for other, label in suite.cells
            if order(other) < order(at) and window_of(other).end >= end - max(WEEK, _length(other))
        }
        return [label for label in suite.columns if label in recent and (at, label) not in suite.cells]

    @cached_property
    def columns(self) -> Sequence[str]:
        """The tags of which there is something to tell, in the order of the suites'."""
        return list(dict.fromkeys(x for suite in self.suites for x in (*self.cells(suite), *self.missing(suite))))

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many verdicts of it have each status."""
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


def _length(at: At) -> dt.timedelta:
    window = window_of(at)
    return window.end - window.start


def _current(suite: SuiteContents, newest: At) -> At:
    """The newest window of a suite, if no other one of it has ended since."""
    own = suite.windows[0]
    return newest if window_of(own).end + min(map(_length, suite.windows)) <= window_of(newest).end else own
