"""The built-in suite of every dataset: each check catches the bug that is planted for it, and is quiet otherwise."""

import datetime as dt
import json
import re

import duckdb
import pytest

from dqx_core import MetricDB, ResultKey, VerificationSuite, check
from dqx_core.datasets import dataset_integrity, define, materialize, read_partitions
from dqx_core.datasets.data_source import dataset_source
from dqx_core.datasets.mixing import MixedSplitsWarning
from dqx_core.engines.duckdb import DuckDB
from dqx_core.engines.duckdb_source import DuckRelationDataSource

BEFORE, DAY = dt.date(2026, 1, 9), dt.date(2026, 1, 10)

WAREHOUSE = """
    CREATE SCHEMA raw_data;
    CREATE TABLE raw_data.sales AS
    SELECT i AS id, TIMESTAMP '2026-01-01' + to_seconds(i * 432) AS sold, 'c' || (i * 7919 % 50) AS customer,
        i % 20 AS product, CASE WHEN hash(i) % 5 = 0 THEN 'eval' ELSE 'train' END AS part
    FROM range(2000) AS r(i);
    CREATE TABLE raw_data.products AS SELECT i AS id, 'p' || i AS name FROM range(20) AS r(i);
"""
TIME = {"column": "sold", "role": "timestamp"}
COLUMNS = [
    {"column": "id"},
    {"column": "customer", "role": "user_id"},
    {"column": "product", "role": "product_id"},
    {"column": "part"},
    {"table": "products", "column": "name"},
]
PRODUCTS = {"table": "raw_data.products", "on": {"product": "id"}}
GROUP = {"strategy": "group", "key": "customer"}
PAIRS = {"strategy": "group", "key": ["customer", "product"]}
TEMPORAL = {"strategy": "temporal", "eval_days": 1, "gap_days": 1, "test_days": 1}
COLUMN = {"strategy": "column", "column": "part"}
WHOLE = {"strategy": "none"}
LATER = """
    SELECT * REPLACE (CASE WHEN sold = max(sold) OVER () THEN sold + INTERVAL 1 HOUR ELSE sold END AS sold) FROM rows
"""


def sales(split, *, timed=True, join=PRODUCTS, filters=(), **partitions):
    return define(
        {
            "name": "sales",
            "status": "active",
            "source": {"table": "raw_data.sales", "joins": [join]},
            "columns": [*COLUMNS, *([TIME] if timed else [])],
            "split": split,
            "filters": list(filters),
            "partitions": {"start": "2026-01-01", "end": "2026-01-10", **partitions},
        }
    )


class World:
    """A warehouse, and the two days of a dataset that are made of it."""

    def __init__(self, folder, definition, splits=None):
        self.folder, self.definition = folder, definition
        self.engine = DuckDB()
        self.engine.connection.execute(WAREHOUSE)
        materialize(definition, [BEFORE, DAY], splits, engine=self.engine, root=folder)

    def plant(self, split, rows):
        """Store other rows in a split of the day: SQL over its `rows`, and the rows of its `other` splits."""
        files = {file.parent.name: file for file in self.folder.glob(f"sales/date={DAY}/*/*.parquet")}
        mine = files.pop(f"split={split}")
        with duckdb.connect() as db:
            db.execute(f"CREATE TABLE rows AS FROM read_parquet('{mine}', hive_partitioning = false)")
            if files:
                others = [str(file) for file in files.values()]
                db.execute(f"CREATE TABLE other AS FROM read_parquet({others}, hive_partitioning = false)")
            db.execute(f"COPY ({rows}) TO '{mine}' (FORMAT parquet)")
        # As a bug in the writing would: the manifest says what lies there.
        manifest = mine.parent / "_manifest.json"
        said = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(said | {"bytes": mine.stat().st_size}))

    def judge(self, split=None, **bounds):
        """Assertion → its verdict on the day, or on a split of it."""
        suite = dataset_integrity(self.definition, **bounds)
        tables = {table for check in suite.checks for table in check.datasets if "." in table}
        sources = [
            dataset_source(self.engine, self.folder, "sales"),
            *(DuckRelationDataSource.from_table(self.engine, table, table, date_column=None) for table in tables),
        ]
        db = MetricDB("sqlite:///:memory:")
        verification = VerificationSuite(suite.checks, db, suite.name)
        found = verification.run_many(sources, [ResultKey(DAY, {"split": split} if split else {})])
        db.close()
        return {result.assertion: result for result in found}

    def wrong(self, split=None, **bounds):
        return {name for name, found in self.judge(split, **bounds).items() if found.status != "PASSED"}


