"""The law of the rows: wherever the same rows lie, every metric is the same number, or is refused alike."""

import datetime as dt
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from returns.result import Success

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check

NAN, INF = float("nan"), float("inf")
UTC = dt.UTC
DAY = dt.date(2024, 1, 2)
NOON = int(dt.datetime(2024, 1, 2, 12, tzinfo=UTC).timestamp()) * 10**9


def column(type_, *values):
    return pa.array(values, type_)


COLUMNS = {
    "day": column(pa.date32(), *[DAY] * 5),
    "nan": column(pa.float64(), NAN, 1.0, 2.0, -0.0, None),
    "infinite": column(pa.float64(), INF, -INF, 0.0, 1.5, 1e-300),
    "large": column(pa.float64(), 1e308, 1e308, 1.4e154, None, -3.0),
    "zeros": column(pa.float64(), 0.0, -0.0, None, 0.0, 1.0),
    "single": column(pa.float32(), 0.1, NAN, 0.2, None, -0.0),
    "exact": column(pa.decimal128(12, 2), Decimal("1.10"), Decimal("-2.25"), None, Decimal(0), Decimal("99.99")),
    "money": column(
        pa.decimal128(38, 9), Decimal(30000000000), Decimal(3), None, Decimal("-12.5"), Decimal("99999999999999.1")
    ),
    "digits": column(pa.decimal128(38, 0), Decimal(10**38 - 1), Decimal(10**38 - 1), Decimal(1), None, Decimal(-5)),
    "unsigned": column(pa.uint64(), 2**64 - 1, 2**64 - 1, 0, None, 7),
    "whole": column(pa.int64(), 2**63 - 1, 2**63 - 1, -(2**63), None, 0),
    "text": column(pa.string(), "a", "B", "", None, "é"),
    "flag": column(pa.bool_(), True, False, None, True, True),
    "micros": column(
        pa.timestamp("us"), dt.datetime(2024, 1, 2, 3, 4, 5, 678901), None, *[dt.datetime(1969, 1, 1)] * 3
    ),
    "nanos": pa.array([NOON + 999_999_999, NOON + 1, None, 0, -1], pa.timestamp("ns")),
    "zoned": pa.array([NOON // 1000 + 1, None, 0, -1, 5], pa.timestamp("us", "Europe/Amsterdam")),
    "moments": pa.array([NOON + 999_999_999, NOON + 1, None, 0, -1], pa.timestamp("ns", "UTC")),
    "items": column(pa.list_(pa.int64()), [1, 2], [], None, [3], [4, 5, 6]),
    "untyped": pa.nulls(5),
    "nothing": pa.nulls(5, pa.float64()),
}
ROWS = pa.table(COLUMNS)
CONDITIONS = (
    "isnan(nan)",
    "nan > 1",
    "nan <= 1",
    "single > 0.15",
    "infinite > 5",
    "zeros = 0",
    "untyped > 5",
    "large > 1e200",
)


def as_frame(rows, folder):
    return rows


def as_polars(rows, folder):
    return pl.from_arrow(rows)


def as_table(rows, folder):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("given", rows)
    connection.execute("CREATE TABLE rows AS FROM given")
    return connection


def as_view(rows, folder):
    connection = as_table(rows, folder)
    connection.execute("ALTER TABLE rows RENAME TO stored; CREATE VIEW rows AS FROM stored")
    return connection


def as_parquet_of_pyarrow(rows, folder):
    pq.write_table(rows, folder / "rows.parquet")
    return folder / "rows.parquet"


def as_parquet_of_polars(rows, folder):
    pl.from_arrow(rows).write_parquet(folder / "rows.parquet")
    return folder / "rows.parquet"


def as_parquet_of_duckdb(rows, folder):
    as_table(rows, folder).execute(f"COPY rows TO '{folder / 'rows.parquet'}'")
    return folder / "rows.parquet"


def source(given):
    options = {"date_column": "day" if len(ROWS) else None}
    if isinstance(given, duckdb.DuckDBPyConnection):
        return DuckRelationDataSource.from_table(given, "rows", "rows", **options)
    if hasattr(given, "suffix"):
        return DuckRelationDataSource.from_parquet(given, "rows", **options)
    return DuckRelationDataSource.from_arrow(given, "rows", **options)


def asked(mp, names):
    """Every metric of every column; what a column does not fit is an ERROR of that metric."""
    yield mp.num_rows()
    for name in names:
        yield from (mp.count(name), mp.null_count(name), mp.unique_count(name), mp.approx_unique_count(name))
        yield from (mp.negative_count(name), mp.sum(name), mp.average(name), mp.variance(name), mp.stddev(name))
        yield from (mp.minimum(name), mp.maximum(name), mp.median(name), mp.duplicate_count(name), mp.max_length(name))
        yield from (mp.first(name, "zeros"), mp.first("whole", name))
        yield from (mp.min_length(name), mp.match_count(name, "[a-z]*"), mp.count_values(name, [0, 1, 0.1]))
        yield from (mp.count_values(name, ["a", ""]), mp.count_values(name, [True]), mp.count_values(name, [DAY]))
        yield from (mp.count_values(name, [NAN]), mp.count_values(name, [dt.datetime(1969, 1, 1)]))
    for where in CONDITIONS:
        if "exact" in names and where.split()[0].removeprefix("isnan(").strip(")") in names:
            yield from (mp.num_rows(where=where), mp.sum("nan", where=where), mp.sum("exact", where=where))


def measured(given, names):
    """Metric → its number, or that it is refused."""

    @check(name="All", datasets=["rows"])
    def everything(mp, ctx):
        for number, symbol in enumerate(asked(mp, names)):
            ctx.assert_that(symbol).where(name=str(number)).noop()

    suite = VerificationSuite([everything], InMemoryMetricDB(), "Same rows", no_rows="judge")
    suite.run([source(given)], ResultKey(DAY))
    return {
        info.metric: repr(info.value.unwrap()) if isinstance(info.value, Success) else "refused"
        for info in suite.collect_symbols()
    }


WAYS = [as_polars, as_table, as_view, as_parquet_of_pyarrow, as_parquet_of_polars, as_parquet_of_duckdb]


@pytest.fixture(scope="module")
def of_the_frame():
    return measured(ROWS, ROWS.column_names)


@pytest.mark.parametrize("way", WAYS)
def test_wherever_the_rows_lie_the_numbers_are_the_same_or_refused_alike(way, of_the_frame, tmp_path):
    found = measured(way(ROWS, tmp_path), ROWS.column_names)
    assert {name: (value, of_the_frame[name]) for name, value in found.items() if value != of_the_frame[name]} == {}
    assert found.keys() == of_the_frame.keys()


@pytest.mark.parametrize("way", WAYS)
def test_of_no_rows_the_numbers_are_the_same_too(way, tmp_path):
    names = ["nan", "exact", "text", "untyped", "moments", "day"]
    none = ROWS.select([*names, "zeros", "whole"]).slice(0, 0)
    assert measured(way(none, tmp_path), names) == measured(none, names)


def test_a_csv_file_of_the_rows_gives_the_numbers_too(of_the_frame, tmp_path):
    names = [
        "nan",
        "infinite",
        "large",
        "zeros",
        "exact",
        "money",
        "unsigned",
        "whole",
        "flag",
        "micros",
        "zoned",
        "day",
    ]
    connection = as_table(ROWS.select(names), tmp_path)
    connection.execute(f"COPY rows TO '{tmp_path / 'rows.csv'}'")
    types = {name: kind for name, kind, *_ in connection.execute("DESCRIBE rows").fetchall()}
    connection.execute(
        f"DROP TABLE rows; CREATE VIEW rows AS FROM read_csv('{tmp_path / 'rows.csv'}', columns = {types})"
    )
    found = measured(connection, names)
    assert {name: (value, of_the_frame[name]) for name, value in found.items() if value != of_the_frame[name]} == {}


def test_the_frame_is_not_wrong_itself(of_the_frame):
    """What of it is not plain, written down."""
    said = {
        "num_rows() where ISNAN(nan)": "1",
        "num_rows() where nan > 1": "2",
        "sum(nan)": "nan",
        "minimum(nan)": "nan",
        "sum(nan) where nan <= 1": "1",
        "approx_unique_count(zeros)": "2",
        "unique_count(zeros)": "2",
        "sum(digits)": str(2 * (10**38 - 1) - 4),
        "sum(unsigned)": str(2 * (2**64 - 1) + 7),
        "count_values(single, [0, 0.1, 1])": "2",
        "count_values(exact, [0, 0.1, 1])": "1",
        "count_values(text, [0, 0.1, 1])": "refused",
        "count_values(nan, [nan])": "1",
        "average(untyped)": "refused",
        "null_count(untyped)": "5",
        "maximum(moments)": repr(NOON // 10**9 + 0.999999),
        "sum(large)": "inf",
    }
    assert {name: of_the_frame[name] for name in said} == said
