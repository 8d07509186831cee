"""A fault stays where it is: in its window, in its assertion, or in the run that met it."""

from __future__ import annotations

import datetime as dt
import sys

import duckdb
import pyarrow as pa
import pytest
import sympy as sp
from returns.result import Success

from dqx_core import DuckDB, DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite
from dqx_core.errors import DefinitionError, EngineError, NotRunError
from dqx_core.functions import coalesce
from tests.core.shop import a_check

DAYS = [dt.date(2024, 1, number) for number in range(1, 9)]
NUMBER = "CAST(code AS INTEGER) > 0"


def suite(*bodies, **options):
    body = lambda mp, ctx: [  # noqa: E731
        ctx.assert_that(made(mp)).where(name=str(n)).noop() for n, made in enumerate(bodies)
    ]
    return VerificationSuite([a_check(body, datasets=["d"])], InMemoryMetricDB(), "S", **options)


def judged(source, *bodies, days=DAYS[:1], **key):
    results = suite(*bodies).run_many([source], [ResultKey(day, **key) for day in days])
    return {
        (r.yyyy_mm_dd.day, r.assertion): str(r.status) if r.status == "ERROR" else r.metric.unwrap() for r in results
    }


def codes(bad=(), engine=None, splits="a"):
    rows = [(day, split, "oops" if (day.day, split) in bad else "1") for day in DAYS for split in splits]
    columns = dict(zip(("yyyy_mm_dd", "split", "code"), map(list, zip(*rows, strict=True)), strict=True))
    return DuckRelationDataSource.from_arrow(pa.table(columns), "d", engine=engine, dimensions={"split": "split"})


@pytest.mark.parametrize(
    "bad_row_breaks",
    [
        lambda mp: mp.num_rows(where=NUMBER),
        lambda mp: mp.unique_count("code", where=NUMBER),
        lambda mp: mp.duplicate_count(["code"], where=NUMBER) + 1,
        lambda mp: mp.custom_sql("SUM(CAST(code AS INTEGER))"),
        lambda mp: mp.first("yyyy_mm_dd", "code", where=NUMBER) * 0 + 1,
    ],
)
def test_a_row_that_breaks_a_condition_is_an_error_of_its_own_day_and_split(bad_row_breaks):
    found = suite(bad_row_breaks, lambda mp: mp.num_rows()).run_many(
        [codes(bad={(3, "b"), (7, "a")}, splits="ab")],
        [ResultKey(day, {"split": split}) for day in DAYS for split in "ab"],
    )
    told = {(r.yyyy_mm_dd.day, r.tags["split"], r.assertion): r.metric for r in found}
    broken = {place for place, value in told.items() if not isinstance(value, Success)}
    assert broken == {(3, "b", "0"), (7, "a", "0")}
    assert {value.unwrap() for place, value in told.items() if place not in broken} == {1}


def test_a_bad_row_of_yesterday_is_no_fault_of_todays_number():
    of_rows = lambda mp: mp.num_rows(where=NUMBER)  # noqa: E731
    found = judged(codes(bad={(2, "a")}), of_rows, lambda mp: mp.ext.day_over_day(of_rows(mp)), days=[DAYS[2]])
    assert found == {(3, "0"): 1, (3, "1"): "ERROR"}


def test_to_find_a_bad_row_takes_few_statements_and_to_find_none_takes_none_more():
    engine = DuckDB()
    of_rows = lambda mp: mp.num_rows(where=NUMBER)  # noqa: E731
    judged(codes(engine=engine), of_rows, days=DAYS)
    at_best = len(engine.statements)
    judged(codes(bad={(3, "a")}, engine=engine), of_rows, days=DAYS)
    assert len(engine.statements) - at_best <= at_best + 2 + 2 * 3  # the count of rows, and two halves of each eight
    before = len(engine.statements)
    judged(codes(engine=engine), lambda mp: mp.custom_sql("no_such_function(code) + COUNT(*)"), days=DAYS)
    assert len(engine.statements) - before <= 4  # no row can mend that: the days are not looked at one by one


def test_no_room_ends_the_run_and_is_never_kept_as_what_a_number_came_to():
    connection = duckdb.connect(config={"threads": "1", "memory_limit": "60MB", "temp_directory": ""})
    connection.execute("CREATE VIEW v AS SELECT md5(i::VARCHAR) AS s FROM range(1000000) AS r(i)")
    db = InMemoryMetricDB()
    asked = a_check(lambda mp, ctx: ctx.assert_that(mp.duplicate_count(["s"])).where(name="n").noop(), datasets=["v"])
    with pytest.raises(NotRunError, match=r"memory(.|\n)*temp_directory"):
        VerificationSuite([asked], db, "S", execution_id="e").run(
            [DuckRelationDataSource.from_table(connection, "v", "v")], ResultKey(DAYS[0])
        )
    assert db.measured("e") == []


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), True),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), True),
        (duckdb.IOException("IO Error: Connection reset by peer"), True),
        (MemoryError(), True),
        (duckdb.IOException("IO Error: Snappy decompression failure"), False),
        (duckdb.ConversionException("Conversion Error: oops"), False),
    ],
)
def test_what_may_pass_is_told_from_what_is_so(error, passes):
    from dqx_core.engines.duckdb import fault_of

    made = fault_of(error, "run a statement", "SELECT 1")
    assert isinstance(made, EngineError)
    assert isinstance(made, NotRunError) is passes


