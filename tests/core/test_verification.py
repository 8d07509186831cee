"""A suite from checks to verdicts: what is measured, kept, carried forward and said."""

import datetime as dt
import subprocess
import sys
import warnings

import pyarrow as pa
import pytest
from returns.result import Success

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, metrics_by_execution_id
from dqx_core.errors import DefinitionError, EngineError, ValidationError
from dqx_core.functions import coalesce
from dqx_core.passes.validation import SuiteWarning
from tests.core.shop import ENGINE, a_check, day, key, record, recording, run, sales, source, suite

ROWS = lambda mp: mp.num_rows()  # noqa: E731
DAILY = a_check(
    lambda mp, ctx: [
        ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="dod").noop(),
        ctx.assert_that(mp.ext.week_over_week(mp.average("price"))).where(name="wow").noop(),
        ctx.assert_that(mp.ext.stddev(mp.sum("price"), n=5)).where(name="spread").noop(),
        ctx.assert_that(mp.unique_count("email") - mp.unique_count("email", lag=1)).where(name="new").noop(),
    ]
)


def versioned(table=None, **changed):
    """A source whose data version is the same unless a day is named: versioned(d3="v2")."""
    return source(table, data_version=lambda date, tags: changed.get(f"d{(date - day(1)).days + 1}", "v1"))


def scanned(running):
    """The statements that read data while `running`."""
    before = len(ENGINE.statements)
    running()
    return list(ENGINE.statements)[before:]


def test_a_second_suite_on_one_store_does_not_see_the_numbers_of_the_first():
    db = InMemoryMetricDB()
    first, second = suite(recording(rows=ROWS), db=db), suite(recording(rows=ROWS), db=db)
    first.run([source()], key(10))
    second.run([source(sales(prices=lambda n: [1.0]))], key(10))
    assert [r.metric for r in (*first.collect_results(), *second.collect_results())] == [Success(10), Success(1)]
    assert first.execution_id != second.execution_id


def test_everything_a_run_used_is_in_the_store_under_its_id():
    db = InMemoryMetricDB()
    ran = suite(DAILY, db=db)
    ran.run([source()], key(10, env="test"))
    kept = metrics_by_execution_id(db, ran.execution_id)
    plain = [s for s in ran.collect_symbols() if not s.metric.startswith(("day_over", "week_over", "stddev(sum"))]
    assert {(s.metric, s.yyyy_mm_dd, repr(s.value)) for s in kept} == {
        (s.metric, s.yyyy_mm_dd, repr(s.value)) for s in plain
    }
    assert all(s.tags == {"env": "test", "__execution_id": ran.execution_id} for s in kept)


def test_symbols_are_collected_in_natural_order():
    ran = suite(recording(**{f"e{i}": lambda mp, i=i: mp.num_rows(where=f"price > {i}") for i in range(12)}))
    ran.run([source()], key(10))
    assert [s.name for s in ran.collect_symbols()] == [f"x_{i}" for i in range(1, 13)]


def test_history_of_the_same_version_is_carried_forward_and_only_todays_partition_is_read():
    db = InMemoryMetricDB()
    suite(DAILY, db=db).run_many([versioned()], [key(n) for n in range(1, 10)])
    measured = run(DAILY, sources=[versioned()])
    again = suite(DAILY, db=db)
    statements = scanned(lambda: again.run([versioned()], key(10)))
    assert {r.assertion: r.metric for r in again.collect_results()} == {n: r.metric for n, r in measured.items()}
    reading = [sql for sql in statements if "yyyy_mm_dd" in sql]
    assert reading
    assert all("'2024-01-10'" in sql and "'2024-01-11'" in sql and "'2024-01-0" not in sql for sql in reading)
    sources = {s.yyyy_mm_dd: s.source_execution_id for s in again.collect_symbols() if s.metric == "num_rows()"}
    assert sources[day(10)] is None
    assert sources[day(9)] is not None


def test_a_day_whose_data_changed_is_measured_again():
    db = InMemoryMetricDB()
    suite(DAILY, db=db).run_many([versioned()], [key(n) for n in range(1, 10)])
    repaired = sales(prices=lambda n: [1.0] if n == 9 else [float(n + i) for i in range(n)])
    found = suite(DAILY, db=db).run([versioned(repaired, d9="v2")], key(10))
    assert found[0].metric == Success(9.0)


