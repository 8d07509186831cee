"""A split means what it says: by role, whatever the order and the engine, and apart from what it was before."""

import itertools
import json
import warnings

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dqx_core.datasets import DuckDBCatalog, define, materialize, partition_query, read_partitions, schemas_of
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import DAILY, changed, day, days, engine, products, transactions

THREE = {"train": 60, "test": 15, "eval": 20, "holdout": 5}


@pytest.fixture(scope="module")
def shop():
    return engine()


def rows(definition, shop, date=None):
    tree = partition_query(definition, date or day(14), schemas_of(definition, DuckDBCatalog(shop)))
    return shop.run(tree).to_pylist()


def split_of_customers(definition, shop):
    return {row["customer_id"]: row["split"] for row in rows(definition, shop)}


def test_the_order_in_which_parts_are_written_means_nothing(shop):
    written = [
        define(changed(DAILY, split__parts={part: THREE[part] for part in order}, partitions__content="snapshot"))
        for order in itertools.permutations(THREE)
    ]

    assert {definition.definition_hash for definition in written} == {written[0].definition_hash}
    assert {definition.split.part_names for definition in written} == {("train", "test", "eval", "holdout")}
    assert split_of_customers(written[0], shop) == split_of_customers(written[-1], shop)


def test_train_keeps_its_customers_beside_any_other_parts(shop):
    one, other = (
        split_of_customers(define(changed(DAILY, split__parts=parts, partitions__content="snapshot")), shop)
        for parts in ({"eval": 40, "train": 60}, THREE)
    )

    assert {who for who, part in one.items() if part == "train"} == {
        who for who, part in other.items() if part == "train"
    }


def test_a_column_split_is_the_same_in_any_order():
    values = {"train": ["NL"], "eval": ["BE", "DE"]}
    one, other = (
        define(changed(DAILY, split={"strategy": "column", "column": "country", "parts": parts}))
        for parts in (values, dict(reversed(values.items())))
    )
    assert one == other
    assert one.definition_hash == other.definition_hash


def test_a_definition_with_an_identity_keeps_its_split_under_another_name(shop):
    whole = {"partitions__content": "snapshot", "folds": 3, "sample": {"percent": 50, "key": "customer_id"}}
    before = define(changed(DAILY, **whole))
    after = define(changed(DAILY, name="renamed", identity="daily", **whole))
    other = define(changed(DAILY, name="renamed", **whole))

    assert rows(after, shop) == rows(before, shop)
    assert rows(other, shop) != rows(before, shop)


@pytest.mark.parametrize(
    ("kept", "leak"),
    [
        ({"kind": "top_users", "percent": 50, "by": "amount"}, "top_users"),
        ({"kind": "aggregate", "per": "country", "function": "count", "min": 2}, "aggregate"),
        ({"kind": "min_transactions", "count": 2}, None),
        ({"kind": "range", "column": "amount", "min": 0}, None),
    ],
)
def test_a_filter_that_learns_from_other_folds_is_named(kept, leak):
    split = {"strategy": "column", "column": "country", "parts": {"train": "NL", "eval": "BE"}, "others": "drop"}
    definition = define(changed(DAILY, split=split, folds=4, filters=[kept], partitions__content="snapshot"))

    assert [each.split("(")[1].split(")")[0] for each in definition.leaks] == ([leak] if leak else [])
    assert define(changed(DAILY, split=split, filters=[kept], partitions__content="snapshot")).leaks == ()


@pytest.mark.parametrize("amounts", [[-3, -2, -1], [5, -5, -1], [0, 0, 0], [1, -1]])
@pytest.mark.parametrize("kind", ["top_products", "top_users"])
def test_of_a_total_that_is_not_positive_nothing_is_kept(kind, amounts):
    sales = engine({"sales": pd.DataFrame({"who": range(len(amounts)), "amount": [float(each) for each in amounts]})})
    definition = define(
        {
            "name": "refunds",
            "source": {"table": "raw_data.sales"},
            "columns": [{"column": "who"}, {"column": "amount", "role": "revenue"}],
            "filters": [{"kind": kind, "percent": 20, "column": "who"}],
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
        }
    )
    assert rows(definition, sales) == []


