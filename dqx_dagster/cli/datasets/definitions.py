"""Commands that look at definitions and write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dqx_core.errors import DefinitionError
from dqx_dagster.cli import completion
from dqx_dagster.cli.datasets.places import Places
from dqx_dagster.cli.printing import err, out, print_json, table
from dqx_dagster.cli.store import AsJson

if TYPE_CHECKING:
    from dqx_core.datasets.service import Saved

Dataset = Annotated[str, typer.Argument(metavar="NAME", help="The dataset.", autocompletion=completion.definitions)]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PLACE=VALUE", help="Such as split.eval_days=3 or 'filters[2].min=1'. Repeatable."),
]
Unset = Annotated[list[str] | None, typer.Option("--unset", metavar="PLACE", help="Take it out. May be repeated.")]


def list_(
    places: Places,
    search: Annotated[str | None, typer.Option(help="Only with this in name or description.")] = None,
    status: Annotated[str | None, typer.Option(help="Only draft, or only active.")] = None,
    limit: Annotated[int, typer.Option(help="How many.")] = 50,
    offset: Annotated[int, typer.Option(help="After how many.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The datasets there are.

    Example: dqx datasets list --status active --folder examples/shop/datasets
    """
    with places.opened(tables=False) as service:
        page = service.list(search=search, status=status, limit=limit, offset=offset)
    if as_json:
        print_json(page)
        return
    if not page.total:
        asked = search is not None or status is not None
        out.print(
            "No dataset is like that."
            if asked
            else f"There are no datasets in {places.folder}. Make one with: dqx datasets new"
        )
        return
    if not page.datasets:
        out.print(f"There are {page.total}, and none after the first {page.offset}.")
        return
    last = page.offset + len(page.datasets)
    table(
        ["name", "status", "tables", "rows", "analyzed", "description"],
        [
            (
                each.name,
                each.status,
                ", ".join(each.tables),
                each.rows,
                each.analyzed_at.strftime("%Y-%m-%d %H:%M") if each.analyzed_at else "not yet",
                each.description,
            )
            for each in page.datasets
        ],
    )
    if last < page.total:
        out.print(f"{page.offset + 1} to {last} of {page.total}; --offset {last} goes on.")
    elif page.offset:
        out.print(f"{page.offset + 1} to {last} of {page.total}.")


def get(places: Places, name: Dataset, as_json: AsJson = False) -> None:
    """A definition as it is, its versions and its partitions.

    Example: dqx datasets get shop_daily
    """
    from rich.syntax import Syntax

    from dqx_core.datasets.library import names_in
    from dqx_core.datasets.loading import text_of
    from dqx_core.datasets.writing import as_data, new_text

    with places.opened(tables=False) as service:
        found = service.get(name)
        held = None if name in names_in(places.folder) else service.elsewhere.get(name)
    if as_json:
        shown = {**vars(found), "definition": as_data(found.definition), "version": found.version}
        print_json(shown | {"versions": [brief(version) for version in found.versions]})
        return
    text = text_of(found.path) if held is None else new_text(found.definition)
    out.print(Syntax(text, "yaml", background_color="default"))
    if held is not None:
        where = f"It is defined by a component, in {held.path}, line {held.line}: edit it there."
        out.print(where, markup=False, highlight=False, soft_wrap=True)
    if found.version is None:
        out.print("Its content is not kept as a version yet; analyzing or materializing it keeps it.")
    show_versions(found.versions)
    if found.partitions:
        rows = [(each.date, each.split, each.rows, each.version) for each in found.partitions]
        table(["date", "split", "rows", "version"], rows, title=f"{len(rows)} partitions")


def check_name(places: Places, name: Annotated[str, typer.Argument(help="The name.")], as_json: AsJson = False) -> None:
    """Whether a new dataset can have a name; exit code 1 if not.

    Example: dqx datasets check-name shop_weekly
    """
    with places.opened(tables=False) as service:
        found = service.check_name(name)
    if as_json:
        print_json(found)
    elif found.free:
        out.print(f"'{name}' is free.")
    else:
        problem = found.problem or ""
        out.print(f"{problem[:1].upper()}{problem[1:]} Free is '{found.suggestion}'.", markup=False)
    raise typer.Exit(0 if found.free else 1)


def create(
    places: Places,
    file: Annotated[Path, typer.Argument(help="A YAML file anywhere that holds a definition.")],
    as_json: AsJson = False,
) -> None:
    """Take a definition into the folder, checked, as version 1. `dqx datasets new` asks for one instead.

    Example: dqx datasets create /tmp/shop_weekly.yaml
    """
    from dqx_core.datasets.loading import from_yaml

    with places.opened(tables=False, writes=True) as service:
        saved = service.create(from_yaml(file, schemas=service.schemas))
    _say(saved, "Created", as_json)