def test_an_isolated_suite_uses_nothing_of_earlier_ones():
    db = InMemoryMetricDB()
    suite(DAILY, db=db).run_many([versioned()], [key(n) for n in range(1, 11)])
    today = versioned(sales([10]))
    assert suite(DAILY, db=db).run([today], key(10))[0].status == "PASSED"
    assert suite(DAILY, db=db, history="isolated").run([today], key(10))[0].status == "SKIPPED"


def test_today_is_measured_again_unless_reuse_is_on():
    db = InMemoryMetricDB()
    check = recording(rows=ROWS)
    first = suite(check, db=db, execution_id="first")
    first.run([versioned()], key(10))
    second = suite(check, db=db, execution_id="second")
    assert [sql for sql in scanned(lambda: second.run([versioned()], key(10))) if "COUNT" in sql]
    again = suite(check, db=db, reuse="same_version")
    assert not [sql for sql in scanned(lambda: again.run([versioned()], key(10))) if "COUNT" in sql]
    assert again.collect_symbols()[0].source_execution_id == "second"
    changed = suite(check, db=db, reuse="same_version")
    assert [sql for sql in scanned(lambda: changed.run([versioned(d10="v2")], key(10))) if "COUNT" in sql]


def test_without_a_date_column_yesterday_comes_from_the_store_or_is_missing():
    db = InMemoryMetricDB()
    check = recording(dod=lambda mp: mp.ext.day_over_day(mp.num_rows()))
    nominal = source(date_column=None)
    first = suite(check, db=db).run([nominal], key(9))
    assert first[0].status == "SKIPPED"
    second = suite(check, db=db).run([source(sales([10]), date_column=None)], key(10))
    assert second[0].metric == Success(abs(10 - 55) / 55)


def test_a_backfill_is_one_scan_and_its_verdicts_are_those_of_each_day_alone():
    ran = suite(DAILY)
    statements = scanned(lambda: ran.run_many([source()], [key(n) for n in (10, 8, 9)]))
    assert len([sql for sql in statements if "COUNT" in sql]) == 2, "one for all plain metrics, one grouped"
    assert [r.yyyy_mm_dd for r in ran.collect_results()] == [day(n) for n in (8, 9, 10) for _ in range(4)]
    for n in (8, 9, 10):
        alone = run(DAILY, at=n)
        assert {r.assertion: r.metric for r in ran.collect_results() if r.yyyy_mm_dd == day(n)} == {
            name: r.metric for name, r in alone.items()
        }


def test_a_lagged_day_without_rows_is_no_history_and_one_whose_rows_are_filtered_away_is_zero():
    gap = sales([8, 10])
    found = run(
        recording(
            gone=lambda mp: mp.num_rows() - mp.num_rows(lag=1),
            filtered=lambda mp: mp.duplicate_count("email", where="price < 0", lag=2) + mp.num_rows(where="price < 0"),
        ),
        sources=[source(gap)],
    )
    assert found["gone"].status == "SKIPPED"
    assert found["filtered"].metric == Success(0)


def test_missing_history_can_be_a_failure():
    def body(mp, ctx):
        dod = mp.ext.day_over_day(mp.num_rows())
        ctx.assert_that(dod).where(name="skip").noop()
        ctx.assert_that(dod).where(name="fail", on_missing_history="fail").noop()

    assert {n: r.status for n, r in run(a_check(body), at=1).items()} == {"skip": "SKIPPED", "fail": "ERROR"}


def test_a_dimension_filters_and_any_other_tag_is_a_label():
    table = sales().append_column("split", pa.array(["train" if i % 3 else None for i in range(55)]))
    check = recording(
        rows=ROWS, unique=lambda mp: mp.unique_count("email"), other=lambda mp: mp.num_rows(tags={"split": "eval"})
    )
    rows_of = source(table, dimensions={"split": "split"})
    tagged = suite(check).run([rows_of], ResultKey(day(10), {"split": "train", "env": "test"}))
    assert [r.metric for r in tagged] == [Success(6), Success(6), Success(0)]
    plain = suite(check).run([rows_of], ResultKey(day(10), {"env": "test"}))
    assert [r.metric for r in plain] == [Success(10), Success(10), Success(0)]


