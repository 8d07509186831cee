"""Profiles adjust the verdicts of some days without a word changed in the checks."""

import pytest
from returns.result import Success

from dqx_core import profiles
from dqx_core.errors import DefinitionError
from dqx_core.profiles import PermanentProfile, SeasonalProfile
from tests.core.shop import a_check, day, key, source, suite


def body(mp, ctx):
    ctx.assert_that(mp.num_rows()).where(name="Many", tags={"volume"}).is_geq(8)
    ctx.assert_that(mp.average("price")).where(name="Cheap", severity="P0").is_leq(10)


CHECK = a_check(body, "Sales")


def season(*rules, first=4, last=6):
    return SeasonalProfile("Holidays", rules, start_date=day(first), end_date=day(last))


def verdicts(*adjusting, days=(5, 7)):
    ran = suite(CHECK, profiles=adjusting)
    return {(r.yyyy_mm_dd.day, r.assertion): r for r in ran.run_many([source()], [key(n) for n in days])}


def test_a_disabled_assertion_is_skipped_and_says_by_whom():
    found = verdicts(season(profiles.tag("volume").disable()))
    assert found[5, "Many"].status == "SKIPPED"
    assert found[5, "Many"].message == "Disabled by profile 'Holidays'"
    assert found[7, "Many"].status == "FAILED"
    assert found[5, "Cheap"].status == "PASSED"


def test_a_season_includes_its_first_and_last_day():
    found = verdicts(season(profiles.check("Sales").disable()), days=(3, 4, 5, 6, 7))
    assert {n for (n, _), r in found.items() if r.status == "SKIPPED"} == {4, 5, 6}


def test_multipliers_multiply_and_the_last_severity_counts():
    rules = [
        profiles.assertion("Many").set(metric_multiplier=2.0, severity="P3"),
        profiles.assertion("Many", check="Sales").set(metric_multiplier=1.5, severity="P2"),
    ]
    found = verdicts(season(*rules))[5, "Many"]
    assert (found.status, found.severity, found.metric) == ("PASSED", "P2", Success(5))
    assert (found.compared.factor, found.compared.profiles) == (3.0, ("Holidays",))
    assert "num_rows() = 5 × 3 (profile 'Holidays') = 15, is" in found.message
    together = verdicts(PermanentProfile("Always", (rules[0],)), season(rules[1]))
    assert (together[5, "Many"].metric, together[5, "Many"].compared.factor) == (Success(5), 3.0)
    assert (together[7, "Many"].metric, together[7, "Many"].compared.factor) == (Success(7), 2.0)
    assert "5 × 3 (profiles 'Always', 'Holidays') = 15" in together[5, "Many"].message


def test_a_suite_is_not_critical_by_what_a_profile_plays_down():
    ran = suite(CHECK, profiles=[PermanentProfile("Sale", (profiles.assertion("Cheap").set(severity="P2"),))])
    ran.run([source()], key(10))
    assert not ran.is_critical()
    plain = suite(CHECK)
    plain.run([source()], key(10))
    assert plain.is_critical()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: season(profiles.tag("volum").disable()),
            "Profile 'Holidays': tag 'volum' matches nothing. Did you mean",
        ),
        (
            lambda: season(profiles.assertion("Many", check="Other").disable()),
            "assertion 'Many' of check 'Other' matches",
        ),
        (lambda: season(first=6, last=4), "ends on 2024-01-04, before it starts on 2024-01-06. Swap them."),
        (lambda: season("volume"), "was given 'volume', which is not a rule"),
        (lambda: profiles.tag("a").set(severity="P9"), "severity 'P9' is not one of P0, P1, P2, P3"),
        (lambda: profiles.tag("a").set(metric_multiplier=float("nan")), "metric_multiplier=nan is not a finite number"),
        (lambda: profiles.tag("a").set(metric_multiplier=0), "metric_multiplier=0 is not a finite number above 0"),
        (lambda: profiles.tag("a").set(metric_multiplier=-1.5), r"above 0. To judge the assertion not at all, write"),
    ],
)
def test_a_profile_that_cannot_work_says_so_at_build(make, message):
    with pytest.raises(DefinitionError, match=message):
        suite(CHECK, profiles=[make()]).build()
