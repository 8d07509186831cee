"""A salted hash of a key that is the same on every engine: what splits, samples and folds choose by.

Each purpose has a salt of its own: with one for a sample and a split, the sample would be of one part only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, WithJsonSchema

from dqx_core.datasets.base import Location, Problem, Several
from dqx_core.datasets.types import KEYS
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.flow import Flow, OutputColumn

BUCKETS = 10_000
"""A hundredth of a percent is the finest share."""


def _key(given: object) -> object:
    names = list(given) if isinstance(given, list | tuple) else [given]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{given!r} is not a key. Write a column, or several: [customer_id, country].")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"'{twice}' is in the key twice. Write it once.")
    return names[0] if len(names) == 1 else tuple(names)


Key = Annotated[
    str | Several[str],
    BeforeValidator(_key),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
            ]
        },
        mode="validation",
    ),
]
"""A column, or several that are one key together."""


def columns_of(key: Key | None) -> Sequence[str]:
    """The columns of a key; none for None."""
    return (key,) if isinstance(key, str) else key or ()


def places_of(key: Key) -> Iterator[tuple[Location, str]]:
    """The columns of a key, each with its place in the definition."""
    if isinstance(key, str):
        yield ("key",), key
    else:
        yield from ((("key", number), name) for number, name in enumerate(key))


def hashed(flow: Flow, key: Key, salt: str) -> exp.Expr:
    """The hash of a key, null where a column of it is. The texts of several columns stand behind one another."""
    from sqlglot import exp

    parts: list[exp.Expr] = [literal(salt)]
    for name in columns_of(key):
        column = flow.column(name)
        # CAST of BYTES to STRING breaks off at what is not UTF-8, so bytes are hashed as hexadecimal text.
        text = exp.LowerHex(this=column) if flow.columns[name].type == "BYTES" else exp.cast(column, "text")
        parts += [literal("|"), text]
    return exp.FarmFingerprint(expressions=[exp.Concat(expressions=parts, safe=False, coalesce=False)])


def bucket(hash_: exp.Expr, count: int = BUCKETS) -> exp.Expr:
    """The hash modulo the number of buckets, never negative; ABS would overflow for the smallest INT64."""
    from sqlglot import exp

    rest = exp.Mod(this=hash_.copy(), expression=literal(count))
    return exp.Mod(this=exp.Paren(this=exp.Add(this=rest, expression=literal(count))), expression=literal(count))


def unfit_key(key: Key | None, columns: Mapping[str, OutputColumn], what: str) -> Iterator[Problem]:
    """The columns of a key whose text differs between engines."""
    for place, name in places_of(key) if key else ():
        column = columns.get(name)
        if column is not None and column.type not in KEYS:
            yield (
                place,
                (
                    f"'{name}' is {column.type}, whose text differs between engines, and so would the {what}. "
                    f"Use a key that is {', '.join(sorted(KEYS))}."
                ),
            )
