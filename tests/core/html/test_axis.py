"""A report of windows of any calendar: each has its place on the axis, its name and what came before it."""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pytest

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.calendars import Days, Hours, Months, Weeks
from dqx_core.html import collect
from dqx_core.html.charts import chart
from dqx_core.html.page import render
from dqx_core.report import Status

LAST = dt.datetime(2026, 3, 16, 13, tzinfo=dt.UTC)
CALENDARS = {
    "hours": (Hours(), "2026-03-16 13:00 UTC"),
    "weeks": (Weeks(), "2026-03-16 to 2026-03-22"),
    "months": (Months(), "2026-03"),
    "days in a zone": (Days(timezone="Europe/Amsterdam"), "2026-03-16"),
    "days": (Days(), "2026-03-16"),
}
COUNT = 10


def judged(db, calendar, name="Feed", *, at=LAST, count=COUNT, least=2):
    """So many windows up to one, the n-th of them with n rows."""
    keys = [ResultKey.at(calendar, at).lag(n) for n in reversed(range(count))]
    moments = [key.interval.start for n, key in enumerate(keys, 1) for _ in range(n)]
    source = DuckRelationDataSource.from_arrow(
        pa.table({"at": pa.array(moments, pa.timestamp("us", tz="UTC"))}),
        "feed",
        date_column="at",
        timezone=calendar.timezone,
    )

    @check(name="Feed", datasets=["feed"])
    def feed(mp, ctx):
        ctx.assert_that(mp.num_rows()).where(name="Rows").is_geq(least)

    VerificationSuite([feed], db, name).run_many([source], keys)
    return keys


@pytest.mark.parametrize("named", CALENDARS)
def test_every_window_has_its_place_its_name_and_the_one_before(named):
    calendar, newest = CALENDARS[named]
    db = InMemoryMetricDB()
    judged(db, calendar)
    contents = collect(db)
    [suite] = contents.suites
    [trend] = suite.trends
    [metric] = contents.metrics

    assert len(suite.windows) == len(suite.cells) == COUNT
    assert str(suite.windows[0]) == str(contents.newest.at) == newest
    assert [told.result.metric.unwrap() for told in trend.verdicts] == [*range(COUNT, 0, -1)]
    assert [told.before for told in trend.verdicts] == [*range(COUNT - 1, 0, -1), None]
    assert [*metric.lines["all rows"].values()] == [*range(1, COUNT + 1)]
    assert [told.result.status for told in trend.bad] == [Status.FAILED]
    assert contents.newest.counts[Status.PASSED] == 1
    page = render(contents)
    assert f"✓ {newest} is all right" in page
    assert page.count("✓ 1") >= COUNT - 1


def test_the_week_before_an_hour_is_the_same_hour_and_of_months_there_is_none():
    hours, months, weeks = InMemoryMetricDB(), InMemoryMetricDB(), InMemoryMetricDB()
    judged(hours, Hours(), count=24 * 7 + 1)
    judged(months, Months())
    judged(weeks, Weeks())

    def newest(db):
        return collect(db).suites[0].trends[0].verdicts[0]

    assert newest(hours).last_week == 1
    assert newest(months).last_week is None
    assert newest(weeks).last_week == newest(weeks).before == COUNT - 1


def test_a_suite_of_longer_windows_is_missing_only_once_its_next_one_is_over():
    db = InMemoryMetricDB()
    judged(db, Weeks(), "Weekly", at=LAST - dt.timedelta(days=7))
    judged(db, Days(), "Daily")
    newest = collect(db).newest

    assert (str(newest.at), newest.verdict) == ("2026-03-16", "good")
    judged(db, Days(), "Daily", at=LAST + dt.timedelta(days=6))
    newest = collect(db).newest
    weekly = next(suite for suite in newest.suites if suite.name == "Weekly")
    assert (newest.verdict, list(newest.missing(weekly))) == ("incomplete", ["all rows"])


def test_a_bad_hour_is_told_as_that_hour():
    db = InMemoryMetricDB()
    judged(db, Hours(), least=COUNT + 1)
    contents = collect(db)

    assert contents.newest.verdict == "bad"
    assert len(contents.suites[0].trends[0].bad) == COUNT
    assert "✗ 2026-03-16 13:00 UTC is not all right" in render(contents)


def test_a_chart_of_hours_has_a_mark_for_each_and_a_gap_where_one_is_missing():
    db = InMemoryMetricDB()
    judged(db, Hours())
    line = dict(collect(db).metrics[0].lines["all rows"])
    del line[list(line)[4]]
    drawn = chart("c", {"all rows": line}, title="rows by window")

    assert "From 2026-03-16 04:00 UTC to 2026-03-16 13:00 UTC." in drawn
    assert "9 values from 1 to 10, the last 10 on 2026-03-16 13:00 UTC." in drawn
    assert len(re.findall(r"03-16 \d\d:00</text>", drawn)) >= 2
    paths = [path for path in re.findall(r'd="([^"]*)"', drawn) if path.count("L") >= 7]
    assert any(path.count("M") == 2 for path in paths), "the line is interrupted once"
