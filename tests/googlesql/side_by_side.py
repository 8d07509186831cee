"""Expressions on DuckDB, and in the product's words for BigQuery on Google's evaluator, over the same rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from dqx_core.errors import DefinitionError
from dqx_core.sql.conditions import Written
from tests.googlesql.evaluator import GoogleSQLError, evaluate

ARROW = {
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "STRING": pa.string(),
    "BOOL": pa.bool_(),
    "BYTES": pa.binary(),
    "DATE": pa.date32(),
    "NUMERIC": pa.decimal128(38, 9),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "ARRAY<INT64>": pa.list_(pa.int64()),
    "ARRAY<BOOL>": pa.list_(pa.bool_()),
    "STRUCT<ok BOOL, n INT64>": pa.struct([("ok", pa.bool_()), ("n", pa.int64())]),
}


@dataclass
class Outcome:
    """What became of some expressions."""

    same: list[str] = field(default_factory=list)
    close: list[str] = field(default_factory=list)
    """The same but for the last bits."""
    refused: dict[str, str] = field(default_factory=dict)
    """The refusal, before anything ran."""
    other: dict[str, str] = field(default_factory=dict)
    """Another value, and no word of it."""
    raised: dict[str, str] = field(default_factory=dict)
    """An error of GoogleSQL as it ran, where DuckDB has a value."""
    failed: dict[str, str] = field(default_factory=dict)
    """DuckDB has no value of it either."""

    def __str__(self) -> str:
        return (
            f"{len(self.same)} the same, {len(self.close)} but for the last bits, {len(self.refused)} refused, "
            f"{len(self.failed)} without a value on DuckDB, {len(self.other)} other values, {len(self.raised)} errors"
        )


def compare(written: Mapping[str, Written], schema: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Outcome:
    """Each expression on both, over those rows; expressions that are refused for BigQuery are not run there."""
    outcome, texts = Outcome(), {}
    for name, each in written.items():
        try:
            texts[name] = each.said("bigquery", schema).sql("bigquery")
        except DefinitionError as error:
            outcome.refused[name] = str(error)
    on_duckdb = _OnDuckDB(schema, rows)
    here = _each(on_duckdb.values, {name: written[name].quoted for name in texts})
    there = _each(lambda some: _on_google(some, schema, rows), texts)
    for name, text in texts.items():
        ours, theirs = here[name], there[name]
        if isinstance(ours, Exception):
            outcome.failed[name] = str(ours).splitlines()[0]
        elif isinstance(theirs, Exception):
            outcome.raised[name] = f"{theirs}: {text}"
        elif all(map(_same, ours, theirs)):
            outcome.same.append(name)
        elif all(map(_close, ours, theirs)):
            outcome.close.append(name)
        else:
            at = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if not _close(a, b))
            outcome.other[name] = f"{ours[at]!r} is {theirs[at]!r} there in row {at}: {text}"
    return outcome


class _OnDuckDB:
    def __init__(self, schema: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
        types = pa.schema({column: ARROW[type_name] for column, type_name in schema.items()})
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        table = pa.Table.from_pylist([{column: row.get(column) for column in schema} for row in rows], schema=types)
        self.connection.register("data", table)

    def values(self, texts: Mapping[str, str]) -> dict[str, list[Any]]:
        selected = ", ".join(f'{text} AS "{i}"' for i, text in enumerate(texts.values()))
        columns = list(zip(*self.connection.execute(f"SELECT {selected} FROM data").fetchall(), strict=True))
        return {name: list(values) for name, values in zip(texts, columns, strict=True)}


def _on_google(
    texts: Mapping[str, str], schema: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    selected = ", ".join(f"{text} AS c{i}" for i, text in enumerate(texts.values()))
    found = evaluate(f"SELECT {selected} FROM data", {"data": (schema, rows)})
    return {name: [row[f"c{i}"] for row in found] for i, name in enumerate(texts)}


def _each(run: Any, texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of each; of a statement that fails, those of each half."""
    if not texts:
        return {}
    try:
        return dict(run(texts))
    except (duckdb.Error, GoogleSQLError) as error:
        names = list(texts)
        if len(names) == 1:
            return {names[0]: error}
        half = len(names) // 2
        return {
            **_each(run, {name: texts[name] for name in names[:half]}),
            **_each(run, {name: texts[name] for name in names[half:]}),
        }


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, Decimal | int) and isinstance(b, Decimal | int):
        return a == b
    return bool(a == b)


def _close(a: Any, b: Any) -> bool:
    if _same(a, b):
        return True
    numbers = isinstance(a, float | Decimal | int) and isinstance(b, float | Decimal | int)
    return numbers and math.isclose(a, b, rel_tol=1e-12)
