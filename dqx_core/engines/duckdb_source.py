"""Data sources on DuckDB: Arrow, pandas, Parquet, a table, or any relation."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from dqx_core.engines import frames
from dqx_core.engines.base import Extent
from dqx_core.engines.duckdb import DuckDB
from dqx_core.engines.relation import AUTO, DEFAULT_DATE_COLUMN, DataVersion, Options, RelationDataSource
from dqx_core.errors import DefinitionError, EngineError, NotThereError, hint
from dqx_core.sql.names import table_of

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa
    from sqlglot import exp

    from dqx_core.engines.frames import ArrowStream

_numbers = itertools.count(1)


class DuckRelationDataSource(RelationDataSource):
    """A named relation on a DuckDB connection.

    Make one with `from_arrow`, `from_pandas`, `from_parquet`, `from_table` or `from_relation`; each takes the
    `Options`. Without a date column the data is the nominal day, and a lagged metric is never computed from it.
    """

    _extent: Callable[[Collection[str]], Extent] | None = None
    """Parquet files say how much they hold; other relations may be queries that take long to look at."""
    twins: Mapping[str, tuple[str, str]] = MappingProxyType({})
    """Columns that differ only in case, by their name in lower case: which of the two is meant SQL cannot say."""

    def _keep_apart(self, twins: Mapping[str, tuple[str, str]]) -> None:
        """Have nobody read columns that differ only in case: DuckDB calls the second one by another name."""
        self.twins = twins
        for column in (self.date_column, *self.dimensions.values()):
            if column is not None and column.lower() in twins:
                one, other = twins[column.lower()]
                raise DefinitionError(
                    f"Data source '{self.name}' has columns '{one}' and '{other}', which SQL does not tell apart: "
                    "names are the same in upper and lower case. Rename one of them."
                )

    def extent(self, columns: Collection[str]) -> Extent:
        """How many rows the files hold now and what these columns span; of what is not a file, nothing."""
        return Extent() if self._extent is None else self._extent(columns)

    def rows(self, tree: exp.Query) -> list[dict[str, Any]]:
        """The rows of a query over the relation, as Python's own values by column."""
        return self._engine.rows(tree) if isinstance(self._engine, DuckDB) else super().rows(tree)

    @classmethod
    def from_arrow(
        cls,
        table: pa.Table | ArrowStream,
        name: str,
        *,
        engine: DuckDB | None = None,
        **options: Unpack[Options],
    ) -> DuckRelationDataSource:
        """The rows of an Arrow table, or of any frame: polars, pandas, another library that speaks Arrow.

        Raises:
            DefinitionError: It is not a frame, or a column has a type that DuckDB does not know.
        """
        on = engine or DuckDB()
        view = f"dqx_{next(_numbers)}"
        rows = frames.arrow_of(table, name)
        frames.register(on, view, rows, name)
        source = cls(
            on,
            _star(view),
            name,
            **options,
        )
        source._keep_apart(frames.twins_of(rows.schema.names))
        return source

    @classmethod
    def from_pandas(
        cls,
        frame: pd.DataFrame | ArrowStream,
        name: str,
        *,
        engine: DuckDB | None = None,
        **options: Unpack[Options],
    ) -> DuckRelationDataSource:
        """The rows of a pandas frame, or of any other; its index is not a column; missing values are null."""
        return cls.from_arrow(
            frame,
            name,
            engine=engine,
            **options,
        )

    @classmethod
    def from_parquet(
        cls,
        path: str | Path | Collection[str | Path],
        name: str | None = None,
        *,
        engine: DuckDB | None = None,
        **options: Unpack[Options],
    ) -> DuckRelationDataSource:
        """The rows of Parquet files: a path, a glob or several; `key=value` folders are columns.

        Unless `data_version` is given, the data version is that of the files: their names, sizes and times. Where
        folders are named by the day (`yyyy_mm_dd=2024-01-31`), a day's version is that of its own files.
        """
        paths = [str(p) for p in ([path] if isinstance(path, str | Path) else path)]
        files = sorted(file for p in paths for file in _files(p))
        if not files or any(not Path(file).exists() for file in files):
            lost = next((file for file in files if not Path(file).exists()), ", ".join(paths) or "nothing")
            what = f"read Parquet for data source '{name or 'data'}'"
            raise NotThereError("DuckDB", what, f"no file matches '{lost}'")
        called = name or Path(paths[0]).stem
        source = cls(
            on := engine or DuckDB(),
            _parquet(paths, CAN_HAVE_NAN),
            called,
            **({"data_version": _versions_of(files, options.get("date_column", DEFAULT_DATE_COLUMN))} | options),
        )
        source._keep_apart(_twins(source, paths))
        # The extremes that the files state leave NaN out: as a guess at what the numbers are, they are the better ones.
        source._extent = lambda columns: on.extent(_parquet(paths), list(columns))
        return source

    @classmethod
    def from_table(
        cls,
        connection: duckdb.DuckDBPyConnection | DuckDB,
        table: str,
        name: str | None = None,
        **options: Unpack[Options],
    ) -> DuckRelationDataSource:
        """The rows of a table or view, `name` or `schema.name` or `database.schema.name`.

        Raises:
            NotThereError: There is no such table.
        """
        from sqlglot import exp

        on = connection if isinstance(connection, DuckDB) else DuckDB(connection)
        try:
            return cls(
                on,
                exp.select("*").from_(table_of(table)),
                name or table.rpartition(".")[2],
                **options,
            )
        except EngineError as error:
            known = _tables(on)
            if table in known:
                raise
            reason = f"there is none. {hint(table, known)}"
            raise NotThereError("DuckDB", f"find table '{table}' for data source '{name or table}'", reason) from error

    @classmethod
    def from_relation(
        cls,
        connection: duckdb.DuckDBPyConnection | DuckDB,
        relation: duckdb.DuckDBPyRelation,
        name: str,
        **options: Unpack[Options],
    ) -> DuckRelationDataSource:
        """The rows of a DuckDB relation of that connection."""
        on = connection if isinstance(connection, DuckDB) else DuckDB(connection)
        view = f"dqx_{next(_numbers)}"
        on.name(relation, view)
        return cls(
            on,
            _star(view),
            name,
            **options,
        )


