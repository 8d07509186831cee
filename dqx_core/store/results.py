"""Verdicts in the store: the results of an execution, and the newest result of each assertion."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from returns.result import Failure, Result, Success
from sqlalchemy import ColumnElement, Connection, Dialect, func, select

from dqx_core.keys import ExecutionId, Tags
from dqx_core.pausing import no_collection
from dqx_core.report import AssertionResult, Severity, Status, SymbolInfo
from dqx_core.states import Number
from dqx_core.store.codec import digest, join_number, split_number, tags_of, unpack_symbol
from dqx_core.store.tables import EXECUTION, RESULT
from dqx_core.store.writing import need_executions, processor, revive, upsert


def persist_results(
    connection: Connection, execution_id: ExecutionId, results: Iterable[AssertionResult], now: dt.datetime
) -> None:
    """Write verdicts; one that the execution gave before is replaced, and keeps its place."""
    execution = need_executions(connection, [execution_id], now)[execution_id]
    revive(connection, [execution_id])
    row = _rows(connection.dialect, execution, now)
    with no_collection():
        last = {made[_KEY]: made for made in map(row, results)}
    upsert(connection, RESULT, _COLUMNS, ("result_key", "execution"), list(last.values()))


def results_of(connection: Connection, execution_id: ExecutionId) -> list[AssertionResult]:
    """The verdicts of an execution, in the order in which they were first given."""
    rows = connection.execute(
        select(RESULT)
        .join(EXECUTION, EXECUTION.c.execution == RESULT.c.execution)
        .where(EXECUTION.c.execution_id == execution_id)
        .order_by(RESULT.c.result_id)
    )
    with no_collection():
        return [_result(row) for row in rows]


def newest_results(connection: Connection, *predicates: ColumnElement[bool]) -> dict[AssertionResult, ExecutionId]:
    """The newest verdict of each suite, check, assertion, day and tags, with its execution."""
    place = func.row_number().over(partition_by=RESULT.c.result_key, order_by=RESULT.c.execution.desc())
    ranked = select(RESULT.c.result_id, place.label("place")).where(*predicates).subquery()
    rows = connection.execute(
        select(RESULT, EXECUTION.c.execution_id)
        .join(ranked, ranked.c.result_id == RESULT.c.result_id)
        .join(EXECUTION, EXECUTION.c.execution == RESULT.c.execution)
        .where(ranked.c.place == 1)
        .order_by(RESULT.c.yyyy_mm_dd, RESULT.c.result_id)
    )
    return {_result(row): row.execution_id for row in rows}


def chosen(
    suite: str | None,
    check: str | None,
    tags: Mapping[str, str] | None,
    from_date: dt.date | None,
    until_date: dt.date | None,
) -> list[ColumnElement[bool]]:
    """The conditions on results for what was asked; None asks nothing."""
    asked: list[ColumnElement[bool]] = []
    if suite is not None:
        asked.append(RESULT.c.suite == suite)
    if check is not None:
        asked.append(RESULT.c.check_name == check)
    if tags is not None:
        asked.append(RESULT.c.tags == Tags(tags).canonical)
    if from_date is not None:
        asked.append(RESULT.c.yyyy_mm_dd >= from_date)
    if until_date is not None:
        asked.append(RESULT.c.yyyy_mm_dd <= until_date)
    return asked


_COLUMNS = tuple(column.name for column in RESULT.columns if column.name != "result_id")
_KEY = _COLUMNS.index("result_key")


def _rows(dialect: Dialect, execution: int, now: dt.datetime) -> Callable[[AssertionResult], tuple[Any, ...]]:
    """What makes a verdict its row, in the order of the columns; what many verdicts share is made once."""
    kept = {name: processor(RESULT.c[name], dialect) for name in _COLUMNS}
    created = kept["created"](now)
    words = cache(kept["suite"])  # columns of text are all alike
    day = cache(kept["yyyy_mm_dd"])

    def row(result: AssertionResult) -> tuple[Any, ...]:
        tags = (result.tags if type(result.tags) is Tags else Tags(result.tags)).canonical
        value, exact, reasons = None, None, None
        match result.metric:
            case Success(number):
                value, exact = split_number(number)
            case Failure(why):
                reasons = kept["reasons"](list(why))
        return (
            execution,
            digest(result.suite, result.check, result.assertion, result.yyyy_mm_dd.isoformat(), tags),
            words(result.suite),
            words(result.check),
            words(result.assertion),
            day(result.yyyy_mm_dd),
            words(tags),
            result.severity.value,
            result.status.value,
            value,
            exact,
            reasons,
            words(result.bound),
            words(result.expression),
            kept["message"](result.message),
            symbols_text(result.symbols),
            created,
        )

    return row


def symbols_text(symbols: Iterable[SymbolInfo]) -> str:
    """Symbols as the JSON that `unpack_symbol` reads.

    Written out by hand, since the symbols of every verdict pass here: `json.dumps` takes three times as long.
    """
    return f"[{','.join(map(_symbol_text, symbols))}]"


def _symbol_text(symbol: SymbolInfo) -> str:
    match symbol.value:
        case Success(int() as number):
            error, value = "", f'"value":{int.__repr__(number)},'
        case Success(number):
            shown = float.__repr__(number)
            error, value = "", f'"value":{shown},' if math.isfinite(number) else f'"value":"{shown}",'
        case Failure(reason):
            error, value = f'"error":{_json(reason)},', ""
    source = "null" if symbol.source_execution_id is None else _json(symbol.source_execution_id)
    return (
        f'{{"dataset":{"null" if symbol.dataset is None else _json(symbol.dataset)},{error}"lag":{symbol.lag},'
        f'"metric":{_json(symbol.metric)},"name":{_json(symbol.name)},"source_execution_id":{source},'
        f'"tags":{_tags_json(symbol.tags)},{value}"yyyy_mm_dd":"{symbol.yyyy_mm_dd.isoformat()}"}}'
    )


_json = lru_cache(maxsize=4096)(encode_basestring_ascii)


def _tags_json(tags: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(tags.items())), separators=(",", ":")) if tags else "{}"


def _result(row: Sequence[Any]) -> AssertionResult:
    # Taken apart at once, since a column by its name costs half a microsecond: the columns of RESULT in their order.
    _, _, _, suite, check, assertion, day, tags, severity, status, value, exact, reasons, *texts = row
    bound, expression, message, symbols = texts[:4]
    metric: Result[Number, tuple[str, ...]] = (
        Success(join_number(value, exact)) if reasons is None else Failure(tuple(reasons))
    )
    return AssertionResult(
        suite,
        check,
        assertion,
        day,
        tags_of(tags),
        Severity(severity),
        Status(status),
        metric,
        bound,
        expression,
        tuple(unpack_symbol(symbol) for symbol in symbols),
        message,
    )
