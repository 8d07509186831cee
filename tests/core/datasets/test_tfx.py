"""The export for TFX has the shape that ExampleGen reads and only types that it takes."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import sqlglot
from sqlglot import exp

from dqx_core.datasets import DuckDBCatalog, define, schemas_of, tfx_export
from dqx_core.errors import DefinitionError
from dqx_core.sql.fingerprint import register
from tests.core.datasets.shop import RANKING, changed, daily, day, engine, ranking

SCHEMA = {
    "key": "STRING",
    "moment": "TIMESTAMP",
    "clock": "DATETIME",
    "day": "DATE",
    "price": "NUMERIC",
    "huge": "BIGNUMERIC",
    "raw": "BYTES",
    "count": "INT64",
    "share": "FLOAT64",
    "flag": "BOOL",
    "words": "ARRAY<STRING>",
}
TABLE = {
    "name": "typed",
    "source": {"table": "raw_data.typed"},
    "columns": [{"column": name} for name in SCHEMA],
    "split": {"strategy": "group", "key": "key"},
    "partitions": {"start": "2024-01-01", "content": "snapshot"},
}


@pytest.fixture(scope="module")
def shop():
    made = engine()
    register(made.connection)
    return made


def export(definition, shop, **options):
    return tfx_export(definition, day(14), schemas_of(definition, DuckDBCatalog(shop)), **options)


def patterns(found):
    return {each["name"]: each["pattern"] for each in found.config["input_config"]["splits"]}


def test_the_shape_is_that_of_tfx(shop):
    found = export(ranking(), shop)

    assert json.loads(json.dumps(found.config)) == found.config
    assert found.config["output_config"] == {}
    assert [set(each) for each in found.config["input_config"]["splits"]] == [{"name", "pattern"}] * 2
    assert list(patterns(found)) == ["train", "eval"]


def test_every_type_becomes_one_that_tfx_takes_and_casts_are_told():
    found = tfx_export(define(TABLE), day(14), {"raw_data.typed": SCHEMA})
    outer = sqlglot.parse_one(patterns(found)["train"], dialect="bigquery")
    columns = {each.alias: each.this.sql("bigquery") for each in outer.selects}

    assert columns == {
        "key": "`key`",
        "moment": "UNIX_SECONDS(`moment`)",
        "clock": "UNIX_SECONDS(TIMESTAMP(`clock`, 'UTC'))",
        "day": "CAST(`day` AS STRING)",
        "price": "CAST(`price` AS FLOAT64)",
        "huge": "CAST(`huge` AS FLOAT64)",
        "raw": "TO_HEX(`raw`)",
        "count": "`count`",
        "share": "`share`",
        "flag": "`flag`",
        "words": "`words`",
    }
    assert set(found.casts) == {"moment", "clock", "day", "price", "huge", "raw"}


@pytest.mark.parametrize("kind", ["JSON", "GEOGRAPHY", "ARRAY<DATE>", "STRUCT<a INT64>"])
def test_a_type_without_a_form_for_tfx_is_an_error(kind):
    with pytest.raises(DefinitionError, match=r"column 'words' is .*, which TFX does not take"):
        tfx_export(define(TABLE), day(14), {"raw_data.typed": {**SCHEMA, "words": kind}})


def test_folds_are_in_train_alone(shop):
    found = patterns(export(define(changed(daily().model_dump(mode="json", by_alias=True), folds=5)), shop))
    assert "`fold` AS `fold`" in found["train"]
    assert "`fold`" not in found["eval"]


def test_a_span_moves_the_window_and_leaves_a_persons_dates_alone(shop):
    kept = {"kind": "range", "column": "transaction_date", "min": "2024-01-09T00:00:00"}
    definition = ranking(filters=[{"kind": "date_range", "rolling_days": 8}, kept])
    sql = patterns(export(definition, shop, span=True))["eval"]

    assert "2024-01-09" in sql
    assert "9000" not in sql
    assert "@span_begin_timestamp" in sql
    assert "@span_end_timestamp" in sql


SALES = daily().model_dump(mode="json", by_alias=True)


def fixed(base, *kept, **dates):
    """A definition whose window has dates that do not move."""
    return define(changed(base, filters=[{"kind": "date_range", **dates}, *kept]))


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param(ranking(), id="rolling"),
        pytest.param(fixed(RANKING, end=day(12)), id="until a day"),
        pytest.param(fixed(RANKING, start=day(3), end=day(12)), id="between two days"),
        pytest.param(fixed(RANKING, {"kind": "min_transactions", "count": 2}, end=day(12)), id="learnt until a day"),
        pytest.param(fixed(SALES, end=day(12)), id="increments until a day"),
        pytest.param(fixed(SALES, start=day(10)), id="increments from a day on"),
        pytest.param(fixed(changed(SALES, partitions__content="snapshot"), end=day(12)), id="snapshots until a day"),
    ],
)
@pytest.mark.parametrize("date", [day(9), day(14)])
def test_a_span_gives_the_rows_of_its_day(shop, definition, date):
    """What TFX does: it puts seconds, and the day in quotes, in place of the variables."""
    begin = int(pd.Timestamp(date, tz="UTC").timestamp())
    rows = {}
    schemas = schemas_of(definition, DuckDBCatalog(shop))
    for span in (False, True):
        for part, pattern in patterns(tfx_export(definition, date, schemas, span=span)).items():
            sql = pattern
            for variable, value in (
                ("@span_begin_timestamp", str(begin)),
                ("@span_end_timestamp", str(begin + 86_400)),
                ("@span_yyyymmdd_utc", f"'{date:%Y%m%d}'"),
            ):
                sql = sql.replace(variable, value)
            tree = sqlglot.parse_one(sql, dialect="bigquery")
            for call in list(tree.find_all(exp.Anonymous, exp.Timestamp)):
                if call.name.upper() == "DATETIME" or isinstance(call, exp.Timestamp):
                    call.replace(call.expressions[0] if call.expressions else call.this)
            text = tree.transform(_for_duckdb).sql("duckdb")
            rows[part, span] = sorted(shop.connection.sql(text).fetchall(), key=str)
    assert rows["train", True] == rows["train", False]
    assert rows["eval", True] == rows["eval", False]


def _for_duckdb(node):
    """DuckDB has an epoch where BigQuery has conversions."""
    if isinstance(node, exp.UnixToTime):
        micros = exp.Mul(this=exp.paren(node.this.copy()), expression=exp.Literal.number(1_000_000))
        return exp.cast(exp.Anonymous(this="make_timestamp", expressions=[micros]), "timestamp")
    if isinstance(node, exp.TsOrDsToDatetime | exp.Datetime) and node.this is not None:
        return node.this
    if isinstance(node, exp.UnixSeconds):
        inside = node.this.this if isinstance(node.this, exp.Timestamp) else node.this
        return exp.Anonymous(this="epoch", expressions=[inside])
    return node


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"filters__0": {"kind": "date_range", "rolling_months": 1}}, "is not always as long"),
        ({"partitions": {"start": "2024-01-08", "timezone": "Europe/Amsterdam"}}, "a day in UTC"),
    ],
)
def test_a_window_that_a_span_cannot_say_is_refused(shop, changes, why):
    with pytest.raises(DefinitionError, match=why):
        export(ranking(**changes), shop, span=True)
