"""The shop's world: the same every time, in a file or in a connection, and nothing of anybody else's is touched."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from examples.shop import generate
from examples.shop.world import TABLES, last_day
from tests.examples.shop_tables import SMALL, one, shop

ROOT = Path(__file__).parents[2]


def fingerprint(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """What the tables hold and in which order."""
    return [
        one(connection, f"SELECT count(*), bit_xor(hash(t, t.rowid)) FROM raw_data.{table} AS t") for table in TABLES
    ]


# --- the same every time


@pytest.mark.parametrize("rows_per_day", [200, 70_000])
def test_the_same_parameters_make_the_same_rows_in_the_same_order_on_any_number_of_threads(rows_per_day):
    made = [fingerprint(shop(threads=n, days=2, rows_per_day=rows_per_day)) for n in (1, 2, 2)]

    assert made[0] == made[1] == made[2]


def test_another_seed_makes_another_shop():
    assert fingerprint(shop(seed=1, **SMALL)) != fingerprint(shop(seed=2, **SMALL))


def test_the_shop_stays_the_same_from_version_to_version():
    sums = one(
        shop(**SMALL),
        "SELECT count(*), sum(amount)::VARCHAR, count(email), max(customer_id) FROM raw_data.transactions",
    )

    assert sums == (607, "31679.35", 594, "C0000617")


def test_a_longer_world_begins_with_the_shorter_one(tmp_path):
    with duckdb.connect() as connection:
        for name, days in (("short", 9), ("long", 16)):
            generate(tmp_path / f"{name}.duckdb", days=days, rows_per_day=200)
            connection.execute(f"ATTACH '{tmp_path / name}.duckdb' AS {name}_world (READ_ONLY)")

        difference = connection.execute("""
            FROM short_world.raw_data.transactions
            EXCEPT ALL
            FROM long_world.raw_data.transactions WHERE transaction_date < DATE '2024-01-10'
        """).fetchall()

    assert difference == []


# --- in a file, or in a connection


def test_the_summary_counts_what_is_in_the_tables(tmp_path):
    made = generate(tmp_path / "shop.duckdb", start=date(2023, 12, 30), **SMALL)

    with duckdb.connect(tmp_path / "shop.duckdb") as connection:
        counts = {table: one(connection, f"SELECT count(*) FROM raw_data.{table}")[0] for table in TABLES}
        days = one(
            connection, "SELECT min(transaction_date)::DATE, max(transaction_date)::DATE FROM raw_data.transactions"
        )
    assert made.rows == counts
    assert days == (date(2023, 12, 30), date(2024, 1, 1))
    assert made.end == date(2024, 1, 2)


def test_the_same_world_is_written_once(tmp_path):
    file = tmp_path / "new" / "shop.duckdb"

    assert generate(file, **SMALL).made
    again = generate(file, **SMALL)
    assert not again.made
    assert again.rows == generate(file, **SMALL, force=True).rows
    assert generate(file, **SMALL, seed=8).made
    assert {path.name for path in file.parent.iterdir()} == {"shop.duckdb", "shop.last_day"}


def test_the_last_day_of_a_file_is_known_without_opening_it(tmp_path):
    file = tmp_path / "shop.duckdb"
    assert last_day(file) is None

    made = generate(file, **SMALL)
    assert last_day(file) == made.end - timedelta(days=1)
    generate(file, **{**SMALL, "days": 2})
    assert last_day(file) == date(2024, 1, 2)


def test_a_killed_generator_leaves_the_old_file(tmp_path):
    file = tmp_path / "shop.duckdb"
    generate(file, **SMALL)
    before = file.read_bytes()
    code = f"from examples.shop import generate; generate({str(file)!r}, days=3000, progress=lambda *day: print(day))"

    with subprocess.Popen([sys.executable, "-u", "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.kill()

    assert file.read_bytes() == before
    assert not generate(file, **SMALL).made


def test_an_interrupted_generator_leaves_a_connection_as_it_was(tmp_path):
    connection = shop(**SMALL)
    before = fingerprint(connection)

    def interrupt(today: date, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(connection, days=5, rows_per_day=100, progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "shop.duckdb", days=5, rows_per_day=100, progress=interrupt)

    assert fingerprint(connection) == before
    assert list(tmp_path.iterdir()) == []
    assert generate(connection, days=5, rows_per_day=100).made


def test_a_connection_keeps_its_own_tables_and_gets_only_the_shop():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE mine AS SELECT 1 AS a")
    generate(connection, **SMALL)

    tables = connection.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    macros = connection.execute("SELECT function_name FROM duckdb_functions() WHERE function_name = 'dice'").fetchall()
    assert [name for (name,) in tables] == ["main.mine", "main.shop_world", *(f"raw_data.{table}" for table in TABLES)]
    assert macros == []


def test_a_database_without_a_shop_in_it_is_left_alone(tmp_path):
    file = tmp_path / "precious.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA raw_data; CREATE TABLE raw_data.products AS SELECT 1 AS a")

        with pytest.raises(duckdb.CatalogException, match="products"):
            generate(connection, **SMALL)
    with pytest.raises(FileExistsError, match=r"precious\.duckdb is a database without a shop in it"):
        generate(file, **SMALL, force=True)
    with duckdb.connect(file) as connection:
        assert one(connection, "FROM raw_data.products") == (1,)


@pytest.mark.parametrize("name", ["days", "rows_per_day"])
def test_a_shop_that_sells_nothing_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} of at least 1, got 0"):
        generate(duckdb.connect(), **{name: 0})


def test_the_smallest_shop_works():
    assert generate(duckdb.connect(), days=1, rows_per_day=1).rows["transactions"] == 1
