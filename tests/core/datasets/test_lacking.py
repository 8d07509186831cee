"""Rows without a time, without a match, with NaN: each goes by a rule, or is counted where the partition is told."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dqx_core.datasets import DuckDBCatalog, define, manifest, materialize, partition_query, schemas_of
from dqx_core.datasets.dates import newest_date
from dqx_core.errors import DefinitionError, DqxError
from tests.core.datasets.shop import engine

NAN = float("nan")
DAY = dt.date(2024, 1, 2)
ROWS = pa.table(
    {
        "at": pa.array([dt.datetime(2024, 1, 2, 1)] * 4 + [None, dt.datetime(2024, 1, 3)], pa.timestamp("us")),
        "id": [1, 2, 3, 4, 5, 6],
        "k": ["a", "a", "b", "c", "a", "z"],
        "x": [1.5, NAN, None, -1.0, NAN, NAN],
    }
)


def shop(rows=ROWS):
    made = engine({})
    made.connection.register("given", rows)
    made.connection.execute("CREATE TABLE raw_data.visits AS FROM given")
    made.connection.execute(
        "CREATE TABLE raw_data.kinds AS SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS v(kind, price)"
    )
    return made


def visits(**changes):
    return define(
        {
            "name": "visits",
            "source": {"table": "raw_data.visits"},
            "columns": [{"column": "at", "role": "timestamp"}, {"column": "id"}, {"column": "k"}, {"column": "x"}],
            "split": {"strategy": "none"},
            "partitions": {"start": "2024-01-01"},
            **changes,
        }
    )


def ids(on, definition, date=DAY):
    query = partition_query(definition, date, schemas_of(definition, DuckDBCatalog(on)))
    return sorted(row["id"] for row in on.run(query).to_pylist())


INNER = {"table": "raw_data.visits", "joins": [{"table": "raw_data.kinds", "on": {"k": "kind"}, "how": "inner"}]}


def test_what_a_partition_has_not_is_counted_in_its_manifest(tmp_path):
    definition = visits(source=INNER, filters=[{"kind": "range", "column": "x", "min": 0}])
    [result] = materialize(definition, [DAY], engine=shop(), root=tmp_path)
    told = {"without a time in at": 1, "without a match in raw_data.kinds": 1, "with NaN in x": 1}
    assert (result.rows, result.lost) == (1, told)
    assert manifest(tmp_path, "visits", DAY, "all").lost == told


def test_of_several_dates_each_counts_its_own(tmp_path):
    dates = [DAY, DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)]
    found = materialize(visits(source=INNER), dates, engine=shop(), root=tmp_path)
    lost = {result.date: result.lost.get("without a match in raw_data.kinds", 0) for result in found}
    assert lost == dict(zip(dates, [1, 1, 0], strict=True))
    assert {result.lost["without a time in at"] for result in found} == {1}


def test_where_nothing_is_lost_nothing_is_said(tmp_path):
    whole = ROWS.filter(pa.compute.is_valid(ROWS["at"]))
    [result] = materialize(visits(), [DAY], engine=shop(whole), root=tmp_path)
    assert result.lost == {}


@pytest.mark.parametrize("split", [{"strategy": "none"}, {"strategy": "temporal", "eval_days": 1}])
def test_a_row_without_a_time_is_refused_where_nulls_are_to_fail(split, tmp_path):
    content = {"content": "snapshot"} if split["strategy"] == "temporal" else {}
    definition = visits(nulls={"at": "fail"}, split=split, partitions={"start": "2024-01-01", **content})
    for dates in ([DAY], [DAY, DAY + dt.timedelta(days=1)]):
        with pytest.raises(DefinitionError, match="1 rows have null in at"):
            materialize(definition, dates, engine=shop(), root=tmp_path)


def test_a_row_without_a_time_gets_one_before_its_day_is_looked_for(tmp_path):
    definition = visits(nulls={"at": {"fill": "2024-01-02T12:00:00"}})
    assert ids(shop(), definition) == [1, 2, 3, 4, 5]
    assert ids(shop(), definition, DAY + dt.timedelta(days=1)) == [6]
    found = materialize(definition, [DAY, DAY + dt.timedelta(days=1)], engine=shop(), root=tmp_path)
    assert [(result.rows, result.lost) for result in found] == [(5, {}), (1, {})]


@pytest.mark.parametrize("bounds", [{"min": 0}, {"max": 100}, {"min": -5, "max": 100}, {"min": 1000}, {"max": -1000}])
@pytest.mark.parametrize("through", ["table", "view of a file"])
def test_nan_is_in_no_range(bounds, through, tmp_path):
    on = shop()
    if through == "view of a file":  # whose extremes leave NaN out
        pq.write_table(ROWS, tmp_path / "rows.parquet")
        on.connection.execute("DROP TABLE raw_data.visits")
        on.connection.execute(f"CREATE VIEW raw_data.visits AS FROM '{tmp_path / 'rows.parquet'}'")
    inside = [
        row["id"]
        for row in ROWS.to_pylist()[:4]
        if row["x"] is not None and bounds.get("min", row["x"]) <= row["x"] <= bounds.get("max", row["x"])
    ]
    assert ids(on, visits(filters=[{"kind": "range", "column": "x", **bounds}])) == inside


@pytest.mark.parametrize("function", ["sum", "average", "minimum", "maximum"])
def test_an_entity_with_nan_among_its_numbers_is_in_no_range(function):
    asked = {"kind": "aggregate", "per": "k", "function": function, "column": "x", "min": -5}
    assert ids(shop(), visits(filters=[asked])) == [4]


@pytest.mark.parametrize(
    "text", ["100000000.01", "50000000.01", "1000000000.1", "19.99", "0.123456789", "12345678901.23"]
)
@pytest.mark.parametrize("function", ["sum", "average"])
def test_a_double_at_a_bound_stays_on_its_side(text, function):
    rows = pa.table({"at": [dt.datetime(2024, 1, 2)], "id": [1], "k": ["a"], "x": [float(text)]})
    for bound in ("min", "max"):
        asked = {"kind": "aggregate", "per": "k", "function": function, "column": "x", bound: text}
        assert ids(shop(rows), visits(filters=[asked])) == [1]


@pytest.mark.parametrize("odd", [NAN, float("inf"), float("-inf"), 1e300, -1e29])
@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "aggregate", "per": "k", "function": "sum", "column": "x", "min": 0},
        {"kind": "aggregate", "per": "k", "function": "average", "column": "x", "max": 5},
        {"kind": "top_users", "column": "k", "by": "x", "percent": 50},
    ],
    ids=["sum", "average", "top"],
)
def test_a_double_without_an_exact_sum_is_told_of_by_its_column_and_the_way_out(asked, odd, tmp_path):
    rows = pa.table({"at": [dt.datetime(2024, 1, 2)] * 3, "id": [1, 2, 3], "k": ["a", "a", "b"], "x": [odd, 1.0, 2.0]})
    within = {"kind": "range", "column": "x", "min": -1000, "max": 1000}
    assert ids(shop(rows), visits(filters=[within, {**asked, "max": 2} if "min" in asked else asked]))
    if odd != odd and asked["kind"] == "aggregate":  # an entity with NaN goes
        return
    with pytest.raises(DqxError, match=r"'x' holds NaN, an infinity or .* range filter before this one"):
        materialize(visits(filters=[asked]), [DAY], engine=shop(rows), root=tmp_path)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_zoned_nanoseconds_tell_the_days_of_a_dataset(zone, tmp_path):
    moments = ["2024-01-01 23:59:59.999999999", "2024-01-02 00:00:00", "2024-01-02 23:59:59.999999999", None]
    times = [None if each is None else pd.Timestamp(each, tz=zone).value for each in moments]
    rows = pa.table(
        {"at": pa.array(times, pa.timestamp("ns", "UTC")), "id": [1, 2, 3, 4], "k": ["a"] * 4, "x": [1.0] * 4}
    )
    on = shop(rows)
    plain = visits(partitions={"start": "2024-01-01", "timezone": zone, "content": "increment"})
    assert ids(on, plain) == [2, 3]
    assert newest_date(plain, schemas_of(plain, DuckDBCatalog(on)), on) == DAY
    [result] = materialize(plain, [DAY], engine=on, root=tmp_path)
    assert (result.rows, result.lost) == (2, {"without a time in at": 1})
    assert pq.read_table(next(tmp_path.glob("**/*.parquet"))).num_rows == 2

    snapshot = {"partitions": {"start": "2024-01-01", "timezone": zone, "content": "snapshot"}}
    bounded = {"kind": "range", "column": "at", "min": "2024-01-02T05:00:00Z"}
    assert 1 not in ids(on, visits(filters=[bounded], **snapshot))
    assert ids(on, visits(nulls={"at": {"fill": "2024-01-02T12:00:00Z"}}, **snapshot)) == [1, 2, 3, 4]
    temporal = {"strategy": "temporal", "eval_days": 1}
    assert ids(on, visits(split=temporal, **snapshot)) == [1, 2, 3]
    far = visits(partitions={"start": "2300-01-01", "content": "snapshot"})
    assert ids(on, far, dt.date(2300, 1, 1)) == [1, 2, 3]
    with pytest.raises(DefinitionError, match="beyond what a TIMESTAMPTZ_NS column holds"):
        ids(on, visits(filters=[{**bounded, "min": "2300-01-01T00:00:00Z"}]))
    with pytest.raises(DefinitionError, match="such as 2024-01-31T12:00:00Z"):
        ids(on, visits(filters=[{**bounded, "min": "2024-01-01"}]))
