"""The SQL of every metric, in both dialects, as it is written down in tests/golden; the DuckDB one also runs.

After a change that is meant: GOLDEN=write pytest tests/core/sql/test_golden.py, and read the difference.
"""

import datetime as dt
import os
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

from dqx_core import ResultKey
from dqx_core.engines.base import Extent
from dqx_core.execution import statements_of
from dqx_core.planning import Scan
from tests.core.cases import CASES, DAYS, source_of

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics"
BIGQUERY = {
    "yyyy_mm_dd": "DATE",
    "split": "STRING",
    "x": "FLOAT64",
    "n": "INT64",
    "d": "NUMERIC",
    "s": "STRING",
    "at": "TIMESTAMP",
    "items": "ARRAY<INT64>",
}


@dataclass(frozen=True)
class Table:
    """A BigQuery table that is known by its schema only: enough to write SQL for it."""

    name: str = "rows"
    dialect: str = "bigquery"
    schema: dict = field(default_factory=lambda: BIGQUERY)
    date_column: str = "yyyy_mm_dd"
    dimensions: dict = field(default_factory=lambda: {"split": "split"})
    skip_dates: frozenset = frozenset()

    def relation(self):
        return exp.select("*").from_(exp.table_("rows", db="raw data", quoted=True))

    def extent(self, columns):
        return Extent()

    def rows(self, tree):
        raise AssertionError("golden SQL for BigQuery is read, never run")

    def data_version(self, date, tags):
        return None


def statements(source, spec):
    keys = [ResultKey(day, {"split": "train"}) for day in DAYS[:2]]
    return [s.tree for s in statements_of(Scan(source, tuple((spec, key, "rows") for key in keys)))]


def rendered(source, spec):
    trees = statements(source, spec)
    return ";\n\n".join(t.sql(source.dialect, pretty=True, unsupported_level=ErrorLevel.RAISE) for t in trees) + "\n"


def duck():
    return source_of([], dimensions={"split": "split"})


def on_disk(dialect, spec):
    return GOLDEN / dialect / f"{spec.kind}-{spec.digest[:6]}.sql"


@pytest.mark.parametrize("spec", CASES, ids=str)
@pytest.mark.parametrize("dialect", ["duckdb", "bigquery"])
def test_the_sql_is_what_is_written_down(dialect, spec):
    source = duck() if dialect == "duckdb" else Table()
    text = rendered(source, spec)
    if dialect == "duckdb":
        # Views of Arrow tables are numbered in the order in which they are made.
        text = text.replace(source.relation().find(exp.Table).name, "rows")
    text = f"-- {spec.name}\n".replace("\n", " ").strip() + f"\n{text}"
    path = on_disk(dialect, spec)
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_nothing_is_written_down_that_no_metric_says():
    written = set(GOLDEN.rglob("*.sql"))
    assert written == {on_disk(dialect, spec) for dialect in ("duckdb", "bigquery") for spec in CASES}


@pytest.mark.parametrize("spec", CASES, ids=str)
def test_the_duckdb_statements_run_and_say_the_same_when_they_come_from_text(spec):
    row = {
        "yyyy_mm_dd": DAYS[0],
        "split": "train",
        "x": 1.5,
        "n": 1,
        "d": Decimal(7),
        "s": "a",
        "at": None,
        "items": [1],
    }
    source = source_of([row, {**row, "x": 2.5}], dimensions={"split": "split"})
    for tree in statements(source, spec):
        before = tree.copy()
        table = source.query(tree)
        assert table.num_rows == 1
        assert tree == before, "running a statement leaves it as it is"
        again = sqlglot.parse_one(tree.sql("duckdb"), dialect="duckdb")
        assert source.query(again).equals(table)


@pytest.mark.parametrize("spec", CASES, ids=str)
def test_the_bigquery_statements_parse_and_use_nothing_that_only_duckdb_has(spec):
    for tree in statements(Table(), spec):
        text = tree.sql("bigquery", unsupported_level=ErrorLevel.RAISE)
        names = {f.name.upper() for f in sqlglot.parse_one(text, dialect="bigquery").find_all(exp.Anonymous)}
        assert names <= {"CARDINALITY"}
        assert not {"HUGEINT", "INT128", "FSUM", " HASH("} & {
            w for w in ("HUGEINT", "INT128", "FSUM", " HASH(") if w in text
        }


@pytest.mark.parametrize("spec", CASES, ids=str)
@pytest.mark.parametrize("dialect", ["duckdb", "bigquery"])
def test_the_same_scan_is_the_same_text(dialect, spec):
    make = duck if dialect == "duckdb" else Table
    source = make()
    assert rendered(source, spec) == rendered(source, spec)
    assert str(dt.date.today()) not in rendered(source, spec)
