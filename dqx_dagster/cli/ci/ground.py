"""Where a gate runs: an instance, a metric store and dataset folders of its own, above the configured ones."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from pydantic import Field

from dqx_core.datasets.stored import partition_path, stored_partitions
from dqx_core.errors import DefinitionError, DqxError, StoreError
from dqx_core.store import LayeredMetricDB, MetricDB, shown, store_exists
from dqx_dagster.cli.ci.location import cause
from dqx_dagster.dagster_internals import resource_class
from dqx_dagster.dataset_io import DatasetIOManager
from dqx_dagster.io_manager import MetricsIOManager
from dqx_dagster.resources import DatasetEngine, DuckDBEngine, MetricStore


class ConfiguredStoreError(DqxError):
    """The store that history is read from cannot be read; says how to do without."""


Written = Mapping[str, AbstractSet[tuple[dt.date, str]]]
"""Date and split of every partition that is going to be written, by dataset."""


class MetricStoreAbove(MetricStore):
    """A metric store whose history goes on in another one, which is only read."""

    below: str | None = Field(default=None, description="URL of the store that history is read from.")

    @property
    def db(self) -> MetricDB:
        """The store, opened on first use."""
        if self._db is None:
            self._db = MetricDB(self.url) if self.below is None else LayeredMetricDB(self.url, opened(self.below))
        return self._db


@dataclass(frozen=True)
class Ground:
    """What the runs of a gate use, and what is left to read after them."""

    instance: dg.DagsterInstance
    resources: dict[str, object] = field(default_factory=dict)
    """What takes the place of the location's own resources."""
    stores: tuple[str, ...] = ()
    """URLs of the metric stores that the runs write."""
    production: str | None = None
    """URL of the configured metric store, if there is such a store."""
    notes: tuple[str, ...] = ()
    """What a person should know of it."""
    folder: Path | None = None
    """Where all of it is; None: what is configured is used."""
    folders: Mapping[str, DatasetEngine | DatasetIOManager] = field(default_factory=dict)
    """What keeps datasets in a folder."""
    warehouses: Mapping[str, DatasetEngine | DatasetIOManager] = field(default_factory=dict)
    """What keeps them in a warehouse."""
    dataset: str | None = None
    """The dataset of the warehouse that the runs write to, in place of the configured one."""

    def make_room(self, written: Written) -> None:
        """Let the runs write these partitions beside the configured ones, in folders that show both.

        A warehouse has no such folders: there it takes a dataset of the gate's own.

        Raises:
            DefinitionError: The runs would write to a warehouse where the configured datasets are.
        """
        if self.folder is None:
            return
        if written:
            self.resources.update({key: self._elsewhere(key, each, written) for key, each in self.warehouses.items()})
        roots: dict[str, str] = {}
        for key, each in self.folders.items():
            below = folder_of(each)
            assert below is not None
            if below not in roots:
                roots[below] = str(self.folder / f"datasets-{len(roots)}")
                lay_over(Path(below), Path(roots[below]), written)
            instead = {"engine": None} if isinstance(each, DatasetIOManager) else {}
            self.resources[key] = _with(each, **instead, datasets=roots[below])

    def _elsewhere(self, key: str, resource: DatasetEngine | DatasetIOManager, written: Written) -> object:
        """A resource of a warehouse, with the gate's dataset in place of its own."""
        if isinstance(resource, DatasetIOManager):
            assert resource.engine is not None
            return _with(resource, engine=self._elsewhere(key, resource.engine, written))
        there = getattr(resource, "datasets", None)
        if self.dataset is None or self.dataset == there:
            raise DefinitionError(
                f"The gate would write partitions of {', '.join(sorted(written))} into '{there}', where resource "
                f"'{key}' keeps the configured ones. Give it a dataset of its own: --bigquery-dataset NAME, which is "
                "made if it is not there. Or judge what is there, with --checks-only; or write there all the same, "
                "with --configured."
            )
        return _with(resource, datasets=self.dataset)


def _with(resource: DatasetEngine | DatasetIOManager, **instead: object) -> DatasetEngine | DatasetIOManager:
    """A resource with other values in some fields."""
    return type(resource)(**{name: getattr(resource, name) for name in type(resource).model_fields} | instead)


