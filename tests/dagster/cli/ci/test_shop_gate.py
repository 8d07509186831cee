"""The shop's incidents fail a build, with a message that names them, in every format a pipeline reads."""

import json
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema

from tests.examples.test_demo import PLANTED, SPLITS, day

HERE = Path(__file__).parent

pytestmark = pytest.mark.xdist_group("shop_gate")


def test_every_incident_fails_the_build_on_its_day_and_nothing_else_does(shop_gate):
    failed = {}
    for verdict in shop_gate.json["verdicts"]:
        if verdict["outcome"] in ("FAILED", "ERROR"):
            failed.setdefault(tuple(verdict["partition"].split("|")), set()).add(verdict["title"].split(" › ")[1])

    assert shop_gate.said.code == 1
    assert failed == {(day(number), split): names for number, names in PLANTED.items() for split in SPLITS}


def test_a_line_names_each_incident_with_its_numbers(shop_gate):
    for number, names in PLANTED.items():
        for name in names:
            shown = [
                line for line in shop_gate.said.out.splitlines() if f"{day(number)}|train" in line and name in line
            ]
            [train] = [line for line in shown if not line.startswith("::")]
            assert re.match(r"✗ P1 .* = [\d.]+, is not [≤<≥=>] [\d.]+", train)
    assert "Failed: 10 failed" in shop_gate.said.out
    assert not shop_gate.said.err


def test_the_table_has_every_check_and_partition_in_80_columns(shop_gate):
    table, _, _ = shop_gate.said.out.partition("✓ passed")

    assert max(map(len, table.splitlines())) <= 80
    signs = Counter(re.sub(r"\S*[A-Za-z0-9_]\S*", "", table))
    outcomes = Counter(verdict["outcome"] for verdict in shop_gate.json["verdicts"])
    assert {"✓": outcomes["PASSED"], "✗": outcomes["FAILED"], "-": outcomes["SKIPPED"]} == {
        sign: signs[sign] for sign in "✓✗-"
    }
    assert len(shop_gate.json["verdicts"]) == 22 * 14 * 2


def test_the_run_left_nothing_beside_the_shop(shop_gate):
    assert sorted(file.name for file in shop_gate.data.iterdir()) == ["shop.duckdb", "shop.last_day"]


def test_the_json_is_what_its_schema_says(shop_gate):
    from dqx_dagster.cli.ci.record import schema

    described = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(described)
    jsonschema.validate(shop_gate.json, described, format_checker=jsonschema.FormatChecker())
    # The other direction: nothing is written that the schema does not name.
    verdict = described["properties"]["verdicts"]["items"]
    assert set(shop_gate.json) == set(described["properties"])
    assert all(set(each) == set(verdict["properties"]) for each in shop_gate.json["verdicts"])


def test_the_junit_file_is_valid_and_counts_what_the_json_counts(shop_gate):
    xmlschema.XMLSchema(HERE / "junit.xsd").validate(str(shop_gate.folder / "dqx.xml"))
    root = ET.parse(shop_gate.folder / "dqx.xml").getroot()

    outcomes = Counter(verdict["outcome"] for verdict in shop_gate.json["verdicts"])
    assert int(root.get("failures")) == outcomes["FAILED"] == len(root.findall(".//failure"))
    assert int(root.get("errors")) == outcomes["SKIPPED"], "a check without a result is no pass"
    assert int(root.get("tests")) == len(shop_gate.json["verdicts"])
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names)
    assert ("shop_daily", "customers__emails_are_filled [2024-01-10|train]") in names


def test_the_summary_of_the_job_comes_after_what_other_steps_said_with_the_failures_first(shop_gate):
    lines = (shop_gate.folder / "summary.md").read_text("utf-8").splitlines()

    assert lines[:2] == ["What another step said.", "## ❌ dqx ci: Failed"]
    rows = [line for line in lines if line.startswith(("| ✗", "| \\- ", "| - "))]
    assert [row[2] for row in rows[:10]] == ["✗"] * 10
    assert "2024-01-10\\|train" in rows[0]
    assert "Emails are filled" in rows[0]
    assert "✗" not in {row[2] for row in rows[10:]}


def test_github_shows_the_failures_at_the_lines_of_their_checks(shop_gate):
    commands = [line for line in shop_gate.said.out.splitlines() if line.startswith("::")]

    assert len(commands) == 10
    found = re.fullmatch(r"::error file=(\S+?),line=(\d+),title=(.*?)::(.*)", commands[0])
    line = Path(found[1]).read_text("utf-8").splitlines()[int(found[2]) - 1]
    assert (found[1], line) == ("examples/shop/suites.py", '@check(name="Customers", datasets=[DAILY])')
    assert found[3] == "P1 2024-01-10|train shop_daily › Customers › Emails are filled"
    assert "is not ≤ 0.1" in found[4]
    assert "more problems" in commands[-1]


def test_the_sarif_file_has_a_result_at_a_line_for_each_problem(shop_gate):
    [run] = json.loads((shop_gate.folder / "dqx.sarif").read_text("utf-8"))["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert len(rules) == 22 == len({rule["id"] for rule in rules})
    problems = [v for v in shop_gate.json["verdicts"] if v["counts"]]
    assert len(run["results"]) == len(problems)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        [location] = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "examples/shop/suites.py"
        assert place["region"]["startLine"] > 0
    prints = [result["partialFingerprints"]["check/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_the_sarif_file_is_valid(shop_gate):
    schema = json.loads((HERE / "sarif.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads((shop_gate.folder / "dqx.sarif").read_text("utf-8")), schema)
