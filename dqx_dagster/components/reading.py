"""From the attributes of a defs.yaml to the parts of a component; what is wrong is told with its file and line."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import dagster as dg
import pydantic
from dagster.components.resolved.core_models import AssetAttributesModel
from dagster.components.resolved.scopes import LoadContextScope
from dagster.components.utils import TranslatorResolvingInfo

from dqx_core.checks import Check
from dqx_core.datasets.base import Location, Problem
from dqx_core.datasets.definition import DatasetDefinition, Reading
from dqx_core.datasets.loading import from_yaml
from dqx_core.datasets.problems import located, spelled
from dqx_core.errors import DefinitionError, ValidationError, hint
from dqx_core.suite import Suite
from dqx_core.symbols import SymbolRegistry
from dqx_dagster.components.as_written import as_written
from dqx_dagster.components.attributes import Attributes
from dqx_dagster.components.checks import WrittenCheck, suite_of
from dqx_dagster.components.templates import Tell, rendered
from dqx_dagster.components.translation import Translate, refused

if TYPE_CHECKING:
    from dagster_shared.yaml_utils.source_position import SourcePositionTree

TRANSLATED_LATER = "asset_attributes"
"""Its templates speak of the asset, which is not there yet."""


def read(written: Mapping[str, Any], context: dg.ComponentLoadContext) -> dict[str, Any]:
    """The fields of a `DqxDataset` that attributes spell.

    Raises:
        ValidationError: Every problem they have, each with its line.
    """
    context = context.with_rendering_scope({"context": LoadContextScope(context)})  # type: ignore[no-untyped-call]
    file = _File(context)
    problems: list[str] = []
    written = file.attributes(written, problems)
    scope = context.resolution_context.scope
    data = {
        key: value if key == TRANSLATED_LATER else rendered(value, scope, (key,), file.teller(problems))
        for key, value in written.items()
    }
    if problems:  # what they hold is not known
        raise ValidationError(str(file), problems)
    attributes: Attributes | None = None
    try:
        attributes = Attributes.model_validate(data, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        problems += [file.says(problem) for problem in located(error, Attributes, data)]
    schemas = attributes.schemas if attributes else None
    definition = _definition(data.get("definition"), schemas, file, problems)
    if attributes is None or definition is None:
        raise ValidationError(str(file), problems)
    suites = list(_suites(attributes, context, file, problems))
    problems += [file.says(problem) for problem in _of_checks(attributes.checks)]
    translate = _translate(written.get(TRANSLATED_LATER), definition, context, file, problems)
    if problems:
        raise ValidationError(str(file), problems)
    if attributes.checks:
        suites.insert(0, suite_of(definition.name, attributes.checks))
    daily = attributes.schedule
    return {
        "definition": definition,
        "suites": tuple(suites),
        "integrity": attributes.integrity,
        "metrics": attributes.metrics,
        "daily_at": (daily.hour, daily.minute) if "schedule" in attributes.model_fields_set else None,
        "engine": attributes.engine,
        "kind": attributes.kind,
        "store": attributes.store,
        "granularity": attributes.granularity,
        "partitioned_checks": attributes.partitioned_checks,
        "retry_policy": attributes.retry_policy and attributes.retry_policy.policy,
        "pool": attributes.pool,
        "op_tags": attributes.op_tags,
        "automation_condition": attributes.automation_condition,
        "translate": translate,
        "says": partial(_says, file, data["definition"], attributes.checks),
    }


def _says(file: _File, definition: object, checks: tuple[WrittenCheck, ...], problem: Problem) -> str:
    """A problem that was found later, with the file and the line where it was written."""
    place, message = problem
    match place:
        case ("definition", *inside) if isinstance(definition, str):
            place, message = ("definition",), f"{definition}, {spelled(tuple(inside))}: {message}"
        case ("checks", str() as name):
            written = [number for number, check in enumerate(checks) if check.name == name]
            place = ("checks", written[0]) if written else ("suites",)
    return f"{file}, {file.says((place, message))}"


class _File:
    """The file that is read, and on which line of it something is."""

    def __init__(self, context: dg.ComponentLoadContext) -> None:
        self.tree: SourcePositionTree | None = context.resolution_context.source_position_tree
        self.path = Path(self.tree.position.filename) if self.tree else context.path
        self.folder = self.path if self.path.is_dir() else self.path.parent

    def __str__(self) -> str:
        return str(self.path)

    def where(self, place: Location) -> str:
        """The line of a place in the attributes, and its name; a place that is not there has that of what it is in."""
        if self.tree is None:
            return spelled(place)
        position, _ = self.tree.lookup_closest_and_path(["attributes", *place], trace=None)
        return f"line {position.start.line}, {spelled(place)}"

    def says(self, problem: Problem) -> str:
        """A problem as one line."""
        place, message = problem
        return f"{self.where(place)}: {message}"

    def teller(self, problems: list[str]) -> Tell:
        """What adds a problem to others, with its line."""
        return lambda place, message: problems.append(self.says((place, message)))

    def attributes(self, host: Mapping[str, Any], problems: list[str]) -> Mapping[str, Any]:
        """The attributes as YAML 1.2 has them, where they come from a file; what Dagster reads otherwise is told."""
        if self.tree is None or not self.path.is_file():
            return host
        try:
            return as_written(
                self.path,
                self.tree.position.start.line,
                host,
                but=TRANSLATED_LATER,
                tell=lambda problem: problems.append(self.says(problem)),
            )
        except DefinitionError as error:
            problems.append(str(error).removeprefix(f"{self.path}, "))
            return host


def _definition(
    written: object, schemas: tuple[str, ...] | None, file: _File, problems: list[str]
) -> DatasetDefinition | None:
    place = ("definition",)
    try:
        match written:
            case str():
                return from_yaml(file.folder / written, schemas=schemas)
            case dict():
                reading = Reading(schemas, where=lambda inside: file.where((*place, *inside)))
                return DatasetDefinition.model_validate(written, context=reading, by_alias=True, by_name=False)
            case None:
                pass  # said already: it is missing
            case _:
                problems.append(file.says((place, "is neither a definition nor the path of a file with one.")))
    except ValidationError as error:
        inline = isinstance(written, dict)
        problems += error.problems if inline else [f"{file.where(place)}: {written}, {p}" for p in error.problems]
    except DefinitionError as error:
        problems.append(file.says((place, str(error))))
    return None


def _suites(
    attributes: Attributes, context: dg.ComponentLoadContext, file: _File, problems: list[str]
) -> Iterator[Suite]:
    for number, reference in enumerate(attributes.suites):
        try:
            yield _suite(reference, context, file)
        except DefinitionError as error:
            problems.append(file.says((("suites", number), str(error))))


def _suite(reference: str, context: dg.ComponentLoadContext, file: _File) -> Suite:
    """What "package.module:NAME" names; the module of ".module:NAME" is a file beside the defs.yaml."""
    module_name, colon, name = reference.partition(":")
    if not (module_name.strip(".") and colon and name):
        raise DefinitionError(
            f"'{reference}' names no suite. Write package.module:NAME, or .module:NAME for a file here."
        )
    module = _module(module_name, context, file)
    suites = [each for each, value in vars(module).items() if isinstance(value, Suite)]
    if name not in suites:
        what = "is not a suite" if hasattr(module, name) else "is not there"
        raise DefinitionError(f"'{name}' {what} in module {module.__name__}. {hint(name, suites)}")
    suite = getattr(module, name)
    assert isinstance(suite, Suite)
    return suite


def _module(name: str, context: dg.ComponentLoadContext, file: _File) -> ModuleType:
    if name.startswith("."):
        path = file.folder.joinpath(*name[1:].split(".")).with_suffix(".py")
        if not path.is_file():
            raise DefinitionError(f"there is no file {path.name} in {path.parent}.")
        return context.load_defs_relative_python_module(path)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there; what it imports is not
        raise DefinitionError(f"there is no module '{error.name}' to import.") from error


def _of_checks(checks: tuple[WrittenCheck, ...]) -> Iterator[Problem]:
    """What cannot work in a check, and names that are there twice."""
    first: dict[str, int] = {}
    for number, check in enumerate(checks):
        place: Location = ("checks", number)
        other = first.setdefault(check.name, number)
        if other != number:
            yield (*place, "name"), f"the name '{check.name}' is taken by checks[{other}]. Give it another."
        try:
            Check(check.name, (), check.judge).node(SymbolRegistry())
        except DefinitionError as error:
            yield place, str(error)


def _translate(
    written: Any, definition: DatasetDefinition, context: dg.ComponentLoadContext, file: _File, problems: list[str]
) -> Translate | None:
    """What `asset_attributes` makes of the asset's spec, in the way of Dagster's own integrations."""
    if written is None:
        return None
    place: Location = (TRANSLATED_LATER,)
    model = written
    if not isinstance(written, str):
        try:
            model = AssetAttributesModel.model_validate(written)
        except pydantic.ValidationError as error:
            problems += [
                file.says(((*place, *where), message))
                for where, message in located(error, AssetAttributesModel, written)
            ]
            return None
    info = TranslatorResolvingInfo(model, context.resolution_context.at_path("attributes"), TRANSLATED_LATER)

    def translate(spec: dg.AssetSpec) -> dg.AssetSpec:
        wrong: list[str] = []
        scope = {**context.resolution_context.scope, "definition": definition, "spec": spec}
        rendered(written, scope, place, file.teller(wrong))  # Dagster writes None for what has no value
        if wrong:
            raise ValidationError(str(file), wrong)
        translated = info.get_asset_spec(spec, {"definition": definition, "spec": spec})
        wrong = [file.says(((*place, *where), message)) for where, message in refused(translated, spec, definition)]
        if wrong:
            raise ValidationError(str(file), wrong)
        return translated

    return translate
