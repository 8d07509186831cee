"""The contents of a definition that the store knows: each once, with its SQL and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dqx_core.datasets import changes
from dqx_core.datasets.analysis import Analysis
from dqx_core.datasets.catalog import Catalog, schemas_of
from dqx_core.datasets.definition import define
from dqx_core.datasets.query import partition_query, render
from dqx_core.errors import DefinitionError, DqxError

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.store import DatasetVersion, MetricDB


def upcoming(
    definition: DatasetDefinition, newest: DatasetVersion, catalog: Catalog, *, dialect: str
) -> DatasetVersion:
    """The version after the newest that this content would be, were it recorded."""
    sql = newest.sql
    if definition.definition_hash != newest.definition_hash:
        first = partition_query(definition, definition.partitions.start, schemas_of(definition, catalog))
        sql = render(first, dialect)
    content = definition.model_dump(mode="json", by_alias=True)
    return replace(newest, version=newest.version + 1, definition=content, sql=sql, analysis=None)


def recorded(definition: DatasetDefinition, store: MetricDB, catalog: Catalog, *, dialect: str) -> DatasetVersion:
    """The version of this content: the newest one, or a new one with its SQL in that dialect.

    Raises:
        StoreError: The store cannot be read or written.
    """
    content = definition.model_dump(mode="json", by_alias=True)
    versions = store.datasets.versions(definition.name)
    if versions and versions[-1].definition_hash == definition.definition_hash:
        return versions[-1]
    change = changes.in_words(changes.differences(versions[-1].definition, content)) if versions else "created"
    # A version of the time when buckets went to the parts as they were written.
    change = change or "nothing that is written: the buckets of the split go by role, train first"
    try:
        first = partition_query(definition, definition.partitions.start, schemas_of(definition, catalog))
        sql = render(first, dialect)
    except DqxError as error:  # a draft may come before its tables
        sql = "".join(f"-- {line}\n" for line in str(error).splitlines())
    return store.datasets.record(
        definition.name, content, definition_hash=definition.definition_hash, sql=sql, change=change
    )


def kept_analysis(definition: DatasetDefinition, store: MetricDB) -> Analysis | None:
    """What was found when this content was analyzed last."""
    versions = store.datasets.versions(definition.name)
    if not versions or versions[-1].definition_hash != definition.definition_hash or not versions[-1].analysis:
        return None
    return Analysis.from_dict(versions[-1].analysis)


def kept_in(version: DatasetVersion, schemas: Sequence[str] | None = None) -> DatasetDefinition:
    """The definition that a version holds.

    Raises:
        ValidationError: It has problems, such as tables of schemas that are not allowed.
        DefinitionError: An earlier dqx kept it without the dates of its bounds.
    """
    content: dict[str, Any] = dict(version.definition)
    if any(each.get(bound) == "f" for each in content.get("filters", ()) for bound in ("min", "max")):
        raise DefinitionError(
            f"Version {version.version} of dataset '{version.dataset}' was kept by an earlier dqx, which lost the days "
            "and moments that filters are bounded by. Write them into the file; the SQL that dqx datasets diff shows "
            "of that version names them."
        )
    return define(content, schemas=schemas)
