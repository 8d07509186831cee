"""What somebody writes to break it, or by accident: a sentence for the person, and nothing broken."""

from __future__ import annotations

import textwrap
import time

import pytest

from dqx_core.datasets import DatasetService, DuckDBCatalog, define, from_yaml, materialize
from dqx_core.datasets.writing import value_of
from dqx_core.errors import DefinitionError, ValidationError
from dqx_core.store import MetricDB
from tests.core.datasets.shop import DAILY, changed, daily, day, engine

LAUGHS = "a: &a [ha]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{inner}'] * 10)}]\n" for inner, name in zip("abcdefgh", "bcdefghi", strict=True)
)
WIDE = "name: wide\nsource: {table: raw_data.t}\npartitions: {start: 2024-01-01, content: snapshot}\ncolumns:\n"


@pytest.fixture
def written(tmp_path):
    def write(text: str):
        (tmp_path / "hostile.yaml").write_text(text, "utf-8")
        return tmp_path / "hostile.yaml"

    return write


BOMBS = {
    "a billion laughs": (LAUGHS, r"hostile\.yaml, line 6: more than 50,000 values, counting \*aliases as what they"),
    "laughs as mappings": (
        LAUGHS.replace("[", "{x: [").replace("]", "]}"),
        r"hostile\.yaml, line \d: more than 50,000 values",
    ),
    "a list in itself": ("name: &a [x, *a]", r"hostile\.yaml, line 1: \*a stands inside &a, so it would never end\."),
    "a mapping in itself": ("a: 1\nb: &b\n  c: {d: *b}", r"hostile\.yaml, line 3: \*b stands inside &b"),
    "lists in lists": ("a: " + "[" * 200 + "]" * 200, r"hostile\.yaml, line 1: more than 40 lists and mappings in one"),
    "mappings in mappings": ("a: " + "{a: " * 200 + "1" + "}" * 200, "more than 40 lists and mappings"),
    "a long text": (f"name: {'x' * 1_100_000}", r"1,100,006 characters, and no definition has more than 1,000,000"),
    "a long number": (f"name: {'9' * 5000}", "hostile.yaml, line 1: not YAML: a number of 5,000 digits"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_yaml_that_is_small_and_means_something_huge_is_refused_at_once(written, bomb):
    text, expected = bomb
    path = written(text)
    began = time.process_time()
    with pytest.raises(DefinitionError, match=expected):
        from_yaml(path)
    assert time.process_time() - began < 3


def test_a_value_given_on_the_command_line_is_no_bomb_either():
    with pytest.raises(DefinitionError, match="The value, line 1: more than 40 lists"):
        value_of("[" * 200 + "]" * 200)
    with pytest.raises(DefinitionError, match="stands inside"):
        value_of("&a [*a]")


def test_anchors_that_say_a_thing_once_are_welcome(written):
    text = textwrap.dedent("""\
        name: twice
        source: {table: raw_data.t}
        columns: [{column: a}, {column: b}]
        filters:
          - {kind: values, column: a, include: &these [x, y]}
          - {kind: values, column: b, include: *these}
        partitions: {start: 2024-01-01, content: snapshot}
        """)
    one, other = from_yaml(written(text)).filters
    assert one.include == other.include == ("x", "y")


def test_a_key_that_is_a_list_is_an_unknown_key(written):
    with pytest.raises(ValidationError, match="unknown key"):
        from_yaml(written("? [a, b]\n: 1\n"))


def test_five_hundred_columns_are_read_and_a_wrong_one_has_its_line(written):
    columns = "".join(f"  - {{column: c{number}}}\n" for number in range(500))
    assert len(from_yaml(written(WIDE + columns)).columns) == 500
    with pytest.raises(ValidationError, match=r"line 304, columns\[299\]\.as: the name 'c1' is taken by columns\[1\]"):
        from_yaml(written(WIDE + columns.replace("column: c299}", "column: c299, as: c1}")))


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "..", ".", "", "a\\b", "a\0b", "/etc/passwd", "a b", "ñ", "CON", "a\n"]
)
def test_a_name_is_never_a_path(tmp_path, name):
    with pytest.raises(ValidationError, match="is not a name"):
        define(changed(DAILY, name=name))
    store = MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")
    shop = engine()
    service = DatasetService(DuckDBCatalog(shop), shop, store, folder=tmp_path / "in" / "datasets", root=tmp_path / "p")
    service.create(daily())
    for call in (
        lambda: service.get(name),
        lambda: service.delete(name, force=True),
        lambda: service.versions(name),
        lambda: service.restore(name, 1),
        lambda: service.update("daily", {"name": name}),
        lambda: service.activate(name),
        lambda: list(service.materialize(name, [day(1)])),
        *([lambda: service.clone("daily", name)] if name else []),
    ):
        with pytest.raises(DefinitionError):
            call()
    assert not service.check_name(name).free
    store.close()
    assert sorted(path.name for path in (tmp_path / "in").rglob("*")) == ["daily.yaml", "datasets"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "metrics.db"]


def test_a_part_of_a_split_is_never_a_path():
    with pytest.raises(ValidationError, match=r"'\.\./x' is not a name"):
        define(changed(DAILY, split__parts={"train": 80, "../x": 20}))


def test_a_table_joined_to_itself_is_told_the_way_out_and_the_way_out_works(tmp_path):
    itself = {"table": "raw_data.transactions", "on": {"transaction_id": "transaction_id"}}
    with pytest.raises(ValidationError) as caught:
        define(changed(DAILY, source__joins=[itself]))
    assert "Make a view of this one under another name, and join that." in str(caught.value)
    shop = engine()
    shop.connection.execute("CREATE VIEW raw_data.before AS SELECT * FROM raw_data.transactions")
    columns = [
        {"column": "transaction_id"},
        {"column": "transaction_date", "role": "timestamp"},
        {"table": "before", "column": "amount", "as": "amount_before"},
    ]
    definition = daily(
        source__joins=[itself | {"table": "raw_data.before"}], columns=columns, split__key="transaction_id"
    )
    assert sum(each.rows for each in materialize(definition, [day(1)], engine=shop, root=tmp_path)) == 200
