"""Which line each split has: the same colour, dash and marker in every chart and table of a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ALL_ROWS = "all rows"
"""What tags are called where there are none."""


@dataclass(frozen=True)
class Style:
    """How a line is drawn: in which of the page's colours, and how it is told without them."""

    ink: str
    marker: str
    dash: Any
    """As Matplotlib takes it."""


STYLES = {
    "line-0": Style("#080808", "o", "solid"),
    "line-1": Style("#040404", "o", "solid"),
    "line-2": Style("#050505", "s", (0, (5, 1.5))),
    "line-3": Style("#060606", "^", (0, (1, 1))),
    "line-4": Style("#070707", "D", (0, (4, 1, 1, 1))),
    "line-5": Style("#090909", "v", (0, (8, 2))),
    "line-6": Style("#0a0a0a", "P", (0, (3, 1, 1, 1, 1, 1))),
}
_FIXED = {ALL_ROWS: "line-0", "train": "line-1", "eval": "line-2"}
_OTHERS = ("line-3", "line-4", "line-5", "line-6")


def styles_of(labels: Iterable[str]) -> dict[str, str]:
    """Label → line. Train, eval and rows without a split have the same in every report; others go round."""
    others = sorted(set(labels) - _FIXED.keys())
    return _FIXED | {label: _OTHERS[number % len(_OTHERS)] for number, label in enumerate(others)}
