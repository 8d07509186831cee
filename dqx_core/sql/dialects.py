"""What differs between the engines' SQL and sqlglot does not know, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dqx_core.errors import DefinitionError, hint


@dataclass(frozen=True)
class Dialect:
    """One engine's answers to what engines answer differently."""

    name: str
    exact: str | None
    """The type to which integers are cast before they are summed, so that a sum never overflows; None: SUM widens."""
    wide: str
    """The widest exact number: what a product of two 64-bit integers is computed in."""
    narrow: frozenset[str]
    """The integer types whose squares are 64-bit integers, as the engine spells them."""
    hash64: str
    """The function of text that gives a 64-bit hash, the same for the same text in every run."""
    quantile_aggregates: bool
    """Whether QUANTILE_CONT is an aggregate; else only a window function."""
    bitmap: str | None = None
    """The aggregate of integers between two bounds that makes one bit of each; None: there is none."""
    wide_types: frozenset[str] = frozenset()
    """The integer types, as the engine spells them, whose sums or squares may have no room in its widest number."""
    checked: bool = False
    """Whether arithmetic of doubles that overflows is an error, not an infinity."""
    nan_sorts_first: bool = False
    """Whether NaN comes before all numbers in an order, not after them."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Type whose values cannot be grouped by, or cast to text, as they are → the function that makes text of them."""


DIALECTS: Mapping[str, Dialect] = {
    "duckdb": Dialect(
        "duckdb",
        exact=None,
        wide="hugeint",
        narrow=frozenset({"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"}),
        hash64="HASH",
        quantile_aggregates=True,
        bitmap="BITSTRING_AGG",
        wide_types=frozenset({"HUGEINT", "UHUGEINT", "UBIGINT"}),
    ),
    "bigquery": Dialect(
        "bigquery",
        exact="bignumeric",
        wide="bignumeric",
        narrow=frozenset(),
        hash64="FARM_FINGERPRINT",
        quantile_aggregates=False,
        checked=True,
        nan_sorts_first=True,
        texts={
            "ARRAY": "TO_JSON_STRING",
            "STRUCT": "TO_JSON_STRING",
            "JSON": "TO_JSON_STRING",
            "RANGE": "TO_JSON_STRING",
            "INTERVAL": "TO_JSON_STRING",
            "GEOGRAPHY": "ST_ASTEXT",
            "BYTES": "TO_HEX",
        },
    ),
}


def dialect_of(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        DefinitionError: No engine speaks it.
    """
    try:
        return DIALECTS[name]
    except KeyError:
        raise DefinitionError(f"SQL dialect '{name}' is not one that dqx speaks: {', '.join(DIALECTS)}.") from None


def dialect_named(name: str) -> str:
    """The dialect of an engine that a person names.

    Raises:
        DefinitionError: There is no such dialect.
    """
    known = ("bigquery", "duckdb")
    if name not in known:
        raise DefinitionError(f"There is no dialect '{name}'. {hint(name, known)}")
    return name
