"""`dqx store`: what the metric store holds, how a number moved, and keeping the store in order."""

from __future__ import annotations

import csv
import datetime as dt
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from returns.result import Success

from dqx_core.errors import DefinitionError
from dqx_dagster.cli import keys
from dqx_dagster.cli.printing import out, print_json, sparkline, table

if TYPE_CHECKING:
    from dqx_core.store import MetricDB
    from dqx_core.store.reading import HistoryPoint

app = typer.Typer(no_args_is_help=True, help="Look into the metric store, compare executions, keep it in order.")

StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="DQX_STORE",
        metavar="URL",
        help="Where the store is: sqlite:///path/to/metrics.db or postgresql+psycopg://user:password@host/database.",
    ),
]
DEFAULT_URL = "sqlite:///data/metrics.db"
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def info(url: StoreUrl = DEFAULT_URL, as_json: AsJson = False) -> None:
    """What the store holds, and how large it is.

    Example: dqx store info --store sqlite:///data/metrics.db
    """
    with opened(url) as db:
        found = db.info()
    if as_json:
        print_json(found)
        return
    rows = [
        ("store", found.store),
        ("revision", found.revision),
        ("size", f"{found.bytes / 1e6:,.1f} MB"),
        ("numbers", found.numbers),
        ("metrics", found.series),
        ("executions", found.executions),
        ("verdicts", found.results),
        ("dataset definitions", found.datasets),
        ("days", f"{found.first_date} to {found.last_date}" if found.first_date else "none"),
    ]
    table(["", "value"], [(name, f"{value:,}" if isinstance(value, int) else value) for name, value in rows])


@app.command()
def upgrade(url: StoreUrl = DEFAULT_URL) -> None:
    """Bring the store's schema to this version of dqx; every row stays.

    Example: dqx store upgrade --store postgresql+psycopg://dqx@db/metrics
    """
    with opened(url, make=True) as db:
        out.print(f"{db.name} is at revision {db.info().revision}.")


