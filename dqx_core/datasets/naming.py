"""Raw tables by what people call them: a full name, or its last part; and what to say where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dqx_core.errors import DefinitionError, hint

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Catalog


def full_name(name: str, catalog: Catalog, schemas: Sequence[str] | None) -> str:
    """The full name of a table that may be called by its last part, or its last two.

    Raises:
        DefinitionError: There is no such table in these schemas (None: in the database), or several.
    """
    known = catalog.tables()
    if name in known:
        return name
    meant = [table for table in known if table.endswith(f".{name}")]
    if len(meant) > 1:
        raise DefinitionError(
            f"There are {len(meant)} tables called '{name}': {', '.join(meant)}. Say which by its full name."
        )
    if not meant:
        raise DefinitionError(
            f"There is no table '{name}' in {_places(schemas)}. {hint(name, known)} "
            f"To look in other places, {_way_out(catalog, schemas)}."
        )
    return meant[0]


def no_tables(catalog: Catalog, schemas: Sequence[str] | None) -> DefinitionError:
    """That there are no tables, and where else to look."""
    return DefinitionError(
        f"There are no tables in {_places(schemas)}. Look at --database, {_way_out(catalog, schemas)}, or load some."
    )


def _places(schemas: Sequence[str] | None) -> str:
    return "the database" if schemas is None else " or ".join(schemas)


def _way_out(catalog: Catalog, schemas: Sequence[str] | None) -> str:
    if schemas is None:
        return "name another file with --database or a schema with --schema"
    others = ", ".join(catalog.other_schemas()[:20])
    return (
        f"name a schema with --schema or the variable DQX_SCHEMA{f' (there are tables in {others})' if others else ''}"
    )
