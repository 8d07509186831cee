"""An analysis says what pandas says of the same rows."""

from __future__ import annotations

import pytest

from dqx_core.datasets import Analysis, DuckDBCatalog, analyze, define, newest_date, partition_query, schemas_of
from tests.core.datasets.shop import FIRST, changed, daily, day, engine, ranking

RANKED = {"split__eval_days": 4, "filters": [{"kind": "date_range", "rolling_days": 12}]}


@pytest.fixture(scope="module")
def shop():
    return engine()


LAST = day(14)


def analyzed(definition, shop, date=LAST):
    return analyze(definition, date, schemas_of(definition, DuckDBCatalog(shop)), shop)


def rows(definition, shop, date=LAST):
    return shop.run(partition_query(definition, date, schemas_of(definition, DuckDBCatalog(shop)))).to_pandas()


def test_numbers_are_those_of_the_rows(shop):
    definition = ranking(**RANKED)
    found, frame = analyzed(definition, shop), rows(definition, shop)
    train, held = frame[frame["split"] == "train"], frame[frame["split"] == "eval"]

    assert (found.facts.rows, found.facts.users, found.facts.products) == (
        len(frame), frame["customer_id"].nunique(), frame["product_id"].nunique(),
    )  # fmt: skip
    assert found.facts.pairs == len(frame[["customer_id", "product_id"]].drop_duplicates())
    assert (found.facts.first, found.facts.last) == (
        frame["transaction_date"].min().date(),
        frame["transaction_date"].max().date(),
    )
    sizes = {size.split: size for size in found.splits}
    assert (sizes["train"].rows, sizes["eval"].rows) == (len(train), len(held))
    assert sizes["eval"].share == pytest.approx(len(held) / len(frame))
    for column, rate in (("customer_id", sizes["eval"].cold_users), ("product_id", sizes["eval"].cold_products)):
        seen = set(train[column])
        unseen = [each for each in held[column].unique() if each not in seen]
        assert rate == pytest.approx(len(unseen) / held[column].nunique())
    assert sizes["eval"].cold_products > 0
    assert sizes["train"].cold_users is None


def test_increments_are_measured_as_what_training_reads_and_the_analysis_says_so(shop):
    found = analyzed(daily(), shop, day(5))
    total = sum(len(rows(daily(), shop, day(number))) for number in range(1, 6))

    assert found.facts.rows == total
    assert (found.facts.first, found.facts.last, found.facts.days) == (FIRST, day(5), 5)
    assert "all days from 2024-01-01 to 2024-01-05" in found.notes[0]


def test_a_leak_that_was_written_is_in_the_notes(shop):
    assert "eval included" in analyzed(ranking(filters__3__fit_on="all"), shop).notes[0]


def test_no_rows_are_score_0(shop):
    found = analyzed(ranking(filters__1__include=["XX"]), shop)
    assert (found.facts.rows, found.quality.score, [each.rows for each in found.splits]) == (0, 0, [0, 0])
    assert [each.share for each in found.splits] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("split", "empty"),
    [
        ({"strategy": "column", "column": "country", "parts": {"train": ["NL", "BE"], "eval": "XX"}}, "eval"),
        ({"strategy": "column", "column": "country", "parts": {"train": ["XX"], "eval": ["NL", "BE"]}}, "train"),
        ({"strategy": "column", "column": "country", "parts": {"train": ["NL"], "eval": "BE", "test": "XX"}}, "test"),
        ({"strategy": "temporal", "eval_days": 40}, "train"),
        ({"strategy": "group", "key": "country", "parts": {"train": 99, "eval": 1}}, "eval"),
    ],
)
def test_a_part_without_rows_is_the_heaviest_issue_whatever_the_split(shop, split, empty):
    definition = define(
        {
            "name": "parts",
            "source": {"table": "raw_data.transactions"},
            "columns": [{"column": "country"}, {"column": "transaction_date", "role": "timestamp"}],
            "filters": [{"kind": "values", "column": "country", "include": ["NL", "BE"]}],
            "split": split,
            "partitions": {"start": FIRST, "content": "snapshot"},
        }
    )
    found = analyzed(definition, shop)
    assert [size.split for size in found.splits if not size.rows] == [empty]
    assert (found.quality.issues[0].kind, found.quality.grade) == ("empty_part", "poor")
    assert f"The part {empty} has no rows" in found.quality.issues[0].message


def test_without_roles_there_are_rows_and_splits(shop):
    plain = define({
        "name": "plain",
        "source": {"table": "raw_data.transactions"},
        "split": {"strategy": "group", "key": "customer_id"},
        "partitions": {"start": "2024-01-01", "content": "snapshot"},
    })  # fmt: skip
    found = analyzed(plain, shop)
    assert (found.facts.rows, found.facts.users, found.facts.first, found.quality.score) == (2800, None, None, 100)


def test_without_a_split_there_is_one_part(shop):
    whole = changed(daily().model_dump(mode="json", by_alias=True), name="whole")
    del whole["split"]
    found = analyzed(define(whole), shop)
    assert [(each.split, each.share, each.cold_users) for each in found.splits] == [("all", 1.0, None)]


def test_an_analysis_survives_json(shop):
    found = analyzed(ranking(**RANKED), shop)
    assert Analysis.from_dict(found.to_dict()) == found


def test_the_newest_date_is_within_the_calendar(shop):
    schemas = schemas_of(daily(), DuckDBCatalog(shop))
    assert newest_date(daily(), schemas, shop) == day(14)
    assert newest_date(daily(partitions__start="2024-03-01"), schemas, shop).isoformat() == "2024-03-01"
    ended = daily(partitions={"start": "2024-01-01", "end": "2024-01-09"})
    assert newest_date(ended, schemas, shop) == day(9)
