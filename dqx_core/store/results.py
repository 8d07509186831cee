"""Verdicts in the store: the results of an execution, and the newest result of each assertion."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import chain
from json.encoder import encode_basestring_ascii
from typing import Any

from returns.result import Failure, Result, Success
from sqlalchemy import ColumnElement, Connection, Dialect, func, select

from dqx_core.keys import ExecutionId, ResultKey, Tags
from dqx_core.pausing import no_collection
from dqx_core.report import AssertionResult, Compared, Severity, Status, SymbolInfo
from dqx_core.states import Number
from dqx_core.store.codec import (
    join_number,
    place_of,
    result_key,
    split_number,
    tags_of,
    unpack_compared,
    unpack_symbol,
    window_of,
)
from dqx_core.store.reading import chunks
from dqx_core.store.tables import EXECUTION, RESULT
from dqx_core.store.writing import need_executions, next_sequence, processor, upsert, write_to


def persist_results(
    connection: Connection, execution_id: ExecutionId, results: Iterable[AssertionResult], now: dt.datetime
) -> None:
    """Write verdicts; one that the execution gave before is replaced, and keeps its place."""
    execution = need_executions(connection, [execution_id], now)[execution_id]
    sequence = next_sequence(connection)
    write_to(connection, [execution_id], sequence)
    row = _rows(connection.dialect, execution, sequence, now)
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


@dataclass(frozen=True)
class Given:
    """Who gave a verdict, and when."""

    execution_id: ExecutionId
    origin: str | None
    """What started the execution: "dagster", "cli", "python"; None: nobody said."""
    given: dt.datetime
    """When it was written."""
    sequence: int
    """The store's number of the write: of two verdicts the later has the higher. 0: of an older dqx."""


@dataclass(frozen=True)
class Asked:
    """Which verdicts; None asks nothing."""

    suite: str | None = None
    check: str | None = None
    assets: Collection[str] | None = None
    tags: Mapping[str, str] | None = None
    from_date: dt.date | None = None
    until_date: dt.date | None = None
    days: Collection[dt.date] | None = None
    origins: Collection[str] | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """The same on the columns of results."""
        if self.suite is not None:
            yield RESULT.c.suite == self.suite
        if self.check is not None:
            yield RESULT.c.check_name == self.check
        if self.assets is not None:
            yield RESULT.c.asset.in_(self.assets)
        if self.tags is not None:
            yield RESULT.c.tags == Tags(self.tags).canonical
        if self.from_date is not None:
            yield RESULT.c.yyyy_mm_dd >= self.from_date
        if self.until_date is not None:
            yield RESULT.c.yyyy_mm_dd <= self.until_date
        if self.days is not None:
            yield RESULT.c.yyyy_mm_dd.in_(self.days)
        if self.origins is not None:
            started_so = select(EXECUTION.c.execution).where(EXECUTION.c.origin.in_(self.origins))
            yield RESULT.c.execution.in_(started_so)


def judged(result: AssertionResult) -> tuple[str, str, str, ResultKey]:
    """What a verdict speaks of, whatever asset it names."""
    return result.suite, result.check, result.assertion, result.key


def assets_judged(connection: Connection, asked: Asked) -> dict[tuple[str, str], str]:
    """By check and assertion the asset of the newest verdict of all windows and tags; of those that name one."""
    place = RESULT.c.check_name, RESULT.c.assertion
    named = [*asked.conditions(), RESULT.c.asset.is_not(None)]
    last = func.max(RESULT.c.sequence).label("last")
    rows = connection.execute(
        select(*place, RESULT.c.asset, last).where(*named).group_by(*place, RESULT.c.asset).order_by("last")
    )
    return {(check, assertion): asset for check, assertion, asset, _ in rows}


def newest_results(connection: Connection, asked: Asked) -> dict[AssertionResult, Given]:
    """The newest verdict of each suite, check, assertion, asset, window and tags, and who gave it."""
    days = None if asked.days is None else sorted(asked.days)
    parts = [asked] if days is None else [replace(asked, days=some) for some in chunks(days)]
    found = dict(chain.from_iterable(_newest(connection, part).items() for part in parts))
    later: dict[tuple[str, str, str, ResultKey], int] = {}
    if any(result.asset is None for result in found):
        for result, given in found.items():
            if result.asset is not None:
                later[judged(result)] = max(given.sequence, later.get(judged(result), 0))
    return {
        result: given
        for result, given in found.items()
        if result.asset is not None or later.get(judged(result), -1) < given.sequence
    }


