"""`dqx datasets new`: four steps from raw tables to a definition, with its SQL and its sizes before it is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import typer
from rich.markup import escape
from rich.prompt import Confirm, InvalidResponse, Prompt

from dqx_core.errors import DefinitionError, DqxError, ValidationError, hint
from dqx_dagster.cli.datasets.places import Places, busy
from dqx_dagster.cli.keys import day
from dqx_dagster.cli.printing import out, table

if TYPE_CHECKING:
    from dqx_core.datasets.base import Role
    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.draft import Answers, Place
    from dqx_core.datasets.join_detection import JoinCandidate
    from dqx_core.datasets.service import DatasetService

Schemas = Mapping[str, Mapping[str, str]]
NONE = "-"


def new(places: Places) -> None:
    """Make a definition, step by step: tables, joins, roles, filters, split. Nothing is written before the last yes.

    Example: dqx datasets new --database data/shop.duckdb
    """
    try:
        with places.opened() as service:
            definition = _asked(service)
        if not Confirm.ask(escape(f"Write {places.folder / definition.name}.yaml?"), default=True, console=out):
            out.print("Nothing was written.")
            return
    except EOFError:
        raise typer.Abort from None
    with places.opened(writes=True) as service:
        saved = service.create(definition)
    out.print(f"Wrote {saved.path}, version {saved.version.version}.", markup=False, highlight=False, soft_wrap=True)
    same = f"{definition.name} {places.typed}".rstrip()
    out.print(
        f"Next: dqx datasets analyze {same}, then dqx datasets activate {same}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _asked(service: DatasetService) -> DatasetDefinition:
    from dataclasses import replace

    from dqx_core.datasets.draft import drafted

    answers = _basics(service)
    answers, schemas = _source(service, answers)
    answers = _columns(service, answers, schemas)
    while True:
        answers = replace(answers, **_rows(service, answers))
        try:
            definition = drafted(answers, schemas=service.schemas)
            _show(service, definition)
        except ValidationError as error:
            out.print(f"[red]That does not go together.[/red] {escape('; '.join(error.problems))}", highlight=False)
        except DqxError as error:
            out.print(f"[red]{type(error).__name__}:[/red]", end=" ")
            out.print(str(error), markup=False, highlight=False)
        else:
            return definition
        out.print("Step 4 once more.")


def _basics(service: DatasetService) -> Answers:
    from dqx_core.datasets.draft import Answers

    _step(1, "Basics")
    suggestion: str | None = None
    while True:
        name = _ask("Name", default=suggestion)
        found = service.check_name(name)
        if found.free:
            break
        out.print(f"[red]{escape(found.problem or '')}[/red]", highlight=False)
        suggestion = found.suggestion
    description = _ask("What is it for?", default="")
    return Answers(name=name, table="", start=dt.date.min, description=description)


def _source(service: DatasetService, answers: Answers) -> tuple[Answers, Schemas]:
    from dataclasses import replace

    from dqx_core.datasets.source import short

    _step(2, "Source tables")
    tables = service.tables()
    table(
        ["", "table", "rows", "columns", "description"],
        [(str(n), t.name, t.rows, t.columns, t.description) for n, t in enumerate(tables, start=1)],
    )
    names = [each.name for each in tables]

    def chosen(text: str) -> str:
        if text.isdigit() and 1 <= int(text) <= len(names):
            return names[int(text) - 1]
        return service.table(text)

    primary = _ask("Each row is a row of which table? Number or name", default="1", read=chosen)
    joins: list[JoinCandidate] = []
    if len(names) > 1:
        for join in _joins_of(service, primary, names):
            taken = {short(table).casefold() for table in (primary, *(each.right_table for each in joins))}
            if short(join.right_table).casefold() in taken:
                continue  # columns could not tell the two apart
            on = ", ".join(f"{a} = {b}" for a, b in zip(join.left_columns, join.right_columns, strict=True))
            evidence = f"{join.inclusion:.0%} of the keys are found, {join.confidence} confidence"
            if Confirm.ask(
                escape(f"Join {join.right_table} on {on}? ({evidence})"), default=join.confidence != "low", console=out
            ):
                joins.append(join)
    schemas = {name: service.catalog.schema(name) for name in (primary, *(join.right_table for join in joins))}
    return replace(answers, table=primary, joins=tuple(joins)), schemas


def _joins_of(service: DatasetService, primary: str, names: Sequence[str]) -> list[JoinCandidate]:
    try:
        with busy("Looking for joins"):
            return [join for join in service.detect_joins(names) if join.left_table == primary]
    except DefinitionError as error:  # an engine that cannot look
        out.print(f"{error} Write joins into the file afterwards.", markup=False, highlight=False)
        return []


def _columns(service: DatasetService, answers: Answers, schemas: Schemas) -> Answers:
    from dataclasses import replace

    from dqx_core.datasets.base import GENERIC
    from dqx_core.datasets.draft import other_columns

    _step(3, f"Columns; {NONE} for none")
    known = _spellings(schemas, answers.table)
    roles: dict[Role, Place] = {}
    for role, suggestion in service.suggest_columns(list(schemas)).items():
        best = suggestion.best
        default = _spelling(known, (best.table, best.column)) if best else NONE
        others = ", ".join(_spelling(known, (each.table, each.column)) for each in suggestion.alternatives)
        question = f"{role}, the {GENERIC[role]}{f' (or {others})' if others else ''}"
        place = _ask(question, default=default, read=lambda text: None if text == NONE else _known(known, text))
        if place is not None:
            roles[role] = place
    others_there = other_columns(answers.table, schemas, answers.joins, roles)
    spelled = {_spelling(known, place): place for place in others_there}
    out.print(f"Others: {', '.join(spelled)}", markup=False, highlight=False)

    def listed(text: str) -> list[Place]:
        if text == "all":
            return others_there
        return [] if text == NONE else [_known(known, each.strip()) for each in text.split(",")]

    columns = _ask(f"Which of them? all, {NONE}, or names with commas", default="all", read=listed)
    return replace(answers, roles=roles, columns=tuple(columns))


def _rows(service: DatasetService, answers: Answers) -> dict[str, Any]:
    from dqx_core.datasets.dates import day_of

    _step(4, "Filters and split")
    said: dict[str, Any] = {"rolling_days": 0, "top_percent": 0, "min_transactions": 0}
    days: list[dt.date] = []
    if time := answers.roles.get("timestamp"):
        (stats,) = service.stats(time[0], [time[1]])
        days = [day_of(each, "UTC") for each in (stats.min, stats.max) if isinstance(each, dt.date)]
        if days:
            out.print(f"Rows go from {stats.min!s} to {stats.max!s}.", highlight=False)
        said["rolling_days"] = _ask("How many days back? 0 for all", default="90", read=_whole)
    if "product_id" in answers.roles and "revenue" in answers.roles:
        said["top_percent"] = _ask(
            "Only the products that make up how many percent of revenue? 0 for all",
            default="0",
            read=lambda text: _whole(text, most=100),
        )
    if "user_id" in answers.roles:
        said["min_transactions"] = _ask("Users with at least how many rows?", default="1", read=_whole)
    said["split"] = _split(answers)
    default = str(_first_full(days, said)) if days else None
    out.print("A partition is a day, or else an hour, a week or a month: weekly 2024-01-29.", highlight=False)
    said |= _ask("First partition, such as 2024-01-31", default=default, read=_first)
    return said


def _first(text: str) -> dict[str, Any]:
    """The first day of partitions, after what they are if they are not days."""
    from dqx_core.datasets.windows import Cadence

    cadences = get_args(Cadence)
    written, _, after = text.strip().rpartition(" ")
    cadence = written.strip().lower() or "daily"
    if cadence not in cadences:
        raise DefinitionError(f"Partitions are not '{written}'. {hint(cadence, cadences)}")
    return {"start": day(after), "cadence": cadence}


def _first_full(days: Sequence[dt.date], said: Mapping[str, Any]) -> dt.date:
    """The first day whose window has rows from its beginning, or the newest there is."""
    split = said["split"] or {}
    window = said["rolling_days"] or split.get("eval_days", 0) + split.get("gap_days", 0) + 1
    return min(days[0] + dt.timedelta(days=window - 1), days[-1])


def _split(answers: Answers) -> dict[str, Any] | None:
    from dqx_core.datasets.draft import column_names

    names = column_names(answers)

    def column(text: str) -> str:
        if text not in names:
            raise ValueError(f"The dataset has no column '{text}'. {hint(text, names)}")
        return text

    by_time = "timestamp" in answers.roles
    strategies = ["temporal"] * by_time + ["group", "column", "none"]
    match Prompt.ask("Split", choices=strategies, default=strategies[0], console=out):
        case "temporal":
            days = _ask("Days of eval, the last ones", default="7", read=lambda text: _whole(text, least=1))
            gap = _ask("Days between train and eval that are in neither", default="1", read=_whole)
            return {"strategy": "temporal", "eval_days": days, "gap_days": gap}
        case "group":
            user = answers.roles.get("user_id")
            key = _ask(
                "All rows of one what are in one part? A column, or several with commas",
                default=user[1] if user and user[1] in names else None,
                read=lambda text: [column(each.strip()) for each in text.split(",")],
            )
            percent = _ask("Percent of eval", default="20", read=lambda text: _whole(text, least=1, most=99))
            key = key[0] if len(key) == 1 else key
            return {"strategy": "group", "key": key, "parts": {"train": 100 - percent, "eval": percent}}
        case "column":
            return {"strategy": "column", "column": _ask("The column that says train or eval", read=column)}
    return None


def _show(service: DatasetService, definition: DatasetDefinition) -> None:
    from rich.syntax import Syntax

    from dqx_core.datasets.analysis import analyze
    from dqx_core.datasets.catalog import schemas_of
    from dqx_core.datasets.dates import newest_date
    from dqx_core.datasets.query import partition_query, render
    from dqx_core.datasets.writing import new_text

    schemas = schemas_of(definition, service.catalog)
    with busy("Measuring"):
        date = newest_date(definition, schemas, service.engine)
        sql = render(partition_query(definition, date, schemas), service.engine.dialect)
        sizes = analyze(definition, date, schemas, service.engine)
    out.print(Syntax(new_text(definition), "yaml", background_color="default"))
    out.print(Syntax(sql, "sql", background_color="default"))
    table(
        ["split", "rows", "%", "users", "products"],
        [(s.split, s.rows, round(s.share * 100, 1), s.users, s.products) for s in sizes.splits],
        title=f"{definition.name} of {date}",
    )
    out.print(f"Quality {sizes.quality.score} of 100, {sizes.quality.grade}.", highlight=False)
    for issue in sizes.quality.issues:
        out.print(f"-{issue.points}  {issue.message}", markup=False, highlight=False)


def _step(number: int, what: str) -> None:
    out.print(f"\n[bold]{number} of 4: {what}[/bold]")


def _ask(question: str, *, default: str | None = None, read: Callable[[str], Any] = str) -> Any:
    """An answer as `read` understands it; asked again, with the reason, until it does."""

    class Asked(Prompt):
        def process_response(self, value: str) -> Any:
            try:
                return read(value.strip())
            except (DqxError, ValueError) as error:
                raise InvalidResponse(f"[red]{escape(str(error))}[/red]") from None

    if default is None:
        return Asked.ask(escape(question), console=out)
    answer = Asked.ask(escape(question), default=default, console=out)
    return read(answer) if answer is default else answer


def _whole(text: str, *, least: int = 0, most: int = 36_500) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"Write a whole number from {least} to {most:,}.")
    return int(text)


def _spellings(schemas: Schemas, primary: str) -> dict[str, Place]:
    """What one may call each column: those of the primary table by name, of others with their table before it."""
    short = {name: name.rsplit(".", 1)[-1] for name in schemas}
    return {
        column if name == primary else f"{short[name]}.{column}": (name, column)
        for name, columns in schemas.items()
        for column in columns
    }


def _spelling(known: Mapping[str, Place], place: Place) -> str:
    return next(text for text, each in known.items() if each == place)


def _known(known: Mapping[str, Place], text: str) -> Place:
    if text not in known:
        raise ValueError(f"There is no column '{text}'. {hint(text, known)}")
    return known[text]
