"""What a metric is: its parameters, the SQL that observes it, the state it keeps, the value it has."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from returns.result import Failure, Result

from dqx_core.errors import DefinitionError
from dqx_core.states import Number, State

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.sql.rows import Items, Rows
    from dqx_core.sql.types import ColumnKind

NO_VALUES = "no non-null values"
BESIDE = "beside"


@cache
def _parameters(metric: type[Spec]) -> tuple[str, ...]:
    """The names of a metric's parameters."""
    return tuple([each.name for each in fields(metric)])  # type: ignore[arg-type]


class Spec(ABC):
    """What can be named, stored and compared: a kind and parameters. Subclasses are frozen dataclasses."""

    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__hash__ = Spec.__hash__  # type: ignore[method-assign]  # said here, dataclass makes no other

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Kept, since numbers are found by their spec, and one that is made of others is long."""
        return hash((self.kind, *[getattr(self, name) for name in _parameters(type(self))]))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_hash"}  # text hashes differ elsewhere

    @cached_property
    def json(self) -> Mapping[str, Any]:
        """The kind and every parameter that is set, as JSON values."""
        set_ = {name: getattr(self, name) for name in _parameters(type(self))}
        return {"kind": self.kind, **{name: _plain(value) for name, value in set_.items() if value is not None}}

    @cached_property
    def canonical(self) -> str:
        """One text for equal specs."""
        return json.dumps(self.json, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        """Identity in the store: 128 bits of the canonical text, in hex."""
        return hashlib.blake2b(self.canonical.encode(), digest_size=16).hexdigest()

    @property
    @abstractmethod
    def name(self) -> str:
        """How logs, store, report and UI print it: `average(price)`."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class MetricSpec(Spec):
    """A number computed from rows, as `kind(parameters) where condition`."""

    where: str | None = field(default=None, kw_only=True)
    """A SQL condition on rows, in canonical form; None: all rows."""

    def __post_init__(self) -> None:
        if misnamed := [name for name in self.columns if not isinstance(name, str)]:
            raise DefinitionError(
                f"{self.kind} takes the name of a column as text, such as 'price', and not {misnamed[0]!r}."
            )
        if self.where is not None:
            from dqx_core.sql.conditions import canonical_condition

            object.__setattr__(self, "where", canonical_condition(self.where))

    @cached_property
    def name(self) -> str:
        parameters = (getattr(self, name) for name in _parameters(type(self)) if name != "where")
        shown = ", ".join(_shown(p) for p in parameters if p is not None)
        return f"{self.kind}({shown})" + (f" where {self.where}" if self.where else "")

    @property
    @abstractmethod
    def columns(self) -> Sequence[str]:
        """The columns it reads, those of `where` not counted."""

    @property
    def takes(self) -> str:
        """What its columns must hold: "anything", "numbers", "text", "ordered", "sortable", "sized"."""
        return "anything"

    def takes_of(self, column: str) -> str:
        """What one of its columns must hold."""
        return self.takes

    def misfit(self, kind: ColumnKind) -> str | None:
        """What its other parameters ask of its columns, as in "counts numbers", where those of that kind are not it."""
        return None

    @property
    @abstractmethod
    def mergeable(self) -> bool:
        """Whether its state of a whole follows from its states of the parts."""

    @abstractmethod
    def value(self, state: Any, /) -> Result[Number, str]:
        """The number a state stands for, or why there is none."""


class ScanMetric(MetricSpec):
    """A metric of plain aggregates: any number of them share one pass over the rows."""

    @property
    def mergeable(self) -> bool:
        return True

    @property
    def alone(self) -> bool:
        """Whether it takes a statement of its own, in which `where` has chosen the rows already."""
        return False

    @property
    def adds_up(self) -> str | None:
        """The column whose numbers it adds up; None: it adds up none."""
        return None

    @abstractmethod
    def aggregates(self, rows: Rows, /) -> Mapping[str, exp.Expr]:
        """The aggregates it needs, each under a name of its own."""

    @abstractmethod
    def state(self, seen: Mapping[str, Any], /) -> State:
        """The state, from the value of each aggregate; over no rows counts are 0 and all else is None."""


class OverItems(MetricSpec):
    """What can be computed from the distinct tuples of its columns and how many rows have each."""

    @abstractmethod
    def over(self, items: Items, /) -> Mapping[str, exp.Expr]:
        """The aggregates over the tuples, under the names that `state` takes."""


class GroupedMetric(OverItems):
    """A metric that groups the rows by the values of its columns first; those of the same columns share that."""

    @property
    def mergeable(self) -> bool:
        return False

    @property
    def beside(self) -> ScanMetric | None:
        """A metric of the one pass over the rows, whose state `state` finds under `BESIDE`."""
        return None

    @abstractmethod
    def state(self, seen: Mapping[str, Any], /) -> State:
        """The state, from the value of each aggregate; over no rows counts are 0 and all else is None."""


class MarkedMetric(GroupedMetric):
    """A grouped metric that asks of one column only how many different values it has, and which rows are null."""

    @property
    @abstractmethod
    def marks(self) -> str | None:
        """The column; None: this one has several."""

    @abstractmethod
    def marked(self, values: exp.Expr, rows: Rows, /) -> Mapping[str, exp.Expr]:
        """The aggregates from one pass over the rows, under the names that `state` takes.

        Args:
            values: How many different values there are, as an aggregate; null over none.
            rows: The rows.
        """


class StatementMetric(MetricSpec):
    """A metric whose query is like no other's: a statement of its own, over all dates at once."""

    @abstractmethod
    def statement(self, rows: Rows, groups: Sequence[exp.Expr], /) -> exp.Select:
        """A query of the groups (aliased as they come) and the columns that `state` reads."""

    @property
    @abstractmethod
    def reads(self) -> Sequence[str]:
        """The columns that `state` reads."""

    @abstractmethod
    def state(self, seen: Mapping[str, Any], /) -> State:
        """The state, from those columns; over no rows each is None."""


def failure(reason: str) -> Result[Number, str]:
    """There is no number, and this is why."""
    return Failure(reason)


def _plain(value: object) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"float": repr(value)}
        case dt.datetime():
            return {"timestamp": value.isoformat()}
        case dt.date():
            return {"date": value.isoformat()}
        case tuple():
            return [_plain(v) for v in value]
        case Spec():
            return value.json
    raise TypeError(f"a metric parameter of type {type(value).__name__} cannot be stored")


def revive(value: Any) -> Any:
    """A parameter from its JSON: the inverse of what `Spec.json` holds."""
    match value:
        case {"float": text}:
            return float(text)
        case {"timestamp": text}:
            return dt.datetime.fromisoformat(text)
        case {"date": text}:
            return dt.date.fromisoformat(text)
        case list():
            return tuple(revive(v) for v in value)
    return value


def _shown(value: object) -> str:
    match value:
        case tuple():
            return "[" + ", ".join(_shown(v) for v in value) + "]"
        case dt.date():
            return value.isoformat()
        case str():
            return value
    return repr(value)
