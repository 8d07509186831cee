"""Where dqx touches what Dagster does not export or calls a preview; tests/dagster pins each behaviour."""

from __future__ import annotations

import datetime as dt
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as TargetMaterialization,
)
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.definitions.partitions.utils.mapping import infer_partition_mapping

__all__ = [
    "CodePointer",
    "TargetMaterialization",
    "beyond",
    "code_pointers",
    "environment_file",
    "known_previews",
    "latest_materialization",
    "latest_materializations",
    "listen",
    "name_of",
    "partitions_read",
    "repositories",
    "resource_class",
]


@contextmanager
def known_previews() -> Iterator[None]:
    """No warnings for the preview and beta features that dqx uses on purpose and its tests pin.

    Partitioned checks are a preview, backfill policies and multi-partition mappings a beta.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


def latest_materialization(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, partition: str | None
) -> TargetMaterialization | None:
    """What a check result says it judged: the newest materialization of the partition; None if there is none."""
    wanted = dg.AssetRecordsFilter(asset_key=asset_key, asset_partitions=None if partition is None else [partition])
    records = instance.fetch_materializations(wanted, limit=1).records
    if not records:
        return None
    newest = records[0]
    return TargetMaterialization(
        storage_id=newest.storage_id, run_id=newest.event_log_entry.run_id, timestamp=newest.timestamp
    )


def latest_materializations(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, partitions: Sequence[str] | None
) -> dict[str | None, TargetMaterialization]:
    """The newest materialization of each of these partitions that has one; of None where there are no partitions.

    Of few each is looked for, as one is found at once; of many all are listed, in a statement or two.
    """
    wanted = frozenset(partitions) if partitions is not None else frozenset([None])
    if len(wanted) <= _FEW:
        each = {partition: latest_materialization(instance, asset_key, partition) for partition in wanted}
        return {partition: found for partition, found in each.items() if found is not None}
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    ids = {
        storage_id: partition
        for partition, storage_id in instance.get_latest_storage_id_by_partition(asset_key, kind).items()
        if partition in wanted
    }
    told: dict[str | None, TargetMaterialization] = {}
    listed = list(ids)
    for first in range(0, len(listed), _AT_ONCE):
        some = listed[first : first + _AT_ONCE]
        records = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=asset_key, storage_ids=some), limit=len(some)
        ).records
        for record in records:
            told[ids[record.storage_id]] = TargetMaterialization(
                storage_id=record.storage_id, run_id=record.event_log_entry.run_id, timestamp=record.timestamp
            )
    return told


_FEW = 3

_AT_ONCE = 500
"""Records asked for in one statement: SQLite takes a limited number of parameters."""


def beyond(context: dg.InputContext) -> list[str]:
    """The partitions that an input's mapping leads to and that its asset's definition does not have.

    Dagster leaves out those before the first and after the last; found where the definition is one of time.
    """
    step = context.step_context
    layer = step.job_def.asset_layer
    consumer = layer.get_assets_def_for_node(step.node_handle)
    own, upstream = step.entity_partitions_def, layer.get(context.asset_key).partitions_def
    if consumer is None or own is None or upstream is None or not step.has_partition_key:
        return []
    mapping = infer_partition_mapping(consumer.get_partition_mapping_for_dep(context.asset_key), own, upstream)
    wide_own, wide_upstream = _without_ends(own), _without_ends(upstream)
    with partition_loading_context(dynamic_partitions_store=step.instance), known_previews():
        result = mapping.get_upstream_mapped_partitions_result_for_partitions(
            wide_own.empty_subset().with_partition_keys([step.partition_key]), wide_own, wide_upstream
        )
        wanted = [str(key) for key in result.partitions_subset.get_partition_keys()]
        return [key for key in wanted if not upstream.has_partition_key(key)]


_YEARS = dt.timedelta(days=3660)


def _without_ends(definition: dg.PartitionsDefinition[Any]) -> dg.PartitionsDefinition[Any]:
    """The same partitions, of ten more years on both sides where they are of time."""
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return dg.MultiPartitionsDefinition(
            {dimension.name: _without_ends(dimension.partitions_def) for dimension in definition.partitions_defs}
        )
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return dg.TimeWindowPartitionsDefinition(
            start=definition.start - _YEARS,
            end=None if definition.end is None else definition.end + _YEARS,
            fmt=definition.fmt,
            cron_schedule=definition.cron_schedule,
            timezone=definition.timezone,
        )
    return definition


def name_of(materialization: TargetMaterialization | None) -> str | None:
    """What tells a materialization from all others, in one text."""
    return None if materialization is None else f"{materialization.run_id}:{materialization.storage_id}"


def partitions_read(
    instance: dg.DagsterInstance,
    consumer: dg.AssetsDefinition,
    partitions: Sequence[str],
    upstream: dg.AssetKey,
    upstream_def: dg.PartitionsDefinition[str],
) -> tuple[list[str], list[str]]:
    """The partitions of an asset that a consumer of it reads, by Dagster's own mapping; and those that do not exist.

    The context of a run only knows those of assets that are in its job. Of a consumer without partitions they are all.
    """
    from dagster._core.definitions.partitions.context import partition_loading_context
    from dagster._core.definitions.partitions.utils.mapping import infer_partition_mapping

    own = consumer.partitions_def
    mapping = infer_partition_mapping(consumer.get_partition_mapping_for_dep(upstream), own, upstream_def)
    with partition_loading_context(dynamic_partitions_store=instance), known_previews():
        subset = None if own is None else own.subset_with_partition_keys(partitions)
        found = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, own, upstream_def)
        missing = found.required_but_nonexistent_subset
        return (
            [str(each) for each in found.partitions_subset.get_partition_keys()],
            [] if missing.is_empty else [str(each) for each in missing.get_partition_keys()],
        )


@dataclass(frozen=True)
class CodePointer:
    """Where a code location is, as `dagster`'s own options and files name it."""

    name: str
    python_file: str | None
    module_name: str | None
    package_name: str | None
    autoload_defs_module_name: str | None
    working_directory: str | None
    attribute: str | None
    other_python: str | None
    """The interpreter it wants, where it is not this one."""

    @property
    def target(self) -> str:
        """The file or module, for people."""
        named = self.python_file or self.module_name or self.package_name or self.autoload_defs_module_name
        return named or "a gRPC server"


