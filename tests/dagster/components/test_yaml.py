"""A defs.yaml means what a file of its own means; templates have a value; its schema takes what loads."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import jsonschema
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core.checks import Check
from dqx_core.datasets.problems import located
from dqx_core.errors import DefinitionError, ValidationError
from dqx_core.symbols import SymbolRegistry
from dqx_dagster import DqxDataset
from dqx_dagster.components.as_written import as_written
from dqx_dagster.components.attributes import Attributes
from dqx_dagster.components.checks import WrittenCheck
from dqx_dagster.components.templates import rendered
from tests.dagster.components.conftest import DEFINITION

# Dagster reads a defs.yaml with a function that pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

SCHEMA = jsonschema.Draft202012Validator(json.loads(json.dumps(DqxDataset.get_model_cls().model_json_schema())))

# As it is read


def read(tmp_path, text: str) -> tuple[dict[str, Any], list[str]]:
    """Attributes as YAML 1.2 has them, where Dagster has read them before, and what is told of differences."""
    from dagster_shared.yaml_utils import load_yaml_from_path

    file = tmp_path / "defs.yaml"
    file.write_text(f"type: dqx_dagster.DqxDataset\nattributes:\n{textwrap.indent(text, '  ')}")
    told: list[str] = []
    host = load_yaml_from_path(str(file))["attributes"]  # type: ignore[index,call-overload]
    ours = as_written(
        file, 1, host, but="asset_attributes", tell=lambda p: told.append(f"{'.'.join(map(str, p[0]))}: {p[1]}")
    )
    return ours, told


@pytest.mark.parametrize(
    ("scalar", "ours", "host"),
    [
        ("010", "the number 10", "the number 8"),
        ("NO", "the text 'NO'", "false"),
        ("on", "the text 'on'", "true"),
        ("12:30", "the text '12:30'", "the number 750"),
        ("1e3", "the number 1000.0", "the text '1e3'"),
        ("09", "the number 9", "the text '09'"),
        ("1_000", "the text '1_000'", "the number 1000"),
        ("0o17", "the number 15", "the text '0o17'"),
        ("0b11", "the text '0b11'", "the number 3"),
        ("-1:30", "the text '-1:30'", "the number -90"),
    ],
)
def test_what_is_read_in_two_ways_is_refused_with_both(tmp_path, scalar, ours, host):
    for text, place in (
        (f"definition:\n  filters: [{{include: [a, {scalar}]}}]\n", "definition.filters.0.include.1"),
        (f"checks: [{{metric: {{values: {scalar}}}}}]\n", "checks.0.metric.values"),
    ):
        _, [told] = read(tmp_path, text)
        assert told.startswith(f"{place}: {scalar} is {ours} in YAML 1.2, as in a file of its own, and {host} where")
    assert read(tmp_path, f"a: '{scalar}'\nb: \"{scalar}\"\n") == ({"a": scalar, "b": scalar}, [])


def test_a_key_that_is_read_in_two_ways_is_refused(tmp_path):
    _, [told] = read(tmp_path, "definition: {nulls: {on: keep}}\n")
    assert told.startswith("definition.nulls: on is the text 'on' in YAML 1.2")


def test_what_is_read_alike_is_as_it_is_in_a_file_of_its_own(tmp_path):
    text = """\
definition: &d
  start: 2024-01-31
  min: 12345678901234567.123456789
  values: [1, 2.5, true, null, ~, a, '010', "x", 0x1F, .5, 1.0e+3]
  nulls: {2024: keep}
  more: {<<: &m {a: 1, b: 2}, b: 3}
