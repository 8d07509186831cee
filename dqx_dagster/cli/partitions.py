"""`dqx partitions`: the partitions of an asset, and whether the newest verdicts speak of what is there now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dqx_core.errors import DefinitionError, hint
from dqx_dagster.cli.printing import out, print_json, table
from dqx_dagster.cli.store import AsJson
from dqx_dagster.cli.suites import Location

if TYPE_CHECKING:
    import dagster as dg

    from dqx_dagster.standing import Judges, Standing


def partitions(
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="The asset's key, such as raw/orders.")],
    location: Location = None,
    unjudged: Annotated[
        bool, typer.Option("--unjudged", help="Only those that are there and that nobody ever judged.")
    ] = False,
    stale: Annotated[
        bool,
        typer.Option("--stale", help="Only those whose verdicts are not of every assertion on what is there now."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The partitions of an asset: which definition made each, when, and whether it was judged since.

    It asks the instance of DAGSTER_HOME what is materialized, and the code location's metric store for verdicts.

    Example: dqx partitions shop_daily --location definitions.py --unjudged --stale
    """
    from dqx_dagster.dagster_internals import known_previews
    from dqx_dagster.standing import State

    with known_previews():
        found = _standings(asset, location)
    wanted = {state for state, asked in ((State.NEVER, unjudged), (State.STALE, stale)) if asked} or {*State}
    shown = [each for each in found if each.state in wanted]
    if as_json:
        print_json([_plain(each) for each in shown])
        return
    columns = ["partition", "", "materialized", "by run", "version", "verdicts", "without one"]
    table(columns, [_row(each) for each in shown])
    counts = Counter(each.state for each in found)
    told = ", ".join(f"{counts[state]:,} {state}" for state in State if counts[state])
    out.print(f"{asset}: {told or 'no partitions'}.", markup=False, highlight=False, soft_wrap=True)


def _row(each: Standing) -> list[object]:
    made = each.made_by
    version = None if made is None else str(made.version or "not recorded")
    verdicts = ", ".join(f"{count} {status}" for status, count in sorted(each.counts.items()))
    when = None if each.materialized is None else f"{each.materialized:%Y-%m-%d %H:%M}"
    missing = len(each.unjudged) if each.to_judge else None
    return [each.partition, str(each.state), when, (each.run_id or "")[:8], version, verdicts, missing]


def _plain(each: Standing) -> Mapping[str, object]:
    made = each.made_by
    return {
        "asset": each.asset,
        "partition": each.partition,
        "state": str(each.state),
        "materialized": each.materialized,
        "run": each.run_id,
        "materialization": each.materialization,
        "version": None if made is None else made.version,
        "rows": None if made is None else made.rows,
        "verdicts": {str(status): count for status, count in sorted(each.counts.items())},
        "judged_by": each.judged_by,
        "unjudged": each.unjudged,
    }


def _standings(asset: str, location: str | None) -> Sequence[Standing]:
    """What is known of an asset of the code location.

    Raises:
        DefinitionError: There is no such asset, no instance, or a resource that is needed cannot be made.
    """
    import dagster as dg

    from dqx_dagster.cli.ci.location import Where, load
    from dqx_dagster.partitions import Partitioning
    from dqx_dagster.standing import made_by, standings
    from dqx_dagster.suites import judges_of

    is_file = location is not None and location.endswith(".py")
    named = () if location is None else (location,)
    repository = load(Where(python_file=named) if is_file else Where(module_name=named)).repository
    graph, key = repository.asset_graph, dg.AssetKey.from_user_string(asset)
    if not graph.has(key):
        names = sorted(each.to_user_string() for each in graph.get_all_asset_keys())
        raise DefinitionError(f"The code location has no asset '{asset}'. {hint(asset, names)}")
    node = graph.get(key)
    partitioning = Partitioning.of(node.partitions_def, node.metadata)
    of_asset = [each for check, each in repository.asset_checks_defs_by_key.items() if check.asset_key == key]
    found = [known for each in of_asset if (known := judges_of(each)) is not None]
    attached = list({id(each): each for each in found}.values())
    with _instance() as instance, _resources(repository, instance, _needed(attached, node)) as resources:
        made: dict[str | None, Any] = {}
        if (engine := _engine(resources, node)) is not None and attached:
            db = getattr(resources, attached[0].target.store).db
            made = made_by(engine.storage, db, key.path[-1], partitioning)
        return standings(
            instance, key, partitioning, attached, lambda target: getattr(resources, target.store).db, made=made
        )


def _needed(judges: Sequence[Judges], node: Any) -> set[str]:
    """The resources to be asked: stores of verdicts and, of a dataset, what keeps it."""
    own = node.assets_def.required_resource_keys if "dqx/definition_hash" in node.metadata else ()
    return {*(each.target.store for each in judges), *own}


def _engine(resources: Any, node: Any) -> Any:
    """What keeps a dataset; None for other assets."""
    from dqx_dagster.resources import DatasetEngine

    if "dqx/definition_hash" not in node.metadata:
        return None
    given = (getattr(resources, key, None) for key in node.assets_def.required_resource_keys)
    return next((each for each in given if isinstance(each, DatasetEngine)), None)


@contextmanager
def _resources(repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, keys: set[str]) -> Iterator[Any]:
    import dagster as dg

    there = {key: each for key, each in repository.get_top_level_resources().items() if key in keys}
    with dg.build_resources(there, instance=instance) as resources:
        yield resources


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    import dagster as dg

    from dqx_dagster.cli.ci.location import cause

    try:
        instance = dg.DagsterInstance.get()
    except Exception as error:
        raise DefinitionError(f"The instance of DAGSTER_HOME says what is materialized. {cause(error)}") from error
    with instance:
        yield instance
