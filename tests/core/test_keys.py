"""Days, tags and their arithmetic."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core import ResultKey
from dqx_core.errors import DefinitionError
from dqx_core.keys import TagOverrides, Tags, user_overrides, user_tags

TAGS = st.dictionaries(
    st.text(max_size=3).filter(lambda name: not name.startswith("__")), st.text(max_size=3), max_size=4
)


@given(tags=TAGS, seed=st.randoms())
def test_keys_are_equal_whatever_the_order_of_tags(tags, seed):
    items = list(tags.items())
    seed.shuffle(items)
    one, other = ResultKey(dt.date(2024, 1, 1), tags), ResultKey(dt.date(2024, 1, 1), dict(items))
    assert one == other
    assert hash(one) == hash(other)
    assert Tags(tags).canonical == Tags(dict(items)).canonical


@given(tags=TAGS)
def test_tags_are_equal_to_the_mapping_they_were_made_of(tags):
    assert Tags(tags) == tags
    assert Tags(tags) | {"a": "b"} == {**tags, "a": "b"}


@given(tags=TAGS, changes=st.dictionaries(st.text(max_size=2), st.none() | st.text(max_size=2), max_size=4))
def test_overrides_replace_tags_and_take_them_away(tags, changes):
    found = TagOverrides(changes).over(tags)

    assert found.keys() == (tags.keys() | changes.keys()) - {name for name, value in changes.items() if value is None}
    assert all(found[name] == changes.get(name, tags.get(name)) for name in found)
    assert TagOverrides().over(tags) == tags


def test_overrides_are_text_or_nothing_and_leave_our_own_tags_alone():
    with pytest.raises(DefinitionError, match="is not text"):
        user_overrides({"split": 1})
    with pytest.raises(DefinitionError, match="reserved"):
        user_overrides({"__execution_id": None})
    with pytest.raises(DefinitionError, match="is not text"):
        user_tags({"split": None})


def test_a_key_lags_by_days_and_keeps_its_tags():
    key = ResultKey(dt.date(2024, 3, 1), {"env": "test"})
    assert key.lag(1) == ResultKey(dt.date(2024, 2, 29), {"env": "test"})
    assert key.lag(0) == key


def test_a_range_is_inclusive_and_ends_lag_days_before_the_key():
    key = ResultKey(dt.date(2024, 1, 10))
    assert key.range(lag=2, window=3) == (dt.date(2024, 1, 6), dt.date(2024, 1, 8))
    assert key.range(lag=0, window=1) == (dt.date(2024, 1, 10), dt.date(2024, 1, 10))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ResultKey("2024-01-01"), "ResultKey takes a datetime.date, not '2024-01-01'"),
        (lambda: ResultKey(dt.datetime(2024, 1, 1)), "ResultKey takes a datetime.date"),
        (lambda: ResultKey(dt.date(2024, 1, 1), {"__execution_id": "x"}), "'__execution_id' is reserved"),
        (lambda: user_tags({"__x": "y"}), "Rename it"),
        (lambda: ResultKey(dt.date(2024, 1, 1), {"n": 1}), "Tag 'n'=1 is not text"),
    ],
)
def test_a_wrong_key_says_what_is_wrong(make, message):
    with pytest.raises(DefinitionError, match=message):
        make()
