"""What a downstream asset takes of a dataset, by the annotation of its input."""

import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dqx_core.datasets import materialize
from dqx_core.engines.duckdb import DuckDB
from dqx_dagster import DatasetIOManager, dataset_asset
from tests.dagster.scenario import span
from tests.dagster.warehouse import definition, location, make

DAYS = ("2026-01-02", "2026-01-03")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two days of a dataset, materialized."""
    made = tmp_path_factory.mktemp("io")
    engine = DuckDB(database=make(made), read_only=True)
    materialize(definition(), [dt.date.fromisoformat(day) for day in DAYS], engine=engine, root=made / "datasets")
    engine.close()
    return made


@pytest.fixture
def taken(folder, instance):
    """Run a consumer whose input has that annotation, over partitions; what it was given, as `look` sees it."""

    def take(annotation, look, how, *, by_date=False):
        dataset = dataset_asset(definition())
        days = dataset.partitions_def.get_partitions_def_for_dimension("date")
        found = []

        def consumer(sales):
            found.append(look(sales))

        consumer.__annotations__ = {"return": None} | ({} if annotation is None else {"sales": annotation})
        asset = dg.asset(
            ins={"sales": dg.AssetIn(dataset.key)},
            partitions_def=days if by_date else dataset.partitions_def,
            backfill_policy=dg.BackfillPolicy.single_run(),
        )(consumer)
        job = location(folder, dataset, asset).resolve_implicit_global_asset_job_def() if not by_date else None
        if job is None:
            defs = location(folder, dataset, asset, jobs=[dg.define_asset_job("one", [asset])])
            job = defs.resolve_job_def("one")
        else:
            job = job.get_subset(asset_selection={asset.key})
        result = job.execute_in_process(instance=instance, raise_on_error=False, **how)
        if not result.success:
            [failure] = [event for event in result.all_events if event.is_step_failure]
            data = failure.step_failure_data
            return (data.user_failure_data.description if data.user_failure_data else "") + data.error_display_string
        return found[0]

    return take


ONE = {"partition_key": "2026-01-02|train"}
RANGE = {"tags": span("2026-01-02|train", "2026-01-03|eval")}
DATES = {"tags": span(*DAYS)}

TABLES = {
    "pandas": (pd.DataFrame, lambda found: (type(found), len(found), {*found["split"]}, {*found["date"].map(str)})),
    "pyarrow": (
        pa.Table,
        lambda found: (type(found), len(found), {*found["split"].to_pylist()}, {*map(str, found["date"].to_pylist())}),
    ),
    "polars": (pl.DataFrame, lambda found: (type(found), len(found), {*found["split"]}, {*map(str, found["date"])})),
    "duckdb": (
        duckdb.DuckDBPyRelation,
        lambda found: (
            type(found),
            found.count("*").fetchall()[0][0],
            {row[0] for row in found.project("split").distinct().fetchall()},
            {str(row[0]) for row in found.project("date").distinct().fetchall()},
        ),
    ),
}


def rows(folder, split):
    return sum(
        duckdb.read_parquet(str(file)).count("*").fetchall()[0][0]
        for day in DAYS
        for file in (folder / "datasets/sales").glob(f"date={day}/split={split}/*.parquet")
    )


@pytest.mark.parametrize("form", TABLES)
def test_the_rows_of_one_partition(taken, folder, form):
    kind, look = TABLES[form]
    found, count, splits, dates = taken(kind, look, ONE)

    assert (found, splits, {date[:10] for date in dates}) == (kind, {"train"}, {"2026-01-02"})
    assert 0 < count < rows(folder, "train")


@pytest.mark.parametrize("form", TABLES)
def test_the_rows_of_a_range_of_dates_and_both_splits(taken, folder, form):
    kind, look = TABLES[form]
    found, count, splits, dates = taken(kind, look, RANGE)

    assert (found, splits, {date[:10] for date in dates}) == (kind, {"train", "eval"}, {*DAYS})
    assert count == rows(folder, "train") + rows(folder, "eval") == 400


@pytest.mark.parametrize("form", TABLES)
def test_an_entry_for_each_split(taken, folder, form):
    kind, look = TABLES[form]
    found = taken(dict[str, kind], lambda both: {split: look(part) for split, part in both.items()}, RANGE)

    assert {split: (each[0], each[1], each[2]) for split, each in found.items()} == {
        split: (kind, rows(folder, split), {split}) for split in ("train", "eval")
    }


def test_an_asset_with_dates_alone_takes_both_splits_of_each(taken, folder):
    found = taken(dict[str, pd.DataFrame], lambda both: {k: len(v) for k, v in both.items()}, DATES, by_date=True)

    assert found == {split: rows(folder, split) for split in ("train", "eval")}


def test_the_folder_of_a_partition_and_of_each_split(taken):
    assert taken(Path, lambda path: (path.name, path.parent.name, path.is_dir()), ONE) == (
        "split=train",
        "date=2026-01-02",
        True,
    )
    of_day = {"tags": span("2026-01-02|train", "2026-01-02|eval")}
    assert taken(dict[str, Path], lambda both: {k: p.name for k, p in both.items()}, of_day) == {
        "train": "split=train",
        "eval": "split=eval",
    }


def test_a_folder_of_several_partitions_says_what_to_take_instead(taken):
    said = taken(Path, lambda path: path, RANGE)

    assert "A Path is the folder of one partition of sales; 4 are asked for" in said
    assert "pyarrow.Table" in said


@pytest.mark.parametrize("annotation", [None, Any, list, dict[str, int], dict[int, pd.DataFrame]], ids=str)
def test_any_other_annotation_says_which_there_are(taken, annotation):
    said = taken(annotation, lambda found: found, ONE)

    assert "cannot be loaded from dataset sales. Annotate it with one of pandas.DataFrame, pyarrow.Table," in said


def test_a_partition_that_is_not_there_is_named_with_what_to_do(taken):
    said = taken(pd.DataFrame, len, {"partition_key": "2026-01-07|eval"})

    assert "Dataset 'sales' does not have 2026-01-07/eval" in said
    assert "Materialize it first" in said


def test_a_partition_that_the_mapping_leads_to_and_that_there_is_not_is_named(folder, instance):
    dataset = dataset_asset(definition())
    week = dg.DimensionPartitionMapping("date", dg.TimeWindowPartitionMapping(start_offset=-7, end_offset=-7))
    same = dg.DimensionPartitionMapping("split", dg.IdentityPartitionMapping())
    ago = dg.MultiPartitionMapping({"date": week, "split": same})

    @dg.asset(ins={"sales": dg.AssetIn(dataset.key, partition_mapping=ago)}, partitions_def=dataset.partitions_def)
    def last_week(sales: pd.DataFrame) -> None: ...

    job = location(folder, dataset, last_week).resolve_implicit_global_asset_job_def()
    result = job.get_subset(asset_selection={last_week.key}).execute_in_process(
        instance=instance, partition_key="2026-01-03|train", raise_on_error=False
    )
    [failure] = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    said = str((failure.error.cause or failure.error).message)
    assert "asks for partition 2025-12-27|train of dataset" in said
    assert "its partitions are from 2026-01-01|" in said


def test_days_before_and_after_a_split_was_renamed_are_handed_on_with_each_row_once(tmp_path, instance):
    renamed = definition(split={"strategy": "group", "key": "customer", "parts": {"train": 80, "holdout": 20}})
    engine = DuckDB(database=make(tmp_path), read_only=True)
    materialize(definition(), [dt.date.fromisoformat(day) for day in DAYS], engine=engine, root=tmp_path / "datasets")
    materialize(renamed, [dt.date.fromisoformat(DAYS[1])], engine=engine, root=tmp_path / "datasets")
    engine.close()
    dataset = dataset_asset(renamed)
    given = []

    @dg.asset(
        ins={"sales": dg.AssetIn(dataset.key)},
        partitions_def=dataset.partitions_def.get_partitions_def_for_dimension("date"),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def consumer(sales: pd.DataFrame) -> None:
        given.append(sales)

    defs = location(tmp_path, dataset, consumer, jobs=[dg.define_asset_job("one", [consumer])])
    defs.resolve_job_def("one").execute_in_process(instance=instance, tags=span(*DAYS))

    [rows] = given
    assert len(rows) == rows["id"].nunique() == 400
    splits = rows.groupby(rows["date"].astype(str))["split"].unique().map(sorted).to_dict()
    assert splits == {DAYS[0]: ["eval", "train"], DAYS[1]: ["holdout", "train"]}


@pytest.fixture
def handed_on(tmp_path, instance):
    """Days of definitions, made in turn, are handed to a consumer: what it was given, and what was logged."""

    def hand_on(annotation, *made, **options):
        engine = DuckDB(database=make(tmp_path), read_only=True)
        for some, days in made:
            materialize(some, [dt.date.fromisoformat(day) for day in days], engine=engine, root=tmp_path / "datasets")
        engine.close()
        dataset, given = dataset_asset(made[-1][0]), []

        def consumer(sales):
            given.append(sales)

        consumer.__annotations__ = {"return": None, "sales": annotation}
        asset = dg.asset(
            ins={"sales": dg.AssetIn(dataset.key)},
            partitions_def=dataset.partitions_def.get_partitions_def_for_dimension("date"),
            backfill_policy=dg.BackfillPolicy.single_run(),
        )(consumer)
        manager = DatasetIOManager(datasets=str(tmp_path / "datasets"), **options)
        result = dg.materialize(
            [dataset, asset],
            selection=[asset],
            instance=instance,
            resources={"datasets_io_manager": manager, "engine": None, "store": None},
            tags=span(*DAYS),
            raise_on_error=False,
        )
        logged = [record.user_message for record in instance.all_logs(result.run_id)]
        return given, "\n".join(logged), result

    return hand_on


IN_TIME = {"strategy": "temporal", "eval_days": 1}


def test_snapshots_that_hold_out_what_others_train_on_are_told_split_by_split_too(handed_on):
    snapshots = definition(split=IN_TIME, partitions={"start": "2026-01-01", "content": "snapshot"})
    given, logged, result = handed_on(dict[str, pa.Table], (snapshots, DAYS))

    assert result.success
    assert {*given[0]} == {"eval", "train"}
    assert "rows that one holds out for eval are train rows of a later one" in logged


def test_a_misspelt_word_for_mixed_days_is_refused_and_lets_nothing_through(handed_on):
    other = definition(split={"strategy": "group", "key": "customer", "parts": {"train": 60, "eval": 40}})
    given, _, result = handed_on(pa.Table, (definition(), DAYS[:1]), (other, DAYS[1:]), mixed="eror")

    assert (given, result.success) == ([], False)
    [failure] = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert "mixed='eror'" in failure.error_display_string
