"""A run that is killed or refused leaves every partition old or new, and the next run cleans up after it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlglot import exp

from dqx_core.datasets import manifest, materialize, partition_files, read_partitions, stored_partitions
from dqx_core.datasets.folders import workshop
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import EngineError
from tests.core.datasets.shop import bytes_of, day, days, engine, products, ranking, transactions

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def shop():
    return engine()


def crash(root, number):
    command = [sys.executable, "-m", "tests.core.datasets.crashing", str(root), str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr


def test_a_run_that_is_killed_leaves_every_partition_old_or_new(shop, tmp_path):
    materialize(ranking(), days(8, 9), engine=shop, root=tmp_path)
    old = bytes_of(tmp_path)
    new_shop = engine({"transactions": transactions(seed=2), "products": products()})
    materialize(ranking(), days(8, 9), engine=new_shop, root=tmp_path / "new")
    new = bytes_of(tmp_path / "new")
    assert {name: len(data) for name, data in old.items()} != {name: len(data) for name, data in new.items()}

    crash(tmp_path, 2)  # day 8: train was put in its place, eval was written but not put
    found = {name: (tmp_path / name).read_bytes() for name in old}
    train_8, eval_8, train_9, eval_9 = (
        f"ranking/date=2024-01-0{n}/split={s}/part-0.parquet" for n in (8, 9) for s in ("train", "eval")
    )
    assert found[Path(train_8)] == new[Path(train_8)]
    for still in (eval_8, train_9, eval_9):
        assert found[Path(still)] == old[Path(still)]
    for date, split in stored_partitions(tmp_path, "ranking"):
        rows = shop.run(read_partitions(tmp_path, "ranking", [date], [split])).num_rows
        assert rows == manifest(tmp_path, "ranking", date, split).rows

    leftovers = list((tmp_path / "ranking").glob(".writing-*"))
    assert len(leftovers) == 1
    assert len(partition_files(tmp_path, "ranking")) == 4  # a leftover is no partition
    materialize(ranking(), [day(8)], engine=new_shop, root=tmp_path)
    assert not leftovers[0].exists()
    assert (tmp_path / eval_8).read_bytes() == new[Path(eval_8)]


def test_the_folder_of_a_run_that_lives_is_not_taken_for_a_leftover(shop, tmp_path):
    with workshop(tmp_path / "ranking") as living:
        (living / "half").mkdir()
        materialize(ranking(), [day(8)], engine=shop, root=tmp_path)
        assert (living / "half").exists()
    assert not living.exists()


def test_a_partition_that_a_crash_left_set_aside_comes_back(shop, tmp_path):
    """Where names cannot be exchanged, the old folder is set aside for an instant; a crash may come just then."""
    (train, _) = materialize(ranking(), [day(8)], engine=shop, root=tmp_path)
    aside = tmp_path / "ranking" / ".writing-dead" / ".old" / "date=2024-01-08" / "split=train"
    aside.parent.mkdir(parents=True)
    train.path.rename(aside)
    materialize(ranking(), [day(9)], engine=shop, root=tmp_path)
    assert manifest(tmp_path, "ranking", day(8), "train").data_version == train.data_version
    assert not (tmp_path / "ranking" / ".writing-dead").exists()


class Refusing(DuckDB):
    """An engine that refuses its second COPY."""

    copies = 0

    def run(self, tree):
        """The rows, or a refusal."""
        self.copies += isinstance(tree, exp.Copy)
        if isinstance(tree, exp.Copy) and self.copies == 2:
            raise EngineError("DuckDB", "run a statement", "the disk is full")
        return super().run(tree)


def test_a_refused_statement_leaves_the_rest_as_it_was(shop, tmp_path):
    materialize(ranking(), [day(8)], engine=shop, root=tmp_path)
    old = bytes_of(tmp_path)
    new = engine({"transactions": transactions(seed=2), "products": products()})
    with pytest.raises(EngineError, match="the disk is full"):
        materialize(ranking(), [day(8)], engine=Refusing(new.connection), root=tmp_path)
    found = bytes_of(tmp_path)
    assert found.keys() == old.keys()
    assert [found[name] == old[name] for name in sorted(old)] == [True, False]  # eval is old, train is new
    assert list((tmp_path / "ranking").glob(".writing-*")) == []
    assert not new.connection.sql("SELECT * FROM duckdb_tables() WHERE temporary").fetchall()
