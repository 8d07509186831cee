"""Days, tags and their arithmetic."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core import ResultKey
from dqx_core.errors import DefinitionError
from dqx_core.keys import Tags, user_tags

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
