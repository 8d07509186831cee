"""What every part of a definition is made of: frozen, closed to unknown keys, with its problems told by place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dqx_core.datasets.definition import DatasetDefinition

    Several = Sequence
else:

    class Several:
        """A tuple of any length, as pydantic keeps it, whose type says that any sequence is taken."""

        def __class_getitem__(cls, item):
            return tuple[item, ...]


Location = tuple[str | int, ...]
"""Where in a definition something is: ("filters", 2, "column")."""

Problem = tuple[Location, str]

SPLIT_COLUMN = "split"
"""The column that says which part a row belongs to."""

DATE_COLUMN = "date"
"""The column that says which partition a stored row belongs to."""

RESERVED = frozenset({SPLIT_COLUMN, DATE_COLUMN})
"""Column names that the folders of a partition (date=…/split=…) take."""

Role = Literal["user_id", "product_id", "timestamp", "revenue", "label"]
GenericRole = Literal["entity", "item", "time", "value"]

GENERIC: Mapping[Role, GenericRole] = {
    "user_id": "entity",
    "product_id": "item",
    "timestamp": "time",
    "revenue": "value",
}
"""Role → its word outside shops; either is written, and both are one role. A label is called that everywhere."""


def _role(word: object) -> object:
    return next((role for role, generic in GENERIC.items() if word == generic), word)


WrittenRole = Annotated[Role, BeforeValidator(_role, json_schema_input_type=Role | GenericRole)]
"""A role by its name or by its generic word, if it has one."""

FitOn = Literal["train", "all"]


class Model(BaseModel):
    """A part of a definition."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class Part(Model):
    """A part that reads output columns of the dataset: a filter or a split."""

    def reads(self, _definition: DatasetDefinition, /) -> Iterator[tuple[Location, str]]:
        """Every output column it reads, and where it says so."""
        yield from ()

    def problems(self, _definition: DatasetDefinition, /) -> Iterator[Problem]:
        """What cannot work whatever the tables hold."""
        yield from ()


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        tidy = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
        way_out = f" For instance '{tidy}'." if re.match(r"[a-z]", tidy) else ""
        raise ValueError(f"'{text}' is not a name: small letters, digits and _, beginning with a letter.{way_out}")
    return text


def _table(text: str) -> str:
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f"'{text}' is not a table: write schema.table, such as 'raw_data.transactions'.")
    return text


NAME_PATTERN = "^[a-z][a-z0-9_]*$"

Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]
TableName = Annotated[
    str,
    AfterValidator(_table),
    WithJsonSchema({"type": "string", "pattern": r"^[^.]+\.[^.]+(\.[^.]+)?$"}),
]
