"""INSERT, and the MERGE that deletes and inserts, as BigQuery runs them: from one snapshot, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import sqlglot
from sqlglot import exp

from tests.bigquery.estimates import Estimate
from tests.bigquery.partitions import partition_column
from tests.bigquery.rest import RestError
from tests.bigquery.translation import duck_sql, own_words
from tests.bigquery.warehouse import Warehouse


@dataclass(frozen=True)
class Change:
    """A statement that puts the rows of a query into a table, in the place of those that a condition picks."""

    kind: str
    dataset: str
    table: str
    columns: tuple[str, ...]
    rows: exp.Query
    gone: exp.Query | None
    """The rows of the table that go, as a query."""


def change_of(warehouse: Warehouse, sql: str) -> Change | None:
    """The change that a statement is; None: it is a query."""
    try:
        statement = sqlglot.parse_one(sql, dialect="bigquery")
    except sqlglot.errors.SqlglotError:
        return None
    if isinstance(statement, exp.Insert | exp.Merge):
        warehouse.look_at_change(sql, statement)
    if isinstance(statement, exp.Insert):
        table = statement.this.this
        columns = tuple(each.name for each in statement.this.expressions)
        rows = warehouse.tree(statement.expression.sql("bigquery"))
        return Change("INSERT", table.db, table.name, columns, rows, None)
    if not isinstance(statement, exp.Merge):
        return None
    if statement.args["on"] != exp.false():
        raise RestError(400, "invalidQuery", "this server knows MERGE … ON FALSE only")
    table, insert, condition = statement.this, None, None
    for when in statement.args["whens"].expressions:
        if when.args.get("source") and when.args["then"].name == "DELETE":
            condition = when.args["condition"]
        elif isinstance(when.args["then"], exp.Insert):
            insert = when.args["then"]
    assert insert is not None
    assert condition is not None
    place = exp.Table(this=table.this.copy(), db=table.args["db"].copy())
    gone = exp.select("*").from_(place.as_(table.alias, quoted=True)).where(condition.copy())
    return Change(
        "MERGE",
        table.db,
        table.name,
        tuple(each.name for each in insert.this.expressions),
        warehouse.tree(statement.args["using"].this.sql("bigquery")),
        warehouse.tree(gone.sql("bigquery")),
    )


def estimate_of(warehouse: Warehouse, change: Change) -> Estimate:
    """What it reads, and the partitions whose rows it takes away."""
    read = warehouse.estimate(change.rows)
    if change.gone is None:
        return Estimate([], read.bytes, read.tables)
    gone = warehouse.estimate(change.gone)
    return Estimate([], read.bytes + gone.bytes, [*read.tables, *gone.tables])


def run(warehouse: Warehouse, change: Change) -> None:
    """Do it.

    Raises:
        RestError: Another one wrote to one of its partitions since it looked at them.
    """
    said = warehouse.said(change.dataset, change.table)
    types = {field["name"]: field["type"] for field in said["fields"]}
    unknown = [name for name in change.columns if name not in types]
    if unknown or [change.rows.named_selects] != [[*change.columns]]:
        raise RestError(400, "invalidQuery", f"Column {unknown or change.columns} is not present in {change.table}")
    before = dict(said["partitions"])
    cursor = warehouse.connection.cursor()
    estimate = warehouse.estimate(change.rows)
    warehouse.stage(cursor, duck_sql(change.rows, estimate.fields))
    warehouse.before_commit(change.dataset, change.table)
    place = f'"{change.dataset}"."{change.table}"'
    column = partition_column(said)
    where = "false" if change.gone is None else change.gone.args["where"].this.sql("duckdb")
    alias = "target" if change.gone is None else change.gone.args["from_"].this.alias
    with warehouse.lock:
        touched = set()
        if column is not None:
            ids = f"strftime(\"{column}\", '%Y%m%d')"
            touched = {
                each
                for (each,) in cursor.execute(
                    f'SELECT {ids} FROM {place} AS "{alias}" WHERE {where} UNION SELECT {ids} FROM incoming'
                ).fetchall()
            }
        said = warehouse.said(change.dataset, change.table)
        if change.gone is not None and any(said["partitions"].get(each) != before.get(each) for each in touched):
            name = f"{warehouse.project}:{change.dataset}.{change.table}"
            raise RestError(400, "invalidQuery", f"Could not serialize access to table {name} due to concurrent update")
        cursor.execute("BEGIN")
        try:
            cursor.execute(f'DELETE FROM {place} AS "{alias}" WHERE {where}')
            cursor.execute(f"INSERT INTO {place} BY NAME FROM incoming")
            cursor.execute("COMMIT")
        except duckdb.Error as error:
            cursor.execute("ROLLBACK")
            raise RestError(400, "invalidQuery", own_words(error)) from error
        now = warehouse.now()
        said["modified"] = now
        if column is not None:
            left = {each for (each,) in cursor.execute(f"SELECT DISTINCT {ids} FROM {place}").fetchall()}
            said["partitions"] = {
                each: now if each in touched else said["partitions"].get(each, now) for each in left if each
            }
        warehouse.say(change.dataset, change.table, said)
