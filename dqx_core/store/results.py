"""Verdicts in the store: the results of an execution, and the newest result of each assertion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from returns.result import Failure, Result, Success
from sqlalchemy import ColumnElement, Connection, Row, func, select

from dqx_core.keys import ExecutionId, Tags
from dqx_core.report import AssertionResult, Severity, Status
from dqx_core.states import Number
from dqx_core.store.codec import digest, join_number, pack_symbol, split_number, tags_of, unpack_symbol
from dqx_core.store.tables import EXECUTION, RESULT
from dqx_core.store.writing import need_executions, revive, upsert


def persist_results(connection: Connection, execution_id: ExecutionId, results: Iterable[AssertionResult]) -> None:
    """Write verdicts; one that the execution gave before is replaced, and keeps its place."""
    now = dt.datetime.now(dt.UTC)
    execution = need_executions(connection, [execution_id], now)[execution_id]
    revive(connection, [execution_id])
    rows = [{"execution": execution, **_columns(result), "created": now} for result in results]
    last = {row["result_key"]: row for row in rows}
    upsert(connection, RESULT, list(last.values()), on=["result_key", "execution"])


def results_of(connection: Connection, execution_id: ExecutionId) -> list[AssertionResult]:
    """The verdicts of an execution, in the order in which they were first given."""
    rows = connection.execute(
        select(RESULT)
        .join(EXECUTION, EXECUTION.c.execution == RESULT.c.execution)
        .where(EXECUTION.c.execution_id == execution_id)
        .order_by(RESULT.c.result_id)
    )
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


def _columns(result: AssertionResult) -> dict[str, Any]:
    tags = Tags(result.tags).canonical
    value, exact, reasons = None, None, None
    match result.metric:
        case Success(number):
            value, exact = split_number(number)
        case Failure(why):
            reasons = list(why)
    return {
        "result_key": digest(result.suite, result.check, result.assertion, result.yyyy_mm_dd.isoformat(), tags),
        "suite": result.suite,
        "check_name": result.check,
        "assertion": result.assertion,
        "yyyy_mm_dd": result.yyyy_mm_dd,
        "tags": tags,
        "severity": str(result.severity),
        "status": str(result.status),
        "value": value,
        "exact": exact,
        "reasons": reasons,
        "bound": result.bound,
        "expression": result.expression,
        "message": result.message,
        "symbols": [pack_symbol(symbol) for symbol in result.symbols],
    }


def _result(row: Row[Any]) -> AssertionResult:
    metric: Result[Number, tuple[str, ...]] = (
        Success(join_number(row.value, row.exact)) if row.reasons is None else Failure(tuple(row.reasons))
    )
    return AssertionResult(
        row.suite,
        row.check_name,
        row.assertion,
        row.yyyy_mm_dd,
        tags_of(row.tags),
        Severity(row.severity),
        Status(row.status),
        metric,
        row.bound,
        row.expression,
        tuple(unpack_symbol(symbol) for symbol in row.symbols),
        row.message,
    )
