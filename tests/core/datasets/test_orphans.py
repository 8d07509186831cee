"""Splits and columns that a definition has no more: nobody counts, reads or hands on what is left of them."""

import datetime as dt
from contextlib import closing
from dataclasses import replace

import pytest

from dqx_core import InMemoryMetricDB, MetricProvider, ResultKey, VerificationSuite, check
from dqx_core.datasets import manifest, materialize, read_partitions, stored_partitions
from dqx_core.datasets.storage import FolderStorage
from dqx_core.datasets.stored import MANIFEST, partition_path
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError
from tests.dagster.warehouse import COLUMNS, definition, make

DAY, NEXT = dt.date(2026, 1, 2), dt.date(2026, 1, 3)
ROWS = 200
"""Of a day."""
BEFORE = definition()


def split(**parts):
    return definition(split={"strategy": "group", "key": "customer", "parts": parts})


RENAMED = split(train=80, holdout=20)
SHAPES = {
    "renamed": RENAMED,
    "removed": split(train=100),
    "none": definition(split=None),
    "more": split(train=60, holdout=20, test=20),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with closing(DuckDB(database=make(tmp_path_factory.mktemp("warehouse")), read_only=True)) as made:
        yield made


@pytest.fixture
def place(engine, tmp_path):
    """A day and the next, as the first definition makes them."""
    materialize(BEFORE, [DAY, NEXT], engine=engine, root=tmp_path)
    return FolderStorage(engine, tmp_path)


def counted(place, metric, day=DAY, tags=None):
    """What a suite counts."""

    @check(name="Count", datasets=["sales"])
    def count(mp: MetricProvider, ctx):
        ctx.assert_that(metric(mp)).where(name="Counted", severity="P0").is_geq(0)

    suite = VerificationSuite([count], InMemoryMetricDB(), "Counting")
    [result] = suite.run([place.data_source("sales")], ResultKey(day, tags or {}))
    return result.metric.unwrap()


@pytest.mark.parametrize("after", SHAPES.values(), ids=SHAPES)
def test_a_day_that_is_made_again_has_each_row_once(place, after):
    place.materialize(after, [DAY])
    splits = {*after.split.part_names}

    assert {split for day, split in stored_partitions(place.root, "sales") if day == DAY} == splits
    assert set(place.splits_of("sales", [DAY, NEXT])[DAY]) == splits
    assert place.splits_of("sales", [NEXT])[NEXT] == ["eval", "train"]
    assert counted(place, lambda mp: mp.num_rows()) == ROWS
    assert counted(place, lambda mp: mp.num_rows(), NEXT) == ROWS
    assert place.engine.run(read_partitions(place.root, "sales", [DAY])).num_rows == ROWS
    assert place.rows("sales", [(DAY, split) for split in splits]).num_rows == ROWS
    assert sum(kept.rows for kept in place.partitions("sales")) == 2 * ROWS


def test_days_of_both_definitions_are_read_together_each_with_its_own_splits(place):
    place.materialize(RENAMED, [DAY])
    asked = [(day, split) for day, splits in place.splits_of("sales", [DAY, NEXT]).items() for split in splits]

    assert sorted(asked) == [(DAY, "holdout"), (DAY, "train"), (NEXT, "eval"), (NEXT, "train")]
    assert place.rows("sales", asked).num_rows == 2 * ROWS


def test_what_is_set_aside_is_told_listed_and_removed(place):
    results = place.materialize(RENAMED, [DAY, NEXT])

    assert [result.set_aside for result in results] == [(), ("eval",), (), ("eval",)]
    assert [(each.date, each.split) for each in place.orphans("sales")] == [(DAY, "eval"), (NEXT, "eval")]
    assert all(each.bytes > 0 for each in place.orphans("sales"))
    assert len(place.remove_orphans("sales")) == 2
    assert place.orphans("sales") == place.remove_orphans("sales") == []
    assert len(stored_partitions(place.root, "sales")) == 4


def test_a_day_of_which_one_split_is_made_again_leaves_the_other_splits_of_the_definition(place):
    [result] = place.materialize(RENAMED, [DAY], ["holdout"])

    assert result.set_aside == ("eval",)
    assert set(place.splits_of("sales", [DAY])[DAY]) == {"train", "holdout"}


def test_a_split_that_comes_back_and_goes_again_is_set_aside_again(place):
    for made in (RENAMED, BEFORE, RENAMED):
        place.materialize(made, [DAY])

    assert [(each.date, each.split) for each in place.orphans("sales")] == [(DAY, "eval"), (DAY, "holdout")]
    assert set(place.splits_of("sales", [DAY])[DAY]) == {"train", "holdout"}


def test_what_a_killed_run_left_in_place_is_not_counted(place):
    """As it is after the new splits are there and before the old one is set aside."""
    old = partition_path(place.root, "sales", DAY, "eval")
    place.materialize(RENAMED, [DAY])
    aside = place.orphans("sales")[0].path
    aside.rename(old)

    assert set(place.splits_of("sales", [DAY])[DAY]) == {"train", "holdout"}
    assert counted(place, lambda mp: mp.num_rows()) == ROWS
    assert sum(kept.rows for kept in place.partitions("sales")) == 2 * ROWS


def test_manifests_that_do_not_tell_the_splits_leave_all_that_is_there(place):
    for name in ("train", "eval"):
        said = manifest(place.root, "sales", DAY, name)
        file = partition_path(place.root, "sales", DAY, name) / MANIFEST
        file.write_text(replace(said, splits=()).to_json(), "utf-8")

    assert place.splits_of("sales", [DAY])[DAY] == []
    assert counted(place, lambda mp: mp.num_rows()) == ROWS
    assert place.engine.run(read_partitions(place.root, "sales", [DAY])).num_rows == ROWS


WITHOUT_PRICE = definition(columns=[each for each in COLUMNS if each["column"] != "price"])


def test_a_column_that_the_definition_has_no_more_is_no_column_of_the_dataset(place):
    place.materialize(WITHOUT_PRICE, [NEXT])

    for day in (DAY, NEXT):
        with pytest.raises(DefinitionError, match="reads column 'price', which dataset 'sales' does not have"):
            counted(place, lambda mp: mp.null_count("price"), day)
    assert counted(place, lambda mp: mp.average("id"), DAY) > 0


def test_sql_of_a_person_does_not_find_it_in_an_old_partition_either(place):
    place.materialize(WITHOUT_PRICE, [NEXT])
    source = place.data_source("sales").narrowed([DAY])

    assert "price" not in place.engine.schema(source._relation)


def test_rows_of_old_and_new_days_have_the_columns_of_the_newest(place):
    old = place.rows("sales", [(DAY, "train")]).column_names
    place.materialize(WITHOUT_PRICE, [NEXT])

    assert "price" in old
    assert "price" not in place.rows("sales", [(DAY, "train"), (NEXT, "train")]).column_names
    assert place.rows("sales", [(DAY, "train")]).column_names == old, "a day alone is as its own definition made it"


def test_a_column_that_train_alone_has_stays(engine, tmp_path):
    folded = definition(folds={"count": 4})
    place = FolderStorage(engine, tmp_path)
    place.materialize(folded, [DAY])
    place.materialize(definition(folds={"count": 4}, description="Again."), [DAY], ["eval"])

    assert "fold" in place.data_source("sales").schema


def test_a_whole_day_is_judged_only_where_every_split_of_it_is_there(engine, tmp_path):
    @check(name="Day", datasets=["sales"])
    def day_check(mp: MetricProvider, ctx):
        ctx.assert_that(mp.num_rows(tags={"split": None})).where(name="All of the day", severity="P0").is_geq(0)

    def judged(tags):
        suite = VerificationSuite([day_check], InMemoryMetricDB(), "Day")
        [result] = suite.run([FolderStorage(engine, tmp_path).data_source("sales")], ResultKey(DAY, tags))
        return result.status, "not materialized" in result.message

    materialize(BEFORE, [DAY], ["train"], engine=engine, root=tmp_path)
    assert (judged({"split": "train"}), judged({})) == (("SKIPPED", True), ("ERROR", True))

    materialize(BEFORE, [DAY], ["eval"], engine=engine, root=tmp_path)
    assert (judged({"split": "train"}), judged({})) == (("PASSED", False), ("PASSED", False))
