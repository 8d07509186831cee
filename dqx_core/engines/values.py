"""The values of an Arrow table as Python's own; what Python has no value for is told of as such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Unheld:
    """A value that Python cannot hold, such as the end of time or a day of the year 20000."""

    unheld: str
    """What it is."""


def rows_of(table: pa.Table | pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a table by column."""
    try:
        rows: list[dict[str, Any]] = table.to_pylist()
    except (OverflowError, ValueError):  # which column it is Arrow does not say
        names = table.column_names
        columns = [list(_values(column)) for column in table.columns]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return rows


def shown_rows_of(table: pa.Table | pa.RecordBatch) -> list[dict[str, Any]]:
    """The same to be shown: what Python cannot hold is what is told of it."""
    return [
        {name: value.unheld if isinstance(value, Unheld) else value for name, value in row.items()}
        for row in rows_of(table)
    ]


def _values(column: pa.ChunkedArray) -> Iterator[Any]:
    for value in column:
        try:
            yield value.as_py()
        except (OverflowError, ValueError) as error:
            yield Unheld(f"a {column.type} that Python cannot hold ({error})")
