"""Stored partitions are found and read by date and split."""

from __future__ import annotations

import re

import pytest

from dqx_core import InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.datasets import materialize, partition_files, read_partitions, stored_partitions
from dqx_core.datasets.data_source import dataset_source
from dqx_core.datasets.stored import partition_path
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import daily, day, engine


@pytest.fixture(scope="module")
def shop():
    return engine()


@pytest.fixture(scope="module")
def root(shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("it's a root")
    materialize(daily(), [day(1), day(2)], engine=shop, root=folder)
    materialize(daily(), [day(3)], ["train"], engine=shop, root=folder)
    return folder


def dates_and_splits(shop, query):
    table = shop.run(query).select(["date", "split"]).to_pandas().drop_duplicates()
    return sorted((date.date() if hasattr(date, "date") else date, split) for date, split in table.values.tolist())


EVERYTHING = [(day(n), split) for n, split in ((1, "eval"), (1, "train"), (2, "eval"), (2, "train"), (3, "train"))]


def test_every_partition_is_found(root):
    assert stored_partitions(root, "daily") == EVERYTHING
    assert stored_partitions(root, "nothing") == []


def test_files_are_those_of_the_dates_and_splits(root):
    assert len(partition_files(root, "daily")) == 5
    assert [file.parent.name for file in partition_files(root, "daily", [day(2), day(3)])] == [
        "split=eval", "split=train", "split=train",
    ]  # fmt: skip
    assert [file.parent.parent.name for file in partition_files(root, "daily", splits=["eval"])] == [
        "date=2024-01-01", "date=2024-01-02",
    ]  # fmt: skip
    assert partition_files(root, "nothing") == []


def test_a_query_reads_those_of_the_dates_and_splits(shop, root):
    assert dates_and_splits(shop, read_partitions(root, "daily")) == EVERYTHING
    assert dates_and_splits(shop, read_partitions(root, "daily", splits=["eval"])) == EVERYTHING[0:3:2]
    assert dates_and_splits(shop, read_partitions(root, "daily", [day(2)])) == EVERYTHING[2:4]
    assert dates_and_splits(shop, read_partitions(root, "daily", [day(3), day(1)], ["train"])) == [
        EVERYTHING[1],
        EVERYTHING[4],
    ]


def test_dates_and_splits_have_types_of_their_own(shop, root):
    types = shop.schema(read_partitions(root, "daily", [day(1)]))
    assert (types["date"], types["split"]) == ("DATE", "VARCHAR")


def test_a_partition_that_is_not_there_is_told_with_those_that_are(root):
    with pytest.raises(DefinitionError, match=r"Dataset 'daily' does not have 2024-01-03/eval, 2024-01-04/eval in"):
        read_partitions(root, "daily", [day(2), day(3), day(4)], ["eval"])
    with pytest.raises(
        DefinitionError, match=r"does not have any partition in .* Materialize it first\. There are none"
    ):
        read_partitions(root, "nothing")


def test_a_column_that_came_later_is_null_before(shop, root, tmp_path):
    materialize(daily(columns=daily().model_dump(by_alias=True)["columns"][:4]), [day(1)], engine=shop, root=tmp_path)
    materialize(daily(), [day(2)], engine=shop, root=tmp_path)
    table = shop.run(read_partitions(tmp_path, "daily")).to_pandas()
    assert table[table["date"].astype(str) == str(day(1))]["country"].isna().all()
    assert table[table["date"].astype(str) == str(day(2))]["country"].notna().any()


@pytest.fixture
def judged(shop, tmp_path):
    """Two days in a folder, and what a suite says of the rows of one."""
    materialize(daily(), [day(1), day(2)], engine=shop, root=tmp_path)

    @check(name="Rows", datasets=["daily"])
    def rows(mp, ctx):
        ctx.assert_that(mp.num_rows()).where(name="rows").is_positive()

    def say(n, split="train"):
        source = dataset_source(DuckDB(), tmp_path, "daily")
        suite = VerificationSuite([rows], InMemoryMetricDB(), "S")
        return suite.run([source], ResultKey(day(n), {"split": split}))[0].message, source

    return tmp_path, say


def file_of(root, n):
    return partition_path(root, "daily", day(n), "train") / "part-0.parquet"


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda file: file.unlink(), "its file part-0.parquet is not there"),
        (lambda file: file.with_name("copy.parquet").write_bytes(b"PAR1"), "does not know the file copy.parquet"),
        (lambda file: file.write_bytes(file.read_bytes()[:200]), "has 200 bytes, and its manifest says"),
        (lambda file: file.write_bytes(bytes(file.stat().st_size)), "its file part-0.parquet is not Parquet"),
        (lambda file: file.with_name("_manifest.json").write_text("{"), "is damaged"),
        (lambda file: file.with_name("_manifest.json").write_text("[]"), "is damaged .it does not hold keys"),
    ],
    ids=["gone", "doubled", "cut", "zeros", "manifest", "list"],
)  # fmt: skip
def test_what_is_not_as_its_manifest_says_is_an_error_of_that_partition_alone(judged, harm, message):
    root, say = judged
    before, _ = say(1)
    harm(file_of(root, 2))
    assert re.search(message, say(2)[0])
    assert say(1)[0] == before
    with pytest.raises(DefinitionError, match=message):
        read_partitions(root, "daily", [day(1), day(2)], ["train"])


def test_a_split_that_was_not_made_is_not_an_empty_one(judged):
    assert judged[1](1, "evl")[0] == "num_rows(): 2024-01-01 (split=evl) of dataset 'daily' is not materialized"


def test_no_files_of_other_days_are_read(judged):
    _, say = judged
    _, source = say(1)
    measured = [sql for sql in source._engine.statements if "COUNT" in sql]
    assert measured
    assert not any(f"date={day(2)}" in sql for sql in measured)


@pytest.mark.parametrize("severity", ["P0", "P2"])
@pytest.mark.parametrize(("there", "status"), [(["train"], "ERROR"), (["train", "eval"], "PASSED")])
def test_what_speaks_of_all_splits_is_an_error_while_one_is_not_there(shop, tmp_path, there, status, severity):
    materialize(daily(), [day(1)], there, engine=shop, root=tmp_path)

    @check(name="Rows", datasets=["daily"])
    def rows(mp, ctx):
        all_of_them = mp.num_rows(tags={"split": None})
        ctx.assert_that(all_of_them).where(name="all", severity=severity, on_missing_history="fail").is_positive()
        ctx.assert_that(all_of_them - mp.num_rows()).where(name="or skipped", severity=severity).is_geq(0)

    db = InMemoryMetricDB()
    source = dataset_source(DuckDB(), tmp_path, "daily")
    suite = VerificationSuite([rows], db, "S")
    found = suite.run([source], ResultKey(day(1), {"split": "train"}))

    assert [str(result.status) for result in found] == [status, "SKIPPED" if status == "ERROR" else status]
    if status == "ERROR":
        assert all("not materialized" in result.message for result in found)
        assert [result.absent for result in found] == [True, False]
        assert {metric.key.tags.get("split") for metric in db.measured(suite.execution_id)} == {"train"}
    whole = VerificationSuite([rows], db, "S").run([source], ResultKey(day(1)))
    assert [str(result.status) for result in whole] == [status, status]
