"""The raw tables of an online shop, made up, with five bad days that a check should find.

`generate` writes three tables into schema `raw_data` of a DuckDB database: `transactions`, `products` and `customers`.
They have what real data has: weekly seasonality, growth, products and customers that come and go, prices with a heavy
tail, nulls, unicode and rows that arrive late. The world is complete: late rows of the last days are there as well.

On these days, counted from 1, the transactions are wrong, and only on these:

===  ======================  =======================================================  ================================
day  name                    what                                                     caught by
===  ======================  =======================================================  ================================
10   emails_go_null          60 % of the emails are null                              null rate of email
12   cents_instead_of_euros  amounts in electronics are 100 times too high            average of amount
14   batch_loaded_twice      the batch of 14:05 (sales from 13:00 on) is there twice  duplicates of transaction_id
17   half_a_day_missing      nothing after 12:00                                      row count against the day before
19   new_country_code        5 % of the sales have the country XK                     values of country
===  ======================  =======================================================  ================================

The same parameters make the same rows in the same order, whatever the number of threads. A longer world begins with
the transactions of the shorter one, and a world without incidents differs from one with them on those days only.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from examples.shop import incidents as incidents_module
from examples.shop import tables
from examples.shop.incidents import INCIDENTS, Incident

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = ("customers", "products", "transactions")


@dataclass(frozen=True)
class World:
    """A shop that is in the database: its days, the rows of each table, and the bad days by date.

    `made` is False when the database already held this world and nothing was written.
    """

    start: date
    days: int
    rows: Mapping[str, int]
    incidents: Mapping[date, Incident]
    made: bool

    @property
    def end(self) -> date:
        """The first day after the world."""
        return self.start + timedelta(days=self.days)


@dataclass(frozen=True)
class Parameters:
    """All that decides the rows of a world. `recipe` stands for the code that makes them."""

    start: date
    days: int
    rows_per_day: int
    seed: int
    incidents: bool
    recipe: str

    def __post_init__(self) -> None:
        """Refuse a shop that sells nothing."""
        for name in ("days", "rows_per_day"):
            if getattr(self, name) < 1:
                raise ValueError(f"The shop needs {name} of at least 1, got {getattr(self, name)}.")

    @property
    def customers(self) -> int:
        """How many the shop has when the world begins; 1 in 100 of that number arrives every day."""
        return min(max(3 * self.rows_per_day, 300), 200_000)

    @property
    def products(self) -> int:
        """How many the shop sells when the world begins; 1 in 20 of that number is new every week."""
        return min(max(self.rows_per_day // 10, 120), 2_000)

    def as_text(self) -> str:
        """What the database remembers, to tell whether it holds this very world."""
        return json.dumps(asdict(self), default=str)

    def incident(self, day: int) -> Incident | None:
        """What is wrong on a day, counted from 1, if anything."""
        return next((i for i in INCIDENTS if self.incidents and i.day == day), None)


def generate(
    database: str | Path | DuckDBPyConnection,
    *,
    days: int = 21,
    rows_per_day: int = 3000,
    seed: int = 7,
    start: date = date(2024, 1, 1),
    incidents: bool = True,
    force: bool = False,
    progress: Callable[[date, int], object] | None = None,
) -> World:
    """Put the shop into a DuckDB file or an open connection, unless it is there already.

    A file is written beside `database` and renamed when it is whole; in a connection everything happens in one
    transaction. So whoever interrupts it keeps what was there before. `rows_per_day` is a weekday of the first week,
    give or take 2 %. `force` writes even when the same world is there. `progress` is called after each day that is
    written, with its date and its number of rows.

    Raises:
        ValueError: `days` or `rows_per_day` is below 1.
        FileExistsError: The file is a database without a shop in it; it is left alone.
        duckdb.Error: The file is no database or is open elsewhere, or the connection's database has tables of
            these names that are not a shop's; nothing was written.
    """
    import duckdb

    recipe = hashlib.sha256((inspect.getsource(tables) + inspect.getsource(incidents_module)).encode()).hexdigest()
    wanted = Parameters(start, days, rows_per_day, seed, incidents, recipe)
    if isinstance(database, duckdb.DuckDBPyConnection):
        with database.cursor() as cursor:  # its own transaction, and temporary tables that go away with it
            if _remembered(cursor) == wanted.as_text() and not force:
                return _world(cursor, wanted, made=False)
            return _make(cursor, wanted, progress)

    path = Path(database)
    if path.exists():
        with duckdb.connect(path, read_only=True) as connection:
            found = _remembered(connection)
            if found == wanted.as_text() and not force:
                return _noted(path, _world(connection, wanted, made=False))
        if found is None:
            raise FileExistsError(
                f"{path} is a database without a shop in it, and making one would replace it. "
                "Name another file, or delete this one first."
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        with duckdb.connect(unfinished) as connection:
            world = _make(connection, wanted, progress)
        # A log left by a crash belongs to the old file; DuckDB would play it into the new one.
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        unfinished.replace(path)
    return _noted(path, world)


def last_day(database: Path) -> date | None:
    """The last day of the shop in a file, known without opening it; None: no shop was made there."""
    note = database.with_suffix(".last_day")
    return date.fromisoformat(note.read_text("utf-8").strip()) if note.exists() else None


def _noted(database: Path, world: World) -> World:
    """Write the last day beside the file: every process that loads the code location asks for it."""
    database.with_suffix(".last_day").write_text(f"{world.end - timedelta(days=1)}\n", "utf-8")
    return world


def _make(connection: DuckDBPyConnection, wanted: Parameters, progress: Callable[[date, int], object] | None) -> World:
    """Write all tables in one transaction."""
    seed = str(wanted.seed)
    period = {"start": wanted.start, "days": wanted.days}
    products = {"products": wanted.products, "launches": wanted.products // 20}
    customers = {"customers": wanted.customers, "arrivals": wanted.customers // 100}

    connection.begin()
    try:
        if _remembered(connection) is not None:
            connection.execute(tables.CLEAR)
        for statements in (tables.DICE, tables.SCHEMA, tables.AISLES):
            connection.execute(statements)
        connection.execute(tables.PRODUCTS, {"seed": seed, **period, **products})
        connection.execute(tables.PUBLISH_PRODUCTS, period)
        connection.execute(tables.CUSTOMERS, {"seed": seed, **period, **customers})
        connection.execute(tables.PUBLISH_CUSTOMERS, period)
        calendar = connection.execute(
            tables.CALENDAR, {"seed": seed, "rows_per_day": wanted.rows_per_day, **period}
        ).fetchall()
        for day, today, sales, first_id in calendar:
            connection.execute(tables.SHELF, {"date": today})
            connection.execute(tables.SHOPPERS, {"date": today})
            incident = wanted.incident(day)
            inserted = connection.execute(
                tables.add_day(incident.sql if incident else "FROM clean"),
                {"day": f"{seed}/{day}", "date": today, "sales": sales, "first_id": first_id},
            ).fetchall()
            if progress is not None:
                progress(today, inserted[0][0])
        connection.execute(tables.REMEMBER, {"parameters": wanted.as_text()})
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return _world(connection, wanted, made=True)


def _remembered(connection: DuckDBPyConnection) -> str | None:
    """What the shop in this database was made with; None when there is no shop."""
    known = connection.execute(
        "FROM duckdb_tables() "
        "WHERE database_name = current_database() AND schema_name = 'main' AND table_name = 'shop_world'"
    ).fetchall()
    return str(connection.execute("FROM main.shop_world").fetchall()[0][0]) if known else None


def _world(connection: DuckDBPyConnection, parameters: Parameters, *, made: bool) -> World:
    counts = {table: connection.execute(f"SELECT count(*) FROM raw_data.{table}").fetchall()[0][0] for table in TABLES}
    bad_days = (parameters.incident(day + 1) for day in range(parameters.days))
    return World(
        start=parameters.start,
        days=parameters.days,
        rows=counts,
        incidents={i.date(parameters.start): i for i in bad_days if i},
        made=made,
    )
