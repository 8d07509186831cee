"""The main job from end to end: raw tables → datasets → checks → metric store, in a Dagster instance that stays.

`python -m examples.shop.demo` makes three weeks of a shop, backfills the last two through Dagster, a week a run, and
says what the checks found. With DQX_BIGQUERY_PROJECT it does so on BigQuery (docs/bigquery.md). It may be stopped and
started again at any point: what is done is not done again, and what was under way is undone first.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dqx_core.errors import DqxError
from examples.shop.engines import kind, load_raw_tables, shop_datasets
from examples.shop.suites import DAILY, RANKING
from examples.shop.verdicts import show, show_cost, verdicts
from examples.shop.world import World, generate

if TYPE_CHECKING:
    import dagster as dg

    from dqx_core.store import MetricDB

ROOT = Path(__file__).parents[2]
FIRST_DAY = 8
"""The backfill starts after a week, so that the newest days have a last week to be compared with."""
DEMO_TAG = "dqx/demo"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Place:
    """Where the demo keeps its things."""

    data: Path
    dagster_home: Path

    @property
    def database(self) -> Path:
        """The shop's raw tables."""
        return self.data / "shop.duckdb"


@dataclass(frozen=True)
class Week:
    """The days of one run of the backfill."""

    first: dt.date
    last: dt.date

    @property
    def label(self) -> str:
        """How its run is tagged."""
        return f"{self.first}...{self.last}"


