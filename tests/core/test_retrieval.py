"""The history of a metric and the difference of two executions, as people ask for them."""

from __future__ import annotations

import pytest
from returns.result import Failure, Success

from dqx_core.errors import DefinitionError
from dqx_core.metrics.moments import Average
from dqx_core.retrieval import compare_executions, metric_history
from dqx_core.store import Execution, InMemoryMetricDB, MetricDB
from tests.core.store.numbers import ROWS, day, metric


@pytest.fixture
def db() -> MetricDB:
    return InMemoryMetricDB()


def test_the_history_of_a_metric_is_found_by_the_name_it_is_printed_with(db: MetricDB) -> None:
    db.persist([metric(n + 0.5, key=day(n), execution_id="first", data_version="v1") for n in range(3)])
    db.persist([metric("no rows", key=day(1), execution_id="second")])
    points = metric_history(db, "sales", "average(price)")
    assert [(p.yyyy_mm_dd.day, p.value, p.execution_id, p.data_version) for p in points] == [
        (1, Success(0.5), "first", "v1"),
        (2, Failure("no rows"), "second", None),
        (3, Success(2.5), "first", "v1"),
    ]
    one = metric_history(db, "sales", "average(price)", from_date=day(1).yyyy_mm_dd, until_date=day(1).yyyy_mm_dd)
    assert one == points[1:2]


def test_the_history_is_of_all_tags_or_of_those_asked_for(db: MetricDB) -> None:
    db.persist([metric(n, key=day(0, {"split": s})) for n, s in enumerate(["train", "eval"])])
    assert [p.tags["split"] for p in metric_history(db, "sales", "average(price)")] == ["train", "eval"]
    assert [p.value for p in metric_history(db, "sales", "average(price)", tags={"split": "eval"})] == [Success(1)]
    assert metric_history(db, "sales", "average(price)", tags={}) == []


def test_a_metric_that_was_never_measured_is_an_error_with_a_way_out(db: MetricDB) -> None:
    db.persist([metric()])
    with pytest.raises(
        DefinitionError, match=r"average\(prise\) was never measured .* Did you mean 'average\(price\)'"
    ):
        metric_history(db, "sales", "average(prise)")
    with pytest.raises(DefinitionError, match=r"Nothing was ever measured on dataset 'sale'\. Did you mean 'sales'"):
        metric_history(db, "sale", "average(price)")


def test_days_without_a_number_are_no_error(db: MetricDB) -> None:
    db.persist([metric(key=day(0))])
    assert metric_history(db, "sales", "average(price)", from_date=day(5).yyyy_mm_dd) == []


def test_two_executions_of_one_day_differ_in_what_moved(db: MetricDB) -> None:
    other = Average("other")
    db.persist(
        [metric(4, key=day(1)), metric(2, key=day(0)), metric(9, key=day(1), spec=ROWS), metric("x", spec=other)],
        execution=Execution("run-1", keys=(day(1),)),
    )
    db.persist(
        [
            metric(5, key=day(1), execution_id="run-2"),
            metric(2, key=day(0), execution_id="run-2"),
            metric("no rows", key=day(1), spec=ROWS, execution_id="run-2"),
        ],
        execution=Execution("run-2", keys=(day(1),)),
    )
    changes = compare_executions(db, "run-1", "run-2")
    assert [(c.metric, c.before, c.after) for c in changes] == [
        ("average(other)", Failure("x"), None),
        ("average(price)", Success(4), Success(5)),
        ("num_rows()", Success(9), Failure("no rows")),
    ]
    assert [(c.difference, c.relative) for c in changes] == [(None, None), (1, 0.25), (None, None)]


def test_executions_of_two_days_are_compared_lag_by_lag(db: MetricDB) -> None:
    for number in (1, 2):
        db.persist(
            [
                metric(number * 10, key=day(number), execution_id=f"run-{number}"),
                metric((number - 1) * 10, key=day(number - 1), execution_id=f"run-{number}"),
            ],
            execution=Execution(f"run-{number}", keys=(day(number),)),
        )
    changes = compare_executions(db, "run-1", "run-2")
    assert [(c.before_date, c.after_date, c.before, c.after, c.relative) for c in changes] == [
        (day(0).yyyy_mm_dd, day(1).yyyy_mm_dd, Success(0), Success(10), None),
        (day(1).yyyy_mm_dd, day(2).yyyy_mm_dd, Success(10), Success(20), 1.0),
    ]


def test_executions_of_many_days_are_compared_day_by_day(db: MetricDB) -> None:
    for number in (1, 2):
        keys = tuple(day(n) for n in range(number, number + 3))
        db.persist(
            [metric(key.yyyy_mm_dd.day * 10, key=key, execution_id=f"run-{number}") for key in keys],
            execution=Execution(f"run-{number}", keys=keys),
        )
    changes = compare_executions(db, "run-1", "run-2")
    assert [(c.before_date, c.after_date) for c in changes] == [
        (day(1).yyyy_mm_dd, None),
        (None, day(4).yyyy_mm_dd),
    ]


def test_comparing_with_an_execution_that_never_was_is_an_error_with_a_way_out(db: MetricDB) -> None:
    db.persist([metric()])
    with pytest.raises(DefinitionError, match=r"Execution 'run-2' is not in the store\. Did you mean 'run-1'"):
        compare_executions(db, "run-1", "run-2")
