"""An execution is a closed world: what it uses is under its id, and its verdicts follow from that alone."""

import uuid

import pytest
from returns.result import Success

from dqx_core import InMemoryMetricDB
from dqx_core.evaluation import Evaluation
from tests.core.shop import ENGINE, a_check, day, key, recording, sales, source, suite

MOVES = a_check(
    lambda mp, ctx: [
        ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="moves").is_lt(0.5),
        ctx.assert_that(mp.ext.stddev(mp.average("price"), n=5)).where(name="spread").is_positive(),
        ctx.assert_that(mp.unique_count("email", lag=1)).where(name="before").is_eq(9),
    ]
)


def versioned(table=None, version="v1", **options):
    return source(table, data_version=lambda date, tags: version, **options)


def test_an_execution_id_is_a_random_uuid_unless_one_is_given():
    first, second = suite(MOVES), suite(MOVES)
    assert {uuid.UUID(ran.execution_id).version for ran in (first, second)} == {4}
    assert first.execution_id != second.execution_id
    assert suite(MOVES, execution_id="the-run").execution_id == "the-run"


def test_verdicts_follow_from_what_is_stored_under_the_id_and_from_nothing_else():
    db = InMemoryMetricDB()
    suite(MOVES, db=db, execution_id="history").run_many([versioned()], [key(n) for n in range(1, 10)])
    ran = suite(MOVES, db=db, execution_id="today")
    results = ran.run([versioned()], key(10))
    symbols = ran.collect_symbols()
    assert {r.status for r in results} == {"PASSED"}
    db.delete_execution("history")
    kept = db.measured("today", states=False)
    judged = Evaluation(ran.build(), "today", {(m.spec, m.key, m.dataset): m for m in kept})
    assert judged.results(key(10)) == results
    assert judged.symbols(key(10)) == symbols


def test_a_verdict_is_made_of_the_number_that_the_store_holds():
    db = InMemoryMetricDB()
    check = recording(rows=lambda mp: mp.num_rows())
    suite(check, db=db, execution_id="run").run([source()], key(10))
    (kept,) = db.measured("run")
    db.persist([type(kept)(kept.spec, kept.key, kept.dataset, None, Success(77), "run", kept.data_version)])
    # The number is there, for this version of the data: it is not measured again, and it is what counts.
    assert suite(check, db=db, execution_id="run").run([source()], key(10))[0].metric == Success(77)


def test_the_newest_of_several_executions_is_carried_forward():
    db = InMemoryMetricDB()
    check = recording(before=lambda mp: mp.num_rows(lag=1))
    for name, rows in (("old", 3), ("new", 4)):
        suite(recording(x=lambda mp: mp.num_rows()), db=db, execution_id=name).run(
            [versioned(sales([9], lambda n, rows=rows: [1.0] * rows))], key(9)
        )
    ran = suite(check, db=db)
    assert ran.run([versioned()], key(10))[0].metric == Success(4)
    assert ran.collect_symbols()[0].source_execution_id == "new"


def test_what_the_source_serves_no_more_is_carried_forward_and_marked_unverified():
    db = InMemoryMetricDB()
    suite(MOVES, db=db, execution_id="before").run_many([versioned()], [key(n) for n in range(1, 10)])
    ran = suite(MOVES, db=db, execution_id="today")
    ran.run([versioned(sales([9, 10]), "v2")], key(10))

    def prices(execution_id):
        of = {m.key.yyyy_mm_dd.day: m for m in db.measured(execution_id) if m.spec.name == "average(price)"}
        return {n: (m.source_execution_id, m.metadata.get("unverified", False)) for n, m in of.items()}

    assert prices("today") == {
        6: ("before", True),
        7: ("before", True),
        8: ("before", True),
        9: (None, False),
        10: (None, False),
    }
    # Once somebody vouches for that version of the data again, the mark is gone.
    db.delete_execution("before")
    suite(MOVES, db=db, execution_id="again").run([versioned(sales([10]), "v1")], key(10))
    assert {n: marked for n, (_, marked) in prices("again").items()} == {
        6: False,
        7: False,
        8: False,
        9: True,
        10: False,
    }


@pytest.mark.parametrize("dated", [True, False])
def test_what_nobody_can_say_is_missing(dated):
    before = {"date_column": None} if not dated else {}
    ran = suite(MOVES, history="shared")
    planned = ran.plan([versioned(sales([10]), **before)], [key(10)])
    results = ran.run([versioned(sales([10]), **before)], key(10))
    assert {r.status for r in results} == {"SKIPPED"}
    assert bool(planned.missing) is not dated, "with a date column the scan finds out which days are there"
    assert {m.key.yyyy_mm_dd for m in ran.db.measured(ran.execution_id)} == {day(10)}


@pytest.mark.parametrize("days", [1, 10])
def test_the_number_of_statements_does_not_grow_with_the_days(days):
    before = len(ENGINE.statements)
    check = recording(
        rows=lambda mp: mp.num_rows(), mean=lambda mp: mp.average("price"), two=lambda mp: mp.median("price")
    )
    suite(check).run_many([source()], [key(n) for n in range(11 - days, 11)])
    ran = [sql for sql in list(ENGINE.statements)[before:] if "yyyy_mm_dd" in sql]
    assert len(ran) == 2, "one pass for all plain aggregates, one for the quantile"
    assert all("2024-01-11" in sql for sql in ran)