@pytest.mark.parametrize("split", [GROUP, PAIRS, TEMPORAL, COLUMN], ids=["group", "pairs", "temporal", "column"])
def test_a_dataset_as_it_is_made_is_quiet(tmp_path, split):
    world = World(tmp_path, sales(split))

    assert world.wrong("train") == world.wrong("eval") == set()


@pytest.mark.parametrize("timed", [True, False], ids=["a day's rows", "all rows there are"])
def test_a_dataset_without_a_split_is_quiet(tmp_path, timed):
    assert World(tmp_path, sales(WHOLE, timed=timed, content="increment" if timed else "snapshot")).wrong() == set()


@pytest.mark.parametrize(
    ("split", "part", "rows", "caught"),
    [
        pytest.param(GROUP, "eval", "FROM rows LIMIT 0", "No split is empty", id="an empty split"),
        pytest.param(
            GROUP,
            "train",
            "FROM rows UNION ALL (SELECT * REPLACE (-1 AS id) FROM other LIMIT 1)",
            "No customer is in two splits",
            id="a customer in both splits",
        ),
        pytest.param(
            PAIRS,
            "train",
            "FROM rows UNION ALL (SELECT * REPLACE (-1 AS id) FROM other LIMIT 1)",
            "No customer and product is in two splits",
            id="a pair in both splits",
        ),
        pytest.param(
            TEMPORAL,
            "train",
            LATER,
            "Train ends before eval begins by 1 day",
            id="a train row in the gap",
        ),
        pytest.param(
            TEMPORAL,
            "eval",
            LATER,
            "Eval ends before test begins",
            id="an eval row among those of test",
        ),
        pytest.param(
            COLUMN,
            "train",
            "FROM rows UNION ALL (FROM other LIMIT 1)",
            "No row is in two splits",
            id="a row in both splits",
        ),
        pytest.param(
            GROUP,
            "eval",
            "FROM rows WHERE customer = (SELECT min(customer) FROM rows)",
            "Eval has its share of customer",
            id="a split with too few keys",
        ),
        pytest.param(
            COLUMN,
            "eval",
            "SELECT * REPLACE (product + 1000 * (id % 2) AS product) FROM rows",
            "Train knows the product of eval",
            id="products that train does not have",
        ),
        pytest.param(
            TEMPORAL,
            "eval",
            "SELECT * REPLACE ('new ' || customer AS customer) FROM rows",
            "Train knows the customer of eval",
            id="customers that train does not have, of three splits",
        ),
        pytest.param(
            GROUP,
            "train",
            "FROM rows WHERE id % 3 = 0",
            "Rows are like those of yesterday",
            id="a third of yesterday's rows",
        ),
    ],
)
def test_a_planted_bug_is_caught_by_its_check(tmp_path, split, part, rows, caught):
    world = World(tmp_path, sales(split))
    # Of 50 customers chance makes more than of 50,000: two standard errors are as strict here as five are there.
    assert caught not in world.wrong(part, standard_errors=2.5)

    world.plant(part, rows)

    assert world.judge(part, standard_errors=2.5)[caught].status == "FAILED"


