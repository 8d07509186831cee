"""`dqx report`: the store's verdicts and trends as one HTML file."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from dqx_core.errors import DefinitionError
from dqx_dagster.cli import keys
from dqx_dagster.cli.completion import datasets_of_store, suites_of_store
from dqx_dagster.cli.printing import err, out, print_json
from dqx_dagster.cli.store import DEFAULT_URL, AsJson, StoreUrl, opened

Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write; its folder is made.")]
DEFAULT_OUTPUT = Path("report.html")


def report(
    suite: Annotated[
        str | None, typer.Option(help="Only this suite.", autocompletion=suites_of_store, metavar="NAME")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Only this dataset.", autocompletion=datasets_of_store, metavar="NAME")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day.")] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="DAY", help="One day, or a range: 2024-01-01...2024-01-31.")
    ] = None,
    output: Output = DEFAULT_OUTPUT,
    title: Annotated[str, typer.Option(help="The heading.")] = "Data quality",
    url: StoreUrl = DEFAULT_URL,
    allow_future: keys.AllowFuture = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what the store knows as one HTML file: verdicts by day and split, what failed and why, every trend.

    The file needs nothing else: mail it, keep it as an artifact of a build, print it.

    Example: dqx report --suite 'Shop daily' --from 2024-01-08 --to 2024-01-21 -o report.html
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from dqx_core.html import collect, write

    if date is not None and (first or last):
        raise DefinitionError("Say the days once: with --date, or with --from and --to.")
    span = keys.days([date]) if date is not None else []
    since = span[0] if span else keys.day(first) if first else None
    until = span[-1] if span else keys.day(last) if last else None
    keys.refuse_future(dict.fromkeys(each for each in (since, until) if each is not None), allowed=allow_future)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with opened(url) as db, Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        contents = collect(db, suite=suite, dataset=dataset, from_date=since, until_date=until)
        task = bar.add_task("Drawing", total=None)
        file = write(
            contents, output, title=title, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    if as_json:
        counts = {str(status).lower(): count for status, count in contents.counts.items()}
        newest = {"day": contents.newest.day, "verdict": contents.newest.verdict}
        print_json({"report": file.resolve(), "from": contents.first, "to": contents.last, "newest": newest, **counts})
    else:
        bad = f"{contents.bad:,} of {sum(contents.counts.values()):,} verdicts are bad"
        out.print(
            f"Wrote {file}: {contents.first} to {contents.last}, {bad}.",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    if open_it:
        webbrowser.open(file.resolve().as_uri())