def update(
    places: Places,
    name: Dataset,
    values: Set = None,
    unset: Unset = None,
    file: Annotated[Path | None, typer.Option("--file", help="A YAML file with the whole new content.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change a definition; the comments and the layout of its file stay. Other content is a new version.

    Before it is written, the partitions that stay as they were are told, and how many keys the split moves.

    Example: dqx datasets update shop_ranking --set split.eval_days=3
    """
    from dqx_core.datasets.definition import define
    from dqx_core.datasets.loading import from_yaml
    from dqx_core.datasets.staying import staying
    from dqx_core.datasets.writing import Data, as_data, value_of, with_value

    if not (values or unset or file):
        raise DefinitionError("Nothing to change. Say what: --set split.eval_days=3, --unset nulls or --file new.yaml.")
    with places.opened(tables=False, writes=True) as service:
        before = service.definition(name)
        whole = as_data(from_yaml(file, schemas=service.schemas)) if file is not None else None

        def changed(old: Data) -> Data:
            new = old if whole is None else whole
            for each in values or ():
                place, equals, text = each.partition("=")
                if not equals:
                    raise DefinitionError(
                        f"--set {each} is not a place and a value. Write it as --set split.eval_days=3."
                    )
                new = with_value(new, place.strip(), value_of(text))
            for place in unset or ():
                new = with_value(new, place.strip(), None)
            after = define({key: value for key, value in new.items() if value is not None}, schemas=service.schemas)
            told = staying(before, after, service.storage, service.store.datasets.versions(name))
            if told is not None:
                err.print(told, style="yellow", markup=False, highlight=False, soft_wrap=True)
            return dict.fromkeys(old) | new

        saved = service.update(name, changed)
    _say(saved, "Updated", as_json)


def clone(
    places: Places,
    name: Dataset,
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="The new name; NAME_copy if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """The same content as a draft under another name. Rows are in the same split of both.

    Example: dqx datasets clone shop_daily
    """
    with places.opened(tables=False, writes=True) as service:
        saved = service.clone(name, new)
    _say(saved, "Cloned to", as_json)


def activate(places: Places, name: Dataset, as_json: AsJson = False) -> None:
    """Make a draft active, if it fits the tables and the engine takes its query.

    Example: dqx datasets activate shop_weekly
    """
    with places.opened(writes=True) as service:
        saved = service.activate(name)
    _say(saved, "Active:", as_json)


def delete(
    places: Places,
    name: Dataset,
    force: Annotated[bool, typer.Option("--force", help="Also with versions or partitions.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a definition; refused while versions or partitions of it exist. Partitions are never deleted.

    Example: dqx datasets delete shop_weekly --force
    """
    with places.opened(tables=False) as service:
        path = service.delete(name, force=force)
    if as_json:
        print_json({"deleted": path})
    else:
        out.print(f"Deleted {path}.", markup=False, highlight=False, soft_wrap=True)


def schema_json(
    _places: Places,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; else it is printed.")] = None,
) -> None:
    """The JSON schema of definitions, for editors.

    Then `# yaml-language-server: $schema=schema.json` is the first line of a definition.

    Example: dqx datasets schema-json -o datasets/schema.json
    """
    import json

    from dqx_core.datasets.jsonschema import json_schema
    from dqx_core.datasets.writing import save

    if output is None:
        print_json(json_schema())
    else:
        save(output, json.dumps(json_schema(), indent=2) + "\n")
        out.print(f"Wrote {output}.", markup=False, highlight=False, soft_wrap=True)


def show_versions(versions: Any) -> None:
    """Versions as a table."""
    rows = [
        (each.version, each.created.strftime("%Y-%m-%d %H:%M"), each.definition_hash, bool(each.analysis), each.change)
        for each in versions
    ]
    table(["version", "made", "hash", "analyzed", "change"], rows)


def brief(version: Any) -> dict[str, Any]:
    """A version without its content."""
    return {
        "version": version.version,
        "definition_hash": version.definition_hash,
        "created": version.created,
        "change": version.change,
        "analyzed": version.analysis is not None,
    }


def _say(saved: Saved, what: str, as_json: bool) -> None:
    from dqx_core.datasets.writing import as_data

    if as_json:
        shown = {"definition": as_data(saved.definition), "path": saved.path, "version": saved.version.version}
        print_json(shown | {"changes": saved.changes})
        return
    out.print(
        f"{what} {saved.definition.name}, version {saved.version.version}: {saved.path}",
        highlight=False,
        soft_wrap=True,
    )
    for change in saved.changes:
        out.print(f"  {change}", markup=False, highlight=False, soft_wrap=True)