@pytest.mark.parametrize("broken_first", [True, False])
def test_every_second_metric_broken_spares_the_others(broken_first):
    def body(mp, ctx):
        for i in range(10):
            good = mp.sum("price", where=f"price > {i}")
            bad = mp.sum("price", where=f"CAST(email AS INTEGER) > {i}")
            distinct = mp.unique_count("email", where=f"CAST(email AS INTEGER) > {i}")
            for name, metric in (("bad", bad), ("good", good)) if broken_first else (("good", good), ("bad", bad)):
                ctx.assert_that(metric).where(name=f"{name} {i}").is_positive()
            ctx.assert_that(distinct).where(name=f"bad distinct {i}").is_positive()
            ctx.assert_that(coalesce(bad, 7)).where(name=f"good fallback {i}").is_eq(7)

    found = run(a_check(body))
    assert {name: str(r.status) for name, r in found.items()} == {
        name: "ERROR" if name.startswith("bad") else "PASSED" for name in found
    }
    assert "Could not convert string 's10-0' to INT32" in found["bad 3"].message


def test_an_engine_that_breaks_raises_and_what_was_stored_stays():
    import duckdb

    connection = duckdb.connect()
    connection.execute("CREATE TABLE sales AS SELECT DATE '2024-01-10' AS yyyy_mm_dd, 1.0 AS price")
    of_table = DuckRelationDataSource.from_table(connection, "sales")
    db = InMemoryMetricDB()
    check = recording(rows=ROWS)
    first = suite(check, db=db)
    first.run([of_table], key(10))
    connection.execute("DROP TABLE sales")
    second = suite(check, db=db)
    with pytest.raises(EngineError, match="DuckDB could not run a statement"):
        second.run([of_table], key(10))
    assert len(db.measured(first.execution_id)) == 1
    assert db.measured(second.execution_id) == []


def test_a_suite_runs_once_and_again_after_reset():
    ran = suite(recording(rows=ROWS))
    ran.run([source()], key(10))
    with pytest.raises(DefinitionError, match="ran already, as execution"):
        ran.run([source()], key(10))
    before = ran.execution_id
    ran.reset()
    ran.run([source()], key(9))
    assert ran.execution_id != before
    assert ran.collect_results()[0].metric == Success(9)


def test_running_the_same_execution_again_measures_nothing_and_says_the_same():
    db = InMemoryMetricDB()
    first, second = (suite(DAILY, db=db, execution_id="run") for _ in range(2))
    results = first.run([source()], key(10))
    statements = scanned(lambda: second.run([source()], key(10)))
    assert not [sql for sql in statements if "COUNT" in sql]
    assert second.collect_results() == results


def test_a_suite_is_critical_when_a_p0_assertion_failed_or_has_no_value():
    def of(severity, expression):
        check = a_check(
            lambda mp, ctx: ctx.assert_that(expression(mp)).where(name="x", severity=severity).is_negative()
        )
        ran = suite(check)
        ran.run([source()], key(10))
        return ran.is_critical()

    assert of("P0", ROWS)
    assert of("P0", lambda mp: mp.average("price", where="price < 0"))
    assert not of("P1", ROWS)
    assert not of("P0", lambda mp: -mp.num_rows())


def test_bounds_may_be_expressions():
    def body(mp, ctx):
        rows = mp.num_rows()
        ctx.assert_that(rows).where(name="inside").is_between(mp.num_rows(lag=1) - 1, mp.num_rows(lag=1) + 1)
        ctx.assert_that(rows).where(name="outside").is_not_between(rows - 1, rows + 1)
        ctx.assert_that(rows).where(name="broken").is_lt(mp.average("price", where="price < 0"))

    found = run(a_check(body))
    assert {n: r.status for n, r in found.items()} == {"inside": "PASSED", "outside": "FAILED", "broken": "ERROR"}
    assert found["inside"].message == (
        "num_rows() = 10, is between 8 and 10 "
        "(between (num_rows() [1 d earlier]) - 1 and (num_rows() [1 d earlier]) + 1)"
    )


