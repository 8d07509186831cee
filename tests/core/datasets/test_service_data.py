"""The operations that ask the data, from Python: what tables hold, and what definitions give of them."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlglot

from dqx_core.datasets.catalog import DuckDBCatalog
from dqx_core.datasets.service import DatasetService
from dqx_core.errors import DefinitionError
from dqx_core.store import InMemoryMetricDB
from tests.core.datasets.shop import DAILY, changed, day, engine

# tables


def test_tables_have_their_sizes_largest_first(service):
    assert [(each.name, each.rows, each.columns) for each in service.tables()] == [
        ("raw_data.transactions", 2800, 7),
        ("raw_data.products", 70, 2),
    ]


def test_no_tables_is_an_error(tmp_path):
    nothing = engine({})
    nothing.connection.execute("DROP SCHEMA raw_data CASCADE")
    store = InMemoryMetricDB()
    with pytest.raises(DefinitionError, match=r"There are no tables in the database\. .* or a schema with --schema"):
        DatasetService(DuckDBCatalog(nothing), nothing, store, folder=tmp_path).tables()
    nothing.connection.execute("CREATE TABLE orders (id INT)")
    raw = DatasetService(DuckDBCatalog(nothing, ["raw"]), nothing, store, folder=tmp_path, schemas=["raw"])
    for missing in (raw.tables, lambda: raw.schema("orders")):
        with pytest.raises(DefinitionError, match=r"in raw\. .* --schema .*DQX_SCHEMA \(there are tables in main\)"):
            missing()
    store.close()


def test_a_name_that_two_schemas_have_is_an_error_that_names_both(tmp_path):
    both = engine({})
    both.connection.execute("CREATE SCHEMA stage; CREATE TABLE orders (id INT); CREATE TABLE stage.orders (place INT)")
    store = InMemoryMetricDB()
    service = DatasetService(DuckDBCatalog(both), both, store, folder=tmp_path)
    with pytest.raises(DefinitionError, match=r"2 tables called 'orders': main\.orders, stage\.orders\. .* full name"):
        service.schema("orders")
    assert [column.name for column in service.schema("stage.orders")] == ["place"]
    store.close()


def test_a_schema_has_roles_and_possible_keys(service):
    found = {each.name: each for each in service.schema("transactions")}

    assert [(c.type, c.role, c.join_key) for c in (found["customer_id"], found["product_id"], found["amount"])] == [
        ("STRING", "user_id", True),
        ("INT64", "product_id", True),
        ("FLOAT64", "revenue", False),
    ]
    with pytest.raises(DefinitionError, match=r"no table 'transaction' .*Did you mean"):
        service.schema("transaction")


def test_stats_and_samples_are_of_the_whole_table(service):
    (country,) = service.stats("transactions", ["country"])
    values = {each.value: each.count for each in service.samples("transactions", "country")}

    assert sum(values.values()) == country.rows == 2800
    assert (country.nulls, country.distinct) == (values[None], 4)
    with pytest.raises(DefinitionError, match=r"has no column 'contry'. Did you mean 'country'"):
        service.stats("transactions", ["contry"])


def test_joins_and_roles_are_found(service):
    (join,) = service.detect_joins(["transactions", "products"])
    roles = service.suggest_columns(["transactions", "products"])

    assert (join.left_columns, join.right_columns) == (("product_id",), ("id",))
    assert roles["timestamp"].best.column == "transaction_date"
    with pytest.raises(DefinitionError, match=r"A join needs two tables"):
        service.detect_joins(["transactions"])


# what a definition gives


def test_an_analysis_is_kept_and_read_without_a_query(two, shop):
    found = two.analyze("ranking")
    before = len(shop.statements)

    assert two.summary("ranking") == found
    assert len(shop.statements) == before


def test_a_preview_is_the_same_rows_every_time(two):
    first, again = two.preview("ranking", day(14)), two.preview("ranking", day(14))

    assert first.rows == again.rows
    assert len(first.rows) == 20
    assert {column.name: column.role for column in first.columns}["revenue"] == "revenue"
    assert {row["split"] for row in two.preview("ranking", day(14), splits=["train"]).rows} == {"train"}
    with pytest.raises(DefinitionError, match=r"1 to 1,000"):
        two.preview("ranking", limit=1001)


def test_the_sql_of_a_split_is_its_rows(two, shop):
    both = shop.run(sqlglot.parse_one(two.query("daily", day(3)), dialect="duckdb"))
    train = shop.run(sqlglot.parse_one(two.query("daily", day(3), splits=["train"]), dialect="duckdb"))

    assert train.num_rows == both["split"].to_pylist().count("train")
    assert "`split`" in two.query("daily", day(3), dialect="bigquery")
    with pytest.raises(DefinitionError, match=r"no dialect 'postgres'"):
        two.query("daily", dialect="postgres")


def test_a_dry_run_has_the_output_and_tells_what_is_wrong_without_raising(two):
    good = two.validate_query("ranking")
    two.create(changed(DAILY, name="bad", columns__3__column="amont"))
    bad = two.validate_query("bad")

    assert good.valid
    assert good.columns["revenue"] == "FLOAT64"
    assert [table.name for table in good.tables] == ["raw_data.transactions", "raw_data.products"]
    assert not bad.valid
    assert "amont" in bad.problems[0]


def test_datasets_are_compared_side_by_side(two):
    two.analyze("ranking")
    found = two.compare(["ranking", "daily"])
    lines = {line.about: line for line in (*found.configuration, *found.analysis)}

    assert lines["table"].same
    assert not lines["split"].same
    assert lines["rows"].values == (two.summary("ranking").facts.rows, None)
    for names in (["ranking"], ["ranking", "ranking"]):
        with pytest.raises(DefinitionError, match=r"2 to 5 different datasets"):
            two.compare(names)


def test_materialize_wants_an_active_definition_and_reports_each_partition(two):
    seen = []
    results = two.materialize("ranking", [day(13), day(14)], progress=seen.append)

    assert [(each.date, each.split) for each in results] == [
        (day(13), "train"), (day(13), "eval"), (day(14), "train"), (day(14), "eval"),
    ]  # fmt: skip
    assert seen == results
    with pytest.raises(DefinitionError, match=r"is a draft.*dqx datasets activate daily"):
        two.materialize("daily", [day(1)])


def test_without_a_date_the_newest_that_the_data_reach_is_meant(two):
    assert two.newest_date("ranking") == day(14)
    two.update("ranking", {"partitions": {"start": dt.date(2024, 1, 8), "end": dt.date(2024, 1, 10)}})
    assert two.newest_date("ranking") == day(10)
