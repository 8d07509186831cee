"""Persisting is one transaction, gives every number an id, and may be done twice."""

from __future__ import annotations

import uuid
from dataclasses import replace
from fractions import Fraction

import pytest
import sqlalchemy as sa
from returns.maybe import Nothing
from returns.result import Success

from dqx_core.errors import StoreError
from dqx_core.metrics.metric import Metric
from dqx_core.states import Count, Total
from dqx_core.store import METRIC, SERIES, Execution, InMemoryMetricDB, MetricDB
from tests.core.store.numbers import KEY, PRICE, ROWS, day, many, measured, metric


def test_a_metric_comes_back_as_it_was_kept(db: MetricDB) -> None:
    kept = Metric.build(PRICE, KEY, Total(3, Fraction(7, 2)), "sales", "run-1", "v1")
    [written] = db.persist([kept])
    assert written == kept
    assert db.measured("run-1") == [kept]


def test_metadata_comes_back(db: MetricDB) -> None:
    db.persist([replace(metric(), metadata={"unverified": True, "rows": [1, 2]})])
    assert dict(db.measured("run-1")[0].metadata) == {"unverified": True, "rows": [1, 2]}


def test_persist_returns_the_metrics_in_order_each_with_an_id_that_finds_it(db: MetricDB) -> None:
    given = [metric(key=day(n), dataset=dataset) for n in (2, 0, 1) for dataset in ("b", None, "a")]
    written = db.persist(given)
    assert written == given
    assert len({m.metric_id for m in written}) == len(given)
    for one in written:
        assert one.metric_id is not None
        assert db.get(one.metric_id).unwrap() == one


def test_persisting_the_same_rows_twice_is_one_set_of_rows(db: MetricDB) -> None:
    first = db.persist(many(250, "run-1"))
    again = db.persist(many(250, "run-1"))
    assert [m.metric_id for m in again] == [m.metric_id for m in first]
    assert db.info().numbers == 250
    assert db.measured("run-1") == sorted(first, key=lambda m: (m.key.yyyy_mm_dd, m.spec.name))


def test_a_retried_step_replaces_its_own_rows(db: MetricDB) -> None:
    db.persist([metric("no non-null values"), metric(1, spec=ROWS)])
    db.persist([metric(5.5)])
    assert {m.spec: m.value for m in db.measured("run-1")} == {PRICE: Success(5.5), ROWS: Success(1)}


def test_of_one_number_twice_in_one_call_the_last_counts(db: MetricDB) -> None:
    db.persist([metric(1.5), metric(2.5)])
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1").unwrap() == 2.5


def test_one_call_may_hold_several_executions(db: MetricDB) -> None:
    db.persist([measured(1, execution_id="run-1"), measured(2, execution_id="run-2")])
    assert [m.value for m in db.measured("run-1")] == [Success(1.0)]
    assert [m.value for m in db.measured("run-2")] == [Success(2.0)]


def test_metrics_that_name_no_execution_belong_to_the_one_that_is_passed(db: MetricDB) -> None:
    written = db.persist([metric(execution_id=None)], execution=Execution("run-1", suite="Sales", keys=(KEY,)))
    assert [m.execution_id for m in written] == ["run-1"]
    assert db.execution("run-1").unwrap().suite == "Sales"


def test_a_metric_without_an_execution_is_refused_and_nothing_is_written(db: MetricDB) -> None:
    with pytest.raises(StoreError, match=r"average\(price\) for 2024-01-04 names no execution.*Nothing was written"):
        db.persist([metric(), metric(key=day(3), execution_id=None)])
    assert db.info().numbers == 0


def test_a_value_without_a_form_is_refused_and_nothing_is_written(db: MetricDB) -> None:
    bad = replace(metric(key=day(9)), value=Success(Fraction(1, 3)))  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="type Fraction is not a number"):
        db.persist([*many(3_000, "run-1"), bad])
    assert db.info().numbers == 0
    assert db.execution("run-1") == Nothing


def test_persisting_for_an_unknown_execution_records_it(db: MetricDB) -> None:
    db.persist([metric(execution_id="run-7")])
    known = db.execution("run-7").unwrap()
    assert known.started is not None
    assert known.suite is None


def test_nothing_to_persist_is_fine(db: MetricDB) -> None:
    assert db.persist([]) == []


def test_a_metric_may_belong_to_no_dataset(db: MetricDB) -> None:
    db.persist([metric(1.5, dataset=None), metric(2.5, dataset="None"), metric(3.5, dataset="")])
    found = {dataset: db.get_metric_value(PRICE, KEY, dataset, "run-1").unwrap() for dataset in (None, "None", "")}
    assert found == {None: 1.5, "None": 2.5, "": 3.5}


def test_an_id_that_no_store_gave_finds_nothing(db: MetricDB) -> None:
    db.persist([metric()])
    assert db.get(uuid.uuid4()) == Nothing
    assert db.get(uuid.UUID(int=0)) == Nothing
    assert db.get(uuid.UUID(int=8 << 76)) == Nothing


def test_an_id_of_another_store_finds_nothing(db: MetricDB) -> None:
    [here] = db.persist([metric(execution_id="here")])
    [there] = InMemoryMetricDB().persist([metric(execution_id="there")])
    assert here.metric_id is not None
    assert there.metric_id is not None
    assert db.get(here.metric_id).unwrap() == here
    assert db.get(there.metric_id) == Nothing


def test_numbers_of_every_size_of_batch_are_written(db: MetricDB) -> None:
    written = db.persist(many(4_321, "run-1"))
    assert len(written) == db.info().numbers == 4_321
    assert db.info().series == 100


def test_states_are_kept_whole(db: MetricDB) -> None:
    state = Count(2**70)
    db.persist([Metric.build(ROWS, KEY, state, "sales", "run-1")])
    assert db.measured("run-1")[0].state == state


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_series_that_vanished_behind_our_back_is_made_again(db: MetricDB, url: str) -> None:
    db.persist([metric(1.5)])
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for table in (METRIC, SERIES):
            connection.execute(sa.delete(table))
    db.persist([metric(2.5)])
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1").unwrap() == 2.5
