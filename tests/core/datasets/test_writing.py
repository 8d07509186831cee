"""A definition is written so that it reads back the same, and a change leaves alone what it is not about."""

from __future__ import annotations

from pathlib import Path

import pytest

from dqx_core.datasets import changed_text, define, from_yaml, new_text
from dqx_core.datasets.writing import read_data, save, value_of, with_value
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import daily, ranking

SHOP = sorted((Path(__file__).parents[3] / "examples/shop/datasets").glob("*.yaml"))

TEXT = """\
# What this is
name: sales   # its name
description: 'in quotes' # why
source:
  table: raw_data.transactions
  joins:
    - table: raw_data.products
      on: {product_id: id}   # the key
      how: left
# the columns
columns:
  - {column: customer_id}  # who
  # when it was
  - {column: transaction_date, role: timestamp}
  - {column: country}

# which rows
filters:
  - {kind: date_range, rolling_days: 8} # a week
  - {kind: values, column: country, include: [NL]} # near

# the split
split:
  strategy: temporal
  eval_days: 2  # two

# from when on
partitions: {start: 2024-01-08, cadence: daily} # daily
"""


WRITTEN = [
    ranking(),
    daily(),
    daily(split__parts={"train": 90, "eval": 10}),
    daily(split__key=["customer_id", "country"], folds={"count": 3, "key": ["customer_id"]}),
]


@pytest.mark.parametrize("definition", WRITTEN)
def test_what_is_written_reads_back_the_same(definition, tmp_path):
    save(tmp_path / "x.yaml", new_text(definition))
    assert from_yaml(tmp_path / "x.yaml") == definition
    assert from_yaml(tmp_path / "x.yaml").definition_hash == definition.definition_hash


@pytest.mark.parametrize("text", [TEXT, *(file.read_text() for file in SHOP)])
def test_no_change_changes_nothing(text):
    assert changed_text(text, read_data(text)) == text


def lines_changed(before: str, after: str) -> tuple[set[str], set[str]]:
    old, new = before.splitlines(), after.splitlines()
    return {line for line in old if line not in new}, {line for line in new if line not in old}


@pytest.mark.parametrize(
    ("place", "value", "gone", "new"),
    [
        ("description", "other", "description: 'in quotes' # why", "description: 'other' # why"),
        ("split.eval_days", 3, "  eval_days: 2  # two", "  eval_days: 3  # two"),
        ("split.gap_days", 1, None, "  gap_days: 1"),
        ("columns[3]", {"column": "amount", "as": "paid"}, None, "  - {column: amount, as: paid}"),
        ("filters[1]", None, "  - {kind: values, column: country, include: [NL]} # near", None),
        ("columns[0]", None, "  - {column: customer_id}  # who", None),
        ("partitions.end", "2024-02-01", None, None),
        ("source.joins[0].how", "inner", "      how: left", "      how: inner"),
    ],
)
def test_a_change_is_one_line_and_every_comment_stays_where_it_was(place, value, gone, new):
    after = changed_text(TEXT, with_value(read_data(TEXT), place, value))
    lost, came = lines_changed(" ".join(TEXT.split(" ")), after)

    if gone is not None and new is not None:
        assert {" ".join(line.split()) for line in lost} == {" ".join(gone.split())}
    if new is not None:
        assert " ".join(new.split()) in {" ".join(line.split()) for line in came}
    own_lines = [line.strip() for line in TEXT.splitlines() if line.strip().startswith("#")]
    for comment in own_lines:
        follows = TEXT.splitlines()[[line.strip() for line in TEXT.splitlines()].index(comment) + 1]
        written = [line.strip() for line in after.splitlines()]
        assert comment in written
        if follows.strip() in written:
            assert written[written.index(comment) + 1] == follows.strip()


def test_a_section_that_goes_leaves_the_comments_of_the_next():
    after = changed_text(TEXT, with_value(read_data(TEXT), "filters", None))
    assert "# the split\nsplit:\n" in after
    assert "filters" not in after


def test_a_new_section_stands_where_definitions_have_it():
    after = changed_text(TEXT, with_value(read_data(TEXT), "nulls.country.fill", "none"))
    assert "nulls:\n  country: {fill: none}\n\n# which rows\nfilters:" in after


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("0.5", 0.5), ("[a, b]", ["a", "b"]), ("{fill: x}", {"fill": "x"}), ("a b", "a b")]
)
def test_a_value_is_what_yaml_reads(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize("place", ["filters[7].min", "filters.x", "[0]", "", "split[0]"])
def test_a_place_that_is_not_there_is_told(place):
    with pytest.raises(DefinitionError, match=r"has no place"):
        with_value(read_data(TEXT), place, 1)


def test_a_text_that_is_no_value_is_told():
    with pytest.raises(DefinitionError, match=r"Put text in quotes"):
        value_of("[a")


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("old")
    file.chmod(0o600)
    save(file, "new")

    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["x.yaml"]
    with pytest.raises(DefinitionError, match=r"Cannot write"):
        save(file / "below.yaml", "text")


def test_hostile_names_are_quoted(tmp_path):
    hostile = define({
        "name": "odd",
        "source": {"table": 'raw_data.we "ird'},
        "columns": [{"column": "on: [x] # no", "as": "yes"}, {"column": "it's"}],
        "split": {"strategy": "group", "key": "it's"},
        "partitions": {"start": "2024-01-01", "content": "snapshot"},
    })  # fmt: skip
    save(tmp_path / "odd.yaml", new_text(hostile))
    assert from_yaml(tmp_path / "odd.yaml") == hostile
