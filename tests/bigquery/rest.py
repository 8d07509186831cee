"""How the REST writes errors, columns and values."""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import Any

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
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


def normal(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Columns as BigQuery tells them again: INT64 is INTEGER."""
    return [{**f, "type": LEGACY.get(f["type"], f["type"]), "mode": f.get("mode") or "NULLABLE"} for f in fields]


def cell(value: Any, column: Mapping[str, Any], *, inner: bool = False) -> Any:
    """A value as the REST writes it."""
    if column.get("mode") == "REPEATED" and not inner:
        # BigQuery has no array in an array, and shows a null one as empty.
        return [{"v": cell(each, column, inner=True)} for each in value or ()]
    if value is None:
        return None
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return (
                repr(value)
                if math.isfinite(value)
                else {"inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), "NaN")
            )
        case bytes():
            return base64.b64encode(value).decode()
        case dt.datetime() if column["type"] == "TIMESTAMP":
            moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
            return str((moment - EPOCH) // dt.timedelta(microseconds=1))
        case dt.datetime():
            return value.replace(tzinfo=None).isoformat()
        case dt.date() | dt.time():
            return value.isoformat()
    return str(value)
