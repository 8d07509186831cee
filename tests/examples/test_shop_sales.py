"""What the shop sells: like real data, and wrong only on the days it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from statistics import median

import duckdb
import farmhash
import pytest

from examples.shop import INCIDENTS, generate, world
from tests.examples.shop_tables import one, shop

pytestmark = pytest.mark.xdist_group("shop_sales")  # two shops are made once, and not by each worker

START = date(2024, 1, 1)
BAD_DAYS = {incident.day for incident in INCIDENTS}

# Everything the checks of the demo look at, one row for a day and part.
MEASURES = """
    SELECT date_diff('day', DATE '2024-01-01', transaction_date::DATE) + 1 AS day,
           count(*) AS rows,
           avg(amount)::DOUBLE AS average_amount,
           avg((email IS NULL)::INTEGER) AS null_emails,
           count(*) - count(DISTINCT transaction_id) AS duplicates,
           count(*) FILTER (country NOT IN ('NL', 'BE', 'DE', 'FR', 'LU', 'AT')) AS strange_countries
    FROM raw_data.transactions JOIN part USING (customer_id)
    WHERE part = $part OR $part = 'all'
    GROUP BY day
    ORDER BY day
"""


def with_parts(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Add the table `part`: 80 % of the customers are train, 20 % eval, as a group split makes them."""
    ids = [row[0] for row in connection.execute("SELECT id FROM raw_data.customers").fetchall()]
    parts = ["train" if farmhash.fingerprint64(f"shop/split/v1|{i}") % 10_000 < 8_000 else "eval" for i in ids]
    connection.execute(
        "CREATE TABLE part AS SELECT unnest($ids::VARCHAR[]) AS customer_id, unnest($parts::VARCHAR[]) AS part",
        {"ids": ids, "parts": parts},
    )
    return connection


@pytest.fixture(scope="module")
def bad() -> Iterator[duckdb.DuckDBPyConnection]:
    with with_parts(shop(rows_per_day=1500)) as connection:
        yield connection


@pytest.fixture(scope="module")
def clean() -> Iterator[duckdb.DuckDBPyConnection]:
    with with_parts(shop(rows_per_day=1500, incidents=False)) as connection:
        yield connection