@pytest.mark.parametrize("cardinality", ["many_to_one", "one_to_one"])
def test_a_joined_table_whose_key_has_two_rows_is_caught(tmp_path, cardinality):
    day = "SELECT * REPLACE (id AS product) FROM raw_data.sales"
    world = World(tmp_path, sales(GROUP))
    if cardinality == "one_to_one":
        world.engine.connection.execute(f"CREATE OR REPLACE TABLE raw_data.sales AS {day}")
        world.definition = sales(GROUP, join={**PRODUCTS, "cardinality": cardinality})
    assert world.wrong("train") == set()

    world.engine.connection.execute("INSERT INTO raw_data.products VALUES (3, 'again'), (NULL, 'a'), (NULL, 'b')")

    assert world.wrong("train") == {"Join with products has fan-out 1"}
    assert "duplicate_count([id])" in world.judge("train")["Join with products has fan-out 1"].message


def test_a_primary_row_that_a_one_to_one_join_finds_twice_is_caught(tmp_path):
    world = World(tmp_path, sales(GROUP))
    world.definition = sales(GROUP, join={**PRODUCTS, "cardinality": "one_to_one"})

    assert world.wrong("train") == {"Join with products has fan-out 1 from sales too"}


def test_a_join_that_is_written_to_multiply_rows_is_not_asked():
    suite = dataset_integrity(sales(GROUP, join={**PRODUCTS, "cardinality": "one_to_many"}))

    assert [check.name for check in suite.checks] == ["Integrity"]


@pytest.mark.parametrize("split", [GROUP, TEMPORAL, COLUMN], ids=lambda split: split["strategy"])
def test_what_compares_splits_is_skipped_while_one_is_not_there(tmp_path, split):
    found = World(tmp_path, sales(split), ["train"]).judge("train")

    assert {str(each.status) for each in found.values()} == {"PASSED", "SKIPPED"}
    assert all(
        re.search(rf" on {each.yyyy_mm_dd} \[split=(eval|test)\]: not materialized", each.message)
        for each in found.values()
        if each.status == "SKIPPED"
    )
    passed = {name for name, each in found.items() if each.status == "PASSED"}
    assert passed == {"No split is empty", "Rows are like those of yesterday", "Join with products has fan-out 1"}


def test_an_empty_eval_is_not_taken_for_one_that_is_not_there(tmp_path):
    world = World(tmp_path, sales(GROUP))
    world.plant("eval", "FROM rows LIMIT 0")

    assert world.judge("eval")["No split is empty"].status == "FAILED"
    compared = world.judge("train")["No customer is in two splits"]
    assert (compared.status, "over no rows" in compared.message) == ("ERROR", True), "nothing is green that is empty"


def test_a_filter_that_learns_from_train_makes_no_promise_of_shares():
    learned = sales(GROUP, filters=[{"kind": "top_products", "percent": 80, "by": "id"}])
    names = {assertion.name for _, assertion in dataset_integrity(learned).build().root.assertions()}

    assert "Eval has its share of customer" not in names
    assert "No customer is in two splits" in names


def test_leaks_are_p0_and_nothing_else_is():
    severities = {}
    for split in (GROUP, TEMPORAL, COLUMN, WHOLE):
        for _, assertion in dataset_integrity(sales(split)).build().root.assertions():
            severities.setdefault(str(assertion.severity), set()).add(assertion.name)

    assert severities["P0"] == {
        "Splits are of one definition",
        "No customer is in two splits",
        "Train ends before eval begins by 1 day",
        "Eval has no earlier day than its own",
        "Eval ends before test begins",
        "Test has no earlier day than its own",
    }


@pytest.mark.parametrize(
    ("moment", "status"),
    [("07T23:59:59.999999", "PASSED"), ("08T00:00:00", "FAILED"), ("09T12:00:00", "FAILED")],
    ids=["the last moment of train", "the gap", "the day of eval"],
)
def test_the_days_of_a_part_are_its_bounds_and_not_the_rows_that_happen_to_be_there(tmp_path, moment, status):
    world = World(tmp_path, sales(TEMPORAL))
    world.plant("eval", "FROM rows WHERE sold >= TIMESTAMP '2026-01-09T18:00'")
    world.plant(
        "train", f"FROM rows UNION ALL (SELECT * REPLACE (TIMESTAMP '2026-01-{moment}' AS sold) FROM rows LIMIT 1)"
    )

    assert world.judge("train")["Train ends before eval begins by 1 day"].status == status