def _newest(connection: Connection, asked: Asked) -> dict[AssertionResult, Given]:
    newest = RESULT.c.sequence.desc(), RESULT.c.execution.desc()
    place = func.row_number().over(partition_by=RESULT.c.result_key, order_by=newest)
    ranked = select(RESULT.c.result_id, place.label("place")).where(*asked.conditions()).subquery()
    rows = connection.execute(
        select(RESULT, EXECUTION.c.execution_id, EXECUTION.c.origin)
        .join(ranked, ranked.c.result_id == RESULT.c.result_id)
        .join(EXECUTION, EXECUTION.c.execution == RESULT.c.execution)
        .where(ranked.c.place == 1)
        .order_by(RESULT.c.yyyy_mm_dd, RESULT.c.starts, RESULT.c.result_id)
    )
    return {_result(row): Given(row.execution_id, row.origin, row.created, row.sequence) for row in rows}


_COLUMNS = tuple(column.name for column in RESULT.columns if column.name != "result_id")
_KEY = _COLUMNS.index("result_key")


def _rows(
    dialect: Dialect, execution: int, sequence: int, now: dt.datetime
) -> Callable[[AssertionResult], tuple[Any, ...]]:
    """What makes a verdict its row, in the order of the columns; what many verdicts share is made once."""
    kept = {name: processor(RESULT.c[name], dialect) for name in _COLUMNS}
    created = kept["created"](now)
    words = cache(kept["suite"])  # columns of text are all alike
    stored_day = cache(kept["yyyy_mm_dd"])

    def row(result: AssertionResult) -> tuple[Any, ...]:
        tags = (result.tags if type(result.tags) is Tags else Tags(result.tags)).canonical
        value, exact, reasons = None, None, None
        match result.metric:
            case Success(number):
                value, exact = split_number(number)
            case Failure(why):
                reasons = kept["reasons"](list(why))
        day, starts, span = place_of(result.key) if result.window else (result.yyyy_mm_dd, 0, 0)
        at = day.isoformat(), starts, span
        return (
            execution,
            result_key(result.suite, result.check, result.assertion, result.asset, at, tags),
            words(result.suite),
            words(result.check),
            words(result.assertion),
            stored_day(day),
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
            starts,
            span,
            words(result.asset),
            None if result.compared is None else compared_text(result.compared),
            words(result.materialization),
            sequence,
        )

    return row


def symbols_text(symbols: Iterable[SymbolInfo]) -> str:
    """Symbols as the JSON that `unpack_symbol` reads.

    Written out by hand, since the symbols of every verdict pass here: `json.dumps` takes three times as long.
    """
    return f"[{','.join(map(_symbol_text, symbols))}]"


def _symbol_text(symbol: SymbolInfo) -> str:
    match symbol.value:
        case Success(number):
            error, value = "", f'"value":{_number_text(number)},'
        case Failure(reason):
            error, value = f'"error":{_json(reason)},', ""
    source = "null" if symbol.source_execution_id is None else _json(symbol.source_execution_id)
    window = ""
    if symbol.window is not None:
        window = f'"window":["{symbol.window.start.isoformat()}","{symbol.window.end.isoformat()}"],'
    return (
        f'{{"dataset":{"null" if symbol.dataset is None else _json(symbol.dataset)},{error}"lag":{symbol.lag},'
        f'"metric":{_json(symbol.metric)},"name":{_json(symbol.name)},"source_execution_id":{source},'
        f'"tags":{_tags_json(symbol.tags)},{value}{window}"yyyy_mm_dd":"{symbol.yyyy_mm_dd.isoformat()}"}}'
    )


def compared_text(compared: Compared) -> str:
    """What a verdict compared, as the JSON that `unpack_compared` reads, by hand as symbols are."""
    limits = ",".join([_number_text(limit) for limit in compared.limits])
    return (
        f'{{"factor":{_number_text(compared.factor)},"limits":[{limits}],"operator":{_json(compared.operator)},'
        f'"profiles":[{",".join(map(_json, compared.profiles))}],"tolerance":{_number_text(compared.tolerance)}}}'
    )


def _number_text(number: Number) -> str:
    """A number as JSON; one that JSON has no word for is a text."""
    if isinstance(number, int):
        return int.__repr__(number)
    shown = float.__repr__(number)
    return shown if math.isfinite(number) else f'"{shown}"'


_json = lru_cache(maxsize=4096)(encode_basestring_ascii)


def _tags_json(tags: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(tags.items())), separators=(",", ":")) if tags else "{}"


def _result(row: Sequence[Any]) -> AssertionResult:
    # Taken apart at once, since a column by its name costs half a microsecond: the columns of RESULT in their order.
    _, _, _, suite, check, assertion, day, tags, severity, status, value, exact, reasons, *texts = row
    bound, expression, message, symbols, _, starts, span, asset, compared, materialization = texts[:10]
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
        window_of(day, starts, span),
        asset,
        None if compared is None else unpack_compared(compared),
        materialization,
    )
