"""What holds of every dataset, whatever its definition: nothing leaks, and the same is the same again."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlglot import exp

import dqx_core.datasets
from dqx_core.datasets import DuckDBCatalog, define, manifest, materialize, partition_query, render, schemas_of
from dqx_core.errors import ValidationError
from tests.core.datasets.generated import DATE, FITTED_FILTERS, ROW_FILTERS, SALES, TABLES, definitions
from tests.core.datasets.shop import FIRST, engine
from tests.core.datasets.test_any_definition import bucket

FILTERS = st.lists(st.one_of(ROW_FILTERS, FITTED_FILTERS), max_size=3)
PACKAGE = Path(dqx_core.datasets.__file__).parent


def examples(count):
    return settings(max_examples=count, suppress_health_check=[HealthCheck.function_scoped_fixture])


def learning_from_train(filters):
    return [{**each, "fit_on": "train"} if "fit_on" in each else each for each in filters]


def defined(data):
    """The definition; an example is passed over if its eval would be empty by definition."""
    try:
        return define(data)
    except ValidationError as error:
        assume("would be empty" not in str(error))
        raise


def rows_of(shop, definition, date=DATE):
    return shop.run(partition_query(definition, date, schemas_of(definition, DuckDBCatalog(shop)))).to_pandas()


# Group: an entity is in one part.

PEOPLE = SALES.assign(
    joined=[FIRST + dt.timedelta(days=int(user[1:]) % 40) for user in SALES["customer_id"]],
    token=[bytes([int(user[1:]) % 256, 0xFF]) for user in SALES["customer_id"]],
)
COLUMNS_OF_PEOPLE = [
    {"column": "transaction_id"},
    {"column": "customer_id", "role": "user_id"},
    {"column": "product_id", "role": "product_id"},
    {"column": "transaction_date", "role": "timestamp"},
    {"column": "amount", "role": "revenue"},
    {"column": "quantity"},
    {"column": "country"},
    {"column": "joined"},
    {"column": "token"},
]
KEYS = ["customer_id", "product_id", "joined", "token", ["customer_id", "product_id"], ["country", "token", "joined"]]


@pytest.fixture(scope="module")
def people():
    shop = engine({"transactions": PEOPLE})
    shop.connection.execute("ALTER TABLE raw_data.transactions ALTER joined TYPE DATE")
    return shop


@examples(24)
@given(
    key=st.sampled_from(KEYS),
    parts=st.sampled_from([{"train": 80, "eval": 20}, {"test": 10, "train": 50.5, "eval": 39.5}]),
    filters=FILTERS,
    null_key=st.sampled_from(["train", "eval"]),
)
def test_no_entity_is_in_two_parts_on_one_day_or_another(people, key, parts, filters, null_key):
    data = {
        "name": "any",
        "source": {"table": "raw_data.transactions"},
        "columns": COLUMNS_OF_PEOPLE,
        "filters": filters,
        "split": {"strategy": "group", "key": key, "parts": parts, "null_key": null_key},
        "partitions": {"start": "2024-01-01", "content": "snapshot"},
    }
    definition = defined(data)
    rows = pd.concat([rows_of(people, definition, DATE - dt.timedelta(days=5)), rows_of(people, definition)])
    names = [key] if isinstance(key, str) else key
    entities = rows.assign(**{name: rows[name].map(repr) for name in names}).groupby(names, dropna=False)
    assert (entities["split"].nunique() <= 1).all()
    assert set(rows["split"]) <= set(parts)


# Temporal: no row of train is as late as the first of eval, less the gap.

MOMENTS = pd.date_range("2024-03-15", "2024-04-15", freq="97min")
KINDS = {
    "DATE": "moment::DATE",
    "TIMESTAMP": "moment::TIMESTAMP",
    "TIMESTAMP_NS": "moment",
    "TIMESTAMPTZ": "moment::TIMESTAMP AT TIME ZONE 'UTC'",
}


@pytest.fixture(scope="module")
def clocks():
    """The same moments as a DATE, as a wall clock and as instants, over a change of the clock in spring."""
    shop = engine({"moments": pd.DataFrame({"id": range(len(MOMENTS)), "moment": MOMENTS})})
    for kind, sql in KINDS.items():
        shop.connection.execute(f"CREATE TABLE raw_data.{kind} AS SELECT id, {sql} AS moment FROM raw_data.moments")
    return shop


@examples(30)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    timezone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
    evaluated=st.integers(1, 5),
    gap=st.integers(0, 4),
    tested=st.integers(0, 3),
    date=st.dates(dt.date(2024, 3, 28), dt.date(2024, 4, 12)),
)
def test_every_row_is_where_its_day_says_and_train_ends_a_gap_before_eval(
    clocks, kind, timezone, evaluated, gap, tested, date
):
    definition = define(
        {
            "name": "moments",
            "source": {"table": f"raw_data.{kind}"},
            "columns": [{"column": "id"}, {"column": "moment", "role": "timestamp"}],
            "split": {"strategy": "temporal", "eval_days": evaluated, "gap_days": gap, "test_days": tested},
            "partitions": {"start": "2024-01-01", "timezone": timezone},
        }
    )
    rows = rows_of(clocks, definition, date)
    days = {
        number: (moment.tz_localize("UTC").tz_convert(ZoneInfo(timezone)) if "TZ" in kind else moment).date()
        for number, moment in enumerate(MOMENTS)
    }
    first_of_test = date + dt.timedelta(days=1 - tested)
    first_of_eval = first_of_test - dt.timedelta(days=evaluated)
    expected = {
        number: "test" if day >= first_of_test else "eval" if day >= first_of_eval else "train"
        for number, day in days.items()
        if day <= date and not first_of_eval - dt.timedelta(days=gap) <= day < first_of_eval
    }
    assert dict(zip(rows["id"], rows["split"], strict=True)) == expected
    of = {part: rows.loc[rows["split"] == part, "moment"] for part in ("train", "eval")}
    assert of["train"].max() < of["eval"].min() - pd.Timedelta(days=gap) + pd.Timedelta(hours=1)  # of a lost hour


# Train does not change with what is not train.

STRATEGIES = {
    "temporal": {"strategy": "temporal", "eval_days": 2, "gap_days": 1},
    "group": {"strategy": "group", "key": "customer_id"},
    "composite": {"strategy": "group", "key": ["customer_id", "product_id"], "parts": {"train": 60, "eval": 40}},
    "column": {
        "strategy": "column", "column": "country", "parts": {"train": ["NL", "BE"], "eval": "DE"}, "others": "drop",
    },
}  # fmt: skip
DECIDES = {
    "temporal": ["transaction_date"],
    "group": ["customer_id"],
    "composite": ["customer_id", "product_id"],
    "column": ["country"],
}


def of_train(strategy):
    """Whether a row is train, by a computation of its own."""
    match strategy:
        case "temporal":
            return SALES["transaction_date"] < pd.Timestamp(DATE - dt.timedelta(days=2))
        case "column":
            return SALES["country"].isin(["NL", "BE"])
    keys = SALES[DECIDES[strategy]].astype(str).agg("|".join, axis=1)
    return pd.Series([bucket(key, "any/split/v1") < (8000 if strategy == "group" else 6000) for key in keys])


def spoilt(rows, keeping, seed):
    """Those rows with other values in all columns that do not decide the part; some of them lost, some twice."""
    random = np.random.default_rng(seed)
    other = SALES[rows].sample(frac=1.2, replace=True, random_state=seed)
    values = {
        "customer_id": random.permutation(SALES["customer_id"])[: len(other)],
        "product_id": random.integers(0, 60, len(other)),
        "amount": np.round(random.normal(500, 300, len(other)), 2),
        "quantity": random.integers(1, 9, len(other)).astype(np.int32),
        "country": random.choice(np.array(["NL", "BE", "DE", "FR"]), len(other)),
    }
    other = other.assign(**{name: made for name, made in values.items() if name not in keeping})
    return pd.concat([other, SALES[~rows]], ignore_index=True)


@pytest.mark.parametrize("strategy", STRATEGIES)
@examples(5)
@given(filters=FILTERS, sampled=st.sampled_from([None, 60]), seed=st.integers(0, 9))
def test_train_is_the_same_bytes_whatever_happens_elsewhere(tmp_path_factory, strategy, filters, sampled, seed):
    sample = {"sample": {"percent": sampled, "key": DECIDES["group"]}} if sampled else {}
    definition = defined(
        {
            "name": "any",
            "source": {"table": "raw_data.transactions"},
            "columns": COLUMNS_OF_PEOPLE[:-2],
            "filters": learning_from_train(filters),
            "split": STRATEGIES[strategy],
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
            "folds": {"count": 3, "key": "transaction_id"},
            **sample,
        }
    )
    assert all("on all folds together" in leak for leak in definition.leaks)  # within train
    written = []
    for frame in (SALES, spoilt(~of_train(strategy), DECIDES[strategy], seed)):
        root = tmp_path_factory.mktemp("leak")
        results = materialize(definition, [DATE], engine=engine({"transactions": frame}), root=root)
        (train,) = (each for each in results if each.split == "train")
        written.append(((train.path / "part-0.parquet").read_bytes(), train.data_version))
    assert written[0] == written[1]


@examples(60)
@given(data=definitions())
def test_a_filter_that_learns_from_all_rows_is_named_as_a_leak(data):
    definition = defined(data)
    split, places = data["split"], []
    for number, each in enumerate(data["filters"]):
        entity = each.get("per") or {"min_transactions": "customer_id"}.get(each["kind"])
        own = split.get("key") is not None and split["key"] == entity
        if each.get("fit_on") == "all" and split["strategy"] != "none" and not own:
            places.append(f"filters[{number}] ({each['kind']})")
    assert [leak.partition(" is fitted")[0] for leak in definition.leaks] == places


def test_the_manifest_of_every_part_names_the_leak(tmp_path, people):
    definition = define(
        {
            "name": "any",
            "source": {"table": "raw_data.transactions"},
            "columns": COLUMNS_OF_PEOPLE,
            "filters": [{"kind": "top_products", "percent": 50, "fit_on": "all"}],
            "split": STRATEGIES["group"],
            "partitions": {"start": "2024-01-01"},
        }
    )
    for each in materialize(definition, [DATE], engine=people, root=tmp_path):
        assert manifest(tmp_path, "any", DATE, each.split).leaks == list(definition.leaks) != []


# The same is the same again.


@pytest.fixture(scope="module")
def alike():
    """The same rows: read by one thread, by two, and in another order."""
    shuffled = {name: frame.sample(frac=1, random_state=7) for name, frame in TABLES.items()}
    return engine(TABLES, threads=1), engine(TABLES, threads=2), engine(shuffled, threads=2)


@examples(10)
@given(data=definitions())
def test_content_is_the_same_for_any_number_of_threads_and_any_order_of_rows(tmp_path_factory, alike, data):
    definition = defined(data)
    found = []
    for shop in alike:
        results = materialize(definition, [DATE], engine=shop, root=tmp_path_factory.mktemp("alike"))
        found.append([(each.split, each.data_version, (each.path / "part-0.parquet").read_bytes()) for each in results])
    assert found[0] == found[1] == found[2]


CLOCKS = (exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp, exp.Rand, exp.Uuid)


@examples(40)
@given(data=definitions())
def test_no_query_asks_the_clock_or_chance(alike, data):
    definition = defined(data)
    tree = partition_query(definition, DATE, schemas_of(definition, DuckDBCatalog(alike[0])))
    assert list(tree.find_all(*CLOCKS, exp.TableSample)) == []
    assert {call.name.upper() for call in tree.find_all(exp.Anonymous)} <= {"ERROR"}


@examples(15)
@given(data=definitions())
def test_a_query_is_flat_steps_with_every_name_quoted(alike, data):
    definition = defined(data)
    tree = partition_query(definition, DATE, schemas_of(definition, DuckDBCatalog(alike[0])))
    assert len(list(tree.find_all(exp.With))) == 1
    steps = [step.alias for step in tree.ctes]
    assert len(set(steps)) == len(steps)
    assert all(name.quoted for name in tree.find_all(exp.Identifier))
    for dialect in ("duckdb", "bigquery"):
        assert render(tree, dialect)


def test_the_clock_is_read_only_to_say_when_something_was_done():
    asked = {
        file.stem
        for file in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow", "time_ns", "monotonic"}
    }
    assert asked == {"analysis", "bigquery_writing", "materialize"}  # analyzed_at, written_at
