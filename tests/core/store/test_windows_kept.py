"""Numbers and verdicts of any window: hours of a day, days of a zone, months, each kept apart and found by its key."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from returns.maybe import Nothing
from returns.result import Success

from dqx_core.calendars import Window
from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey
from dqx_core.report import AssertionResult, Status, SymbolInfo
from dqx_core.retrieval import compare_executions
from dqx_core.store import Execution, MetricDB
from dqx_core.store.lags import windows_before
from tests.core.store.numbers import PRICE, day, metric, verdict

MIDNIGHT = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
NO_AGE = dt.timedelta(0)


@dataclass(frozen=True)
class Hours:
    """The hours, filed under the dates of UTC."""

    name: str = "hours"

    def at(self, moment: dt.datetime) -> Window:
        """The hour that holds a moment."""
        start = moment.replace(minute=0, second=0, microsecond=0)
        return Window(start, start + HOUR)

    def before(self, window: Window, n: int) -> Window:
        """The n-th hour before."""
        return Window(window.start - n * HOUR, window.end - n * HOUR)

    def day_of(self, window: Window) -> dt.date:
        """The date of its start."""
        return window.start.date()

    def label(self, window: Window) -> str:
        """Date and hour."""
        return f"{window.start:%Y-%m-%d-%H:%M}"


HOURS = Hours()


def hour(number: int) -> ResultKey:
    """The nth hour of the second of January 2024."""
    start = MIDNIGHT + number * HOUR
    return ResultKey.of(Window(start, start + HOUR), calendar=HOURS)


def between(first: str, last: str, filed: str) -> ResultKey:
    """A window by its moments in UTC."""
    moments = (dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) for text in (first, last))
    return ResultKey(dt.date.fromisoformat(filed), {}, Window(*moments))


TUESDAY = ResultKey(dt.date(2024, 1, 2))
AMSTERDAM = between("2024-01-01 23:00", "2024-01-02 23:00", "2024-01-02")
JANUARY = between("2024-01-01", "2024-02-01", "2024-01-01")
OF_ONE_DATE = [TUESDAY, AMSTERDAM, *(hour(n) for n in range(24))]


def test_windows_of_one_date_are_kept_apart_and_each_is_found(db: MetricDB) -> None:
    written = db.persist([metric(n, key=key) for n, key in enumerate(OF_ONE_DATE)])
    for number, (key, kept) in enumerate(zip(OF_ONE_DATE, written, strict=True)):
        assert db.get_metric_value(PRICE, key, "sales", "run-1").unwrap() == number
        assert db.lookup(PRICE, key, "sales", "run-1") == Success(number)
        assert db.latest(PRICE, key, "sales").unwrap() == kept
        assert kept.metric_id is not None
        assert db.get(kept.metric_id).unwrap() == kept
        assert db.exists(PRICE, key, "sales")
        assert db.exists(PRICE, key, "sales", "run-1")
    wanted = [(PRICE, key, "sales") for key in OF_ONE_DATE]
    newest = db.latest_many(wanted)
    assert [newest[item].value.unwrap() for item in wanted] == list(range(26))
    assert len(db.latest_many(wanted[5:8])) == 3
    assert {m.key for m in db.measured("run-1")} == set(OF_ONE_DATE)
    assert not db.exists(PRICE, hour(24), "sales")
    assert db.latest(PRICE, between("2024-01-02 00:00", "2024-01-02 02:00", "2024-01-02"), "sales") == Nothing
    said = str(db.lookup(PRICE, replace(hour(24)), "sales", "run-1").failure())
    assert said == "Metric average(price) for 2024-01-03-00:00 on dataset 'sales' in execution run-1 not found!"


def test_writing_a_window_again_replaces_it_and_no_other(db: MetricDB) -> None:
    db.persist([metric(n, key=hour(n)) for n in range(3)])
    db.persist([metric(10, key=hour(1))])
    assert [m.value.unwrap() for m in db.measured("run-1")] == [0, 10, 2]


def test_a_window_of_past_numbers_counts_windows_of_the_calendar(db: MetricDB) -> None:
    db.persist([metric(n, key=hour(n)) for n in range(-3, 6) if n != 2] + [metric(99, key=TUESDAY)])
    found = db.get_metric_window(PRICE, hour(4), 1, 5, "sales", "run-1").unwrap()
    assert found == {MIDNIGHT + n * HOUR: n for n in (-1, 0, 1, 3)}
    assert db.get_metric_window(PRICE, TUESDAY, 0, 30, "sales", "run-1").unwrap() == {TUESDAY.yyyy_mm_dd: 99}
    assert db.get_metric_window(PRICE, hour(100), 0, 5, "sales", "run-1") == Nothing


def test_history_has_a_row_for_each_window_with_its_moments(db: MetricDB) -> None:
    db.persist([metric(n, key=key) for n, key in enumerate(OF_ONE_DATE)] + [metric(31, key=JANUARY)])
    db.persist([metric(50, key=hour(3), execution_id="again")])
    frame = db.history(PRICE, "sales", {}, TUESDAY.yyyy_mm_dd, TUESDAY.yyyy_mm_dd)
    assert len(frame) == 26
    hours = frame[frame["window_end"] - frame["window_start"] == HOUR]
    assert hours["window_start"].dt.hour.tolist() == list(range(24))
    assert hours["value"].tolist() == [2, 3, 4, 50, *range(6, 26)]
    points = db.points("sales", PRICE.name)
    assert [p.window for p in points if p.execution_id == "again"] == [hour(3).window]
    assert len(points) == 27


def test_the_last_day_that_there_is_has_a_history_too(db: MetricDB) -> None:
    db.persist([metric(1, key=ResultKey(dt.date.max)), metric(0, key=ResultKey(dt.date.min))])
    frame = db.history(PRICE, "sales")
    assert frame["value"].tolist() == [0, 1]
    assert frame["window_end"].isna().tolist() == [False, True]


def test_the_newest_of_each_window_outlives_the_older_ones(db: MetricDB) -> None:
    for run in ("old", "new"):
        db.persist([metric(n, key=hour(n), execution_id=run) for n in range(24 if run == "old" else 12)])
        db.persist_results(run, [_of(hour(n)) for n in range(24 if run == "old" else 12)])
    assert db.expire(NO_AGE) == 12
    assert {m.key for m in db.measured("old")} == {hour(n) for n in range(12, 24)}
    assert [r.window for r in db.results("old")] == [hour(n).window for n in range(12, 24)]


def test_an_execution_remembers_its_windows(db: MetricDB) -> None:
    keys = (hour(3), hour(4), TUESDAY, ResultKey(JANUARY.yyyy_mm_dd, {"split": "train"}, JANUARY.window))
    db.begin_execution(Execution("run-1", keys=keys))
    db.begin_execution(Execution("run-1", keys=(hour(4), hour(5))))
    assert set(db.execution("run-1").unwrap().keys) == {*keys, hour(5)}


def test_symbols_of_an_execution_name_their_windows_and_count_them_back(db: MetricDB) -> None:
    db.persist([metric(n, key=hour(n)) for n in (3, 2, 0)], execution=Execution("run-1", keys=(hour(3),)))
    found = [(s.window, s.lag, s.value.unwrap()) for s in db.symbols("run-1")]
    assert found == [(hour(n).window, 3 - n, n) for n in (0, 2, 3)]


def test_executions_of_one_hour_each_are_compared_hour_by_hour_back(db: MetricDB) -> None:
    for run, at in (("first", 3), ("second", 9)):
        numbers = [metric(at, key=hour(at), execution_id=run), metric(at - 1, key=hour(at - 1), execution_id=run)]
        db.persist(numbers, execution=Execution(run, keys=(hour(at),)))
    changes = compare_executions(db, "first", "second")
    assert [(c.before.unwrap(), c.after.unwrap()) for c in changes if c.before and c.after] == [(2, 8), (3, 9)]
    assert [(c.before_window, c.after_window) for c in changes] == [
        (hour(n).window, hour(n + 6).window) for n in (2, 3)
    ]


def test_executions_of_many_windows_are_compared_window_by_window(db: MetricDB) -> None:
    for run in ("first", "second"):
        numbers = [metric(n if run == "first" or n % 2 else -n, key=hour(n), execution_id=run) for n in range(1, 5)]
        db.persist(numbers, execution=Execution(run, keys=tuple(hour(n) for n in range(1, 5))))
    changes = compare_executions(db, "first", "second")
    assert sorted((c.before.unwrap(), c.after.unwrap()) for c in changes if c.before and c.after) == [(2, -2), (4, -4)]


@pytest.mark.parametrize(
    ("judged", "other", "lag"),
    [
        (TUESDAY, day(0), 1),
        (AMSTERDAM, between("2023-12-31 23:00", "2024-01-01 23:00", "2024-01-01"), 1),
        # The days after the clocks went forward and back in Amsterdam: one of them has 23 hours, one 25.
        (
            between("2024-04-29 22:00", "2024-04-30 22:00", "2024-04-30"),
            between("2024-03-30 23:00", "2024-03-31 22:00", "2024-03-31"),
            30,
        ),
        (
            between("2024-03-30 23:00", "2024-03-31 22:00", "2024-03-31"),
            between("2023-12-31 23:00", "2024-01-01 23:00", "2024-01-01"),
            90,
        ),
        (hour(30), hour(5), 25),
        (between("2024-03-01", "2024-04-01", "2024-03-01"), JANUARY, 2),
        (between("2024-02-01", "2024-03-01", "2024-02-01"), between("2023-01-01", "2023-02-01", "2023-01-01"), 13),
        (between("2024-07-01", "2024-10-01", "2024-07-01"), between("2023-10-01", "2024-01-01", "2023-10-01"), 3),
        (between("2024-01-01", "2025-01-01", "2024-01-01"), between("2014-01-01", "2015-01-01", "2014-01-01"), 10),
        (between("2024-01-08", "2024-01-15", "2024-01-08"), between("2024-01-01", "2024-01-08", "2024-01-01"), 1),
        (hour(3), hour(3), 0),
    ],
)
def test_windows_are_counted_back_by_the_calendar_that_they_show(judged: ResultKey, other: ResultKey, lag: int) -> None:
    assert windows_before(other, [judged]) == lag
    assert windows_before(other, [judged, judged.lag(1)]) == 0


def test_verdicts_of_windows_are_kept_apart_and_come_back(db: MetricDB) -> None:
    given = [_of(key) for key in OF_ONE_DATE]
    symbol = next(s for s in _symbols(db) if s.window)
    given[5] = replace(given[5], symbols=(symbol,))
    db.persist_results("run-1", given)
    assert db.results("run-1") == given
    assert set(db.latest_results()) == set(given)
    assert [result.key for result in db.results("run-1")] == OF_ONE_DATE


def test_the_view_shows_from_when_to_when_a_number_is(db: MetricDB) -> None:
    db.persist([metric(1, key=hour(3)), metric(2, key=TUESDAY), metric(3, key=AMSTERDAM)])
    said = db._database.read(
        lambda c: c.execute(sa.text("SELECT window_start, window_end FROM dqx_metrics ORDER BY value")).all(), "read"
    )
    shown = [tuple(str(moment)[:16] for moment in row) for row in said]
    assert shown == [
        ("2024-01-02 03:00", "2024-01-02 04:00"),
        ("2024-01-02 00:00", "2024-01-03 00:00"),
        ("2024-01-01 23:00", "2024-01-02 23:00"),
    ]


@pytest.mark.parametrize(
    "key",
    [
        between("2024-01-02 00:00:00.5", "2024-01-02 01:00", "2024-01-02"),
        between("2024-01-02 00:00", "2024-01-02 00:00:00.000001", "2024-01-02"),
        between("1924-01-02", "2024-01-02", "1924-01-02"),
    ],
)
def test_a_window_that_no_column_can_say_is_refused_and_nothing_is_written(db: MetricDB, key: ResultKey) -> None:
    with pytest.raises(DefinitionError, match="begins and ends on a whole second"):
        db.persist([metric(1, key=TUESDAY), metric(1, key=key)])
    assert db.info().numbers == 0


def _of(key: ResultKey) -> AssertionResult:
    return replace(verdict(key=key, status=Status.PASSED), window=key.window)


def _symbols(db: MetricDB) -> list[SymbolInfo]:
    db.persist([metric(1, key=hour(3), execution_id="symbols")])
    return db.symbols("symbols")
