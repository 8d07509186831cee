"""Across executions the newest measurement counts: for carrying forward, for latest and for history."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
from returns.maybe import Nothing
from returns.result import Success

from dqx_core.metrics.moments import Average
from dqx_core.store import EXECUTION, METRIC, SERIES, Execution, InMemoryMetricDB, MetricDB
from tests.core.store.numbers import KEY, PRICE, ROWS, day, measured, metric

ITEM = (PRICE, KEY, "sales")


def test_the_newest_execution_wins(db: MetricDB) -> None:
    for number in range(3):
        db.persist([metric(number + 0.5, execution_id=f"run-{number}")])
    assert db.latest(*ITEM).unwrap().value == Success(2.5)
    assert db.latest_many([ITEM])[ITEM].execution_id == "run-2"


def test_a_rerun_of_an_old_day_supersedes_it(db: MetricDB) -> None:
    db.persist([metric(1.5, key=day(0), execution_id="monday"), metric(2.5, key=day(1), execution_id="tuesday")])
    db.persist([metric(1.75, key=day(0), execution_id="repair")])
    assert db.latest(PRICE, day(0), "sales").unwrap().execution_id == "repair"
    assert db.latest(PRICE, day(1), "sales").unwrap().execution_id == "tuesday"


def test_a_copy_that_was_carried_forward_never_outranks_what_was_measured_after_it(db: MetricDB) -> None:
    db.persist([metric(1.5, execution_id="first")])
    old = db.latest(*ITEM).unwrap()
    db.persist([metric(2.5, execution_id="second")])
    db.persist([old.carried_into("third")])
    assert db.latest(*ITEM).unwrap().execution_id == "second"
    assert db.history(PRICE, "sales", KEY.tags)["value"].tolist() == [2.5]


def test_an_execution_that_began_first_and_measures_last_is_the_newest(db: MetricDB) -> None:
    db.begin_execution(Execution("early"))
    db.persist([metric(1.5, execution_id="late")])
    db.persist([metric(2.5, execution_id="early")])
    assert db.latest(*ITEM).unwrap().execution_id == "early"
    assert db.latest_many([ITEM])[ITEM].value == Success(2.5)
    assert db.history(PRICE, "sales", KEY.tags)["execution_id"].tolist() == ["early"]
    assert [point.execution_id for point in db.points("sales", PRICE.name)] == ["early"]
    assert [execution.execution_id for execution in db.executions()] == ["early", "late"]


def test_a_step_that_measures_again_is_the_newest_again(db: MetricDB) -> None:
    db.persist([metric(1.5, execution_id="first")])
    db.persist([metric(2.5, execution_id="second")])
    db.persist([metric(3.5, execution_id="first")])
    assert db.latest(*ITEM).unwrap().value == Success(3.5)


def test_a_copy_is_as_old_as_its_source_whoever_hands_it_over(db: MetricDB) -> None:
    """Also where the store has to look for the source: the number comes from elsewhere, or was made by hand."""
    db.persist([metric(1.5, execution_id="source")])
    db.persist([metric(2.5, execution_id="newer")])
    db.persist([metric(1.5, execution_id="by hand", source="source")])
    other = InMemoryMetricDB()
    for number in range(20):
        other.persist([metric(number, execution_id="elsewhere")])
    db.persist([other.latest(*ITEM).unwrap().carried_into("foreign")])
    other.close()
    assert db.latest(*ITEM).unwrap().execution_id == "newer"
    db.delete_execution("source")
    [copy] = db.measured("by hand")
    db.persist([replace(copy.carried_into("by other hands"), measured_at=None)])
    db.delete_execution("newer")
    assert db.latest(*ITEM).unwrap().source_execution_id == "source"
    assert db.expire(dt.timedelta(0)) == 2
    assert [(m.execution_id, m.source_execution_id) for m in db.search()] == [("by hand", "source")]


def test_of_a_measurement_and_its_copies_the_measurement_itself_is_given(db: MetricDB) -> None:
    db.persist([measured(3, execution_id="first")])
    db.persist([db.latest(*ITEM).unwrap().carried_into("second")])
    found = db.latest_many([ITEM])[ITEM]
    assert (found.execution_id, found.source_execution_id) == ("first", None)
    db.delete_execution("first")
    found = db.latest_many([ITEM])[ITEM]
    assert (found.execution_id, found.source_execution_id) == ("second", "first")


def test_a_failed_number_is_never_carried_forward_nor_what_it_superseded(db: MetricDB) -> None:
    db.persist([metric(1.5, execution_id="first")])
    db.persist([metric("no non-null values", execution_id="second")])
    assert db.latest_many([ITEM]) == {}
    assert db.latest(*ITEM).unwrap().execution_id == "second"
    db.persist([metric(3.5, execution_id="third")])
    assert db.latest_many([ITEM])[ITEM].value == Success(3.5)


def test_with_a_data_version_the_newest_of_that_version_counts(db: MetricDB) -> None:
    db.persist([metric(1.5, execution_id="a", data_version="v1"), metric(2.5, execution_id="b", data_version="v2")])
    db.persist([metric(3.5, execution_id="c", data_version="v1"), metric(4.5, execution_id="d")])

    def value(version: str | None) -> object:
        found = db.latest_many([ITEM], data_versions={ITEM: version})
        return found[ITEM].value.unwrap() if ITEM in found else None

    assert [value("v1"), value("v2"), value(None), value("v3")] == [3.5, 2.5, None, None]
    assert db.latest(*ITEM, data_version="v2").unwrap().value == Success(2.5)
    assert db.latest(*ITEM).unwrap().value == Success(4.5)


def test_many_are_found_at_once_whatever_their_days_tags_and_datasets(db: MetricDB) -> None:
    written = [
        metric(n, spec=Average(f"column_{n % 7}"), key=day(n % 50, {"n": str(n % 3)}), dataset=["a", "b", None][n % 3])
        for n in range(1_050)
    ]
    db.persist(written)
    wanted = [(m.spec, m.key, m.dataset) for m in written]
    absent = (PRICE, KEY, "sales")
    found = db.latest_many([*wanted, absent])
    assert found.keys() == set(wanted)
    last = dict(zip(wanted, written, strict=True))
    assert {item: m.value for item, m in found.items()} == {item: m.value for item, m in last.items()}


def test_nothing_is_newest_in_an_empty_store(db: MetricDB) -> None:
    assert db.latest(*ITEM) == Nothing
    assert db.latest_many([ITEM]) == {}
    assert db.latest_many([]) == {}
    assert db.history(PRICE, "sales").empty


def test_history_is_a_frame_of_the_newest_measurement_of_each_day(db: MetricDB) -> None:
    db.persist([metric(n + 0.5, key=day(n), execution_id="first", data_version="v1") for n in range(5)])
    db.persist([metric("no rows", key=day(2), execution_id="second"), metric(9, key=day(3), execution_id="second")])
    db.persist([metric(100.5, key=day(1, {"env": "other"}), execution_id="third")])
    frame = db.history(PRICE, "sales", {}, day(1).yyyy_mm_dd, day(3).yyyy_mm_dd)
    expected = pd.DataFrame(
        {
            "yyyy_mm_dd": [day(n).yyyy_mm_dd for n in (1, 2, 3)],
            "value": [1.5, float("nan"), 9.0],
            "error": pd.Series([None, "no rows", None], dtype="object"),  # whatever pandas makes of text
            "execution_id": pd.Series(["first", "second", "second"], dtype="object"),
            "data_version": pd.Series(["v1", None, None], dtype="object"),
            "window_start": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"], utc=True).as_unit("us"),
            "window_end": pd.to_datetime(["2024-01-03", "2024-01-04", "2024-01-05"], utc=True).as_unit("us"),
        }
    )
    pd.testing.assert_frame_equal(frame, expected)
    assert len(db.history(PRICE, "sales")) == 5


def test_search_takes_conditions_on_the_columns(db: MetricDB) -> None:
    db.persist([metric(n, key=day(n), dataset="ab"[n % 2]) for n in range(6)])
    db.persist([metric(3, spec=ROWS, execution_id="run-2")])
    found = db.search(SERIES.c.dataset == "a", METRIC.c.value > 1, METRIC.c.yyyy_mm_dd <= day(4).yyyy_mm_dd)
    assert [m.value.unwrap() for m in found] == [2, 4]
    assert [m.spec for m in db.search(EXECUTION.c.execution_id == "run-2")] == [ROWS]
    assert [m.spec for m in db.search(SERIES.c.metric == "num_rows()")] == [ROWS]
    assert len(db.search()) == 7
