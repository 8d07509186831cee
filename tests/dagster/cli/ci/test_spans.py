"""Partitions as Dagster writes them, against the keys that Dagster itself gives for the same range."""

import itertools

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqx_core.errors import DefinitionError
from dqx_dagster.cli.ci.spans import Wanted, spans_of

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
SPLITS = dg.StaticPartitionsDefinition(["train", "eval", "test"])
BOTH = dg.MultiPartitionsDefinition({"date": DAYS, "split": SPLITS})
BACKWARDS = dg.MultiPartitionsDefinition({"area": SPLITS, "day": DAYS})
STATIC = dg.MultiPartitionsDefinition({"a": SPLITS, "b": dg.StaticPartitionsDefinition(["x", "y"])})
DATES = DAYS.get_partition_keys()


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory):
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path_factory.mktemp("instance"))) as instance:
        yield instance


@pytest.fixture(scope="module")
def keys(nowhere):
    """The keys of all spans, in their order."""

    def of(definition, *, most=None, **wanted):
        found = spans_of(definition, Wanted(**wanted), nowhere, "orders")
        return [key for span in found for part in span.parts(most) for key in part.keys]

    return of


places = st.integers(0, len(DATES) - 1)


@given(ends=st.tuples(places, places).map(sorted), splits=st.tuples(st.integers(0, 2), st.integers(0, 2)).map(sorted))
def test_a_range_has_the_keys_that_dagster_gives_it(keys, ends, splits):
    (first, last), (low, high) = ends, splits
    for definition, key in ((BOTH, "{0}|{1}"), (BACKWARDS, "{1}|{0}")):
        start, end = (key.format(DATES[d], SPLITS.get_partition_keys()[s]) for d, s in ((first, low), (last, high)))
        mine = keys(definition, ranges=(f"{start}...{end}",))
        assert set(mine) == set(definition.get_partition_keys_in_range(dg.PartitionKeyRange(start, end)))
        assert len(mine) == (last - first + 1) * (high - low + 1)
        assert mine == sorted(mine, key=lambda k: k.split("|")[definition is BACKWARDS])


@given(ends=st.tuples(places, places).map(sorted), most=st.integers(1, 40))
def test_parts_hold_every_key_once_and_no_more_than_they_may(nowhere, ends, most):
    wanted = Wanted(ranges=(f"{DATES[ends[0]]}...{DATES[ends[1]]}",))
    for definition in (DAYS, BOTH, BACKWARDS):
        [whole] = spans_of(definition, wanted, nowhere, "orders")
        parts = list(whole.parts(most))
        assert [key for part in parts for key in part.keys] == whole.keys
        assert max(len(part.keys) for part in parts) <= most
        for part in parts:
            run = dg.PartitionKeyRange(part.first, part.last)
            assert set(definition.get_partition_keys_in_range(run)) == set(part.keys)


def test_a_date_alone_means_all_its_splits(keys):
    everything = [f"2026-01-03|{split}" for split in ("train", "eval", "test")]
    assert keys(BOTH, keys=("2026-01-03",)) == everything
    assert keys(BOTH, keys=("2026-01-03", "2026-01-03|eval")) == everything, "each once"
    assert keys(BACKWARDS, keys=("2026-01-03",)) == ["train|2026-01-03", "eval|2026-01-03", "test|2026-01-03"]
    assert keys(DAYS, keys=("2026-01-03",)) == ["2026-01-03"]


def test_keys_come_by_date_however_they_are_named(keys):
    named = ("2026-01-05|eval", "2026-01-02|test", "2026-01-05|train")
    assert keys(BOTH, keys=named) == ["2026-01-02|test", "2026-01-05|train", "2026-01-05|eval"]


def test_the_latest_are_the_last_dates_with_all_splits(keys):
    assert keys(DAYS, latest=2) == DATES[-2:]
    assert keys(BOTH, latest=1) == [f"2026-01-10|{split}" for split in ("train", "eval", "test")]
    assert keys(BOTH) == keys(BOTH, latest=1)
    assert keys(DAYS, latest=99) == DATES


def test_partitions_without_a_date(keys):
    assert keys(STATIC, ranges=("train|x...eval|y",)) == ["train|x", "train|y", "eval|x", "eval|y"]
    assert len(keys(STATIC, ranges=("train|x...test|y",), most=1)) == len(list(itertools.product("abc", "xy")))
    with pytest.raises(DefinitionError, match="are no dates"):
        keys(STATIC, latest=1)


@pytest.mark.parametrize(
    ("definition", "wanted", "told"),
    [
        (DAYS, {"keys": ("2026-02-01",)}, "has no partition '2026-02-01'.*go from 2026-01-01 to 2026-01-10"),
        (DAYS, {"keys": ("yesterday",)}, "has no partition 'yesterday'"),
        (BOTH, {"keys": ("2026-01-02|evl",)}, r"Write date\|split, such as 2026-01-10\|test, or a date alone"),
        (BOTH, {"keys": ("eval|2026-01-02",)}, r"has no partition 'eval\|2026-01-02'"),
        (SPLITS, {"keys": ("evl",)}, r"Did you mean 'eval'\?"),
        (BOTH, {"ranges": ("2026-01-02",)}, "is not a range. Write it as"),
        (DAYS, {"ranges": ("2026-01-05...2026-01-02",)}, "2026-01-05 comes after 2026-01-02"),
        (BOTH, {"ranges": ("2026-01-02|eval...2026-01-05|train",)}, "eval comes after train"),
    ],
)
def test_what_is_no_partition_says_what_comes_close(keys, definition, wanted, told):
    with pytest.raises(DefinitionError, match=told):
        keys(definition, **wanted)


def test_the_options_exclude_each_other():
    with pytest.raises(DefinitionError, match="exclude each other"):
        Wanted(keys=("a",), latest=1)
    with pytest.raises(DefinitionError, match="--latest 0 is not a number of partitions"):
        Wanted(latest=0)
