"""Everything dqx raises at a person, and nothing else.

DqxError
├── DefinitionError            what somebody wrote cannot work: a check, a suite, a dataset, a key
│   ├── UnknownColumnError     a metric or definition names a column its table does not have
│   ├── UnknownDatasetError    a check names a dataset that nobody supplies
│   └── ValidationError        every problem of a suite or definition, in one message
├── EngineError                the engine refused or broke; nothing was stored
│   ├── NotRunError            no fault of the statement: out of reach, not allowed, more bytes than may be billed,
│   │                          no memory or disk left, interrupted, too slow
│   └── NotThereError          there is no such table, or no such file
├── MissingLibraryError        a library is needed that only some installs have
└── StoreError                 the metric store could not be opened, read or written

A number that could not be computed is not an error: it is a `Failure` (`returns.result`)
that travels to the report with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DqxError(Exception):
    """Root of all errors dqx raises."""


class DefinitionError(DqxError):
    """Something a person wrote cannot work; the message says what, where and the way out."""


def hint(name: str, known: Iterable[str]) -> str:
    """The way out of a wrong name: the nearest right one, else all of them."""
    names = sorted(known)
    lowered = {n.lower(): n for n in names}
    close = get_close_matches(name.lower(), lowered, n=1)
    if close:
        return f"Did you mean '{lowered[close[0]]}'?"
    if not names:
        return "There are none."
    shown = ", ".join(names[:20])
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"There are: {shown}{more}."


class UnknownColumnError(DefinitionError):
    """A metric names a column its dataset does not have."""

    def __init__(self, metric: str, column: str, dataset: str, columns: Iterable[str]) -> None:
        super().__init__(
            f"Metric {metric} reads column '{column}', which dataset '{dataset}' does not have. {hint(column, columns)}"
        )


class UnknownDatasetError(DefinitionError):
    """A check or metric names a dataset that no data source supplies."""

    def __init__(self, where: str, dataset: str, datasets: Iterable[str]) -> None:
        super().__init__(f"{where} names dataset '{dataset}', which no data source supplies. {hint(dataset, datasets)}")


class ValidationError(DefinitionError):
    """All the problems of one suite or definition, one line each."""

    def __init__(self, subject: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        super().__init__("\n".join([f"{subject} has {count}:", *(f"  - {p}" for p in self.problems)]))


class EngineError(DqxError):
    """The engine refused or broke while running a statement; nothing was stored."""

    def __init__(self, engine: str, what: str, reason: object, *, of_rows: bool = True) -> None:
        super().__init__(f"{engine} could not {what}: {reason}")
        self.of_rows = of_rows
        """Whether other rows may be taken by the same statement; False: it is refused whatever the rows are."""


class NotRunError(EngineError):
    """The engine did not run it, or not to its end, and that is not a fault of the statement's or of the data's.

    It is never kept as what a metric came to: the run ends, and may be tried again.
    """

    def __init__(self, engine: str, what: str, reason: object, way_out: str) -> None:
        super().__init__(engine, what, f"{str(reason).strip().rstrip('.')}. {way_out}")


class NotThereError(EngineError):
    """There is no such table, or no such file: somebody wrote another name, or it is not made yet."""


class MissingLibraryError(DqxError):
    """A library is needed that only some installs have."""

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(
            f'{what} takes {library}, which is not installed. Install it with: pip install "dqx-dagster[{extra}]"'
        )


class StoreError(DqxError):
    """The metric store could not be opened, read or written; names the store, password hidden."""

    def __init__(self, store: str, what: str, reason: object, way_out: str = "") -> None:
        super().__init__(f"Metric store {store}: could not {what}: {reason}{' ' + way_out if way_out else ''}")
