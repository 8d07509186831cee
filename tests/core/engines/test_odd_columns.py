"""Columns as some days bring them: gone, of another type, of none, twice, too large; each spoils what uses it."""

import datetime as dt
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from returns.result import Success
from sqlglot import exp, parse_one

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.datasets.catalog import DuckDBCatalog
from dqx_core.datasets.profile import column_stats, samples
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DqxError, ValidationError
from dqx_core.execution import execute
from dqx_core.metrics.base import StatementMetric
from dqx_core.metrics.counts import NumRows
from dqx_core.planning import Scan
from dqx_core.states import Alone, Count

DAY = dt.date(2024, 1, 2)


def judged(source, *, judge_unfit=False, **metrics):
    """Name → the number, or the reason why there is none."""

    @check(name="Odd", datasets=[source.name])
    def odd(mp, ctx):
        for name, metric in metrics.items():
            ctx.assert_that(metric(mp)).where(name=name).noop()

    suite = VerificationSuite([odd], InMemoryMetricDB(), "Odd", no_rows="judge")
    results = suite.run_many([source], [ResultKey(DAY)], judge_unfit=judge_unfit)
    return {
        each.assertion: each.metric.unwrap() if isinstance(each.metric, Success) else "; ".join(each.metric.failure())
        for each in results
    }


def frame(**columns):
    return DuckRelationDataSource.from_arrow(pa.table(columns), "rows", date_column=None)


def table(sql):
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = 'UTC'; CREATE TABLE rows AS {sql}")
    return DuckRelationDataSource.from_table(connection, "rows", date_column=None)


def test_what_is_not_there_spoils_the_assertions_that_use_it_each_with_its_reason():
    found = judged(
        frame(id=[1, 2], name=["a", "b"]),
        rows=lambda mp: mp.num_rows(),
        gone=lambda mp: mp.average("price"),
        text=lambda mp: mp.sum("name"),
        asked=lambda mp: mp.num_rows(where="prize > 1"),
        both=lambda mp: mp.num_rows() + mp.sum("prices"),
    )
    assert found["rows"] == 2
    assert "'price', which dataset 'rows' does not have" in found["gone"]
    assert "takes a column of numbers, and 'name' of dataset 'rows' is VARCHAR" in found["text"]
    assert "reads column 'prize'" in found["asked"]
    assert "reads column 'prices'" in found["both"]


def test_a_suite_is_refused_where_nothing_of_it_can_be_judged_unless_that_is_to_be_verdicts():
    metrics = {"gone": lambda mp: mp.average("price"), "text": lambda mp: mp.sum("name")}
    with pytest.raises(ValidationError, match="has 2 problems"):
        judged(frame(name=["a"]), **metrics)
    found = judged(frame(name=["a"]), judge_unfit=True, **metrics)
    assert all(isinstance(reason, str) for reason in found.values())


@pytest.mark.parametrize("file", [False, True])
def test_columns_that_differ_in_case_are_refused_by_both_names_and_no_others(file, tmp_path):
    rows = pa.table([pa.array([1.0]), pa.array([10.0]), pa.array([5])], names=["Price", "price", "id"])
    if file:
        pq.write_table(rows, tmp_path / "rows.parquet")
        source = DuckRelationDataSource.from_parquet(tmp_path / "rows.parquet", "rows", date_column=None)
    else:
        source = DuckRelationDataSource.from_arrow(rows, "rows", date_column=None)
    found = judged(source, one=lambda mp: mp.sum("price"), other=lambda mp: mp.sum("Price"), id=lambda mp: mp.sum("id"))
    assert found["id"] == 5
    assert all("'Price' and 'price'" in found[name] for name in ("one", "other"))


def test_a_column_that_only_looks_like_a_second_one_is_a_column(tmp_path):
    nested = pa.array([{"price": 1, "Price": 2}])
    pq.write_table(pa.table({"price": [1.0], "price_1": [2.0], "both": nested}), tmp_path / "rows.parquet")
    source = DuckRelationDataSource.from_parquet(tmp_path / "rows.parquet", "rows", date_column=None)
    assert judged(source, one=lambda mp: mp.sum("price"), two=lambda mp: mp.sum("price_1")) == {"one": 1, "two": 2}


def test_an_empty_frame_without_types_is_no_rows_of_any_day():
    nothing = pd.DataFrame({"yyyy_mm_dd": [], "price": []}, dtype=object)
    source = DuckRelationDataSource.from_pandas(nothing, "rows")
    assert source.date_column == "yyyy_mm_dd"
    found = judged(source, rows=lambda mp: mp.num_rows(), nulls=lambda mp: mp.null_count("price"))
    assert found == {"rows": 0, "nulls": 0}


