"""An execution is a closed world: what is read under its id is what was written under its id."""

from __future__ import annotations

import datetime as dt

import pytest
from returns.maybe import Nothing, Some
from returns.result import Failure, Success

from dqx_core.keys import ResultKey
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.counts import NullCount
from dqx_core.metrics.distinct import DuplicateCount
from dqx_core.retrieval import metrics_by_execution_id
from dqx_core.store import Execution, MetricDB
from tests.core.store.numbers import KEY, PRICE, ROWS, day, measured, metric


def test_two_executions_over_the_same_day_never_read_each_other(db: MetricDB) -> None:
    db.persist([metric(1.5, execution_id="run-1"), metric(2.5, execution_id="run-2")])
    db.persist([metric(7, spec=ROWS, execution_id="run-2")])
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1") == Some(1.5)
    assert db.get_metric_value(PRICE, KEY, "sales", "run-2") == Some(2.5)
    assert db.get_metric_value(ROWS, KEY, "sales", "run-1") == Nothing
    assert db.get_metric_window(ROWS, KEY, 0, 7, "sales", "run-1") == Nothing
    assert [m.spec for m in db.measured("run-1")] == [PRICE]


@pytest.mark.parametrize(
    "other",
    [
        (ROWS, KEY, "sales"),
        (PRICE, KEY.lag(1), "sales"),
        (PRICE, ResultKey(KEY.yyyy_mm_dd), "sales"),
        (PRICE, ResultKey(KEY.yyyy_mm_dd, {"env": "prod"}), "sales"),
        (PRICE, KEY, "orders"),
        (PRICE, KEY, None),
    ],
    ids=["spec", "day", "no tags", "tags", "dataset", "no dataset"],
)
def test_spec_day_tags_and_dataset_all_belong_to_the_identity_of_a_number(
    db: MetricDB, other: tuple[MetricSpec, ResultKey, str | None]
) -> None:
    db.persist([metric(1.5)])
    spec, key, dataset = other
    assert db.get_metric_value(spec, key, dataset, "run-1") == Nothing
    db.persist([metric(2.5, spec=spec, key=key, dataset=dataset)])
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1") == Some(1.5)


def test_every_parameter_of_a_spec_belongs_to_its_identity(db: MetricDB) -> None:
    specs = [NullCount("a"), NullCount("b"), NullCount("a", where="x > 1"), DuplicateCount(("a",))]
    db.persist([metric(n, spec=spec) for n, spec in enumerate(specs)])
    assert [db.get_metric_value(spec, KEY, "sales", "run-1") for spec in specs] == [Some(n) for n in range(4)]
    assert {m.spec for m in db.measured("run-1")} == set(specs)


def test_a_lookup_without_a_number_says_what_was_looked_for(db: MetricDB) -> None:
    db.persist([metric()])
    assert db.lookup(PRICE, ResultKey(dt.date(2024, 1, 2)), "sales", "6f12") == Failure(
        "Metric average(price) for 2024-01-02 on dataset 'sales' in execution 6f12 not found!"
    )
    assert db.lookup(PRICE, KEY, None, "run-1") == Failure(
        "Metric average(price) for 2024-01-02 (env=test) in execution run-1 not found!"
    )


def test_a_lookup_of_a_failed_number_gives_its_reason(db: MetricDB) -> None:
    db.persist([metric("no non-null values"), metric("", spec=ROWS)])
    assert db.lookup(PRICE, KEY, "sales", "run-1") == Failure("no non-null values")
    assert db.lookup(ROWS, KEY, "sales", "run-1") == Failure("")
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1") == Nothing


def test_a_window_holds_the_days_that_have_a_number(db: MetricDB) -> None:
    db.persist([metric(float(n) + 0.5, key=day(n)) for n in range(10) if n != 6])
    db.persist([metric("broken", key=day(7)), metric(99.5, key=day(6), execution_id="run-2")])
    found = db.get_metric_window(PRICE, day(9), 1, 4, "sales", "run-1").unwrap()
    assert dict(found) == {day(5).yyyy_mm_dd: 5.5, day(8).yyyy_mm_dd: 8.5}
    assert list(found) == sorted(found)