@contextmanager
def ground(
    repository: dg.RepositoryDefinition,
    *,
    configured: bool,
    history: bool,
    baseline: bool,
    dataset: str | None = None,
) -> Iterator[Ground]:
    """Where the gate runs.

    By default everything a run leaves behind is in a temporary folder: the instance, the metric store, the partitions
    of datasets and the values of Dagster's own IO manager. The configured store and folders are only read.

    Args:
        repository: The code location's definitions.
        configured: Use the instance of DAGSTER_HOME, the configured store and folders, and leave everything there.
        history: Whether earlier numbers come from the configured store.
        baseline: Whether the configured store is needed to compare with.
        dataset: The dataset of a warehouse that partitions are written to, in place of the configured one.

    Raises:
        DefinitionError: There is no instance to use.
        ConfiguredStoreError: The configured store cannot be read.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dqx-ci-")))
        (folder / "instance").mkdir()
        scratch = stack.enter_context(dg.DagsterInstance.ephemeral(tempdir=str(folder / "instance")))
        instance = stack.enter_context(_configured_instance()) if configured else scratch
        urls, kept, notes = _configuration(repository, scratch)
        known = list(dict.fromkeys(url for url in urls.values() if url is not None))
        there = {url for url in known if (history or baseline) and _is_there(url)}
        production = next((url for url in known if url in there), None)
        if configured:
            yield Ground(instance, {}, tuple(known), production, notes)
            return
        if history and known and production is None:
            notes = (*notes, "The configured metric store is not there: history begins with this run.")
        folders = {key: each for key, each in kept.items() if folder_of(each) is not None}
        warehouses = {key: each for key, each in kept.items() if _in_a_warehouse(each)}
        if warehouses and dataset is not None:
            notes = (*notes, f"Partitions are written to the warehouse's dataset '{dataset}', and stay there.")
        resources: dict[str, object] = {}
        if "io_manager" not in repository.get_top_level_resources():
            resources["io_manager"] = dg.FilesystemIOManager(base_dir=str(folder / "values"))
        places = {url: f"sqlite:///{folder / f'metrics-{number}.db'}" for number, url in enumerate([*known, None])}
        for key, url in urls.items():
            if issubclass(_kind(repository, key), MetricsIOManager):
                resources[key] = MetricsIOManager(url=places[url])
            else:
                below = url if history and url in there else None
                resources[key] = MetricStoreAbove(url=places[url], below=below)
        yield Ground(
            instance,
            resources,
            tuple(places[url] for url in dict.fromkeys(urls.values())),
            production,
            notes,
            folder,
            folders,
            warehouses,
            dataset,
        )


_STORES = (MetricStore, MetricsIOManager)
_FOLDERS = (DatasetEngine, DatasetIOManager)


def folder_of(resource: DatasetEngine | DatasetIOManager) -> str | None:
    """The folder in which a resource keeps datasets; None: it keeps them in a warehouse."""
    if isinstance(resource, DatasetIOManager) and resource.engine is not None:
        return folder_of(resource.engine)
    return resource.datasets if isinstance(resource, DuckDBEngine | DatasetIOManager) else None


def _in_a_warehouse(resource: DatasetEngine | DatasetIOManager) -> bool:
    engine = resource.engine if isinstance(resource, DatasetIOManager) else resource
    return isinstance(engine, DatasetEngine) and folder_of(engine) is None


def lay_over(below: Path, above: Path, written: Written) -> None:
    """A folder of datasets that shows the partitions of another one, and has room for those that will be written."""
    above.mkdir(parents=True, exist_ok=True)
    for dataset in sorted(path.name for path in below.glob("*") if path.is_dir()):
        for date, split in stored_partitions(below, dataset):
            if (date, split) not in written.get(dataset, ()):
                link = partition_path(above, dataset, date, split)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(partition_path(below, dataset, date, split).absolute(), target_is_directory=True)


def opened(url: str) -> MetricDB:
    """A store that is only read: it is neither made nor brought up to date.

    Raises:
        DefinitionError: There is no store.
        StoreError: It cannot be read.
    """
    if not store_exists(url):
        raise DefinitionError(f"There is no metric store at {shown(url)}.")
    return MetricDB(url, auto_migrate=False)


def _is_there(url: str) -> bool:
    """Whether the configured store is there; where it cannot even be asked, the way out."""
    try:
        return store_exists(url)
    except StoreError as error:
        raise ConfiguredStoreError(f"{error} To judge without it: --no-history, and no --baseline.") from error


def _kind(repository: dg.RepositoryDefinition, key: str) -> type:
    return resource_class(repository.get_top_level_resources()[key]) or object


def _configuration(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> tuple[dict[str, str | None], dict[str, DatasetEngine | DatasetIOManager], tuple[str, ...]]:
    """The location's resources that are dqx's own, as they are configured.

    Returns:
        The URLs of the metric stores by resource key, None where they could not be read; what keeps datasets; and what
        could not be read and why.
    """
    urls: dict[str, str | None] = {}
    kept: dict[str, DatasetEngine | DatasetIOManager] = {}
    notes: list[str] = []
    for key, definition in repository.get_top_level_resources().items():
        kind = _kind(repository, key)
        if not issubclass(kind, (*_STORES, *_FOLDERS)):
            continue
        found = None
        try:
            with dg.build_resources({key: definition}, instance=instance) as resources:
                found = getattr(resources, key)
        except Exception as error:  # noqa: BLE001 - a variable that is not set, most of the time
            notes.append(f"Resource '{key}' is not configured here. {cause(error)}")
        if issubclass(kind, _STORES):
            urls[key] = found.url if found else None
        elif found:
            kept[key] = found
    return urls, kept, tuple(notes)


@contextmanager
def _configured_instance() -> Iterator[dg.DagsterInstance]:
    try:
        instance = dg.DagsterInstance.get()
    except Exception as error:
        raise DefinitionError(f"--configured uses the instance of DAGSTER_HOME. {cause(error)}") from error
    with instance:
        yield instance
