"""`python -m examples.shop`: put the shop into a DuckDB file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from examples.shop import World, generate


def day(given: str | date) -> date:
    """Read a day such as 2024-01-31; typer hands the default over as it is."""
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"'{given}' is not a day such as 2024-01-31.") from None


app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def make(
    days: Annotated[int, typer.Option(min=1, help="How many days the shop sells.")] = 21,
    rows_per_day: Annotated[
        int, typer.Option(min=1, help="Sales on a weekday of the first week; it grows from there.")
    ] = 3000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same rows.")] = 7,
    start: Annotated[date, typer.Option(parser=day, metavar="YYYY-MM-DD", help="The first day.")] = date(2024, 1, 1),
    database: Annotated[Path, typer.Option(help="The DuckDB file; its folder is made.")] = Path("data/shop.duckdb"),
    incidents: Annotated[bool, typer.Option(help="Plant the bad days, or leave every day clean.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Write even if the file holds this very shop.")] = False,
) -> None:
    """Make the raw tables of an online shop, with five bad days that a check should find.

    The file gets raw_data.transactions, raw_data.products and raw_data.customers. Days 10, 12, 14, 17 and 19 are bad,
    as far as the shop lives that long; what is wrong on them is printed at the end.

    A file that already holds this very shop is left as it is. A file that holds another shop is replaced. A database
    without a shop in it is never touched.

    The shop of the README:

    `python -m examples.shop`

    A million rows a day, to see how fast things are:

    `python -m examples.shop --days 7 --rows-per-day 1000000 --database data/large.duckdb`
    """
    console = Console()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        selling = bar.add_task("Selling", total=days)

        def sold(today: date, _: int) -> None:
            bar.update(selling, advance=1, description=f"Selling on {today}")

        try:
            world = generate(
                database,
                days=days,
                rows_per_day=rows_per_day,
                seed=seed,
                start=start,
                incidents=incidents,
                force=force,
                progress=sold,
            )
        except (FileExistsError, duckdb.Error) as problem:
            raise typer.BadParameter(str(problem), param_hint="--database") from None
    show(world, database, console)


def show(world: World, database: Path, console: Console) -> None:
    """Print what is in the file, and the bad days."""
    rows = ", ".join(f"{count:,} {table}" for table, count in world.rows.items())
    done = "Made the shop" if world.made else "Nothing to write: this very shop is already"
    console.print(f"{done} in {escape(str(database))}: {rows}.", soft_wrap=True)
    if world.incidents:
        table = Table("day", "date", "what is wrong", "caught by", title="Bad days", title_justify="left")
        for day, incident in world.incidents.items():
            table.add_row(str(incident.day), str(day), incident.what, incident.caught_by)
        console.print(table)


if __name__ == "__main__":
    app(prog_name="python -m examples.shop")
