"""What a gate writes, whatever the messages are: valid, whole, and on as many lines as it should be."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success
from rich.console import Console

from dqx_core.report import Severity
from dqx_core.retrieval import MetricChange
from dqx_dagster.cli.ci.annotations import workflow_commands
from dqx_dagster.cli.ci.junit import junit
from dqx_dagster.cli.ci.markdown import markdown
from dqx_dagster.cli.ci.record import record, schema
from dqx_dagster.cli.ci.sarif import sarif
from dqx_dagster.cli.ci.screen import show
from dqx_dagster.cli.ci.verdicts import Code, Comparison, Exit, Gate, Outcome, Trouble, Verdict
from dqx_dagster.cli.printing import SafeConsole

HERE = Path(__file__).parent
JUNIT = xmlschema.XMLSchema(HERE / "junit.xsd")
SARIF = jsonschema.Draft202012Validator(json.loads((HERE / "sarif.schema.json").read_text("utf-8")))
SCHEMA = jsonschema.Draft202012Validator(json.loads(schema()))

# A message may come from a database or from a user: any text there is.
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.lists(st.sampled_from(["::error::", "\n", "\x1b[31m", "::add-mask::a", "##[group]", "\r", "a"]), min_size=1).map(
        "".join
    ),
)
numbers = st.one_of(st.none(), st.floats(), st.integers(-5, 5))
dates = st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 9))
verdicts = st.builds(
    Verdict,
    asset=st.sampled_from(["shop/daily", "shop_ranking"]),
    check=st.sampled_from(["rows", "values"]),
    title=texts,
    partition=st.one_of(st.none(), dates.map("{}|train".format)),
    outcome=st.sampled_from(Outcome),
    severity=st.sampled_from(Severity),
    message=texts,
    value=st.one_of(st.none(), st.floats()),
    bound=st.one_of(st.none(), texts),
    run_id=st.just("run-1"),
    code=st.one_of(st.none(), st.builds(Code, file=st.just("suites.py"), line=st.integers(1, 99))),
)
values = st.one_of(st.none(), st.floats().map(Success), texts.map(Failure))
changes = st.builds(
    MetricChange,
    metric=texts,
    dataset=st.one_of(st.none(), texts),
    tags=st.just({"split": "train"}),
    before_date=dates,
    after_date=dates,
    before=values,
    after=values,
)
comparisons = st.builds(
    Comparison,
    baseline=texts,
    max_change=st.one_of(st.none(), st.floats(0, 1)),
    same=st.integers(0, 5),
    changes=st.lists(changes, max_size=3),
    without=st.lists(texts, max_size=2),
)
gates = st.builds(
    Gate,
    location=texts,
    selection=texts,
    partitions=st.lists(dates.map("{}|train".format), unique=True, max_size=4),
    verdicts=st.lists(verdicts, max_size=8, unique_by=lambda v: (v.asset, v.check, v.partition)),
    fail_on=st.sampled_from(Severity),
    allow_skipped=st.booleans(),
    started=st.just(dt.datetime(2024, 1, 9, 6, tzinfo=dt.UTC)),
    seconds=st.floats(0, 100),
    code=st.one_of(st.none(), st.just("definitions.py")),
    troubles=st.lists(st.builds(Trouble, step=texts, partitions=texts, message=texts), max_size=2),
    comparison=st.one_of(st.none(), comparisons),
    notes=st.lists(texts, max_size=1),
)


@given(gates)
def test_every_gate_is_valid_junit_with_a_test_case_for_each_verdict(gate):
    text = junit(gate)
    JUNIT.validate(ET.fromstring(text))
    root = ET.fromstring(text)

    cases = [case for suite in root for case in suite if suite.get("name") not in ("steps", "baseline")]
    assert len(cases) == len(gate.verdicts)
    red = [case for case in root.iter("testcase") if case.find("failure") is not None or case.find("error") is not None]
    assert bool(red) == (gate.exit_code is not Exit.PASSED), "the report is red exactly when the build is"


@given(gates)
def test_every_gate_is_what_the_json_schema_says(gate):
    SCHEMA.validate(json.loads(record(gate)))
    strict = json.loads(record(gate), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert strict["exit_code"] == gate.exit_code


@given(gates)
def test_every_gate_is_valid_sarif(gate):
    [run] = json.loads(sarif(gate))["runs"]
    SARIF.validate(json.loads(sarif(gate)))
    assert len(run["results"]) == len(gate.problems)


@given(gates)
def test_every_row_of_the_markdown_has_the_cells_of_its_table(gate):
    cells = None
    for line in markdown(gate).splitlines():
        if not line.startswith("|"):
            cells = None
            continue
        count = len(line.replace("\\\\", "").replace("\\|", "").split("|"))
        assert cells in (None, count)
        cells = count


@given(gates)
def test_nothing_in_a_gate_commands_the_terminal_or_the_ci(gate):
    console = SafeConsole(file=io.StringIO(), width=80, color_system=None)
    show(gate, console)
    for text in (console.file.getvalue(), markdown(gate), junit(gate), sarif(gate)):
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)
    for text in (console.file.getvalue(), markdown(gate)):
        assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
        assert not re.search(r"::(error|add-mask)|##\[", text)


@given(gates)
def test_every_workflow_command_is_one_line_and_they_are_no_more_than_github_shows(gate):
    commands = list(workflow_commands(gate))
    assert all(command.startswith(("::error ", "::warning ")) for command in commands)
    assert not [command for command in commands if "\n" in command or "\r" in command]
    properties = [command.split("::")[1] for command in commands]
    assert all(part.count("=") >= 1 for each in properties for part in each.split(" ", 1)[1].split(","))
    assert bool([c for c in commands if c.startswith("::error")]) == (gate.exit_code is not Exit.PASSED)


@given(gates)
def test_the_screen_shows_every_gate(gate):
    shown = Console(file=io.StringIO(), width=80)
    show(gate, shown)
    assert f"exit code {int(gate.exit_code)})" in shown.file.getvalue()


def verdict(outcome, severity="P1", partition="2024-01-09|train"):
    return Verdict("shop", f"{outcome}_{severity}", "Rows", partition, outcome, Severity(severity), "why")


def gate(*verdicts, **more):
    given_ = {"fail_on": Severity.P1, "allow_skipped": False, "seconds": 0.0, **more}
    started = dt.datetime(2024, 1, 9, tzinfo=dt.UTC)
    return Gate("shop", "*", ["2024-01-09|train"], verdicts, started=started, **given_)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (gate(verdict(Outcome.PASSED)), 0),
        (gate(verdict(Outcome.FAILED)), 1),
        (gate(verdict(Outcome.ERROR, "P0")), 1),
        (gate(verdict(Outcome.FAILED, "P2")), 0),
        (gate(verdict(Outcome.FAILED, "P2"), fail_on=Severity.P2), 1),
        (gate(verdict(Outcome.FAILED, "P3"), fail_on=Severity.P3), 1),
        (gate(verdict(Outcome.PASSED), verdict(Outcome.NO_RESULT, "P3")), 4),
        (gate(verdict(Outcome.SKIPPED)), 4),
        (gate(verdict(Outcome.SKIPPED), allow_skipped=True), 0),
        (gate(verdict(Outcome.NO_RESULT), allow_skipped=True), 4),
        (gate(verdict(Outcome.FAILED), verdict(Outcome.NO_RESULT)), 1),
        (gate(replace(verdict(Outcome.ERROR), absent=True)), 4),
        (gate(replace(verdict(Outcome.ERROR, "P3"), absent=True), allow_skipped=True), 4),
        (gate(replace(verdict(Outcome.ERROR, "P0"), absent=True), verdict(Outcome.FAILED)), 1),
        (gate(verdict(Outcome.FAILED), troubles=[Trouble("s", "", "m")]), 3),
    ],
)
def test_what_broke_outranks_what_failed_and_that_what_is_missing(found, code):
    assert found.exit_code == code


def test_the_worst_comes_first():
    found = gate(
        verdict(Outcome.SKIPPED, "P0"),
        verdict(Outcome.FAILED, "P2"),
        verdict(Outcome.FAILED, "P1"),
        verdict(Outcome.PASSED, "P0"),
        verdict(Outcome.ERROR, "P0"),
    )
    assert [(v.outcome, v.severity) for v in found.problems] == [
        (Outcome.ERROR, "P0"),
        (Outcome.FAILED, "P1"),
        (Outcome.FAILED, "P2"),
        (Outcome.SKIPPED, "P0"),
    ]


def change(before, after):
    day = dt.date(2024, 1, 9)
    return MetricChange("rows", "shop", {}, day, day, before, after)


@pytest.mark.parametrize(
    ("before", "after", "too_far"),
    [
        (Success(100), Success(105), False),
        (Success(100), Success(106), True),
        (Success(-100), Success(-94), True),
        (Success(0), Success(1), True),
        (Success(1), Failure("no rows"), True),
        (Failure("no rows"), Failure("no column"), False),
        (None, Success(1), False),
        (Success(1), None, False),
    ],
)
def test_a_number_may_move_by_a_share_and_new_and_gone_ones_are_only_told(before, after, too_far):
    one = change(before, after)
    compared = Comparison("production", 0.05, 0, [one])

    assert compared.beyond(one) is too_far
    assert gate(comparison=compared).exit_code == (Exit.FAILED if too_far else Exit.PASSED)
    assert gate(comparison=Comparison("production", None, 0, [one])).exit_code is Exit.PASSED