def test_the_schema_of_a_day_does_not_depend_on_its_rows(tmp_path):
    definition = define(DAILY)
    table = transactions()
    table.loc[table["transaction_date"] < pd.Timestamp(day(3)), "country"] = "NL"
    table.loc[table["transaction_date"] >= pd.Timestamp(day(13)), "country"] = None
    results = materialize(
        definition, days(2, 14), engine=engine({"transactions": table, "products": products()}), root=tmp_path
    )
    schemas = [pq.read_schema(file) for result in results for file in result.path.glob("*.parquet")]

    assert all(schema.equals(schemas[0]) for schema in schemas)
    assert all(field.nullable for field in schemas[0])


@pytest.fixture
def made(tmp_path, shop):
    """Writes days of a definition with some values changed; then all there is is read."""

    def make(changes, numbers, base=DAILY, splits=None):
        materialize(define(changed(base, **changes)), days(*numbers), splits, engine=shop, root=tmp_path)

    def read(**options):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            read_partitions(tmp_path, "daily", **options)
        return [str(each.message) for each in told]

    return make, read


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"split__parts": {"train": 70, "eval": 30}}, "10 % of keys move from train to eval"),
        ({"split__parts": {"train": 70, "test": 30}}, "10 % of keys move from train to test and 20 % of keys move"),
        ({"split__salt": "other"}, "all rows are parted anew"),
        ({"split__key": "transaction_id"}, "all rows are parted anew"),
    ],
)
def test_days_of_two_definitions_of_the_split_are_told_when_they_are_read_together(made, changes, told):
    make, read = made
    make({}, (1, 2))
    make({"split": {"strategy": "group", "key": "customer_id"}, **changes}, (3, 4))

    [message] = read()
    assert told in message
    assert "2024-01-01 to 2024-01-02" in message
    assert "dqx datasets remake daily --stale" in message
    assert read(dates=days(1, 2)) == read(dates=days(3, 4)) == read(mixed="allow") == []
    with pytest.raises(DefinitionError, match="2 definitions of its split"):
        read(mixed="error")


@pytest.mark.parametrize("option", ["mixed", "overlap"])
def test_what_is_to_be_done_with_days_that_do_not_fit_is_one_of_three_words(made, option):
    make, read = made
    make({}, (1, 1))
    with pytest.raises(DefinitionError, match=f"{option}='eror' is not one of 'warn', 'error', 'allow'"):
        read(**{option: "eror"})


def test_what_leaves_the_split_alone_is_read_without_a_word(made):
    make, read = made
    make({}, (1, 2))
    make({"split": {"strategy": "group", "key": "customer_id"}, "split__salt": "daily/split/v1"}, (3, 3))
    make({"filters": [{"kind": "range", "column": "amount", "min": 0}]}, (4, 4))

    assert read() == []


def test_splits_of_a_day_that_were_made_apart_are_told(made):
    make, read = made
    in_time = {"split": {"strategy": "temporal", "eval_days": 2}}
    make(in_time, (9, 9), splits=["train"])
    make({"split": {"strategy": "temporal", "eval_days": 4}}, (9, 9), splits=["eval"])

    [message] = read()
    assert "splits of 2024-01-09 that are of several definitions" in message


def test_what_was_made_by_the_order_in_which_parts_were_written_is_told(made, tmp_path):
    make, read = made
    make({"split__parts": {"train": 80, "eval": 20}}, (1, 1))
    for file in tmp_path.glob("*/*/*/_manifest.json"):
        said = json.loads(file.read_text())
        sql = said["sql"].replace("THEN 'train'", "THEN 'x'").replace("ELSE 'eval'", "ELSE 'train'")
        file.write_text(json.dumps(said | {"sql": sql.replace("THEN 'x'", "THEN 'eval'"), "definition_hash": "old"}))

    [message] = read()
    assert "buckets went to eval, train" in message


def test_snapshots_of_a_split_by_time_are_not_read_together_without_a_word(made):
    make, read = made
    make({"split": {"strategy": "temporal", "eval_days": 2, "gap_days": 1}}, (9, 12))

    [message] = read()
    assert "4 of its snapshots are read together" in message
    assert read(dates=[day(12)]) == read(splits=["train"]) == read(overlap="allow") == []
    with pytest.raises(DefinitionError, match="Read one date, such as 2024-01-12"):
        read(overlap="error")
