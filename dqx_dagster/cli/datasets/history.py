"""Commands on the versions of a definition."""

from __future__ import annotations

from typing import Annotated

import typer

from dqx_dagster.cli.datasets.definitions import Dataset, brief, show_versions
from dqx_dagster.cli.datasets.places import Places
from dqx_dagster.cli.printing import out, print_json, table
from dqx_dagster.cli.store import AsJson


def versions(places: Places, name: Dataset, as_json: AsJson = False) -> None:
    """The versions of a definition, and what changed in each.

    Example: dqx datasets versions shop_ranking
    """
    with places.opened(tables=False) as service:
        found = service.versions(name)
    if as_json:
        print_json([brief(version) for version in found])
    else:
        show_versions(found)


def diff(
    places: Places,
    name: Dataset,
    before: Annotated[int, typer.Argument(help="The number of a version.")],
    after: Annotated[int, typer.Argument(help="The number of another.")],
    as_json: AsJson = False,
) -> None:
    """What changed from one version to another, in the definition and in its SQL.

    Example: dqx datasets diff shop_ranking 3 5
    """
    from rich.syntax import Syntax

    with places.opened(tables=False) as service:
        found = service.diff(name, before, after)
    if as_json:
        print_json(found)
        return
    if not found.changes:
        out.print(f"Versions {before} and {after} of {name} are the same.")
    for change in found.changes:
        out.print(str(change), markup=False, highlight=False, soft_wrap=True)
    if found.sql:
        out.print(Syntax(found.sql, "diff", background_color="default"))


def restore(
    places: Places,
    name: Dataset,
    version: Annotated[int, typer.Argument(help="The number of the version.")],
    as_json: AsJson = False,
) -> None:
    """Write the content of an old version to the file again; it is kept as a new version.

    Example: dqx datasets restore shop_ranking 3
    """
    with places.opened(tables=False, writes=True) as service:
        saved = service.restore(name, version)
    if as_json:
        print_json({"version": saved.version.version, "path": saved.path, "changes": saved.changes})
        return
    out.print(f"{name} is as in version {version} again, and that is version {saved.version.version}.", highlight=False)
    for change in saved.changes:
        out.print(f"  {change}", markup=False, highlight=False, soft_wrap=True)


def partitions(places: Places, name: Dataset, as_json: AsJson = False) -> None:
    """The partitions that are stored, each with the version that made it.

    Example: dqx datasets partitions shop_daily
    """
    from dqx_core.datasets.windows import part_name

    with places.opened(tables=False) as service:
        found = service.get(name)
    now = {each.version for each in found.versions if each.definition_hash == found.definition.definition_hash}
    if as_json:
        print_json([{**vars(each), "stale": each.version not in now} for each in found.partitions])
        return
    if not found.partitions:
        out.print(f"{name} has no partitions yet: dqx datasets materialize {name}", highlight=False, soft_wrap=True)
        return
    table(
        ["date", "split", "rows", "version", "written"],
        [
            (part_name(each.date), each.split, each.rows, each.version, f"{each.written_at:%Y-%m-%d %H:%M}")
            for each in found.partitions
        ],
    )
    stale = sum(each.version not in now for each in found.partitions)
    if stale:
        out.print(
            f"{stale:,} of {len(found.partitions):,} are not of the definition as it is now. Make them again: "
            f"dqx datasets remake {name} --stale",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
