"""Sums of doubles do not depend on the order of rows or the number of threads, and say where they are exact."""

import math
import random
from fractions import Fraction

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from dqx_core import DuckDB, DuckRelationDataSource, ResultKey
from dqx_core.execution import execute
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.moments import Average, Stddev, Sum, Variance
from dqx_core.planning import Scan
from dqx_core.states import encode
from tests.core.cases import DAYS

SPECS = [Sum("x"), Average("x"), Variance("x"), Stddev("x"), Stddev("n"), Stddev("x", where="n > 100")]


def states(table, threads):
    connection = duckdb.connect(config={"threads": threads})
    source = DuckRelationDataSource.from_arrow(table, "rows", engine=DuckDB(connection))
    found = execute(Scan(source, tuple((spec, ResultKey(DAYS[0]), "rows") for spec in SPECS)))
    return {spec: state.unwrap() for (spec, _, _), state in found.items()}


def test_one_and_two_threads_and_any_order_of_rows_give_the_same_bits():
    # Magnitudes in [2⁻³⁵, 2⁶²), where squares are exact too.
    rng = np.random.default_rng(7)
    x = np.concatenate(
        [
            rng.lognormal(0, 3, 200_000),
            -np.maximum(rng.lognormal(0, 9, 100_000), 1e-9),
            (1 + rng.random(100_000)) * 1e-9,
        ]
    )
    n = rng.integers(-(2**40), 2**40, len(x))
    table = pa.table({"x": x, "n": n})
    shuffled = table.take(pa.array(rng.permutation(len(x))))
    one, two, other = states(table, 1), states(table, 2), states(shuffled, 2)
    for spec in SPECS:
        assert encode(one[spec]) == encode(two[spec]) == encode(other[spec])
        assert spec.value(one[spec]) == spec.value(other[spec])
    assert one[Sum("x")].sum == sum(map(Fraction, x.tolist()))
    # Squares: to 2⁻¹²⁴ a row.
    assert abs(one[Stddev("x")].squares - sum(Fraction(v) ** 2 for v in x.tolist())) < Fraction(len(x), 2**124)


@pytest.mark.parametrize(
    "values",
    [
        [0.1] * 10,
        [2.0**-71, 1.0, -(2.0**-71)],
        [2.0**123, 1.0, -(2.0**123)],
        [1e16, 1.0, -1e16],
        [math.pi * 2.0**k for k in range(-60, 110)],
        [-0.0, 0.0],
        [float(2**63), float(2**62), 2.0**62 + 2.0**30, -(2.0**63)],
        [0.001 * random.Random(3).random() for _ in range(100)],
    ],
)
def test_sums_are_exact_for_zero_and_magnitudes_from_2_to_the_minus_71_to_2_to_the_124(values):
    state = states(pa.table({"x": values, "n": [0] * len(values)}), 1)[Sum("x")]
    assert (state.sum, state.rest) == (sum(map(Fraction, values)), 0.0)


@pytest.mark.parametrize(
    "values",
    [
        [0.1, 0.2, 0.7],
        [1e9 + 0.1, 1e9 + 0.2, 1e9 + 0.3],
        [1.7e18, 1.7e18 + 4096, 1.7e18 - 4096],
        [2.0**61, -(2.0**61), 3.0],
        [1e-9, 2e-9, 4e-9],
        [123456.789, 1.5, -0.001],
    ],
)
def test_a_variance_does_not_cancel(values):
    state = states(pa.table({"x": values, "n": [0] * len(values)}), 1)[Variance("x")]
    exact = [Fraction(v) for v in values]
    mean = sum(exact) / len(exact)
    assert Variance("x").value(state).unwrap() == pytest.approx(
        float(sum((v - mean) ** 2 for v in exact) / (len(exact) - 1)), rel=1e-15
    )


@pytest.mark.parametrize(("values", "total"), [([1e-300, 1e300], 1e300), ([1e-30], 1e-30), ([math.inf, 1.0], math.inf)])
def test_outside_that_range_a_sum_is_a_floating_point_sum(values, total):
    state = states(pa.table({"x": values, "n": [0] * len(values)}), 1)[Sum("x")]
    assert state.value == total


def test_squares_of_integers_are_exact_up_to_64_bits():
    values = [2**63 - 1, -(2**63), 2**31, 2**31 - 1, -(2**31), 0, 5, 2**62]
    state = states(pa.table({"x": [0.0] * len(values), "n": values}), 2)[Stddev("n")]
    assert (state.sum, state.squares) == (sum(values), sum(v * v for v in values))


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16(), pa.uint32(), pa.int64()])
def test_squares_of_the_extremes_of_every_integer_type_are_exact(kind):
    signed, bits = pa.types.is_signed_integer(kind), kind.bit_width
    values = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1]
    values = [*values * 3, 1, None]
    table = pa.table({"x": [0.0] * len(values), "n": pa.array(values, kind)})
    state = states(table, 2)[Stddev("n")]
    assert state.squares == sum(v * v for v in values if v is not None)


def test_ten_million_and_nineteen_rows_are_counted_and_summed_to_the_last_one():
    engine = DuckDB()
    rows = 10_000_019
    relation = engine.connection.sql(f"SELECT range AS n, 0.1 AS tenth FROM range({rows})")
    source = DuckRelationDataSource.from_relation(engine, relation.select("n, tenth::DOUBLE AS x"), "rows")
    specs = [NumRows(), Sum("n"), Sum("x")]
    found = execute(Scan(source, tuple((spec, ResultKey(DAYS[0]), "rows") for spec in specs)))
    counted, whole, tenths = (spec.value(found[spec, ResultKey(DAYS[0]), "rows"].unwrap()).unwrap() for spec in specs)
    assert counted == rows
    assert whole == rows * (rows - 1) // 2
    assert tenths == float(Fraction(0.1) * rows)
