"""What a report tells is what the store holds."""

import pytest

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, MetricDB, ResultKey, Status, VerificationSuite, check
from dqx_core.errors import DefinitionError
from dqx_core.html import collect
from dqx_core.store import Tally
from tests.core.html import feed
from tests.core.html.feed import SPLITS, day


def trend_of(contents, assertion):
    return next(t for suite in contents.suites for t in suite.trends if t.assertion.startswith(assertion))


def test_every_day_and_split_has_its_verdicts_and_every_bad_one_is_told(store):
    contents = collect(store)
    [suite] = contents.suites

    assert set(suite.cells) == {(day(n), split) for n in range(1, 15) for split in SPLITS}
    assert suite.columns == ["train", "eval"]
    assert {
        (t.assertion.split("<")[0].strip(), told.result.yyyy_mm_dd.day, told.result.tags["split"], told.result.status)
        for t in suite.trends
        for told in t.bad
    } == {
        ("Not crowded", 10, "train", Status.FAILED),
        ("Has values", 12, "eval", Status.ERROR),
        ("More rows than values", 12, "eval", Status.ERROR),
    }
    assert contents.bad == 3
    assert [trend.newest.severity for trend in suite.failing] == ["P0", "P1", "P2"]


def test_yesterdays_and_last_weeks_values_stand_beside_each_verdict(store):
    [told] = trend_of(collect(store), "Not crowded").bad
    values = {t.result.yyyy_mm_dd.day: t for t in trend_of(collect(store), "Has values").verdicts[1::2]}

    assert (told.result.metric.unwrap(), told.before, told.last_week) == (40, 4, 4)
    assert (values[13].before, values[13].last_week) == (None, 6)
    assert (values[14].before, values[14].last_week) == (13, 7)


def test_a_period_is_compared_with_the_week_before_it(store):
    contents = collect(store, from_date=day(10), until_date=day(11))
    [told] = trend_of(contents, "Not crowded").bad

    assert (contents.first, contents.last) == (day(10), day(11))
    assert (told.before, told.last_week) == (4, 4)
    assert all(set(line) <= {day(10), day(11)} for line in trend_of(contents, "Not crowded").lines.values())


def test_limits_that_are_metrics_move_with_them(store):
    trend = trend_of(collect(store), "More rows")

    assert {at.day: limits.low for at, limits in trend.limits.items() if at.day in (1, 14)} == {1: 0.1, 14: 1.4}


def test_metrics_know_the_days_on_which_assertions_that_use_them_were_bad(store):
    metrics = {metric.metric: metric for metric in collect(store).metrics}

    assert set(metrics) == {"num_rows()", "average(value)"}
    assert metrics["num_rows()"].incidents == {day(10), day(12)}
    assert metrics["average(value)"].incidents == {day(12)}
    assert day(12) not in metrics["average(value)"].lines["eval"]


def test_executions_say_what_they_measured_and_what_they_carried_forward(store):
    tallies = {execution.execution_id: tally for execution, tally in collect(store).executions}

    # Rows and average of two splits; from the second day on, yesterday's rows of both.
    assert tallies["day-1"] == Tally(measured=4, carried=0, failed=0)
    assert tallies["day-5"] == Tally(measured=4, carried=2, failed=0)
    assert tallies["day-12"] == Tally(measured=4, carried=2, failed=1)
    assert collect(store).executions[0][0].execution_id == "day-14"


def test_a_dataset_comes_with_its_newest_definition(store):
    version = collect(store).definitions["feed"]

    assert version is not None
    assert (version.version, version.sql) == (1, "SELECT 1 < 2")


def test_a_suite_of_its_own_is_told_alone(tmp_path):
    from dqx_core import MetricDB

    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    feed.judge(url, days=range(1, 3))
    feed.judge(url, "Other suite", days=range(3, 5))
    db = MetricDB(url)

    assert [suite.name for suite in collect(db).suites] == ["Feed suite", "Other suite"]
    assert [suite.name for suite in collect(db, suite="Other suite").suites] == ["Other suite"]
    db.close()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"suite": "Fed suite"}, "Did you mean 'Feed suite'?"),
        ({"dataset": "fed"}, "Did you mean 'feed'?"),
        ({"from_date": day(20)}, "those in the store are from 2026-01-01 to 2026-01-14"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(store, asked, said):
    with pytest.raises(DefinitionError, match="no verdicts") as refused:
        collect(store, **asked)
    assert said in str(refused.value)


def test_a_store_without_verdicts_says_how_to_get_some():
    with pytest.raises(DefinitionError, match="dqx run"):
        collect(InMemoryMetricDB())


def test_the_newest_day_is_all_right_only_if_everything_was_judged_and_passed(tmp_path):
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    feed.judge(url, days=range(1, 5))
    db = MetricDB(url)
    complete = collect(db).newest
    feed.judge(url, "Other suite", days=range(3, 6))
    newest = collect(db).newest
    feed_suite, other = newest.suites

    assert (complete.day, complete.verdict, list(complete.wrong)) == (day(4), "good", [])
    assert (newest.day, newest.verdict) == (day(5), "incomplete")
    assert (newest.missing(feed_suite), newest.missing(other)) == (["train", "eval"], [])
    assert set(newest.cells(other)) == set(SPLITS)
    db.close()


def test_what_is_wrong_on_the_newest_day_is_told_by_severity_with_its_splits(store):
    newest = collect(store, until_date=day(12)).newest

    assert newest.verdict == "bad"
    assert [(str(each.worst.severity), each.worst.assertion) for each in newest.wrong] == [
        ("P1", "More rows than values"),
        ("P2", "Has values"),
    ]
    assert [[label for label, _ in each.told] for each in newest.wrong] == [["eval"], ["eval"]]
    by_tags = trend_of(collect(store, until_date=day(12)), "Has values").by_tags
    assert [(told.label, told.result.status) for told in by_tags] == [("eval", Status.ERROR), ("train", Status.PASSED)]


def test_a_day_on_which_every_assertion_was_skipped_is_not_all_right():
    @check(name="Moves", datasets=["feed"])
    def moves(mp, ctx):
        ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="Rows move").is_lt(0.5)

    db = InMemoryMetricDB()
    source = DuckRelationDataSource.from_arrow(feed.table(), "feed", dimensions={"split": "split"})
    VerificationSuite([moves], db, "Moves").run([source], ResultKey(day(1), {"split": "train"}))
    newest = collect(db).newest

    assert (newest.verdict, newest.counts[Status.SKIPPED]) == ("incomplete", 1)
    db.close()
