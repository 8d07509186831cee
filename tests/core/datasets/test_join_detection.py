"""Joins are found by names and values together, and nothing is found where neither speaks for one."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.join_schemas import SCHEMAS, TUNED
from benchmarks.joins import by_us, judged, loaded
from dqx_core.datasets import DuckDBCatalog, detect_joins
from dqx_core.datasets.key_names import key_names, similarity, stems, words
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import engine


@pytest.mark.parametrize("name", ["shop", "warehouse", "dirty", "clinic", "records", "flights", "races", "marketplace"])
def test_keys_are_found_and_unrelated_tables_left_alone(name):
    schema = TUNED[name](11)
    found = judged(schema, by_us(loaded(schema), [f"raw_data.{table}" for table in schema.tables]))
    assert found.first_right >= 0.95 * found.answered
    assert found.found >= 0.9 * found.keys
    assert found.false_pairs <= 0.02 * found.unrelated


def test_a_candidate_has_its_evidence():
    shop = engine()
    (found,) = detect_joins(["raw_data.products", "raw_data.transactions"], shop, DuckDBCatalog(shop))
    assert (found.left_table, found.left_columns) == ("raw_data.transactions", ("product_id",))
    assert (found.right_table, found.right_columns) == ("raw_data.products", ("id",))
    assert (found.uniqueness, found.fan_out, found.name_score) == (1.0, 1.0, 1.0)
    assert (found.cardinality, found.confidence) == ("many_to_one", "high")
    share = "SELECT avg((product_id >= 70)::INT) FROM raw_data.transactions"
    assert found.orphans == pytest.approx(shop.connection.execute(share).fetchall()[0][0])


def found_between(**tables):
    shop = engine({name: pd.DataFrame(columns) for name, columns in tables.items()})
    return detect_joins([f"raw_data.{name}" for name in tables], shop, DuckDBCatalog(shop))


MANY = 400
COUNTED = list(range(1, MANY + 1))
UNRELATED = {
    "ids counted from 1 that are ids of other things": (
        {"invoices": {"id": COUNTED, "total": COUNTED[::-1]}, "ships": {"id": COUNTED, "length": COUNTED}}
    ),
    "a number in the range of ids": (
        {"orders": {"order_no": COUNTED, "minutes": COUNTED[::-1]}, "ships": {"id": COUNTED, "knots": [7] * MANY}}
    ),
    "names of things that are called alike": (
        {
            "films": {"id": COUNTED, "title": [f"title {n}" for n in COUNTED]},
            "books": {"isbn": [f"b{n}" for n in COUNTED], "title": [f"title {n}" for n in COUNTED]},
        }
    ),
    "a reference by name to what is never found": (
        {"orders": {"customer_id": [n + 10**6 for n in COUNTED]}, "customers": {"id": COUNTED, "age": [30] * MANY}}
    ),
    "a reference by name to what is of another type": (
        {"orders": {"customer_id": [str(n) for n in COUNTED]}, "customers": {"id": COUNTED, "age": [30] * MANY}}
    ),
    "zeros, and a measure that has zeros": (
        {
            "games": {"game_id": COUNTED, "ties": [n % 5 if n % 9 == 0 else 0 for n in COUNTED]},
            "teams": {"team_code": [f"T{n}" for n in COUNTED], "attendance": [n * 37 if n > 1 else 0 for n in COUNTED]},
        }
    ),
    "a count and ids": (
        {"shelves": {"shelf": [f"s{n}" for n in COUNTED], "books": COUNTED[::-1]}, "books": {"id": COUNTED}}
    ),
    "one row each in one country": (
        {"shop": {"shop_key": [1], "country": ["NL"]}, "depot": {"depot_key": [7], "country": ["NL"]}}
    ),
    "two rows each in the same states": (
        {"shop": {"shop_key": [1, 2], "state": ["A", "B"]}, "depot": {"depot_key": [7, 8], "state": ["A", "B"]}}
    ),
    "measures of one name, unique together": (
        {
            "games": {"game_code": [f"g{n}" for n in COUNTED], "won": [n * 7 % 90 for n in COUNTED], "lost": COUNTED},
            "years": {"a_year": [1600 + n for n in COUNTED], "won": [n * 7 % 90 for n in COUNTED], "lost": COUNTED},
        }
    ),
    "random moments": (
        {
            name: {"key": [f"{name}{n}" for n in COUNTED], "at": pd.to_datetime([n * step * 10**9 for n in COUNTED])}
            for name, step in (("visits", 7919), ("calls", 6007))
        }
    ),
    "a reference by name to what is no key": (
        {
            "orders": {"customer_id": COUNTED[:200]},
            "customers": {"id": [n // 2 + 1 for n in COUNTED], "age": [30] * MANY},
        }
    ),
}


@pytest.mark.parametrize("tables", UNRELATED.values(), ids=UNRELATED)
def test_unrelated_tables_get_no_candidate(tables):
    assert found_between(**tables) == []


def test_a_composite_key_is_found_with_all_its_columns():
    pairs = [(store, product) for store in range(1, 21) for product in range(1, 21)]
    (found,) = found_between(
        prices={"store_id": [s for s, _ in pairs], "product_id": [p for _, p in pairs], "price": COUNTED},
        sales={"store_id": [s for s, _ in pairs] * 3, "product_id": [p for _, p in pairs] * 3, "pieces": COUNTED * 3},
    )
    assert (found.left_table, set(found.left_columns)) == ("raw_data.sales", {"store_id", "product_id"})
    assert (found.right_table, found.uniqueness, found.cardinality) == ("raw_data.prices", 1.0, "many_to_one")


def test_a_composite_key_is_found_beside_measures_zeros_and_single_columns_of_low_worth():
    keys = [(1900 + n // 20, f"T{n % 20}") for n in COUNTED]
    (found,) = found_between(
        teams={
            "yearID": [year for year, _ in keys],
            "teamID": [team for _, team in keys],
            "W": [n * 7 % 90 for n in COUNTED],
            "L": [n * 11 % 80 for n in COUNTED],
            "attendance": [n * 37 if n % 30 else 0 for n in COUNTED],
        },
        managers={
            "yearID": [year for year, _ in keys] * 2,
            "teamID": [team for _, team in keys] * 2,
            "W": [n * 7 % 90 for n in COUNTED] * 2,
            "L": [n * 11 % 80 for n in COUNTED] * 2,
            "ties": [0 if n % 9 else n % 4 for n in COUNTED] * 2,
        },
    )
    assert (found.left_table, found.left_columns) == ("raw_data.managers", ("yearID", "teamID"))
    assert (found.right_columns, found.confidence) == (("yearID", "teamID"), "high")


def test_a_composite_key_may_have_a_moment_or_four_columns():
    hours = pd.date_range("2024-01-01", periods=200, freq="h")
    places = ["EWR", "JFK"]
    (found,) = found_between(
        weather={"origin": places * 200, "time_hour": hours.repeat(2), "humidity": COUNTED},
        flights={"origin": places * 300, "time_hour": [*hours.repeat(2), *hours[:100].repeat(2)], "seats": [180] * 600},
    )
    assert (found.left_table, set(found.left_columns)) == ("raw_data.flights", {"origin", "time_hour"})

    grid = [(a, b, c, d) for a in "XYZ" for b in range(1, 5) for c in range(1, 7) for d in "KLMN"]
    columns = dict(zip(("building_code", "floor_nr", "room_nr", "desk_code"), zip(*grid, strict=True), strict=True))
    columns = {name: list(values) for name, values in columns.items()}
    (found,) = found_between(
        desks={**columns, "height": [n % 40 for n in range(len(grid))]},
        bookings={name: values * 2 for name, values in columns.items()},
    )
    assert (found.left_table, set(found.left_columns)) == ("raw_data.bookings", set(columns))


def test_laps_count_within_their_key_though_they_are_not_called_like_a_key():
    rows = [(driver, bend) for driver in range(1, 11) for bend in range(1, 41)]
    (found,) = found_between(
        speeds={"driver_id": [d for d, _ in rows], "bend": [b for _, b in rows], "speed": COUNTED},
        brakes={"driver_id": [d for d, _ in rows] * 2, "bend": [b for _, b in rows] * 2, "heat": COUNTED * 2},
    )
    assert (found.left_table, set(found.left_columns)) == ("raw_data.brakes", {"driver_id", "bend"})


def test_a_composite_key_is_found_for_every_part_that_its_table_plays():
    keys = [(1900 + n // 20, f"T{n % 20}") for n in COUNTED]
    found = found_between(
        teams={"yearID": [year for year, _ in keys], "teamID": [team for _, team in keys], "W": COUNTED},
        series={
            "yearID": [1901 + n % 15 for n in COUNTED],
            "teamIDwinner": [f"T{n * 7 % 20}" for n in COUNTED],
            "teamIDloser": [f"T{n * 3 % 20}" for n in COUNTED],
        },
    )
    assert {each.left_columns for each in found} == {("yearID", "teamIDwinner"), ("yearID", "teamIDloser")}


def test_a_key_comes_first_and_copies_of_what_describes_are_left_out():
    people = [1 + n % 59 for n in COUNTED]
    (found,) = found_between(
        customer={
            "CustomerId": range(1, 60),
            "PostalCode": [f"{n * 7919 % 9973:04d}x" for n in range(1, 60)],
            "Address": [f"{n} Street {n * 31}" for n in range(1, 60)],
            "PhoneNumber": [f"+{n * 99991}" for n in range(1, 60)],
        },
        invoice={
            "InvoiceId": COUNTED,
            "CustomerId": people,
            "BillingPostalCode": [f"{n * 7919 % 9973:04d}x" for n in people],
            "BillingAddress": [f"{n} Street {n * 31}" for n in people],
            "PhoneNumber": [f"+{n * 99991}" for n in people],
        },
    )
    assert (found.left_columns, found.right_columns) == (("CustomerId",), ("CustomerId",))


def test_a_postal_code_is_the_key_of_a_table_of_postal_codes():
    codes = [f"{n * 7919 % 9973:04d}x" for n in range(1, 60)]
    (found,) = found_between(
        postal_codes={"postal_code": codes, "inhabitants": range(1, 60)},
        customers={"customer_id": COUNTED, "postal_code": [codes[n % 59] for n in COUNTED]},
    )
    assert (found.left_table, found.left_columns) == ("raw_data.customers", ("postal_code",))


def test_zeros_do_not_stand_for_keys_but_a_few_wrong_rows_do_not_hide_one():
    wrong = [10**6 + place if place % 10 == 0 else 1 + place % 20 for place in range(MANY)]
    (found,) = found_between(
        orders={"order_no": COUNTED, "shop_id": wrong}, shops={"shop_id": range(1, 21), "city": ["A", "B"] * 10}
    )
    assert found.inclusion < 0.4
    assert found.orphans == pytest.approx(0.1)


def test_the_order_of_the_answers_is_that_of_their_confidence():
    schema = SCHEMAS["dirty"]()
    shop = loaded(schema)
    found = detect_joins([f"raw_data.{table}" for table in schema.tables], shop, DuckDBCatalog(shop))
    words = [each.confidence for each in found]
    assert words == sorted(words, key=["high", "medium", "low"].index)
    assert len(set(words)) > 1


def test_a_table_that_extends_another_is_found_as_one_to_one():
    (found,) = found_between(
        customers={"customer_id": COUNTED, "age": [30] * MANY},
        customer_consents={"customer_id": COUNTED[::2], "version": [1] * (MANY // 2)},
    )
    assert (found.left_table, found.right_table, found.cardinality) == (
        "raw_data.customer_consents", "raw_data.customers", "one_to_one",
    )  # fmt: skip


def test_dirty_keys_are_found_with_their_orphans_and_fan_out():
    (found,) = found_between(
        orders={"customer_id": [n if n % 10 else n + 10**6 for n in COUNTED]},
        customers={"id": [*COUNTED[:-4], 1, 2, 3, 4], "age": [30] * MANY},
    )
    assert found.orphans == pytest.approx(0.1, abs=0.02)
    assert found.uniqueness == pytest.approx(0.99)
    assert 1 < found.fan_out < 1.02


def test_the_answer_is_the_same_every_time_and_in_any_order():
    schema = SCHEMAS["dirty"]()
    shop, tables = loaded(schema), [f"raw_data.{table}" for table in schema.tables]
    once, again = (set(detect_joins(order, shop, DuckDBCatalog(shop))) for order in (tables, tables[::-1]))
    assert once == again


def test_one_table_and_empty_tables_join_nothing():
    shop = engine()
    shop.connection.execute("CREATE TABLE raw_data.empty AS SELECT * FROM raw_data.products WHERE false")
    tables = ["raw_data.products", "raw_data.products"]
    assert detect_joins(tables, shop, DuckDBCatalog(shop)) == []
    assert detect_joins(["raw_data.empty", "raw_data.products"], shop, DuckDBCatalog(shop)) == []


def test_a_table_that_is_not_there_is_told():
    shop = engine()
    with pytest.raises(DefinitionError, match=r"There is no table 'raw_data\.product'"):
        detect_joins(["raw_data.product", "raw_data.transactions"], shop, DuckDBCatalog(shop))


def test_odd_names_are_names():
    shop = engine()
    shop.connection.execute(
        """CREATE TABLE raw_data."se""lect" AS SELECT id AS "or""der id", id * 7919 AS x FROM raw_data.products"""
    )
    shop.connection.execute(
        """CREATE TABLE raw_data."it's" AS SELECT "or""der id" AS "or""der id" FROM raw_data."se""lect", range(3)"""
    )
    assert len(detect_joins(['raw_data.se"lect', "raw_data.it's"], shop, DuckDBCatalog(shop))) <= 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("customerId", ("customer", "id")),
        ("CUST_IDS", ("customer", "id")),
        ("prd_key", ("product", "key")),
        ("custkey", ("customer", "key")),
        ("categories", ("category",)),
        ("teamIDwinner", ("team", "id", "winner")),
        ("HTTPServerId", ("http", "server", "id")),
        ("orderdate", ("order", "date")),
        ("candidate", ("candidate",)),
        ("paid", ("paid",)),
        ("status", ("status",)),
    ],
)
def test_words_are_singular_and_written_out(name, expected):
    assert words(name) == expected


@pytest.mark.parametrize(
    ("column", "table", "key", "low", "high"),
    [
        ("customer_id", "raw_data.customers", "id", 1, 1),
        ("cust_sk", "dwh.dim_customer", "customer_sk", 1, 1),
        ("billing_address_id", "raw_data.addresses", "id", 0.9, 0.9),
        ("current_cdemo_sk", "raw_data.customer_demographics", "demo_sk", 0.85, 0.86),
        ("stloc_id", "raw_data.store_locations", "id", 1, 1),
        ("cdemo_sk", "raw_data.household_demographics", "demo_sk", 0, 0.6),
        ("current_addr_sk", "raw_data.customer_address", "address_sk", 0.85, 0.9),
        ("dpt_id", "raw_data.departments", "id", 1, 1),
        ("teamIDwinner", "raw_data.teams", "teamID", 0.9, 0.9),
        ("PersonID", "raw_data.Person", "EntityNumber", 0.6, 0.8),
        ("quantity", "raw_data.customers", "id", 0, 0),
        ("id", "raw_data.customers", "id", 0, 0),
    ],
)
def test_a_name_sounds_like_a_reference_or_not(column, table, key, low, high):
    stem = stems([table])[table]
    left = key_names([column, "x", "y"], ("order",))[column]
    assert low <= similarity(left, key_names([key, "other"], stem)[key], stem) <= high
