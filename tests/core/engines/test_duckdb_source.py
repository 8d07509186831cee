"""Data sources on DuckDB: wherever rows come from they are measured alike, and each knows its version."""

import os
import subprocess
import sys
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import sqlglot
from returns.result import Success

from dqx_core import DuckDB, DuckRelationDataSource
from dqx_core.errors import EngineError
from tests.core.shop import day, key, recording, sales, suite


def from_arrow(table, folder):
    return DuckRelationDataSource.from_arrow(table, "sales")


def from_pandas(table, folder):
    frame = table.to_pandas()
    return DuckRelationDataSource.from_pandas(frame.assign(yyyy_mm_dd=pd.to_datetime(frame.yyyy_mm_dd)), "sales")


def from_parquet(table, folder):
    pq.write_table(table, folder / "sales.parquet")
    return DuckRelationDataSource.from_parquet(folder / "sales.parquet")


def from_a_glob(table, folder):
    for number in range(2):
        pq.write_table(table.slice(number * 20, 20 if number == 0 else None), folder / f"part-{number}.parquet")
    return DuckRelationDataSource.from_parquet(str(folder / "part-*.parquet"), "sales")


def from_folders(table, folder):
    pq.write_to_dataset(table, folder, partition_cols=["yyyy_mm_dd"])
    return DuckRelationDataSource.from_parquet(str(folder / "*" / "*.parquet"), "sales")


def from_table(table, folder):
    connection = duckdb.connect()
    connection.register("rows", table)
    connection.execute('CREATE SCHEMA "my data"; CREATE TABLE "my data"."sales" AS FROM rows')
    return DuckRelationDataSource.from_table(connection, "my data.sales")


def from_relation(table, folder):
    engine = DuckDB()
    engine.register("rows", table)
    return DuckRelationDataSource.from_relation(engine, engine.connection.sql("SELECT * FROM rows"), "sales")


FRAMES = {
    "pandas": lambda table: table.to_pandas().assign(yyyy_mm_dd=lambda frame: pd.to_datetime(frame.yyyy_mm_dd)),
    "polars": pl.from_arrow,
    "a table": lambda table: table,
    "a batch": lambda table: table.combine_chunks().to_batches()[0],
    "a reader, which can be read once": lambda table: table.to_reader(),
    "a data set": pa.dataset.dataset,
    "a relation": duckdb.from_arrow,
}


@pytest.mark.parametrize("make", [DuckRelationDataSource.from_arrow, DuckRelationDataSource.from_pandas])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_any_frame_is_taken_whichever_library_a_newcomer_thought_of(make, frame):
    source = make(frame(sales()), "sales")
    check = recording(rows=lambda mp: mp.num_rows(), before=lambda mp: mp.unique_count("email", lag=3))
    assert [r.metric for r in suite(check).run([source], key(10))] == [Success(10), Success(7)]


@pytest.mark.parametrize(
    "make", [from_arrow, from_pandas, from_parquet, from_a_glob, from_folders, from_table, from_relation]
)
def test_rows_are_measured_alike_wherever_they_come_from(make, tmp_path):
    source = make(sales(), tmp_path)
    check = recording(
        rows=lambda mp: mp.num_rows(),
        total=lambda mp: mp.sum("price"),
        before=lambda mp: mp.unique_count("email", lag=3),
    )
    assert [r.metric for r in suite(check).run([source], key(10))] == [Success(10), Success(145), Success(7)]
    assert source.date_column == "yyyy_mm_dd"


def test_the_version_of_files_changes_with_them(tmp_path):
    source = from_parquet(sales(), tmp_path)
    before = source.data_version(day(1), {})
    assert before == source.data_version(day(1), {})
    os.utime(tmp_path / "sales.parquet", ns=(1, 1))
    assert source.data_version(day(1), {}) != before


def test_with_a_folder_a_day_each_day_has_a_version_of_its_own(tmp_path):
    source = from_folders(sales(), tmp_path)
    before = {n: source.data_version(day(n), {}) for n in (3, 4)}
    (changed,) = (tmp_path / "yyyy_mm_dd=2024-01-03").iterdir()
    os.utime(changed, ns=(1, 1))
    assert source.data_version(day(3), {}) != before[3]
    assert source.data_version(day(4), {}) == before[4]


def test_rows_in_memory_have_no_version():
    assert from_arrow(sales(), None).data_version(day(1), {}) is None


def test_columns_are_taken_as_the_data_spells_them():
    table = sales().rename_columns(["YYYY_MM_DD", "price", "Email"])
    source = DuckRelationDataSource.from_arrow(table, "sales", dimensions={"mail": "EMAIL"})
    assert (source.date_column, source.dimensions) == ("YYYY_MM_DD", {"mail": "Email"})
    assert suite(recording(rows=lambda mp: mp.num_rows())).run([source], key(3, mail="s3-1"))[0].metric == Success(1)


def test_the_schema_is_known_without_running_the_query():
    connection = duckdb.connect()
    relation = connection.sql("SELECT DATE '2024-01-10' AS yyyy_mm_dd, error('it ran') AS price")
    source = DuckRelationDataSource.from_relation(connection, relation, "sales", dimensions={"p": "price"})
    assert (list(source.schema), source.date_column) == (["yyyy_mm_dd", "price"], "yyyy_mm_dd")
    with pytest.raises(EngineError, match="it ran"):
        source.query(source.relation())