def copied(split, parts, columns, **more):
    """A definition of one table that its statement makes, without times."""
    return define(
        {
            "name": "sales",
            "source": {"table": "raw_data.sales"},
            "columns": [{"column": name} for name in columns],
            "split": {"strategy": split, **parts},
            "partitions": {"start": "2026-01-01", "content": "snapshot"},
            **more,
        }
    )


BY_PART = ("column", {"column": "part"}, ["customer", "product", "price", "part"])
BY_ORDER = ("group", {"key": "id", "parts": {"train": 50, "eval": 50}}, ["id", "customer", "price"])
IMPORTED_TWICE = (
    "SELECT k * 100000 + i AS id, 'c' || (i % 40) AS customer, i * 1.5 AS price FROM range(500) r(i), range(2) s(k)"
)
SOME_TWICE = IMPORTED_TWICE + " WHERE k = 0 OR i % 5 = 0"
IN_BOTH = """
    SELECT 'c' || (i % 40) AS customer, i % 9 AS product, i * 0.5 AS price, part
    FROM range(500) r(i), (VALUES ('train'), ('eval')) AS v(part)
"""
FEW_KINDS = "SELECT i AS id, 'c' || (hash(i) % 8) AS customer, hash(i + 7) % 5 AS price FROM range(2000) r(i)"
MANY_KINDS = "SELECT i AS id, 'c' || (hash(i) % 400) AS customer, hash(i + 7) % 300 AS price FROM range(4000) r(i)"


@pytest.mark.parametrize(
    ("made_of", "rows", "status"),
    [
        pytest.param(BY_PART, IN_BOTH, "FAILED", id="a copy of each row in the other part"),
        pytest.param(BY_ORDER, IMPORTED_TWICE, "FAILED", id="orders under two ids"),
        pytest.param(BY_ORDER, SOME_TWICE, "FAILED", id="a fifth of the orders under two ids"),
        pytest.param(BY_ORDER, FEW_KINDS, "PASSED", id="few kinds of rows there are"),
        pytest.param(BY_ORDER, MANY_KINDS, "PASSED", id="rows that are alike by chance"),
    ],
)
def test_rows_that_stand_in_train_too_are_caught_where_chance_does_not_explain_them(tmp_path, made_of, rows, status):
    assert _copies(tmp_path, copied(*made_of), rows).status == status


@pytest.mark.parametrize(("at_most", "status"), [(0.1, "FAILED"), (0.7, "PASSED")])
def test_a_definition_says_how_many_rows_may_stand_in_train_too(tmp_path, at_most, status):
    found = _copies(tmp_path, copied(*BY_ORDER, copies={"at_most": at_most}), IMPORTED_TWICE)

    assert (found.status, str(found.severity)) == (status, "P0")


def test_a_row_and_its_copy_may_have_ids_of_their_own(tmp_path):
    by_customer = ("group", {"key": "customer"}, ["id", "customer", "price"])
    other = IMPORTED_TWICE.replace("(i % 40)", "(i % 40 + k * 40)")

    assert _copies(tmp_path / "a", copied(*by_customer), other).status == "PASSED"
    assert _copies(tmp_path / "b", copied(*by_customer, copies={"ids": ["id"]}), other).status == "FAILED"


def _copies(folder, definition, rows):
    engine = DuckDB()
    engine.connection.execute(f"CREATE SCHEMA raw_data; CREATE TABLE raw_data.sales AS {rows}")
    materialize(definition, [DAY], engine=engine, root=folder)
    suite, db = dataset_integrity(definition), MetricDB("sqlite:///:memory:")
    found = VerificationSuite(suite.checks, db, suite.name).run(
        [dataset_source(engine, folder, "sales")], ResultKey(DAY, {"split": "eval"})
    )
    db.close()
    return next(each for each in found if each.assertion == "No row is in two splits")


