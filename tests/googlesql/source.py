"""Rows on Google's evaluator as a data source: the product's statements for BigQuery, evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlglot import ErrorLevel, exp

from dqx_core import DuckDB, DuckRelationDataSource, ResultKey
from dqx_core.engines.base import Extent
from dqx_core.errors import EngineError
from dqx_core.execution import execute
from dqx_core.metrics.base import MetricSpec
from dqx_core.planning import Scan
from tests.googlesql.evaluator import GoogleSQLError, evaluate
from tests.googlesql.side_by_side import ARROW

ENGINE = DuckDB()


class Google:
    """A data source whose statements Google's evaluator runs."""

    dialect = "bigquery"
    name = "rows"
    date_column = None
    skip_dates: frozenset[Any] = frozenset()

    def __init__(self, schema: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        self.schema, self._rows = schema, rows
        self.dimensions: Mapping[str, str] = {}

    def relation(self) -> exp.Select:
        return exp.select("*").from_(exp.table_("rows", quoted=True))

    def extent(self, columns: Sequence[str]) -> Extent:
        return Extent()

    def is_there(self, date: Any, tags: Any) -> bool:
        return True

    def data_version(self, date: Any, tags: Any) -> str | None:
        return None

    def rows(self, tree: exp.Query) -> list[dict[str, Any]]:
        sql = tree.sql("bigquery", unsupported_level=ErrorLevel.RAISE)
        try:
            return evaluate(sql, {"rows": (self.schema, self._rows)})
        except GoogleSQLError as error:
            raise EngineError("GoogleSQL", "run a statement", str(error)) from None

    def query(self, tree: exp.Query) -> pa.Table:
        return pa.Table.from_pylist(self.rows(tree))


def on_duckdb(schema: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> DuckRelationDataSource:
    """The same rows on DuckDB."""
    types = pa.schema({column: ARROW[type_name] for column, type_name in schema.items()})
    table = pa.Table.from_pylist([{column: row.get(column) for column in schema} for row in rows], schema=types)
    return DuckRelationDataSource.from_arrow(table, "rows", engine=ENGINE, date_column=None)


def values(source: Any, specs: Sequence[MetricSpec], key: ResultKey) -> list[Any]:
    """What each metric says of the rows: its value, or why there is none."""
    states = execute(Scan(source, tuple((spec, key, "rows") for spec in specs)))
    return [states[spec, key, "rows"].bind(spec.value) for spec in specs]
