"""Commands on what a definition gives: its SQL, its rows, its numbers, its partitions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from dqx_core.errors import DefinitionError
from dqx_dagster.cli.datasets.definitions import Dataset
from dqx_dagster.cli.datasets.places import Places, busy
from dqx_dagster.cli.keys import AllowFuture, partition_option, refuse_future
from dqx_dagster.cli.printing import err, out, print_json, table
from dqx_dagster.cli.store import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dqx_core.datasets.analysis import Analysis
    from dqx_core.datasets.materialize import PartitionResult

Date = Annotated[dt.date | None, partition_option("--date", "The partition; the newest if left out.")]
FirstPartition = Annotated[dt.date | None, partition_option("--from", "The first day, or hour.")]
LastPartition = Annotated[dt.date | None, partition_option("--to", "The last day, or hour.")]
Split = Annotated[str, typer.Option("--split", help="train, eval, another part of the definition, or both.")]


def query(
    places: Places,
    name: Dataset,
    date: Date = None,
    split: Split = "both",
    dialect: Annotated[
        str | None, typer.Option(help="duckdb or bigquery; that of where the tables are if left out.")
    ] = None,
    tfx: Annotated[bool, typer.Option("--tfx", help="The configuration of TFX's BigQueryExampleGen.")] = False,
    span: Annotated[bool, typer.Option("--span", help="With --tfx: the date is TFX's span.")] = False,
    allow_future: AllowFuture = False,
    as_json: AsJson = False,
) -> None:
    """The SQL of a partition.

    Example: dqx datasets query shop_ranking --date 2024-01-20 --split train --dialect bigquery
    """
    from rich.syntax import Syntax

    refuse_future([date] if date else [], allowed=allow_future)
    with places.opened() as service:
        partition = date or service.newest_date(name)
        if tfx:
            export = service.tfx(name, partition, span=span)
            print_json(export.config)
            for column, why in export.casts.items():
                err.print(f"{column}: {why}", markup=False, highlight=False, soft_wrap=True)
            return
        if span:
            raise DefinitionError("--span says how TFX runs the queries. Give it together with --tfx.")
        dialect = dialect or service.engine.dialect
        sql = service.query(name, partition, dialect=dialect, splits=_splits(split))
    if as_json:
        print_json({"dataset": name, "date": partition, "split": split, "dialect": dialect, "sql": sql})
    elif out.is_terminal:
        out.print(Syntax(sql, "sql", background_color="default"))
    else:
        out.file.write(f"{sql}\n")


def validate_query(
    places: Places,
    name: Dataset,
    date: Date = None,
    price: Annotated[
        float | None, typer.Option("--price-per-tib", envvar="DQX_PRICE_PER_TIB", help="What reading a TiB costs.")
    ] = None,
    allow_future: AllowFuture = False,
    as_json: AsJson = False,
) -> None:
    """The engine's word on a query, without running it: output, tables, cost; exit code 2 if it cannot run.

    Example: dqx datasets validate-query shop_ranking
    """
    refuse_future([date] if date else [], allowed=allow_future)
    with places.opened() as service:
        found = service.validate_query(name, date, price_per_tib=price)
    if as_json:
        print_json({**vars(found), "valid": found.valid})
    elif found.problems:
        out.print(f"{name} cannot run:", highlight=False)
        for problem in found.problems:
            out.print(f"  - {problem}", markup=False, highlight=False, soft_wrap=True)
    else:
        table(["column", "type"], found.columns.items(), title=f"{name} of {found.date} can run")
        table(
            ["reads", "rows", "MB"],
            [(t.name, t.rows, None if t.bytes is None else round(t.bytes / 1e6, 1)) for t in found.tables],
        )
        if found.cost is not None:
            out.print(f"It would read {found.bytes:,} bytes and cost at most {found.cost:,.6f}.")
    raise typer.Exit(0 if found.valid else 2)


def preview(
    places: Places,
    name: Dataset,
    date: Date = None,
    split: Split = "both",
    limit: Annotated[int, typer.Option(help="How many rows, 1 to 1,000.")] = 10,
    allow_future: AllowFuture = False,
    as_json: AsJson = False,
) -> None:
    """The first rows of a partition, always the same ones.

    Example: dqx datasets preview shop_daily --split eval
    """
    refuse_future([date] if date else [], allowed=allow_future)
    with places.opened() as service, busy("Running the query"):
        found = service.preview(name, date, limit=limit, splits=_splits(split))
    if as_json:
        columns = [{"name": c.name, "type": c.type, "role": c.role, "table": c.table} for c in found.columns]
        print_json({"dataset": name, "date": found.date, "columns": columns, "rows": found.rows})
        return
    roles = {column.name: column.role for column in found.columns}
    names = list(found.rows[0]) if found.rows else ["split", *roles]
    heads = [escape(each) + (f"\n[dim]{roles[each]}[/dim]" if roles.get(each) else "") for each in names]
    table(heads, [[row[each] for each in names] for row in found.rows], title=f"{name} of {found.date}")


def analyze(
    places: Places, name: Dataset, date: Date = None, allow_future: AllowFuture = False, as_json: AsJson = False
) -> None:
    """Measure a dataset: rows, users, products, split sizes, quality. The result is kept with the version.

    Example: dqx datasets analyze shop_ranking
    """
    refuse_future([date] if date else [], allowed=allow_future)
    with places.opened(writes=True) as service, busy(f"Measuring {name}"):
        found = service.analyze(name, date)
    _show(found, as_json)


def summary(places: Places, name: Dataset, as_json: AsJson = False) -> None:
    """The last analysis of a definition, without any query.

    Example: dqx datasets summary shop_ranking
    """
    with places.opened(tables=False) as service:
        found = service.summary(name)
    _show(found, as_json)


def compare(
    places: Places,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Two to five datasets.")],
    as_json: AsJson = False,
) -> None:
    """Datasets side by side: how they are defined, and what they were found to hold.

    Example: dqx datasets compare shop_daily shop_ranking
    """
    with places.opened(tables=False) as service:
        found = service.compare(names)
    if as_json:
        print_json(found)
        return
    for title, lines in (("configuration", found.configuration), ("analysis", found.analysis)):
        rows = [("" if line.same else "≠", line.about, *line.values) for line in lines]
        table(["", title, *found.datasets], rows)
    missing = [each for each, rows in zip(found.datasets, found.analysis[1].values, strict=True) if rows is None]
    for each in missing:
        out.print(f"{each} is not analyzed: dqx datasets analyze {each}", highlight=False)


def materialize(
    places: Places,
    name: Dataset,
    date: Annotated[dt.date | None, partition_option("--date", "One day or hour; or --from and --to.")] = None,
    first: FirstPartition = None,
    last: LastPartition = None,
    split: Split = "both",
    allow_future: AllowFuture = False,
    as_json: AsJson = False,
) -> None:
    """Write partitions as Parquet, without Dagster; each is replaced whole.

    Example: dqx datasets materialize shop_daily --from 2024-01-08 --to 2024-01-14
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from dqx_core.datasets.windows import part_name

    ends = _ends(date, first, last)
    refuse_future(ends, allowed=allow_future)
    splits = _splits(split)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with places.opened(writes=True) as service:
        days = service.dates(name, *ends)
        parts = len(splits) if splits else len(service.definition(name).split.part_names)
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task(f"Materializing {name}", total=len(days) * parts)
            results = service.materialize(
                name,
                days,
                splits,
                progress=lambda done: bar.update(task, advance=1, description=f"{part_name(done.date)} {done.split}"),
            )
    if as_json:
        shown = [{key: value for key, value in vars(each).items() if key != "sql"} for each in results]
        print_json([each | {"empty": each["rows"] == 0} for each in shown])
    else:
        rows = [
            (part_name(each.date), each.split, each.rows, each.change, round(each.bytes / 1e6, 2), each.path)
            for each in results
        ]
        table(["date", "split", "rows", "", "MB", "folder"], rows)
    _tell_empty(name, results)
    if aside := [f"{each.date} {split}" for each in results for split in each.set_aside]:
        told = ", ".join(aside[:5]) + (f" and {len(aside) - 5:,} more" if len(aside) > 5 else "")
        err.print(
            f"Set aside, since the definition has no such split any more: {told}. "
            f"To delete it: dqx datasets prune {name}",
            style="yellow", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


def remake(
    places: Places,
    name: Dataset,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only those that another content of the definition made.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write again the partitions that there are, as the definition is now.

    Example: dqx datasets remake shop_daily --stale
    """
    with places.opened(writes=True) as service, busy(f"Materializing {name}"):
        results = service.remake(name, stale=stale)
    if as_json:
        print_json([{name: getattr(each, name) for name in ("date", "split", "rows", "change")} for each in results])
        return
    if results:
        table(["date", "split", "rows", ""], [(each.date, each.split, each.rows, each.change) for each in results])
    which = "that another content of its definition made" if stale else "that are there"
    out.print(
        f"Made {len(results):,} partitions of {name} again." if results else f"{name} has no partitions {which}.",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    _tell_empty(name, results)


def _tell_empty(name: str, results: Sequence[PartitionResult]) -> None:
    """Names the partitions that came out with no rows, beside whatever else is printed."""
    from dqx_core.datasets.windows import part_name

    empty = [f"{part_name(each.date)} {each.split}" for each in results if not each.rows]
    if empty:
        shown = ", ".join(empty[:5]) + (f" and {len(empty) - 5:,} more" if len(empty) > 5 else "")
        are = "partition of it has" if len(results) == 1 else f"of {len(results):,} partitions have"
        err.print(
            f"{len(empty):,} {are} no rows: {shown}. To see which days there are: dqx datasets analyze {name}",
            style="yellow", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


def prune(
    places: Places,
    name: Dataset,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete them; without, they are shown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the partitions of splits that the definition of their day had no more when it was made again.

    Nobody reads them; they were set aside. In BigQuery there are none: making a day again replaces all of it.

    Example: dqx datasets prune shop_daily --yes
    """
    with places.opened(tables=False) as service:
        found = service.prune(name, delete=yes)
    if as_json:
        print_json([{**vars(each), "deleted": yes} for each in found])
        return
    if found:
        table(["date", "split", "MB"], [(each.date, each.split, round(each.bytes / 1e6, 2)) for each in found])
    what = f"{len(found):,} partition{'' if len(found) == 1 else 's'}"
    told = f"Deleted {what}." if yes else f"{what} set aside. To delete: dqx datasets prune {name} --yes"
    out.print(told if found else f"Nothing of {name} is set aside.", markup=False, highlight=False, soft_wrap=True)


def export(
    places: Places,
    name: Dataset,
    uri: Annotated[str, typer.Argument(help="Such as gs://bucket/folder/*.parquet.")],
    date: Annotated[dt.date | None, partition_option("--date", "One day; all of them if left out.")] = None,
    allow_future: AllowFuture = False,
) -> None:
    """Write a dataset that is kept in BigQuery to Cloud Storage as Parquet.

    Example: dqx datasets export shop_daily 'gs://bucket/daily/*.parquet' --date 2024-01-20
    """
    refuse_future([date] if date else [], allowed=allow_future)
    with places.opened(tables=False) as service, busy("Exporting"):
        service.definition(name)  # a dataset that is not there is told as such
        service.storage.export(name, uri, date)
    out.print(f"Wrote {name} to {uri}.", markup=False, highlight=False, soft_wrap=True)


def manifest(
    places: Places,
    name: Dataset,
    date: Annotated[dt.date, partition_option("--date", "The partition's date.")],
    split: Annotated[str, typer.Option("--split", help="train, eval or another part.")] = "train",
    as_json: AsJson = False,
) -> None:
    """What a stored partition says of itself: which definition and SQL made it, its window, rows and fingerprint.

    Example: dqx datasets manifest shop_daily --date 2024-01-20 --split eval
    """
    with places.opened(tables=False) as service:
        found = service.manifest(name, date, split)
    if as_json:
        print_json(found)
        return
    told = {key: value for key, value in vars(found).items() if key not in ("sql", "columns", "window", "leaks")}
    told["window"] = ", ".join(f"{part} [{first or '…'}, {end})" for part, (first, end) in found.window.items())
    told["columns"] = ", ".join(f"{column} {kind}" for column, kind in found.columns.items())
    table(["", f"{name} of {found.date} {found.split}"], told.items())
    out.print(found.sql, markup=False, highlight=False, soft_wrap=True)


def _show(found: Analysis, as_json: bool) -> None:
    if as_json:
        print_json(found.to_dict())
        return
    facts, quality = found.facts, found.quality
    out.print(
        f"{found.dataset} of {found.date}: quality {quality.score} of 100, {quality.grade}",
        style="bold",
        highlight=False,
    )
    rows = [
        ("rows", facts.rows),
        ("users", facts.users),
        ("products", facts.products),
        ("pairs that never happened", None if facts.sparsity is None else f"{facts.sparsity:.2%}"),
        ("days", f"{facts.first} to {facts.last}, {facts.days}" if facts.first else None),
    ]
    table(["", "measured"], [row for row in rows if row[1] is not None])
    share = [None if s.cold_users is None else f"{s.cold_users:.1%}" for s in found.splits]
    of_products = [None if s.cold_products is None else f"{s.cold_products:.1%}" for s in found.splits]
    table(
        ["split", "rows", "%", "users", "unseen in train", "products", "unseen in train"],
        [
            (s.split, s.rows, round(s.share * 100, 1), s.users, share[n], s.products, of_products[n])
            for n, s in enumerate(found.splits)
        ],
    )
    for issue in quality.issues:
        out.print(f"-{issue.points}  {issue.message}", markup=False, highlight=False)
    for note in found.notes:
        out.print(f"Note: {note}", markup=False, highlight=False)


def _splits(split: str) -> list[str] | None:
    return None if split == "both" else [split]


def _ends(date: dt.date | None, first: dt.date | None, last: dt.date | None) -> tuple[dt.date, dt.date]:
    """The first and the last of what is meant, as days, or as moments of hours."""
    if date is not None and first is None and last is None:
        return date, date
    if date is not None or first is None or last is None or last.isoformat() < first.isoformat():
        raise DefinitionError("Say which days: --date 2024-01-20, or --from 2024-01-08 --to 2024-01-20.")
    return first, last
