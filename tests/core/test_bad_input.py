"""What a person can get wrong, and the sentence they get: what, where and the way out."""

import datetime as dt
import math
import re
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dqx_core import DuckDB, DuckRelationDataSource, InMemoryMetricDB, VerificationSuite, check
from dqx_core.errors import DefinitionError, EngineError, NotThereError
from dqx_core.functions import coalesce
from dqx_core.metrics.counts import CountValues, NumRows
from dqx_core.metrics.distinct import DuplicateCount, UniqueCount
from dqx_core.metrics.moments import Sum
from dqx_core.metrics.quantiles import Quantile
from dqx_core.metrics.text import MatchCount
from tests.core.shop import a_check, day, key, recording, sales, source, suite

ROWS = lambda mp: mp.num_rows()  # noqa: E731


def building(body):
    return lambda: suite(a_check(body)).build()


def asserting(condition):
    return building(lambda mp, ctx: condition(ctx.assert_that(mp.num_rows()).where(name="rows")))


def measuring(expression):
    return lambda: suite(recording(x=expression)).build()


def running(*sources):
    return lambda: suite(recording(x=ROWS)).run(sources, key(10))


DEFINITIONS = {
    "no parentheses": (lambda: check(ROWS), "@check on <lambda> needs a name. Write it as @check(name="),
    "no name": (lambda: check(datasets=["sales"]), "@check needs a name"),
    "datasets as text": (lambda: check(name="A", datasets="sales"), "Write a list: datasets=['sales']"),
    "not a check": (lambda: suite(ROWS), "which is not a check. Decorate the function with @check"),
    "empty suite": (lambda: suite().build(), "It has no checks."),
    "no suite name": (lambda: VerificationSuite([recording(x=ROWS)], InMemoryMetricDB(), " "), "A suite needs a name"),
    "not run": (
        lambda: suite(recording(x=ROWS)).collect_results(),
        "has not run yet. Call run(datasources, key) first",
    ),
    "no keys": (lambda: suite(recording(x=ROWS)).run_many([source()], []), "was given no keys to run"),
    "history": (lambda: suite(history="none"), "history='none'. Give 'shared' or 'isolated'."),
    "reuse": (lambda: suite(reuse=True), "reuse=True. Give 'never' or 'same_version'."),
    "threshold": (lambda: suite(data_av_threshold=90), "data_av_threshold=90. Give a share, 0 to 1."),
    "unfinished": (
        building(lambda mp, ctx: ctx.assert_that(mp.num_rows())),
        "Check 'Check': assert_that(x_1) was begun and has no condition.",
    ),
    "no where": (
        building(lambda mp, ctx: ctx.assert_that(mp.num_rows()).is_positive()),
        "call .where(name='…') before .is_positive(…)",
    ),
    "no assertion name": (
        building(lambda mp, ctx: ctx.assert_that(mp.num_rows()).where(name="")),
        "an assertion needs a name, such as .where(name='Price is positive')",
    ),
    "severity": (
        building(lambda mp, ctx: ctx.assert_that(mp.num_rows()).where(name="a", severity="P4")),
        "Check 'Check', assertion 'a': severity 'P4' is not one of P0, P1, P2, P3.",
    ),
    "on_missing_history": (
        building(lambda mp, ctx: ctx.assert_that(mp.num_rows()).where(name="a", on_missing_history="pass")),
        "on_missing_history='pass' is neither 'skip' nor 'fail'",
    ),
    "nan bound": (asserting(lambda a: a.is_gt(math.nan)), "the bound '> nan' is not finite. Give finite numbers."),
    "lo > hi": (
        asserting(lambda a: a.is_between(3, 1)),
        "between 3 and 1 is empty: the lower limit is above the upper",
    ),
    "tolerance": (asserting(lambda a: a.is_eq(1, tol=-1)), "tol=-1 is not a number of 0 or more"),
    "two conditions": (asserting(lambda a: (a.is_gt(1), a.is_lt(2))), "it has a condition already. Begin another"),
    "a bound of text": (asserting(lambda a: a.is_gt("3")), "the bound takes an expression of metrics, not '3'"),
    "a comparison": (
        building(lambda mp, ctx: ctx.assert_that(mp.sum("price") > 3).where(name="a").noop()),
        "compares a metric in Python, before there is a number. Give the expression and name the condition",
    ),
    "a comparison as bool": (
        building(lambda mp, ctx: ctx.assert_that(1 < mp.sum("price") < 3).where(name="a").noop()),
        "ctx.assert_that(mp.sum('a')).where(name='…').is_gt(3)",
    ),
    "text asserted": (
        building(lambda mp, ctx: ctx.assert_that("price").where(name="a").noop()),
        "assert_that takes an expression of metrics, not 'price'",
    ),
    "coalesce of one": (lambda: coalesce(1), "coalesce takes an expression and at least one to fall back to"),
    "not a spec": (measuring(lambda mp: mp.metric("price")), "mp.metric takes a metric spec such as Average('price')"),
    "lag": (measuring(lambda mp: mp.num_rows(lag=-1)), "num_rows() has lag=-1. A lag is a whole number of days"),
    "reserved tag": (measuring(lambda mp: mp.num_rows(tags={"__x": "y"})), "Tag name '__x' is reserved"),
    "where is no SQL": (measuring(lambda mp: mp.num_rows(where="price >")), "where 'price >' is not SQL"),
    "where is no condition": (measuring(lambda mp: mp.num_rows(where="1 + 1")), "where '1 + 1' is not a condition"),
    "two statements": (measuring(lambda mp: mp.num_rows(where="a; DROP TABLE x")), "is not one expression"),
    "where with a query": (measuring(lambda mp: mp.num_rows(where="a IN (SELECT 1)")), "holds a query"),
    "where over rows": (measuring(lambda mp: mp.num_rows(where="SUM(a) > 1")), "A condition looks at one row"),
    "where by the clock": (measuring(lambda mp: mp.num_rows(where="a < CURRENT_DATE")), "changes from run to run"),
    "where by chance": (measuring(lambda mp: mp.num_rows(where="RANDOM() < 0.5")), "changes from run to run"),
    "no values": (lambda: CountValues("a", ()), "count_values(a) has no values to count. Give at least one."),
    "mixed values": (lambda: CountValues("a", (1, "b")), "values of one type, not: int, str"),
    "no columns": (lambda: DuplicateCount(()), "duplicate_count() has no columns"),
    "share": (lambda: Quantile("a", 95), "quantile(a) has q=95. Give a share from 0 to 1, such as 0.95."),
    "look-ahead": (lambda: MatchCount("a", "(?=x)y"), "RE2 has no look-around"),
    "back reference": (lambda: MatchCount("a", r"(x)\1"), "RE2 has no references to groups"),
    "bad pattern": (lambda: MatchCount("a", "(x"), "pattern '(x' is not a regular expression: missing )"),
    "custom without aggregate": (measuring(lambda mp: mp.custom_sql("price + 1")), "has no aggregate"),
    "custom merge": (measuring(lambda mp: mp.custom_sql("SUM(price)", merge="avg")), "merge='avg'. Give 'sum', 'min'"),
    "same name twice": (running(source(), source()), "Two data sources are named 'sales'. Names tell them apart"),
    "unknown dataset": (running(source(name="orders")), "Check 'Check' names dataset 'sales', which no data source"),
    "no source name": (lambda: source(name=" "), "A data source needs a name"),
    "date column": (lambda: source(date_column="dat"), "has no column 'dat' (date_column)."),
    "date column of text": (lambda: source(date_column="email"), "which is VARCHAR. Give a DATE or TIMESTAMP column"),
    "dimension": (lambda: source(dimensions={"split": "splitt"}), "has no column 'splitt' (dimension split)"),
    "a frame that is no table": (
        lambda: DuckRelationDataSource.from_pandas(pd.DataFrame({"a": [1, "x", b"y"]}), "sales"),
        "Data source 'sales': the pandas DataFrame cannot be read",
    ),
    **{
        f"{type_} for DuckDB": (
            lambda rows=rows: DuckRelationDataSource.from_arrow(pa.table({"n": [1], "odd": rows}), "sales"),
            f"Data source 'sales' has column 'odd', which is {type_}: DuckDB has no such type. Cast it to one that it "
            f"has, such as {instead}",
        )
        for type_, rows, instead in (
            ("decimal256(50, 2)", pa.array([Decimal(1)], pa.decimal256(50, 2)), "decimal128"),
            ("list<item: decimal256(50, 2)>", pa.array([[Decimal(1)]], pa.list_(pa.decimal256(50, 2))), "a number"),
            ("halffloat", pa.array([1.0], pa.float16()), "float32"),
            (
                "dense_union<0: int64=0>",
                pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]),
                "a number or text",
            ),
        )
    },
    **{
        f"rows that are a {type(rows).__name__}": (
            lambda rows=rows, make=make: make(rows, "sales"),
            f"Data source 'sales' was given a {called}, which is not a frame. {way_out}",
        )
        for make in (DuckRelationDataSource.from_arrow, DuckRelationDataSource.from_pandas)
        for rows, called, way_out in (
            (pl.LazyFrame({"n": [1]}), "polars LazyFrame", "Call its collect() first."),
            (pl.Series("n", [1]), "polars Series", "Call its to_frame() first."),
            ({"n": [1]}, "dict", "Make a table of it"),
            ("sales.parquet", "str", "Files are read with from_parquet."),
            (None, "NoneType", "Give a frame of pandas or polars, or an Arrow table."),
        )
    },
    **{
        f"a {name}": (make, message)
        for name, make, message in (
            ("list of columns", lambda: UniqueCount(["a", "b"]), "unique_count takes the name of a column as text"),
            ("column that is no text", lambda: Sum(None), "and not None"),
            ("number among columns", lambda: DuplicateCount((1, "a")), "and not 1"),
            ("condition that is no text", lambda: NumRows(where=5), "where takes SQL as text, and not 5"),
            ("pattern that is no text", lambda: MatchCount("s", None), "match_count(s) takes a pattern as text"),
        )
    },
    "a frame without columns": (
        lambda: DuckRelationDataSource.from_pandas(pl.DataFrame(), "sales"),
        "at least one column",
    ),
}


