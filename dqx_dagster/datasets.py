"""Dataset definitions become assets with a partition for each date and split, downstream of their source tables."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from dqx_core.datasets.definition import DatasetDefinition
from dqx_core.datasets.integrity import dataset_integrity
from dqx_core.datasets.loading import load_folder
from dqx_core.datasets.materialize import PartitionResult
from dqx_core.datasets.storage import Storage
from dqx_core.engines.jobs import recording
from dqx_core.errors import DqxError
from dqx_dagster.dagster_internals import known_previews
from dqx_dagster.jobs import jobs_metadata
from dqx_dagster.partitions import (
    ONLY_DATE,
    SPLIT,
    Partitioning,
    days_and_splits,
    has_dates,
    partitions_of,
    stored_date,
)
from dqx_dagster.resources import DatasetEngine, MetricStore
from dqx_dagster.suites import suite_checks
from dqx_dagster.targets import nominal_date
from dqx_dagster.translator import DqxTranslator


def dataset_asset(
    definition: DatasetDefinition,
    *,
    engine: str = "engine",
    kind: str = "duckdb",
    store: str | None = "store",
    io_manager_key: str = "datasets_io_manager",
    retry_policy: dg.RetryPolicy | None = None,
    pool: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    automation_condition: dg.AutomationCondition[dg.AssetKey] | None = None,
    translator: DqxTranslator | None = None,
) -> dg.AssetsDefinition:
    """The asset of a dataset definition: one partition per date and split.

    Without a time column its partitions are the splits, without a split the dates; with neither it has none.
    Whatever partitions a run asks for, the source tables are read once and every date is one query that writes
    all its splits: one snapshot, disjoint by construction.

    Args:
        definition: What the dataset is.
        engine: The resource key of the engine.
        kind: What the engine is, as the UI shows it: "duckdb" or "bigquery".
        store: The resource key of the metric store, which keeps each content of the definition as a version; None:
            it is not kept.
        io_manager_key: The resource key of the IO manager that hands partitions to downstream assets.
        retry_policy: What to do when the engine or the store fails.
        pool: Dagster's pool that limits how many such steps run at once.
        op_tags: Tags of the step, such as those that an executor reads.
        automation_condition: When Dagster makes it by itself.
        translator: Keys, groups, owners and tags.
    """
    names = translator or DqxTranslator()
    metadata = definition_metadata(definition, names)
    partitioning = Partitioning.of(partitions_of(definition), metadata)

    with known_previews():

        @dg.asset(
            key=names.asset_key(definition),
            deps=[names.source_key(table) for table in definition.source.tables],
            partitions_def=partitioning.definition,
            backfill_policy=dg.BackfillPolicy.single_run(),
            required_resource_keys={engine, *([store] if store else [])},
            io_manager_key=io_manager_key,
            group_name=names.group_name(definition),
            owners=list(names.owners(definition)),
            tags=dict(names.tags(definition)),
            kinds=set(names.kinds(definition, kind)),
            code_version=definition.definition_hash,
            retry_policy=retry_policy,
            pool=pool,
            op_tags=op_tags,
            automation_condition=automation_condition,
            description=definition.description,
            metadata=metadata,
        )
        def dataset(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
            if definition.status != "active":
                raise dg.Failure(
                    f"Dataset '{definition.name}' is a draft. Set `status: active` in its definition to materialize it."
                )
            wanted = [None] if partitioning.definition is None else [str(pk) for pk in context.partition_keys]
            keys = {partitioning.key(partition, nominal_date(context)): partition for partition in wanted}
            named = {(stored_date(key), key.tags.get(SPLIT)): partition for key, partition in keys.items()}
            resource = getattr(context.resources, engine)
            results: list[PartitionResult] = []
            version: Mapping[str, int] = {}
            try:
                if store:
                    version = {"dqx/version": _recorded(definition, resource, getattr(context.resources, store))}
                with recording(dataset=definition.name, execution_id=context.run.run_id) as jobs:
                    for days, splits in _rectangles(days_and_splits(list(keys), definition.split.part_names)):
                        results += resource.storage.materialize(definition, days, splits)
                    shown = [partition_metadata(result, resource.storage) for result in results]
            except DqxError as error:
                raise dg.Failure(
                    f"Dataset '{definition.name}' was not materialized. {type(error).__name__}: {error}"
                ) from error
            for result in results:
                if result.set_aside:
                    context.log.warning(
                        f"{result.date} of dataset '{definition.name}' has no split {', '.join(result.set_aside)} any "
                        f"more: set aside. To delete it: dqx datasets prune {definition.name}"
                    )
            for result, told in zip(results, shown, strict=True):
                # As the run named it: of two hours that clocks show alike Dagster itself may name the other.
                partition = named.get((result.date, result.split), named.get((result.date, None)))
                if partition is None:
                    context.add_asset_metadata(told)
                else:
                    context.add_asset_metadata(told, partition_key=partition)
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(_version_of(results)),
                metadata={**version, **jobs_metadata(jobs, resource.price)},
            )

    return dataset


def dataset_assets(
    definitions: str | Path | Iterable[DatasetDefinition],
    *,
    engine: str = "engine",
    kind: str = "duckdb",
    store: str = "store",
    integrity: bool = True,
    translator: DqxTranslator | None = None,
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets of definitions, or of a folder of YAML files, and of the source tables they read.

    With them come the checks of each dataset's integrity, unless `integrity` is False: all of it goes into
    `Definitions(assets=…)`.
    """
    known = list(load_folder(definitions).values() if isinstance(definitions, str | Path) else definitions)
    datasets = [
        dataset_asset(definition, engine=engine, kind=kind, store=store, translator=translator) for definition in known
    ]
    checks = [
        suite_checks(dataset_integrity(definition), asset, engine=engine, store=store, translator=translator)
        for definition, asset in zip(known, datasets, strict=True)
        if integrity
    ]
    return [*source_assets(known, translator), *datasets, *checks]


