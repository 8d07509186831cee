"""Google's own analyzer and evaluator of GoogleSQL, in this process: what BigQuery's language says of a statement.

The package is GoogleSQL compiled to WebAssembly. Compiling that for this machine takes half a minute, so the result is
kept in `~/.cache/dqx-googlesql`, or in the folder that DQX_GOOGLESQL_CACHE names; CI keeps it between runs.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import fcntl
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

Schema = Mapping[str, str]
Rows = Iterable[Mapping[str, Any]]

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_WITHOUT = {
    "FEATURE_TIMESTAMP_NANOS", "FEATURE_EXPERIMENTAL_MODULES", "FEATURE_TEST_IDEALLY_ENABLED_BUT_IN_DEVELOPMENT",
    "FEATURE_V_1_4_SQL_MACROS", "FEATURE_SPANNER_LEGACY_DDL", "__LanguageFeature__switch_must_have_a_default",
}  # fmt: skip
"""What GoogleSQL can, and BigQuery cannot."""
_WITH = {
    "FEATURE_INTERVAL_TYPE", "FEATURE_V_1_3_COLLATION_SUPPORT", "FEATURE_V_1_4_GROUPING_BUILTIN",
    "FEATURE_V_1_4_GROUPING_SETS", "FEATURE_ALTER_COLUMN_SET_DATA_TYPE",
}  # fmt: skip


_ALONE = threading.RLock()
"""The evaluator has one memory, which two threads must not use at once."""


class GoogleSQLError(Exception):
    """What GoogleSQL says of a statement that it refuses or cannot evaluate."""


def analyze(sql: str, tables: Mapping[Any, Schema]) -> None:
    """Find the names and types of a statement over tables with those columns.

    Raises:
        GoogleSQLError: It is not GoogleSQL over these tables.
    """
    with _ALONE:
        _client()
        request = _message("local_service.AnalyzeRequest")
        request.options.CopyFrom(_options())
        request.descriptor_pool_list.definitions.add().builtin.SetInParent()
        request.simple_catalog.CopyFrom(_catalog(tables))
        request.sql_statement = sql
        _call("Analyze", request, "AnalyzeResponse")


def evaluate(sql: str, tables: Mapping[str, tuple[Schema, Rows]]) -> list[dict[str, Any]]:
    """The rows of a query over tables with those columns and rows; a table has no dataset.

    Raises:
        GoogleSQLError: It is not GoogleSQL, or a row of it cannot be computed.
    """
    with _ALONE:
        _client()
        request = _message("local_service.EvaluateQueryRequest")
        request.sql = sql
        request.options.CopyFrom(_options())
        request.descriptor_pool_list.definitions.add().builtin.SetInParent()
        request.simple_catalog.CopyFrom(_catalog({name: schema for name, (schema, _) in tables.items()}))
        for name, (schema, rows) in tables.items():
            content = request.table_content[name].table_data
            content.SetInParent()
            for row in rows:
                cells = content.row.add()
                for column, type_name in schema.items():
                    _put(cells.cell.add(), row.get(column), type_name)
        answer = _call("EvaluateQuery", request, "EvaluateQueryResponse")
    columns = list(answer.prepared.columns)
    return [
        {column.name: _got(cell, column.type) for column, cell in zip(columns, row.cell, strict=True)}
        for row in answer.content.table_data.row
    ]


@cache
def refusal(sql: str, tables: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...]) -> str | None:
    """Why GoogleSQL refuses a statement over tables, each a path and its columns; None: it takes it, or is not here."""
    if not installed():
        return None
    try:
        analyze(sql, {path: dict(columns) for path, columns in tables})
    except GoogleSQLError as error:
        # BigQuery has them, and GoogleSQL does not yet.
        return None if re.search(r"Function not found: M(AX|IN)_BY\b", str(error)) else str(error)
    return None


def needed() -> pytest.MarkDecorator:
    """Skips a test where the package is not installed."""
    return pytest.mark.skipif(not installed(), reason="GoogleSQL is not installed: make googlesql")


@cache
def installed() -> bool:
    """Whether the package is there."""
    from importlib.util import find_spec

    return find_spec("zetasql") is not None and find_spec("wasmtime") is not None


def cached_module() -> Path:
    """Where the compiled module is kept."""
    folder = os.environ.get("DQX_GOOGLESQL_CACHE") or Path.home() / ".cache" / "dqx-googlesql"
    return Path(folder) / f"zetasql-{version('zetasql')}-wasmtime-{version('wasmtime')}.cwasm"


@cache
def _client() -> Any:
    import wasmtime
    from zetasql.core.wasm_client import WasmClient
    from zetasql.wasi import get_wasm_path
    from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2  # noqa: F401 (names the messages)

    compile_ = wasmtime.Module.from_file

    def compiled(engine: Any, path: str) -> Any:
        kept = cached_module()
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.with_suffix(".lock").open("w") as lock:  # one process compiles, and the others take that
            fcntl.flock(lock, fcntl.LOCK_EX)
            if kept.exists():
                try:
                    return wasmtime.Module.deserialize_file(engine, str(kept))
                except wasmtime.WasmtimeError:
                    kept.unlink()  # of another machine
            module = compile_(engine, path)
            written = kept.with_suffix(f".{os.getpid()}")
            written.write_bytes(module.serialize())
            written.replace(kept)
            return module

    wasmtime.Module.from_file = compiled
    try:
        client = WasmClient(str(get_wasm_path()))
    finally:
        wasmtime.Module.from_file = compile_

    # The package copies byte by byte.
    def address() -> int:
        return ctypes.addressof(client.memory.data_ptr().contents)

    client.write_bytes = lambda place, data: ctypes.memmove(address() + place, data, len(data))
    client.read_bytes = lambda place, size: ctypes.string_at(address() + place, size)
    return client


def _call(method: str, request: Any, answer: str) -> Any:
    try:
        raw = _client()._call_grpc_method(f"ZetaSqlLocalService_{method}", request.SerializeToString())
    except Exception as error:  # noqa: BLE001 (the package has many, and they say why)
        raise GoogleSQLError(str(error)) from None
    return _class(f"local_service.{answer}").FromString(raw)


@cache
def _class(name: str) -> Any:
    from google.protobuf import descriptor_pool, message_factory

    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"zetasql.{name}"))


def _message(name: str) -> Any:
    return _class(name)()


@cache
def _enum(name: str) -> Mapping[str, int]:
    from google.protobuf import descriptor_pool

    values = descriptor_pool.Default().FindEnumTypeByName(f"zetasql.{name}").values
    return {value.name: value.number for value in values}


@cache
def _language() -> Any:
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.Default()
    extension = pool.FindExtensionByName("zetasql.language_feature_options")
    options = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.EnumValueOptions"))
    language = _message("LanguageOptionsProto")
    language.name_resolution_mode, language.product_mode = 0, 1
    wanted = set(_WITH)
    for value in pool.FindEnumTypeByName("zetasql.LanguageFeature").values:
        said = options.FromString(value.GetOptions().SerializeToString()).Extensions[extension]
        if said.ideally_enabled and not said.in_development:
            wanted.add(value.name)
    numbers = _enum("LanguageFeature")
    language.enabled_language_features.extend(sorted(numbers[name] for name in wanted - _WITHOUT))
    kinds = _enum("ResolvedNodeKind")
    language.supported_statement_kinds.extend(number for name, number in kinds.items() if name.endswith("_STMT"))
    return language


@cache
def _options() -> Any:
    options = _message("AnalyzerOptionsProto")
    options.language_options.CopyFrom(_language())
    options.default_timezone = "UTC"
    options.error_message_mode = 1
    options.prune_unused_columns = True
    return options


def _catalog(tables: Mapping[Any, Schema]) -> Any:
    """`dataset.table` is a table of a dataset, another name a table of none; a tuple is a path."""
    catalog = _message("SimpleCatalogProto")
    catalog.name = "root"
    catalog.builtin_function_options.language_options.CopyFrom(_language())
    inside: dict[tuple[str, ...], Any] = {}
    for number, (name, schema) in enumerate(tables.items(), 1):
        *path, last = name.split(".") if isinstance(name, str) else name
        place = catalog
        for depth, part in enumerate(path, 1):
            key = tuple(path[:depth])
            if key not in inside:
                inside[key] = place.catalog.add()
                inside[key].name = part
            place = inside[key]
        table = place.table.add()
        table.name, table.serialization_id = last, number
        for column, type_name in schema.items():
            added = table.column.add()
            added.name, added.is_writable_column = column, True
            added.type.CopyFrom(_type(type_name))
    return catalog


def _parts(text: str) -> list[str]:
    """What the commas outside brackets part."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(f"{text},"):
        depth += (sign in "<(") - (sign in ">)")
        if sign == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return parts


