"""What a person writes means the same on BigQuery as on DuckDB, or is refused before it runs: by Google's evaluator."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core.errors import DefinitionError
from dqx_core.sql.conditions import aggregate, condition
from tests.googlesql.awkward import FEW, NUMBERS, ROWS, SCHEMA
from tests.googlesql.evaluator import needed
from tests.googlesql.side_by_side import compare

pytestmark = [needed(), pytest.mark.xdist_group("googlesql")]

HERE = Path(__file__).parent


def lines(name):
    return [line for line in (HERE / name).read_text("utf-8").splitlines() if line.strip()]


def written(make, texts):
    """Those that are expressions of the kind, and the refusals of the others."""
    made, refused = {}, {}
    for text in texts:
        try:
            made[text] = make(text)
        except DefinitionError as error:
            refused[text] = str(error)
    return made, refused


@pytest.mark.parametrize(
    ("name", "make", "schema", "rows"),
    [("conditions.txt", condition, SCHEMA, ROWS), ("aggregates.txt", aggregate, NUMBERS, FEW)],
    ids=["conditions", "aggregates"],
)
def test_what_people_write_means_the_same_there_or_is_refused_before_it_runs(name, make, schema, rows, capsys):
    texts = lines(name)
    made, refused = written(make, texts)
    outcome = compare(made, schema, rows)
    outcome.refused |= refused
    with capsys.disabled():
        print(f"\n{name}: of {len(texts)}, {outcome}")

    assert not outcome.other, "another value, and no word of it"
    assert not outcome.raised, "an error as it ran, where DuckDB has a value"
    worked = len(outcome.same) + len(outcome.close) + len(outcome.failed)
    assert worked >= 0.8 * len(texts)
    assert all(re.search(r"Write |gives many rows|is not", said) for said in outcome.refused.values())


NUMBER = st.sampled_from(["x", "n", "m", "d", "1", "0", "2.5", "-7", "1e0", "length(s)", "x / 4", "n % 5", "d + 1"])
TEXT = st.sampled_from(
    ["s", "t", "'a'", "''", "trim(s)", "lower(s)", "s || t", "substr(s, 1, 2)", "replace(s, 'a', 'b')"]
)
TIME = st.sampled_from(["day", "at", "ts", "day2", "DATE '2024-01-07'", "TIMESTAMP '2024-01-10 12:00:00'", "day + 1",
                        "date_trunc('week', at)", "at - INTERVAL 1 DAY", "ts + INTERVAL 2 HOUR"])  # fmt: skip
COMPARED = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"])


def _number(inner):
    calls = ["abs({a})", "least({a}, {b})", "greatest({a}, {b})", "coalesce({a}, {b})", "nullif({a}, {b})", "{a} / {b}",
             "CASE WHEN b THEN {a} ELSE {b} END", "round({a}, 1)", "sign({a})", "CAST({a} AS DOUBLE)", "({a} - {b})",
             "TRY_CAST({a} AS INTEGER)", "floor({a})", "sqrt({a})", "ln({a})"]  # fmt: skip
    return st.builds(lambda call, a, b: call.format(a=a, b=b), st.sampled_from(calls), inner, inner)


NUMBERS_OF = st.recursive(NUMBER, _number, max_leaves=3)
PARTS = st.sampled_from(["year", "month", "week", "isodow", "dow", "doy", "quarter", "day"])
LEAF = st.one_of(
    st.builds("{} {} {}".format, NUMBERS_OF, COMPARED, NUMBERS_OF),
    st.builds("{} {} {}".format, TEXT, COMPARED, TEXT),
    st.builds("{} {} {}".format, TIME, COMPARED, TIME),
    st.builds("{} BETWEEN {} AND {}".format, NUMBERS_OF, NUMBER, NUMBER),
    st.builds("{} IN ({}, {})".format, NUMBERS_OF, NUMBER, NUMBER),
    st.builds("{} LIKE '{}'".format, TEXT, st.text("a%_\\b", max_size=4)),
    st.builds("{} ILIKE '{}' ESCAPE '!'".format, TEXT, st.sampled_from(["a!%b", "A%", "!!", "%!_%", "É"])),
    st.builds("regexp_matches({}, '{}')".format, TEXT, st.sampled_from(["^a", r"\d+", "a.b", "b$", "[[:upper:]]"])),
    st.builds("extract({} FROM {}) = {}".format, PARTS, TIME, st.integers(0, 7)),
    st.builds("date_diff('{}', {}, {}) > {}".format, st.sampled_from(["day", "week", "month", "year"]),
              TIME, TIME, st.integers(-2, 2)),
    st.sampled_from(["b", "flags[1]", "parts.ok", "isnan(x)", "s IS NULL"]),
)  # fmt: skip
CONDITION = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=3,
)


@settings(max_examples=4)
@given(texts=st.lists(CONDITION, min_size=40, max_size=40, unique=True))
def test_conditions_made_of_the_table_agree_row_by_row_or_are_refused(texts):
    made, _ = written(condition, texts)

    outcome = compare(made, SCHEMA, ROWS)

    assert not outcome.other
    assert not {text: said for text, said in outcome.raised.items() if "overflow" not in said}
