"""What pydantic finds wrong, in the words of the person who wrote it, and where they wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from dqx_core.datasets.base import Location, Problem
from dqx_core.datasets.values import shortened, shortened_text
from dqx_core.errors import hint

if TYPE_CHECKING:
    import pydantic
    from pydantic_core import ErrorDetails


def spelled(place: Location) -> str:
    """A place as one writes it: filters[2].column; the whole is 'the definition'."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "the definition"


def located(error: pydantic.ValidationError, model: type[BaseModel], data: object) -> list[Problem]:
    """The problems of a pydantic error, each with its place in the data that was validated."""
    details = error.errors(include_url=False)
    found = dict.fromkeys((_problem(detail, model, data), detail["type"] == "too_short") for detail in details)
    # Items that are wrong are not counted, so a list of them is said to be short as well.
    places = [place for (place, _), short in found if not short]
    return list(
        dict.fromkeys(
            problem
            for problem, short in found
            if not (short and any(place[: len(problem[0])] == problem[0] for place in places))
        )
    )


def _problem(detail: ErrorDetails, model: type[BaseModel], data: object) -> Problem:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    place = tuple(_in_data(detail["loc"], model, data, keep_last=kind in {"missing", "extra_forbidden"}))
    match kind:
        case "extra_forbidden":
            key = str(place[-1])
            return place, f"unknown key '{key}'. {hint(key, known_keys(model, detail['loc'][:-1]))}"
        case "missing":
            return place, "is missing."
        case "union_tag_not_found":
            key = str(context["discriminator"]).strip("'")
            return place, f"'{key}' is missing. {hint('', _words(_tags(model, detail['loc'])))}"
        case "union_tag_invalid":
            key, tag = str(context["discriminator"]).strip("'"), str(context["tag"])
            tags = _words(_tags(model, detail["loc"]))
            if key.endswith("()"):  # chosen by what is written, not by a key that says so
                what, words = tag.removeprefix("as "), [each.removeprefix("as ") for each in tags]
                shown = f"'{what}'" if isinstance(given, Mapping) else _shown(given)
                return place, f"{shown} cannot stand here. {hint('', words)}"
            return (*place, key), f"unknown {key} {_shown(context['tag'])}. {hint(tag, tags)}"
        case "literal_error" if context["expected"] in ("True", "False"):
            return place, f"{_shown(given)} cannot stand here: write {str(context['expected']).lower()}."
        case "literal_error":
            words = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ",").split(",")]
            return place, f"{_shown(given)} is none of the words allowed here. {hint(str(given), words)}"
        case "value_error":
            return place, str(context["error"])
    return place, _in_words(kind, given, context) or f"{detail['msg']}, not {_shown(given)}."


_LISTS = frozenset({"tuple_type", "list_type", "set_type", "iterable_type"})
_MAPPINGS = frozenset({"dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"})
_WHOLE = frozenset({"int_type", "int_from_float", "int_parsing", "int_parsing_size"})


def _in_words(kind: str, given: object, context: Mapping[str, Any]) -> str | None:
    """What is wrong with a value, in our words; None: there are none."""
    if given is None:
        return "is empty. Write a value, or leave the key out."
    shown = _shown(given)
    if kind in _LISTS:
        return f"{shown} is not a list." + (f" Write [{given}]." if isinstance(given, str | int | float) else "")
    if kind in _MAPPINGS:
        return f"{shown} is not a mapping: write keys and values, such as {{key: value}}."
    if kind in _WHOLE:
        return f"{shown} is not a whole number."
    match kind:
        case "string_type":
            simple = isinstance(given, str | int | float)
            return f"{shown} is not text." + (" Put it in quotes, if it is meant as text." if simple else "")
        case "float_type" | "float_parsing" | "decimal_type" | "decimal_parsing":
            return f"{shown} is not a number."
        case "bool_type" | "bool_parsing":
            return f"{shown} is neither true nor false."
        case "greater_than_equal":
            return f"{shown} is less than {context['ge']}."
        case "less_than_equal":
            return f"{shown} is more than {context['le']}."
        case "greater_than":
            return f"{shown} is not more than {context['gt']}."
        case "less_than":
            return f"{shown} is not less than {context['lt']}."
        case "too_short" | "string_too_short":
            least = context.get("min_length", 1)
            return f"{shown} has not enough in it: {least} or more." if given else "there is nothing in it."
        case "too_long" | "string_too_long":
            return f"{shown} has too much in it: {context['max_length']} at most."
    return None


def _shown(value: object) -> str:
    """A value as YAML has it, as far as a message has room for it."""
    return shortened(value) if isinstance(value, str | int | float) else shortened_text(repr(value))


def _in_data(loc: Location, model: Any, data: object, *, keep_last: bool) -> Iterator[str | int]:
    """The parts of a location that are in the data: pydantic puts the tags of unions in between."""
    annotation = model
    for number, part in enumerate(loc):
        chosen = next((member for member in _union(annotation) if part in _tags_of(member)), None)
        if chosen is not None:
            annotation = chosen
            continue
        annotation = _step(annotation, part)
        inside: Any = data
        if (isinstance(data, Mapping) and part in data) or (
            isinstance(data, list | tuple) and isinstance(part, int) and part < len(data)
        ):
            data = inside[part]
        elif isinstance(data, BaseModel) and isinstance(part, str) and part in type(data).model_fields:
            data = getattr(data, part)
        elif not (keep_last and number == len(loc) - 1):
            continue
        yield part


def _union(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, those of a union in it among them."""
    bare = _bare(annotation)
    if get_origin(bare) not in {Union, UnionType}:
        return ()
    return tuple(each for member in get_args(bare) for each in (_union(member) or (member,)))


def known_keys(model: type[BaseModel], loc: Location) -> Iterable[str]:
    """The keys of the mapping at a location."""
    found = _bare(_at(model, loc))
    if get_origin(found) in {Union, UnionType}:  # an optional part
        found = next((bare for bare in map(_bare, get_args(found)) if bare is not type(None)), found)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [field.alias or name for name, field in found.model_fields.items()]
    return []


def _tags(model: type[BaseModel], loc: Location) -> list[str]:
    return [tag for member in _members(_at(model, loc)) for tag in _tags_of(member)]


def _words(tags: Iterable[str]) -> list[str]:
    return sorted(tags)


def _at(annotation: Any, loc: Location) -> Any:
    """The type at a location of a model."""
    for part in loc:
        annotation = _step(annotation, part)
    return annotation


def _step(annotation: Any, part: str | int) -> Any:
    annotation = _bare(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        return fields[str(part)].annotation if part in fields else annotation
    if origin in {dict, Mapping}:
        return arguments[1]
    if origin in {tuple, list}:
        return arguments[0]
    if origin in {Union, UnionType}:
        for member in _members(annotation):
            if part in _tags_of(member):
                return member
            if _bare(member) is not type(None) and not _tags_of(member):
                return _step(member, part)  # an optional value
    return annotation


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(_bare(annotation))


def _tags_of(member: Any) -> list[str]:
    """The words that choose a member of a tagged union."""
    tags = [tag.tag for tag in getattr(member, "__metadata__", ()) if isinstance(tag, Tag)]
    bare = _bare(member)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        for name in ("kind", "strategy"):
            field = bare.model_fields.get(name)
            if field is not None and get_origin(field.annotation) is Literal:
                tags += get_args(field.annotation)
    return tags


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation
