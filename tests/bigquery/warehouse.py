"""DuckDB dressed as a BigQuery project: datasets, tables with partitions, queries in BigQuery's SQL, bytes read."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import ErrorLevel, exp
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.pushdown_projections import pushdown_projections

from dqx_core.datasets.types import normal_type
from dqx_core.sql import fingerprint
from tests.bigquery.linter import RefusedError, kind_of, typed

MIB = 2**20
PARTITIONS = "__partitions"
INGESTED = "_partitiontime"  # as sqlglot spells it
"""The column, of tables that are parted by the time of loading, that `*` does not show; DuckDB has a real one."""
_VIEW = [
    {"name": name, "type": kind, "mode": "NULLABLE"}
    for name, kind in (
        ("table_schema", "STRING"), ("table_name", "STRING"), ("partition_id", "STRING"), ("total_rows", "INTEGER"),
        ("last_modified_time", "TIMESTAMP"),
    )
]  # fmt: skip
_WIDTHS = {"BOOL": 1, "NUMERIC": 16, "BIGNUMERIC": 32}
_DUCK = {
    "INT64": "BIGINT", "FLOAT64": "DOUBLE", "BOOL": "BOOLEAN", "STRING": "VARCHAR", "BYTES": "BLOB", "DATE": "DATE",
    "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ", "TIME": "TIME", "NUMERIC": "DECIMAL(38, 9)",
    "BIGNUMERIC": "HUGEINT",
}  # fmt: skip
LEGACY = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
"""The names that the REST gives types; the rest keep theirs."""


class RestError(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message

    def body(self) -> dict[str, Any]:
        """As the REST spells it."""
        inner = {"reason": self.reason, "message": self.message, "domain": "global"}
        return {"error": {"code": self.status, "message": self.message, "errors": [inner], "status": self.reason}}


@dataclass
class Result:
    """What a query gives."""

    fields: list[dict[str, Any]]
    rows: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass
class Estimate:
    """What a query reads, and what its rows are."""

    fields: list[dict[str, Any]]
    bytes: int
    tables: list[tuple[str, str]]

    @property
    def billed(self) -> int:
        """Whole mebibytes, ten at least for each table."""
        return max(-(-self.bytes // MIB), 10 * len(self.tables)) * MIB


def field_of(name: str, type_name: str) -> dict[str, Any]:
    """A column as the REST describes it, from its GoogleSQL type."""
    if type_name.startswith("ARRAY<"):
        return field_of(name, type_name[6:-1]) | {"mode": "REPEATED"}
    base = re.split(r"[(<]", type_name, maxsplit=1)[0]
    return {"name": name, "type": LEGACY.get(base, base), "mode": "NULLABLE"}


def type_of(column: Mapping[str, Any]) -> str:
    """The GoogleSQL type of a column."""
    names = {legacy: name for name, legacy in LEGACY.items()}
    base = names.get(column["type"], column["type"])
    return f"ARRAY<{base}>" if column.get("mode") == "REPEATED" else base


def partition_column(said: Mapping[str, Any]) -> str | None:
    """The column by which a table is parted."""
    layout = said.get("timePartitioning")
    return None if layout is None else layout.get("field") or INGESTED


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
        return dataset in self.datasets() and table in dict(self.tables(dataset))

    def said(self, dataset: str, table: str) -> dict[str, Any]:
        """What is known of a table; of one that somebody else made, what DuckDB says."""
        if table != PARTITIONS and not self.has(dataset, table):
            raise RestError(404, "notFound", f"Not found: Table {self.project}:{dataset}.{table} was not found")
        key = f"{dataset}.{table}"
        if table == PARTITIONS:
            return {"fields": _VIEW}
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
        columns = ", ".join(f'"{f["name"]}" {_duck_type(type_of(f))}' for f in said["fields"])
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
        for table in parsed.find_all(exp.Table):
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
            return self._trees[key]
        except RefusedError as error:
            raise RestError(400, "invalidQuery", str(error)) from error

    def estimate(self, tree: exp.Query) -> Estimate:
        """What a query would read: of the columns it uses, in the partitions its literals leave."""
        if id(tree) not in self._reads:
            lean = pushdown_projections(pushdown_predicates(tree.copy(), dialect="bigquery"))
            self._reads[id(tree)] = list(_reads(lean))
        for dataset, table, _, where in self._reads[id(tree)]:
            said = self.said(dataset, table)
            if said.get("requirePartitionFilter") and (
                where is None or _prune(where, str(partition_column(said))) == "true"
            ):
                raise RestError(
                    400, "invalidQuery", f"Cannot query over table '{dataset}.{table}' without a filter over column(s) "
                    f"'{partition_column(said)}' that can be used for partition elimination",
                )  # fmt: skip
        read = sum(self._bytes(*each) for each in self._reads[id(tree)])
        tables = list(dict.fromkeys((t.db, t.name) for t in tree.find_all(exp.Table) if t.db))
        return Estimate(_fields(tree), read, tables)

    def run(self, tree: exp.Query, cursor: duckdb.DuckDBPyConnection) -> Result:
        """The rows."""
        fields = _fields(tree)
        try:
            if id(tree) not in self._texts:
                self._texts[id(tree)] = duck_sql(tree, fields)
            return Result(fields, cursor.execute(self._texts[id(tree)]).fetchall())
        except duckdb.Error as error:
            raise RestError(400, "invalidQuery", own_words(error)) from error

    def write(self, tree: exp.Query, dataset: str, table: str, config: Mapping[str, Any]) -> None:
        """Put the rows of a query into a table, or into one partition of it."""
        self._put(duck_sql(tree, _fields(tree)), _fields(tree), dataset, table, config)

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
        among = f" WHERE {_prune(where, partition)}" if prunes else ""
        sizes = [_width(name, types[name]) for name in dict.fromkeys(columns) if name in types]
        if not sizes or table == PARTITIONS:
            return 0
        sql = f'SELECT coalesce({" + ".join(sizes)}, 0) FROM "{dataset}"."{table}"{among}'
        [(total,)] = self.connection.cursor().execute(sql).fetchall()
        return int(total)


def _width(name: str, type_name: str) -> str:
    column = f'"{name}"'
    if type_name == "STRING":
        return f"coalesce(sum(2 + strlen({column})), 0)"
    if type_name == "BYTES":
        return f"coalesce(sum(2 + octet_length({column})), 0)"
    if type_name.startswith("ARRAY"):
        return f"coalesce(sum(8 * len({column})), 0)"
    return f"{_WIDTHS.get(type_name, 8)} * count({column})"


def _reads(tree: exp.Query) -> Iterator[tuple[str, str, list[str], exp.Expr | None]]:
    """Each table that is read, with the columns that are used and the condition on its rows alone."""
    for select in tree.find_all(exp.Select):
        sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
        for source in filter(None, sources):
            table = source.this
            if isinstance(table, exp.Table) and table.db:
                alias = table.alias_or_name
                columns = [c.name for c in _own_columns(select) if c.table == alias]
                where = select.args.get("where")
                yield table.db, table.name, columns, None if where is None else where.this


def _own_columns(node: exp.Expr) -> Iterator[exp.Column]:
    for child in node.iter_expressions():
        if isinstance(child, exp.Column):
            yield child
        elif not isinstance(child, exp.Query):
            yield from _own_columns(child)


def _prune(where: exp.Expr, partition: str) -> str:
    """The part of a condition that only looks at the partition column, for DuckDB."""
    parts = where.flatten() if isinstance(where, exp.And) else [where]
    kept = []
    for part in parts:
        columns = {column.name for column in part.find_all(exp.Column)}
        if columns == {partition} and not part.find(exp.Query):
            bare = part.copy()
            for column in bare.find_all(exp.Column):
                column.set("table", None)
            kept.append(bare.sql("duckdb"))
    return " AND ".join(f"({part})" for part in kept) or "true"


def of_partition(said: Mapping[str, Any], partition: str) -> str:
    column = partition_column(said)
    if column is None or not re.fullmatch(r"\d{8}", partition):
        raise RestError(400, "invalid", f"Partition decorator ${partition} does not fit the table's partitioning.")
    return f"CAST(\"{column}\" AS DATE) = DATE '{partition[:4]}-{partition[4:6]}-{partition[6:]}'"


def _fields(tree: exp.Query) -> list[dict[str, Any]]:
    fields = []
    for column in tree.selects:
        kind = kind_of(column)
        if kind == "ARRAY":
            kind = f"ARRAY<{column.type.expressions[0].sql('bigquery')}>"
        fields.append(field_of(column.alias_or_name, "INT64" if kind in ("NULL", "UNKNOWN") else kind))
    names = [f["name"].lower() for f in fields]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise RestError(400, "invalidQuery", f"Duplicate column names in the result are not supported: {twice}")
    return fields


def _duck_type(type_name: str) -> str:
    return f"{_DUCK[type_name[6:-1]]}[]" if type_name.startswith("ARRAY<") else _DUCK[type_name]


def duck_sql(tree: exp.Query, fields: list[dict[str, Any]]) -> str:
    """The same query for DuckDB, whose result has the types that BigQuery would give it."""
    copy = tree.copy()
    for cast in list(copy.find_all(exp.Cast)):
        source = kind_of(cast.this)
        if cast.to.this == exp.DataType.Type.BIGDECIMAL and source in {"INT64", "BIGNUMERIC"}:
            cast.set("to", exp.DataType.build("INT128"))
        elif cast.to.this == exp.DataType.Type.DECIMAL and not cast.to.expressions:
            cast.set("to", exp.DataType.build("DECIMAL(38, 9)"))
    inner = copy.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    # SUM of 64-bit integers is a 64-bit integer there, and a 128-bit one here.
    columns = [f'"{f["name"]}"::BIGINT AS "{f["name"]}"' if f["type"] == "INTEGER" and f["mode"] != "REPEATED"
               else f'"{f["name"]}"' for f in fields]  # fmt: skip
    return f"SELECT {', '.join(columns)} FROM ({inner}) AS result"


def own_words(error: Exception) -> str:
    """DuckDB's reason without its prefix, as a text that ERROR() raised is in BigQuery."""
    return str(error).removeprefix("Invalid Input Error: ").strip()
