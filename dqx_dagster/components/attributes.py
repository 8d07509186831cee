"""What a defs.yaml of a dataset may hold, and its JSON schema for editors and `dg check yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import dagster as dg
from dagster.components.resolved.core_models import AssetAttributesModel
from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    RootModel,
    SkipValidation,
    model_validator,
)
from pydantic_core import CoreSchema

from dqx_core.datasets.base import Model
from dqx_core.datasets.definition import DatasetDefinition
from dqx_core.datasets.jsonschema import by_branch
from dqx_core.datasets.values import whole
from dqx_dagster.components.checks import WrittenCheck


class Daily(Model):
    """When the last closed day, or hour, week or month, is made, in the time zone of the dataset's partitions."""

    hour: Annotated[int, Field(strict=True, ge=0, le=23), BeforeValidator(whole)] | None = Field(
        default=None, description="6 if left out; hourly partitions have none."
    )
    minute: Annotated[int, Field(strict=True, ge=0, le=59), BeforeValidator(whole)] = 0


class Retry(Model):
    """What to do when the engine or the store fails; a verdict is never tried again."""

    max_retries: int = Field(default=1, ge=1)
    delay: float | None = Field(default=None, ge=0, description="Seconds before the first.")
    backoff: Literal["linear", "exponential"] | None = Field(default=None, description="How the delay grows.")
    jitter: Literal["full", "plus_minus"] | None = Field(default=None, description="What chance does to the delay.")

    @model_validator(mode="after")
    def _delays(self) -> Self:
        grown = [name for name in ("backoff", "jitter") if getattr(self, name) is not None]
        if grown and self.delay is None:
            raise ValueError(f"{' and '.join(grown)} without a delay: say how long, such as delay: 1.")
        return self

    @property
    def policy(self) -> dg.RetryPolicy:
        """The same for Dagster."""
        return dg.RetryPolicy(
            self.max_retries,
            self.delay,
            None if self.backoff is None else dg.Backoff[self.backoff.upper()],
            None if self.jitter is None else dg.Jitter[self.jitter.upper()],
        )


def _condition(value: object) -> dg.AutomationCondition[Any]:
    if not isinstance(value, dg.AutomationCondition):
        raise ValueError(f"{value!r} is not a condition. Write a template: '{{{{ dg.AutomationCondition.eager() }}}}'.")
    return value


Condition = Annotated[dg.AutomationCondition[Any], PlainValidator(_condition, json_schema_input_type=str)]


class Attributes(Model):
    """A dataset, its checks and its schedule."""

    # Validated by themselves, each with its own words: see reading.py.
    definition: Annotated[DatasetDefinition | str, SkipValidation] = Field(
        description="What the dataset holds; or the path of a YAML file with it, from here."
    )
    asset_attributes: Annotated[AssetAttributesModel | None, SkipValidation] = Field(  # type: ignore[valid-type]
        default=None,
        description="What Dagster shows of the asset: group_name, owners, tags, kinds, key_prefix, … "
        "Templates know `definition` and `spec`.",
    )
    checks: tuple[WrittenCheck, ...] = Field(default=(), description="What must hold of each partition.")
    suites: tuple[str, ...] = Field(
        default=(), description="Suites written in Python: package.module:NAME, or .module:NAME for a file beside this."
    )
    integrity: bool = Field(
        default=True,
        strict=True,
        description="Check what every dataset should pass: no split is empty or knows of the other, joins keep rows.",
    )
    metrics: bool = Field(default=False, strict=True, description="Make a metrics asset of each suite: its trends.")
    schedule: Daily = Field(
        default=Daily(),
        description="Make the last closed day, every day at that hour; without it there is no schedule.",
    )
    granularity: Literal["assertion", "check"] = Field(
        default="assertion", description="One asset check for each assertion, or for each check."
    )
    partitioned_checks: bool = Field(
        default=True, strict=True, description="Keep a history of each check for each partition."
    )
    schemas: tuple[str, ...] | None = Field(
        default=None, description="The schemas whose tables the definition may read; all if left out."
    )
    retry_policy: Retry | None = Field(
        default=None, description="What to do when the engine or the store fails, in any step: {max_retries: 2}."
    )
    pool: str | None = Field(default=None, description="Dagster's pool that limits how many of its steps run at once.")
    op_tags: dict[str, str] | None = Field(
        default=None, description="Tags of its steps, such as those that an executor reads."
    )
    automation_condition: Condition | None = Field(
        default=None,
        description="When Dagster makes and judges by itself: '{{ dg.AutomationCondition.eager() }}'; of the asset, "
        "unless asset_attributes say another, of its checks and of its metrics.",
    )
    engine: str = Field(default="engine", description="Resource key of the engine.")
    kind: Literal["duckdb", "bigquery"] = Field(default="duckdb", description="What the engine is, as the UI shows it.")
    store: str = Field(default="store", description="Resource key of the metric store.")


class Written(RootModel[dict[str, Any]]):
    """Attributes as they are written, with the schema of what they should be."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        return handler(Attributes.__pydantic_core_schema__)

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """The schema of `Attributes`, so that `dg check yaml` and editors tell what is wrong and where."""
        found: dict[str, Any] = _or_templates(by_branch(super().model_json_schema(*args, **options)))
        return found


_TEMPLATE = {"type": "string", "pattern": r"\{\{|\{%"}
_NAMED, _SINGLE = ("properties", "patternProperties"), ("items", "additionalProperties")


def _or_templates(node: Any) -> Any:
    """The schema with a template in any place: what it comes to is known when it is filled in."""
    if isinstance(node, list):
        return [_or_templates(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {key: each if key == "if" else _or_templates(each) for key, each in node.items()}
    for key in _NAMED:
        if isinstance(found.get(key), dict) and key in node:
            found[key] = {name: _or_template(each) for name, each in found[key].items()}
    for key in _SINGLE:
        if isinstance(found.get(key), dict):
            found[key] = _or_template(found[key])
    if isinstance(found.get("prefixItems"), list):
        found["prefixItems"] = [_or_template(each) for each in found["prefixItems"]]
    return found


def _or_template(node: Any) -> Any:
    """The schema of a place, or a template there; one that takes any text takes templates already."""
    if (
        not isinstance(node, dict)
        or "const" in node
        or (node.keys() <= {"type", "title", "description", "default"} and ("string" in node.get("type", ())))
    ):
        return node
    about = {key: node[key] for key in ("title", "description", "default") if key in node}
    return about | {"if": _TEMPLATE, "then": {}, "else": {key: node[key] for key in node if key not in about}}
