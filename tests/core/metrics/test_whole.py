"""Doubles that are integers of one power of two are summed as such, which only cost tells from summing their limbs."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core import DuckRelationDataSource, ResultKey
from dqx_core.engines.base import Extent
from dqx_core.execution import execute, statements_of
from dqx_core.metrics.base import ScanMetric
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.custom import CustomSql
from dqx_core.metrics.moments import Average, Stddev, Sum, Variance
from dqx_core.planning import Scan
from dqx_core.sql.exact import power_for
from dqx_core.sql.query import HOLDS
from tests.core.cases import DAYS, ENGINE

SPECS: list[ScanMetric] = [
    cls(column, where=where)
    for cls in (Sum, Average, Variance, Stddev)
    for column in ("x", "small")
    for where in (None, "odd")
]
DOUBLES = st.one_of(
    st.none(),
    st.integers(-(2**40), 2**40).map(float),
    st.integers(-100_000, 100_000).map(lambda cents: cents / 100),
    st.integers(-1000, 1000).map(lambda eighths: eighths / 8),
    st.floats(allow_nan=True, allow_infinity=True),
)
ROWS = st.lists(st.tuples(st.sampled_from(DAYS), DOUBLES, st.booleans()), min_size=1)


def table(rows: list[Any]) -> pa.Table:
    days, xs, odd = zip(*rows, strict=True)
    with_32_bits = [None if x is None or abs(x) > 1e30 else x for x in xs]
    return pa.table(
        {
            "yyyy_mm_dd": pa.array(days, pa.date32()),
            "x": pa.array(xs, pa.float64()),
            "small": pa.array(with_32_bits, pa.float32()),
            "odd": pa.array(odd, pa.bool_()),
        }
    )


def written(folder: Path | str, rows: list[Any]) -> DuckRelationDataSource:
    pq.write_table(table(rows), Path(folder) / "rows.parquet")
    return DuckRelationDataSource.from_parquet(Path(folder) / "rows.parquet", "rows", engine=ENGINE)


def scan(source: DuckRelationDataSource, specs: list[Any] = SPECS) -> Scan:
    return Scan(source, tuple((spec, ResultKey(day), "rows") for day in DAYS for spec in specs))


def guarded(some: Scan) -> bool:
    return any(HOLDS in statement.tree.sql("duckdb") for statement in statements_of(some))


def moments(found: Any, spec: ScanMetric, number: int = 0) -> Any:
    """The state of a metric on a day."""
    return found[spec, ResultKey(DAYS[number]), "rows"].unwrap()


def of_day(rows: list[Any], number: int = 0) -> list[Fraction]:
    return [Fraction(x) for day, x, _ in rows if day == DAYS[number] and x is not None]


@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_states_are_those_of_data_of_which_nothing_is_known(rows: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        known = execute(scan(written(folder, rows)))
        unknown = execute(scan(DuckRelationDataSource.from_arrow(table(rows), "rows", engine=ENGINE)))
        assert {need: repr(state) for need, state in known.items()} == {
            need: repr(state) for need, state in unknown.items()
        }


WHOLE = {
    "integers": [float(n) for n in (*range(-50, 50), 2**40, -(2**40))],
    "prices": [n / 100 for n in range(100, 40_000, 7)],
    "halves of large numbers": [2.0**70 + n * 2.0**20 for n in range(64)],
    "tiny": [n * 2.0**-600 for n in range(1, 64)],
    "zeros": [0.0, -0.0, 0.0],
}


@pytest.mark.parametrize("values", WHOLE.values(), ids=WHOLE.keys())
def test_whole_doubles_are_summed_as_integers_and_exactly(values: list[float], tmp_path: Path) -> None:
    rows = [(DAYS[n % 2], x, False) for n, x in enumerate((*values, None))]
    some = scan(written(tmp_path, rows), [Sum("x"), Variance("x")])
    assert guarded(some)
    found = execute(some)
    for number in (0, 1):
        exact = of_day(rows, number)
        state = moments(found, Variance("x"), number)
        assert (state.sum, state.squares) == (sum(exact), sum(x * x for x in exact))
        assert moments(found, Sum("x"), number).sum == sum(exact)
    assert not any("TRUNC" in sql for sql in list(ENGINE.statements)[-1:])


@pytest.mark.parametrize("values", [[1 / 3, 1e6], [math.pi * 1e-3, 1000.5], [1.0, math.nan], [1.0, math.inf]], ids=repr)
def test_other_doubles_are_summed_by_their_limbs(values: list[float], tmp_path: Path) -> None:
    assert not guarded(scan(written(tmp_path, [(DAYS[0], x, False) for x in values]), [Sum("x"), Variance("x")]))


def test_a_row_far_behind_that_is_not_whole_is_found_and_all_are_summed_by_their_limbs(tmp_path: Path) -> None:
    values = [*(float(n) for n in range(5000)), 1e-9]
    some = scan(written(tmp_path, rows := [(DAYS[0], x, True) for x in values]), [NumRows(), Sum("x"), Variance("x")])
    assert guarded(some)
    ran = len(ENGINE.statements)
    found = execute(some)
    first, second = list(ENGINE.statements)[ran:]
    assert HOLDS in first
    assert HOLDS not in second
    state = moments(found, Variance("x"))
    assert state.sum == sum(of_day(rows))
    assert state.count == 5001


def test_data_that_is_larger_than_it_was_is_summed_by_its_limbs(tmp_path: Path) -> None:
    class Grows(DuckRelationDataSource):
        """Files that are written anew between the question for their bounds and the scan."""

        def extent(self, columns: Any) -> Extent:
            known = found.extent(columns)
            written(tmp_path, rows)
            return known

    rows = [(DAYS[0], x, True) for x in (1.5, 2.0**61, -(2.0**90), 0.25)]
    found = written(tmp_path, [(DAYS[0], x, True) for x in (1.5, 2.25)])
    state = execute(scan(Grows(ENGINE, found.relation(), "rows"), [Variance("x")]))
    assert moments(state, Variance("x")).sum == sum(of_day(rows))


def test_a_metric_that_breaks_spoils_no_sum(tmp_path: Path) -> None:
    broken = CustomSql("SUM(CAST('three' AS INTEGER))")
    some = scan(written(tmp_path, [(DAYS[0], 1.5, True), (DAYS[0], 2.0, True)]), [broken, Sum("x"), Variance("x")])
    found = execute(some)
    assert "three" in found[broken, ResultKey(DAYS[0]), "rows"].failure()
    assert moments(found, Sum("x")).sum == Fraction(7, 2)


@pytest.mark.parametrize("largest", [1.0, 0.75, 1023.0, 1024.0, 5e-250, 1e15, 1e200])
def test_numbers_up_to_the_largest_have_62_bits_at_most(largest: float) -> None:
    power = power_for(largest)
    assert power is not None
    assert 2**59 <= abs(Fraction(largest) * Fraction(2) ** power) < 2**61


@pytest.mark.parametrize("largest", [5e-324, 1.7e308])
def test_magnitudes_whose_power_is_no_double_have_none(largest: float) -> None:
    assert power_for(largest) is None
