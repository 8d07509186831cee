"""Calendars: which windows there are, and which is the n-th before, on the clocks of a zone."""

import datetime as dt

import pytest

from dqx_core.calendar_names import calendar_of
from dqx_core.calendars import DAYS, Days, Hours, Months, Weeks, Window, Years
from dqx_core.errors import DefinitionError
from dqx_core.keys import ResultKey
from dqx_core.zones import instants, reading_from

TEXTS = [
    "hours",
    "6 hours",
    "hours at :15 in Europe/Amsterdam",
    "days",
    "2 days from 2024-01-01",
    "days at 06:00 in America/New_York",
    "weeks",
    "weeks from sunday",
    "2 weeks from 2024-01-03",
    "months",
    "months from 15",
    "months from 1,15",
    "3 months",
    "years",
    "years from 04-06 in Europe/London",
]
MOMENTS = [dt.datetime(2024, month, day, 1, 30, tzinfo=dt.UTC) for month, day in ((3, 31), (10, 27), (1, 1), (2, 29))]


@pytest.mark.parametrize("text", TEXTS)
def test_a_name_read_back_is_the_same_calendar(text):
    calendar = calendar_of(text)
    assert calendar.name == text
    assert calendar_of(calendar.name) == calendar


@pytest.mark.parametrize("text", TEXTS)
def test_windows_lie_end_to_end_and_the_nth_before_is_n_steps_back(text):
    calendar = calendar_of(text)
    for moment in MOMENTS:
        window = calendar.at(moment)
        assert window.start <= moment < window.end
        back = window
        for n in range(1, 30):
            earlier = calendar.at(back.start - dt.timedelta(microseconds=1))
            assert earlier.end == back.start
            assert calendar.before(window, n) == earlier
            back = earlier


def test_days_have_23_or_25_hours_where_clocks_are_changed():
    days = Days(timezone="Europe/Amsterdam")
    hours = {
        day: (w := ResultKey.at(days, dt.datetime(2024, *day)).interval).end - w.start
        for day in ((3, 30), (3, 31), (10, 27))
    }
    assert [length // dt.timedelta(hours=1) for length in hours.values()] == [24, 23, 25]


def test_a_repeated_hour_is_two_windows_and_a_left_out_one_none():
    hours = Hours(timezone="Europe/Amsterdam")
    autumn = [hours.at(dt.datetime(2024, 10, 27, hour, tzinfo=dt.UTC)) for hour in range(3)]
    assert [hours.label(each) for each in autumn] == [
        "2024-10-27 02:00+0200",
        "2024-10-27 02:00+0100",
        "2024-10-27 03:00",
    ]
    spring = [hours.at(dt.datetime(2024, 3, 31, hour, tzinfo=dt.UTC)) for hour in range(2)]
    assert [hours.label(each) for each in spring] == ["2024-03-31 01:00", "2024-03-31 03:00"]


def test_a_day_before_an_hour_is_the_same_hour_on_the_clock():
    hours = Hours(timezone="Europe/Amsterdam")
    noon = ResultKey.at(hours, dt.datetime(2024, 3, 31, 12))
    assert noon.back(hours.back(1)).label == "2024-03-30 12:00"
    assert noon.lag(24).label == "2024-03-30 11:00"


def test_a_reading_that_is_repeated_stands_for_the_first_moment_and_one_left_out_for_the_change():
    def shown(hour, minute, month, day):
        return dt.datetime(2024, month, day, hour, minute)

    assert [m.hour for m in instants(shown(2, 30, 10, 27), "Europe/Amsterdam")] == [0, 1]
    assert instants(shown(2, 30, 3, 31), "Europe/Amsterdam") == (dt.datetime(2024, 3, 31, 1, tzinfo=dt.UTC),)
    # What is before a moment and what is not are apart at one reading.
    again = dt.datetime(2024, 10, 27, 1, tzinfo=dt.UTC)
    assert reading_from(again, "Europe/Amsterdam") == shown(3, 0, 10, 27)
    assert reading_from(dt.datetime(2024, 3, 31, 1, tzinfo=dt.UTC), "Europe/Amsterdam") == shown(2, 0, 3, 31)


def test_utc_by_any_name_is_the_calendar_of_days():
    assert Days(timezone="Etc/UTC") == DAYS
    assert ResultKey(dt.date(2024, 1, 2), calendar=Days(timezone="utc")).calendar is DAYS


def test_a_key_of_a_day_in_utc_is_the_key_of_its_date():
    window = Window.of_day(dt.date(2024, 1, 2))
    assert ResultKey.of(window) == ResultKey(dt.date(2024, 1, 2))
    assert ResultKey.at(DAYS, dt.datetime(2024, 1, 2, 13)) == ResultKey(dt.date(2024, 1, 2))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Days(every=2), "no start"),
        (lambda: Hours(every=5), "a part of a day"),
        (lambda: Months(day=31), "from 1 to 28"),
        (lambda: Weeks(weekday="sonntag"), "monday, tuesday"),
        (lambda: Years(month=13), "from 1 to 12"),
        (lambda: Days(timezone="Europe/Amsterdm"), "Did you mean 'Europe/Amsterdam'"),
        (lambda: calendar_of("fortnights"), "'fortnights' is not a calendar. Write hours"),
        (lambda: calendar_of("hours from 2024-01-01"), "is not a calendar"),
    ],
)
def test_what_is_not_a_calendar_is_refused_with_the_way_out(made, message):
    with pytest.raises(DefinitionError, match=message):
        made()