def test_a_window_crosses_years_and_leap_days(db: MetricDB) -> None:
    last = ResultKey(dt.date(2024, 3, 1))
    db.persist([metric(n, key=last.lag(n)) for n in range(400)])
    found = db.get_metric_window(PRICE, last, 0, 400, "sales", "run-1").unwrap()
    assert len(found) == 400
    assert found[dt.date(2024, 2, 29)] == 1
    assert found[dt.date(2023, 12, 31)] == 61


def test_metrics_by_execution_id_is_everything_in_order_with_reserved_tag(db: MetricDB) -> None:
    key = day(9, {"env": "test"})
    db.persist([metric(1.5, key=key.lag(7), execution_id="run-0")])
    carried = db.latest(PRICE, key.lag(7), "sales").unwrap().carried_into("run-1")
    db.persist(
        [metric(9.5, key=key), metric("no rows", key=key, spec=ROWS), carried],
        execution=Execution("run-1", keys=(key,)),
    )
    found = metrics_by_execution_id(db, "run-1")
    assert [(s.name, s.metric, s.yyyy_mm_dd, s.value, s.lag, s.source_execution_id) for s in found] == [
        ("m_1", "average(price)", key.lag(7).yyyy_mm_dd, Success(1.5), 7, "run-0"),
        ("m_2", "average(price)", key.yyyy_mm_dd, Success(9.5), 0, None),
        ("m_3", "num_rows()", key.yyyy_mm_dd, Failure("no rows"), 0, None),
    ]
    assert all(s.tags == {"env": "test", "__execution_id": "run-1"} for s in found)
    assert all(s.dataset == "sales" for s in found)


def test_an_unknown_execution_used_nothing(db: MetricDB) -> None:
    assert metrics_by_execution_id(db, "nobody") == []
    assert db.measured("nobody") == []
    assert db.results("nobody") == []


def test_a_number_carried_forward_keeps_its_provenance_through_many_hands(db: MetricDB) -> None:
    db.persist([measured(3, execution_id="run-0")])
    for number in range(1, 4):
        source = db.measured(f"run-{number - 1}")[0]
        db.persist([source.carried_into(f"run-{number}")])
    last = db.measured("run-3")[0]
    assert last.source_execution_id == "run-0"
    assert last.value == Success(3.0)
    assert last.state == db.measured("run-0")[0].state


def test_deleting_an_execution_leaves_what_others_carried_forward(db: MetricDB) -> None:
    db.persist([measured(3, execution_id="run-0")])
    db.persist([db.measured("run-0")[0].carried_into("run-1")])
    assert db.delete_execution("run-0")
    assert db.measured("run-0") == []
    assert db.execution("run-0") == Nothing
    assert [e.execution_id for e in db.executions()] == ["run-1"]
    assert db.measured("run-1")[0].source_execution_id == "run-0"
    assert not db.delete_execution("run-0")
    assert not db.delete_execution("nobody")


def test_a_deleted_execution_may_be_written_again(db: MetricDB) -> None:
    db.persist([metric(1.5)], execution=Execution("run-1", suite="Sales", parameters={"a": 1}))
    db.delete_execution("run-1")
    db.persist([metric(2.5)])
    assert db.execution("run-1").unwrap().suite is None
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1") == Some(2.5)


def test_exists_within_one_execution_and_across_all(db: MetricDB) -> None:
    db.persist([metric("broken")])
    assert db.exists(PRICE, KEY, "sales")
    assert db.exists(PRICE, KEY, "sales", "run-1")
    assert not db.exists(PRICE, KEY, "sales", "run-2")
    assert not db.exists(PRICE, KEY.lag(1), "sales")
    assert not db.exists(ROWS, KEY, "sales")
