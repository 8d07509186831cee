"""A materialized dataset as what a suite measures: dates from its folders, splits as a dimension."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from dqx_core.calendars import Window
from dqx_core.datasets.mixing import mixture
from dqx_core.datasets.stored import (
    DATA,
    Manifest,
    columns_gone,
    differs,
    fault,
    holding,
    manifest,
    own_splits,
    partition_path,
    read_files,
    stored_partitions,
)
from dqx_core.engines.duckdb import DuckDB
from dqx_core.engines.duckdb_source import DuckRelationDataSource
from dqx_core.errors import DefinitionError, EngineError, hint
from dqx_core.zones import instants

if TYPE_CHECKING:
    from sqlglot import exp


def dataset_source(engine: DuckDB, root: str | Path, dataset: str) -> StoredDataSource:
    """The stored partitions of a dataset, by date and split; their manifests say their data versions.

    Raises:
        DefinitionError: No partition of it is stored, or all are damaged.
    """
    return StoredDataSource(engine, Path(root), dataset)


class StoredDataSource(DuckRelationDataSource):
    """Partitions as they are stored: what lies in the folder of each is held against its manifest before it is read."""

    def __init__(self, engine: DuckDB, root: Path, dataset: str) -> None:
        """Look at what is there; rows are read when they are measured."""
        self._root, self._dataset = root, dataset
        self._faults: dict[tuple[dt.date, str], str | None] = {}
        self._splits_of: dict[dt.date, list[str]] = {}
        self._said: dict[dt.date, dict[str, Manifest]] = {}
        for date, split in stored_partitions(root, dataset):
            self._splits_of.setdefault(date, []).append(split)
            try:
                found = manifest(root, dataset, date, split)
            except DefinitionError as error:
                self._faults[date, split] = str(error)
                continue
            if found is not None:
                self._said.setdefault(date, {})[split] = found
                self._faults[date, split] = differs(root, found)
        # Of a day those splits that its own definition has: rows of the others are in these as well.
        self._splits_of = {date: holding(there, self._said.get(date, {})) for date, there in self._splits_of.items()}
        self._mixtures: dict[dt.date, str | None] = {}
        files = self._files(self._splits_of)
        if not files:
            what = next((reason for reason in self._faults.values() if reason), f"it is not in {root}")
            raise DefinitionError(
                f"Dataset '{dataset}' does not have any partition that can be read: {what}. Materialize it first. "
                f"{hint('', [str(date) for date in self._splits_of])}"
            )
        try:
            relation = self._read(self._splits_of, files)
            schema = engine.schema(relation)
        except EngineError:  # one of them is not what it seems; the newest tells of the columns
            relation = read_files(files[-1:])
            schema = engine.schema(relation)
        super().__init__(
            engine,
            relation,
            dataset,
            date_column="date",
            dimensions={"split": "split"},
            data_version=self._version,
            is_there=self._is_stored,
            schema=schema,
        )

    def parts_in(self, window: Window) -> list[dt.date]:
        """The partitions whose date lies in a window, as the rows' own does; of none the date that would be its first.

        A day, a week or a month is filed under the day on which it begins, an hour under its first moment.
        """
        there = [date for date, moment in self._begins.items() if window.start <= moment < window.end]
        hourly = any(isinstance(date, dt.datetime) for date in self._begins)
        return there or [window.start if hourly else window.start.astimezone(ZoneInfo(self.timezone)).date()]

    @property
    def _begins(self) -> dict[dt.date, dt.datetime]:
        """When each partition begins, on the clocks of the source."""
        return {
            date: date
            if isinstance(date, dt.datetime)
            else instants(dt.datetime.combine(date, dt.time()), self.timezone)[0]
            for date in self._splits_of
        }

    def fault(self, date: dt.date, tags: Mapping[str, str]) -> str | None:
        """Why the rows of a date and split cannot be trusted, or its splits not be compared; None: they can."""
        return self._damage(date, tags) or (None if "split" in tags else self._mixed(date))

    def _damage(self, date: dt.date, tags: Mapping[str, str]) -> str | None:
        return next((reason for split in self._splits(date, tags) if (reason := self._fault(date, split))), None)

    def _mixed(self, date: dt.date) -> str | None:
        """Why the splits of a date are not of one definition of the split."""
        if date not in self._mixtures:
            self._mixtures[date] = mixture(self._said.get(date, {}).values())
        return self._mixtures[date]

    def narrowed(self, dates: Iterable[dt.date]) -> Self:
        """The rows of these dates: no other files are opened."""
        days = [date for date in sorted(set(dates)) if date in self._splits_of]
        files = self._files(days)
        if not files:
            return self
        other = copy(self)
        other._relation = self._read(days, files)
        return other

    def _read(self, dates: Iterable[dt.date], files: list[Path]) -> exp.Select:
        """The rows of files of these dates, without the columns that the newest definition has no more."""
        read = (self._said[date][split] for date in dates for split in self._told(date))
        held = (self._said[date][split] for date in self._splits_of for split in self._told(date))
        return read_files(files, without=columns_gone(read, held))

    def _told(self, date: dt.date) -> list[str]:
        """The splits of a date whose files are what their manifests say."""
        return [split for split in self._splits_of[date] if self._fault(date, split) is None]

    def _files(self, dates: Iterable[dt.date]) -> list[Path]:
        return [
            partition_path(self._root, self._dataset, date, split) / DATA
            for date in dates
            for split in self._splits_of[date]
            if self._fault(date, split) is None
        ]

    def _fault(self, date: dt.date, split: str) -> str | None:
        if (date, split) not in self._faults:
            self._faults[date, split] = fault(self._root, self._dataset, date, split)
        return self._faults[date, split]

    def _splits(self, date: dt.date, tags: Mapping[str, str]) -> list[str]:
        there = self._splits_of.get(date, [])
        return [split for split in there if split == tags["split"]] if "split" in tags else there

    def _version(self, date: dt.date, tags: Mapping[str, str]) -> str | None:
        splits = self._splits(date, tags)
        if not splits or self._damage(date, tags) is not None:
            return None
        found = [manifest(self._root, self._dataset, date, split) for split in splits]
        versions = [each.data_version for each in found if each is not None]
        if not versions or len(versions) < len(splits):
            return None
        return versions[0] if len(versions) == 1 else hashlib.sha256("|".join(versions).encode()).hexdigest()[:32]

    def _is_stored(self, date: dt.date, tags: Mapping[str, str]) -> bool:
        """Whether a split is there, or, of a whole day, every split that its own definition has."""
        there = self._splits(date, tags)
        return bool(there) and ("split" in tags or {*own_splits(self._said.get(date, {}))} <= {*there})
