"""A definition says what is wrong with it, all at once, where, and what to write instead."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from dqx_core.datasets import (
    Column,
    DatasetDefinition,
    DateRange,
    Fill,
    Group,
    Join,
    MinTransactions,
    Partitions,
    Source,
    Temporal,
    TopProducts,
    define,
    json_schema,
)
from dqx_core.errors import ValidationError
from tests.core.datasets.shop import DAILY, RANKING, changed, daily, ranking

WRONG = {
    "an unknown key": (
        changed(RANKING, statuss="draft"),
        "statuss: unknown key 'statuss'. Did you mean 'status'?",
    ),
    "an unknown key of a filter": (
        changed(RANKING, filters__2__mn=1),
        "filters[2].mn: unknown key 'mn'. Did you mean 'min'?",
    ),
    "an unknown key of a null rule": (
        changed(RANKING, nulls={"category": {"fil": "x"}}),
        "nulls.category.fil: unknown key 'fil'. Did you mean 'fill'?",
    ),
    "an unknown key of a sample, which need not be there": (
        changed(DAILY, sample={"percent": 5, "key": "customer_id", "slat": "x"}),
        "sample.slat: unknown key 'slat'. Did you mean 'salt'?",
    ),
    "an unknown key of folds, which need not be there": (
        changed(DAILY, folds={"coun": 5}),
        "folds.coun: unknown key 'coun'. Did you mean 'count'?",
    ),
    "an unknown key of partitions": (
        changed(DAILY, partitions__strat="2024-01-01"),
        "partitions.strat: unknown key 'strat'. Did you mean 'start'?",
    ),
    "an unknown key of a column": (
        changed(DAILY, columns__0={"column": "transaction_id", "rol": "user_id"}),
        "columns[0].rol: unknown key 'rol'. Did you mean 'role'?",
    ),
    "an unknown key of a split": (
        changed(DAILY, split__salts="x"),
        "split.salts: unknown key 'salts'. Did you mean 'salt'?",
    ),
    "an unknown key of a join": (
        changed(RANKING, source__joins__0__hows="left"),
        "source.joins[0].hows: unknown key 'hows'. Did you mean 'how'?",
    ),
    "a missing key": (
        {key: value for key, value in RANKING.items() if key != "partitions"},
        "partitions: is missing.",
    ),
    "an unknown kind of filter": (
        changed(RANKING, filters__3__kind="top_product"),
        "filters[3].kind: unknown kind 'top_product'. Did you mean 'top_products'?",
    ),
    "no kind of filter": (
        changed(RANKING, filters=[{"percent": 80}]),
        "filters[0]: 'kind' is missing. There are: aggregate, date_range, min_transactions, range, top_products, "
        "top_users, values.",
    ),
    "an unknown strategy": (
        changed(RANKING, split__strategy="time"),
        "split.strategy: unknown strategy 'time'. There are: column, group, none, temporal.",
    ),
    "a word that is not allowed": (
        changed(RANKING, source__joins__0__how="lef"),
        "source.joins[0].how: 'lef' is none of the words allowed here. Did you mean 'left'?",
    ),
    "a name with capitals": (
        changed(RANKING, name="Shop Ranking"),
        "name: 'Shop Ranking' is not a name: small letters, digits and _, beginning with a letter. "
        "For instance 'shop_ranking'.",
    ),
    "a number out of range": (changed(RANKING, filters__3__percent=101), "filters[3].percent: "),
    "a count that is true": (changed(RANKING, filters__4__count=True), "filters[4].count: "),
    "a time zone that is none": (
        changed(RANKING, partitions__timezone="Europe/Amsterdm"),
        "partitions.timezone: 'Europe/Amsterdm' is not a time zone. Did you mean 'Europe/Amsterdam'?",
    ),
    "a table without a schema": (
        changed(RANKING, source__table="transactions"),
        "source.table: 'transactions' is not a table: write schema.table, such as 'raw_data.transactions'.",
    ),
    "two tables of one short name": (
        changed(RANKING, source__joins=[{"table": "raw_data.transactions", "on": {"a": "b"}}]),
        "source.joins[0].table: 'raw_data.transactions' and 'raw_data.transactions' are both called 'transactions', "
        "so columns cannot tell them apart. Make a view of this one under another name, and join that.",
    ),
    "a column of a table that is not there": (
        changed(RANKING, columns__6__table="product"),
        "columns[6].table: 'product' is not a table of the source. Did you mean 'products'?",
    ),
    "two columns of one name": (
        changed(RANKING, columns__5__as="Revenue"),
        "columns[5].as: the name 'Revenue' is taken by columns[4] (small and capital letters are the same).",
    ),
    "two columns of one role": (
        changed(RANKING, columns__5__role="revenue"),
        "columns[5].role: 'revenue' is the revenue already.",
    ),
    "a column named as a folder": (
        changed(RANKING, columns__5__as="Date"),
        "columns[5].as: 'Date' is what dqx calls the folders of a partition. Give the column another name: "
        "as: Date_of_row.",
    ),
    "a filter on a column that is not there": (
        changed(RANKING, filters__2__column="revenu"),
        "filters[2].column: the dataset has no column 'revenu'. Did you mean 'revenue'?",
    ),
    "a null rule for a column that is not there": (
        changed(RANKING, nulls={"categori": "fail"}),
        "nulls.categori: the dataset has no column 'categori'. Did you mean 'category'?",
    ),
    "a split key that is not there": (
        changed(DAILY, split__key="customer"),
        "split.key: the dataset has no column 'customer'. Did you mean 'customer_id'?",
    ),
    "a column of a composite key that is not there": (
        changed(DAILY, split__key=["customer_id", "countri"]),
        "split.key[1]: the dataset has no column 'countri'. Did you mean 'country'?",
    ),
    "a key with a column twice": (
        changed(DAILY, split__key=["country", "country"]),
        "split.key: 'country' is in the key twice. Write it once.",
    ),
    "a key of nothing": (
        changed(DAILY, split__key=[]),
        "split.key: [] is not a key. Write a column, or several: [customer_id, country].",
    ),
    "parts that are not the whole": (
        changed(DAILY, split__parts={"train": 80, "eval": 10}),
        "split.parts: the parts are 90 % together. Make them 100.",
    ),
    "parts without train": (
        changed(DAILY, split__parts={"test": 80, "eval": 20}),
        "split.parts: there is no part 'train', only test, eval.",
    ),
    "parts finer than the buckets": (
        changed(DAILY, split__parts={"train": 80.001, "eval": 19.999}),
        "split.parts.train: 80.001 is not a percentage above 0 with at most two decimals.",
    ),
    "a null key that goes nowhere": (
        changed(DAILY, split__null_key="tests"),
        "split.null_key: 'tests' is not a part. Write one of train, eval, or fail.",
    ),
    "a temporal split of increments": (
        changed(RANKING, partitions__content="increment"),
        "split.strategy: a temporal split needs a window of days. Leave out partitions.content: increment.",
    ),
    "a window without a day for train": (
        changed(RANKING, filters__0__rolling_days=3),
        "split.eval_days: leaves no day for train: eval, gap and test take 3 of the 3 rolling_days.",
    ),
    "a window of months that may leave no day for train": (
        changed(RANKING, filters__0={"kind": "date_range", "rolling_months": 1}, split__eval_days=27),
        "split.eval_days: leaves no day for train: eval, gap and test take 28 of the 28 days that rolling_months may",
    ),
    "a window longer than there are dates": (
        changed(RANKING, filters__0__rolling_days=40_000_000),
        "filters[0].rolling_days: 40000000 is more than 36500.",
    ),
    "an eval longer than there are dates": (
        changed(RANKING, split__eval_days=10**12),
        "split.eval_days: 1000000000000 is more than 36500.",
    ),
    "months longer than there are dates": (
        changed(RANKING, filters__0={"kind": "date_range", "rolling_months": 100_000}),
        "filters[0].rolling_months: 100000 is more than 1200.",
    ),
    "a calendar that begins where dates do": (
        changed(DAILY, partitions__start="0001-01-01"),
        "partitions.start: start 0001-01-01 is not a day from 1000-01-01 to 9000-12-31.",
    ),
    "a temporal split without a time": (
        changed(RANKING, columns__3__role=None),
        "split.strategy: a temporal split needs a column with role: timestamp.",
    ),
    "increments without a time": (
        changed(DAILY, columns__2__role=None),
        "partitions: a partition holds the rows of its day, so there must be a column with role: timestamp.",
    ),
    "two ways to say which days": (
        changed(RANKING, filters__0__start="2024-01-01"),
        "filters[0]: write rolling_days, or rolling_months, or start and end: one of the three.",
    ),
    "two date ranges": (
        changed(RANKING, filters__1={"kind": "date_range", "start": "2024-01-01"}),
        "filters[1]: there is a date_range already: filters[0]. Make them one.",
    ),
    "a date range after what learns": (
        changed(RANKING, filters=[RANKING["filters"][4], RANKING["filters"][0]]),
        "filters[1]: a date_range comes before the filters that look at many rows, here filters[0]",
    ),
    "values neither in nor out": (
        changed(RANKING, filters__1={"kind": "values", "column": "country"}),
        "filters[1]: write include or exclude: one of the two.",
    ),
    "a range without bounds": (
        changed(RANKING, filters__2={"kind": "range", "column": "revenue"}),
        "filters[2]: write min, max or both.",
    ),
    "a range upside down": (
        changed(RANKING, filters__2={"kind": "range", "column": "revenue", "min": 2, "max": 1}),
        "filters[2].min: min 2 is above max 1.",
    ),
    "top products without revenue": (
        changed(RANKING, columns__4__role=None, filters__3={"kind": "top_products", "percent": 80}),
        "filters[3]: needs a column with role: revenue, or `by` with the name of one.",
    ),
    "top products of a split by product": (
        changed(RANKING, split={"strategy": "group", "key": "product_id"}),
        "filters[3]: keeps only products of train, and the split by product_id puts all other products into eval",
    ),
    "a calendar that ends before it begins": (
        changed(RANKING, partitions__end="2023-12-31"),
        "partitions.end: end 2023-12-31 is before start 2024-01-08.",
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_it_is_told_where_it_is_and_what_to_write(wrong):
    data, expected = wrong
    with pytest.raises(ValidationError) as caught:
        define(data)
    assert [problem for problem in caught.value.problems if problem.startswith(expected)], caught.value


def test_all_problems_come_at_once():
    data = changed(RANKING, filters__2__column="revenu", nulls={"x": "fail"}, columns__5__role="revenue")
    with pytest.raises(ValidationError, match="Dataset 'ranking' has 3 problems"):
        define(data)


def test_python_spells_the_same_definition_as_yaml():
    built = DatasetDefinition(
        name="ranking",
        source=Source(table="raw_data.transactions", joins=(Join(table="raw_data.products", on={"product_id": "id"}),)),
        columns=(
            Column(column="customer_id", role="user_id"),
            Column(column="product_id", role="product_id"),
            Column(column="transaction_date", role="timestamp"),
            Column(column="amount", as_="revenue", role="revenue"),
            Column(table="products", column="category"),
        ),
        nulls={"category": Fill(fill="unknown")},
        filters=(DateRange(rolling_days=8), TopProducts(percent=80), MinTransactions(count=2)),
        split=Temporal(eval_days=2, gap_days=1),
        partitions=Partitions(start=dt.date(2024, 1, 8)),
    )
    spelled = {
        **RANKING,
        "columns": [RANKING["columns"][n] for n in (1, 2, 3, 4, 6)],
        "filters": [
            {"kind": "date_range", "rolling_days": 8},
            {"kind": "top_products", "percent": 80.0},
            {"kind": "min_transactions", "count": 2},
        ],
    }
    assert built == define(spelled)
    assert built.definition_hash == define(spelled).definition_hash


def test_python_gets_our_words_too():
    with pytest.raises(ValidationError, match=r"split\.key: the dataset has no column 'nobody'"):
        DatasetDefinition(
            name="shop",
            source=Source(table="raw_data.transactions"),
            columns=(Column(column="when", role="timestamp"),),
            split=Group(key="nobody"),
            partitions=Partitions(start=dt.date(2024, 1, 1)),
        )


def test_other_schemas_can_be_allowed():
    data = changed(DAILY, source__table="lake.transactions", source__joins=[], columns=DAILY["columns"][:5])
    assert define(data, schemas=["lake"]).source.table == "lake.transactions"
    assert define(data).source.table == "lake.transactions"


def test_a_schema_that_is_not_allowed_is_told_with_the_way_to_allow_it():
    with pytest.raises(
        ValidationError,
        match=r"source\.joins\[0\]\.table: table 'rawdata\.products' is in schema 'rawdata', which is not allowed\. "
        r"Did you mean 'raw_data'\? To allow it: --schema rawdata",
    ):
        define(changed(RANKING, source__joins__0__table="rawdata.products"), schemas=["raw_data"])


@pytest.mark.parametrize(
    "same",
    [
        changed(DAILY, description="Another text", status="active"),
        changed(DAILY, partitions__start="2020-01-01", partitions__end="2030-01-01"),
        changed(DAILY, partitions__content="increment", partitions__timezone="UTC"),
        changed(DAILY, split__salt="daily/split/v1"),
        changed(DAILY, split__key=["customer_id"]),
        changed(DAILY, split__parts={"train": 80.0, "eval": 20.0}, nulls={}),
        changed(DAILY, source__joins__0__how="left", source__joins__0__cardinality="many_to_one"),
    ],
)
def test_the_hash_stays_when_the_rows_do(same):
    assert define(same).definition_hash == daily().definition_hash


@pytest.mark.parametrize(
    "other",
    [
        changed(DAILY, name="daily2"),
        changed(DAILY, split__salt="x"),
        changed(DAILY, split__key=["customer_id", "transaction_id"]),
        changed(DAILY, split__parts={"train": 60, "eval": 40}),
        changed(DAILY, partitions__timezone="Europe/Amsterdam"),
        changed(DAILY, partitions__content="snapshot"),
        changed(DAILY, source__joins__0__how="inner"),
        changed(DAILY, columns=DAILY["columns"][::-1]),
        changed(DAILY, nulls={"country": "fail"}),
        changed(DAILY, filters=[{"kind": "values", "column": "country", "exclude": ["NL"]}]),
    ],
)
def test_the_hash_changes_when_the_rows_may(other):
    assert define(other).definition_hash != daily().definition_hash


def test_roles_have_generic_words_that_mean_the_same_and_hash_the_same():
    generic = {"user_id": "entity", "product_id": "item", "timestamp": "time", "revenue": "value"}
    columns = [each | ({"role": generic[each["role"]]} if "role" in each else {}) for each in RANKING["columns"]]
    assert {each.get("role") for each in columns} >= set(generic.values())
    data = changed(RANKING, columns=columns)
    assert define(data) == ranking()
    assert define(data).definition_hash == ranking().definition_hash
    (schema,) = (each for each in json_schema()["$defs"].values() if each["title"] == "Column")
    words = json.dumps(schema["properties"]["role"])
    assert all(f'"{word}"' in words for word in (*generic, *generic.values()))


def test_one_role_by_both_of_its_words_is_one_role_twice():
    columns = [{"column": "a", "role": "user_id"}, {"column": "b", "role": "entity"}]
    with pytest.raises(ValidationError, match="'a' is the user_id already"):
        define(
            {"name": "x", "source": {"table": "raw_data.t"}, "columns": columns, "partitions": {"start": "2024-01-01"}}
        )


def test_the_hash_is_the_same_in_every_process_and_version():
    assert (ranking().definition_hash, daily().definition_hash) == ("4e6391c0f5d7326f", "9dddcb649102edf8")


def test_a_definition_survives_json():
    again = DatasetDefinition.model_validate_json(ranking().model_dump_json(by_alias=True))
    assert again.definition_hash == ranking().definition_hash


def test_content_follows_from_split_and_date_range():
    rolling = [{"kind": "date_range", "rolling_months": 2}]
    fixed = [{"kind": "date_range", "start": "2024-01-01"}]
    assert ranking().content == "snapshot"
    assert daily().content == "increment"
    assert daily(filters=rolling).content == "snapshot"
    assert daily(filters=fixed).content == "increment"
    assert daily(partitions__content="snapshot").content == "snapshot"


def test_fitting_on_all_rows_is_recorded_as_a_leak():
    assert ranking().leaks == ()
    assert ranking(filters__3__fit_on="all").leaks == (
        "filters[3] (top_products) is fitted on rows of all parts, eval included.",
    )


def test_counting_a_users_rows_does_not_leak_where_the_split_is_by_user():
    filters = [{"kind": "min_transactions", "count": 2, "fit_on": "all"}]
    assert daily(filters=filters).leaks == ()


def test_a_definition_cannot_be_changed():
    with pytest.raises(Exception, match="frozen"):
        ranking().name = "x"