def test_numbers_of_all_splits_are_kept_once_for_all_of_them(tmp_path):
    world = World(tmp_path, sales(COLUMN))
    shared = world.judge("train")["No row is in two splits"]

    assert {tuple(symbol.tags.items()) for symbol in shared.symbols} == {
        (),
        (("split", "train"),),
        (("split", "eval"),),
    }
    assert "[split=*]" in shared.expression


@check(name="Sales", datasets=["sales"])
def moves(mp, ctx):
    """Rows of a partition, and how they moved since the one before."""
    ctx.assert_that(mp.num_rows()).where(name="rows").is_geq(0)
    ctx.assert_that(mp.ext.day_over_day(mp.num_rows())).where(name="moved").is_geq(0)


@pytest.mark.parametrize(
    ("content", "rolling"),
    [("increment", []), ("snapshot", [{"kind": "date_range", "rolling_days": 3}])],
    ids=["increment", "snapshot"],
)
def test_metrics_are_of_what_a_partition_holds_and_their_move_is_between_two_of_them(tmp_path, content, rolling):
    definition = sales(GROUP, filters=[*rolling, {"kind": "range", "column": "id", "max": 1950}])
    assert definition.content == content
    world = World(tmp_path, definition)
    back = 0 if content == "increment" else 2
    of = f"SELECT count(*) FROM raw_data.sales WHERE id <= 1950 AND sold::DATE BETWEEN ?::DATE - {back} AND ?"
    before, today = (world.engine.connection.execute(of, [day, day]).fetchall()[0][0] for day in (BEFORE, DAY))
    db = MetricDB("sqlite:///:memory:")
    source = dataset_source(world.engine, tmp_path, "sales")
    found = {
        each.assertion: each.metric.unwrap()
        for each in VerificationSuite([moves], db, "s").run([source], ResultKey(DAY))
    }
    db.close()
    assert found == {"rows": today, "moved": pytest.approx(abs(today - before) / before)}
    assert today != before


def test_splits_that_two_definitions_made_are_not_compared_and_the_check_says_which(tmp_path):
    world = World(tmp_path, sales({**GROUP, "parts": {"train": 60, "eval": 40}}), splits=["train"])
    world.definition = sales({**GROUP, "parts": {"train": 80, "eval": 20}})
    materialize(world.definition, [DAY], ["eval"], engine=world.engine, root=tmp_path)
    found = world.judge("train")["Splits are of one definition"]
    assert (found.status, found.severity) == ("ERROR", "P0")
    assert "20 % of keys move from eval to train" in str(found)
    materialize(world.definition, [DAY], engine=world.engine, root=tmp_path)
    assert world.judge("train")["Splits are of one definition"].status == "PASSED"


def test_a_day_is_judged_by_its_own_definition_whatever_the_newest_is(tmp_path):
    world = World(tmp_path, sales(GROUP))
    other = sales({**GROUP, "parts": {"train": 50, "eval": 50}})
    materialize(other, [BEFORE], engine=world.engine, root=tmp_path)
    assert world.judge("eval")["Splits are of one definition"].status == "PASSED"
    with pytest.warns(MixedSplitsWarning, match="2 definitions of its split"):
        read_partitions(tmp_path, "sales")


def test_another_content_with_the_same_split_is_of_one_definition(tmp_path):
    world = World(tmp_path, sales(GROUP))
    other = world.definition.model_copy(update={"columns": world.definition.columns[:-1]})
    materialize(other, [BEFORE], engine=world.engine, root=tmp_path)
    assert other.definition_hash != world.definition.definition_hash
    assert world.judge("train")["Splits are of one definition"].status == "PASSED"
