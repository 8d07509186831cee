"""A gate as JUnit XML, in the elements that Jenkins, GitLab and GitHub's actions read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from dqx_core.harmless import harmless
from dqx_dagster.cli.ci.verdicts import Gate, Outcome, Verdict
from dqx_dagster.cli.ci.words import values_of


def junit(gate: Gate) -> str:
    """A test suite for each asset, a test case for each check and partition.

    A failure that does not count, and a check that may be skipped, is a skipped test case with its message; a check
    without a result is an error. What broke, and what moved too far, is a test suite of its own.
    """
    root = ET.Element("testsuites", name="dqx ci", time=f"{gate.seconds:.3f}")
    for asset in dict.fromkeys(verdict.asset for verdict in gate.verdicts):
        suite = _suite(root, gate, asset)
        for verdict in gate.verdicts:
            if verdict.asset == asset:
                _case(suite, gate, verdict)
    if gate.troubles:
        suite = _suite(root, gate, "steps")
        for trouble in gate.troubles:
            case = _testcase(suite, trouble.step, "steps", trouble.partitions)
            _said(case, "error", trouble.message, "Broken")
    if gate.comparison is not None and gate.comparison.max_change is not None:
        suite = _suite(root, gate, "baseline")
        for change in gate.comparison.too_far:
            case = _testcase(suite, change.metric, change.dataset or "baseline", "|".join(change.tags.values()))
            share = "" if change.relative is None else f" ({change.relative:+.1%})"
            day = change.after_date or change.before_date
            _said(case, "failure", f"{day}: {' → '.join(v or '—' for v in values_of(change))}{share}", "Moved")
        if not gate.comparison.too_far:
            _testcase(suite, f"No number moved by more than {gate.comparison.max_change:.4g}", "baseline", "")
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _suite(root: ET.Element, gate: Gate, name: str) -> ET.Element:
    timestamp = gate.started.strftime("%Y-%m-%dT%H:%M:%S")
    return ET.SubElement(root, "testsuite", name=_clean(name), timestamp=timestamp, time="0")


def _testcase(suite: ET.Element, name: str, classname: str, partition: str) -> ET.Element:
    shown = f"{name} [{partition}]" if partition else name
    return ET.SubElement(suite, "testcase", name=_clean(shown), classname=_clean(classname), time="0")


def _case(suite: ET.Element, gate: Gate, verdict: Verdict) -> None:
    case = _testcase(suite, verdict.check, verdict.asset, verdict.partition or "")
    told = f"{verdict.severity} {verdict.title}: {verdict.message}"
    if gate.counts(verdict):
        tag = "failure" if verdict.outcome is Outcome.FAILED else "error"
        _said(case, tag, told, str(verdict.outcome))
    elif verdict.bad:
        ET.SubElement(case, "skipped", message=_clean(f"Failed, below --fail-on {gate.fail_on}: {told}"))
    elif gate.missing(verdict):
        _said(case, "error", told, str(verdict.outcome))
    elif verdict.silent:
        ET.SubElement(case, "skipped", message=_clean(told))


def _said(case: ET.Element, tag: str, message: str, kind: str) -> None:
    ET.SubElement(case, tag, message=_clean(message), type=kind).text = _clean(message)


def _count(element: ET.Element, suites: Sequence[ET.Element]) -> None:
    """Write how many test cases there are of each kind, as every reader expects on suites and root."""
    cases = [case for suite in suites for case in suite.iter("testcase")]
    element.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        if attribute != "skipped" or element.tag == "testsuite":
            element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))


_NOT_XML = r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def _clean(text: str) -> str:
    """Text without what commands a reader, and without the characters that XML 1.0 has no word for."""
    return re.sub(_NOT_XML, "\ufffd", harmless(text, lines=True))
