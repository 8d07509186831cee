"""What is wrong in a defs.yaml is told with its file, its line and the nearest right word."""

import json

import jsonschema
import pytest

from dqx_core.errors import ValidationError
from dqx_dagster import DqxDataset
from tests.dagster.components.conftest import DEFINITION

# Dagster reads a defs.yaml with a function that pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

HEAD = len(DEFINITION.splitlines()) + 2
"""The last line of the definition in a defs.yaml that begins with it."""


@pytest.fixture
def problems(load):
    """What loading says, without the name of the file."""

    def found(attributes, **files):
        with pytest.raises(Exception, match="sales") as refused, load(attributes, **files):
            pass
        error = refused.value.__cause__
        while error.__cause__ is not None:
            error = error.__cause__
        assert isinstance(error, ValidationError)
        assert str(error).splitlines()[0].split(" has ")[0].endswith("/defs/sales/defs.yaml")
        return list(error.problems)

    return found


def test_a_wrong_key_anywhere_is_named_with_the_nearest_right_one(problems):
    attributes = """\
checks:
  - name: a
    severty: P0
    metric: {kind: num_rows}
    is_positive: true
  - name: b
    metric: {ratio: [{kind: null_count, colum: price}, {kind: num_rows}]}
    is_ltt: 0.5
schedule: {huor: 3}
schedul: {hour: 3}
"""
    assert problems(DEFINITION.replace("columns:", "colums:") + attributes) == [
        f"line {HEAD + 3}, checks[0].severty: unknown key 'severty'. Did you mean 'severity'?",
        f"line {HEAD + 7}, checks[1].metric.ratio[0].column: is missing.",
        f"line {HEAD + 7}, checks[1].metric.ratio[0].colum: unknown key 'colum'. Did you mean 'column'?",
        f"line {HEAD + 8}, checks[1].is_ltt: unknown key 'is_ltt'. Did you mean 'is_lt'?",
        f"line {HEAD + 9}, schedule.huor: unknown key 'huor'. Did you mean 'hour'?",
        f"line {HEAD + 10}, schedul: unknown key 'schedul'. Did you mean 'schedule'?",
        "line 7, definition.colums: unknown key 'colums'. Did you mean 'columns'?",
    ]


@pytest.mark.parametrize(
    ("check", "place", "message"),
    [
        (
            "metric: {kind: averge, column: price}, is_zero: true",
            "checks[0].metric.kind",
            "unknown kind 'averge'. Did you mean 'average'?",
        ),
        (
            "metric: {day_ovr_day: {kind: num_rows}}, is_zero: true",
            "checks[0].metric",
            "it is none of the forms of a metric. Did you mean 'day_over_day'? "
            "Write {kind: average, column: price}, or such around it as {day_over_day: {kind: …}}.",
        ),
        (
            "metric: {kind: num_rows}",
            "checks[0]",
            "it has no condition. Add one, such as is_positive: true or is_lt: 0.5.",
        ),
        (
            "metric: {kind: num_rows}, is_lt: 3, is_positive: true",
            "checks[0]",
            "it has 2 conditions: is_lt, is_positive. Write a check for each.",
        ),
        (
            "metric: {kind: num_rows}, is_between: [2, 1]",
            "checks[0]",
            "Check 'x', assertion 'x': between 2 and 1 is empty: the lower limit is above the upper. Swap them.",
        ),
        (
            "metric: {kind: num_rows}, is_lt: many",
            "checks[0].is_lt",
            "'many' is not a number.",
        ),
        (
            "severity: P5, metric: {kind: num_rows}, is_lt: 3",
            "checks[0].severity",
            "'P5' is none of the words allowed here. There are: P0, P1, P2, P3.",
        ),
    ],
)
def test_a_check_that_cannot_work_is_told_of_at_its_line(problems, check, place, message):
    [found] = problems(f"{DEFINITION}checks:\n  - {{name: x, {check}}}\n")

    assert found == f"line {HEAD + 2}, {place}: {message}"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("retry_policy: {retries: 2}", "retry_policy.retries: unknown key 'retries'. Did you mean 'max_retries'?"),
        (
            "retry_policy: {max_retries: 2, backoff: exp}",
            "retry_policy.backoff: 'exp' is none of the words allowed here. There are: exponential, linear.",
        ),
        (
            "retry_policy: {max_retries: 3, backoff: exponential}",
            "retry_policy: backoff without a delay: say how long, such as delay: 1.",
        ),
        (
            "retry_policy: {backoff: linear, jitter: full}",
            "retry_policy: backoff and jitter without a delay: say how long, such as delay: 1.",
        ),
        (
            "checks: [{name: n, metric: {kind: num_rows}, is_zero: 'true'}]",
            "checks[0].is_zero: 'true' cannot stand here: write true.",
        ),
        (
            "automation_condition: eager",
            "automation_condition: 'eager' is not a condition. Write a template: "
            "'{{ dg.AutomationCondition.eager() }}'.",
        ),
    ],
)
def test_what_cannot_be_said_of_steps_is_told_of_at_its_line(problems, written, told):
    assert problems(f"{DEFINITION}{written}\n") == [f"line {HEAD + 1}, {told}"]