@pytest.mark.parametrize(("make", "message"), DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_a_definition_that_cannot_work_says_so(make, message):
    with pytest.raises(DefinitionError, match=re.escape(message)):
        make()


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(NotThereError, match=r"no file matches '.*nothing\.parquet'"):
        DuckRelationDataSource.from_parquet(tmp_path / "nothing.parquet")


def test_a_file_that_is_not_parquet_is_an_error(tmp_path):
    (tmp_path / "broken.parquet").write_text("not parquet")
    with pytest.raises(EngineError, match="DuckDB could not describe a query"):
        DuckRelationDataSource.from_parquet(tmp_path / "broken.parquet")


def test_a_table_that_is_not_there_is_an_error():
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.sales AS SELECT 1 AS n")
    with pytest.raises(NotThereError, match=r"find table 'raw\.sale' .* there is none\. Did you mean 'raw\.sales'\?"):
        DuckRelationDataSource.from_table(connection, "raw.sale")


def test_a_database_that_cannot_be_opened_is_an_error(tmp_path):
    (tmp_path / "file").write_text("not a database, and long enough to be looked at" * 100)
    with pytest.raises(EngineError, match="DuckDB could not open"):
        DuckRelationDataSource.from_table(DuckDB(database=tmp_path / "file"), "sales")


def test_an_answer_that_is_too_large_is_the_metrics_own_error():
    table = pa.table({"n": pa.array(["1" * 38] * 3).cast(pa.decimal128(38, 0)), "yyyy_mm_dd": [day(10)] * 3})
    ran = suite(recording(big=lambda mp: mp.custom_sql("SUM(n * n)"), spread=lambda mp: mp.variance("n"), rows=ROWS))
    big, spread, rows = ran.run([source(table)], key(10))
    assert (big.status, spread.status, rows.status) == ("ERROR", "PASSED", "PASSED")
    assert "overflow" in big.message.lower() or "out of range" in big.message.lower()


def test_a_symbol_of_another_suite_is_refused():
    taken = []
    suite(
        a_check(lambda mp, ctx: (taken.append(mp.num_rows()), ctx.assert_that(taken[0]).where(name="a").noop()))
    ).build()
    with pytest.raises(DefinitionError, match="x_1 is not a metric of this suite"):
        suite(a_check(lambda mp, ctx: ctx.assert_that(taken[0]).where(name="a").noop())).build()


def test_dates_before_any_data_are_missing_history_not_an_error():
    found = suite(recording(x=lambda mp: mp.ext.mean(mp.num_rows(), n=3))).run([source(sales([10]))], key(10))
    assert found[0].status == "SKIPPED"
    assert dt.date(2024, 1, 8).isoformat() in found[0].message
