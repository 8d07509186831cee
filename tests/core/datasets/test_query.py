"""The SQL of a dataset: golden in both dialects, the same rows from both, and safe whatever people write."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pandas as pd
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from dqx_core.datasets import (
    Aggregate,
    DuckDBCatalog,
    Group,
    Join,
    Temporal,
    json_schema,
    partition_query,
    render,
    schemas_of,
)
from dqx_core.errors import DefinitionError, EngineError, ValidationError
from dqx_core.sql.fingerprint import register
from tests.core.datasets.shop import daily, day, engine, ranking

GOLDEN = Path(__file__).parents[2] / "golden" / "datasets"
DEFINITIONS = {
    "ranking": ranking(),
    "daily": daily(),
    "folded": daily(
        name="folded",
        partitions__content="snapshot",
        sample={"percent": 40, "key": "customer_id"},
        folds=5,
        filters=[
            {"kind": "aggregate", "per": "country", "function": "average", "column": "amount", "min": 1.5, "max": 900},
            {"kind": "aggregate", "per": "customer_id", "function": "count", "min": 2},
        ],
    ),
    "whole": ranking(
        name="whole",
        split={"strategy": "none"},
        filters=[
            {"kind": "range", "column": "transaction_date", "min": "2024-01-03T12:00:00"},
            {"kind": "top_users", "percent": 60},
            {"kind": "aggregate", "per": "product_id", "function": "maximum", "column": "revenue", "max": 60.5},
        ],
        partitions__content="snapshot",
    ),
    "labelled": ranking(
        name="labelled",
        source__joins__0__how="inner",
        nulls={"country": "fail"},
        split={"strategy": "column", "column": "country", "parts": {"train": ["NL", "BE"], "eval": "DE", "test": "FR"}},
        filters=[
            {"kind": "date_range", "start": "2024-01-02", "end": "2024-01-31"},
            {"kind": "values", "column": "country", "exclude": [None]},
            {"kind": "aggregate", "per": "product_id", "function": "count_distinct", "column": "customer_id", "min": 2},
            {"kind": "aggregate", "per": "product_id", "function": "sum", "column": "revenue", "min": 5},
            {"kind": "aggregate", "per": "customer_id", "function": "minimum", "column": "revenue", "min": -50},
        ],
        partitions__content="snapshot",
    ),
    "paired": daily(
        name="paired",
        split={
            "strategy": "group",
            "key": ["customer_id", "country"],
            "parts": {"train": 60.5, "eval": 29.5, "test": 10},
            "null_key": "eval",
        },
        filters=[{"kind": "date_range", "rolling_months": 1}],
    ),
    "tested": ranking(name="tested", split={"strategy": "temporal", "eval_days": 2, "gap_days": 1, "test_days": 1}),
}
DATE = dt.date(2024, 1, 10)

SCHEMAS = {
    "raw_data.transactions": {
        "transaction_id": "INT64",
        "customer_id": "STRING",
        "product_id": "INT64",
        "transaction_date": "DATETIME",
        "amount": "FLOAT64",
        "quantity": "INT64",
        "country": "STRING",
    },
    "raw_data.products": {"id": "INT64", "category": "STRING"},
}

both_dialects = pytest.mark.parametrize("dialect", ["duckdb", "bigquery"])
both_definitions = pytest.mark.parametrize("name", DEFINITIONS)


@pytest.fixture(scope="module")
def shop():
    return engine()


def rows(table):
    frame = table.to_pandas()
    return frame.sort_values(list(frame.columns), ignore_index=True)


def query(definition, splits=None, schemas=SCHEMAS, date=DATE):
    return partition_query(definition, date, schemas, splits=splits)


@both_definitions
@both_dialects
def test_the_sql_is_the_golden_one(name, dialect):
    """To accept new SQL: UPDATE_GOLDEN=1 pytest …, then read the diff."""
    file = GOLDEN / f"{name}.{dialect}.sql"
    sql = render(query(DEFINITIONS[name]), dialect) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql, "utf-8")
    assert sql == file.read_text("utf-8")


def words(model, field):
    """The words that a field of a model takes."""
    return set(model.model_json_schema()["properties"][field]["enum"])


def test_every_filter_function_strategy_join_and_null_rule_has_golden_sql():
    definitions = list(DEFINITIONS.values())
    filters = [each for definition in definitions for each in definition.filters]
    schema = json_schema()
    assert {each.kind for each in filters} == set(schema["properties"]["filters"]["items"]["discriminator"]["mapping"])
    assert {each.function for each in filters if each.kind == "aggregate"} == words(Aggregate, "function")
    assert {each.split.strategy for each in definitions} == set(
        schema["properties"]["split"]["discriminator"]["mapping"]
    )
    assert {join.how for each in definitions for join in each.source.joins} == words(Join, "how")
    assert {rule if isinstance(rule, str) else "fill" for each in definitions for rule in each.nulls.values()} == {
        "fail", "fill",
    }  # fmt: skip
    assert {each.content for each in definitions} == {"snapshot", "increment"}
    assert any(each.sample for each in definitions)
    assert any(each.folds for each in definitions)
    assert any(isinstance(each.split, Temporal) and each.split.test_days for each in definitions)
    assert any(isinstance(each.split, Group) and isinstance(each.split.key, tuple) for each in definitions)


@both_definitions
def test_the_golden_sql_gives_the_rows_of_the_tree_on_duckdb(shop, name):
    register(shop.connection)
    golden = shop.connection.sql((GOLDEN / f"{name}.duckdb.sql").read_text("utf-8")).to_arrow_table()
    assert golden.num_rows > 100
    pd.testing.assert_frame_equal(rows(golden), rows(shop.run(query(DEFINITIONS[name]))))


@both_definitions
def test_the_golden_sql_for_bigquery_means_the_same_rows(shop, name):
    tree = sqlglot.parse_one((GOLDEN / f"{name}.bigquery.sql").read_text("utf-8"), dialect="bigquery")
    for cast in tree.find_all(exp.Cast):
        if cast.to.this == exp.DataType.Type.DECIMAL and not cast.to.expressions:
            cast.set("to", exp.DataType.build("DECIMAL(38, 9)"))  # what BigQuery's NUMERIC is
    pd.testing.assert_frame_equal(rows(shop.run(tree)), rows(shop.run(query(DEFINITIONS[name]))))


@both_definitions
def test_the_golden_sql_for_bigquery_names_only_columns_there_are(name):
    nested: dict[str, object] = {"raw_data": {table.split(".")[1]: columns for table, columns in SCHEMAS.items()}}
    tree = sqlglot.parse_one((GOLDEN / f"{name}.bigquery.sql").read_text("utf-8"), dialect="bigquery")
    qualify(tree, dialect="bigquery", schema=nested, validate_qualify_columns=True)


@both_definitions
def test_the_schema_of_the_shop_is_the_one_the_golden_sql_is_made_for(shop, name):
    assert schemas_of(DEFINITIONS[name], DuckDBCatalog(shop)) == SCHEMAS


@both_definitions
@both_dialects
def test_nothing_depends_on_the_clock_or_on_chance(name, dialect):
    tree = sqlglot.parse_one(render(query(DEFINITIONS[name]), dialect), dialect=dialect)
    calls = {node.sql_name() for node in tree.find_all(exp.Func)} | {
        n.name.upper() for n in tree.find_all(exp.Anonymous)
    }
    assert not {call for call in calls if call.startswith(("CURRENT", "NOW", "RAND", "GENERATE_UUID", "UUID"))}
    assert all(identifier.quoted for identifier in tree.find_all(exp.Identifier))


def test_splits_asked_for_are_the_same_rows_as_in_all_of_them(shop):
    for definition in DEFINITIONS.values():
        whole = rows(shop.run(query(definition)))
        for split in definition.split.part_names:
            part = rows(shop.run(query(definition, [split])))
            expected = whole[whole["split"] == split][list(part.columns)].reset_index(drop=True)
            pd.testing.assert_frame_equal(part, expected, check_dtype=False)  # a fold is null in eval


def test_a_split_that_there_is_not_is_refused():
    with pytest.raises(DefinitionError, match=r"Dataset 'daily' has no split 'evals'\. Did you mean 'eval'"):
        query(daily(), ["evals"])


UNFIT = {
    "a column that is not there": (
        ranking(columns__5={"column": "land", "as": "country"}),
        "columns[5]: table 'raw_data.transactions' has no",
    ),
    "a time that is none": (
        daily(columns=[{"column": "customer_id"}, {"column": "quantity", "role": "timestamp"}]),
        "columns[1].role: 'quantity' is INT64, and a timestamp is a date or time.",
    ),
    "revenue that is no number": (
        daily(columns__4__role="revenue"),
        "columns[4].role: 'country' is STRING, and a revenue is a number.",
    ),
    "a key whose text differs": (
        daily(split__key="amount"),
        "split.key: 'amount' is FLOAT64, whose text differs between engines, and so would the split. "
        "Use a key that is BYTES, DATE, INT64, STRING.",
    ),
    "a composite key of which one column is spelled otherwise elsewhere": (
        daily(split__key=["customer_id", "amount"]),
        "split.key[1]: 'amount' is FLOAT64, whose text differs between engines, and so would the split. ",
    ),
    "a value of another type": (
        ranking(filters__1__include=["NL", 31]),
        "filters[1].include[1]: 31 is not a value of a STRING column. Write text, in quotes",
    ),
    "a bound of another type": (
        ranking(filters__2={"kind": "range", "column": "country", "min": 1}),
        "filters[2].min: 1 is a number, and the column is STRING.",
    ),
    "a day compared with a moment": (
        ranking(filters__2={"kind": "range", "column": "transaction_date", "min": "2024-01-03"}),
        "filters[2].min: datetime.date(2024, 1, 3) is not a value of a DATETIME column.",
    ),
    "a fill of another type": (
        ranking(nulls={"revenue": {"fill": "none"}}),
        "nulls.revenue.fill: 'none' is not a value of a FLOAT64 column.",
    ),
    "a sum of text": (
        ranking(filters__3__by="country"),
        "filters[3].by: 'country' is STRING, and only numbers have a sum.",
    ),
    "a join of text and number": (
        daily(source__joins__0__on={"customer_id": "id"}),
        "source.joins[0].on.customer_id: 'customer_id' is STRING and 'id' is INT64: they cannot be compared.",
    ),
    "a join on a column that is not there": (
        daily(source__joins__0__on={"product_id": "idd"}),
        "source.joins[0].on.product_id: table 'raw_data.products' has no column 'idd'. Did you mean 'id'?",
    ),
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_the_tables_is_told_before_any_sql(unfit):
    definition, expected = unfit
    with pytest.raises(ValidationError) as caught:
        query(definition)
    assert [problem for problem in caught.value.problems if problem.startswith(expected)], caught.value


def test_without_columns_the_dataset_is_the_primary_table():
    definition = daily(columns=[], source__joins=[], partitions__content="snapshot")
    assert query(definition).named_selects == [*SCHEMAS["raw_data.transactions"], "split"]


def test_without_columns_names_are_checked_against_the_table():
    definition = daily(columns=[], split__key="customer", nulls={"x": "fail"}, partitions__content="snapshot")
    with pytest.raises(ValidationError, match="has 2 problems") as caught:
        query(definition)
    assert "split.key: the dataset has no column 'customer'. Did you mean 'customer_id'?" in caught.value.problems


def test_without_columns_a_column_named_as_a_folder_is_refused():
    schemas = {"raw_data.transactions": {"customer_id": "STRING", "Date": "DATE"}}
    definition = daily(columns=[], source__joins=[], partitions__content="snapshot")
    with pytest.raises(ValidationError, match="the table has a column 'Date'"):
        query(definition, schemas=schemas)


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ({"include": ["NL"]}, {"NL"}),
        ({"include": ["NL", None]}, {"NL", None}),
        ({"include": [None]}, {None}),
        ({"exclude": ["NL"]}, {"BE", "DE", "FR", None}),
        ({"exclude": ["NL", None]}, {"BE", "DE", "FR"}),
        ({"exclude": [None]}, {"NL", "BE", "DE", "FR"}),
    ],
)
def test_null_is_a_value_only_where_it_is_listed(shop, include, expected):
    definition = daily(filters=[{"kind": "values", "column": "country"} | include])
    assert set(shop.run(query(definition))["country"].to_pylist()) == expected


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
    return rows(shop.run(query(definition, schemas=schemas_of(definition, DuckDBCatalog(shop)), date=day(1))))


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


@pytest.mark.parametrize(
    ("type_name", "values"),
    [
        ("BIGINT", [-5, 0, 7, 2**62]),
        ("DATE", [dt.date(2024, 1, 1), dt.date(1969, 12, 31)]),
        ("BLOB", [b"\xff\x00", b"plain", b""]),
        ("VARCHAR", ["", "é", "x" * 100]),
    ],
)
def test_keys_of_every_type_are_hashed_as_their_text(type_name, values):
    import farmhash

    shop = engine({"keys": pd.DataFrame({"n": range(len(values))})})
    shop.connection.execute(f"CREATE TABLE raw_data.typed (n BIGINT, k {type_name})")
    shop.connection.executemany("INSERT INTO raw_data.typed VALUES (?, ?)", list(enumerate(values)))
    definition = daily(
        source={"table": "raw_data.typed"},
        columns=[{"column": "n"}, {"column": "k"}],
        split={"strategy": "group", "key": "k", "parts": {"train": 40, "eval": 30, "test": 30}},
        partitions__content="snapshot",
    )
    found = shop.run(query(definition, schemas=schemas_of(definition, DuckDBCatalog(shop)))).to_pylist()

    def expected(key):
        text = key.hex() if isinstance(key, bytes) else str(key)
        signed = (farmhash.fingerprint64(f"daily/split/v1|{text}") + 2**63) % 2**64 - 2**63
        bucket = signed % 10_000
        return "train" if bucket < 4_000 else "eval" if bucket < 7_000 else "test"

    assert {row["n"]: row["split"] for row in found} == {n: expected(value) for n, value in enumerate(values)}


def test_a_column_may_say_which_part_a_row_belongs_to(shop):
    split = {
        "strategy": "column",
        "column": "country",
        "parts": {"train": ["NL", "BE"], "eval": "DE"},
        "others": "drop",
    }
    found = rows(shop.run(query(daily(split=split))))
    assert {tuple(pair) for pair in found[["country", "split"]].drop_duplicates().values} == {
        ("NL", "train"),
        ("BE", "train"),
        ("DE", "eval"),
    }


def test_other_values_are_an_error_unless_they_are_dropped(shop):
    split = {"strategy": "column", "column": "country", "parts": {"train": ["NL", "BE"], "eval": "DE"}}
    with pytest.raises(EngineError, match="dataset daily: a country that means no part"):
        shop.run(query(daily(split=split)))


def test_rows_without_a_key_are_an_error_unless_they_have_a_part(shop):
    split = {"strategy": "group", "key": "country"}
    with pytest.raises(EngineError, match="dataset daily: null in country, the key of the group split"):
        shop.run(query(daily(split=split)))
    with pytest.raises(EngineError, match="null in country"):
        shop.run(query(daily(split=split), ["train"]))
    found = rows(shop.run(query(daily(split=split | {"null_key": "eval"}))))
    assert set(found[found["country"].isna()]["split"]) == {"eval"}


def test_a_null_in_any_column_of_a_key_is_a_row_without_a_key(shop):
    split = {"strategy": "group", "key": ["customer_id", "country"]}
    with pytest.raises(EngineError, match="dataset daily: null in customer_id or country, the key of the group split"):
        shop.run(query(daily(split=split)))
    found = rows(shop.run(query(daily(split=split | {"null_key": "eval"}))))
    assert set(found[found["country"].isna()]["split"]) == {"eval"}


def test_nulls_that_a_filter_drops_are_no_error(shop):
    filters = [{"kind": "values", "column": "country", "exclude": [None]}]
    for changes in ({"split": {"strategy": "group", "key": "country"}}, {"nulls": {"country": "fail"}}):
        assert shop.run(query(daily(filters=filters, **changes))).num_rows > 0


def test_nulls_may_be_an_error(shop):
    with pytest.raises(EngineError, match="dataset daily: null in country, where nulls are written to fail"):
        shop.run(query(daily(nulls={"country": "fail"})))
