"""`dqx datasets new`, typed into a real terminal, and what long work shows there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb
import pytest

from dqx_core.datasets import from_yaml, new_text
from tests.core.datasets.shop import daily, products, transactions
from tests.dagster.cli.terminal import Terminal


@pytest.fixture
def typed(tmp_path):
    """Types a command of `dqx datasets` over the shop, in an empty folder."""
    with duckdb.connect(tmp_path / "shop.duckdb") as connection:
        connection.execute("CREATE SCHEMA raw_data")
        for name, frame in (("transactions", transactions()), ("products", products())):
            connection.register("given", frame)
            connection.execute(f"CREATE TABLE raw_data.{name} AS SELECT * FROM given")
    dqx = [str(Path(sys.executable).parent / "dqx"), "datasets"]
    env = {**os.environ, "COLUMNS": "160", "LINES": "50", "TERM": "xterm", "DQX_DATABASE": "shop.duckdb"}
    return lambda *words: Terminal([*dqx, *words], env=env, cwd=tmp_path)


@pytest.fixture
def wizard(typed):
    """The wizard."""
    return typed("new")


def answer(wizard: Terminal, *said: tuple[str, str]) -> None:
    for question, line in said:
        wizard.expect(question)
        wizard.type(line)


def test_four_steps_lead_to_a_definition_with_its_sql_and_its_sizes(wizard, tmp_path):
    answer(
        wizard,
        ("Name", "Shop weekly"),
        ("is not a name", ""),  # takes the suggestion
        ("What is it for?", "For the ranking model"),
        ("2 of 4", ""),  # the largest table
        ("Join raw_data.products on product_id = id?", ""),
        ("3 of 4", ""),
        ("product_id", ""),
        ("timestamp", ""),
        ("revenue", "amont"),
        ("Did you mean 'amount'?", "amount"),
        ("Which of them?", "country, products.category"),
        ("How many days back?", "8"),
        ("percent of revenue?", "180"),
        ("Write a whole number from 0 to 100.", "80"),
        ("Users with at least how many rows?", "2"),
        ("Split", "temporal"),
        ("Days of eval", "9"),
        ("Days between", "1"),
        ("First partition", "2024-01-08"),
        ("leaves no day for train", "8"),
        ("percent of revenue?", ""),
        ("Users with at least how many rows?", ""),
        ("Split", ""),
        ("Days of eval", "2"),
        ("Days between", "1"),
        ("First partition, such as 2024-01-31 (2024-01-08)", "8.1.2024"),  # the first of which all 8 days have rows
        ("'8.1.2024' is not a day. Write it as 2024-01-31.", "2024-01-08"),
    )
    wizard.expect("WITH")
    wizard.expect("Quality")
    answer(wizard, ("Write datasets/shop_weekly.yaml?", "y"))
    wizard.expect("version 1")

    assert wizard.end() == 0
    definition = from_yaml(tmp_path / "datasets" / "shop_weekly.yaml")
    assert (definition.name, definition.description, definition.status) == (
        "shop_weekly", "For the ranking model", "draft",
    )  # fmt: skip
    assert definition.source.joins[0].on == {"product_id": "id"}
    assert {column.role: column.name for column in definition.columns if column.role} == {
        "user_id": "customer_id",
        "product_id": "product_id",
        "timestamp": "transaction_date",
        "revenue": "amount",
    }
    assert [column.name for column in definition.columns][4:] == ["country", "category"]
    assert [each.kind for each in definition.filters] == ["date_range"]
    assert (definition.split.eval_days, definition.split.gap_days) == (2, 1)
    assert (tmp_path / "data" / "metrics.db").exists()


def test_two_schemas_have_a_table_of_one_name_and_what_comes_next_repeats_the_options(typed, tmp_path):
    with duckdb.connect(tmp_path / "two.duckdb") as connection:
        for schema in ("raw", "stage"):
            connection.execute(
                f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.visits AS "
                "SELECT i AS visit_id, i % 50 AS customer_id, TIMESTAMP '2024-01-01' + to_hours(i::INT) AS visited_at "
                "FROM range(500) r(i)"
            )
    typing = typed("new", "--database", "two.duckdb", "--folder", "our sets", "--schema", "raw", "--schema", "stage")
    answer(
        typing,
        ("Name", "visits"),
        ("What is it for?", ""),
        ("Number or name", "visits"),
        ("2 tables called 'visits': raw.visits, stage.visits", "stage.visits"),
        ("user_id", "customer_id"),
        ("product_id", "-"),
        ("timestamp", "visited_at"),
        ("revenue", "-"),
        ("Which of them?", "all"),
        ("How many days back?", "0"),
        ("Users with at least", ""),
        ("Split", "none"),
        ("First partition", ""),
        ("Write our sets/visits.yaml?", "y"),
    )
    options = "visits --folder 'our sets' --database two.duckdb --schema raw --schema stage"
    typing.expect(f"Next: dqx datasets analyze {options}, then dqx datasets activate {options}")

    assert typing.end() == 0
    assert from_yaml(tmp_path / "our sets" / "visits.yaml").source.table == "stage.visits"


def test_who_leaves_in_the_middle_leaves_nothing_behind(wizard, tmp_path):
    answer(wizard, ("Name", "weekly"))
    wizard.expect("What is it for?")
    wizard.interrupt()

    assert wizard.end() == 1
    assert "Traceback" not in wizard.shown
    assert [each.name for each in tmp_path.iterdir()] == ["shop.duckdb"]


def test_long_work_says_on_a_terminal_how_far_it_is(typed, tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "daily.yaml").write_text(new_text(daily(status="active")))
    writing = typed("materialize", "daily", "--from", "2024-01-01", "--to", "2024-01-03")
    writing.expect("Materializing daily")
    writing.expect("6/6")
    assert writing.end() == 0
