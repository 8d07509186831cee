"""Names and values with quotes, reserved words and signs are only names and values."""

from __future__ import annotations

import pandas as pd
import pytest

from dqx_core.datasets import DuckDBCatalog, define, materialize, partition_query, read_partitions, schemas_of
from tests.core.datasets.shop import daily, day, engine

HOSTILE = [
    "O'Brien",
    '"quoted"',
    "back\\slash",
    "'; DROP TABLE raw_data.odd; --",
    "new\nline",
    "`tick`",
    "žluťoučký 🐴",
    "%s {x}",
]


def odd_table():
    return pd.DataFrame(
        {
            'a"b': HOSTILE,
            "it's; --": range(len(HOSTILE)),
            "select": [1.0] * len(HOSTILE),
            "total": [f"p{n}" for n in range(len(HOSTILE))],
            "user": HOSTILE[::-1],
            " spaced ": pd.to_datetime(["2024-01-01"] * len(HOSTILE)),
        }
    )


def odd(**changes):
    return daily(
        **{
            "source": {"table": 'raw_data.o"dd'},
            "columns": [
                {"column": 'a"b', "role": "user_id"},
                {"column": "it's; --"},
                {"column": "select", "role": "revenue"},
                {"column": "total", "role": "product_id"},
                {"column": "user", "as": "'quoted' `as`"},
                {"column": " spaced ", "role": "timestamp"},
            ],
            "split": {
                "strategy": "group",
                "key": 'a"b',
                "salt": 'it\'s \\ a "salt"',
                "parts": {"train": 50, "eval": 50},
            },
            **changes,
        }
    )


def run_odd(**changes):
    shop = engine({'o""dd': odd_table()})
    definition = odd(**changes)
    return shop.run(partition_query(definition, day(1), schemas_of(definition, DuckDBCatalog(shop)))).to_pandas()


def test_any_name_and_any_value_is_only_a_name_or_a_value():
    filters = [
        {"kind": "values", "column": 'a"b', "include": [*HOSTILE, "other"]},
        {"kind": "values", "column": "'quoted' `as`", "exclude": ["'; DROP TABLE raw_data.odd; --"]},
        {"kind": "range", "column": "it's; --", "min": 1},
        {"kind": "min_transactions", "count": 1},
        {"kind": "top_products", "percent": 100, "fit_on": "all"},
    ]
    table = odd_table()
    kept = table[(table["user"] != HOSTILE[3]) & (table["it's; --"] >= 1)]
    found = run_odd(filters=filters)
    assert sorted(found['a"b']) == sorted(kept['a"b'])
    assert sorted(found["'quoted' `as`"]) == sorted(kept["user"])


def test_hostile_values_fill_nulls_and_salt_the_split():
    assert len(run_odd(nulls={'a"b': {"fill": "'; --"}})) == len(HOSTILE)
    assert set(run_odd()["split"]) == {"train", "eval"}


ODD = {
    "quotes": ['a"b', "it's", "`tick`"],
    "reserved words": ["select", "from", "order"],
    "other letters": ["naïve", "顧客", "😀"],
    "signs": ["a b", "100%", "x;--"],
    "backslashes and braces": ["back\\slash", "{brace}", "[list]"],
    "names of ours": ["source", "filter_1_values", "user"],
}
VALUES = ["it's", 'say "x"', "back\\slash\\", "'; DROP TABLE raw_data.odd; --", "%s {0} $1", "new\nline", "é😀", ""]


@pytest.mark.parametrize("names", ODD.values(), ids=ODD)
def test_a_dataset_of_odd_names_and_values_is_written_and_read_as_it_is(tmp_path, names):
    key, kept, number = names
    frame = pd.DataFrame({key: [f"{n}" for n in range(16)], kept: VALUES * 2, number: range(16)})
    shop = engine({"odd": frame})
    definition = define(
        {
            "name": "odd",
            "source": {"table": "raw_data.odd"},
            "columns": [{"column": key, "role": "user_id"}, {"column": kept}, {"column": number}],
            "nulls": {kept: {"fill": VALUES[2]}, key: "fail"},
            "filters": [
                {"kind": "values", "column": kept, "include": VALUES},
                {"kind": "range", "column": number, "min": 0},
                {"kind": "min_transactions", "count": 1},
                {"kind": "aggregate", "per": kept, "function": "sum", "column": number, "min": 1, "fit_on": "all"},
            ],
            "split": {"strategy": "group", "key": key, "salt": VALUES[3]},
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
        }
    )
    results = materialize(definition, [day(1)], engine=shop, root=tmp_path)
    stored = shop.run(read_partitions(tmp_path, "odd")).to_pandas()
    assert sum(each.rows for each in results) == 16
    again = stored[names].sort_values(number, ignore_index=True)
    pd.testing.assert_frame_equal(again, frame, check_dtype=False)
    assert shop.connection.sql("SELECT count(*) FROM raw_data.odd").fetchall() == [(16,)]
