"""Where the partitions of datasets are kept: the same methods for a folder and for a warehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dqx_core.datasets.data_source import dataset_source
from dqx_core.datasets.listing import Kept
from dqx_core.datasets.materialize import PartitionResult, materialize
from dqx_core.datasets.orphans import Orphan, orphans, remove
from dqx_core.datasets.stored import holding, manifest, own_splits, read_partitions, stored_partitions, told_of
from dqx_core.engines.values import shown_rows_of
from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    import pyarrow as pa

    from dqx_core.datasets.definition import DatasetDefinition
    from dqx_core.datasets.stored import Manifest
    from dqx_core.engines.base import DataSource, Engine
    from dqx_core.engines.duckdb import DuckDB

Progress = Callable[[PartitionResult], object]


class Storage(Protocol):
    """Writes partitions of datasets, each replaced whole, and reads them again."""

    def materialize(
        self,
        definition: DatasetDefinition,
        dates: Iterable[dt.date],
        splits: Sequence[str] | None = None,
        *,
        progress: Progress | None = None,
    ) -> Sequence[PartitionResult]:
        """Write partitions, in order of date; all splits for None. Whatever happens, each is the old or the new one.

        Raises:
            DefinitionError: The definition does not fit the tables or the rows.
            EngineError: The engine refused a statement.
        """

    def partitions(self, dataset: str) -> Sequence[Kept]:
        """Every partition there is, in order."""

    def manifest(self, dataset: str, date: dt.date, split: str) -> Manifest | None:
        """What a partition says of itself, as it was last written; None: it was not."""

    def splits(self, dataset: str) -> Sequence[str]:
        """The splits of which a partition is there."""

    def splits_of(self, dataset: str, dates: Iterable[dt.date]) -> Mapping[dt.date, Sequence[str]]:
        """The splits that the newest definition of each of these days has; none where nothing says which they are."""

    def orphans(self, dataset: str) -> Sequence[Orphan]:
        """What was set aside, of splits that the definition of the day has no more."""

    def remove_orphans(self, dataset: str) -> Sequence[Orphan]:
        """Delete what was set aside; what it was."""

    def rows(self, dataset: str, partitions: Iterable[tuple[dt.date, str]]) -> pa.Table:
        """The rows of partitions, with their `date` and `split` as columns.

        Raises:
            DefinitionError: One of them is not there.
        """

    def first_rows(self, result: PartitionResult, count: int) -> Sequence[Mapping[str, Any]]:
        """Some rows of a partition that was just written."""

    def data_source(self, dataset: str) -> DataSource:
        """The partitions as what a suite measures: dates, and splits as a dimension.

        Raises:
            DefinitionError: None is stored.
        """

    def export(self, dataset: str, uri: str, date: dt.date | None = None) -> None:
        """Write a dataset, or its partitions of a day, as Parquet somewhere else.

        Raises:
            DefinitionError: The storage has no need of it, and says why.
        """

    def place(self, dataset: str) -> str:
        """Where a dataset is, for people."""


class FolderStorage:
    """Parquet in folders, `<root>/<dataset>/date=…/split=…/`, made by DuckDB."""

    def __init__(self, engine: DuckDB, root: str | Path) -> None:
        self.engine, self.root = engine, Path(root)

    def materialize(
        self,
        definition: DatasetDefinition,
        dates: Iterable[dt.date],
        splits: Sequence[str] | None = None,
        *,
        progress: Progress | None = None,
    ) -> Sequence[PartitionResult]:
        return materialize(definition, dates, splits, engine=self.engine, root=self.root, progress=progress)

    def partitions(self, dataset: str) -> Sequence[Kept]:
        said: dict[dt.date, dict[str, Manifest]] = {}
        for date, split in stored_partitions(self.root, dataset):
            found = manifest(self.root, dataset, date, split)
            if found is not None:
                said.setdefault(date, {})[split] = found
        return [
            Kept(date, split, of_day[split].rows, of_day[split].definition_hash, of_day[split].written_at)
            for date, of_day in said.items()
            for split in holding(of_day, of_day)
        ]

    def manifest(self, dataset: str, date: dt.date, split: str) -> Manifest | None:
        return manifest(self.root, dataset, date, split)

    def splits(self, dataset: str) -> Sequence[str]:
        return [*dict.fromkeys(split for _, split in stored_partitions(self.root, dataset))]

    def splits_of(self, dataset: str, dates: Iterable[dt.date]) -> Mapping[dt.date, Sequence[str]]:
        return {date: sorted(own_splits(told_of(self.root, dataset, date))) for date in dates}

    def orphans(self, dataset: str) -> Sequence[Orphan]:
        return orphans(self.root, dataset)

    def remove_orphans(self, dataset: str) -> Sequence[Orphan]:
        return remove(self.root, dataset)

    def rows(self, dataset: str, partitions: Iterable[tuple[dt.date, str]]) -> pa.Table:
        # Whoever asks looks at what is read together: see mixing.py.
        read = read_partitions(self.root, dataset, partitions=partitions, mixed="allow", overlap="allow")
        return self.engine.run(read)

    def first_rows(self, result: PartitionResult, count: int) -> Sequence[Mapping[str, Any]]:
        import pyarrow.parquet as pq

        [file] = sorted(Path(result.path).glob("*.parquet"))
        first = next(pq.ParquetFile(file).iter_batches(batch_size=count), None)
        return shown_rows_of(first) if first is not None else []

    def data_source(self, dataset: str) -> DataSource:
        return dataset_source(self.engine, self.root, dataset)

    def export(self, dataset: str, uri: str, date: dt.date | None = None) -> None:
        raise DefinitionError(
            f"Dataset '{dataset}' is kept as Parquet already, in {self.place(dataset)}: copy the files to {uri}."
        )

    def place(self, dataset: str) -> str:
        return str(self.root / dataset)


def duckdb_of(engine: Engine, what: str) -> DuckDB:
    """The engine, if it is DuckDB, which alone can do what is wanted."""
    from dqx_core.engines.duckdb import DuckDB

    if not isinstance(engine, DuckDB):
        raise DefinitionError(f"Only DuckDB can {what}, not {engine.dialect}.")
    return engine
