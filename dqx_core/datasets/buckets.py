"""A salted hash of a key that is the same on every engine: what splits, samples and folds choose by.

Each purpose has a salt of its own: with one for a sample and a split, the sample would be of one part only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dqx_core.datasets.types import KEYS
from dqx_core.sql.literals import literal

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.datasets.flow import Flow, OutputColumn

BUCKETS = 10_000
"""A hundredth of a percent is the finest share."""


def hashed(flow: Flow, key: str, salt: str) -> exp.Expr:
    """The hash of a column, null where the column is."""
    from sqlglot import exp

    column = flow.column(key)
    # CAST of BYTES to STRING breaks off at what is not UTF-8, so bytes are hashed as hexadecimal text.
    text = exp.LowerHex(this=column) if flow.columns[key].type == "BYTES" else exp.cast(column, "text")
    salted = exp.Concat(expressions=[literal(salt), literal("|"), text], safe=False, coalesce=False)
    return exp.FarmFingerprint(expressions=[salted])


def bucket(hash_: exp.Expr, count: int = BUCKETS) -> exp.Expr:
    """The hash modulo the number of buckets, never negative; ABS would overflow for the smallest INT64."""
    from sqlglot import exp

    rest = exp.Mod(this=hash_.copy(), expression=literal(count))
    return exp.Mod(this=exp.Paren(this=exp.Add(this=rest, expression=literal(count))), expression=literal(count))


def unfit_key(key: OutputColumn | None, what: str) -> str | None:
    """What is wrong with a column as a key; None: nothing."""
    if key is None or key.type in KEYS:
        return None
    return (
        f"'{key.name}' is {key.type}, whose text differs between engines, and so would the {what}. "
        f"Use a key that is {', '.join(sorted(KEYS))}."
    )
