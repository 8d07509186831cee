"""Profiles: a suite that judges differently for a time, without a word changed in its checks."""

from __future__ import annotations

import datetime as dt
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dqx_core.errors import DefinitionError, hint
from dqx_core.graph import AssertionNode, RootNode
from dqx_core.report import Severity


@dataclass(frozen=True)
class Rule:
    """What happens to the assertions that a selector chooses."""

    selector: Selector
    disabled: bool = False
    metric_multiplier: float = 1.0
    severity: Severity | None = None


@dataclass(frozen=True)
class Selector:
    """Which assertions a rule is for; make one with `tag`, `check` or `assertion`."""

    by: Literal["tag", "check", "assertion"]
    name: str
    of: str | None = None
    """The check of an assertion; None: of any check."""

    def chooses(self, check: str, assertion: AssertionNode) -> bool:
        """Whether the rule is for this assertion."""
        match self.by:
            case "tag":
                return self.name in assertion.tags
            case "check":
                return self.name == check
        return self.name == assertion.name and self.of in (None, check)

    def disable(self) -> Rule:
        """The rule that does not judge them."""
        return Rule(self, disabled=True)

    def set(self, *, metric_multiplier: float = 1.0, severity: str | None = None) -> Rule:
        """The rule that multiplies their values before judging, or judges them as another severity."""
        if isinstance(metric_multiplier, bool) or not isinstance(metric_multiplier, int | float):
            raise DefinitionError(f"{self}: metric_multiplier={metric_multiplier!r} is not a number.")
        if not (0 < metric_multiplier < math.inf):
            raise DefinitionError(
                f"{self}: metric_multiplier={metric_multiplier!r} is not a finite number above 0. To judge the "
                "assertion not at all, write .disable()."
            )
        if severity is not None and severity not in set(Severity):
            raise DefinitionError(f"{self}: severity {severity!r} is not one of P0, P1, P2, P3.")
        return Rule(self, False, metric_multiplier, None if severity is None else Severity(severity))

    def __str__(self) -> str:
        return f"{self.by} '{self.name}'" + (f" of check '{self.of}'" if self.of else "")


def tag(name: str) -> Selector:
    """The assertions with that tag."""
    return Selector("tag", name)


def check(name: str) -> Selector:
    """The assertions of that check."""
    return Selector("check", name)


def assertion(name: str, *, check: str | None = None) -> Selector:
    """The assertions of that name, of one check or of any."""
    return Selector("assertion", name, check)


@dataclass(frozen=True)
class Profile(ABC):
    """Rules under a name, for some days."""

    name: str
    rules: Sequence[Rule]
    """Any sequence; kept as a tuple."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        for rule in self.rules:
            if not isinstance(rule, Rule):
                raise DefinitionError(
                    f"Profile '{self.name}' was given {rule!r}, which is not a rule. "
                    "Write one, such as tag('seasonal').disable() or check('Sales').set(severity='P3')."
                )

    @abstractmethod
    def active(self, day: dt.date) -> bool:
        """Whether its rules hold on a day."""


@dataclass(frozen=True)
class PermanentProfile(Profile):
    """Rules that hold on every day."""

    def active(self, day: dt.date) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class SeasonalProfile(Profile):
    """Rules that hold from `start_date` to `end_date`, both inclusive."""

    start_date: dt.date
    end_date: dt.date

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start_date > self.end_date:
            raise DefinitionError(
                f"Profile '{self.name}' ends on {self.end_date}, before it starts on {self.start_date}. Swap them."
            )

    def active(self, day: dt.date) -> bool:
        return self.start_date <= day <= self.end_date


@dataclass(frozen=True)
class Adjustment:
    """What the profiles make of one assertion on one day."""

    disabled_by: str | None = None
    metric_multiplier: float = 1.0
    severity: Severity | None = None
    profiles: tuple[str, ...] = ()
    """Those that changed the multiplier or the severity."""


def adjustment(profiles: Sequence[Profile], day: dt.date, check: str, assertion: AssertionNode) -> Adjustment:
    """All rules for an assertion together: multipliers multiply, the last severity counts, one `disable` is enough."""
    found = Adjustment()
    for profile in profiles:
        for rule in profile.rules if profile.active(day) else ():
            if rule.selector.chooses(check, assertion):
                changes = rule.metric_multiplier != 1 or rule.severity is not None
                found = replace(
                    found,
                    disabled_by=found.disabled_by or (profile.name if rule.disabled else None),
                    metric_multiplier=found.metric_multiplier * rule.metric_multiplier,
                    severity=rule.severity or found.severity,
                    profiles=tuple(dict.fromkeys((*found.profiles, *([profile.name] if changes else [])))),
                )
    return found


def unmatched(profiles: Sequence[Profile], root: RootNode) -> Iterator[str]:
    """The selectors that choose nothing, as problems."""
    for profile in profiles:
        for rule in profile.rules:
            selector = rule.selector
            if any(selector.chooses(check.name, node) for check, node in root.assertions()):
                continue
            known = {
                "tag": {tag for _, node in root.assertions() for tag in node.tags},
                "check": {check.name for check in root.checks},
                "assertion": {n.name for c, n in root.assertions() if selector.of in (None, c.name)},
            }[selector.by]
            yield f"Profile '{profile.name}': {selector} matches nothing. {hint(selector.name, known)}"
