"""Templates of a defs.yaml, `{{ env.COUNTRY }}`, filled in as Dagster does; one that has no value is an error.

Jinja and Dagster write None, or nothing at all, for a variable that is not set or a name that is misspelled: a
condition would be gone without a word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dqx_core.datasets.base import Location
from dqx_core.errors import DefinitionError, hint

if TYPE_CHECKING:
    from jinja2.nativetypes import NativeEnvironment

Tell = Callable[[Location, str], object]
"""What is told of a place that is wrong."""


def rendered(value: Any, scope: Mapping[str, Any], place: Location, tell: Tell) -> Any:
    """The value with its templates filled in; one that cannot be is told of.

    Text without a template stays as it is: rendering would read a number out of "007".
    """
    match value:
        case dict():
            return {key: rendered(each, scope, (*place, key), tell) for key, each in value.items()}
        case list():
            return [rendered(each, scope, (*place, number), tell) for number, each in enumerate(value)]
        case str() if is_template(value):
            try:
                return _filled(value, scope)
            except DefinitionError as error:
                tell(place, str(error))
    return value


def is_template(text: str) -> bool:
    """Whether there is something to fill in."""
    return "{{" in text or "{%" in text


class _NothingError(Exception):
    """An expression that has no value."""


def _there(value: Any) -> Any:
    from jinja2 import Undefined

    if value is None:
        raise _NothingError
    if isinstance(value, Undefined):
        str(value)  # raises: it is a strict one
    return value


@lru_cache(maxsize=1)
def _jinja() -> NativeEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.nativetypes import NativeEnvironment

    return NativeEnvironment(undefined=StrictUndefined, finalize=_there)


def _filled(text: str, scope: Mapping[str, Any]) -> Any:
    from jinja2.exceptions import TemplateError, UndefinedError

    try:
        found = _jinja().from_string(text).render(**scope)
    except _NothingError:
        found = None
    except UndefinedError as error:
        said = str(error.message).rstrip(".")
        name = re.match(r"'(\w+)' is undefined", said)
        way_out = hint(name[1], scope) if name else ""
        raise DefinitionError(f"{text}: {said}. {way_out}".rstrip()) from error
    except TemplateError as error:
        raise DefinitionError(f"{text}: not a template: {error.message}") from error
    except Exception as error:
        raise DefinitionError(f"{text}: {' '.join(str(error).split())}") from error
    if found is None or found == "":
        raise DefinitionError(f"{text}: {_why(text)}")
    return found


def _why(text: str) -> str:
    absent = [name for name in re.findall(r"\benv\.([A-Za-z_]\w*)", text) if not os.environ.get(name)]
    if not absent:
        return "comes to nothing. Write a value, or take the template out."
    unset = [name for name in absent if name not in os.environ]
    what = f"the variable {unset[0]} is not set" if unset else f"the variable {absent[0]} is empty"
    return f"{what}. Set it, or write a value for where it is not: {{{{ env('{(unset or absent)[0]}', 'value') }}}}"
