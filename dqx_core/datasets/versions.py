"""The contents of a definition that the store knows: each once, with its SQL and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dqx_core.datasets import changes
from dqx_core.datasets.catalog import Catalog, schemas_of
from dqx_core.datasets.query import partition_query, render
from dqx_core.errors import DqxError

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.store import DatasetVersion, MetricDB


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
