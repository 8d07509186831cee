"""Partitions are written from one scan, each whole or not at all, and say what is in them."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from dqx_core.datasets import (
    DuckDBCatalog,
    manifest,
    materialize,
    partition_query,
    read_partitions,
    schemas_of,
    stored_partitions,
)
from dqx_core.errors import DefinitionError, EngineError, ValidationError
from tests.core.datasets.shop import bytes_of, daily, day, days, engine, products, ranking, transactions

SOURCE = '"raw_data"."transactions"'


@pytest.fixture(scope="module")
def shop():
    return engine()


def reads(shop, since):
    """Statements that read the rows of the source; the schema is asked without reading any.

    Others count what no partition has: rows without a time, once for all dates; NaN where a filter compares.
    """
    return [sql for sql in shop.statements[since:] if SOURCE in sql and sql.startswith("CREATE")]


@pytest.mark.parametrize("definition", [ranking(), daily()], ids=lambda each: each.name)
def test_fourteen_dates_read_the_source_once(definition, tmp_path):
    shop = engine()
    first = 8 if definition.name == "ranking" else 1
    results = materialize(definition, days(first, first + 13), engine=shop, root=tmp_path)
    assert len(results) == 28
    assert len(reads(shop, 0)) == 1
    assert reads(shop, 0)[0].startswith("CREATE TEMPORARY TABLE")


def test_one_date_is_one_query_for_all_its_splits(tmp_path):
    shop = engine()
    materialize(ranking(), [day(9)], engine=shop, root=tmp_path)
    assert len(reads(shop, 0)) == 1
    assert "'train', 'eval'" in reads(shop, 0)[0]


@pytest.mark.parametrize("definition", [ranking(), daily()], ids=lambda each: each.name)
def test_many_dates_at_once_write_what_each_alone_does(shop, definition, tmp_path):
    chosen = [day(8), day(9), day(13)]
    together = materialize(definition, chosen, engine=shop, root=tmp_path / "together")
    alone = [r for date in chosen for r in materialize(definition, [date], engine=shop, root=tmp_path / "alone")]
    assert bytes_of(tmp_path / "together") == bytes_of(tmp_path / "alone")
    assert [r.data_version for r in together] == [r.data_version for r in alone]
    assert [r.sql for r in together] == [r.sql for r in alone]


def test_days_between_the_dates_are_not_staged(tmp_path):
    shop = engine()
    materialize(daily(), [day(2), day(3), day(10)], engine=shop, root=tmp_path)
    condition = reads(shop, 0)[0].split("WHERE")[1]
    assert condition.count(">=") == 2
    assert "2024-01-04" in condition
    assert "2024-01-10" in condition


@pytest.mark.parametrize("definition", [ranking(), daily()], ids=lambda each: each.name)
def test_the_files_hold_the_rows_of_the_query(shop, definition, tmp_path):
    materialize(definition, [day(9)], engine=shop, root=tmp_path)
    query = partition_query(definition, day(9), schemas_of(definition, DuckDBCatalog(shop)))
    expected = shop.run(query).to_pandas().assign(date=day(9))
    stored = shop.run(read_partitions(tmp_path, definition.name)).to_pandas()
    stored["date"] = pd.to_datetime(stored["date"]).dt.date
    columns = sorted(expected.columns)
    pd.testing.assert_frame_equal(
        *(frame[columns].sort_values("transaction_id", ignore_index=True) for frame in (stored, expected))
    )


def test_the_sql_of_a_partition_gives_its_rows(shop, tmp_path):
    for result in materialize(ranking(), [day(9)], engine=shop, root=tmp_path):
        table = shop.connection.sql(result.sql).to_arrow_table()
        assert set(table["split"].to_pylist()) == {result.split}
        assert table.num_rows == result.rows


def test_only_the_splits_asked_for_are_written(shop, tmp_path):
    materialize(ranking(), [day(9)], ["eval"], engine=shop, root=tmp_path)
    assert stored_partitions(tmp_path, "ranking") == [(day(9), "eval")]
    materialize(ranking(), [day(9)], ["train"], engine=shop, root=tmp_path)
    assert stored_partitions(tmp_path, "ranking") == [(day(9), "eval"), (day(9), "train")]


def test_results_come_in_order_and_are_told_one_by_one(shop, tmp_path):
    told = []
    results = materialize(
        ranking(), [day(10), day(8), day(10)], ["eval", "train"], engine=shop, root=tmp_path, progress=told.append
    )
    assert told == results
    assert [(r.date, r.split) for r in results] == [
        (day(8), "train"), (day(8), "eval"), (day(10), "train"), (day(10), "eval"),
    ]  # fmt: skip


def test_nothing_asked_for_is_nothing_done(shop, tmp_path):
    assert materialize(ranking(), [], engine=shop, root=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_partition_says_what_is_in_it(shop, tmp_path):
    (train, _) = materialize(ranking(), [day(9)], engine=shop, root=tmp_path)
    said = manifest(tmp_path, "ranking", day(9), "train")
    assert train.path == tmp_path / "ranking" / "date=2024-01-09" / "split=train"
    assert (said.dataset, said.date, said.split) == ("ranking", day(9), "train")
    assert (said.rows, said.bytes) == (train.rows, (train.path / "part-0.parquet").stat().st_size)
    assert (said.sql, said.fingerprint, said.data_version) == (train.sql, train.fingerprint, train.data_version)
    assert said.definition_hash == ranking().definition_hash
    assert said.window == {"whole": ["2024-01-02", "2024-01-10"], "train": ["2024-01-02", "2024-01-07"]}
    assert said.timezone == "UTC"
    assert said.columns["revenue"] == "FLOAT64"
    assert said.written_at.tzinfo is not None
    assert str(tmp_path) not in (train.path / "_manifest.json").read_text("utf-8")


def test_an_empty_partition_has_a_file_with_the_schema(shop, tmp_path):
    results = materialize(
        daily(partitions__start="2020-01-01"), [dt.date(2020, 1, 1), day(1)], engine=shop, root=tmp_path
    )
    assert [r.rows for r in results][:2] == [0, 0]
    empty, full = (
        shop.run(read_partitions(tmp_path, "daily", [date])).schema for date in (dt.date(2020, 1, 1), day(1))
    )
    assert empty == full


def test_temporary_tables_and_folders_are_gone_afterwards(shop, tmp_path):
    materialize(ranking(), days(8, 9), engine=shop, root=tmp_path)
    assert not shop.connection.sql("SELECT * FROM duckdb_tables() WHERE temporary").fetchall()
    assert [path.name for path in (tmp_path / "ranking").iterdir() if not path.name.startswith("date=")] == []


# What goes wrong.


def test_a_join_that_would_multiply_rows_is_refused_before_anything_is_written(tmp_path):
    twice = pd.concat([products(), products().head(3)])
    shop = engine({"transactions": transactions(), "products": twice})
    expected = (
        r"Dataset 'ranking': the join with raw_data\.products on id is written to be many_to_one, but 3 values of "
        r"id have more than one row in raw_data\.products, for instance 0, so rows would multiply\. Make id unique"
    )
    with pytest.raises(DefinitionError, match=expected):
        materialize(ranking(), [day(9)], engine=shop, root=tmp_path)
    assert list(tmp_path.iterdir()) == []
    allowed = ranking(source__joins__0__cardinality="one_to_many")
    assert materialize(allowed, [day(9)], engine=shop, root=tmp_path)


def test_a_key_that_is_null_is_no_key_twice(tmp_path):
    nameless = pd.concat([products(), pd.DataFrame({"id": [None, None], "category": ["x", "y"]})]).astype(
        {"id": "Int64"}
    )
    shop = engine({"transactions": transactions(), "products": nameless})
    assert materialize(ranking(), [day(9)], engine=shop, root=tmp_path)


def test_one_to_one_is_checked_on_both_sides(shop, tmp_path):
    with pytest.raises(DefinitionError, match=r"values of product_id have more than one row in raw_data\.transactions"):
        materialize(ranking(source__joins__0__cardinality="one_to_one"), [day(9)], engine=shop, root=tmp_path)


def test_the_key_of_every_joined_table_is_looked_at_once(tmp_path):
    shop = engine()
    materialize(ranking(), days(8, 12), engine=shop, root=tmp_path)
    assert len([sql for sql in shop.statements if "HAVING" in sql and '"raw_data"."products"' in sql]) == 1


@pytest.mark.parametrize("chosen", [[day(3)], [day(3), day(4)]], ids=["one date", "two dates"])
def test_null_keys_and_null_values_are_counted(shop, chosen, tmp_path):
    sales = transactions()
    count = int(sales[sales["transaction_date"].dt.date == day(3)]["country"].isna().sum())
    assert count > 1
    with pytest.raises(DefinitionError) as caught:
        materialize(daily(split={"strategy": "group", "key": "country"}), chosen, engine=shop, root=tmp_path)
    told = f"Dataset 'daily', partition 2024-01-03: {count} rows have null in country, the key of the group split."
    assert str(caught.value).startswith(told)
    with pytest.raises(DefinitionError, match=f"{count} rows have null in country, where nulls are written to fail"):
        materialize(daily(nulls={"country": "fail"}), chosen, engine=shop, root=tmp_path)
    assert stored_partitions(tmp_path, "daily") == []


def test_a_table_that_is_not_there_is_told_with_the_nearest(shop, tmp_path):
    definition = daily(
        source__table="raw_data.transaction",
        columns=[{"column": "customer_id"}],
        source__joins=[],
        partitions__content="snapshot",
    )
    with pytest.raises(
        DefinitionError, match=r"There is no table 'raw_data\.transaction'\. Did you mean 'raw_data\.transactions'"
    ):
        materialize(definition, [day(3)], engine=shop, root=tmp_path)


def test_a_definition_that_does_not_fit_the_tables_writes_nothing(shop, tmp_path):
    with pytest.raises(ValidationError, match="has no column 'land'"):
        materialize(daily(columns__4={"column": "land"}), [day(3)], engine=shop, root=tmp_path)
    with pytest.raises(DefinitionError, match="has no partition 2023-12-31"):
        materialize(daily(), [day(0), day(1)], engine=shop, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_as_such(shop, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EngineError, match="could not write dataset 'daily'"):
        materialize(daily(), [day(3)], engine=shop, root=tmp_path / "file")