@pytest.mark.parametrize(
    "moment", ["'infinity'::TIMESTAMP", "'infinity'::DATE", "'-infinity'::DATE", "'20000-01-01'::TIMESTAMPTZ",
               "'20000-01-01'::DATE"]
)  # fmt: skip
def test_a_moment_that_python_cannot_hold_is_an_error_of_its_own_assertion(moment):
    engine = DuckDB()
    engine.connection.execute(f"CREATE TABLE t AS SELECT {moment} AS at, 1 AS n")
    source = DuckRelationDataSource.from_table(engine.connection, "t", "d")
    found = judged(source, lambda mp: mp.num_rows(), lambda mp: mp.maximum("at"), lambda mp: mp.first("at", "n"))
    assert found == {(1, "0"): 1, (1, "1"): "ERROR", (1, "2"): "ERROR"}


def history_of(*values):
    days = [DAYS[n] for n in range(len(values))]
    return DuckRelationDataSource.from_arrow(pa.table({"x": list(values), "yyyy_mm_dd": days}), "d"), [days[-1]]


@pytest.mark.parametrize(
    ("values", "made", "value"),
    [
        ([1.0, 1e200, 1.0], lambda mp: mp.ext.stddev(mp.average("x"), n=3), 1e200 / 3**0.5),
        ([1e-200, 2e-200, 1e-200, 5.0], lambda mp: mp.ext.zscore(mp.average("x"), n=3), 8.660254037844387e200),
        ([1.0, 1e200, 1.0, 5.0], lambda mp: mp.ext.zscore(mp.average("x"), n=3), -(3**-0.5)),
        ([1e-300, 1e300], lambda mp: mp.ext.change(mp.average("x")), "ERROR"),
        ([1e16], lambda mp: mp.custom_sql("CAST(SUM(x) AS HUGEINT)") ** 20, "ERROR"),
        ([1e16], lambda mp: mp.custom_sql("CAST(SUM(x) AS HUGEINT)") ** 10**9, "ERROR"),
    ],
)
def test_numbers_of_any_size_are_computed_or_an_error_of_their_assertion(values, made, value):
    source, days = history_of(*values)
    found = judged(source, made, lambda mp: mp.num_rows(), days=days)
    assert found[days[0].day, "1"] == 1
    assert found[days[0].day, "0"] == (value if value == "ERROR" else pytest.approx(value))


@pytest.mark.parametrize(
    "made",
    [
        sp.Max,
        lambda a, b: sp.Min(b, a),
        lambda a, b: sp.Max(0, -abs(a) * 0) + b,
        lambda a, b: a**0 + b,
        lambda a, b: 1**a + b,
        coalesce,
        lambda a, b: coalesce(b, a),
        lambda a, b: sp.Min(a, 5) - sp.Min(a, 5) + b,
    ],
)
def test_what_has_a_nan_in_it_is_an_error_whatever_stands_beside(made):
    source, days = history_of(float("nan"))
    found = judged(source, lambda mp: made(mp.average("x"), mp.num_rows()), days=days)
    assert found == {(1, "0"): "ERROR"}


@pytest.mark.parametrize("made", [sum, lambda terms: sp.Add(*terms), lambda terms: abs(sum(terms)) / 2])
def test_five_thousand_terms_are_built_judged_and_told(made):
    source, days = history_of(1.0)
    terms = lambda mp: [mp.average("x", lag=0) if n % 2 else mp.num_rows() for n in range(5000)]  # noqa: E731
    [result] = suite(lambda mp: made(terms(mp))).run_many([source], [ResultKey(days[0])])
    assert result.metric.unwrap() in (5000, 2500)
    assert result.message.count("num_rows()") == 2500


def test_what_sympy_cannot_follow_is_told_before_anything_is_measured():
    source, days = history_of(1.0)
    limit = sys.getrecursionlimit()
    deep = suite(lambda mp: sp.Max(sum(mp.num_rows() for _ in range(10 * limit)), 3))
    with pytest.raises(DefinitionError, match=r"sympy\.Add\(\*terms\)"):
        deep.run_many([source], [ResultKey(days[0])])


def test_duckdb_takes_its_memory_threads_and_folder(tmp_path):
    engine = DuckDB(memory_limit="100MB", threads=1, temp_directory=tmp_path / "spill")
    asked = "SELECT current_setting('threads'), current_setting('temp_directory'), current_setting('memory_limit')"
    assert engine.connection.execute(asked).fetchone() == (1, str(tmp_path / "spill"), "95.3 MiB")
    with pytest.raises(DefinitionError, match="DuckDB does not take memory_limit='lots'"):
        _ = DuckDB(memory_limit="lots").connection
    with pytest.raises(DefinitionError, match="threads=0"):
        DuckDB(threads=0)