def test_zoned_nanoseconds_tell_days_and_dimensions():
    last = pd.Timestamp("2024-01-02 23:59:59.999999999", tz="UTC")
    rows = pd.DataFrame({"at": [last, pd.Timestamp("2024-01-03", tz="UTC")], "x": [1.0, 2.0]})
    rows["at"] = rows["at"].astype("datetime64[ns, UTC]")
    source = DuckRelationDataSource.from_pandas(rows, "rows", date_column="at", dimensions={"moment": "at"})
    found = judged(
        source,
        day=lambda mp: mp.sum("x"),
        none=lambda mp: mp.num_rows(tags={"moment": "2024-01-02 23:00:00"}),
        largest=lambda mp: mp.maximum("at"),
    )
    assert found == {"day": 1, "none": 0, "largest": 1704239999.999999}


@pytest.mark.parametrize("odd", ["'infinity'", "'-infinity'", "'0044-03-15 (BC)'", "'20000-01-01'"])
@pytest.mark.parametrize("kind", ["TIMESTAMP", "DATE", "TIMESTAMPTZ"])
def test_times_that_python_does_not_hold_are_errors_of_their_own(odd, kind):
    source = table(f"SELECT * FROM (VALUES ({odd}::{kind}, 1), ('2024-01-01'::{kind}, 2)) AS v(until, n)")
    found = judged(
        source,
        rows=lambda mp: mp.num_rows(),
        distinct=lambda mp: mp.unique_count("until"),
        last=lambda mp: mp.maximum("until") + mp.minimum("until"),
        first=lambda mp: mp.first("until", "n"),
    )
    assert (found["rows"], found["distinct"]) == (2, 2)
    assert "that Python cannot hold" in found["last"]
    assert "that Python cannot hold" in found["first"]


def test_bits_are_no_numbers():
    engine = DuckDB()
    engine.connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT '101'::BIT AS b")
    [stats] = column_stats("raw.t", DuckDBCatalog(engine).schema("raw.t"), engine=engine)
    assert (stats.type, stats.mean) == ("BIT", None)


@pytest.mark.parametrize("make", ["relation", "arrow"])
def test_a_connection_with_an_unread_result_is_told_of(make):
    connection = duckdb.connect()
    connection.execute("CREATE TABLE rows AS SELECT 1 AS id")
    relation = connection.table("rows")
    engine = DuckDB(connection)
    assert engine.connection is connection
    connection.execute("FROM range(100000)").fetchone()
    ways = {
        "relation": lambda: DuckRelationDataSource.from_relation(connection, relation, "rows"),
        "arrow": lambda: DuckRelationDataSource.from_arrow(pa.table({"id": [1]}), "rows", engine=engine),
    }
    with pytest.raises(DqxError, match=r"connection\.cursor\(\)"):
        ways[make]()


def test_a_closed_connection_is_an_error_of_ours():
    connection = duckdb.connect()
    connection.close()
    with pytest.raises(DqxError, match="the connection that it was given"):
        DuckRelationDataSource.from_table(connection, "rows")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("HUGEINT", [2**127 - 1, 2**127 - 1, -(2**127), 5]),
        ("UHUGEINT", [2**128 - 1, 2**128 - 1, 7]),
        ("UBIGINT", [2**64 - 1, 2**64 - 1, 7]),
        ("DECIMAL(38, 0)", [10**38 - 1, 10**38 - 1, -3]),
        ("DECIMAL(18, 0)", [10**18 - 1] * 300 + [1]),
    ],
)
def test_sums_and_spreads_of_the_largest_numbers_are_exact(kind, values):
    source = table("SELECT unnest([{}])::{} AS x".format(", ".join(f"'{value}'" for value in values), kind))
    found = judged(source, sum=lambda mp: mp.sum("x"), spread=lambda mp: mp.variance("x"), n=lambda mp: mp.num_rows())
    count, total = len(values), sum(values)
    deviations = sum((count * value - total) ** 2 for value in values)
    assert found == {"sum": total, "spread": deviations / (count * count * (count - 1)), "n": count}


