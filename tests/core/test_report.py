"""What a verification says, to people and to programs."""

import json
import math

import pytest

from tests.core.shop import a_check, key, source, suite


def body(mp, ctx):
    ctx.assert_that(mp.num_rows()).where(name="Many", severity="P0").is_geq(8)
    ctx.assert_that(mp.average("price", where="price < 0")).where(name="Mean").is_positive()
    ctx.assert_that(mp.ext.mean(mp.num_rows(), n=20)).where(name="History").noop()
    ctx.assert_that(mp.num_rows()).where(name="Few").is_lt(5)


@pytest.fixture(scope="module")
def report():
    ran = suite(a_check(body, "Sales"), execution_id="run-1")
    ran.run_many([source()], [key(10, env="test")])
    return ran.report()


def test_printed_it_says_how_many_of_each_and_one_line_an_assertion(report):
    assert str(report).splitlines() == [
        "Suite, execution run-1: 1 PASSED, 1 FAILED, 1 SKIPPED, 1 ERROR",
        "2024-01-10 (env=test)",
        "  PASSED  P0 Sales › Many: num_rows() = 10, is ≥ 8",
        "  ERROR   P1 Sales › Mean: average(price) where price < 0 on 2024-01-10: no non-null values",
        "  SKIPPED P1 Sales › History: mean(num_rows(), n=20) needs 20 of 20 days and has 10; 10 missing: 2023-12-22, "
        "2023-12-23, 2023-12-24, 2023-12-25, 2023-12-26, …",
        "  FAILED  P1 Sales › Few: num_rows() = 10, is not < 5",
    ]


def test_as_json_it_holds_values_reasons_and_symbols(report):
    said = json.loads(report.to_json())
    assert said["counts"] == {"PASSED": 1, "FAILED": 1, "SKIPPED": 1, "ERROR": 1}
    many, mean = said["results"][:2]
    assert (many["value"], many["status"], many["tags"], many["bound"]) == (10, "PASSED", {"env": "test"}, "≥ 8")
    assert (mean["value"], mean["reasons"]) == (
        None,
        ["average(price) where price < 0 on 2024-01-10: no non-null values"],
    )
    assert said["symbols"][0]["metric"] == "num_rows()"


def test_as_a_frame_it_has_one_row_an_assertion(report):
    frame = report.to_pandas()
    assert list(frame["status"]) == ["PASSED", "ERROR", "SKIPPED", "FAILED"]
    assert frame["value"][0] == 10.0
    assert math.isnan(frame["value"][1])