def source_assets(
    definitions: Iterable[DatasetDefinition], translator: DqxTranslator | None = None
) -> list[dg.AssetSpec]:
    """The source tables of definitions, each once: in the lineage they are read, never written."""
    names = translator or DqxTranslator()
    tables = sorted({table for definition in definitions for table in definition.source.tables})
    return [
        dg.AssetSpec(
            names.source_key(table),
            # Projects of Google Cloud have hyphens, groups of Dagster do not.
            group_name=re.sub(r"\W", "_", table.split(".")[-2], flags=re.ASCII),
            kinds={"table"},
            description=f"Source table {table}.",
        )
        for table in tables
    ]


def definition_metadata(definition: DatasetDefinition, translator: DqxTranslator) -> Mapping[str, Any]:
    """What a dataset says before there is data: where each column comes from, and where a filter leaks."""
    found: dict[str, Any] = {"dqx/definition_hash": definition.definition_hash, "dqx/status": definition.status}
    if not has_dates(definition):
        found[ONLY_DATE] = (definition.partitions.end or definition.partitions.start).isoformat()
    if definition.columns:
        origins = {
            column.name: [
                dg.TableColumnDep(
                    asset_key=translator.source_key(
                        definition.source.full_name(column.table) or definition.source.table
                    ),
                    column_name=column.column,
                )
            ]
            for column in definition.columns
        }
        found["dagster/column_lineage"] = dg.TableColumnLineage(deps_by_column=origins)
    if definition.leaks:
        found["dqx/leaks"] = dg.MetadataValue.md("\n".join(f"- {leak}" for leak in definition.leaks))
    return found


def partition_metadata(result: PartitionResult, storage: Storage) -> Mapping[str, Any]:
    """What a materialized partition shows: numbers as plots, its columns, window, first rows and SQL."""
    place = str(result.path)
    return {
        "dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind) for name, kind in result.columns.items()]),
        "preview": dg.MetadataValue.md(preview(storage.first_rows(result, 5))),
        "dagster/partition_row_count": result.rows,
        "rows": result.rows,
        "bytes": result.bytes,
        "window": ", ".join(f"{part} {days}" for part, days in result.window.parts.items()),
        **({"path": dg.MetadataValue.path(place)} if isinstance(result.path, Path) else {"table": place}),
        "dqx/data_version": result.data_version,
        "dqx/fingerprint": result.fingerprint,
        "dqx/change": result.change,
        **({"dqx/lost_rows": dict(result.lost)} if result.lost else {}),
        "sql": dg.MetadataValue.md(f"```sql\n{result.sql}\n```"),
    }


def preview(shown: Sequence[Mapping[str, Any]]) -> str:
    """Some rows, as a Markdown table."""
    if not shown:
        return "No rows."

    def cells(values: Iterable[object]) -> str:
        return "| " + " | ".join(str(value).replace("|", "\\|").replace("\n", " ") for value in values) + " |"

    return "\n".join([cells(shown[0]), cells("---" for _ in shown[0]), *(cells(row.values()) for row in shown)])


def _recorded(definition: DatasetDefinition, engine: DatasetEngine, store: MetricStore) -> int:
    """The number of the version that the definition is; a content that the store does not know becomes one."""
    from dqx_core.datasets.versions import recorded

    dialect = engine.connect().dialect
    return recorded(definition, store.db, engine.catalog(definition), dialect=dialect).version


def _version_of(results: list[PartitionResult]) -> str:
    """The data version of a run. Dagster knows one a step: of a range it is that of all its partitions together.

    Each partition's own is in its metadata.
    """
    versions = sorted(result.data_version for result in results)
    return versions[0] if len(versions) == 1 else hashlib.sha256("|".join(versions).encode()).hexdigest()[:32]


def _rectangles(wanted: list[tuple[Any, tuple[str, ...]]]) -> list[tuple[list[Any], tuple[str, ...]]]:
    """Days that want the same splits, together: each group is one pass over the sources."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for day, splits in wanted:
        groups.setdefault(splits, []).append(day)
    return [(days, splits) for splits, days in groups.items()]
