"""Where a fault is: what rows break is halved until it stands in windows, and in metrics, of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from dqx_core.errors import EngineError, NotRunError
from dqx_core.keys import Tags
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.counts import NumRows
from dqx_core.planning import Need
from dqx_core.sql.query import HOLDS, Grouping, Statement, scan_statement

Rows = dict[Any, dict[Tags, dict[str, Any]]]
"""By window, and the values of the dimensions rows are grouped by."""
Ask = Callable[[Statement], Rows]
"""Runs a statement."""

_MORE = 128
"""So many statements beyond two for each window are run to find what breaks one; each reads less than that before."""


def run(statement: Statement, ask: Ask) -> tuple[Rows, dict[MetricSpec, EngineError], Statement]:
    """The rows of a statement by group, the metrics that broke it, each with the error, and the one that was run last.

    Where the data is not what a statement takes it for, the one for any data is run. One bad metric must not spoil the
    others: a statement that fails is halved until what fails is one metric.

    Raises:
        EngineError: It is not a metric that fails: the rows cannot even be counted.
    """
    if statement.general is not None:
        rows = _assumed(statement, ask)
        return (rows, {}, statement) if rows is not None else run(statement.general(), ask)
    try:
        return ask(statement), {}, statement
    except NotRunError:
        raise
    except EngineError as error:
        if list(statement.reads) == [NumRows()]:
            raise
        rows = ask(scan_statement([NumRows()], statement.grouping))
        broken: dict[MetricSpec, EngineError] = {}
        _halve(ask, statement, error, statement, rows, broken)
        return rows, broken, statement


def _attempt(statement: Statement, ask: Ask) -> tuple[Rows, Statement]:
    """The rows of a statement, in one of the ways to its numbers, and which one."""
    if statement.general is not None:
        rows = _assumed(statement, ask)
        return (rows, statement) if rows is not None else _attempt(statement.general(), ask)
    try:
        return ask(statement), statement
    except NotRunError:
        raise
    except EngineError:
        if statement.otherwise is None:
            raise
        return _attempt(statement.otherwise, ask)


def _assumed(statement: Statement, ask: Ask) -> Rows | None:
    """The rows of a statement that takes the data for something; None where it is not so."""
    try:
        rows = ask(statement)
    except NotRunError:
        raise
    except EngineError:
        return None
    return rows if _holds(rows) else None


def _holds(rows: Rows) -> bool:
    """Whether the data is what the statement of these rows takes it for; of no rows it is."""
    return all(row.get(HOLDS) in (True, None) for groups in rows.values() for row in groups.values())


def _halve(
    ask: Ask,
    statement: Statement,
    error: EngineError,
    whole: Statement,
    rows: Rows,
    broken: dict[MetricSpec, EngineError],
) -> None:
    """Add to `rows` what the halves of a statement that failed can tell, and to `broken` what cannot be computed."""
    metrics = list(statement.reads)
    if statement.otherwise is not None:
        parts = [statement.otherwise]
    elif len(metrics) == 1:
        broken[metrics[0]] = error
        return
    else:
        middle = len(metrics) // 2
        parts = [statement.part(half, statement.grouping) for half in (metrics[:middle], metrics[middle:])]
    for part in parts:
        try:
            some = ask(part)
        except NotRunError:
            raise
        except EngineError as reason:
            _halve(ask, part, reason, whole, rows, broken)
            continue
        names = {column: whole.reads[m][name] for m, read in part.reads.items() for name, column in read.items()}
        for day, groups in some.items():
            for tags, row in groups.items():
                own = rows.setdefault(day, {}).setdefault(tags, {})
                own.update({names[column]: value for column, value in row.items()})


def halved(
    statement: Statement,
    astray: MutableMapping[Need, str],
    filters: Mapping[Need, Tags],
    grouping: Callable[[Sequence[Need], Mapping[Need, Tags]], Grouping],
    ask: Ask,
) -> Iterator[tuple[Statement, Rows, list[Need]]]:
    """The parts of a statement that can be run after all, with their rows and the needs that these answer.

    `astray` are the needs of metrics that break it, each with the reason: of those that are not answered it holds, in
    the end, the reason of their own window.

    Raises:
        NotRunError: The engine is out of reach.
    """
    left = _MORE + 2 * len({_window(need, filters) for need in astray})
    ahead = deque([list(astray)])
    while ahead:
        needs = ahead.popleft()
        for half in _halves(needs, filters):
            if not left:
                for need in half:
                    astray[need] += " (met in one of several windows: judge them one by one to see in which)"
                continue
            left -= 1
            specs = list(dict.fromkeys(need[0] for need in half))
            try:
                rows, part = _attempt(statement.part(specs, grouping(half, filters)), ask)
            except NotRunError:
                raise
            except EngineError as error:
                astray.update(dict.fromkeys(half, reason_of(error)))
                ahead.append(half)
            else:
                yield part, rows, half


def _halves(needs: Sequence[Need], filters: Mapping[Need, Tags]) -> list[list[Need]]:
    """Needs in two halves, by window; those of one window by metric; none of what is one of both."""
    windows = sorted({_window(need, filters) for need in needs})
    if len(windows) > 1:
        first = set(windows[: len(windows) // 2])
        parts = [[n for n in needs if (_window(n, filters) in first) is early] for early in (True, False)]
    else:
        specs: list[MetricSpec] = list(dict.fromkeys(need[0] for need in needs))
        some = set(specs[: len(specs) // 2])
        parts = [[n for n in needs if (n[0] in some) is early] for early in (True, False)] if len(specs) > 1 else []
    return parts


def _window(need: Need, filters: Mapping[Need, Tags]) -> tuple[object, ...]:
    return tuple(filters[need].items()), need[1].interval


def reason_of(error: EngineError) -> str:
    """What the engine said."""
    return str(error.__cause__ or error).strip()
