"""DuckDB dressed as a BigQuery project: datasets, tables with partitions, queries in BigQuery's SQL, bytes read."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.pushdown_projections import pushdown_projections

from dqx_core.datasets.types import normal_type
from dqx_core.sql import fingerprint
from tests.bigquery.estimates import Estimate, reads_of, width
from tests.bigquery.linter import RefusedError, typed
from tests.bigquery.partitions import INGESTED, PARTITIONS, VIEW, of_partition, partition_column, prune
from tests.bigquery.rest import RestError, field_of, type_of
from tests.bigquery.translation import duck_sql, duck_type, fields_of, own_words
from tests.googlesql.evaluator import refusal


@dataclass
class Result:
    """What a query gives."""

    fields: list[dict[str, Any]]
    rows: list[tuple[Any, ...]] = field(default_factory=list)


class Warehouse:
    """One project; its datasets are schemas of a DuckDB database, and what BigQuery knows besides is kept there too."""

    def __init__(self, database: str | Path = ":memory:", project: str = "local", location: str = "EU") -> None:
        self.project, self.location = project, location
        self.lock = threading.RLock()
        self.connection = duckdb.connect(str(database), config={"threads": 2})
        self.connection.execute("SET TimeZone = 'UTC'")
        fingerprint.register(self.connection)
        self.connection.execute("CREATE SCHEMA IF NOT EXISTS __rest")
        self.connection.execute("CREATE TABLE IF NOT EXISTS __rest.described (key VARCHAR PRIMARY KEY, said JSON)")
        self._clock = 0
        self.before_commit: Callable[[str, str], object] = lambda _dataset, _table: None
        """Called by a statement that has read what it needs, before it writes to a table."""
        # A statement comes twice, to be estimated and to be run, and tests repeat theirs.
        self._trees: dict[tuple[str, str], exp.Query] = {}
        self._reads: dict[int, list[Any]] = {}
        self._texts: dict[int, str] = {}
        self._there: set[tuple[str, str]] = set()

    def adopt(self, file: str | Path, schemas: tuple[str, ...] = ("raw_data",)) -> None:
        """Copy the tables of a DuckDB file into datasets of the same names."""
        with self.lock:
            self.connection.execute(f"ATTACH '{file}' AS given (READ_ONLY)")
            for schema, table in self.connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'given'"
            ).fetchall():
                if schema in schemas:
                    self.connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
                    self.connection.execute(f'CREATE TABLE "{schema}"."{table}" AS FROM given."{schema}"."{table}"')
            self.connection.execute("DETACH given")

    def now(self) -> int:
        """Milliseconds since 1970, never the same twice."""
        self._clock = max(self._clock + 1, time.time_ns() // 1_000_000)
        return self._clock

    # What is known of datasets and tables besides their rows.

    def datasets(self) -> list[str]:
        found = self.connection.cursor().execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database() AND NOT internal"
            " AND schema_name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY 1"
        )
        return [name for (name,) in found.fetchall()]

    def dataset(self, name: str) -> str:
        if name not in self.datasets():
            raise RestError(404, "notFound", f"Not found: Dataset {self.project}:{name}")
        return name

    def tables(self, dataset: str) -> list[tuple[str, str]]:
        found = self.connection.cursor().execute(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = ? AND"
            " table_name <> ? ORDER BY 1",
            [self.dataset(dataset), PARTITIONS],
        )
        return [(name, "VIEW" if kind == "VIEW" else "TABLE") for name, kind in found.fetchall()]

    def has(self, dataset: str, table: str) -> bool:
        if (dataset, table) in self._there:  # asked of every statement many times, and DuckDB lists its catalog slowly
            with suppress(duckdb.Error):
                self.connection.cursor().execute(f'FROM "{dataset}"."{table}" LIMIT 0')
                return True
        found = dataset in self.datasets() and table in dict(self.tables(dataset))
        if found:
            self._there.add((dataset, table))
        return found

    def said(self, dataset: str, table: str) -> dict[str, Any]:
        """What is known of a table; of one that somebody else made, what DuckDB says."""
        if table != PARTITIONS and not self.has(dataset, table):
            raise RestError(404, "notFound", f"Not found: Table {self.project}:{dataset}.{table} was not found")
        key = f"{dataset}.{table}"
        if table == PARTITIONS:
            return {"fields": VIEW}
        row = self.connection.cursor().execute("SELECT said FROM __rest.described WHERE key = ?", [key]).fetchone()
        if row is not None:
            found: dict[str, Any] = json.loads(row[0])
            return found
        columns = self.connection.cursor().execute(f'DESCRIBE "{dataset}"."{table}"').fetchall()
        now = self.now()
        return self.say(
            dataset,
            table,
            {
                "fields": [field_of(name, normal_type(kind, "duckdb")) for name, kind, *_ in columns],
                "created": now, "modified": now, "partitions": {},
            },
        )  # fmt: skip

    def say(self, dataset: str, table: str, said: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.connection.execute(
                "INSERT OR REPLACE INTO __rest.described VALUES (?, ?)", [f"{dataset}.{table}", json.dumps(said)]
            )
        return said

    def create(self, dataset: str, table: str, said: Mapping[str, Any]) -> None:
        """An empty table."""
        if self.has(dataset, table):
            raise RestError(409, "duplicate", f"Already Exists: Table {self.project}:{dataset}.{table}")
        columns = ", ".join(f'"{f["name"]}" {duck_type(type_of(f))}' for f in said["fields"])
        with self.lock:
            self.connection.execute(f'CREATE TABLE "{self.dataset(dataset)}"."{table}" ({columns})')
            now = self.now()
            self.say(dataset, table, {"partitions": {}, **said, "created": now, "modified": now})

    def drop(self, dataset: str, table: str) -> None:
        self.said(dataset, table)
        with self.lock:
            kind = dict(self.tables(dataset))[table]
            self.connection.execute(f'DROP {kind} "{dataset}"."{table}"')
            self.connection.execute("DELETE FROM __rest.described WHERE key = ?", [f"{dataset}.{table}"])

    def size(self, dataset: str, table: str) -> tuple[int, int]:
        """Rows and bytes."""
        said = self.said(dataset, table)
        total = self._bytes(dataset, table, [f["name"] for f in said["fields"]], None)
        [(rows,)] = self.connection.cursor().execute(f'SELECT count(*) FROM "{dataset}"."{table}"').fetchall()
        return rows, total

    # Queries

    def tree(self, sql: str, default: str | None = None) -> exp.Query:
        """A query with every name resolved and every type known; INFORMATION_SCHEMA stands for a table of ours."""
        import sqlglot

        try:
            parsed = sqlglot.parse_one(sql, dialect="bigquery")
        except sqlglot.errors.SqlglotError as error:
            raise RestError(400, "invalidQuery", f"Syntax error: {str(error).splitlines()[0]}") from error
        ctes = {cte.alias for cte in parsed.find_all(exp.CTE)}
        schema: dict[str, dict[str, dict[str, str]]] = {}
        paths: dict[tuple[str, ...], dict[str, str]] = {}
        for table in parsed.find_all(exp.Table):
            path = tuple(part.name for part in table.parts)
            if "INFORMATION_SCHEMA" in path[-1]:
                path = (*path[:-1], *path[-1].split("."))
            parts = [piece for part in table.parts for piece in part.name.split(".")]
            if len(parts) == 1 and parts[0] in ctes:
                continue
            if "INFORMATION_SCHEMA" in parts:
                dataset = parts[parts.index("INFORMATION_SCHEMA") - 1]
                self._list_partitions(self.dataset(dataset))
                parts = [dataset, PARTITIONS]
            elif len(parts) == 1 and default is not None:
                parts = [default, *parts]
            if len(parts) < 2:
                raise RestError(
                    400, "invalid", f'Table "{parts[0]}" must be qualified with a dataset (e.g. dataset.table).'
                )
            dataset, name = parts[-2:]
            said = self.said(dataset, name)
            schema.setdefault(dataset, {})[name] = {f["name"]: type_of(f) for f in said["fields"]} | (
                {INGESTED: "TIMESTAMP"} if partition_column(said) == INGESTED else {}
            )
            paths[path] = schema[dataset][name]
            table.set("this", exp.to_identifier(name, quoted=True))
            table.set("db", exp.to_identifier(dataset, quoted=True))
            table.set("catalog", None)
        for column in parsed.find_all(exp.Column):  # a pseudo-column is nobody's, to sqlglot
            if column.name.lower() == INGESTED and not column.table:
                source = column.find_ancestor(exp.Select).args["from_"].this
                column.set("table", exp.to_identifier(source.alias_or_name, quoted=True))
        key = (sql, json.dumps(schema))
        try:
            if key not in self._trees:
                self._trees[key] = typed(parsed, schema)
                # The statement as it came: what sqlglot reads and writes again is another one.
                if reason := refusal(sql, tuple((path, tuple(columns.items())) for path, columns in paths.items())):
                    raise RefusedError(reason)
            return self._trees[key]
        except RefusedError as error:
            raise RestError(400, "invalidQuery", str(error)) from error

    def look_at_change(self, sql: str, parsed: exp.Expr) -> None:
        """Refuse an INSERT or a MERGE that is not GoogleSQL; its queries are resolved as such."""
        paths = {}
        for table in parsed.find_all(exp.Table):
            path = tuple(part.name for part in table.parts)
            pieces = [piece for part in path for piece in part.split(".")]
            if len(pieces) > 1:  # the others are of WITH
                fields = self.said(*pieces[-2:])["fields"]
                paths[path] = tuple((field["name"], type_of(field)) for field in fields)
        if reason := refusal(sql, tuple(paths.items())):
            raise RestError(400, "invalidQuery", reason)

    def estimate(self, tree: exp.Query) -> Estimate:
        """What a query would read: of the columns it uses, in the partitions its literals leave."""
        if id(tree) not in self._reads:
            lean = pushdown_projections(pushdown_predicates(tree.copy(), dialect="bigquery"))
            self._reads[id(tree)] = list(reads_of(lean))
        for dataset, table, _, where in self._reads[id(tree)]:
            said = self.said(dataset, table)
            if said.get("requirePartitionFilter") and (
                where is None or prune(where, str(partition_column(said))) == "true"
            ):
                raise RestError(
                    400, "invalidQuery", f"Cannot query over table '{dataset}.{table}' without a filter over column(s) "
                    f"'{partition_column(said)}' that can be used for partition elimination",
                )  # fmt: skip
        read = sum(self._bytes(*each) for each in self._reads[id(tree)])
        tables = list(dict.fromkeys((t.db, t.name) for t in tree.find_all(exp.Table) if t.db))
        return Estimate(fields_of(tree), read, tables)

    def run(self, tree: exp.Query, cursor: duckdb.DuckDBPyConnection) -> Result:
        """The rows."""
        fields = fields_of(tree)
        try:
            if id(tree) not in self._texts:
                self._texts[id(tree)] = duck_sql(tree, fields)
            return Result(fields, cursor.execute(self._texts[id(tree)]).fetchall())
        except duckdb.Error as error:
            raise RestError(400, "invalidQuery", own_words(error)) from error

    def write(self, tree: exp.Query, dataset: str, table: str, config: Mapping[str, Any]) -> None:
        """Put the rows of a query into a table, or into one partition of it."""
        self._put(duck_sql(tree, fields_of(tree)), fields_of(tree), dataset, table, config)

    def copy(self, source: tuple[str, str], target: tuple[str, str], config: Mapping[str, Any]) -> None:
        """Copy a table or a partition."""
        (dataset, name), (to, place) = source, target
        name, _, partition = name.partition("$")
        said = self.said(dataset, name)
        layout = {key: said.get(key) for key in ("timePartitioning", "clustering")}
        bare = place.partition("$")[0]
        if self.has(to, bare):
            there = self.said(to, bare)
            if {key: there.get(key) for key in layout} != layout:
                raise RestError(400, "invalid", "Incompatible table partitioning specification.")
            if there["fields"] != said["fields"]:
                raise RestError(400, "invalid", f"Provided Schema does not match Table {self.project}:{to}.{bare}.")
        where = f" WHERE {of_partition(said, partition)}" if partition else ""
        self._put(f'FROM "{dataset}"."{name}"{where}', said["fields"], to, place, {**layout, **config})

    def load(self, files: list[Path], dataset: str, table: str, config: Mapping[str, Any]) -> None:
        """Append or replace with the rows of Parquet files."""
        listed = ", ".join(f"'{file}'" for file in files)
        sql = f"FROM read_parquet([{listed}], hive_partitioning = false)"
        columns = self.connection.cursor().execute(f"DESCRIBE {sql}").fetchall()
        fields = [field_of(name, normal_type(kind, "duckdb")) for name, kind, *_ in columns]
        self._put(sql, fields, dataset, table, {"writeDisposition": "WRITE_APPEND", **config})

    def extract(self, dataset: str, table: str, folder: Path) -> None:
        """Write a table or a partition to a Parquet file in a folder that stands for a bucket."""
        name, _, partition = table.partition("$")
        said = self.said(dataset, name)
        where = f" WHERE {of_partition(said, partition)}" if partition else ""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "000000000000.parquet"
        self.connection.cursor().execute(f'COPY (FROM "{dataset}"."{name}"{where}) TO \'{file}\' (FORMAT parquet)')

    def _put(self, sql: str, fields: list[dict[str, Any]], dataset: str, table: str, config: Mapping[str, Any]) -> None:
        name, _, partition = table.partition("$")
        target = f'"{self.dataset(dataset)}"."{name}"'
        mode = config.get("writeDisposition", "WRITE_EMPTY")
        there = self.has(dataset, name)
        layout = {key: config[key] for key in ("timePartitioning", "clustering") if config.get(key)}
        if not there and config.get("createDisposition") == "CREATE_NEVER":
            raise RestError(404, "notFound", f"Not found: Table {self.project}:{dataset}.{name} was not found")
        cursor = self.connection.cursor()
        into = there and (partition or mode != "WRITE_TRUNCATE")
        if into:
            if layout and {key: self.said(dataset, name).get(key) for key in layout} != layout:
                raise RestError(400, "invalid", "Incompatible table partitioning specification.")
            self.stage(cursor, sql)
            self.before_commit(dataset, name)
        with self.lock:
            now = self.now()
            cursor.execute("BEGIN")
            try:
                if there and not into:
                    cursor.execute(f"CREATE OR REPLACE TABLE {target} AS {sql}")
                    said = {**self.said(dataset, name), "fields": fields, "partitions": {}, **layout}
                elif not there:
                    cursor.execute(f"CREATE TABLE {target} AS {sql}")
                    expires = {"expirationTime": config["expirationTime"]} if "expirationTime" in config else {}
                    said = {"fields": fields, "created": now, "partitions": {}, "labels": {}, **layout, **expires}
                else:
                    said = self.said(dataset, name)
                    among = of_partition(said, partition) if partition else "true"
                    [(rows,)] = cursor.execute(f"SELECT count(*) FROM {target} WHERE {among}").fetchall()
                    if rows and mode == "WRITE_EMPTY":
                        raise RestError(409, "duplicate", f"Already Exists: Table {self.project}:{dataset}.{table}")
                    if [(f["name"], f["type"]) for f in fields] != [(f["name"], f["type"]) for f in said["fields"]]:
                        raise RestError(
                            400, "invalid", f"Provided Schema does not match Table {self.project}:{dataset}.{name}."
                        )
                    [(stray,)] = cursor.execute(
                        f"SELECT count(*) FROM incoming WHERE NOT coalesce({among}, false)"
                    ).fetchall()
                    if stray:
                        raise RestError(
                            400, "invalid", "Some rows belong to different partitions rather than destination "
                            f"partition {partition}",
                        )  # fmt: skip
                    if mode == "WRITE_TRUNCATE":
                        cursor.execute(f"DELETE FROM {target} WHERE {among}")
                    cursor.execute(f"INSERT INTO {target} BY NAME FROM incoming")
                cursor.execute("COMMIT")
            except duckdb.Error as error:
                cursor.execute("ROLLBACK")
                raise RestError(400, "invalidQuery", own_words(error)) from error
            except RestError:
                cursor.execute("ROLLBACK")
                raise
            said["modified"] = now
            column = partition_column(said)
            if column is not None:
                ids = cursor.execute(f"""SELECT DISTINCT strftime("{column}", '%Y%m%d') FROM {target}""").fetchall()
                before = said["partitions"]
                touched = {partition} if partition else {one for (one,) in ids}
                said["partitions"] = {one: now if one in touched else before.get(one, now) for (one,) in ids if one}
            self.say(dataset, name, said)

    def stage(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
        """The rows of a query as they are now, in the cursor's own table `incoming`."""
        try:
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS {sql}")
        except duckdb.Error as error:
            raise RestError(400, "invalidQuery", own_words(error)) from error

    def _list_partitions(self, dataset: str) -> None:
        """The view INFORMATION_SCHEMA.PARTITIONS of a dataset, as a table of this moment."""
        rows: list[tuple[Any, ...]] = []
        for name, kind in self.tables(dataset):
            said = self.said(dataset, name)
            if kind == "TABLE":
                column = partition_column(said)
                ids = said["partitions"] if column else {None: said["modified"]}
                rows += [(dataset, name, one, None, moment) for one, moment in ids.items()]
        with self.lock:
            self.connection.execute(
                f'CREATE OR REPLACE TABLE "{dataset}"."{PARTITIONS}" (table_schema VARCHAR, table_name VARCHAR,'
                " partition_id VARCHAR, total_rows BIGINT, last_modified_time TIMESTAMPTZ)"
            )
            if rows:
                self.connection.executemany(
                    f'INSERT INTO "{dataset}"."{PARTITIONS}" VALUES (?, ?, ?, ?, make_timestamptz(?::BIGINT * 1000))',
                    rows,
                )

    def _bytes(self, dataset: str, table: str, columns: list[str], where: exp.Expr | None) -> int:
        said = self.said(dataset, table)
        types = {f["name"]: type_of(f) for f in said["fields"]}
        partition = partition_column(said)
        prunes = where is not None and partition is not None
        among = f" WHERE {prune(where, partition)}" if prunes else ""
        sizes = [width(name, types[name]) for name in dict.fromkeys(columns) if name in types]
        if not sizes or table == PARTITIONS:
            return 0
        sql = f'SELECT coalesce({" + ".join(sizes)}, 0) FROM "{dataset}"."{table}"{among}'
        [(total,)] = self.connection.cursor().execute(sql).fetchall()
        return int(total)
