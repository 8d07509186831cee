"""The JSON schema of a definition, for editors that complete keys and underline mistakes."""

from __future__ import annotations

from typing import Any

from dqx_core.datasets.definition import DatasetDefinition


def json_schema() -> dict[str, Any]:
    """The schema of the YAML files, as JSON Schema 2020-12."""
    found = DatasetDefinition.model_json_schema(by_alias=True)
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "Dataset definition of dqx"
    found["properties"]["name"]["pattern"] = "^[a-z][a-z0-9_]*$"
    return found