def measures(connection: duckdb.DuckDBPyConnection, part: str) -> dict[int, dict[str, float]]:
    result = connection.execute(MEASURES, {"part": part})
    names = [column[0] for column in result.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


# --- wrong on the days it says, and only there


def test_the_docstring_lists_every_incident():
    lines = [" ".join(line.split()) for line in (world.__doc__ or "").splitlines()]

    for i in INCIDENTS:
        assert f"{i.day} {i.name} {i.what} {i.caught_by}" in lines


def test_incidents_come_on_days_of_their_own_with_clean_neighbours():
    days = [incident.day for incident in INCIDENTS]

    assert all(later - earlier > 1 for earlier, later in pairwise(days))
    assert min(days) > 8
    assert max(days) < 21


def test_a_world_with_incidents_differs_from_a_clean_one_on_those_days_only(bad, clean, tmp_path):
    for name, connection in (("bad", bad), ("clean", clean)):
        connection.execute(f"COPY raw_data.transactions TO '{tmp_path / name}.parquet'")
    difference = duckdb.execute(f"""
        WITH bad AS (FROM '{tmp_path / "bad"}.parquet'), clean AS (FROM '{tmp_path / "clean"}.parquet')
        SELECT DISTINCT date_diff('day', DATE '2024-01-01', transaction_date::DATE) + 1
        FROM ((FROM bad EXCEPT ALL FROM clean) UNION ALL (FROM clean EXCEPT ALL FROM bad))
    """).fetchall()

    assert {day for (day,) in difference} == BAD_DAYS


@pytest.mark.parametrize("part", ["train", "eval", "all"])
def test_clean_days_are_quiet(clean, part):
    days = measures(clean, part)
    average = median(day["average_amount"] for day in days.values())

    assert len(days) == 21
    for number, day in days.items():
        assert day["null_emails"] < 0.06
        assert day["duplicates"] == 0
        assert day["strange_countries"] == 0
        assert 0.6 * average < day["average_amount"] < 1.5 * average
        if number > 1:
            assert 0.7 < day["rows"] / days[number - 1]["rows"] < 1.4
            assert 0.6 < day["average_amount"] / days[number - 1]["average_amount"] < 1.5


@pytest.mark.parametrize("part", ["train", "eval", "all"])
def test_each_incident_is_far_outside_what_clean_days_do(bad, part):
    days = measures(bad, part)

    assert 0.5 < days[10]["null_emails"] < 0.75
    assert days[12]["average_amount"] > 10 * days[11]["average_amount"]
    assert 0.04 < days[14]["duplicates"] / days[14]["rows"] < 0.15
    assert days[17]["rows"] < 0.6 * days[16]["rows"]
    assert 0.02 < days[19]["strange_countries"] / days[19]["rows"] < 0.09


def test_one_fifth_of_each_day_is_eval(clean):
    shares = [day["rows"] / measures(clean, "all")[n]["rows"] for n, day in measures(clean, "eval").items()]

    assert min(shares) > 0.15
    assert max(shares) < 0.25


def test_a_batch_loaded_twice_is_the_same_rows_again(bad):
    copies = bad.execute("""
        SELECT DISTINCT copies, loaded_at
        FROM (SELECT t.*, count(*) AS copies FROM raw_data.transactions AS t GROUP BY ALL)
        WHERE copies > 1
    """).fetchall()

    assert [(n, str(loaded_at)) for n, loaded_at in copies] == [(2, "2024-01-14 14:05:00")]


def test_an_incident_after_the_last_day_does_not_happen():
    made = generate(duckdb.connect(), days=11, rows_per_day=50)

    assert {str(day): incident.name for day, incident in made.incidents.items()} == {"2024-01-10": "emails_go_null"}
    assert generate(duckdb.connect(), days=11, rows_per_day=50, incidents=False).incidents == {}


# --- like real data


def test_weekends_sell_more_and_every_week_sells_more_than_the_one_before(clean):
    rows = [day["rows"] for day in measures(clean, "all").values()]
    weeks = [rows[:7], rows[7:14], rows[14:]]

    for week in weeks:
        assert min(week[5:]) > max(week[:5])
    assert sum(weeks[0]) < sum(weeks[1]) < sum(weeks[2])


def test_products_and_customers_come_and_go(clean):
    launched, retired = one(
        clean, f"SELECT count(*) FILTER (launched_on >= '{START}'), count(retired_on) FROM raw_data.products"
    )
    arrived, left = one(
        clean, f"SELECT count(*) FILTER (signed_up_on >= '{START}'), count(left_on) FROM raw_data.customers"
    )

    assert launched >= 10
    assert retired >= 5
    assert arrived >= 500
    assert left >= 300


def test_the_products_that_make_80_percent_of_revenue_change_when_the_last_days_are_counted(clean):
    def top(until: str) -> set[int]:
        return {
            row[0]
            for row in clean.execute(f"""
                WITH sold AS (
                    SELECT product_id, sum(amount) AS revenue
                    FROM raw_data.transactions WHERE transaction_date < '{until}' GROUP BY product_id
                )
                SELECT product_id FROM sold
                QUALIFY sum(revenue) OVER (ORDER BY revenue DESC, product_id) - revenue < 0.8 * sum(revenue) OVER ()
            """).fetchall()
        }

    train, everything = top("2024-01-15"), top("2024-01-22")

    assert len(everything - train) >= 3
    assert 20 < len(train) < 100


def test_everybody_who_buys_and_everything_sold_is_there_on_that_day(bad):
    strangers = one(
        bad,
        """
        SELECT count(*)
        FROM raw_data.transactions AS t
        LEFT JOIN raw_data.products AS p ON p.id = product_id
            AND launched_on <= transaction_date::DATE AND coalesce(retired_on > transaction_date::DATE, true)
        LEFT JOIN raw_data.customers AS c ON c.id = customer_id
            AND signed_up_on <= transaction_date::DATE AND coalesce(left_on > transaction_date::DATE, true)
        WHERE p.id IS NULL OR c.id IS NULL
    """,
    )
    ids = one(
        bad,
        "SELECT count(*) - count(DISTINCT id) FROM (SELECT id::VARCHAR AS id FROM raw_data.products "
        "UNION ALL SELECT id FROM raw_data.customers)",
    )

    assert strangers == (0,)
    assert ids == (0,)


def test_most_customers_buy_more_than_once(clean):
    (share,) = one(
        clean,
        "SELECT avg((n > 1)::INTEGER) FROM (SELECT count(*) AS n FROM raw_data.transactions GROUP BY customer_id)",
    )

    assert 0.8 < share < 1


def test_an_amount_is_price_times_quantity_less_the_coupon(clean):
    wrong = one(
        clean,
        """
        SELECT count(*) FROM raw_data.transactions JOIN raw_data.products ON id = product_id
        WHERE abs(amount - price * quantity * CASE WHEN coupon IS NULL THEN 1.0 ELSE 0.9 END) > 0.005 OR amount <= 0
    """,
    )

    assert wrong == (0,)


def test_amounts_have_a_heavy_tail(clean):
    middle, high, highest = one(
        clean, "SELECT median(amount), quantile_cont(amount, 0.99), max(amount) FROM raw_data.transactions"
    )

    assert high > 8 * middle
    assert highest > 20 * middle


def test_some_values_are_null_and_some_are_not_ascii(clean):
    emails, coupons, categories = one(
        clean,
        """
        SELECT avg((email IS NULL)::INTEGER), avg((coupon IS NULL)::INTEGER), avg((category IS NULL)::INTEGER)
        FROM raw_data.transactions JOIN raw_data.products ON id = product_id
    """,
    )
    unicode = {
        column: one(clean, f"SELECT avg((length({column}) < strlen({column}))::INTEGER) FROM raw_data.{table}")[0]
        for table, column in (("transactions", "email"), ("products", "name"), ("customers", "name"))
    }

    assert 0.01 < emails < 0.02
    assert 0.8 < coupons < 0.95
    assert 0 < categories < 0.03
    assert min(unicode.values()) > 0.2


def test_a_few_rows_arrive_one_to_three_nights_late(clean):
    late = dict(
        clean.execute("""
        SELECT date_diff('day', transaction_date::DATE, loaded_at::DATE) AS nights,
               count(*) / sum(count(*)) OVER ()
        FROM raw_data.transactions
        WHERE hour(transaction_date) < 23
        GROUP BY nights
    """).fetchall()
    )

    assert set(late) == {0, 1, 2, 3}
    assert 0.95 < late[0] < 0.99


def test_the_numbers_of_sales_follow_the_clock_without_a_gap_on_clean_days(clean):
    gaps, backwards = one(
        clean,
        """
        SELECT max(transaction_id) - min(transaction_id) + 1 - count(DISTINCT transaction_id),
               count(*) FILTER (backwards)
        FROM (SELECT *, transaction_date < lag(transaction_date) OVER (ORDER BY transaction_id) AS backwards
              FROM raw_data.transactions)
    """,
    )
    quiet, busy = one(
        clean,
        "SELECT count(*) FILTER (hour(transaction_date) = 3), "
        "count(*) FILTER (hour(transaction_date) = 12) FROM raw_data.transactions",
    )

    assert (gaps, backwards) == (0, 0)
    assert busy > 3 * quiet
