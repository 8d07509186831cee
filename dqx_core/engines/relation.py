"""What every data source over an engine has: a relation, its day, its dimensions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypedDict

from dqx_core.engines.base import Extent
from dqx_core.engines.values import rows_of
from dqx_core.errors import DefinitionError, hint
from dqx_core.sql.dimensions import can_be_said
from dqx_core.sql.types import ColumnKind, kind_of
from dqx_core.zones import zone

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

    from dqx_core.engines.base import Engine

DEFAULT_DATE_COLUMN = "yyyy_mm_dd"
AUTO = "auto"
"""For `date_column`: the column `yyyy_mm_dd` if the data has one."""

DataVersion = Callable[[dt.date, Mapping[str, str]], str | None]
IsThere = Callable[[dt.date, Mapping[str, str]], bool]


class Options(TypedDict, total=False):
    """What every way of making a data source takes."""

    date_column: str | None
    """When a row was, a DATE or TIMESTAMP column; by default `yyyy_mm_dd` if there is one."""
    timezone: str | None
    """Where the clocks were that its dates, and its timestamps without a zone, were read from; by default UTC.

    A timestamp with a zone is a moment and compares as it is.
    """
    identity: str | None
    """The name under which numbers are kept, where the one that checks use is short for it."""
    dimensions: Mapping[str, str] | None
    """Tag name → column: a tag of that name filters rows."""
    skip_dates: Collection[dt.date]
    """Dates whose windows are not measured."""
    data_version: DataVersion | None
    """What changes when the rows of a day and tags change, so that numbers can be carried forward."""
    is_there: IsThere | None
    """Whether there is such a part of the data; what is not is compared with by no check. By default all is."""


class RelationDataSource:
    """A named relation on an engine.

    `schema` is column → type of the relation where that is known already; otherwise the engine is asked.
    Without a date column the data is the nominal day, and a lagged metric is never computed from it.
    """

    identity: str = ""
    timezone: str = "UTC"
    zone_is_said: bool = False
    """Whether somebody named the zone; else whoever knows the partitions may."""

    def __init__(
        self,
        engine: Engine,
        relation: exp.Query,
        name: str,
        *,
        date_column: str | None = AUTO,
        timezone: str | None = None,
        identity: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        skip_dates: Collection[dt.date] = (),
        data_version: DataVersion | None = None,
        is_there: IsThere | None = None,
        schema: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.identity = identity or name
        self.zone_is_said = timezone is not None
        self.timezone = zone(timezone or "UTC")
        self.skip_dates = frozenset(skip_dates)
        self._engine = engine
        self._relation = relation
        self._data_version = data_version
        self._is_there = is_there
        if not name.strip():
            raise DefinitionError("A data source needs a name: the dataset that checks ask for.")
        # What is known need not be asked for; and a table may refuse to be read without a condition on its partitions.
        self.schema: Mapping[str, str] = engine.schema(relation) if schema is None else schema
        spelled = {column.lower(): column for column in self.schema}
        if date_column == AUTO:
            date_column = spelled.get(DEFAULT_DATE_COLUMN)
        # As the data spells them: engines do not tell upper case from lower.
        self.date_column = None if date_column is None else spelled.get(date_column.lower(), date_column)
        self.dimensions: Mapping[str, str] = {
            tag: spelled.get(column.lower(), column) for tag, column in (dimensions or {}).items()
        }
        self._check_columns()
        if self.date_column is not None and self._kind(self.date_column) is ColumnKind.UNTYPED:
            self._give_type(self.date_column)

    @property
    def dialect(self) -> str:
        """The sqlglot dialect of the engine behind it."""
        return self._engine.dialect

    def _kind(self, column: str) -> ColumnKind:
        return kind_of(self.schema[column], self.dialect)

    def _give_type(self, column: str) -> None:
        """Have a column of nothing but nulls be one of timestamps."""
        from sqlglot import exp

        moments = exp.Cast(this=exp.column(column, quoted=True), to=exp.DataType.build("timestamp"))
        every = exp.Star(replace=[exp.alias_(moments, column, quoted=True)])
        self._relation = exp.select(every).from_(self._relation.subquery("untyped"))
        self.schema = {**self.schema, column: "TIMESTAMP"}

    def _check_columns(self) -> None:
        for what, column in (
            *([("date_column", self.date_column)] if self.date_column is not None else []),
            *((f"dimension {tag}", column) for tag, column in self.dimensions.items()),
        ):
            if column not in self.schema:
                raise DefinitionError(
                    f"Data source '{self.name}' has no column '{column}' ({what}). {hint(column, self.schema)}"
                )
        for tag, column in self.dimensions.items():
            if not can_be_said(self.schema[column], self.dialect):
                raise DefinitionError(
                    f"Data source '{self.name}' has dimension {tag}, and column '{column}' is {self.schema[column]}: a "
                    "tag is text, and no one text stands for such a value. Give a column of text, numbers, booleans, "
                    "dates or timestamps."
                )
        if self.date_column is not None:
            type_name = self.schema[self.date_column]
            if self._kind(self.date_column) not in (ColumnKind.DATE, ColumnKind.TIMESTAMP, ColumnKind.UNTYPED):
                raise DefinitionError(
                    f"Data source '{self.name}' has date_column='{self.date_column}', which is {type_name}. "
                    "Give a DATE or TIMESTAMP column, or date_column=None if the data is one day's."
                )

    def placed(
        self, identity: str, *, timezone: str | None = None, dimensions: Mapping[str, str] = MappingProxyType({})
    ) -> Self:
        """The same rows under a full name, in a zone if none was said, with more dimensions."""
        other = copy(self)
        other.identity = identity
        if timezone is not None and not self.zone_is_said:
            other.timezone = zone(timezone)
        other.dimensions = {**self.dimensions, **dimensions}
        other._check_columns()
        return other

    def relation(self) -> exp.Query:
        """The query whose rows are the data."""
        return self._relation.copy()

    def extent(self, columns: Collection[str]) -> Extent:
        """How many rows there are now and what these columns span; nothing of what that is not known of."""
        return Extent()

    def query(self, tree: exp.Expr) -> pa.Table:
        """The rows of a statement over the relation."""
        return self._engine.run(tree)

    def rows(self, tree: exp.Query) -> list[dict[str, Any]]:
        """The rows of a query over the relation, as Python's own values by column."""
        return rows_of(self.query(tree))

    def is_there(self, date: dt.date, tags: Mapping[str, str]) -> bool:
        """Whether there is such a part of the data, be it empty."""
        return self._is_there is None or self._is_there(date, tags)

    def data_version(self, date: dt.date, tags: Mapping[str, str]) -> str | None:
        """What changes when the rows of that day and tags change; None: unknown."""
        return self._data_version(date, tags) if self._data_version else None
