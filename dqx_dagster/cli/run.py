"""`dqx run` and `dqx explain`: a suite over files or tables, without Dagster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dqx_core.calendar_names import calendar_of
from dqx_core.errors import DefinitionError, hint
from dqx_core.keys import ResultKey
from dqx_core.report import AssertionResult, Severity, Status
from dqx_dagster.cli import keys
from dqx_dagster.cli.completion import datasets_of_root
from dqx_dagster.cli.datasets.places import busy
from dqx_dagster.cli.printing import err, out, print_json
from dqx_dagster.cli.sources import Rows
from dqx_dagster.cli.store import DEFAULT_URL, AsJson, StoreUrl
from dqx_dagster.cli.suites import Location, find_suite

if TYPE_CHECKING:
    from dqx_core.planning import Need
    from dqx_core.store import MetricDB
    from dqx_core.suite import Selection, Suite
    from dqx_core.verification import VerificationSuite

FAILED, NOT_JUDGED = 1, 4
"""Exit codes: an assertion that counts failed; none gave a verdict, or a partition is not there: never a pass."""

SuiteName = Annotated[
    str, typer.Argument(metavar="SUITE", help="MODULE:NAME or FILE.py:NAME, or the name of one in the code location.")
]
Datasets = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        "-d",
        metavar="NAME=WHERE",
        autocompletion=datasets_of_root,
        help="Where the rows of a dataset are: Parquet (a file, a folder, a pattern), FILE.duckdb:TABLE, or a table in "
        "--database. NAME alone is what dqx materialized under --root. May be repeated.",
    ),
]
Dates = Annotated[
    list[str] | None,
    typer.Option("--date", metavar="DAY", help="2024-01-31, 2024-01-01...2024-01-31, or several with commas."),
]
Partitions = Annotated[
    list[str] | None,
    typer.Option(
        "--partition", "-p", metavar="KEY", help="As Dagster writes it: '2024-01-31|train', or a range of such."
    ),
]
TagsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tags",
        "--tag",
        metavar="NAME=VALUE",
        help="Of which rows: those whose column has the value, such as split=train. A name given twice is judged for "
        "each value.",
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="A name for what is judged, which chooses no rows."),
]
Window = Annotated[
    str,
    typer.Option(
        "--window",
        metavar="CALENDAR",
        help="Of what length: hours, days, weeks, months, years; '6 hours', 'weeks from sunday', 'months from 15', "
        "'days at 06:00 in Europe/Amsterdam'. --date then says on which dates they begin.",
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        metavar="CHECK",
        help="Only these checks or assertions, by their name here or in Dagster; * stands for anything.",
    ),
]
Database = Annotated[
    Path | None, typer.Option("--database", envvar="DQX_DATABASE", help="DuckDB file that --dataset names tables of.")
]
Root = Annotated[Path, typer.Option("--root", envvar="DQX_ROOT", help="Folder of the materialized datasets.")]
DEFAULT_ROOT = Path("data/datasets")
DateColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--date-column", metavar="[NAME=]COLUMN", help="Which day a row belongs to; yyyy_mm_dd if there is one."
    ),
]
Dimension = Annotated[
    list[str] | None,
    typer.Option("--dimension", metavar="TAG=COLUMN", help="The column that a tag filters, where its name differs."),
]
Reuse = Annotated[
    bool, typer.Option("--reuse", help="Take numbers from an earlier run that measured the same version of the data.")
]


def run(
    suite: SuiteName,
    dataset: Datasets = None,
    date: Dates = None,
    partition: Partitions = None,
    tags: TagsOption = None,
    label: Labels = None,
    window: Window = "days",
    select: Select = None,
    database: Database = None,
    root: Root = DEFAULT_ROOT,
    date_column: DateColumn = None,
    dimension: Dimension = None,
    store: StoreUrl = DEFAULT_URL,
    location: Location = None,
    reuse: Reuse = False,
    allow_future: keys.AllowFuture = False,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Keep numbers and verdicts in the store. By default they are, but not in one that Dagster writes: "
            "its history is read, and what was tried by hand stays out of it.",
        ),
    ] = None,
    fail_on: Annotated[
        Literal["P0", "P1", "P2", "P3", "any"],
        typer.Option("--fail-on", "--severity", help="From which severity on a failure makes the exit code 1."),
    ] = "any",
    as_json: AsJson = False,
) -> None:
    """Measure, keep the numbers, judge. Exit code 0: passed, 1: failed, 4: not judged, or not there.

    A store that Dagster writes is only read, unless --keep is said.

    Example: dqx run examples.shop.suites:DAILY_SUITE --dataset shop_daily --date 2024-01-17 --tags split=train
    """
    rows = Rows(dataset or [], database, root, date_column or [], dimension or [])
    wanted = find_suite(suite, location)
    calendar, labels = calendar_of(window), keys.tags(label or [])
    asked = keys.keys(date or [], partition or [], keys.tags(tags or []), calendar)
    keys.refuse_future((key.yyyy_mm_dd for key in asked), allowed=allow_future)
    names = _tag_names(asked)
    asked = [key.tagged({**key.tags, **dict(values)}) for key in asked for values in keys.combined(labels)]
    chosen = _selected(wanted, select)
    with rows.opened(names, timezone=calendar.timezone, labels=labels) as sources:
        wanted.build(sources, select=chosen, calendar=calendar)  # what cannot work leaves no store behind
        with _verification(wanted, store, reuse=reuse, keep=keep) as verification, busy(f"Running {wanted.name}"):
            results = verification.run_many(sources, asked, select=chosen)
            kept = _kept(verification)
    if as_json:
        out.file.write(verification.report().to_json() + "\n")
    else:
        _show(verification, results, kept)
    judged = [result for result in results if result.status is not Status.SKIPPED]
    if not judged:
        err.print("Nothing was judged: every assertion was skipped. See why above.", highlight=False, soft_wrap=True)
        raise typer.Exit(NOT_JUDGED)
    least = Severity.P3 if fail_on == "any" else Severity(fail_on)
    bad = [result for result in judged if result.status is not Status.PASSED]
    if any(result.severity <= least for result in bad if not result.absent):
        raise typer.Exit(FAILED)
    if any(result.absent for result in bad):
        err.print("What was to be judged is not materialized. See above.", highlight=False, soft_wrap=True)
        raise typer.Exit(NOT_JUDGED)


def explain(
    suite: SuiteName,
    dataset: Datasets = None,
    date: Dates = None,
    partition: Partitions = None,
    tags: TagsOption = None,
    label: Labels = None,
    window: Window = "days",
    select: Select = None,
    database: Database = None,
    root: Root = DEFAULT_ROOT,
    date_column: DateColumn = None,
    dimension: Dimension = None,
    store: StoreUrl = DEFAULT_URL,
    location: Location = None,
    reuse: Reuse = False,
    allow_future: keys.AllowFuture = False,
    as_json: AsJson = False,
) -> None:
    """What a run would do: which statements it sends, what it carries forward, what is missing. Nothing is run.

    Example: dqx explain examples.shop.suites:DAILY_SUITE --dataset shop_daily --date 2024-01-17 --tags split=train
    """
    from dqx_core.execution import explain as explained

    rows = Rows(dataset or [], database, root, date_column or [], dimension or [])
    wanted = find_suite(suite, location)
    calendar, labels = calendar_of(window), keys.tags(label or [])
    asked = keys.keys(date or [], partition or [], keys.tags(tags or []), calendar)
    keys.refuse_future((key.yyyy_mm_dd for key in asked), allowed=allow_future)
    names = _tag_names(asked)
    asked = [key.tagged({**key.tags, **dict(values)}) for key in asked for values in keys.combined(labels)]
    chosen = _selected(wanted, select)
    with rows.opened(names, timezone=calendar.timezone, labels=labels) as sources:
        graph = wanted.build(sources, select=chosen, calendar=calendar)
        with _verification(wanted, store, reuse=reuse, keep=False) as verification:
            found = explained(verification.plan(sources, asked, graph=graph))
    if not as_json:
        out.print(str(found), markup=False, highlight=False, soft_wrap=True)
        return

    def listed(needs: Iterable[Need]) -> list[dict[str, object]]:
        return [
            {"metric": spec.name, "date": key.yyyy_mm_dd, "tags": key.tags, "dataset": dataset}
            for spec, key, dataset in needs
        ]

    plan = found.plan
    print_json(
        {
            "suite": wanted.name,
            "statements": [{"dataset": source, "sql": sql} for source, sql in found.statements],
            "measured": [need for scan in plan.scans for need in listed(scan.needs)],
            "carried_forward": listed(plan.carried),
            "carried_forward_unverified": listed(plan.unverified),
            "cannot_be_measured": [
                {**each, "reason": why} for each, why in zip(listed(plan.unfit), plan.unfit.values(), strict=True)
            ],
            "missing": listed(sorted(plan.missing, key=str)),
        }
    )


@contextmanager
def _verification(suite: Suite, url: str, *, reuse: bool, keep: bool | None) -> Iterator[VerificationSuite]:
    """The suite over the store; looking at a store that is not there does not make one.

    What is not kept goes into a store of its own above it. `keep` None: kept, unless Dagster writes the store.
    """
    from dqx_core.store import InMemoryMetricDB, LayeredMetricDB, MetricDB, file_of
    from dqx_core.verification import VerificationSuite

    file = file_of(url)
    there = file is None or file.exists()
    db: MetricDB = MetricDB(url, at_first_write=True) if there or keep is not False else InMemoryMetricDB()
    scratch = ExitStack()
    if there and not (keep if keep is not None else not db.was_written_by("dagster")):
        folder = scratch.enter_context(TemporaryDirectory())
        db = LayeredMetricDB(f"sqlite:///{folder}/scratch.db", db)
    try:
        yield VerificationSuite(
            suite.checks,
            db,
            suite.name,
            reuse="same_version" if reuse else "never",
            profiles=suite.profiles,
            origin="cli",
            no_rows=suite.no_rows,
        )
    finally:
        db.close()
        scratch.close()


def _kept(verification: VerificationSuite) -> str | None:
    """Where what a run found is kept; None: nowhere."""
    from dqx_core.store import InMemoryMetricDB, LayeredMetricDB

    return None if isinstance(verification.db, LayeredMetricDB | InMemoryMetricDB) else verification.db.name


def _tag_names(asked: Sequence[ResultKey]) -> list[str]:
    return list(dict.fromkeys(name for key in asked for name in key.tags))


def _selected(suite: Suite, select: Sequence[str] | None) -> Selection | None:
    """Whether a check's assertion is one that the words name; None: all are.

    Raises:
        DefinitionError: One of the words names nothing.
    """
    if not select:
        return None
    from dqx_dagster.translator import DqxTranslator, slug

    called = {}
    for check, assertion in suite.build().root.assertions():
        place = (check.name, assertion.name)
        called[place] = {
            check.name,
            slug(check.name),
            assertion.name,
            f"{check.name} › {assertion.name}",
            DqxTranslator().check_name(check.name, assertion.name),
        }
    found = set()
    for word in select:
        # In Dagster a check is named with its asset: asset:check.
        plain = word.rpartition(":")[2]
        matched = {place for place, names in called.items() if any(fnmatchcase(name, plain) for name in names)}
        if not matched:
            names = {name for place in called for name in place}
            raise DefinitionError(f"Suite '{suite.name}' has no check '{word}'. {hint(plain, names)}")
        found |= matched
    return lambda check, assertion: (check, assertion) in found


_COLOURS = {Status.PASSED: "green", Status.FAILED: "bold red", Status.ERROR: "bold red", Status.SKIPPED: "yellow"}


def _show(verification: VerificationSuite, results: Sequence[AssertionResult], store: str | None) -> None:
    """A line a verdict under its day; of several days only those that did not pass, and a count."""
    from rich.text import Text

    from dqx_core.store import shown

    by_key: dict[ResultKey, list[AssertionResult]] = {}
    for result in results:
        by_key.setdefault(verification.key_of(result), []).append(result)
    for key, given in by_key.items():
        told = given if len(by_key) == 1 else [result for result in given if result.status is not Status.PASSED]
        passed = sum(result.status is Status.PASSED for result in given)
        out.print(Text(f"{key}: {passed:,} of {len(given):,} passed", "bold"))
        for result in told:
            line = Text(f"  {result.status:<8}", _COLOURS[result.status])
            line.append(f"{result.severity} {result.check} › {result.assertion}: {result.message}", "default not bold")
            out.print(line, soft_wrap=True)
    counts = Counter(result.status for result in results)
    said = ", ".join(f"{counts[status]:,} {str(status).lower()}" for status in Status if counts[status])
    where = (
        "Nothing was kept: --no-keep, or Dagster writes this store. --keep keeps it there, --store names another."
        if store is None
        else f"Kept as execution {verification.execution_id} in {shown(store)}."
    )
    out.print(f"{said}. {where}", highlight=False, soft_wrap=True)
