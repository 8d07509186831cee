"""Suites over windows: which rows are in one, what it is compared with, and what is said of one without rows."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.calendars import Days, Hours, Months, Weeks
from dqx_core.errors import DefinitionError
from dqx_core.report import Status

NIGHT = dt.datetime(2024, 1, 1)  # a reading of a clock


def of(values, type_=None, **options):
    rows = pa.table({"at": pa.array(values, type_), "n": list(range(len(values)))})
    return DuckRelationDataSource.from_arrow(rows, "t", date_column="at", **options)


def judge(source, keys, *metrics, **options):
    @check(name="C", datasets=["t"])
    def c(mp, ctx):
        for i, metric in enumerate(metrics):
            ctx.assert_that(metric(mp)).where(name=f"a{i}").noop()

    suite = VerificationSuite([c], options.pop("db", InMemoryMetricDB()), "S", **options)
    return suite.run_many([source], list(keys))


def rows_of(source, keys):
    return [result.metric.value_or(None) for result in judge(source, keys, lambda mp: mp.num_rows())]


def keys_of(calendar, *readings):
    return [ResultKey.at(calendar, reading) for reading in readings]


def hour(n):
    return NIGHT + dt.timedelta(hours=n)


def test_hours_of_a_day_are_counted_apart_in_one_statement():
    source = of([hour(n) for n in (0, 0, 1, 5, 23, 24)])
    before = len(source._engine.statements)
    assert rows_of(source, keys_of(Hours(), *map(hour, (0, 1, 2, 5, 23)))) == [2, 1, 0, 1, 1]
    counting = [sql for sql in source._engine.statements[before:] if "COUNT" in sql]
    assert len(counting) == 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_last_moment_of_a_window_is_in_it_whatever_the_unit(unit):
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    start = 1_704_067_200 * scale
    source = of([start, start + 86_400 * scale - 1, start + 86_400 * scale], pa.timestamp(unit))
    days = [ResultKey(dt.date(2024, 1, d)) for d in (1, 2)]
    assert rows_of(source, days) == [2, 1]
    assert rows_of(source, keys_of(Months(), NIGHT)) == [3]


@pytest.mark.parametrize("zoned", [True, False])
def test_a_year_of_days_in_a_zone_counts_as_a_date_in_the_zone_does(zoned):
    moments = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=47 * n) for n in range(11_000)]
    calendar = Days(timezone="Europe/Amsterdam")
    local = [m.astimezone(calendar._zone) for m in moments]
    values = moments if zoned else [m.replace(tzinfo=None) for m in local]
    source = of(values, pa.timestamp("us", "UTC" if zoned else None), timezone="Europe/Amsterdam")
    days = [dt.date(2024, 1, 2) + dt.timedelta(days=n) for n in range(350)]
    expected = [sum(m.date() == day for m in local) for day in days[80:100]]
    keys = keys_of(calendar, *(dt.datetime.combine(day, dt.time(12)) for day in days))
    assert rows_of(source, keys)[80:100] == expected


def test_a_date_is_read_in_the_zone_that_the_source_says():
    days = [dt.date(2024, 1, d) for d in (1, 1, 2)]
    keys = keys_of(Days(timezone="America/New_York"), NIGHT, hour(24))
    assert rows_of(of(days, pa.date32(), timezone="America/New_York"), keys) == [2, 1]
    with pytest.raises(DefinitionError, match=r"holds dates.*timezone='…'"):
        rows_of(of(days, pa.date32()), keys)


def test_dates_have_no_hours():
    with pytest.raises(DefinitionError, match="Column 'at' holds dates, and a window that begins or ends at 01:00"):
        rows_of(of([dt.date(2024, 1, 1)], pa.date32()), keys_of(Hours(), NIGHT))
    assert rows_of(of([dt.date(2024, 1, 1)], pa.date32()), keys_of(Weeks(), NIGHT)) == [1]


def test_a_lag_and_a_window_of_history_count_windows_of_the_calendar():
    source = of([hour(n) for n in range(200) for _ in range(n + 1)])
    at = keys_of(Hours(), hour(190))
    found = judge(
        source,
        at,
        lambda mp: mp.num_rows(lag=2),
        lambda mp: mp.ext.mean(mp.num_rows(), n=3),
        lambda mp: mp.ext.day_over_day(mp.num_rows()),
        lambda mp: mp.ext.week_over_week(mp.num_rows()),
        lambda mp: mp.ext.change(mp.num_rows(), windows=1),
    )
    values = [result.metric.unwrap() for result in found]
    assert values == [189, 190, 24 / 167, 168 / 23, 1 / 190]
    assert "num_rows() [2 h earlier]" in found[0].message


def test_history_that_is_missing_is_named_as_the_calendar_calls_it():
    source = of([dt.datetime(2024, 3, 5)], is_there=lambda date, tags: date >= dt.date(2024, 3, 1))
    march = keys_of(Months(), dt.datetime(2024, 3, 5))
    (found,) = judge(source, march, lambda mp: mp.ext.mean(mp.num_rows(), n=3))
    assert found.status is Status.SKIPPED
    assert "needs 3 of 3 windows and has 1; 2 missing: 2024-01, 2024-02" in found.message


@pytest.mark.parametrize("calendar", [Months(), Days(every=2, start=dt.date(2024, 1, 1))])
def test_a_day_before_that_the_calendar_does_not_have_is_refused_with_the_way_out(calendar):
    with pytest.raises(DefinitionError, match=r"have no window that lies a day before.*change\(metric, windows=1\)"):
        judge(of([NIGHT]), keys_of(calendar, NIGHT), lambda mp: mp.ext.day_over_day(mp.num_rows()))


def test_windows_of_two_calendars_are_not_one_run():
    with pytest.raises(DefinitionError, match="windows of 2 calendars: hours, days"):
        judge(of([NIGHT]), [*keys_of(Hours(), NIGHT), ResultKey(dt.date(2024, 1, 1))], lambda mp: mp.num_rows())


def test_a_verdict_names_its_window_and_the_full_name_of_its_dataset():
    source = of([NIGHT], identity="raw/t")
    (found,) = judge(source, keys_of(Hours(), NIGHT), lambda mp: mp.num_rows())
    assert found.asset == "raw/t"
    assert (found.window.end - found.window.start, found.symbols[0].window) == (dt.timedelta(hours=1), found.window)


def test_two_sources_of_one_name_in_checks_share_no_number():
    db = InMemoryMetricDB()
    days = [ResultKey(dt.date(2024, 1, d)) for d in (1, 2)]
    version = {"data_version": lambda date, tags: "v1"}
    rows = pa.table({"n": [1, 2, 3]})
    raw = DuckRelationDataSource.from_arrow(rows, "t", identity="raw/t", **version)
    clean = DuckRelationDataSource.from_arrow(rows, "t", identity="clean/t", **version)
    moved = (lambda mp: mp.num_rows(), lambda mp: mp.ext.day_over_day(mp.num_rows()))
    judge(raw, days[:1], *moved, db=db)
    assert [r.status for r in judge(clean, days[1:], *moved, db=db)] == [Status.PASSED, Status.SKIPPED]
    assert [r.status for r in judge(raw, days[1:], *moved, db=db)] == [Status.PASSED, Status.PASSED]


@pytest.mark.parametrize(
    ("values", "type_", "spellings"),
    [
        ([True, False], pa.bool_(), ["true", "True", "TRUE"]),
        ([1, 2], pa.int64(), ["1", "1.0", "01"]),
        ([0.1, 2.5], pa.float64(), ["0.1", "0.10", "1e-1"]),
        ([0.1, 2.5], pa.float32(), ["0.1"]),
        ([Decimal("1.5"), Decimal(2)], pa.decimal128(38, 9), ["1.5", "1.500000000"]),
        ([dt.date(2024, 1, 2), dt.date(2024, 1, 3)], pa.date32(), ["2024-01-02", "2024-01-02 00:00:00"]),
        ([hour(1), hour(2)], pa.timestamp("us"), ["2024-01-01 01:00:00", "2024-01-01T01:00", "2024-01-01 02:00+01:00"]),
        (["a", "A"], pa.string(), ["a"]),
    ],
)
def test_the_value_of_a_dimension_is_found_however_it_is_spelled(values, type_, spellings):
    source = DuckRelationDataSource.from_arrow(pa.table({"d": pa.array(values, type_)}), "t", dimensions={"d": "d"})
    for text in spellings:
        assert rows_of(source, [ResultKey(dt.date(2024, 1, 1), {"d": text})]) == [1], text


def test_a_value_that_is_not_of_the_dimensions_type_is_refused():
    rows = pa.table({"d": [1, 2]})
    source = DuckRelationDataSource.from_arrow(rows, "t", dimensions={"d": "d"})
    with pytest.raises(DefinitionError, match="Tag d='one' cannot be found in a column of type BIGINT"):
        rows_of(source, [ResultKey(dt.date(2024, 1, 1), {"d": "one"})])


def test_a_dimension_whose_values_have_no_one_text_is_refused():
    with pytest.raises(DefinitionError, match="dimension d"):
        DuckRelationDataSource.from_arrow(pa.table({"d": [[1], [2]]}), "t", dimensions={"d": "d"})


@pytest.mark.parametrize("dated", [True, False])
def test_over_no_rows_nothing_is_green_but_the_number_of_rows(dated):
    rows = pa.table({"at": pa.array([], pa.timestamp("us")), "e": pa.array([], pa.string())})
    source = DuckRelationDataSource.from_arrow(rows, "t", date_column="at" if dated else None)

    @check(name="C", datasets=["t"])
    def c(mp, ctx):
        ctx.assert_that(mp.num_rows()).where(name="rows").is_zero()
        ctx.assert_that(mp.null_count("e")).where(name="nulls").is_zero()
        ctx.assert_that(mp.unique_count("e")).where(name="distinct").is_zero()
        ctx.assert_that(mp.num_rows(where="e = 'x'")).where(name="bad").is_zero()

    def verdicts(**options):
        found = VerificationSuite([c], InMemoryMetricDB(), "S", **options).run([source], ResultKey(dt.date(2024, 1, 1)))
        assert all("over no rows" in result.message for result in found)
        return [str(result.status) for result in found]

    assert verdicts() == ["PASSED", "ERROR", "ERROR", "ERROR"]
    assert verdicts(no_rows="judge") == ["PASSED"] * 4


def test_a_condition_that_no_row_meets_is_not_a_window_without_rows():
    found = judge(of([NIGHT]), [ResultKey(dt.date(2024, 1, 1))], lambda mp: mp.unique_count("n", where="n > 5"))
    assert "over no rows" not in found[0].message


def test_a_part_that_is_not_there_is_not_an_empty_one():
    source = of([NIGHT], is_there=lambda date, tags: date == dt.date(2024, 1, 1))
    db = InMemoryMetricDB()
    (found,) = judge(source, [ResultKey(dt.date(2024, 1, 2))], lambda mp: mp.num_rows(), db=db)
    assert found.status is Status.ERROR
    assert found.message == "num_rows(): 2024-01-02 of dataset 't' is not materialized"
    assert not db.measured(db.executions()[0].execution_id)


def test_data_that_changes_while_it_is_read_is_measured_again_and_kept_without_a_version():
    versions = iter(["v1", "v2", "v2", "v2"])
    source = of([NIGHT], data_version=lambda date, tags: next(versions))
    db = InMemoryMetricDB()
    before = len(source._engine.statements)
    judge(source, [ResultKey(dt.date(2024, 1, 1))], lambda mp: mp.num_rows(), db=db)
    assert len([sql for sql in source._engine.statements[before:] if "COUNT" in sql]) == 2
    (kept,) = db.measured(db.executions()[0].execution_id)
    assert kept.data_version is None


def test_a_range_is_its_days_one_by_one_where_a_day_has_no_rows():
    days = [ResultKey(dt.date(2024, 1, d)) for d in (1, 2, 3, 4)]
    source = of([NIGHT, hour(24 * 3)])
    for metrics in ((lambda mp: mp.num_rows(lag=1),), (lambda mp: mp.num_rows(), lambda mp: mp.num_rows(lag=1))):
        db = InMemoryMetricDB()
        singly = [str(r.status) for day in days for r in judge(source, [day], *metrics, db=db)]
        assert [str(r.status) for r in judge(source, days, *metrics)] == singly


def test_one_value_of_a_dimension_beside_all_rows_parts_no_others():
    rows = pa.table({"d": ["a", "b", None, "c", "a"] * 3, "at": pa.array([NIGHT] * 15)})
    source = DuckRelationDataSource.from_arrow(rows, "t", date_column="at", dimensions={"d": "d"})
    metrics = [lambda mp: mp.num_rows(), lambda mp: mp.num_rows(tags={"d": "a"}), lambda mp: mp.unique_count("d")]
    found = judge(source, [ResultKey(dt.date(2024, 1, 1))], *metrics)
    assert [result.metric.unwrap() for result in found] == [15, 6, 3]
    assert "CASE WHEN" in next(sql for sql in source._engine.statements if "__tag_0" in sql)


@pytest.mark.parametrize("year", [1969, 1970, 2024])
def test_days_of_nanoseconds_are_told_apart_before_1970_too(year):
    start = (dt.date(year, 1, 1) - dt.date(1970, 1, 1)).days * 86_400 * 10**9
    offsets = [-1, 0, 1, 86_400 * 10**9 - 1, 86_400 * 10**9, 2 * 86_400 * 10**9 - 1]
    source = of([start + offset for offset in offsets], pa.timestamp("ns"))
    days = [ResultKey(dt.date(year, 1, 1) + dt.timedelta(days=n)) for n in range(-1, 3)]
    assert rows_of(source, days) == [1, 3, 2, 0]