def _inner(type_name: str) -> str:
    return type_name[type_name.index("<") + 1 : -1]


@cache
def _type(type_name: str) -> Any:
    kinds, made = _enum("TypeKind"), _message("TypeProto")
    base = re.split(r"[<(]", type_name.upper())[0]
    made.type_kind = kinds[f"TYPE_{'DOUBLE' if base == 'FLOAT64' else base}"]
    if base == "ARRAY":
        made.array_type.element_type.CopyFrom(_type(_inner(type_name)))
    elif base == "RANGE":
        made.range_type.element_type.CopyFrom(_type(_inner(type_name)))
    elif base == "STRUCT":
        made.struct_type.SetInParent()
        for part in _parts(_inner(type_name)):
            name, of = part.split(" ", 1)
            field = made.struct_type.field.add()
            field.field_name = name.strip("`")
            field.field_type.CopyFrom(_type(of))
    return made


_PLAIN = {"INT64": "int64", "FLOAT64": "double", "STRING": "string", "BYTES": "bytes", "BOOL": "bool", "JSON": "json"}
_SCALES = {"NUMERIC": 9, "BIGNUMERIC": 38}


def _put(cell: Any, value: Any, type_name: str) -> None:
    if value is None:
        return
    base = re.split(r"[<(]", type_name.upper())[0]
    if base in _PLAIN:
        setattr(cell, f"{_PLAIN[base]}_value", value)
    elif base in _SCALES:
        with localcontext(prec=90):
            number = int(Decimal(value).scaleb(_SCALES[base]))
        size = max(1, (number.bit_length() + 8) // 8)
        setattr(cell, f"{base.lower()}_value", number.to_bytes(size, "little", signed=True))
    elif base == "DATE":
        cell.date_value = (value - EPOCH.date()).days
    elif base == "TIMESTAMP":
        since = value - EPOCH
        cell.timestamp_value.seconds = since.days * 86_400 + since.seconds
        cell.timestamp_value.nanos = since.microseconds * 1000
    elif base == "DATETIME":
        bits = value.year
        for part, width in ((value.month, 4), (value.day, 5), (value.hour, 5), (value.minute, 6), (value.second, 6)):
            bits = bits << width | part
        cell.datetime_value.bit_field_datetime_seconds = bits
        cell.datetime_value.nanos = value.microsecond * 1000
    elif base == "ARRAY":
        cell.array_value.SetInParent()
        for item in value:
            _put(cell.array_value.element.add(), item, _inner(type_name))
    elif base == "STRUCT":
        cell.struct_value.SetInParent()
        for part in _parts(_inner(type_name)):
            name, of = part.split(" ", 1)
            _put(cell.struct_value.field.add(), value.get(name.strip("`")), of)
    else:
        raise TypeError(type_name)


def _got(cell: Any, type_: Any) -> Any:
    which = cell.WhichOneof("value")
    if which is None:
        return None
    value = getattr(cell, which)
    match which:
        case "array_value":
            return [_got(item, type_.array_type.element_type) for item in value.element]
        case "struct_value":
            fields: Sequence[Any] = type_.struct_type.field
            return {f.field_name: _got(item, f.field_type) for item, f in zip(value.field, fields, strict=True)}
        case "numeric_value" | "bignumeric_value":
            with localcontext(prec=90):
                return Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-9 if which[0] == "n" else -38)
        case "date_value":
            return EPOCH.date() + dt.timedelta(days=value)
        case "timestamp_value":
            return EPOCH + dt.timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
        case "datetime_value":
            bits, parts = value.bit_field_datetime_seconds, []
            for width in (6, 6, 5, 5, 4):
                parts.append(bits & (1 << width) - 1)
                bits >>= width
            return dt.datetime(bits, *reversed(parts), value.nanos // 1000)
        case "time_value":
            seconds, nanos = value >> 30, value & (1 << 30) - 1
            return dt.time(seconds >> 12, seconds >> 6 & 63, seconds & 63, nanos // 1000)
    return value
