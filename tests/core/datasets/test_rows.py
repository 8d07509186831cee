"""The rows of a dataset are those that an independent computation in pandas gives."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import farmhash
import pandas as pd
import pytest

from dqx_core.datasets import DuckDBCatalog, partition_query, schemas_of, window
from tests.core.datasets.shop import daily, day, engine, products, ranking, transactions


def joined(sales: pd.DataFrame) -> pd.DataFrame:
    return sales.merge(products(), how="left", left_on="product_id", right_on="id").drop(columns="id")


def in_days(frame: pd.DataFrame, first: dt.date, end: dt.date) -> pd.Series:
    return frame["transaction_date"].between(pd.Timestamp(first), pd.Timestamp(end), inclusive="left")


def top_products(train: pd.DataFrame, percent: Decimal) -> set[int]:
    totals: dict[int, Decimal] = {}
    for product, revenue in zip(train["product_id"], train["revenue"], strict=True):
        totals[product] = totals.get(product, Decimal(0)) + Decimal(str(revenue))
    kept, reached, whole = set(), Decimal(0), sum(totals.values())
    for product, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        if reached * 100 >= whole * percent:
            break
        kept.add(product)
        reached += total
    return kept


def expected_ranking(
    sales: pd.DataFrame, date: dt.date, percent: Decimal = Decimal(80), fit_on: str = "train"
) -> pd.DataFrame:
    """What `shop.RANKING` says, in pandas."""
    end = date + dt.timedelta(days=1)
    frame = joined(sales).rename(columns={"amount": "revenue"})
    frame["category"] = frame["category"].fillna("unknown")
    frame.loc[in_days(frame, end - dt.timedelta(days=8), end - dt.timedelta(days=3)), "split"] = "train"
    frame.loc[in_days(frame, end - dt.timedelta(days=2), end), "split"] = "eval"
    frame = frame[frame["split"].notna() & frame["country"].isin(["NL", "BE", "DE"]) & (frame["revenue"] >= 0.01)]
    fitted = frame if fit_on == "all" else frame[frame["split"] == "train"]
    frame = frame[frame["product_id"].isin(top_products(fitted, percent))]
    counts = frame[frame["split"] == "train"]["customer_id"].value_counts()
    return frame[frame["customer_id"].isin(counts[counts >= 2].index)]


def part_of(key: str, salt: str) -> str:
    unsigned = farmhash.fingerprint64(f"{salt}|{key}")
    signed = unsigned - 2**64 if unsigned >= 2**63 else unsigned
    return "train" if signed % 10_000 < 8_000 else "eval"


def expected_daily(sales: pd.DataFrame, date: dt.date) -> pd.DataFrame:
    """What `shop.DAILY` says, in pandas."""
    frame = joined(sales)
    frame = frame[in_days(frame, date, date + dt.timedelta(days=1))]
    return frame.assign(split=[part_of(key, "daily/split/v1") for key in frame["customer_id"]])


def found(shop, definition, date) -> pd.DataFrame:
    query = partition_query(definition, date, schemas_of(definition, DuckDBCatalog(shop)))
    return shop.run(query).to_pandas()


def assert_same(actual: pd.DataFrame, expected: pd.DataFrame) -> None:
    columns = list(actual.columns)
    actual, expected = (
        frame[columns]
        .sort_values("transaction_id", ignore_index=True)
        .astype(object)
        .where(frame[columns].notna(), None)
        for frame in (actual.reset_index(drop=True), expected.reset_index(drop=True))
    )
    pd.testing.assert_frame_equal(actual, expected, check_dtype=False)


@pytest.fixture(scope="module")
def shop():
    return engine()


@pytest.mark.parametrize("number", [8, 9, 11, 14])
def test_a_temporal_dataset(shop, number):
    expected = expected_ranking(transactions(), day(number))
    assert set(expected["split"]) == {"train", "eval"}
    assert_same(found(shop, ranking(), day(number)), expected)


@pytest.mark.parametrize("percent", [0.5, 33.33, 50, 99.9, 100])
def test_top_products_of_any_percentage(shop, percent):
    expected = expected_ranking(transactions(), day(12), Decimal(str(percent)))
    assert_same(found(shop, ranking(filters__3__percent=percent), day(12)), expected)


def test_a_filter_works_on_what_the_one_before_left(shop):
    date_range, _, _, top, least = ranking().filters
    one, other = (
        found(
            shop,
            ranking(filters=[each.model_dump(exclude_defaults=True) | {"kind": each.kind} for each in order]),
            day(12),
        )
        for order in ((date_range, top, least), (date_range, least, top))
    )
    train = other[other["split"] == "train"]
    of_all = expected_ranking(transactions(), day(12))
    assert len(one) != len(other) != len(of_all)
    counts = one[one["split"] == "train"]["customer_id"].value_counts()
    assert counts.min() >= 2  # counted among the rows of top products
    assert train["customer_id"].value_counts().min() == 1  # counted before products went


def test_a_filter_fitted_on_all_rows_gives_other_rows(shop):
    expected = expected_ranking(transactions(), day(12), fit_on="all")
    assert_same(found(shop, ranking(filters__3__fit_on="all"), day(12)), expected)
    assert len(expected) != len(expected_ranking(transactions(), day(12)))


@pytest.mark.parametrize("number", [1, 7, 14])
def test_a_group_dataset_of_increments(shop, number):
    expected = expected_daily(transactions(), day(number))
    assert len(expected) == 200
    assert_same(found(shop, daily(), day(number)), expected)


def test_ties_go_by_product_id():
    sales = transactions().assign(amount=1.0, product_id=lambda frame: frame["transaction_id"] % 20)
    sales["country"] = "NL"
    shop = engine({"transactions": sales, "products": products()})
    kept = set(found(shop, ranking(filters__3__percent=50), day(12))["product_id"])
    assert kept == set(range(10))


def test_sums_that_differ_only_beyond_a_double_are_told_apart():
    """0.1 ten times is less than 1 in doubles; as decimals they tie, and the smaller product id comes first."""
    when = pd.Timestamp(day(6))
    sales = pd.DataFrame(
        {
            "transaction_id": range(11),
            "customer_id": ["c"] * 11,
            "product_id": [1] * 10 + [2],
            "transaction_date": [when] * 11,
            "amount": [0.1] * 10 + [1.0],
            "country": ["NL"] * 11,
        }
    )
    shop = engine({"transactions": sales, "products": products()})
    definition = ranking(filters=[{"kind": "top_products", "percent": 50}], partitions__start="2024-01-01")
    assert set(found(shop, definition, day(9))["product_id"]) == {1}


def test_rows_of_a_day_are_those_of_the_wall_clock_or_of_the_instants_in_the_time_zone():
    moments = pd.DataFrame({"k": range(96), "at": pd.date_range("2024-03-30", periods=96, freq="h")})
    shop = engine({"local": moments, "instants": moments.assign(at=moments["at"].dt.tz_localize("UTC"))})

    def hours(table, date):
        definition = daily(
            source={"table": f"raw_data.{table}"},
            columns=[{"column": "k"}, {"column": "at", "role": "timestamp"}],
            split={"strategy": "group", "key": "k"},
            partitions__timezone="Europe/Amsterdam",
        )
        return sorted(found(shop, definition, dt.date.fromisoformat(date))["k"])

    assert hours("local", "2024-03-31") == list(range(24, 48))
    assert hours("instants", "2024-03-31") == list(range(23, 46))  # 23 hours: the clock goes forward
    assert hours("instants", "2024-04-01") == list(range(46, 70))


def test_rows_of_dates_are_those_of_the_day():
    table = pd.DataFrame({"k": range(5), "on": [day(n).isoformat() for n in (1, 2, 2, 3, 4)]})
    shop = engine({"days": table})
    shop.connection.execute('CREATE TABLE raw_data.dated AS SELECT k, "on"::DATE AS "on" FROM raw_data.days')
    definition = daily(
        source={"table": "raw_data.dated"},
        columns=[{"column": "k"}, {"column": "on", "role": "timestamp"}],
        split={"strategy": "group", "key": "k"},
    )
    assert sorted(found(shop, definition, day(2))["k"]) == [1, 2]


def test_an_inner_join_keeps_only_rows_with_a_partner(shop):
    expected = expected_daily(transactions(), day(14))
    expected = expected[expected["product_id"] < 70]
    assert 0 < len(expected) < 200
    assert_same(found(shop, daily(source__joins__0__how="inner"), day(14)), expected)


def test_a_composite_key_joins_on_all_its_columns():
    sales = transactions()
    prices = sales[["product_id", "country"]].drop_duplicates().dropna().assign(price=lambda f: f["product_id"] * 1.5)
    shop = engine({"transactions": sales, "prices": prices})
    definition = daily(
        source__joins=[{"table": "raw_data.prices", "on": {"product_id": "product_id", "country": "country"}}],
        columns__5={"table": "prices", "column": "price"},
    )
    frame = sales.merge(prices, how="left", on=["product_id", "country"])
    frame = frame[in_days(frame, day(3), day(4))]
    expected = frame.assign(split=[part_of(key, "daily/split/v1") for key in frame["customer_id"]])
    assert_same(found(shop, definition, day(3)), expected)


def test_users_are_counted_in_their_own_part_where_the_split_is_by_user(shop):
    definition = daily(filters=[{"kind": "min_transactions", "count": 3}])
    frame = expected_daily(transactions(), day(5))
    expected = frame[frame.groupby("customer_id")["customer_id"].transform("size") >= 3]
    assert set(expected["split"]) == {"train", "eval"}
    assert_same(found(shop, definition, day(5)), expected)


def test_a_salt_makes_another_split(shop):
    usual, other = (found(shop, daily(**salt), day(5)) for salt in ({}, {"split__salt": "another"}))
    parts = usual.merge(other, on="transaction_id")
    assert 0.1 < (parts["split_x"] != parts["split_y"]).mean() < 0.6


def test_a_user_is_in_the_same_part_every_day(shop):
    parts = pd.concat([found(shop, daily(), day(number)) for number in range(1, 15)])
    assert (parts.groupby("customer_id")["split"].nunique() == 1).all()


def test_every_row_is_in_the_days_of_its_part(shop):
    days = window(ranking(), day(12))
    rows = found(shop, ranking(), day(12))
    for part in ("train", "eval"):
        inside = in_days(rows, days.parts[part].start, days.parts[part].end)
        assert inside[rows["split"] == part].all()
