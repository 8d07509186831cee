"""A group split that hashes each key once gives the rows of one that hashes all, and is used where keys repeat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dqx_core.datasets import DuckDBCatalog, materialize, partition_query, schemas_of
from dqx_core.datasets.materialize import ROWS_OF_A_KEY
from dqx_core.errors import EngineError
from dqx_core.sql import fingerprint
from tests.core.datasets.generated import DATE, FITTED_FILTERS, ROW_FILTERS
from tests.core.datasets.shop import daily, day, engine, rows, transactions
from tests.core.datasets.test_laws import COLUMNS_OF_PEOPLE, PEOPLE, defined

KEYS = ["customer_id", "product_id", "joined", "token", ["customer_id", "product_id"], ["country", "token", "joined"]]
SPLITS = st.fixed_dictionaries(
    {
        "strategy": st.just("group"),
        "key": st.sampled_from(KEYS),
        "parts": st.sampled_from([{"train": 80, "eval": 20}, {"test": 10, "train": 50.5, "eval": 39.5}]),
        "null_key": st.sampled_from(["train", "eval", "fail"]),
    }
)
FILTERS = st.lists(st.one_of(ROW_FILTERS, FITTED_FILTERS), max_size=4)


@pytest.fixture(scope="module")
def holes():
    """Sales with nulls in every column that may be a key."""
    random = np.random.default_rng(5)
    frame = PEOPLE.astype({"product_id": "Int64"})
    for name in ("customer_id", "product_id", "joined", "token"):
        frame.loc[random.random(len(frame)) < 0.03, name] = None
    shop = engine({"transactions": frame})
    shop.connection.execute("ALTER TABLE raw_data.transactions ALTER joined TYPE DATE")
    return shop


def rows_or_error(shop, definition, *, keys_once):
    tree = partition_query(definition, DATE, schemas_of(definition, DuckDBCatalog(shop)), keys_once=keys_once)
    try:
        return rows(shop.run(tree))
    except EngineError as error:
        assert "the key of the group split" in str(error)  # noqa: PT017
        return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(split=SPLITS, filters=FILTERS, sample=st.sampled_from([None, None, 60]), folds=st.sampled_from([None, 3]))
def test_the_rows_are_those_of_hashing_every_row(holes, split, filters, sample, folds):
    definition = defined(
        {
            "name": "any",
            "source": {"table": "raw_data.transactions"},
            "columns": COLUMNS_OF_PEOPLE,
            "filters": filters,
            "split": split,
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
        }
        | ({"sample": {"percent": sample, "key": "customer_id"}} if sample else {})
        | ({"folds": folds} if folds else {})
    )
    each, once = (rows_or_error(holes, definition, keys_once=keys_once) for keys_once in (False, True))
    assert (each is None) == (once is None)
    if each is not None and once is not None:
        assert each.equals(once)


TWO = {"kind": "min_transactions", "count": 2}
TOP = {"kind": "top_products", "percent": 60, "fit_on": "all"}


@pytest.mark.parametrize(
    ("filters", "sold_to_one_who_comes_once"),
    [([TOP, TWO], 1), ([TWO, TOP], 2000), ([TWO, TOP, TWO], 2000)],
    ids=["top first", "two first", "two twice"],
)
def test_what_filters_learn_after_one_another_is_the_same(filters, sold_to_one_who_comes_once):
    """Rows without a key are not learnt from, nor are, once users are counted, those of users who are gone."""
    frame = transactions()[:7].assign(
        customer_id=["a", "a", "b", "b", "once", None, None],
        product_id=[1, 1, 2, 2, 3, 4, 4],
        amount=[250, 250, 250, 250, sold_to_one_who_comes_once, 9000, 9000],
    )
    shop = engine({"transactions": frame})
    definition = defined(
        {
            "name": "any",
            "source": {"table": "raw_data.transactions"},
            "columns": COLUMNS_OF_PEOPLE[:5],
            "filters": filters,
            "split": {"strategy": "group", "key": "customer_id"},
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
        }
    )
    each, once = (rows_or_error(shop, definition, keys_once=keys_once) for keys_once in (False, True))
    assert once is not None
    assert sorted(set(once["product_id"])) == [1, 2]
    assert once.equals(each)


def counting():
    """The shop on an engine that counts the keys that are hashed, and the list of counts."""
    counts = []

    def farm_fingerprint(texts):
        counts.append(len(texts))
        return fingerprint.fingerprints(texts)

    shop = engine()
    shop.connection.create_function("farm_fingerprint", farm_fingerprint, ["VARCHAR"], "BIGINT", type="arrow")
    return shop, counts


def of_day(number, column):
    frame = transactions()
    return frame[frame["transaction_date"].dt.date == day(number)][column]


LEARNING = [{"kind": "top_products", "percent": 60, "column": "category", "by": "amount"}]
COUNTING = [*LEARNING, TWO]


@pytest.mark.parametrize("filters", [[], LEARNING, COUNTING], ids=["no filter", "learning", "counting keys"])
def test_each_key_of_many_rows_is_hashed_once(filters, tmp_path):
    assert len(of_day(3, "customer_id")) > ROWS_OF_A_KEY * of_day(3, "customer_id").nunique()
    shop, hashed = counting()
    materialize(daily(filters=filters), [day(3)], engine=shop, root=tmp_path)
    assert sum(hashed) == of_day(3, "customer_id").nunique()


@pytest.mark.parametrize("filters", [[], LEARNING], ids=["no filter", "learning"])
def test_keys_of_few_rows_are_hashed_with_their_rows(filters, tmp_path):
    definition = daily(split__key="transaction_id", filters=filters)
    shop, hashed = counting()
    materialize(definition, [day(3)], engine=shop, root=tmp_path)
    assert sum(hashed) == len(of_day(3, "transaction_id"))
    assert not any('"keys" AS MATERIALIZED' in sql for sql in shop.statements)


def test_a_filter_that_counts_the_rows_of_keys_says_that_they_have_several(tmp_path):
    shop = engine()
    materialize(daily(filters=COUNTING), [day(3)], engine=shop, root=tmp_path)
    assert not any("key_count" in sql for sql in shop.statements)
    assert any('"keys" AS MATERIALIZED' in sql for sql in shop.statements)


@pytest.mark.parametrize("filters", [[], COUNTING], ids=["no filter", "counting keys"])
def test_a_sample_is_hashed_once_for_each_of_its_steps(filters, tmp_path):
    definition = daily(filters=filters, sample={"percent": 50, "key": "customer_id"})
    shop, hashed = counting()
    materialize(definition, [day(3)], engine=shop, root=tmp_path)
    keys = of_day(3, "customer_id")
    assert len(keys) < sum(hashed) < len(keys) + keys.nunique()
