"""The query of a dataset: what does not fit the tables, which part a row belongs to, and what null is."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from dqx_core.datasets import DuckDBCatalog, partition_query, schemas_of
from dqx_core.errors import DefinitionError, EngineError, ValidationError
from tests.core.datasets.shop import SCHEMAS, daily, engine, ranking, rows

DATE = dt.date(2024, 1, 10)


@pytest.fixture(scope="module")
def shop():
    return engine()


def query(definition, splits=None, schemas=SCHEMAS):
    return partition_query(definition, DATE, schemas, splits=splits)


def test_a_split_that_there_is_not_is_refused():
    with pytest.raises(DefinitionError, match=r"Dataset 'daily' has no split 'evals'\. Did you mean 'eval'"):
        query(daily(), ["evals"])


UNFIT = {
    "a column that is not there": (
        ranking(columns__5={"column": "land", "as": "country"}),
        "columns[5]: table 'raw_data.transactions' has no",
    ),
    "a time that is none": (
        daily(columns=[{"column": "customer_id"}, {"column": "quantity", "role": "timestamp"}]),
        "columns[1].role: 'quantity' is INT64, and a timestamp is a date or time.",
    ),
    "revenue that is no number": (
        daily(columns__4__role="revenue"),
        "columns[4].role: 'country' is STRING, and a revenue is a number.",
    ),
    "a key whose text differs": (
        daily(split__key="amount"),
        "split.key: 'amount' is FLOAT64, whose text differs between engines, and so would the split. "
        "Use a key that is BYTES, DATE, INT64, STRING.",
    ),
    "a composite key of which one column is spelled otherwise elsewhere": (
        daily(split__key=["customer_id", "amount"]),
        "split.key[1]: 'amount' is FLOAT64, whose text differs between engines, and so would the split. ",
    ),
    "a value of another type": (
        ranking(filters__1__include=["NL", 31]),
        "filters[1].include[1]: 31 is not a value of a STRING column. Write text, in quotes",
    ),
    "a bound of another type": (
        ranking(filters__2={"kind": "range", "column": "country", "min": 1}),
        "filters[2].min: 1 is a number, and the column is STRING.",
    ),
    "a day compared with a moment": (
        ranking(filters__2={"kind": "range", "column": "transaction_date", "min": "2024-01-03"}),
        "filters[2].min: datetime.date(2024, 1, 3) is not a value of a DATETIME column.",
    ),
    "a fill of another type": (
        ranking(nulls={"revenue": {"fill": "none"}}),
        "nulls.revenue.fill: 'none' is not a value of a FLOAT64 column.",
    ),
    "a sum of text": (
        ranking(filters__3__by="country"),
        "filters[3].by: 'country' is STRING, and only numbers have a sum.",
    ),
    "a join of text and number": (
        daily(source__joins__0__on={"customer_id": "id"}),
        "source.joins[0].on.customer_id: 'customer_id' is STRING and 'id' is INT64: they cannot be compared.",
    ),
    "a join on a column that is not there": (
        daily(source__joins__0__on={"product_id": "idd"}),
        "source.joins[0].on.product_id: table 'raw_data.products' has no column 'idd'. Did you mean 'id'?",
    ),
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_the_tables_is_told_before_any_sql(unfit):
    definition, expected = unfit
    with pytest.raises(ValidationError) as caught:
        query(definition)
    assert [problem for problem in caught.value.problems if problem.startswith(expected)], caught.value


def test_without_columns_the_dataset_is_the_primary_table():
    definition = daily(columns=[], source__joins=[], partitions__content="snapshot")
    assert query(definition).named_selects == [*SCHEMAS["raw_data.transactions"], "split"]


def test_without_columns_names_are_checked_against_the_table():
    definition = daily(columns=[], split__key="customer", nulls={"x": "fail"}, partitions__content="snapshot")
    with pytest.raises(ValidationError, match="has 2 problems") as caught:
        query(definition)
    assert "split.key: the dataset has no column 'customer'. Did you mean 'customer_id'?" in caught.value.problems


def test_without_columns_a_column_named_as_a_folder_is_refused():
    schemas = {"raw_data.transactions": {"customer_id": "STRING", "Date": "DATE"}}
    definition = daily(columns=[], source__joins=[], partitions__content="snapshot")
    with pytest.raises(ValidationError, match="the table has a column 'Date'"):
        query(definition, schemas=schemas)


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ({"include": ["NL"]}, {"NL"}),
        ({"include": ["NL", None]}, {"NL", None}),
        ({"include": [None]}, {None}),
        ({"exclude": ["NL"]}, {"BE", "DE", "FR", None}),
        ({"exclude": ["NL", None]}, {"BE", "DE", "FR"}),
        ({"exclude": [None]}, {"NL", "BE", "DE", "FR"}),
    ],
)
def test_null_is_a_value_only_where_it_is_listed(shop, include, expected):
    definition = daily(filters=[{"kind": "values", "column": "country"} | include])
    assert set(shop.run(query(definition))["country"].to_pylist()) == expected


@pytest.mark.parametrize(
    ("type_name", "values"),
    [
        ("BIGINT", [-5, 0, 7, 2**62]),
        ("DATE", [dt.date(2024, 1, 1), dt.date(1969, 12, 31)]),
        ("BLOB", [b"\xff\x00", b"plain", b""]),
        ("VARCHAR", ["", "é", "x" * 100]),
    ],
)
def test_keys_of_every_type_are_hashed_as_their_text(type_name, values):
    import farmhash

    shop = engine({"keys": pd.DataFrame({"n": range(len(values))})})
    shop.connection.execute(f"CREATE TABLE raw_data.typed (n BIGINT, k {type_name})")
    shop.connection.executemany("INSERT INTO raw_data.typed VALUES (?, ?)", list(enumerate(values)))
    definition = daily(
        source={"table": "raw_data.typed"},
        columns=[{"column": "n"}, {"column": "k"}],
        split={"strategy": "group", "key": "k", "parts": {"train": 40, "eval": 30, "test": 30}},
        partitions__content="snapshot",
    )
    found = shop.run(query(definition, schemas=schemas_of(definition, DuckDBCatalog(shop)))).to_pylist()

    def expected(key):
        text = key.hex() if isinstance(key, bytes) else str(key)
        signed = (farmhash.fingerprint64(f"daily/split/v1|{text}") + 2**63) % 2**64 - 2**63
        bucket = signed % 10_000
        return "train" if bucket < 4_000 else "test" if bucket < 7_000 else "eval"

    assert {row["n"]: row["split"] for row in found} == {n: expected(value) for n, value in enumerate(values)}


def test_a_column_may_say_which_part_a_row_belongs_to(shop):
    split = {
        "strategy": "column",
        "column": "country",
        "parts": {"train": ["NL", "BE"], "eval": "DE"},
        "others": "drop",
    }
    found = rows(shop.run(query(daily(split=split))))
    assert {tuple(pair) for pair in found[["country", "split"]].drop_duplicates().values} == {
        ("NL", "train"),
        ("BE", "train"),
        ("DE", "eval"),
    }


def test_other_values_are_an_error_unless_they_are_dropped(shop):
    split = {"strategy": "column", "column": "country", "parts": {"train": ["NL", "BE"], "eval": "DE"}}
    with pytest.raises(EngineError, match="dataset daily: a country that means no part"):
        shop.run(query(daily(split=split)))


def test_rows_without_a_key_are_an_error_unless_they_have_a_part(shop):
    split = {"strategy": "group", "key": "country"}
    with pytest.raises(EngineError, match="dataset daily: null in country, the key of the group split"):
        shop.run(query(daily(split=split)))
    with pytest.raises(EngineError, match="null in country"):
        shop.run(query(daily(split=split), ["train"]))
    found = rows(shop.run(query(daily(split=split | {"null_key": "eval"}))))
    assert set(found[found["country"].isna()]["split"]) == {"eval"}


def test_a_null_in_any_column_of_a_key_is_a_row_without_a_key(shop):
    split = {"strategy": "group", "key": ["customer_id", "country"]}
    with pytest.raises(EngineError, match="dataset daily: null in customer_id or country, the key of the group split"):
        shop.run(query(daily(split=split)))
    found = rows(shop.run(query(daily(split=split | {"null_key": "eval"}))))
    assert set(found[found["country"].isna()]["split"]) == {"eval"}


def test_nulls_that_a_filter_drops_are_no_error(shop):
    filters = [{"kind": "values", "column": "country", "exclude": [None]}]
    for changes in ({"split": {"strategy": "group", "key": "country"}}, {"nulls": {"country": "fail"}}):
        assert shop.run(query(daily(filters=filters, **changes))).num_rows > 0


def test_nulls_may_be_an_error(shop):
    with pytest.raises(EngineError, match="dataset daily: null in country, where nulls are written to fail"):
        shop.run(query(daily(nulls={"country": "fail"})))
