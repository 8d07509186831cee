"""`dqx store executions` and `dqx store delete`: which runs the store holds, and taking one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dqx_core.errors import DefinitionError, hint
from dqx_dagster.cli.completion import executions_of_store, suites_of_store
from dqx_dagster.cli.printing import out, print_json, table
from dqx_dagster.cli.store import DEFAULT_URL, AsJson, StoreUrl, opened

if TYPE_CHECKING:
    from dqx_core.store import Execution, MetricDB


def executions(
    suite: Annotated[
        str | None, typer.Option(help="Only those that ran this suite.", autocompletion=suites_of_store, metavar="NAME")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="After how many.")] = 0,
    url: StoreUrl = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """The executions that the store holds, the newest first: in Dagster, runs.

    Example: dqx store executions --suite 'Shop daily' --limit 5
    """
    with opened(url) as db:
        found = db.executions(suite=suite)
        shown = found[offset : offset + limit]
        tallies = db.tallies([each.execution_id for each in shown])
        name = db.name
    if as_json:
        listed = [
            {
                "execution_id": each.execution_id,
                "suite": each.suite,
                "started": each.started,
                "finished": each.finished,
                "status": each.status,
                "origin": each.origin,
                "keys": [str(key) for key in each.keys],
                **vars(tallies[each.execution_id]),
            }
            for each in shown
        ]
        print_json({"executions": listed, "total": len(found), "offset": offset})
        return
    if not found:
        of = f" of suite '{suite}'" if suite is not None else ""
        out.print(f"There are no executions{of} in {name}.", markup=False, highlight=False, soft_wrap=True)
        return
    ended = any(each.status for each in shown)  # only what says how it ended has one; dqx's own runs do not
    table(
        ["execution", "started", "suite", *(["status"] if ended else []), "days", "numbers"],
        [
            (
                each.execution_id,
                each.started and each.started.strftime("%Y-%m-%d %H:%M"),
                each.suite,
                *([each.status] if ended else []),
                _days(each),
                tallies[each.execution_id].measured + tallies[each.execution_id].carried,
            )
            for each in shown
        ],
    )
    last = offset + len(shown)
    if not shown:
        out.print(f"There are {len(found):,}; none after the first {offset:,}.", highlight=False)
    elif last < len(found) or offset:
        more = f"; --offset {last} goes on" if last < len(found) else ""
        out.print(f"{offset + 1:,} to {last:,} of {len(found):,}{more}.", highlight=False)


def delete(
    execution_id: Annotated[
        str,
        typer.Argument(
            metavar="EXECUTION",
            help="Its id: in Dagster, the run id. dqx store executions lists them.",
            autocompletion=executions_of_store,
        ),
    ],
    url: StoreUrl = DEFAULT_URL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing; say what it would be.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete an execution: every number and verdict that it kept. Copies that later ones carried forward stay.

    What an earlier execution found of the same days is the newest again.

    Example: dqx store delete 6f1c9a3e-… --dry-run
    """
    with opened(url) as db:
        found = db.execution(execution_id).value_or(None)
        if found is None:
            raise DefinitionError(
                f"Execution '{execution_id}' is not in the store {db.name}. {_meant(db, execution_id)}"
            )
        tally, verdicts = db.tallies([execution_id])[execution_id], len(db.results(execution_id))
        what = (
            f"execution '{execution_id}' from {db.name}: {tally.measured + tally.carried:,} numbers and {verdicts:,} "
            f"verdicts{f' of suite {found.suite!r}' if found.suite else ''}{f', {_days(found)}' if found.keys else ''}"
        )
        if not dry_run:
            if not yes:
                typer.confirm(f"Delete {what}?", abort=True, err=True)
            db.delete_execution(execution_id)
    if as_json:
        print_json({"execution_id": execution_id, "deleted": not dry_run, **vars(tally), "verdicts": verdicts})
        return
    out.print(f"{'Would delete' if dry_run else 'Deleted'} {what}.", markup=False, highlight=False, soft_wrap=True)


def _days(execution: Execution) -> str:
    """The days that were judged: one, or the first and the last."""
    days = sorted({key.yyyy_mm_dd for key in execution.keys})
    if len(days) < 2:
        return str(days[0]) if days else ""
    return f"{days[0]} to {days[-1]}"


def _meant(db: MetricDB, text: str) -> str:
    """The way out of an id that is not there: the one that begins so, the nearest, or the newest there are."""
    known = [each.execution_id for each in db.executions()]
    begins = [each for each in known if each.startswith(text)]
    if len(begins) == 1:
        return f"Did you mean '{begins[0]}'?"
    if not known:
        return "It holds no executions."
    nearest = hint(text, known)
    if nearest.startswith("Did you mean"):
        return nearest
    return f"The newest are {', '.join(known[:5])}; all of them: dqx store executions"
