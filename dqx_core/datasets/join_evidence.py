"""What the rows say about a join: one scan for the facts of a table's columns, then values looked up in samples."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dqx_core.sql.dialects import dialect_of
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named, table_of

if TYPE_CHECKING:
    from types import TracebackType

    from sqlglot import exp

    from dqx_core.engines.base import Engine

KEY_TYPES = frozenset({"INT64", "STRING", "DATE", "DATETIME", "TIMESTAMP"})
SAMPLE = 2_000
"""About so many distinct values of a column are looked up."""

FEWEST_KEYS = 0.35
"""The share of keys that must be found before rows count."""

FEW_VALUES = 5
"""Fewer distinct values prove little, whatever they are."""

MANY_VALUES = 100

_LIKELY_UNIQUE = 0.8
"""Columns whose approximate uniqueness is above it are counted exactly."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class ColumnFacts:
    """A column that may be a key, over all rows."""

    type: str
    filled: int
    """Rows that are not null."""
    distinct: int
    """Exact where the column is nearly unique, else approximate."""
    low: int | None
    """The smallest value as a number: of whole numbers, days, and texts that end in digits; None: it is none."""
    high: int | None
    length: float
    """Mean number of characters."""

    @property
    def uniqueness(self) -> float:
        """Distinct values per row; 0 without rows."""
        return min(1.0, self.distinct / self.filled) if self.filled else 0.0

    @property
    def has_many_texts(self) -> bool:
        """Whether a few texts would hardly all be among them by accident."""
        return self.type == "STRING" and self.distinct >= MANY_VALUES

    def density(self, low: int, high: int) -> float:
        """How many of the numbers of a range the column has, if its values lie evenly in its own."""
        if self.low is None or self.high is None or high < low:
            return 0.0
        shared = max(0, min(high, self.high) - max(low, self.low) + 1)
        return min(1.0, self.distinct / (self.high - self.low + 1)) * shared / (high - low + 1)


def chance(left: ColumnFacts, right: ColumnFacts) -> float:
    """The share of left values that the right side would have if they had nothing to do with each other."""
    if left.low is not None and left.high is not None:
        by_range = right.density(left.low, left.high)
        # Texts that end in digits also have the same letters before them, which says a little.
        return by_range if left.type != "STRING" or left.length < 3 else 0.8 * by_range
    if left.distinct < FEW_VALUES and not right.has_many_texts:
        return 0.5
    return 0.5 if right.distinct < 50 and right.length <= 3 else 0.0


@dataclass(frozen=True)
class Evidence:
    """What became of the sampled keys of the left side on the right."""

    inclusion: float
    orphans: float
    fan_out: float
    others: float
    """Share of the rows of all keys but the most frequent one that find a row."""
    found: int
    """How many of the sampled keys find a row."""

    def included(self, right_keys: int) -> float:
        """The share that is found, of keys or of rows: a few rows with wrong keys are many keys of one row each.

        Rows do not stand for keys where one key has most of them (zeros), nor where few of the keys on either side
        are found.
        """
        if self.inclusion < FEWEST_KEYS and self.found < FEWEST_KEYS * right_keys:
            return self.inclusion
        return max(self.inclusion, min(1 - self.orphans, self.others))


def column_facts(table: str, schema: Mapping[str, str], engine: Engine) -> dict[str, ColumnFacts]:
    """The facts of the columns that may be keys: one scan, and one more for those that are nearly unique."""
    from sqlglot import exp

    columns = [column for column, type_name in schema.items() if type_name in KEY_TYPES]
    if not columns:
        return {}
    seen = _row(engine, table, {f"{what}_{n}": tree for n, c in enumerate(columns) for what, tree in _facts(c, schema)})
    near = [n for n in range(len(columns)) if seen[f"about_{n}"] >= _LIKELY_UNIQUE * max(1, seen[f"filled_{n}"])]
    exact: dict[str, Any] = {}
    if near:
        exact = _row(
            engine,
            table,
            {f"distinct_{n}": exp.Count(this=exp.Distinct(expressions=[column_named(columns[n])])) for n in near},
        )
    return {
        column: ColumnFacts(
            type=schema[column],
            filled=seen[f"filled_{n}"],
            distinct=exact.get(f"distinct_{n}", seen[f"about_{n}"]),
            low=seen[f"low_{n}"] if seen[f"numbers_{n}"] == seen[f"filled_{n}"] else None,
            high=seen[f"high_{n}"] if seen[f"numbers_{n}"] == seen[f"filled_{n}"] else None,
            length=seen[f"length_{n}"] or 0.0,
        )
        for n, column in enumerate(columns)
    }


