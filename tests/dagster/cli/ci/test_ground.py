"""Partitions are read through the configured folder and written beside it."""

import datetime as dt

from dqx_core.datasets.folders import put, workshop
from dqx_core.datasets.stored import MANIFEST, partition_path, stored_partitions
from dqx_dagster.cli.ci.ground import lay_over

MONDAY, TUESDAY = dt.date(2024, 1, 1), dt.date(2024, 1, 2)


def store(root, day, split, text, dataset="sales"):
    """Write a partition as a materialization does."""
    place = partition_path(root, dataset, day, split)
    with workshop(root / dataset) as folder:
        new = folder / place.relative_to(root / dataset)
        new.mkdir(parents=True)
        (new / MANIFEST).write_text(text)
        put(new, place)


def read(root, dataset="sales"):
    found = stored_partitions(root, dataset)
    return {(day, split): (partition_path(root, dataset, day, split) / MANIFEST).read_text() for day, split in found}


def test_what_is_written_stands_beside_what_is_configured_and_that_stays(tmp_path):
    below, above = tmp_path / "below", tmp_path / "above"
    for day in (MONDAY, TUESDAY):
        for split in ("train", "eval"):
            store(below, day, split, "production")
    store(below, MONDAY, "train", "production", dataset="other")
    before = read(below)

    lay_over(below, above, {"sales": {(TUESDAY, "train")}})
    assert (TUESDAY, "train") not in read(above), "it is not there until it is made"
    store(above, TUESDAY, "train", "mine")

    assert read(above) == {**before, (TUESDAY, "train"): "mine"}
    assert read(above, "other") == read(below, "other")
    assert read(below) == before


def test_a_folder_that_is_not_there_is_an_empty_one(tmp_path):
    lay_over(tmp_path / "nowhere", tmp_path / "above", {"sales": {(MONDAY, "train")}})
    store(tmp_path / "above", MONDAY, "train", "mine")

    assert read(tmp_path / "above") == {(MONDAY, "train"): "mine"}
    assert not (tmp_path / "nowhere").exists()
