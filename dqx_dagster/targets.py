"""What a suite is attached to: assets, their partitions, and where their rows are."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dqx_core.engines.base import DataSource
from dqx_core.engines.relation import RelationDataSource
from dqx_core.errors import DefinitionError, hint
from dqx_core.keys import ResultKey
from dqx_core.suite import Suite
from dqx_core.verification import VerificationSuite
from dqx_dagster.partitions import Partitioning

Asset = dg.AssetsDefinition | dg.AssetSpec | dg.SourceAsset

SourceOf = Callable[[Any], DataSource]
"""From the run's resources to the data source that a suite measures."""

Sources = SourceOf | Mapping[str, SourceOf]
"""One for the only asset, or one for each dataset by name."""

Context = dg.AssetCheckExecutionContext | dg.AssetExecutionContext | dg.OpExecutionContext


@dataclass(frozen=True)
class Attached:
    """One asset that a suite speaks of."""

    key: dg.AssetKey
    source: SourceOf
    deps: frozenset[dg.AssetKey] = frozenset()
    """The assets that it reads."""


@dataclass(frozen=True)
class SuiteTarget:
    """A suite and the assets it is attached to, by the name of their dataset; all have the same partitions."""

    suite: Suite
    assets: Mapping[str, Attached]
    partitioning: Partitioning
    engine: str | None
    store: str
    tables: tuple[str, ...] = ()
    """Source tables that the suite also reads, by their full names; what it says of them it says of its first asset."""

    @property
    def partitions_def(self) -> dg.PartitionsDefinition[str] | None:
        """The partitions of the assets."""
        return self.partitioning.definition

    @property
    def resources(self) -> set[str]:
        """The resource keys that measuring takes."""
        return {self.store, *([self.engine] if self.engine else [])}

    def price(self, context: Context) -> float | None:
        """Of a TiB that the engine reads, if it says so."""
        return getattr(getattr(context.resources, self.engine), "price", None) if self.engine else None

    @property
    def only(self) -> tuple[str, Attached]:
        """The dataset and the asset, where there is one.

        Raises:
            DefinitionError: There are several.
        """
        if len(self.assets) > 1:
            listed = ", ".join(attached.key.to_user_string() for attached in self.assets.values())
            raise DefinitionError(
                f"Suite '{self.suite.name}' speaks of {listed} here, and this takes one asset. Pick it: "
                "asset.get_asset_spec(dg.AssetKey([…])), or give the suite's checks datasets of one."
            )
        return next(iter(self.assets.items()))

    def downstream(self, datasets: Sequence[str]) -> dg.AssetKey | None:
        """Of the assets of these datasets the one that reads the others, be it by way of some; of several the first."""
        named = [dataset for dataset in datasets if dataset in self.assets]
        read = {each for dataset in named for each in self._read_by(self.assets[dataset].key)}
        last = [dataset for dataset in named if self.assets[dataset].key not in read] or named
        return self.assets[last[0]].key if last else None

    def _read_by(self, key: dg.AssetKey) -> set[dg.AssetKey]:
        """What an asset reads, also by way of others of the suite's."""
        deps = {attached.key: attached.deps for attached in self.assets.values()}
        found: set[dg.AssetKey] = set()
        rest = [*deps[key]]
        while rest:
            each = rest.pop()
            if each not in found:
                found.add(each)
                rest += deps.get(each, ())
        return found

    def key_of(self, dataset: str | None) -> dg.AssetKey:
        """The asset of a dataset; without a name, the only asset there is.

        Raises:
            DefinitionError: The suite speaks of a dataset that it is not attached to.
        """
        if dataset is None:
            if len(self.assets) == 1:
                return self.only[1].key
            raise DefinitionError(
                f"Suite '{self.suite.name}' is attached to {len(self.assets)} assets, and an assertion names "
                'no dataset. Name it in the check: @check(name="…", datasets=["…"]).'
            )
        if dataset in self.tables:
            return next(iter(self.assets.values())).key
        if dataset not in self.assets:
            raise DefinitionError(
                f"Suite '{self.suite.name}' speaks of dataset '{dataset}', which none of its assets is. "
                f"{hint(dataset, self.assets)}"
            )
        return self.assets[dataset].key

    def data(self, context: Context, datasets: Collection[str] = ()) -> list[DataSource]:
        """The data source of every asset and table, for a run; of these datasets only, where some are named.

        What is judged in a run may be upstream of what is not made yet.
        """
        of_assets = [
            self._placed(each.source(context.resources), each.key)
            for dataset, each in self.assets.items()
            if not datasets or dataset in datasets
        ]
        engine = getattr(context.resources, self.engine) if self.engine else None
        return [*of_assets, *(engine.table_source(table) for table in self.tables if engine)]

    def _placed(self, source: DataSource, key: dg.AssetKey) -> DataSource:
        """The rows of an asset under its whole key, on the clocks of its partitions, with a column for each dimension.

        Raises:
            DefinitionError: Nothing says which rows belong to a partition.
        """
        if not isinstance(source, RelationDataSource):
            return source
        columns = {column.lower(): column for column in source.schema}
        found: dict[str, str] = {}
        for name in self.partitioning.dimensions:
            only = set(source.dimensions.values())
            if name in source.dimensions:
                continue
            if name.lower() in columns:
                found[name] = columns[name.lower()]
            elif len(only) == 1 and name == Partitioning.dimension:  # partitions of one dimension have no name for it
                found[name] = next(iter(only))
            else:
                raise DefinitionError(
                    f"Asset {key.to_user_string()} has partitions by '{name}', and nothing says which rows of data "
                    f"source '{source.name}' belong to which: all of them would be judged as each. Name the column: "
                    f"dimensions={{'{name}': '…'}}. {hint(name, source.schema)}"
                )
        return source.placed(key.to_user_string(), timezone=self.partitioning.timezone, dimensions=found)

    def verification(self, context: Context) -> VerificationSuite:
        """The suite, ready to run under the id of the Dagster run."""
        store = getattr(context.resources, self.store)
        return VerificationSuite(
            self.suite.checks,
            store.db,
            self.suite.name,
            execution_id=context.run.run_id,
            profiles=self.suite.profiles,
            origin="dagster",
            no_rows=self.suite.no_rows,
        )

    def keys(self, context: Context) -> dict[ResultKey, str | None]:
        """The windows and tags that a run speaks of, each with its partition.

        Raises:
            dg.Failure: The assets have partitions, and the run names none.
        """
        if self.partitions_def is None:
            return {self.partitioning.key(None, nominal_date(context)): None}
        if not (context.has_partition_key or context.has_partition_key_range):
            assets = ", ".join(attached.key.to_user_string() for attached in self.assets.values())
            raise dg.Failure(
                f"Suite '{self.suite.name}' judges partitions of {assets}, and this run names none: 'Execute all' in "
                "the UI passes no partition. Materialize the partition with its checks, backfill the re-verification "
                "job, or launch the checks with the run tag dagster/partition=<partition key>.",
                allow_retries=False,
            )
        nominal = nominal_date(context)
        return {self.partitioning.key(str(pk), nominal): str(pk) for pk in self._partitions(context)}

    def _partitions(self, context: Context) -> Sequence[str]:
        """The partitions of a run; from its tags where its step has none, as one of checks without partitions."""
        tags, definition = context.run.tags, self.partitions_def
        try:
            return [str(partition) for partition in context.partition_keys]
        except dg.DagsterInvariantViolationError:
            first, last = tags.get(f"{_RANGE}_start"), tags.get(f"{_RANGE}_end")
            if first is None or last is None:
                return [tags["dagster/partition"]]
            assert definition is not None
            return definition.get_partition_keys_in_range(dg.PartitionKeyRange(first, last))