def _facts(column: str, schema: Mapping[str, str]) -> list[tuple[str, exp.Expr]]:
    from sqlglot import exp

    number = _number(column, schema[column])
    return [
        ("filled", exp.Count(this=column_named(column))),
        ("about", exp.ApproxDistinct(this=column_named(column))),
        ("numbers", exp.Count(this=number)),
        ("low", exp.Min(this=number.copy())),
        ("high", exp.Max(this=number.copy())),
        ("length", exp.Avg(this=exp.Length(this=_text(column)))),
    ]


def _number(column: str, type_name: str) -> exp.Expr:
    from sqlglot import exp

    match type_name:
        case "INT64":
            return exp.cast(column_named(column), "bigint")
        case "DATE" | "DATETIME" | "TIMESTAMP":  # of moments, too, as days: the numbers say how dense they lie
            since = exp.cast(literal("1970-01-01"), "date")
            return exp.DateDiff(this=exp.cast(column_named(column), "date"), expression=since, unit=exp.var("DAY"))
    digits = exp.RegexpExtract(this=_text(column), expression=literal("[0-9]{1,18}$"))
    return exp.TryCast(this=digits, to=exp.DataType.build("bigint"))


def _row(engine: Engine, table: str, aggregates: Mapping[str, exp.Expr]) -> dict[str, Any]:
    from sqlglot import exp

    query = exp.select(*(exp.alias_(tree, name, quoted=True) for name, tree in aggregates.items()))
    return dict(engine.run(query.from_(table_of(table))).to_pylist()[0])


def _text(name: str) -> exp.Expr:
    from sqlglot import exp

    return exp.cast(column_named(name), "text")


def _not_null(columns: Sequence[str]) -> list[exp.Expr]:
    from sqlglot import exp

    return [exp.not_(exp.Is(this=column_named(column), expression=exp.Null())) for column in columns]


def _sampled(table: str, columns: Sequence[str], distinct: int, dialect: str) -> exp.Select:
    """About `SAMPLE` keys of a table with the number of their rows: those with certain hashes, whatever the order."""
    from sqlglot import exp

    query = exp.select(
        *(exp.alias_(_text(column), f"key_{n}", quoted=True) for n, column in enumerate(columns)),
        exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True),
    ).from_(table_of(table))
    every = max(1, distinct // SAMPLE)
    if every > 1:
        texts = [_text(column) for column in columns]
        key = texts[0] if len(texts) == 1 else exp.Concat(expressions=texts, safe=False)
        hashed = exp.Anonymous(this=dialect_of(dialect).hash64, expressions=[key])
        query = query.where(exp.EQ(this=exp.Mod(this=hashed, expression=literal(every)), expression=literal(0)))
    return query.where(*_not_null(columns)).group_by(*(_text(column) for column in columns))


class Samples:
    """Sampled values of columns, readable by the engine while the block lasts.

    DuckDB takes them once and is given them back as a table; a warehouse, which nothing is written to here, samples
    again in each question.
    """

    def __init__(self, engine: Engine, facts: Mapping[tuple[str, str], ColumnFacts]) -> None:
        self._engine = engine
        self._facts = facts
        self._columns = list(facts)
        self._view = f"dqx_samples_{next(_numbers)}"

    def __enter__(self) -> Samples:
        import pyarrow as pa

        from dqx_core.engines.duckdb import DuckDB

        if isinstance(self._engine, DuckDB):
            parts = []
            for number, each in enumerate(self._columns):
                rows = self._engine.run(self._sampled(each))
                parts.append(rows.append_column("of", pa.array([number] * rows.num_rows, pa.int64())))
            if parts:
                self._engine.register(self._view, pa.concat_tables(parts))
        return self

    def _sampled(self, column: tuple[str, str]) -> exp.Select:
        return _sampled(column[0], [column[1]], self._facts[column].distinct, self._engine.dialect)

    def _of(self, columns: Collection[tuple[str, str]]) -> exp.Expr:
        """The samples of some columns, each with its number, to be read from."""
        from sqlglot import exp

        from dqx_core.engines.duckdb import DuckDB

        if isinstance(self._engine, DuckDB):
            return exp.Table(this=exp.to_identifier(self._view, quoted=True))
        parts: list[exp.Query] = [
            exp.select(exp.Star(), exp.alias_(literal(self._columns.index(each)), "of", quoted=True)).from_(
                self._sampled(each).subquery("one")
            )
            for each in columns
        ]
        every = parts[0]
        for part in parts[1:]:
            every = exp.Union(this=every, expression=part, distinct=False)
        return every.subquery()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from dqx_core.engines.duckdb import DuckDB

        if self._columns and isinstance(self._engine, DuckDB):
            self._engine.connection.unregister(self._view)

    def found_in(self, table: str, column: str, lefts: Collection[tuple[str, str]]) -> dict[tuple[str, str], Evidence]:
        """What becomes of the sampled values of some columns in another."""
        from sqlglot import exp

        of, key, rows = (exp.column(name, table="sample", quoted=True) for name in ("of", "key_0", "rows"))
        sample = self._of(lefts)
        keys = exp.select(column_named("key_0")).from_(_named(sample.copy(), "sampled"))
        right = (
            exp.select(
                exp.alias_(_text(column), "value", quoted=True),
                exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True),
            )
            .from_(table_of(table))
            .where(exp.In(this=_text(column), query=keys.subquery()))
            .group_by(exp.Literal.number(1))
        )
        numbers = [literal(self._columns.index(left)) for left in lefts]
        query = (
            exp.select(exp.alias_(of, "of", quoted=True), *_counts(rows))
            .from_(_named(sample, "sample"))
            .join(
                right.subquery("partner"),
                on=exp.EQ(this=key, expression=exp.column("value", table="partner", quoted=True)),
                join_type="left",
            )
            .where(exp.In(this=of.copy(), expressions=numbers))
            .group_by(of.copy())
        )
        return {self._columns[row["of"]]: _evidence(row) for row in self._engine.run(query).to_pylist()}


