"""Partitions are written from one scan, each whole or not at all, and say what is in them."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sqlglot import exp

from dqx_core.datasets import (
    DuckDBCatalog,
    manifest,
    materialize,
    partition_files,
    partition_query,
    read_partitions,
    schemas_of,
    stored_partitions,
)
from dqx_core.datasets.folders import workshop
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError, EngineError, ValidationError
from dqx_core.sql import fingerprint
from tests.core.datasets.shop import daily, day, engine, products, ranking, transactions

ROOT = Path(__file__).parents[3]
SOURCE = '"raw_data"."transactions"'


@pytest.fixture(scope="module")
def shop():
    return engine()


def days(first, last):
    return [day(number) for number in range(first, last + 1)]


def bytes_of(root):
    return {file.relative_to(root): file.read_bytes() for file in sorted(Path(root).rglob("*.parquet"))}


def reads(shop, since):
    """Statements that read the rows of the source; the schema is asked without reading any."""
    return [sql for sql in shop.statements[since:] if SOURCE in sql]


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


# What identifies content.


def fingerprints(root, sales, *, threads=2, definition=None):
    shop = engine({"transactions": sales, "products": products()}, threads=threads)
    results = materialize(definition or daily(), [day(3)], engine=shop, root=root)
    return [(r.split, r.rows, r.fingerprint) for r in results]


def test_content_is_the_same_for_any_number_of_threads_and_any_order_of_rows(tmp_path):
    sales = transactions()
    expected = fingerprints(tmp_path / "a", sales, threads=1)
    assert fingerprints(tmp_path / "b", sales, threads=2) == expected
    assert fingerprints(tmp_path / "c", sales.sample(frac=1, random_state=3), threads=2) == expected
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b") == bytes_of(tmp_path / "c")


def one_row(value, frame):
    number = frame.index[frame["transaction_date"] >= pd.Timestamp(day(3))][0]
    return {
        "doubled": lambda: pd.concat([frame, frame.loc[[number]]]),
        "lost": lambda: frame.drop(number),
        "another amount": lambda: frame.assign(
            amount=frame["amount"].where(frame.index != number, frame["amount"] + 1e-9)
        ),
        "a null": lambda: frame.assign(country=frame["country"].where(frame.index != number, None)),
        "two values exchanged": lambda: frame.assign(
            amount=frame["amount"].replace({frame["amount"][number]: frame["amount"][number + 1]})
        ),
    }[value]()


@pytest.mark.parametrize("change", ["doubled", "lost", "another amount", "a null", "two values exchanged"])
def test_any_other_content_is_another_fingerprint(tmp_path, change):
    sales = transactions()
    assert fingerprints(tmp_path / "b", one_row(change, sales)) != fingerprints(tmp_path / "a", sales)


def test_values_do_not_run_into_each_other(tmp_path):
    seen = set()
    pairs = [("ab", "c"), ("a", "bc"), ("abc", ""), ("abc", None), ("", "abc"), (None, "abc"), ("-", "-"), (None, None)]
    for number, (one, other) in enumerate(pairs):
        shop = engine({"pairs": pd.DataFrame({"k": ["x"], "one": [one], "other": [other]}, dtype=object)})
        shop.connection.execute("ALTER TABLE raw_data.pairs ALTER one TYPE VARCHAR")
        shop.connection.execute("ALTER TABLE raw_data.pairs ALTER other TYPE VARCHAR")
        definition = daily(
            source={"table": "raw_data.pairs"},
            columns=[{"column": "k"}, {"column": "one"}, {"column": "other"}],
            split={"strategy": "group", "key": "k", "parts": {"train": 100}},
            partitions__content="snapshot",
        )
        (result,) = materialize(definition, [day(1)], engine=shop, root=tmp_path / str(number))
        seen.add(result.fingerprint)
    assert len(seen) == len(pairs)


def test_the_data_version_follows_definition_date_split_and_content(shop, tmp_path):
    def versions(definition):
        return {
            (r.date, r.split): r.data_version for r in materialize(definition, days(8, 9), engine=shop, root=tmp_path)
        }

    first = versions(ranking())
    assert len(set(first.values())) == 4
    assert versions(ranking(description="Another text")) == first
    assert not set(versions(ranking(split__eval_days=1)).values()) & set(first.values())


def test_the_fingerprint_is_the_same_in_every_version(tmp_path):
    table = pd.DataFrame({"k": ["a", "b", None], "n": [1.5, -0.25, None]})
    shop = engine({"small": table})
    definition = daily(
        source={"table": "raw_data.small"},
        columns=[{"column": "k"}, {"column": "n"}],
        split={"strategy": "group", "key": "k", "parts": {"train": 100}, "null_key": "train"},
        partitions__content="snapshot",
    )
    (result,) = materialize(definition, [day(1)], engine=shop, root=tmp_path)
    assert result.fingerprint == "3294804ca970d521c548efa06ce52358"


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


def test_a_damaged_manifest_is_told_as_such(shop, tmp_path):
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    (train.path / "_manifest.json").write_text("{")
    with pytest.raises(DefinitionError, match=r"is damaged .* Materialize the partition again"):
        manifest(tmp_path, "daily", day(3), "train")
    assert manifest(tmp_path, "daily", day(4), "train") is None


def test_a_manifest_of_a_later_version_can_be_read(shop, tmp_path):
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    file = train.path / "_manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"new_in_the_future": 1}))
    assert manifest(tmp_path, "daily", day(3), "train").rows == train.rows


# Crashes.


def crash(root, number):
    command = [sys.executable, "-m", "tests.core.datasets.crashing", str(root), str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr


def test_a_run_that_is_killed_leaves_every_partition_old_or_new(shop, tmp_path):
    materialize(ranking(), days(8, 9), engine=shop, root=tmp_path)
    old = bytes_of(tmp_path)
    new_shop = engine({"transactions": transactions(seed=2), "products": products()})
    materialize(ranking(), days(8, 9), engine=new_shop, root=tmp_path / "new")
    new = bytes_of(tmp_path / "new")
    assert {name: len(data) for name, data in old.items()} != {name: len(data) for name, data in new.items()}

    crash(tmp_path, 2)  # day 8: train was put in its place, eval was written but not put
    found = {name: (tmp_path / name).read_bytes() for name in old}
    train_8, eval_8, train_9, eval_9 = (
        f"ranking/date=2024-01-0{n}/split={s}/part-0.parquet" for n in (8, 9) for s in ("train", "eval")
    )
    assert found[Path(train_8)] == new[Path(train_8)]
    for still in (eval_8, train_9, eval_9):
        assert found[Path(still)] == old[Path(still)]
    for date, split in stored_partitions(tmp_path, "ranking"):
        rows = shop.run(read_partitions(tmp_path, "ranking", [date], [split])).num_rows
        assert rows == manifest(tmp_path, "ranking", date, split).rows

    leftovers = list((tmp_path / "ranking").glob(".writing-*"))
    assert len(leftovers) == 1
    assert len(partition_files(tmp_path, "ranking")) == 4  # a leftover is no partition
    materialize(ranking(), [day(8)], engine=new_shop, root=tmp_path)
    assert not leftovers[0].exists()
    assert (tmp_path / eval_8).read_bytes() == new[Path(eval_8)]


def test_the_folder_of_a_run_that_lives_is_not_taken_for_a_leftover(shop, tmp_path):
    with workshop(tmp_path / "ranking") as living:
        (living / "half").mkdir()
        materialize(ranking(), [day(8)], engine=shop, root=tmp_path)
        assert (living / "half").exists()
    assert not living.exists()


def test_a_partition_that_a_crash_left_set_aside_comes_back(shop, tmp_path):
    """Where names cannot be exchanged, the old folder is set aside for an instant; a crash may come just then."""
    (train, _) = materialize(ranking(), [day(8)], engine=shop, root=tmp_path)
    aside = tmp_path / "ranking" / ".writing-dead" / ".old" / "date=2024-01-08" / "split=train"
    aside.parent.mkdir(parents=True)
    train.path.rename(aside)
    materialize(ranking(), [day(9)], engine=shop, root=tmp_path)
    assert manifest(tmp_path, "ranking", day(8), "train").data_version == train.data_version
    assert not (tmp_path / "ranking" / ".writing-dead").exists()


class Refusing(DuckDB):
    """An engine that refuses its second COPY."""

    copies = 0

    def run(self, tree):
        """The rows, or a refusal."""
        self.copies += isinstance(tree, exp.Copy)
        if isinstance(tree, exp.Copy) and self.copies == 2:
            raise EngineError("DuckDB", "run a statement", "the disk is full")
        return super().run(tree)


def test_a_refused_statement_leaves_the_rest_as_it_was(shop, tmp_path):
    materialize(ranking(), [day(8)], engine=shop, root=tmp_path)
    old = bytes_of(tmp_path)
    new = engine({"transactions": transactions(seed=2), "products": products()})
    with pytest.raises(EngineError, match="the disk is full"):
        materialize(ranking(), [day(8)], engine=Refusing(new.connection), root=tmp_path)
    found = bytes_of(tmp_path)
    assert found.keys() == old.keys()
    assert [found[name] == old[name] for name in sorted(old)] == [True, False]  # eval is old, train is new
    assert list((tmp_path / "ranking").glob(".writing-*")) == []
    assert not new.connection.sql("SELECT * FROM duckdb_tables() WHERE temporary").fetchall()


# A DuckDB that hashes otherwise.


def by_another(root, version, **changes):
    """The train manifest as another version of DuckDB would have written it."""
    file = root / "daily" / f"date={day(3)}" / "split=train" / "_manifest.json"
    of_then = {"fingerprint": "f" * 32, "fingerprint_by": "duckdb v1.9.9", "data_version": version}
    file.write_text(json.dumps(json.loads(file.read_text()) | of_then | changes))


def test_content_that_an_older_engine_hashed_otherwise_keeps_its_data_version(shop, tmp_path):
    materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    by_another(tmp_path, "as of then")
    for _ in range(2):  # and again, when the fingerprint is of today's engine
        (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
        assert train.data_version == "as of then"
        assert manifest(tmp_path, "daily", day(3), "train").fingerprint == train.fingerprint != "f" * 32


def test_other_content_or_another_definition_has_another_data_version_whoever_hashed(shop, tmp_path):
    (expected, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path / "fresh")
    other = engine({"transactions": transactions(seed=2), "products": products()})
    materialize(daily(), [day(3)], engine=other, root=tmp_path)
    by_another(tmp_path, "of other rows")
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    assert train.data_version == expected.data_version
    by_another(tmp_path, "of another definition", definition_hash="0" * 16)
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    assert train.data_version == expected.data_version


@pytest.mark.parametrize("file", ["_manifest.json", "part-0.parquet"])
def test_a_damaged_partition_is_replaced(shop, tmp_path, file):
    (before, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    by_another(tmp_path, "as of then")
    (before.path / file).write_text("{")
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    assert train.data_version == before.data_version
    assert manifest(tmp_path, "daily", day(3), "train").rows == train.rows


def test_keys_are_hashed_once_however_many_filters_learn(tmp_path):
    hashed = []

    def counting(texts):
        hashed.append(len(texts))
        return fingerprint.fingerprints(texts)

    shop = engine()
    shop.connection.create_function("farm_fingerprint", counting, ["VARCHAR"], "BIGINT", type="arrow")
    filters = [
        {"kind": "top_products", "percent": 60, "column": "country", "by": "amount"},
        {"kind": "min_transactions", "count": 2},
    ]
    materialize(daily(filters=filters), [day(3)], engine=shop, root=tmp_path)
    assert sum(hashed) == (transactions()["transaction_date"].dt.date == day(3)).sum()