def code_pointers(
    *,
    workspace: Sequence[str],
    python_file: Sequence[str],
    module_name: Sequence[str],
    package_name: Sequence[str],
    working_directory: str | None,
    attribute: str | None,
) -> list[CodePointer]:
    """The code locations that `dagster` would load with these options, or without any from the folder's files.

    Raises:
        click.UsageError: The options contradict each other, or there is nothing to load.
        Exception: Whatever Dagster raises at a file that it cannot read.
    """
    from dagster._cli.workspace.cli_target import workspace_opts_to_load_target
    from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
    from dagster_shared.cli import WorkspaceOpts

    target = workspace_opts_to_load_target(
        WorkspaceOpts(
            workspace=workspace or None,
            python_file=python_file or None,
            module_name=module_name or None,
            package_name=package_name or None,
            working_directory=working_directory,
            attribute=attribute,
        )
    )
    found = []
    for origin in target.create_origins():
        at: Any = None if isinstance(origin, GrpcServerCodeLocationOrigin) else origin.loadable_target_origin
        other = at and at.executable_path not in (None, sys.executable) and at.executable_path
        names = ("python_file", "module_name", "package_name", "autoload_defs_module_name", "working_directory")
        values = {name: getattr(at, name, None) for name in (*names, "attribute")}
        found.append(CodePointer(name=origin.location_name, other_python=other or None, **values))
    return found


def repositories(pointer: CodePointer) -> list[dg.RepositoryDefinition]:
    """Import a code location into this process.

    Raises:
        Exception: Whatever the user's code and Dagster raise.
    """
    from dagster._core.definitions.reconstruct import repository_def_from_target_def
    from dagster._grpc.utils import get_loadable_targets

    targets = get_loadable_targets(
        python_file=pointer.python_file,
        module_name=pointer.module_name,
        package_name=pointer.package_name,
        autoload_defs_module_name=pointer.autoload_defs_module_name,
        working_directory=pointer.working_directory,
        attribute=pointer.attribute,
        resolve_lazy_defs=True,
    )
    found = [repository_def_from_target_def(target.target_definition) for target in targets]
    return [repository for repository in found if repository is not None]


def environment_file(folder: str) -> Mapping[str, str]:
    """What the `.env` of a folder says, as `dagster` reads it; nothing if there is none."""
    from dagster._core.secrets.env_file import get_env_var_dict

    return get_env_var_dict(folder)


def resource_class(definition: dg.ResourceDefinition) -> type | None:
    """The class of a resource or IO manager that was given as a `ConfigurableResource`; None for others."""
    found: type | None = getattr(definition, "configurable_resource_cls", None)
    return found


def listen(instance: dg.DagsterInstance, run_id: str, tell: Callable[[dg.EventLogEntry], object]) -> None:
    """Call back at each event of a run in this process."""
    instance.add_event_listener(run_id, tell)
