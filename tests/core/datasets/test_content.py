"""What a partition says of its content: a fingerprint of the rows, and a data version that outlives its hash."""

from __future__ import annotations

import itertools
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dqx_core.datasets import manifest, materialize
from dqx_core.errors import DefinitionError
from tests.core.datasets.shop import bytes_of, daily, day, days, engine, products, ranking, transactions


@pytest.fixture(scope="module")
def shop():
    return engine()


def fingerprints(root, sales, *, threads=2, definition=None):
    shop = engine({"transactions": sales, "products": products()}, threads=threads)
    results = materialize(definition or daily(), [day(3)], engine=shop, root=root)
    return [(r.split, r.rows, r.fingerprint) for r in results]


def test_content_is_the_same_for_any_number_of_threads_and_any_order_of_rows(tmp_path):
    sales = transactions()
    expected = fingerprints(tmp_path / "a", sales, threads=1)
    assert fingerprints(tmp_path / "b", sales, threads=2) == expected
    assert fingerprints(tmp_path / "c", sales.sample(frac=1, random_state=3), threads=2) == expected
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b") == bytes_of(tmp_path / "c")


MANY = """
CREATE TABLE raw_data.many AS
SELECT DATE '2024-01-01' + (i % 7)::INTEGER AS bought_on, 'c' || i % 10_000 AS customer_id, hash(i) % 50 AS product
FROM range(400_000) rows(i)
"""
"""More rows than one thread takes at a time, and many that are equal."""


def test_two_threads_that_share_the_rows_write_the_bytes_of_one_in_order_of_the_columns_as_listed(tmp_path):
    definition = daily(
        source={"table": "raw_data.many"},
        columns=[{"column": "bought_on"}, {"column": "customer_id", "role": "user_id"}, {"column": "product"}],
        filters=[{"kind": "min_transactions", "count": 2}],
        partitions__content="snapshot",
    )
    for threads in (1, 2):
        shop = engine(threads=threads)
        shop.connection.execute(MANY)
        train, _ = materialize(definition, [day(1)], engine=shop, root=tmp_path / str(threads))
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "2")
    written = pq.read_table(train.path / "part-0.parquet", partitioning=None)
    assert written.num_rows == train.rows > 300_000
    assert written.equals(written.sort_by([(name, "ascending") for name in written.column_names]))
    footer = pq.read_metadata(train.path / "part-0.parquet")
    days_of = [footer.row_group(number).column(0).statistics for number in range(footer.num_row_groups)]
    assert len(days_of) > 2
    assert all(one.max <= then.min for one, then in itertools.pairwise(days_of))


def one_row(value, frame):
    number = frame.index[frame["transaction_date"] >= pd.Timestamp(day(3))][0]
    return {
        "doubled": lambda: pd.concat([frame, frame.loc[[number]]]),
        "lost": lambda: frame.drop(number),
        "another amount": lambda: frame.assign(
            amount=frame["amount"].where(frame.index != number, frame["amount"] + 1e-9)
        ),
        "a null": lambda: frame.assign(country=frame["country"].where(frame.index != number, None)),
        "two values exchanged": lambda: frame.assign(
            amount=frame["amount"].replace({frame["amount"][number]: frame["amount"][number + 1]})
        ),
    }[value]()


@pytest.mark.parametrize("change", ["doubled", "lost", "another amount", "a null", "two values exchanged"])
def test_any_other_content_is_another_fingerprint(tmp_path, change):
    sales = transactions()
    assert fingerprints(tmp_path / "b", one_row(change, sales)) != fingerprints(tmp_path / "a", sales)


def test_values_do_not_run_into_each_other(tmp_path):
    seen = set()
    pairs = [("ab", "c"), ("a", "bc"), ("abc", ""), ("abc", None), ("", "abc"), (None, "abc"), ("-", "-"), (None, None)]
    for number, (one, other) in enumerate(pairs):
        shop = engine({"pairs": pd.DataFrame({"k": ["x"], "one": [one], "other": [other]}, dtype=object)})
        shop.connection.execute("ALTER TABLE raw_data.pairs ALTER one TYPE VARCHAR")
        shop.connection.execute("ALTER TABLE raw_data.pairs ALTER other TYPE VARCHAR")
        definition = daily(
            source={"table": "raw_data.pairs"},
            columns=[{"column": "k"}, {"column": "one"}, {"column": "other"}],
            split={"strategy": "group", "key": "k", "parts": {"train": 100}},
            partitions__content="snapshot",
        )
        (result,) = materialize(definition, [day(1)], engine=shop, root=tmp_path / str(number))
        seen.add(result.fingerprint)
    assert len(seen) == len(pairs)


def test_the_data_version_follows_definition_date_split_and_content(shop, tmp_path):
    def versions(definition):
        return {
            (r.date, r.split): r.data_version for r in materialize(definition, days(8, 9), engine=shop, root=tmp_path)
        }

    first = versions(ranking())
    assert len(set(first.values())) == 4
    assert versions(ranking(description="Another text")) == first
    assert not set(versions(ranking(split__eval_days=1)).values()) & set(first.values())


def test_the_fingerprint_is_the_same_in_every_version(tmp_path):
    table = pd.DataFrame({"k": ["a", "b", None], "n": [1.5, -0.25, None]})
    shop = engine({"small": table})
    definition = daily(
        source={"table": "raw_data.small"},
        columns=[{"column": "k"}, {"column": "n"}],
        split={"strategy": "group", "key": "k", "parts": {"train": 100}, "null_key": "train"},
        partitions__content="snapshot",
    )
    (result,) = materialize(definition, [day(1)], engine=shop, root=tmp_path)
    assert result.fingerprint == "3294804ca970d521c548efa06ce52358"


# A DuckDB that hashes otherwise.


def by_another(root, version, **changes):
    """The train manifest as another version of DuckDB would have written it."""
    file = root / "daily" / f"date={day(3)}" / "split=train" / "_manifest.json"
    of_then = {"fingerprint": "f" * 32, "fingerprint_by": "duckdb v1.9.9", "data_version": version}
    file.write_text(json.dumps(json.loads(file.read_text()) | of_then | changes))


def test_content_that_an_older_engine_hashed_otherwise_keeps_its_data_version(shop, tmp_path):
    materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    by_another(tmp_path, "as of then")
    for _ in range(2):  # and again, when the fingerprint is of today's engine
        (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
        assert train.data_version == "as of then"
        assert manifest(tmp_path, "daily", day(3), "train").fingerprint == train.fingerprint != "f" * 32


def test_other_content_or_another_definition_has_another_data_version_whoever_hashed(shop, tmp_path):
    (expected, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path / "fresh")
    other = engine({"transactions": transactions(seed=2), "products": products()})
    materialize(daily(), [day(3)], engine=other, root=tmp_path)
    by_another(tmp_path, "of other rows")
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    assert train.data_version == expected.data_version
    by_another(tmp_path, "of another definition", definition_hash="0" * 16)
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    assert train.data_version == expected.data_version


@pytest.mark.parametrize("file", ["_manifest.json", "part-0.parquet"])
def test_a_damaged_partition_is_replaced(shop, tmp_path, file):
    (before, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    by_another(tmp_path, "as of then")
    (before.path / file).write_text("{")
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    assert train.data_version == before.data_version
    assert manifest(tmp_path, "daily", day(3), "train").rows == train.rows


# Manifests that are damaged, or of a later version.


def test_a_damaged_manifest_is_told_as_such(shop, tmp_path):
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    (train.path / "_manifest.json").write_text("{")
    with pytest.raises(DefinitionError, match=r"is damaged .* Materialize the partition again"):
        manifest(tmp_path, "daily", day(3), "train")
    assert manifest(tmp_path, "daily", day(4), "train") is None


def test_a_manifest_of_a_later_version_can_be_read(shop, tmp_path):
    (train, _) = materialize(daily(), [day(3)], engine=shop, root=tmp_path)
    file = train.path / "_manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"new_in_the_future": 1}))
    assert manifest(tmp_path, "daily", day(3), "train").rows == train.rows
