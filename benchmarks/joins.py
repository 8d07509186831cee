"""How well joins are found on schemas with known keys: `python -m benchmarks joins`, beside a rule of names alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import duckdb

from benchmarks._pages import put_results
from benchmarks.join_schemas import HELD_OUT, TUNED, Columns, Schema, Truth
from dqx_core.datasets.catalog import DuckDBCatalog
from dqx_core.datasets.join_detection import detect_joins
from dqx_core.engines.duckdb import DuckDB

REPORT = Path(__file__).with_suffix(".md")
SEED = 1
HIGH_VALUE = {"customer_id", "product_id", "user_id", "order_id", "item_id", "account_id"}

Answers = dict[tuple[str, Columns], list[tuple[str, Columns]]]
"""Left table and columns → right tables and columns, the likeliest first."""


@dataclass(frozen=True)
class Found:
    """How one way of answering did on one schema."""

    keys: int
    answered: int
    """Keys' left columns that got any answer."""
    first_right: int
    """… whose first answer is right."""
    found: int
    """Keys among the answers, at any place."""
    unrelated: int
    """Pairs of tables without a key between them."""
    false_pairs: int
    """… that got an answer."""
    false_columns: int
    """Left columns that are no key, and got an answer."""


def by_us(engine: DuckDB, tables: list[str]) -> Answers:
    """What `detect_joins` answers."""
    answers: Answers = {}
    for each in detect_joins(tables, engine, DuckDBCatalog(engine)):
        left, right = (each.left_table, each.left_columns), (each.right_table, each.right_columns)
        answers.setdefault(left, []).append(right)
    return answers


def by_names(engine: DuckDB, tables: list[str]) -> Answers:
    """The plain rule: points for equal names and types, key-like names, well-known names and `<table>_id` = `id`."""
    schemas = {table: DuckDBCatalog(engine).schema(table) for table in tables}
    scored: dict[tuple[str, Columns], list[tuple[int, tuple[str, Columns]]]] = {}
    for left, right in permutations(tables, 2):
        for one, one_type in schemas[left].items():
            for other, other_type in schemas[right].items():
                points = rule_points(one, one_type, right, other, other_type)
                if points >= 6:
                    scored.setdefault((left, (one,)), []).append((points, (right, (other,))))
    return {left: [r for _, r in sorted(found, key=lambda each: -each[0])] for left, found in scored.items()}


def rule_points(one: str, one_type: str, right: str, other: str, other_type: str) -> int:
    """Points of a pair of columns; 12 are high confidence, 6 medium."""
    one, other, table = one.lower(), other.lower(), right.rsplit(".", 1)[-1].lower()
    key_like = all(name == "id" or name.endswith(("_id", "_key", "_code", "_sk")) for name in (one, other))
    named_for = other == "id" and one in {f"{table}_id", f"{table.removesuffix('s')}_id"}
    return (
        10 * (one == other)
        + 2 * (one_type == other_type)
        + 3 * key_like
        + 4 * (one == other and one in HIGH_VALUE)
        + 8 * named_for
    )


def judged(schema: Schema, answers: Answers) -> Found:
    """Answers beside the truth. A truth may be found from its other side where it is one row to one."""
    truths = {(f"raw_data.{a}", b, f"raw_data.{c}", d) for a, b, c, d in schema.truths}
    rights: dict[tuple[str, Columns], set[tuple[str, Columns]]] = {}
    for a, b, c, d in truths:
        rights.setdefault((a, b), set()).add((c, d))
    lefts = {truth[:2] for truth in truths}
    flipped = {(c, d, a, b) for a, b, c, d in truths}
    for a, b, c, d in implied(truths):
        rights.setdefault((a, b), set()).add((c, d))
    related = {frozenset((a, c)) for a, _, c, _ in truths | implied(truths)} | siblings(truths | implied(truths))
    tables = [f"raw_data.{table}" for table in schema.tables]
    pairs = {frozenset(pair) for pair in permutations(tables, 2)}
    answered_pairs = {frozenset((left[0], right[0])) for left, found in answers.items() for right in found}
    return Found(
        keys=len(truths),
        answered=sum(left in answers for left in lefts),
        first_right=sum(answers[left][0] in rights[left] for left in lefts if left in answers),
        found=sum((c, d) in answers.get((a, b), []) for a, b, c, d in truths),
        unrelated=len(pairs - related),
        false_pairs=len((pairs - related) & answered_pairs),
        false_columns=sum(
            left not in rights and not all((*left, *right) in flipped for right in found)
            for left, found in answers.items()
        ),
    )


