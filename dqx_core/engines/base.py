"""What every engine and every data source offers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp


@dataclass(frozen=True)
class Estimate:
    """What an engine says of a statement that it did not run."""

    bytes: int | None
    """What it would read: of the columns it uses, in the partitions it leaves; None: the engine cannot say."""
    schema: Mapping[str, str]
    """Column → type of its rows."""
    billed: int | None = None
    """What it would be billed for, where that is more than it reads: engines have a least."""


@dataclass(frozen=True)
class Extent:
    """How much data there is, as far as is known without reading it."""

    rows: int = 0
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Column of integers → what none of its values is below, and what none is above."""
    powers: Mapping[str, int] = field(default_factory=dict)
    """Column of doubles → the power of two that makes an integer of each, as far as the first rows tell."""


class Engine(Protocol):
    """Runs statement trees and remembers the SQL it ran."""

    @property
    def dialect(self) -> str:
        """The sqlglot dialect this engine speaks: "duckdb" or "bigquery"."""

    @property
    def statements(self) -> Sequence[str]:
        """The SQL this engine ran, oldest first; the last ten thousand."""

    def run(self, tree: exp.Expr) -> pa.Table:
        """The rows of a statement.

        Raises:
            EngineError: The engine refused the statement; the message holds its reason.
        """

    def schema(self, tree: exp.Query) -> Mapping[str, str]:
        """Column → type of a query, obtained without running it."""

    def estimate(self, tree: exp.Query) -> Estimate:
        """The engine's own word on a query, without running it.

        Raises:
            EngineError: It would refuse the query.
        """


class DataSource(Protocol):
    """A named relation whose rows a suite measures."""

    @property
    def name(self) -> str:
        """The dataset name that checks use."""

    @property
    def identity(self) -> str:
        """Its name in full, under which its numbers are kept: of an asset the whole key, else `name`."""

    @property
    def timezone(self) -> str:
        """The zone in which its dates, and its timestamps without a zone, are read."""

    @property
    def dialect(self) -> str:
        """The sqlglot dialect of the engine behind it."""

    @property
    def schema(self) -> Mapping[str, str]:
        """Column → type, obtained without reading rows."""

    @property
    def date_column(self) -> str | None:
        """The column that says when a row was; None: the data *is* the nominal window."""

    @property
    def dimensions(self) -> Mapping[str, str]:
        """Tag name → column: a key's tag of that name filters, any other tag is a label."""

    @property
    def skip_dates(self) -> AbstractSet[dt.date]:
        """The dates whose windows are not measured: those that are filed under them."""

    def is_there(self, date: dt.date, tags: Mapping[str, str]) -> bool:
        """Whether there is such a part of the data, be it empty; True where nobody keeps book of its parts.

        It is not asked of what a suite judges, only of what that is compared with.
        """

    def relation(self) -> exp.Query:
        """The query whose rows are the data."""

    def extent(self, columns: Collection[str]) -> Extent:
        """How many rows there are now and what these columns span; nothing of what that is not known of."""

    def query(self, tree: exp.Expr) -> pa.Table:
        """The rows of a statement over `relation()`.

        Raises:
            EngineError: The engine refused the statement.
        """

    def rows(self, tree: exp.Query) -> list[dict[str, Any]]:
        """The same as Python's own values, by column: for few rows, which need no Arrow.

        Raises:
            EngineError: The engine refused the query.
        """

    def data_version(self, date: dt.date, tags: Mapping[str, str]) -> str | None:
        """What changes when the rows of that day and those dimension values change; None: unknown."""


def full_name(source: DataSource) -> str:
    """The name under which a data source's numbers are kept."""
    return getattr(source, "identity", None) or source.name


def zone_of(source: DataSource) -> str:
    """The zone in which a data source's dates and zoneless timestamps are read."""
    return getattr(source, "timezone", None) or "UTC"