checks: [{metric: {q: 0.30000000000000004441}}]
asset_attributes: {tags: {a: NO}}
"""
    ours, told = read(tmp_path, text)
    assert told == []
    definition = ours["definition"]
    assert definition["start"] == "2024-01-31"
    assert str(definition["min"]) == "12345678901234567.123456789"
    assert definition["values"] == [1, 2.5, True, None, None, "a", "010", "x", 31, 0.5, 1000.0]
    assert definition["nulls"] == {"2024": "keep"}
    assert definition["more"] == {"a": 1, "b": 3}
    assert ours["checks"][0]["metric"]["q"] == 0.30000000000000004
    assert ours["asset_attributes"] == {"tags": {"a": False}}  # which is Dagster's


def test_a_defs_yaml_is_refused_with_its_line(load):
    text = DEFINITION.replace("  split:", "  filters: [{kind: values, column: price, include: [010]}]\n  split:")
    with pytest.raises(Exception, match="sales") as refused, load(text):
        pass
    error: Any = refused.value
    while error.__cause__ is not None:
        error = error.__cause__
    assert isinstance(error, ValidationError)
    [problem] = error.problems
    assert problem.startswith("line 11, definition.filters[0].include[0]: 010 is the number 10 in YAML 1.2")


def test_a_key_that_is_there_twice_is_told_once_with_its_line(load):
    with (
        pytest.raises(Exception, match="sales") as refused,
        load(DEFINITION.replace("  status", "  name: b\n  status")),
    ):
        pass
    error: Any = refused.value
    while error.__cause__ is not None:
        error = error.__cause__
    assert error.problems == ("line 5: not YAML: found duplicate key 'name'.",)


# Templates


class Env:
    """What `env` is in the templates of Dagster: None for what is not set."""

    def __init__(self, **there: str) -> None:
        self.there = there

    def __getattr__(self, key: str) -> str | None:
        if key.startswith("jinja"):
            raise AttributeError(key)
        return self.there.get(key)


def filled(text: str) -> object:
    told: list[str] = []
    found = rendered({"where": [text]}, {"env": Env(COUNTRY="NL", TEN="10")}, ("checks",), lambda p, m: told.append(m))
    if told:
        raise DefinitionError(*told)
    return found["where"][0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("country = '{{ env.COUNTRY }}'", "country = 'NL'"),
        ("{{ env.COUNTRY }}", "NL"),
        ("{{ env.TEN }}", 10),
        ("{{ env.NOPE or 'BE' }}", "BE"),
        ("{% if env.NOPE %}a{% else %}b{% endif %}", "b"),
        ("{{ [1, 2] }}", [1, 2]),
        ("007", "007"),
        ("", ""),
    ],
)
def test_a_template_is_filled_in(text, value):
    assert filled(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("country = '{{ env.NOPE }}'", "the variable NOPE is not set. Set it, or write a value for where it is not"),
        ("{{ env.NOPE }}", "the variable NOPE is not set."),
        ("a {{ evn.COUNTRY }} b", "'evn' is undefined. Did you mean 'env'?"),
        ("{{ evn }}", "'evn' is undefined. Did you mean 'env'?"),
        ("{% if env.NOPE %}x = 1{% endif %}", "the variable NOPE is not set."),
        ("{{ none }}", "comes to nothing."),
        ("{{ '' }}", "comes to nothing."),
        ("{{ env.COUNTRY.upper.nothing.more }}", "has no attribute 'nothing'"),
        ("{{ env.COUNTRY", "not a template: "),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_template_without_a_value_is_refused(text, said):
    with pytest.raises(DefinitionError) as refused:
        filled(text)
    assert str(refused.value).startswith(f"{text}: ")
    assert said in str(refused.value)


def test_templates_of_the_asset_that_have_no_value_are_refused_with_their_line(load):
    with (
        pytest.raises(Exception, match="sales") as refused,
        load(DEFINITION + 'asset_attributes:\n  group_name: "of_{{ env.NOPE_AT_ALL }}"\n'),
    ):
        pass
    said, error = "", refused.value
    while error is not None:
        said, error = str(error), error.__cause__
    assert "line 14, asset_attributes.group_name: of_{{ env.NOPE_AT_ALL }}: the variable NOPE_AT_ALL is not set" in said


# Checks

ROWS = {"kind": "num_rows"}
NULLS = {"kind": "null_count", "column": "a"}


@pytest.mark.parametrize(
    "metric",
    [
        {"ratio": [{"ratio": [NULLS, ROWS]}, ROWS]},
        {"product": [100, {"ratio": [NULLS, ROWS]}]},
        {"sum": [NULLS, {"kind": "null_count", "column": "b"}, 1.5]},
        {"difference": [{"day_over_day": ROWS}, 1]},
        {"zscore": {"day_over_day": {"kind": "average", "column": "a"}}},
        {"kind": "duplicate_count", "columns": "a"},
        {"kind": "count_values", "column": "a", "values": "x"},
    ],
)
def test_a_check_says_what_python_says(metric):
    written = WrittenCheck.model_validate({"name": "n", "metric": metric, "is_positive": True})
    Check("n", (), written.judge).node(SymbolRegistry())
    assert not list(
        SCHEMA.iter_errors({"definition": "x.yaml", "checks": [{"name": "n", "metric": metric, "noop": True}]})
    )


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ({"ratio": [1, 2]}, "it holds numbers alone."),
        ({"ratio": [ROWS, 0]}, "nothing is divided by 0."),
        (5, "5 cannot stand here. There are: change, "),
        ({"day_over_day": {"ratio": [ROWS, ROWS]}}, "'ratio' cannot stand here. There are: "),
        ({"ratio": [{"rato": [ROWS, ROWS]}, ROWS]}, "it is none of the forms of a metric. Did you mean 'ratio'?"),
        ({"kind": "quantile", "column": "a", "q": "0.5"}, "'0.5' is not a number."),
    ],
)
def test_a_check_that_cannot_be_is_told_in_our_words(metric, said):
    data = {"definition": "x.yaml", "checks": [{"name": "n", "metric": metric, "is_positive": True}]}
    with pytest.raises(pydantic.ValidationError) as refused:
        Attributes.model_validate(data)
    [(place, message)] = located(refused.value, Attributes, data)
    assert place[:3] == ("checks", 0, "metric")
    assert said in message
    assert not any(word in message for word in ("_form", "as ratio", "Input"))


METRICS = st.recursive(
    st.sampled_from(
        [ROWS, NULLS, {"kind": "quantile", "column": "a", "q": 0.5}, {"kind": "sum", "column": "a", "lag": 1}]
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["ratio", "difference", "sum", "product"]), st.lists(inner | st.just(2), max_size=3)),
        st.tuples(st.sampled_from(["day_over_day", "mean"]), inner),
    ).map(lambda both: {both[0]: both[1]}),
    max_leaves=4,
)
SLIPS = st.sampled_from([
    {}, {"is_lt": "3"}, {"is_lt": 3}, {"is_lt": True}, {"tol": "1"}, {"severity": "P9"}, {"tags": "a"}, {"tags": ["a"]},
    {"is_between": [1]}, {"is_between": [1, 2.5]}, {"name": ""}, {"name": 5}, {"metric": None}, {"is_zero": False},
])  # fmt: skip
AROUND = st.sampled_from([
    {}, {"schedule": {"hour": 3.0}}, {"schedule": {"hour": "3"}}, {"schedule": {"hour": 24}}, {"integrity": "no"},
    {"integrity": False}, {"metrics": 1}, {"granularity": "each"}, {"suites": "a:B"}, {"suites": ["a:B"]},
    {"schemas": None}, {"kind": "spark"}, {"chekcs": []},
])  # fmt: skip
OF_THE_WHOLE = ("numbers alone", "divided by 0", "conditions: ", "no condition")


@settings(max_examples=150, deadline=None)
@given(metric=METRICS, slip=SLIPS, around=AROUND)
def test_the_schema_takes_exactly_the_checks_that_load(metric, slip, around):
    check = {"name": "n", "metric": metric} | ({"noop": True} if "is_lt" not in slip else {}) | slip
    data = {"definition": "x.yaml", "checks": [check], **around}
    said = [error.message for error in SCHEMA.iter_errors(data)]
    problems: list[str] = []
    try:
        Attributes.model_validate(data, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        problems = [message for _, message in located(error, Attributes, data)]
    problems = [each for each in problems if not any(words in each for words in OF_THE_WHOLE)]
    assert bool(said) == bool(problems), (said, problems)
