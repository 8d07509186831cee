"""A store over another one: history from below, everything written above."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from returns.result import Success

from dqx_core.errors import StoreError
from dqx_core.keys import ResultKey
from dqx_core.metrics.metric import Metric
from dqx_core.metrics.moments import Average
from dqx_core.report import AssertionResult, Severity, Status
from dqx_core.states import Total
from dqx_core.store import Execution, LayeredMetricDB, MetricDB, store_exists

PRICE = Average("price")
MONDAY, TUESDAY = ResultKey(dt.date(2024, 1, 1)), ResultKey(dt.date(2024, 1, 2))


def measured(db: MetricDB, run: str, key: ResultKey, total: int, version: str | None = None) -> None:
    metric = Metric.build(PRICE, key, Total(1, Fraction(total)), "sales", data_version=version)
    db.persist([metric], execution=Execution(run, suite="Sales", keys=(key,)))


def verdict(key: ResultKey, status: Status) -> AssertionResult:
    return AssertionResult(
        "Sales", "Prices", "Positive", key.yyyy_mm_dd, {}, Severity.P0, status, Success(1), "> 0", "x", (), "told"
    )


@pytest.fixture
def below(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'below.db'}"


@pytest.fixture
def layered(tmp_path: Path, below: str) -> Iterator[LayeredMetricDB]:
    """A store above one that knows Monday and Tuesday, of version a."""
    db = MetricDB(below)
    measured(db, "old", MONDAY, 10, "a")
    measured(db, "old", TUESDAY, 20, "a")
    db.persist_results("old", [verdict(MONDAY, Status.PASSED), verdict(TUESDAY, Status.PASSED)])
    db.close()
    made = LayeredMetricDB(f"sqlite:///{tmp_path / 'above.db'}", MetricDB(below, auto_migrate=False))
    yield made
    made.close()


def newest(db: MetricDB, *keys: ResultKey, version: str | None = None) -> dict[ResultKey, object]:
    wanted = [(PRICE, key, "sales") for key in keys]
    versions = None if version is None else dict.fromkeys(wanted, version)
    found = db.latest_many(wanted, data_versions=versions)
    return {key: metric.value.unwrap() for (_, key, _), metric in found.items()}


def test_history_comes_from_below_and_what_is_measured_above_outranks_it(layered: LayeredMetricDB) -> None:
    assert newest(layered, MONDAY, TUESDAY) == {MONDAY: 10, TUESDAY: 20}
    measured(layered, "new", TUESDAY, 21, "b")

    assert newest(layered, MONDAY, TUESDAY) == {MONDAY: 10, TUESDAY: 21}
    assert newest(layered, MONDAY, TUESDAY, version="b") == {TUESDAY: 21}
    assert newest(layered, MONDAY, version="a") == {MONDAY: 10}


def test_a_failure_above_is_no_reason_to_believe_the_older_number_below(layered: LayeredMetricDB) -> None:
    failed = Metric.failed(PRICE, TUESDAY, "no column", "sales", "new", None)
    layered.persist([failed], execution=Execution("new", suite="Sales", keys=(TUESDAY,)))

    assert newest(layered, MONDAY, TUESDAY) == {MONDAY: 10}


def test_a_number_that_is_carried_forward_names_the_execution_below(layered: LayeredMetricDB) -> None:
    carried = layered.latest_many([(PRICE, MONDAY, "sales")])[PRICE, MONDAY, "sales"].carried_into("new")
    layered.persist([carried], execution=Execution("new", suite="Sales", keys=(TUESDAY,)))

    [number] = layered.symbols("new")
    assert (number.value, number.source_execution_id) == (Success(10), "old")


def test_verdicts_come_from_below_where_there_is_none_above(layered: LayeredMetricDB) -> None:
    measured(layered, "new", TUESDAY, 21)
    layered.persist_results("new", [verdict(TUESDAY, Status.FAILED)])

    found = {(result.yyyy_mm_dd.day, result.status): run for result, run in layered.latest_results("Sales").items()}
    assert found == {(1, Status.PASSED): "old", (2, Status.FAILED): "new"}
    assert list(layered.latest_results("Sales", from_date=dt.date(2024, 1, 2)).values()) == ["new"]


def test_nothing_is_written_below(layered: LayeredMetricDB, below: str) -> None:
    measured(layered, "new", TUESDAY, 21)
    layered.close()

    db = MetricDB(below)
    assert [execution.execution_id for execution in db.executions()] == ["old"]
    assert newest(db, TUESDAY) == {TUESDAY: 20}
    db.close()


def test_looking_for_a_store_makes_none(tmp_path: Path, below: str) -> None:
    assert not store_exists(below)
    assert not store_exists("sqlite://")
    assert list(tmp_path.iterdir()) == []
    MetricDB(below).close()
    assert store_exists(below)
    (tmp_path / "notes.db").write_text("not a database, but long enough to look like one" * 10)
    with pytest.raises(StoreError):
        store_exists(f"sqlite:///{tmp_path / 'notes.db'}")