def test_a_name_that_is_there_twice_is_told_of_at_the_second(problems):
    check = "  - {name: x, metric: {kind: num_rows}, is_positive: true}\n"

    assert problems(f"{DEFINITION}checks:\n{check}{check}") == [
        f"line {HEAD + 3}, checks[1].name: the name 'x' is taken by checks[0]. Give it another."
    ]


def test_a_suite_that_is_not_there_is_told_of_with_what_is(problems):
    module = "from dqx_core import Suite\nDAILY = Suite('Daily', ())\nLIMIT = 3\n"
    suites = "['.suites:DIALY', '.suites:LIMIT', '.suits:DAILY', 'no_such.module:DAILY', 'examples.shop.suites']"
    found = problems(f"{DEFINITION}suites: {suites}\n", suites_py=module)

    assert [each.split(": ", 1)[0] for each in found] == [f"line {HEAD + 1}, suites[{n}]" for n in range(5)]
    for each, words in zip(
        found,
        [
            "'DIALY' is not there in module .*. Did you mean 'DAILY'?",
            "'LIMIT' is not a suite in module",
            "there is no file suits.py",
            "there is no module 'no_such' to import.",
            "'examples.shop.suites' names no suite. Write package.module:NAME",
        ],
        strict=True,
    ):
        assert all(part in each for part in words.split(".*"))


def test_a_definition_that_cannot_work_is_told_of_in_its_own_words(problems):
    inline = DEFINITION.replace("key: customer_id", "key: custmer_id")
    assert problems(inline) == [
        "line 11, definition.split.key: the dataset has no column 'custmer_id'. Did you mean 'customer_id'?"
    ]

    text = inline.replace("definition:\n", "").replace("\n  ", "\n").removeprefix("  ")
    [in_file] = problems("definition: sales.yaml\n", sales_yaml=text)
    assert in_file.startswith("line 3, definition: sales.yaml, line 8, split.key: the dataset has no column")
    [absent] = problems("definition: other.yaml\n")
    assert "other.yaml: No such file or directory." in absent


def test_asset_attributes_that_a_dataset_cannot_take_are_refused(problems):
    assert problems(f"{DEFINITION}asset_attributes: {{goup_name: x}}\n") == [
        f"line {HEAD + 1}, asset_attributes.goup_name: unknown key 'goup_name'. Did you mean 'group_name'?"
    ]
    assert problems(
        f"{DEFINITION}asset_attributes:\n  key: other\n  partitions_def: {{type: daily, start_date: 2026-01-01}}\n"
    ) == [
        f"line {HEAD + 3}, asset_attributes.partitions_def: the partitions are those of the definition.",
        f"line {HEAD + 2}, asset_attributes.key: 'other' does not end with 'sales', the dataset's name, by which its "
        "checks and readers find it. Use key_prefix.",
    ]


def test_a_component_without_attributes_says_what_it_lacks(project):
    folder = project.defs_folder_path / "sales"
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text("type: dqx_dagster.DqxDataset\n")
    with (
        pytest.raises(Exception, match="sales") as refused,
        project.load_component_and_build_defs(folder),
    ):
        pass

    assert "definition: is missing." in str(refused.value.__cause__)


@pytest.mark.parametrize(
    ("attributes", "place", "words"),
    [
        ({"chekcs": []}, [], "'chekcs' was unexpected"),
        (
            {"checks": [{"name": "x", "metric": {"kind": "average", "column": "a", "wher": "b"}, "is_lt": 1}]},
            ["checks", 0, "metric"],
            "'wher' was unexpected",
        ),
        (
            {"checks": [{"name": "x", "metric": {"mean": {"kind": "num_rows"}, "nn": 3}, "is_lt": 1}]},
            ["checks", 0, "metric"],
            "'nn' was unexpected",
        ),
        (
            {"checks": [{"name": "x", "metric": {"kind": "num_rows"}, "is_lt": "1"}]},
            ["checks", 0, "is_lt"],
            "'1' is not of type 'number'",
        ),
        ({"definition": {"name": "sales", "spilt": {}}}, ["definition"], "'spilt' was unexpected"),
        ({"retry_policy": {"retries": 2}}, ["retry_policy"], "'retries' was unexpected"),
        ({"pool": 3}, ["pool"], "3 is not of type"),
        ({"asset_attributes": {"goup_name": "x"}}, ["asset_attributes"], "'goup_name' was unexpected"),
    ],
)
def test_the_schema_for_editors_and_dg_check_yaml_names_the_wrong_key(attributes, place, words):
    schema = json.loads(json.dumps(DqxDataset.get_model_cls().model_json_schema()))
    errors = jsonschema.Draft202012Validator(schema).iter_errors({"definition": "sales.yaml", **attributes})

    assert (place, True) in [(list(error.absolute_path), words in error.message) for error in errors]


def test_the_schema_takes_what_is_said_of_steps():
    schema = json.loads(json.dumps(DqxDataset.get_model_cls().model_json_schema()))
    said = {
        "retry_policy": {"max_retries": 2, "delay": 1.5, "backoff": "linear", "jitter": "full"},
        "pool": "warehouse",
        "op_tags": {"team": "data"},
        "automation_condition": "{{ dg.AutomationCondition.eager() }}",
    }

    jsonschema.validate({"definition": "sales.yaml", **said}, schema)
