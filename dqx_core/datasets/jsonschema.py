"""The JSON schema of a definition, for editors that complete keys and underline mistakes.

Alternatives are chosen by what is written before they are checked: of `anyOf` and `oneOf` a validator says only that
none of them fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dqx_core.datasets.definition import DatasetDefinition

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The schema of the YAML files, as JSON Schema 2020-12."""
    found = by_branch(DatasetDefinition.model_json_schema(by_alias=True))
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "Dataset definition of dqx"
    return found


def by_branch(schema: Schema) -> Schema:
    """The same schema with its alternatives as branches, wherever what is written says which one is meant."""
    definitions: Mapping[str, Schema] = schema.get("$defs", {})
    branched: Schema = _branched(schema, definitions)
    return branched


def _branched(node: Any, definitions: Mapping[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_branched(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    found = {key: _branched(each, definitions) for key, each in node.items()}
    if "patternProperties" in found:  # keys that are names
        found.setdefault("additionalProperties", False)
    if "oneOf" in found and "discriminator" in found:
        return _by_word(found)
    if "oneOf" in found:
        return _by_key(found, definitions)
    if "anyOf" in found:
        return _by_type(found, definitions)
    return found


def _by_word(node: Schema) -> Schema:
    """Alternatives of which each has its word under the same key: `kind: average`."""
    key, mapping = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
    rest = {name: each for name, each in node.items() if name not in {"oneOf", "discriminator"}}
    branches = [
        {"if": {"required": [key], "properties": {key: {"const": word}}}, "then": {"$ref": target}}
        for word, target in mapping.items()
    ]
    return {**rest, "type": "object", "required": [key], "properties": {key: {"enum": [*mapping]}}, "allOf": branches}


def _by_key(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Alternatives of which each has a key of its own: `{day_over_day: …}`; the last is for all the rest.

    A number among them is told by its type.
    """
    *named, last = node["oneOf"]
    numbers = [each for each in named if each.get("type") == "number"]
    named = [each for each in named if each not in numbers]
    if any("required" not in _resolved(alternative, definitions) for alternative in named):
        return node
    rest = {name: each for name, each in node.items() if name != "oneOf"}
    for alternative in reversed(named):
        key = _resolved(alternative, definitions)["required"][0]
        last = {"if": {"required": [key]}, "then": alternative, "else": last}
    if numbers:
        return {**rest, "type": ["object", "number"], "if": {"type": "object"}, "then": last}
    return {**rest, "type": "object", **last}


def _by_type(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Alternatives of different JSON types: a text or a mapping, a list or null."""
    types = [_types(_resolved(alternative, definitions)) for alternative in node["anyOf"]]
    several = [kind for kinds in types for kind in kinds]
    if [] in types or len({*several}) < len(several):
        return node
    rest = {name: each for name, each in node.items() if name != "anyOf"}
    branches = [
        {"if": {"type": kinds if len(kinds) > 1 else kinds[0]}, "then": alternative}
        for kinds, alternative in zip(types, node["anyOf"], strict=True)
        if alternative.keys() != {"type"}  # which its type says
    ]
    return {**rest, "type": several, **({"allOf": branches} if branches else {})}


def _types(node: Schema) -> list[str]:
    kinds = node.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _resolved(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    reference = node.get("$ref")
    return definitions[reference.rsplit("/", 1)[-1]] if isinstance(reference, str) else node