CAN_HAVE_NAN = "can_have_nan"
"""Without this option DuckDB takes the extremes of a file's statistics, which leave NaN out, for those of all rows."""


def _parquet(paths: Iterable[str], *options: str) -> exp.Query:
    """The rows of Parquet files."""
    from sqlglot import exp

    read = exp.Anonymous(
        this="READ_PARQUET",
        expressions=[
            exp.Array(expressions=[exp.Literal.string(path) for path in paths]),
            *(
                exp.EQ(this=exp.to_identifier(option), expression=exp.true())
                for option in ("hive_partitioning", "union_by_name", *options)
            ),
        ],
    )
    return exp.select("*").from_(exp.Table(this=read))


def _twins(source: DuckRelationDataSource, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The columns of a file that differ only in case: DuckDB calls the second of them by another name.

    The names in the files are read only where a column may be such a second one.
    """
    from sqlglot import exp

    there = {column.lower() for column in source.schema}
    if not any(column.lower().rpartition("_")[0] in there for column in source.schema if column[-1:].isdigit()):
        return {}
    listed = exp.Anonymous(
        this="PARQUET_SCHEMA", expressions=[exp.Array(expressions=[exp.Literal.string(path) for path in paths])]
    )
    query = exp.select("file_name", "name", "num_children").from_(exp.Table(this=listed))
    names: dict[str, list[str]] = {}
    inside: dict[str, list[int]] = {}
    for row in source.rows(query):
        ahead = inside.setdefault(row["file_name"], [])
        while ahead and not ahead[-1]:
            ahead.pop()
        if len(ahead) == 1:  # a child of the root: a column, not a part of one
            names.setdefault(row["file_name"], []).append(row["name"])
        if ahead:
            ahead[-1] -= 1
        ahead.append(row["num_children"] or 0)
    return {name: both for found in names.values() for name, both in frames.twins_of(found).items()}


def _star(view: str) -> exp.Query:
    from sqlglot import exp

    return exp.select("*").from_(exp.table_(view, quoted=True))


def _tables(engine: DuckDB) -> list[str]:
    """The tables and views there are, as one may write them."""
    from sqlglot import exp

    listed = exp.select("table_schema", "table_name").from_(exp.table_("tables", db="information_schema"))
    return [
        row["table_name"] if row["table_schema"] == "main" else f"{row['table_schema']}.{row['table_name']}"
        for row in engine.rows(listed)
    ]


def _files(path: str) -> list[str]:
    """The files a path or glob names."""
    first_sign = min((i for sign in "*?[" if (i := path.find(sign)) >= 0), default=-1)
    if first_sign < 0:
        return [path]
    root, _, pattern = path[:first_sign].rpartition("/")
    return [str(p) for p in Path(root or ("/" if path.startswith("/") else ".")).glob(pattern + path[first_sign:])]


def _versions_of(files: Collection[str], date_column: str | None) -> DataVersion:
    """The data version of each day: that of its own files where their folders name the day, else of all.

    Where a folder's name is not a day, nobody can say which files a day has: it has no version then, and neither has a
    day without files.
    """
    name = DEFAULT_DATE_COLUMN if date_column in (None, AUTO) else date_column
    folders = [next((part for part in Path(file).parts if part.startswith(f"{name}=")), None) for file in files]
    parted = all(folder is not None for folder in folders)
    of_day: dict[dt.date, list[str]] = {}
    legible = True
    for file, folder in zip(files, folders, strict=True):
        if parted and folder is not None:
            try:
                of_day.setdefault(dt.date.fromisoformat(folder.partition("=")[2]), []).append(file)
            except ValueError:
                legible = False

    def version(day: dt.date, _tags: Mapping[str, str]) -> str | None:
        mine = of_day.get(day, []) if parted else files
        return _version_of_files(mine) if legible and mine else None

    return version


def _version_of_files(files: Collection[str]) -> str | None:
    digest = hashlib.blake2b(digest_size=12)
    for file in files:
        try:
            stat = Path(file).stat()
        except OSError:  # gone: reading it will say so
            return None
        digest.update(f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