@pytest.mark.parametrize(
    ("values", "column", "found"),
    [
        ([1], "code", "counts numbers"),
        ([False], "code", "counts true or false"),
        (["1"], "n", "counts text"),
        ([True], "n", "counts true or false"),
        ([DAY], "moment", "for days write"),
        ([dt.datetime(2024, 1, 2)], "day", "counts timestamps"),
        (["b"], "kind", 1),
        ([0.1], "single", 1),
        ([np.float32(0.1)], "n", 0),
        (np.array([1, 2]), "n", 2),
        ([np.int64(2)], "n", 1),
        ([np.str_("01")], "code", 1),
        ([np.bool_(True)], "flag", 2),
        ([np.datetime64("2024-01-02T03:00:00", "ns")], "moment", 1),
        ([np.datetime64("2024-01-02")], "day", 3),
        ([1.0, 10**40, 0.5], "n", 1),
        ([1e-60, 0.5, 10**40], "price", 1),
    ],
)
def test_values_are_counted_by_the_type_of_the_column(values, column, found):
    source = table(
        """
        SELECT * REPLACE (kind::ENUM ('a', 'b', 'c') AS kind) FROM (VALUES
            ('01', 1, 0.1::FLOAT, true, '2024-01-02 03:00'::TIMESTAMP, '2024-01-02'::DATE, 0.50, 'a'),
            ('1', 2, 0.2, false, NULL, '2024-01-02', 1.00, 'b'),
            ('001', 3, 0.3, true, NULL, '2024-01-02', 2.00, 'c')
        ) AS rows(code, n, single, flag, moment, day, price, kind)
        """
    )
    got = judged(source, rows=lambda mp: mp.num_rows(), it=lambda mp: mp.count_values(column, values))
    assert found in got["it"] if isinstance(found, str) else got["it"] == found


@dataclass(frozen=True)
class EachRow(StatementMetric):
    """A number for every row, which is no metric."""

    kind = "each_row"
    columns = ("n",)
    mergeable = False
    reads = ("value",)

    def statement(self, rows, groups, /):
        return rows.selected(groups, exp.alias_(rows.plain("n"), "value", quoted=True))

    def state(self, seen, /):
        return Alone(seen["value"])

    def value(self, state, /):
        return Success(state.value)


def test_several_rows_of_one_group_are_an_error_and_not_the_last_of_them():
    needs = [(spec, ResultKey(DAY), "rows") for spec in (NumRows(), EachRow())]
    found = execute(Scan(frame(n=[1, 2, 3]), tuple(needs)))
    assert found[needs[0]] == Success(Count(3))
    assert "several rows of one group" in found[needs[1]].failure()


@pytest.mark.parametrize("asked", [1, 100])
def test_a_tagged_number_beside_an_untagged_one_makes_no_group_of_each_value(asked):
    rows = pa.table({"k": [str(i) for i in range(5_000)], "a": [1.0] * 5_000})
    source = DuckRelationDataSource.from_arrow(rows, "rows", date_column=None, dimensions={"k": "k"})
    groups = []
    run = source.rows
    source.rows = lambda tree: groups.append(len(found := run(tree))) or found
    metrics = {f"of_{i}": lambda mp, i=i: mp.average("a", tags={"k": str(i)}) for i in range(asked)}
    found = judged(source, whole=lambda mp: mp.sum("a"), **metrics)
    assert found["whole"] == 5_000
    assert max(groups) == asked + 1


@pytest.mark.parametrize("beside", ["1", "[1]", "'10:00'::TIME"])
def test_the_largest_unsigned_integers_are_shown_as_they_are(beside):
    engine, largest = DuckDB(), 2**128 - 1
    engine.connection.execute(
        f'CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT {largest}::UHUGEINT AS "a ""n", {beside} AS x'
    )
    schema = DuckDBCatalog(engine).schema("raw.t")
    stats = column_stats("raw.t", schema, engine=engine)[0]
    assert (stats.min, stats.max) == (largest, largest)
    assert [each.value for each in samples("raw.t", schema, 'a "n', engine=engine)] == [largest]
    assert engine.rows(parse_one("SELECT * FROM raw.t", dialect="duckdb"))[0]['a "n'] == largest


def test_what_python_cannot_hold_is_told_of_where_columns_are_shown():
    engine = DuckDB()
    engine.connection.execute(
        "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT unnest(['infinity', '2024-01-01'])::TIMESTAMP AS at"
    )
    schema = DuckDBCatalog(engine).schema("raw.t")
    [stats] = column_stats("raw.t", schema, engine=engine)
    assert stats.min == dt.datetime(2024, 1, 1)
    assert "that Python cannot hold" in stats.max
    assert any("cannot hold" in str(each.value) for each in samples("raw.t", schema, "at", engine=engine))