def _named(source: exp.Expr, name: str) -> exp.Expr:
    """A table or a query in brackets, under a name."""
    from sqlglot import exp

    source.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    return source


def _counts(rows: exp.Expr) -> list[exp.Expr]:
    """How many sampled keys and rows there are, how many find a partner, and how many partners."""
    from sqlglot import exp

    partners = exp.column("rows", table="partner", quoted=True)
    found = exp.not_(exp.Is(this=partners, expression=exp.Null()))
    counts = {
        "keys": exp.Count(this=exp.Star()),
        "all_rows": exp.Sum(this=rows),
        "found": exp.Count(this=partners.copy()),
        "found_rows": exp.Sum(this=exp.Case(ifs=[exp.If(this=found, true=rows.copy())])),
        "partners": exp.Sum(this=partners.copy()),
        "most_rows": exp.Max(this=rows.copy()),
        "most_found": exp.Max(this=exp.Case(ifs=[exp.If(this=found.copy(), true=rows.copy())])),
    }
    return [exp.alias_(exp.cast(tree, "bigint"), name, quoted=True) for name, tree in counts.items()]


def _evidence(row: Mapping[str, Any]) -> Evidence:
    keys, found = row["keys"], row["found"]
    most, rest = row["most_rows"] or 0, (row["all_rows"] or 0) - (row["most_rows"] or 0)
    rest_found = (row["found_rows"] or 0) - (most if row["most_found"] == most else 0)
    return Evidence(
        inclusion=found / keys if keys else 0.0,
        orphans=1 - (row["found_rows"] or 0) / row["all_rows"] if keys else 0.0,
        fan_out=row["partners"] / found if found else 0.0,
        found=found,
        others=rest_found / rest if rest else found / keys if keys else 0.0,
    )


def uniqueness(table: str, columns: Sequence[str], engine: Engine) -> tuple[float, int]:
    """Distinct keys of several columns per row that has them all, and how many there are."""
    from sqlglot import exp

    keys = (
        exp.select(exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True))
        .from_(table_of(table))
        .where(*_not_null(columns))
        .group_by(*(column_named(column) for column in columns))
    )
    query = exp.select(
        exp.alias_(exp.Count(this=exp.Star()), "keys", quoted=True),
        exp.alias_(exp.cast(exp.Sum(this=column_named("rows")), "bigint"), "all_rows", quoted=True),
    ).from_(keys.subquery("keys"))
    row = engine.run(query).to_pylist()[0]
    return (row["keys"] / row["all_rows"] if row["all_rows"] else 0.0), row["keys"]


def together(
    left: str, left_columns: Sequence[str], right: str, right_columns: Sequence[str], distinct: int, engine: Engine
) -> Evidence:
    """What becomes of sampled keys of several columns."""
    from sqlglot import exp

    names = [f"key_{n}" for n in range(len(left_columns))]
    partners = (
        exp.select(
            *(exp.alias_(_text(column), name, quoted=True) for column, name in zip(right_columns, names, strict=True)),
            exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True),
        )
        .from_(table_of(right))
        .group_by(*(_text(column) for column in right_columns))
    )
    same = [
        exp.EQ(
            this=exp.column(name, table="sample", quoted=True),
            expression=exp.column(name, table="partner", quoted=True),
        )
        for name in names
    ]
    query = (
        exp.select(*_counts(exp.column("rows", table="sample", quoted=True)))
        .from_(_sampled(left, left_columns, distinct, engine.dialect).subquery("sample"))
        .join(partners.subquery("partner"), on=exp.and_(*same), join_type="left")
    )
    return _evidence(engine.run(query).to_pylist()[0])