def implied(truths: set[tuple[str, Columns, str, Columns]]) -> set[tuple[str, Columns, str, Columns]]:
    """What follows from the keys: a column of a composite key refers to what its namesake refers to itself."""
    found: set[tuple[str, Columns, str, Columns]] = {
        (a, (one,), c, (other,)) for a, b, c, d in truths for one, other in zip(b, d, strict=True)
    }
    while more := {(a, b, e, f) for a, b, c, d in found for g, h, e, f in found if (c, d) == (g, h)} - found:
        found |= more
    return {each for each in found if each[2:] in {truth[2:] for truth in truths}} - truths


def siblings(truths: set[tuple[str, Columns, str, Columns]]) -> set[frozenset[str]]:
    """Pairs of tables that refer to one key of a third: they may join on it, though nobody wrote that they do."""
    return {frozenset((one[0], other[0])) for one, other in permutations(truths, 2) if one[2:] == other[2:]}


def loaded(schema: Schema) -> DuckDB:
    """The tables of a schema on a new database."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA raw_data")
    for name, frame in schema.tables.items():
        connection.register("given", frame)
        connection.execute(f'CREATE TABLE raw_data."{name}" AS SELECT * FROM given')
        connection.unregister("given")
    return DuckDB(connection)


WAYS: Mapping[str, Callable[[DuckDB, list[str]], Answers]] = {"dqx": by_us, "names alone": by_names}


SETS: Mapping[str, Mapping[str, Callable[[int], Schema]]] = {"set on": TUNED, "held out": HELD_OUT}


@dataclass(frozen=True)
class Result:
    """How the ways of answering did on one schema."""

    set_name: str
    schema: str
    tables: int
    ways: Mapping[str, tuple[Found, float]]
    """Way → how it did, and the median of its seconds."""


def measured() -> list[Result]:
    """Every schema, answered in every way."""
    results = []
    for set_name, schemas in SETS.items():
        for name, make in schemas.items():
            schema = make(SEED)
            engine, tables = loaded(schema), [f"raw_data.{table}" for table in schema.tables]
            ways = {}
            for way, answer in WAYS.items():
                seconds = []
                for _ in range(3):
                    began = time.perf_counter()
                    answers = answer(engine, tables)
                    seconds.append(time.perf_counter() - began)
                ways[way] = judged(schema, answers), statistics.median(seconds)
            results.append(Result(set_name, name, len(tables), ways))
    return results


def missed(schema: Schema, answers: Answers) -> list[Truth]:
    """The keys that are not among the answers."""
    return [
        (a, b, c, d)
        for a, b, c, d in schema.truths
        if (f"raw_data.{c}", d) not in answers.get((f"raw_data.{a}", b), [])
    ]


def percent(part: int, whole: int) -> str:
    """A share as text."""
    return f"{100 * part / whole:.1f} %" if whole else "none"


def row(names: str, tables: int, way: str, found: Sequence[Found], seconds: float) -> str:
    """A line of the table, of one schema or of several together."""

    def total(field: str) -> int:
        return sum(getattr(each, field) for each in found)

    return (
        f"| {names} | {tables} | {total('keys')} | {way} | {percent(total('first_right'), total('answered'))} "
        f"| {percent(total('found'), total('keys'))} | {percent(total('false_pairs'), total('unrelated'))} "
        f"({total('false_pairs')} of {total('unrelated')}) | {total('false_columns')} | {seconds:.2f} |"
    )


def main() -> None:
    """Measure, print and write the report."""
    results = measured()
    lines = [
        "| schema | tables | keys | way | precision at 1 | recall "
        "| unrelated pairs answered | columns that are no key answered | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for set_name in SETS:
        of_set = [each for each in results if each.set_name == set_name]
        for result in of_set:
            found, seconds = result.ways["dqx"]
            lines.append(row(f"{result.schema} ({set_name})", result.tables, "dqx", [found], seconds))
        for way in WAYS:
            ways = [each.ways[way] for each in of_set]
            tables, seconds = sum(each.tables for each in of_set), sum(each[1] for each in ways)
            lines.append(row(f"**all that are {set_name}**", tables, way, [each[0] for each in ways], seconds))
    put_results(REPORT, "\n".join(lines))


if __name__ == "__main__":
    main()