@pytest.mark.parametrize("expression", ["m - m", "m / m", "0 * m"])
def test_what_cancels_does_not_hide_a_failed_metric(expression):
    def body(mp, ctx):
        m = mp.average("price", where="price < 0")
        ctx.assert_that(eval(expression, {"m": m})).where(name="x").is_geq(0)

    result = run(a_check(body))["x"]
    assert result.status == "ERROR"
    assert "no non-null values" in result.message


def test_two_equal_metrics_are_one_symbol_and_still_do_not_cancel():
    def body(mp, ctx):
        ctx.assert_that(mp.average("price", where="price < 0") - mp.average("price", where="price<0")).where(
            name="x"
        ).is_zero()

    ran = suite(a_check(body))
    assert ran.run([source()], key(10))[0].status == "ERROR"
    assert len(ran.collect_symbols()) == 1


def test_precision_is_kept_from_the_rows_to_the_verdict():
    def prices(n):
        return [0.1, 0.2, 0.3] if n == 10 else [1.0]

    found = record(
        table=sales(prices=prices),
        total=lambda mp: mp.sum("price"),
        big=lambda mp: mp.custom_sql("SUM(9007199254740993) / 3 + COUNT(*) * 0"),
        rows=lambda mp: mp.custom_sql("COUNT(*) + 10000016"),
    )
    # The doubles 0.1, 0.2 and 0.3 add up to 0.6000000000000000055…, whose nearest double is 0.6.
    assert found["total"] == 0.6
    assert found["rows"] == 10_000_019


@pytest.mark.parametrize(
    "name",
    ["a b", 'quo"te', "select", "UPPER", "naïve", "日本", "data", "a0", "__0", "__day", "items", "copies", "x;y--"],
)
def test_any_column_name_the_engine_allows_works(name):
    table = pa.table({name: [1.0, 2.5, None, 2.5], "yyyy_mm_dd": [day(1)] * 4})
    quoted = '"' + name.replace('"', '""') + '"'
    found = record(
        at=1,
        table=table,
        mean=lambda mp: mp.average(name),
        spread=lambda mp: mp.stddev(name),
        unique=lambda mp: mp.unique_count(name),
        twice=lambda mp: mp.duplicate_count([name, "yyyy_mm_dd"]),
        median=lambda mp: mp.median(name),
        first=lambda mp: mp.first(name, name),
        about=lambda mp: mp.approx_unique_count(name),
        where=lambda mp: mp.num_rows(where=f"{quoted} > 2"),
        own=lambda mp: mp.custom_sql(f"MAX({quoted})"),
    )
    assert found == {
        "mean": 2.0,
        "spread": pytest.approx(0.75**0.5),
        "unique": 2,
        "twice": 1,
        "median": 2.5,
        "first": 1,
        "about": 2,
        "where": 2,
        "own": 2.5,
    }


def test_columns_are_found_whatever_their_case_and_structs_by_their_fields():
    table = pa.table({"Price": [1.0, 3.0], "Place": [{"country": "NL"}, {"country": "DE"}], "YYYY_MM_DD": [day(1)] * 2})
    found = record(
        at=1,
        table=table,
        mean=lambda mp: mp.average("PRICE"),
        of_struct=lambda mp: mp.num_rows(where="place.country = 'NL'"),
        yesterday=lambda mp: coalesce(mp.num_rows(lag=1), -1),
    )
    assert found == {"mean": 2.0, "of_struct": 1, "yesterday": -1}