_RANGE = "dagster/asset_partition_range"


def suite_target(
    suite: Suite, assets: Asset | Sequence[Asset], *, source: Sources | None, engine: str | None, store: str
) -> SuiteTarget:
    """A suite attached to one asset or several, each standing for the dataset of its name.

    A dataset of the suite whose name has a dot, and which is not an asset, is a table of the engine.

    Raises:
        DefinitionError: There is nowhere to read rows from, or the assets' partitions differ.
    """
    several = isinstance(assets, Sequence) and not isinstance(assets, dg.AssetSpec | dg.AssetKey)  # tuples, both
    given: list[object] = list(assets) if several and isinstance(assets, Sequence) else [assets]
    listed = [spec for asset in given for spec in _specs(suite, asset)]
    if source is None and engine is None:
        raise DefinitionError(f"Suite '{suite.name}' has neither a source nor an engine: it cannot find any rows.")
    attached = {
        asset.key.path[-1]: Attached(
            asset.key, _source(source, engine, asset.key.path[-1]), frozenset(dep.asset_key for dep in asset.deps)
        )
        for asset in listed
    }
    if len(attached) != len(listed) or not listed:
        raise DefinitionError(
            f"Suite '{suite.name}' takes one asset or several with different last names; it was given "
            f"{', '.join(asset.key.to_user_string() for asset in listed) or 'none'}."
        )
    partitions = [Partitioning.of(asset.partitions_def, asset.metadata) for asset in listed]
    if any(other != partitions[0] for other in partitions):
        raise DefinitionError(
            f"Suite '{suite.name}' is attached to assets with different partitions, so there is no partition that a "
            "verdict would belong to. Attach a suite of its own to each."
        )
    named = dict.fromkeys(dataset for check in suite.checks for dataset in check.datasets)
    tables = [name for name in named if engine and "." in name and name not in attached]
    return SuiteTarget(suite, attached, partitions[0], engine, store, tuple(tables))


