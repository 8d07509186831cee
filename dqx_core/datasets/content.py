"""The content of a definition in its one form: what its hash is of, however somebody wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dqx_core.datasets.fitted import Fitted, OfRole, Top
from dqx_core.datasets.source import Column, short
from dqx_core.datasets.splits import Group

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.filters import Filter

_SILENT = ("description", "status", "partitions", "identity", "copies")


def content_of(definition: DatasetDefinition) -> dict[str, Any]:
    """What a definition says of its rows, as JSON: the same for two exactly if their SQL and manifests are.

    What stands where it would be taken from anyway is left out, so a default that is written out is no other content,
    nor is one that a later version adds.
    """
    content = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for silent in _SILENT:
        content.pop(silent, None)
    for column, written in zip(definition.columns, content.get("columns", ()), strict=True):
        _column(definition, column, written)
    content["nulls"] = {name: rule for name, rule in content.get("nulls", {}).items() if rule != "keep"}
    for each, written in zip(definition.filters, content.get("filters", ()), strict=True):
        _filter(definition, each, written)
    content |= {
        "format": 1,
        "kinds": [each.kind for each in definition.filters],
        "strategy": definition.split.strategy,
        "parts": definition.split.part_names,  # in order, which a mapping does not have
        "content": definition.content,
        "timezone": definition.partitions.timezone,
    }
    if definition.partitions.cadence != "daily":
        content |= {"cadence": definition.partitions.cadence, "begins": definition.partitions.begins}
    if isinstance(definition.split, Group):
        content["split"]["salt"] = definition.split.salt_of(definition.salted_by)
    for name, salted in (("sample", definition.sample), ("folds", definition.folds)):
        if salted is not None:
            content[name]["salt"] = salted.salt_of(definition.salted_by)
    folds = definition.folds
    if folds is not None and folds.key == folds.model_copy(update={"key": None}).key_of(definition):
        content["folds"].pop("key", None)
    if not content["nulls"]:
        del content["nulls"]
    return content


def _column(definition: DatasetDefinition, column: Column, written: dict[str, Any]) -> None:
    if written.get("as") == column.column:
        del written["as"]
    table = definition.source.full_name(column.table)
    if table == definition.source.table:
        written.pop("table", None)
    elif table is not None:
        written["table"] = short(table)


def _filter(definition: DatasetDefinition, each: Filter, written: dict[str, Any]) -> None:
    if isinstance(each, OfRole) and each.column == definition.role(each.counts_by):
        written.pop("column", None)
    if isinstance(each, Top) and each.by == definition.role("revenue"):
        written.pop("by", None)
    if isinstance(each, Fitted) and (definition.split.part_names == ("all",) or each.stays_in_part(definition)):
        written.pop("fit_on", None)  # it learns from the same rows either way