@pytest.mark.parametrize("type_", [pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", tz="Europe/Amsterdam")])
def test_a_timestamp_column_is_cut_into_days_of_utc(type_):
    moments = [dt.datetime(2024, 1, 1, 23, 59, 59, 999999), dt.datetime(2024, 1, 2), dt.datetime(2024, 1, 2, 23, 30)]
    zone = dt.UTC if type_.tz else None
    table = pa.table({"at": pa.array([m.replace(tzinfo=zone) for m in moments], type_)})
    of_moments = source(table, "sales", date_column="at")
    assert run(recording(rows=ROWS), at=1, sources=[of_moments])["rows"].metric == Success(1)
    both = run(recording(rows=ROWS, before=lambda mp: mp.num_rows(lag=1)), at=2, sources=[of_moments])
    assert [r.metric for r in both.values()] == [Success(2), Success(1)]


def test_a_plan_is_explained_without_running_it():
    db = InMemoryMetricDB()
    suite(DAILY, db=db, execution_id="yesterday").run_many([versioned()], [key(n) for n in range(5, 10)])
    asked = suite(DAILY, db=db)
    before = db.info()
    statements = scanned(lambda: print(asked.explain([versioned(sales([10]))], key(10))))
    shown = str(asked.explain([versioned(sales([10]))], key(10)))
    assert not [sql for sql in statements if "COUNT" in sql]
    assert db.info() == before
    assert "Scan 'sales': " in shown
    assert 'COUNT("items"."item_0")' in shown
    assert "Carried forward, the same version of the data, from execution yesterday: " in shown
    assert "2024-01-09: num_rows() on 'sales'" in shown


def test_importing_the_engine_is_light():
    heavy = {"sympy", "pandas", "duckdb", "pyarrow", "sqlalchemy", "sqlglot", "numpy", "google", "dagster"}
    script = f"import sys, dqx_core; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert shown.strip() == "[]"


def test_a_metric_nothing_uses_is_warned_of_and_not_measured():
    def body(mp, ctx):
        mp.average("price")
        ctx.assert_that(mp.num_rows()).where(name="rows").is_positive()

    with pytest.warns(SuiteWarning, match=r"no assertion uses; they are not measured: x_1 = average\(price\)"):
        graph = suite(a_check(body)).build()
    assert [m.metric for m in graph.symbols.values()] == ["num_rows()"]


def test_a_check_that_asserts_nothing_is_warned_of():
    with pytest.warns(SuiteWarning, match="Check 'Empty' asserts nothing"):
        suite(a_check(lambda mp, ctx: None, "Empty")).build()


def test_a_suite_builds_without_data_and_finds_everything_wrong_at_once():
    def first(mp, ctx):
        ctx.assert_that(mp.average("prise")).where(name="same").noop()
        ctx.assert_that(mp.average("email")).where(name="same").noop()
        ctx.assert_that(mp.num_rows(dataset="returns")).where(name="other").noop()

    def second(mp, ctx):
        ctx.assert_that(mp.num_rows()).where(name="which").noop()
        ctx.assert_that(mp.sum("price", dataset="customers", where="regoin = 1")).where(name="far").noop()

    wrong = suite(a_check(first, "A"), a_check(second, "A", datasets=["sales", "orders"]))
    with pytest.raises(ValidationError) as built:
        wrong.build()
    assert len(built.value.problems) == 5
    with pytest.raises(ValidationError) as raised, warnings.catch_warnings():
        wrong.run([source()], key(10))
    assert set(raised.value.problems) == {
        "Check 'A': x_3 = num_rows() is on dataset 'returns', which the check does not list. It lists: sales.",
        "Check 'A': x_4 = num_rows() has no dataset and 2 could be meant: sales, orders. Name one: dataset='…'.",
        "Check 'A': x_5 = sum(price) where regoin = 1 is on dataset 'customers', which the check does not list. "
        "It lists: sales, orders.",
        "2 checks are named 'A'. Names tell results apart: give each its own.",
        "Check 'A' has 2 assertions named 'same'. Names tell results apart: give each its own.",
        "Check 'A' names dataset 'orders', which no data source supplies. There are: sales.",
        "Metric average(prise) reads column 'prise', which dataset 'sales' does not have. Did you mean 'price'?",
        "Metric average(email) takes a column of numbers, and 'email' of dataset 'sales' is VARCHAR.",
        "Metric num_rows() names dataset 'returns', which no data source supplies. There are: sales.",
        "Metric sum(price) where regoin = 1 names dataset 'customers', which no data source supplies. "
        "There are: sales.",
    }
