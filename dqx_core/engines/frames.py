"""Rows that a person has in memory, of whatever library, as something DuckDB reads."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from dqx_core.errors import DefinitionError, EngineError, NotRunError

if TYPE_CHECKING:
    import pyarrow as pa

    from dqx_core.engines.duckdb import DuckDB


class ArrowStream(Protocol):
    """A frame that hands its rows over as Arrow does: of polars, of Arrow itself, of many others."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


def arrow_of(given: Any, name: str) -> Any:
    """The rows of a frame as an Arrow table; a data set of pyarrow's stays what it is.

    Raises:
        DefinitionError: These are not rows with columns.
    """
    import pyarrow as pa

    if isinstance(given, pa.Table):
        return given
    if isinstance(given, pa.RecordBatchReader):
        return given.read_all()  # it can be read once, and a suite reads more often
    pandas = sys.modules.get("pandas")
    try:
        if pandas is not None and isinstance(given, pandas.DataFrame):
            return pa.Table.from_pandas(given, preserve_index=False)
        if hasattr(given, "__arrow_c_stream__"):
            return pa.table(given)
    except (pa.ArrowException, ValueError, TypeError) as error:
        if hasattr(given, "to_frame"):  # a single column, of pandas or polars
            raise _not_a_frame(given, name) from error
        raise DefinitionError(f"Data source '{name}': the {_called(given)} cannot be read: {error}") from error
    if isinstance(given, pa.RecordBatch):
        return pa.Table.from_batches([given])
    if type(given).__module__.partition(".")[0] == "pyarrow" and hasattr(given, "to_table"):
        return given
    raise _not_a_frame(given, name)


def _not_a_frame(given: object, name: str) -> DefinitionError:
    return DefinitionError(
        f"Data source '{name}' was given a {_called(given)}, which is not a frame. {_way_out(given)}"
    )


def twins_of(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Columns that are one name to SQL, by it: two that differ only in case."""
    known: dict[str, str] = {}
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        if name.lower() in known:
            found.setdefault(name.lower(), (known[name.lower()], name))
        known.setdefault(name.lower(), name)
    return found


def register(engine: DuckDB, view: str, rows: Any, name: str) -> None:
    """Make the rows readable under the name of a view.

    Raises:
        DefinitionError: A column has a type that DuckDB does not know.
    """
    try:
        engine.register(view, rows)
    except NotRunError:
        raise
    except EngineError as error:
        refused = [field for field in rows.schema if not _known(engine, view, field)]
        if not refused:
            raise DefinitionError(f"Data source '{name}': {error}") from error
        columns = " and ".join(f"column '{field.name}', which is {field.type}" for field in refused)
        raise DefinitionError(
            f"Data source '{name}' has {columns}: DuckDB has no such type. Cast it to one that it has, such as "
            f"{_instead(refused[0].type)}, or leave the column out."
        ) from error


def _known(engine: DuckDB, view: str, field: pa.Field) -> bool:
    """Whether DuckDB knows the type of a column."""
    import pyarrow as pa

    try:
        engine.register(view, pa.RecordBatchReader.from_batches(pa.schema([field]), []))
    except EngineError:
        return False
    engine.connection.unregister(view)
    return True


def _instead(type_: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_float16(type_):
        return "float32"
    return "decimal128 with at most 38 digits" if pa.types.is_decimal(type_) else "a number or text"


def _called(given: object) -> str:
    """The kind of a frame, in words: 'polars LazyFrame'."""
    library, name = type(given).__module__.partition(".")[0], type(given).__name__
    return name if library == "builtins" else f"{library} {name}"


def _way_out(given: object) -> str:
    if hasattr(given, "collect"):
        return "Call its collect() first."
    if hasattr(given, "to_frame"):
        return "Call its to_frame() first."
    if isinstance(given, str) or hasattr(given, "__fspath__"):
        return "Files are read with from_parquet."
    if isinstance(given, dict | list | tuple):
        return "Make a table of it, such as pyarrow.table({'price': [10.0, 12.0]})."
    return "Give a frame of pandas or polars, or an Arrow table."