def _specs(suite: Suite, asset: object) -> list[dg.AssetSpec]:
    """The assets that something is: of one that makes several, those that the suite's checks name.

    Raises:
        DefinitionError: It is not an asset, or nothing says which of several.
    """
    if isinstance(asset, dg.AssetSpec):
        return [asset]
    if isinstance(asset, dg.SourceAsset):
        return [dg.AssetSpec(asset.key, partitions_def=asset.partitions_def, metadata=asset.metadata)]
    specs = list(asset.specs) if isinstance(asset, dg.AssetsDefinition) else []
    if not specs:
        kind = f"AssetKey({asset.path})" if isinstance(asset, dg.AssetKey) else type(asset).__name__
        raise DefinitionError(
            f"Suite '{suite.name}' is attached to assets, and {kind} is not one: it does not say which partitions "
            "there are. Give the asset itself, or dg.AssetSpec(key, partitions_def=…) for one that is made elsewhere."
        )
    if len(specs) == 1:
        return specs
    named = {dataset for check in suite.checks for dataset in check.datasets}
    found = [spec for spec in specs if spec.key.path[-1] in named]
    if not found:
        raise DefinitionError(
            f"Suite '{suite.name}' is given what makes {len(specs)} assets, and its checks do not name one of them. "
            f'Name it in the check: @check(name="…", datasets=["{specs[0].key.path[-1]}"]), or pick it: '
            f"asset.get_asset_spec(dg.AssetKey({specs[0].key.path})). They are "
            f"{', '.join(spec.key.to_user_string() for spec in specs)}."
        )
    return found


def _source(source: Sources | None, engine: str | None, dataset: str) -> SourceOf:
    given = source.get(dataset) if isinstance(source, Mapping) else source
    return given or (lambda resources: getattr(resources, engine or "").data_source(dataset))


def nominal_date(context: Context) -> dt.date:
    """The day of an asset without dates: that on which the run was created, in UTC."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    return (record.create_timestamp if record else dt.datetime.now(dt.UTC)).date()