@app.command()
def history(
    dataset: Annotated[str, typer.Argument(help="The dataset, such as shop_daily.")],
    metric: Annotated[str, typer.Argument(help="The metric as it is printed, such as 'average(amount)'.")],
    url: StoreUrl = DEFAULT_URL,
    tag: Annotated[list[str] | None, typer.Option(help="Only under these tags: split=train. May be repeated.")] = None,
    first: Annotated[dt.date | None, keys.day_option("--from", "The first day.")] = None,
    last: Annotated[dt.date | None, keys.day_option("--to", "The last day.")] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """A metric over time: the newest measurement of each day, as a line of bars and a table.

    Example: dqx store history shop_daily 'average(amount)' --tag split=train
    """
    from dqx_core.retrieval import metric_history

    with opened(url) as db:
        points = metric_history(
            db,
            dataset,
            metric,
            tags=_tags(tag),
            from_date=first,
            until_date=last,
        )
    if as_json:
        print_json(points)
    elif as_csv:
        rows = csv.writer(sys.stdout)
        rows.writerow(["date", "tags", "value", "error", "execution_id"])
        for point in points:
            value = point.value
            known = isinstance(value, Success)
            rows.writerow(
                [
                    point.yyyy_mm_dd,
                    " ".join(f"{k}={v}" for k, v in point.tags.items()),
                    repr(value.unwrap()) if known else "",
                    "" if known else value.failure(),
                    point.execution_id,
                ]
            )
    elif not points:
        out.print("Nothing was measured under these tags in these days.")
    else:
        _show_history(metric, points)


def _show_history(metric: str, points: list[HistoryPoint]) -> None:
    by_tags: dict[str, list[HistoryPoint]] = {}
    for point in points:
        by_tags.setdefault(", ".join(f"{k}={v}" for k, v in point.tags.items()), []).append(point)
    for tags, line in by_tags.items():
        values = {p.yyyy_mm_dd: float(p.value.unwrap()) if isinstance(p.value, Success) else None for p in line}
        days = [
            line[0].yyyy_mm_dd + dt.timedelta(days=n)
            for n in range((line[-1].yyyy_mm_dd - line[0].yyyy_mm_dd).days + 1)
        ]
        out.print(f"{metric} {tags}".rstrip(), highlight=False)
        out.print(f"{days[0]} {sparkline([values.get(day) for day in days])} {days[-1]}", highlight=False)
        table(["date", "value", "execution"], [(p.yyyy_mm_dd, p.value, p.execution_id) for p in line])


@app.command()
def execution(
    execution_id: Annotated[str, typer.Argument(help="Its id: in Dagster, the run id.")],
    url: StoreUrl = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Everything one execution used and said: its closed world.

    Example: dqx store execution 6f1c9a3e-…
    """
    from dqx_core.retrieval import metrics_by_execution_id

    with opened(url) as db:
        if db.execution(execution_id).value_or(None) is None:
            raise DefinitionError(
                f"Execution '{execution_id}' is not in the store {db.name}. In Dagster it is the id of the run."
            )
        numbers = metrics_by_execution_id(db, execution_id)
        verdicts = db.results(execution_id)
    if as_json:
        print_json({"execution_id": execution_id, "numbers": numbers, "verdicts": verdicts})
        return
    table(
        ["date", "dataset", "metric", "tags", "value", "carried from"],
        [
            (
                n.yyyy_mm_dd,
                n.dataset,
                n.metric,
                {k: v for k, v in n.tags.items() if not k.startswith("__")},
                n.value,
                n.source_execution_id,
            )
            for n in numbers
        ],
        title=f"{len(numbers)} numbers",
    )
    table(
        ["date", "tags", "status", "severity", "check", "assertion", "what"],
        [(r.yyyy_mm_dd, r.tags, str(r.status), str(r.severity), r.check, r.assertion, r.message) for r in verdicts],
        title=f"{len(verdicts)} verdicts",
    )


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="The id of the first execution.")],
    after: Annotated[str, typer.Argument(help="The id of the second execution.")],
    url: StoreUrl = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Which metrics moved between two executions, and by how much.

    Example: dqx store diff RUN_ID_OF_YESTERDAY RUN_ID_OF_TODAY
    """
    from dqx_core.retrieval import compare_executions

    with opened(url) as db:
        changes = compare_executions(db, before, after)
    if as_json:
        print_json([{**vars(c), "difference": c.difference, "relative": c.relative} for c in changes])
        return
    if not changes:
        out.print("The two executions agree in every number.")
        return
    table(
        ["metric", "dataset", "tags", "date", "before", "after", "difference", "%"],
        [
            (
                c.metric,
                c.dataset,
                c.tags,
                c.after_date or c.before_date,
                c.before,
                c.after,
                c.difference,
                None if c.relative is None else f"{c.relative:+.1%}",
            )
            for c in changes
        ],
    )


@app.command()
def expire(
    older_than: Annotated[str, typer.Option(help="An age such as 90d or 26w, or a day such as 2024-01-31.")],
    url: StoreUrl = DEFAULT_URL,
    everything: Annotated[
        bool, typer.Option("--everything", help="Also what is the newest of its metric and day.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing; say how much it would be.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete old numbers and verdicts that newer executions have replaced. Never happens by itself.

    Example: dqx store expire --older-than 180d --dry-run
    """
    age = _age(older_than)
    with opened(url) as db:
        would = db.expire(age, keep_latest=not everything, dry_run=True)
        if dry_run or not would:
            out.print(f"{would:,} numbers would be deleted from {db.name}.")
            return
        if not yes:
            typer.confirm(f"Delete {would:,} numbers from {db.name}?", abort=True)
        out.print(f"Deleted {db.expire(age, keep_latest=not everything):,} numbers from {db.name}.")


@contextmanager
def opened(url: str, *, make: bool = False) -> Iterator[MetricDB]:
    """The store at a URL; a SQLite file that is not there is not made by looking at it."""
    from pathlib import Path

    from dqx_core.store import MetricDB

    path = url.removeprefix("sqlite:///")
    if not make and path != url and not Path(path).exists():
        raise DefinitionError(
            f"There is no metric store at {url}. Name another one with --store or the variable DQX_STORE, or make this "
            "one with: dqx store upgrade"
        )
    db = MetricDB(url, auto_migrate=make)
    try:
        yield db
    finally:
        db.close()


def _tags(given: list[str] | None) -> dict[str, str] | None:
    if not given:
        return None
    wrong = [tag for tag in given if "=" not in tag]
    if wrong:
        raise DefinitionError(f"--tag {wrong[0]} is not a name and a value. Write it as --tag split=train.")
    return dict(tag.split("=", 1) for tag in given)


def _age(text: str) -> dt.timedelta | dt.datetime:
    if found := re.fullmatch(r"(\d+)([dw])", text):
        days = int(found[1]) * (7 if found[2] == "w" else 1)
        return dt.timedelta(days=days)
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    except ValueError:
        raise DefinitionError(
            f"--older-than {text} is neither an age such as 90d or 26w, nor a day such as 2024-01-31."
        ) from None