def main(
    days: Annotated[
        int, typer.Option(min=FIRST_DAY, max=91, help="Days of the shop's life; the backfill starts on day 8.")
    ] = 21,
    rows_per_day: Annotated[int, typer.Option(min=300, help="About how many sales a day.")] = 3000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same shop.")] = 7,
    data: Annotated[Path, typer.Option(help="Folder of the shop's database, datasets and metric store.")] = ROOT
    / "data",
    dagster_home: Annotated[Path, typer.Option(help="Folder of the Dagster instance.")] = ROOT / ".dagster_home",
    matrix: Annotated[bool, typer.Option("--matrix", help="Also print the verdicts of every suite by day.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """Make a shop, backfill two weeks of its datasets through Dagster, and say what the checks found."""
    place = Place(data.resolve(), dagster_home.resolve())
    console = Console(stderr=as_json)
    if (lacking := missing_for_the_report()) is not None:
        console.print(
            f"There will be no report: it takes {lacking}, which is not installed. "
            'To have it, install it first: pip install "dqx-dagster\\[report]"',
            soft_wrap=True,
            highlight=False,
        )
    world = make_world(place, console, days=days, rows_per_day=rows_per_day, seed=seed)
    if kind() == "bigquery":
        load(place, console)
    backfill(place, world, console)
    record_datasets(place)
    first, last = world.start + dt.timedelta(days=FIRST_DAY - 1), world.end - dt.timedelta(days=1)
    with closing(_store(place)) as db:
        report = write_report(db, place, first, last, console) if lacking is None else None
        if as_json:
            print(json.dumps(verdicts(db, first, last), indent=2))
        else:
            if kind() == "bigquery":
                show_cost(db, console)
            show(db, world, first, last, console, matrix=matrix)
    console.print(f"\nNext: {escape(next_step(place))}", highlight=False, soft_wrap=True)
    if report is not None:
        console.print(
            f"\nThe report is in [bold]{escape(str(report))}[/bold]: one file, open it in a browser.", soft_wrap=True
        )


def missing_for_the_report() -> str | None:
    """The library that the report takes and this install lacks, said before minutes of work."""
    for name, library in (("Jinja", "jinja2"), ("Matplotlib", "matplotlib")):
        try:
            import_module(library)
        except ImportError:
            return name
    return None


def make_world(place: Place, console: Console, *, days: int, rows_per_day: int, seed: int) -> World:
    """The shop's raw tables, made unless they are there."""
    with _bar(console) as progress:
        task = progress.add_task("Making the shop", total=days)
        world = generate(
            place.database,
            days=days,
            rows_per_day=rows_per_day,
            seed=seed,
            progress=lambda _day, _rows: progress.advance(task),
        )
        progress.update(task, completed=days)
    rows = ", ".join(f"{count:,} {table}" for table, count in world.rows.items())
    console.print(f"{'Made' if world.made else 'Kept'} {days} days from {world.start}: {rows}.")
    return world


def load(place: Place, console: Console) -> None:
    """The raw tables in BigQuery, where the code location reads them."""
    try:
        loaded = load_raw_tables(place.database)
    except DqxError as error:
        console.print(f"[red]The raw tables were not loaded.[/red] {error}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from error
    console.print(f"Loaded into BigQuery: {', '.join(loaded) or 'nothing, the tables are there'}.", highlight=False)


def backfill(place: Place, world: World, console: Console) -> None:
    """Materialize and check every day from the eighth on, one run a week, skipping the weeks that are done."""
    import dagster as dg

    os.environ["DQX_DATA"] = str(place.data)
    os.environ["DAGSTER_HOME"] = str(place.dagster_home)
    prepare_instance(place)
    with dg.DagsterInstance.get() as instance:
        job = _job()
        shop = _identity(place)
        undo_unfinished(instance, place)
        weeks = list(weeks_of(world))
        done = {
            run.tags["dqx/week"]
            for run in instance.get_runs(dg.RunsFilter(tags={DEMO_TAG: shop}, statuses=[dg.DagsterRunStatus.SUCCESS]))
        }
        with _bar(console) as progress:
            for number, week in enumerate(weeks, start=1):
                if week.label not in done:
                    _run_week(
                        instance,
                        job,
                        week,
                        {DEMO_TAG: shop, "dqx/week": week.label},
                        progress,
                        f"{number}/{len(weeks)}",
                    )
        kept = len([week for week in weeks if week.label in done])
        if kept:
            console.print(f"Kept {kept} of {len(weeks)} weeks that were backfilled before.")


def weeks_of(world: World) -> Iterator[Week]:
    """The weeks of the backfill; the last may be short."""
    first = world.start + dt.timedelta(days=FIRST_DAY - 1)
    while first < world.end:
        last = min(first + dt.timedelta(days=6), world.end - dt.timedelta(days=1))
        yield Week(first, last)
        first = last + dt.timedelta(days=1)


def prepare_instance(place: Place) -> None:
    """The Dagster instance's folder and settings, once."""
    place.dagster_home.mkdir(parents=True, exist_ok=True)
    settings = place.dagster_home / "dagster.yaml"
    if not settings.exists():
        shutil.copy(Path(__file__).parent / "dagster.yaml", settings)


def undo_unfinished(instance: dg.DagsterInstance, place: Place) -> None:
    """Forget the runs of a demo that was stopped half way, in Dagster and in the metric store."""
    import dagster as dg

    runs = [
        run for run in instance.get_runs() if DEMO_TAG in run.tags and run.status is not dg.DagsterRunStatus.SUCCESS
    ]
    with closing(_store(place)) as db:
        for run in runs:
            db.delete_execution(run.run_id)
            instance.delete_run(run.run_id)


def _run_week(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    week: Week,
    tags: Mapping[str, str],
    progress: Progress,
    which: str,
) -> None:
    """One run over all days and splits of a week, with its events as progress."""
    import dagster as dg

    first, last = (
        dg.MultiPartitionKey({"date": str(day), "split": split})
        for day, split in ((week.first, "train"), (week.last, "eval"))
    )
    ranged = {
        **tags,
        "dagster/asset_partition_range_start": str(first),
        "dagster/asset_partition_range_end": str(last),
    }
    run_id = str(uuid.uuid4())
    partitions = ((week.last - week.first).days + 1) * 2
    assets, checks = len(list(job.asset_layer.executable_asset_keys)), len(job.asset_layer.asset_graph.asset_check_keys)
    task = progress.add_task(f"Week {which}: {week.first} to {week.last}", total=partitions * (assets + checks))
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(_watch, instance, run_id, stop, lambda seen: progress.update(task, completed=seen))
        try:
            result = job.execute_in_process(
                instance=instance, run_id=run_id, tags=ranged, run_config=QUIET, raise_on_error=False
            )
        finally:
            stop.set()
        watching.result()
    if not result.success:
        raise typer.Exit(_explain_failure(result))
    progress.update(task, completed=partitions * (assets + checks))


def _watch(instance: dg.DagsterInstance, run_id: str, stop: threading.Event, tell: Callable[[int], object]) -> None:
    """Count materializations and check results of a run until told to stop."""
    import dagster as dg

    counted = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    seen, cursor = 0, None
    while not stop.wait(0.3):
        records = instance.get_records_for_run(run_id, cursor=cursor, of_type=counted)
        seen += len(records.records)
        cursor = records.cursor
        tell(seen)


def record_datasets(place: Place) -> None:
    """Analyze the newest partition of each dataset: the store keeps that with the definition and its SQL."""
    with closing(_store(place)) as db, shop_datasets(place.data, db) as service:
        for dataset in (DAILY, RANKING):
            service.analyze(dataset)


def write_report(db: MetricDB, place: Place, first: dt.date, last: dt.date, console: Console) -> Path:
    """What the store knows of the backfill, as one HTML file."""
    from dqx_core.html import collect, write

    contents = collect(db, from_date=first, until_date=last)
    with _bar(console) as progress:
        task = progress.add_task("Writing the report", total=None)
        return write(
            contents,
            place.data / "report.html",
            title="The shop's data",
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def next_step(place: Place) -> str:
    """How to see the same in Dagster: from this source tree, or from a project that `dqx demo` wrote."""
    page = "http://127.0.0.1:3000/assets/shop_daily?view=checks"
    if (ROOT / "Makefile").exists():
        return f"make ui opens the same in Dagster: {page}"
    return (
        f'dagster dev opens the same in Dagster (pip install "dqx-dagster[ui]" if there is none): in {ROOT}, type '
        f"DAGSTER_HOME={place.dagster_home} dagster dev, then open {page}"
    )


def _explain_failure(result: dg.ExecuteInProcessResult) -> int:
    """Say which step failed and why; the exit code."""
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            told = failure.user_failure_data.description if failure.user_failure_data else None
            reason = told or (failure.error.message if failure.error else event.message)
            Console(stderr=True).print(f"[red]{event.step_key} failed:[/red] {reason}", soft_wrap=True)
    return 1


def _job() -> dg.JobDefinition:
    import dagster as dg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        from definitions import defs

    return defs.resolve_job_def("shop")


def _identity(place: Place) -> str:
    """What tells this shop from another: its database's parameters."""
    import duckdb

    with duckdb.connect(str(place.database), read_only=True) as connection:
        row = connection.execute("SELECT md5(string_agg(w::VARCHAR, '|')) FROM main.shop_world AS w").fetchone()
    assert row is not None
    return str(row[0])


def _store(place: Place) -> MetricDB:
    from dqx_core.store import MetricDB

    return MetricDB(f"sqlite:///{place.data / 'metrics.db'}")


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


if __name__ == "__main__":
    typer.run(main)