def test_a_connection_that_was_given_is_used_and_a_file_is_never_opened_twice(tmp_path):
    file = tmp_path / "shop.duckdb"
    connection = duckdb.connect(file, config={"threads": 1})
    connection.register("rows", sales())
    connection.execute("CREATE TABLE sales AS FROM rows; CREATE VIEW again AS FROM sales")
    # A second connection with other settings would be refused by DuckDB.
    with pytest.raises(duckdb.Error, match="different configuration"):
        duckdb.connect(file)
    sources = [DuckRelationDataSource.from_table(connection, name) for name in ("sales", "again")]
    check = recording(rows=lambda mp: mp.num_rows())
    assert suite(check).run([sources[0]], key(10))[0].metric == Success(10)
    assert suite(recording(rows=lambda mp: mp.num_rows(dataset="sales"))).run(sources, key(9))[0].metric == Success(9)
    assert connection.execute("SELECT count(*) FROM sales").fetchone() == (55,)


def test_without_a_connection_every_source_has_a_private_one():
    one, other = (DuckRelationDataSource.from_arrow(sales(), "sales") for _ in range(2))
    relation = one.relation()
    with pytest.raises(EngineError, match="does not exist"):
        other.query(relation)
    assert one.query(relation).num_rows == 55


@pytest.mark.parametrize("of", ["dqx_core.engines.duckdb_source", "dqx_core.engines.bigquery_source"])
def test_data_sources_of_every_engine_have_what_the_protocol_asks_for(of):
    from importlib import import_module
    from inspect import signature

    from dqx_core.engines.base import DataSource
    from dqx_core.engines.relation import RelationDataSource

    asked = {name for name in vars(DataSource) if not name.startswith("_")}
    module = import_module(of)
    (source,) = (
        c for c in vars(module).values() if isinstance(c, type) and c.__module__ == of and "Source" in c.__name__
    )
    assert issubclass(source, RelationDataSource)
    assert asked - set(dir(source)) == {"name", "schema", "date_column", "dimensions", "skip_dates"}, "set by __init__"
    assert set(vars(DuckRelationDataSource.from_arrow(sales(), "sales"))) >= {
        "name",
        "schema",
        "date_column",
        "dimensions",
    }
    for name in ("query", "relation", "data_version", "is_there"):
        assert list(signature(getattr(source, name)).parameters) == list(
            signature(getattr(DataSource, name)).parameters
        )


VALUES = [
    *(
        "1::HUGEINT << 100",
        "1::UHUGEINT << 100",
        "9007199254740993",
        "(-3)::TINYINT",
        "'NaN'::DOUBLE",
        "0.1::FLOAT",
        "0.1::DOUBLE",
    ),
    *("DATE '2024-02-29'", "TIMESTAMP '2024-02-29 12:00:00.000001'", "TIMESTAMPTZ '2024-02-29 12:00:00+02'"),
    *("12.34::DECIMAL(12, 2)", "'é'", "true", "[1, NULL]", "TIMESTAMP_NS '2024-02-29 00:00:00.123456789'"),
]


@pytest.mark.parametrize("value", VALUES)
def test_rows_are_those_of_the_arrow_table_as_pythons_own_values(value):
    source = from_arrow(sales([1], lambda n: [1.0]), None)
    tree = sqlglot.parse_one(f"SELECT {value} AS a, NULL AS b, 1 AS c UNION ALL SELECT NULL, NULL, 2", dialect="duckdb")
    assert repr(by_c(source.rows(tree))) == repr(by_c(source.query(tree).to_pylist()))


def by_c(rows):
    known = {row["c"]: (row["a"], row["b"]) for row in rows}
    return [int(a) if isinstance(a, Decimal) and a > 10**30 else a for a, _ in (known[1], known[2])]


def test_a_run_over_parquet_loads_neither_pyarrow_nor_numpy(tmp_path):
    from_parquet(sales([1], lambda n: [1.0, 2.0]), tmp_path)
    script = f"""
import datetime as dt, sys
from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check
@check(name="Sales", datasets=["sales"])
def body(mp, ctx):
    ctx.assert_that(mp.stddev("price") + mp.num_rows()).where(name="some").is_positive()
source = DuckRelationDataSource.from_parquet({str(tmp_path / "sales.parquet")!r})
[result] = VerificationSuite([body], InMemoryMetricDB(), "S").run([source], ResultKey(dt.date({day(1):%Y, %-m, %-d})))
print(result.status, {{"numpy", "pyarrow", "pandas"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PASSED", "set()"]


def test_of_folders_whose_names_are_no_days_and_of_days_without_files_no_version_is_known(tmp_path):
    for name in ("yyyy_mm_dd=2024-01-03", "yyyy_mm_dd=2024-01-04"):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"n": [1]}), tmp_path / name / "a.parquet")
    files = f"{tmp_path}/**/*.parquet"
    assert DuckRelationDataSource.from_parquet(files, "t").data_version(day(5), {}) is None
    for name in ("yyyy_mm_dd=2024-01-03 10:00:00", "yyyy_mm_dd=2024-01-04 10:00:00"):
        (tmp_path / "moments" / name).mkdir(parents=True)
        pq.write_table(pa.table({"n": [1]}), tmp_path / "moments" / name / "a.parquet")
    source = DuckRelationDataSource.from_parquet(f"{tmp_path}/moments/**/*.parquet", "t")
    assert [source.data_version(day(n), {}) for n in (3, 4)] == [None, None]
