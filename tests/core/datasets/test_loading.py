"""YAML files become definitions; what is wrong in them is told with file and line."""

from __future__ import annotations

import textwrap

import pytest

from dqx_core.datasets import from_yaml, load_folder
from dqx_core.errors import DefinitionError, ValidationError

GOOD = textwrap.dedent("""\
    name: sales          # a comment
    description: >
      On two
      lines
    source:
      table: raw_data.transactions
      joins:
        - table: raw_data.products
          on: {product_id: id}
    columns:
      - {column: customer_id, role: user_id}
      - column: transaction_date
        role: timestamp
      - {table: products, column: category}
    nulls: {category: {fill: unknown}}
    filters:
      - kind: values
        column: category
        include: [a, NO]
    split: {strategy: group, key: customer_id}
    partitions: {start: 2024-01-01}
""")


@pytest.fixture
def written(tmp_path):
    def write(text: str, name: str = "sales.yaml"):
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return write


def problems_of(path):
    with pytest.raises(ValidationError) as caught:
        from_yaml(path, schemas=["raw_data"])
    assert str(path) in str(caught.value)
    return caught.value.problems


def test_a_file_is_a_definition(written):
    definition = from_yaml(written(GOOD))
    assert (definition.name, definition.content) == ("sales", "increment")
    assert definition.filters[0].include == ("a", "NO")
    assert definition.description == "On two lines\n"


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("description:", "descriptoin:", "line 2, descriptoin: unknown key 'descriptoin'. Did you mean 'description'?"),
        ("      on: {", "      onn: {}\n      on: {", "line 9, source.joins[0].onn: unknown key 'onn'. Did you mean"),
        ("role: timestamp", "role: moment", "line 13, columns[1].role: 'moment' is none of the words allowed here. "),
        (
            "    column: category",
            "    column: kategory",
            "line 18, filters[0].column: the dataset has no column 'kategory'",
        ),
        ("    include", "    inclde", "line 19, filters[0].inclde: unknown key 'inclde'. Did you mean 'include'?"),
        ("key: customer_id", "kee: customer_id", "line 20, split.key: is missing."),
        ("raw_data.products", "other.products", "line 8, source.joins[0].table: table 'other.products' is in schema"),
        ("kind: values", "kind: value", "line 17, filters[0].kind: unknown kind 'value'. Did you mean 'values'?"),
        ("start: 2024-01-01", "start: 2024-13-01", "line 21, partitions.start: "),
        ("[a, NO]", "[a, [b]]", "line 19, filters[0].include[1]: "),
    ],
)
def test_a_problem_has_its_line(written, right, wrong, expected):
    found = problems_of(written(GOOD.replace(right, wrong)))
    assert any(problem.startswith(expected) for problem in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: [", r"sales\.yaml, line 1: not YAML: "),
        ("name: a\nname: b", r"sales\.yaml, line 2: not YAML: found duplicate key"),
        ("", r"sales\.yaml: holds no definition\. Write keys and values"),
        ("- a\n- b", r"sales\.yaml: holds no definition\."),
        ("a: !!python/object/apply:os.getcwd []", r"sales\.yaml has \d+ problems"),
    ],
)
def test_what_is_not_a_definition_is_told_as_such(written, text, expected):
    with pytest.raises(DefinitionError, match=expected):
        from_yaml(written(text))


def test_a_file_that_is_not_there_is_told_as_such(tmp_path):
    with pytest.raises(DefinitionError, match=r"Cannot read .*nothing\.yaml: No such file"):
        from_yaml(tmp_path / "nothing.yaml")


def test_bytes_that_are_not_text_are_told_as_such(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"name: \xff")
    with pytest.raises(DefinitionError, match="is not UTF-8 text"):
        from_yaml(tmp_path / "x.yaml")


def test_a_folder_is_definitions_by_name(written):
    written(GOOD)
    folder = written(GOOD.replace("name: sales", "name: earlier"), "b.yml").parent
    written("not a definition", "notes.txt")
    assert list(load_folder(folder)) == ["earlier", "sales"]


def test_the_problems_of_all_files_come_at_once(written):
    written("name: [", "broken.yaml")
    written(GOOD.replace("strategy: group", "strategy: groups"), "c.yaml")
    written(GOOD)
    with pytest.raises(ValidationError) as caught:
        load_folder(written(GOOD, "twin.yaml").parent)
    told = "\n".join(caught.value.problems)
    assert "broken.yaml, line 1: not YAML" in told
    assert "c.yaml, line 20, split.strategy: unknown strategy 'groups'. Did you mean 'group'?" in told
    assert "twin.yaml: the name 'sales' is taken by sales.yaml. Give it another." in told


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path):
    with pytest.raises(DefinitionError, match="There is no folder"):
        load_folder(tmp_path / "nowhere")
