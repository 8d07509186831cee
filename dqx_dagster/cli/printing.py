"""How commands print: tables for people, JSON and CSV for programs, one paragraph for an error."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from uuid import UUID

from returns.result import Failure, Success
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console()
err = Console(stderr=True)

_BARS = "▁▂▃▄▅▆▇█"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table; numbers stand to the right."""
    listed = [list(row) for row in rows]
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) for row in listed)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        # As text, not markup: a name or a reason may hold [brackets].
        shown.add_row(*(Text(cell(value)) for value in row))
    out.print(shown)


def cell(value: object) -> str:
    """A value for people: numbers to six digits, nothing for None."""
    match value:
        case None:
            return ""
        case Success(inner) | Failure(inner):
            return cell(inner)
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
        case Mapping():
            return ", ".join(f"{key}={inner}" for key, inner in value.items())
    return str(value)


def print_json(value: object) -> None:
    """A value as JSON on standard output: NaN and infinities as text, a failed number as {"error": reason}."""
    out.file.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def plain(value: object) -> object:
    """What JSON can hold of a value."""
    match value:
        case Success(inner):
            return plain(inner)
        case Failure(reason):
            return {"error": plain(reason)}
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else repr(value)
        case dt.date() | dt.datetime():
            return value.isoformat()
        case UUID() | Path():
            return str(value)
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(inner) for inner in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)


def sparkline(values: Sequence[float | None]) -> str:
    """A line of bars, one a value, from the smallest to the largest; a dot where there is none."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return "·" * len(values)
    low, high = min(known), max(known)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((v - low) * scale)] if v is not None and math.isfinite(v) else "·" for v in values)
