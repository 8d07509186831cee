"""Everything that can be done with datasets, in one place: a folder of definitions, their tables, their versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dqx_core.datasets import changes, library, writing
from dqx_core.datasets.analysis import Analysis, analyze
from dqx_core.datasets.base import Role
from dqx_core.datasets.catalog import Catalog, TableInfo, schemas_of
from dqx_core.datasets.compare import Comparison, compare
from dqx_core.datasets.dates import newest_date
from dqx_core.datasets.definition import DatasetDefinition, define, schemas_allowed
from dqx_core.datasets.dryrun import DryRun, dry_run
from dqx_core.datasets.editing import changed_text
from dqx_core.datasets.joins import check_joins
from dqx_core.datasets.listing import Details, Page, listed, stored
from dqx_core.datasets.loading import text_of
from dqx_core.datasets.materialize import PartitionResult
from dqx_core.datasets.naming import full_name, no_tables
from dqx_core.datasets.preview import Preview, preview
from dqx_core.datasets.profile import ColumnStats, ValueCount, column_stats, samples
from dqx_core.datasets.query import partition_query, render
from dqx_core.datasets.roles import DescribedColumn, RoleSuggestion, described, suggest_columns
from dqx_core.datasets.storage import FolderStorage, Storage, duckdb_of
from dqx_core.datasets.tfx import TfxExport, tfx_export
from dqx_core.datasets.versions import kept_analysis, kept_in, recorded, upcoming
from dqx_core.datasets.windows import dates_of, part_name
from dqx_core.errors import DefinitionError, ValidationError, hint
from dqx_core.sql.dialects import dialect_named
from dqx_core.zones import instants

if TYPE_CHECKING:
    from dqx_core.datasets.join_detection import JoinCandidate
    from dqx_core.datasets.orphans import Orphan
    from dqx_core.datasets.stored import Manifest
    from dqx_core.engines.base import Engine
    from dqx_core.store import DatasetVersion, MetricDB


@dataclass(frozen=True)
class Saved:
    """A definition that was written, and the version that holds its content."""

    definition: DatasetDefinition
    path: Path
    version: DatasetVersion
    changes: tuple[changes.Change, ...] = ()
    """What is different from before; description and status aside."""


class DatasetService:
    """The operations on datasets. Every one that fails says what, where and the way out; none answers with nothing.

    Definitions are the files of `folder`; what they were before, and what was found out about them, is in the
    store; what they gave is in the storage: by default Parquet files under `root`.
    """

    def __init__(
        self,
        catalog: Catalog,
        engine: Engine,
        store: MetricDB,
        *,
        folder: str | Path = "datasets",
        root: str | Path = "data/datasets",
        storage: Storage | None = None,
        schemas: Sequence[str] | None = None,
        elsewhere: Mapping[str, library.Elsewhere] | None = None,
    ) -> None:
        self.catalog = catalog
        self.engine = engine
        self.store = store
        self.folder = Path(folder)
        self.root = Path(root)
        self.storage: Storage = storage or FolderStorage(duckdb_of(engine, "keep partitions in a folder"), root)
        self.schemas = schemas_allowed(schemas)
        self.elsewhere = dict(elsewhere or {})
        """Definitions outside the folder, by name: they are read, and nothing of them is written."""

    # Definitions

    def list(self, *, search: str | None = None, status: str | None = None, limit: int = 50, offset: int = 0) -> Page:
        """The datasets whose name or description holds a text, by name, some at a time."""
        own = library.definitions_in(self.folder, schemas=self.schemas)
        others = {name: each.read() for name, each in self.elsewhere.items() if name not in own}
        definitions = dict(sorted((own | others).items()))
        return listed(
            definitions, self.store.datasets.versions, self.catalog.described,
            search=search, status=status, limit=limit, offset=offset,
        )  # fmt: skip

    def definition(self, name: str) -> DatasetDefinition:
        """The definition as its file says."""
        return library.find(self.folder, name, schemas=self.schemas, elsewhere=self.elsewhere)[1]

    def to_write(self, name: str) -> tuple[Path, DatasetDefinition]:
        """The file of the folder that can be written, and the definition that it holds."""
        return library.find(self.folder, name, schemas=self.schemas, elsewhere=self.elsewhere, to_write=True)

    def get(self, name: str) -> Details:
        """A definition with its versions and its partitions."""
        path, definition = library.find(self.folder, name, schemas=self.schemas, elsewhere=self.elsewhere)
        versions = self.store.datasets.versions(name)
        partitions = tuple(stored(kept, versions) for kept in self.storage.partitions(name))
        return Details(definition, path, tuple(versions), partitions)

    def check_name(self, name: str) -> library.NameCheck:
        """Whether a new dataset can have a name; names of files and of versions are taken."""
        return library.check_name(name, self._taken())

    def create(self, definition: DatasetDefinition | Mapping[str, Any]) -> Saved:
        """Write a new definition to the folder, as version 1. One that is active has to fit its tables."""
        if not isinstance(definition, DatasetDefinition):
            definition = define(dict(definition), schemas=self.schemas)
        library.refuse_elsewhere(self.elsewhere, definition.name)
        if definition.status == "active":
            self._check(definition)
        return Saved(definition, library.add(self.folder, definition), self._record(definition))

    def update(self, name: str, new: Mapping[str, Any] | Callable[[writing.Data], Mapping[str, Any]]) -> Saved:
        """Write these keys of a definition anew, a key with None out; comments and layout of its file stay.

        `new` may be what gives the keys from those of the file. A new content is a version, which has no analysis yet.

        Raises:
            DefinitionError: The file was changed by somebody else meanwhile, or would be read as something else.
        """
        path, before = self.to_write(name)
        text = text_of(path)
        old = writing.read_data(text)
        keys = new(old) if callable(new) else new
        data = {key: value for key, value in (old | dict(keys)).items() if value is not None}
        library.refuse_other_name(name, data.get("name"))
        after = define(data, schemas=self.schemas)
        if after.status == "active" and before.status != "active":
            raise DefinitionError(f"Dataset '{name}' becomes active when it is checked: dqx datasets activate {name}")
        return self._rewrite(path, text, before, after, data)

    def clone(self, name: str, new: str | None = None) -> Saved:
        """The same content as a draft under another name, `<name>_copy` unless one is given, in a file of its own."""
        copied_from, original = library.find(self.folder, name, schemas=self.schemas, elsewhere=self.elsewhere)
        copy = library.copied(original, new or library.free_name(f"{name}_copy", self._taken()))
        library.refuse_elsewhere(self.elsewhere, copy.name)
        if name not in library.names_in(self.folder):
            return Saved(copy, library.add(self.folder, copy), self._record(copy))
        text = text_of(copied_from)
        data = library.copied_data(writing.read_data(text), copy)
        return Saved(copy, library.add(self.folder, copy, changed_text(text, data)), self._record(copy))

    def activate(self, name: str) -> Saved:
        """Make a draft active, if it fits its tables, its joins keep the rows and the engine takes its query."""
        path, before = self.to_write(name)
        text = text_of(path)
        self._check(before)
        data = writing.read_data(text) | {"status": "active"}
        return self._rewrite(path, text, before, define(data, schemas=self.schemas), data)

    def delete(self, name: str, *, force: bool = False) -> Path:
        """Delete the file of a definition; with `force` its versions too. Partitions stay where they are.

        Raises:
            DefinitionError: It has versions or partitions, and it is not forced.
        """
        path = library.names_in(self.folder).get(name)
        if path is None:
            library.refuse_elsewhere(self.elsewhere, name)
            known = library.names_in(self.folder)
            raise DefinitionError(f"There is no dataset '{name}' in {self.folder}. {hint(name, known)}")
        versions, partitions = self.store.datasets.versions(name), self.storage.partitions(name)
        if (versions or partitions) and not force:
            raise library.still_held(name, len(versions), len(partitions), self.storage.place(name))
        self.store.datasets.forget(name)
        library.remove(path)
        return path

    # Versions

    def versions(self, name: str) -> Sequence[DatasetVersion]:
        """The versions of a dataset, oldest first."""
        found = self.store.datasets.versions(name)
        if not found:
            definition = self.definition(name)
            raise DefinitionError(
                f"Dataset '{definition.name}' has no versions in {self.store.name} yet. The first is made when it is "
                f"analyzed, activated, materialized or changed: dqx datasets analyze {name}"
            )
        return found

    def diff(self, name: str, before: int, after: int) -> changes.VersionDiff:
        """What changed from one version to another; the number after the newest is the file as it is now."""
        found = list(self.versions(name))
        if after == len(found) + 1 and name in library.names_in(self.folder):
            found.append(upcoming(self.definition(name), found[-1], self.catalog, dialect=self.engine.dialect))
        return changes.diff(changes.version_of(found, name, before), changes.version_of(found, name, after))

    def restore(self, name: str, number: int) -> Saved:
        """Write the content of an old version to the file, as a new version; a file that is gone comes back as a draft.

        Description, status, and the first and last day are no content: they stay as they are.
        """
        version = changes.version_of(self.versions(name), name, number)
        restored = kept_in(version, self.schemas)
        if name not in library.names_in(self.folder):
            library.refuse_elsewhere(self.elsewhere, name)
            draft = restored.model_copy(update={"status": "draft"})
            return Saved(draft, library.add(self.folder, draft), self._record(draft))
        path, before = self.to_write(name)
        after = library.with_words_of(before, restored)
        text = text_of(path)
        data = writing.as_written(writing.read_data(text), before, after)
        return self._rewrite(path, text, before, define(data, schemas=self.schemas), data)

    # Tables

    def tables(self) -> Sequence[TableInfo]:
        """The tables that definitions may use, the largest first."""
        found = self.catalog.described()
        if not found:
            raise no_tables(self.catalog, self.schemas)
        return found

    def schema(self, table: str) -> Sequence[DescribedColumn]:
        """The columns of a table, and what they look like."""
        name = self.table(table)
        return described(self.catalog.columns(name), name)

    def stats(
        self, table: str, columns: Sequence[str] | None = None, *, approximate: bool = False
    ) -> Sequence[ColumnStats]:
        """What columns of a table hold: one scan."""
        name = self.table(table)
        return column_stats(name, self.catalog.schema(name), columns, engine=self.engine, approximate=approximate)

    def samples(self, table: str, column: str, *, limit: int = 20) -> Sequence[ValueCount]:
        """The most frequent values of a column."""
        name = self.table(table)
        return samples(name, self.catalog.schema(name), column, engine=self.engine, limit=limit)

    def detect_joins(self, tables: Sequence[str]) -> Sequence[JoinCandidate]:
        """The joins between tables that data and names speak for; none if nothing does."""
        from dqx_core.datasets.join_detection import detect_joins

        names = list(dict.fromkeys(self.table(table) for table in tables))
        if len(names) < 2:
            raise DefinitionError(f"A join needs two tables, not {', '.join(tables) or 'none'}. Name two or more.")
        return detect_joins(names, self.engine, self.catalog)

    def suggest_columns(self, tables: Sequence[str]) -> Mapping[Role, RoleSuggestion]:
        """The likeliest columns for each role; the first table is the primary one."""
        names = [self.table(table) for table in tables]
        if not names:
            raise DefinitionError("Name a table whose columns are to be looked at.")
        return suggest_columns({name: self.catalog.schema(name) for name in names}, names[0])

    def table(self, name: str) -> str:
        """The full name of a table that may be called by its last part, or its last two.

        Raises:
            DefinitionError: There is no such table, or several.
        """
        return full_name(name, self.catalog, self.schemas)

    # What a definition gives

    def newest_date(self, name: str) -> dt.date:
        """The newest partition that the data reach."""
        return self._newest(self.definition(name))

    def analyze(self, name: str, date: dt.date | None = None) -> Analysis:
        """Measure a dataset, and keep what was found with its version."""
        definition = self.definition(name)
        found = analyze(definition, date or self._newest(definition), self._schemas(definition), self.engine)
        version = self._record(definition)
        self.store.datasets.keep_analysis(name, version.version, found.to_dict())
        return found

    def summary(self, name: str) -> Analysis:
        """The last analysis of the definition as it is now; no query."""
        definition = self.definition(name)
        found = kept_analysis(definition, self.store)
        if found is None:
            raise DefinitionError(
                f"Dataset '{name}' has not been analyzed since it was last changed. "
                f"Analyze it: dqx datasets analyze {name}"
            )
        return found

    def preview(
        self, name: str, date: dt.date | None = None, *, limit: int = 20, splits: Sequence[str] | None = None
    ) -> Preview:
        """The first rows of a partition."""
        definition = self.definition(name)
        day = date or self._newest(definition)
        return preview(definition, day, self._schemas(definition), self.engine, limit=limit, splits=splits)

    def query(
        self, name: str, date: dt.date | None = None, *, dialect: str | None = None, splits: Sequence[str] | None = None
    ) -> str:
        """The SQL of a partition, or of some of its splits, in the dialect of the engine or in another."""
        definition = self.definition(name)
        tree = partition_query(definition, date or self._newest(definition), self._schemas(definition), splits=splits)
        return render(tree, dialect_named(dialect or self.engine.dialect))

    def tfx(self, name: str, date: dt.date | None = None, *, span: bool = False) -> TfxExport:
        """The configuration of TFX's BigQueryExampleGen."""
        definition = self.definition(name)
        return tfx_export(definition, date or self._newest(definition), self._schemas(definition), span=span)

    def validate_query(self, name: str, date: dt.date | None = None, *, price_per_tib: float | None = None) -> DryRun:
        """The engine's word on the query of a partition, without running it."""
        definition = self.definition(name)
        try:
            day = date or self._newest(definition)
        except ValidationError:  # which the dry run tells
            day = definition.partitions.start
        return dry_run(definition, day, self.catalog, self.engine, price_per_tib=price_per_tib)

    def compare(self, names: Sequence[str]) -> Comparison:
        """Two to five datasets side by side, with the analyses that were made."""
        definitions = [self.definition(name) for name in names]
        return compare([(definition, kept_analysis(definition, self.store)) for definition in definitions])

    def materialize(
        self,
        name: str,
        dates: Iterable[dt.date],
        splits: Sequence[str] | None = None,
        *,
        progress: Callable[[PartitionResult], object] | None = None,
    ) -> Sequence[PartitionResult]:
        """Write partitions under the root; their manifests name the content, and the store keeps it as a version."""
        definition = self.definition(name)
        if definition.status != "active":
            raise DefinitionError(
                f"Dataset '{name}' is a draft. Have it checked and made active: dqx datasets activate {name}"
            )
        self._record(definition)
        return self.storage.materialize(definition, dates, splits, progress=progress)

    def remake(self, name: str, *, stale: bool = False) -> Sequence[PartitionResult]:
        """Write the partitions that there are again; `stale`: those of which another content made a split."""
        now = self.definition(name).definition_hash
        kept = self.storage.partitions(name)
        return self.materialize(name, {each.date for each in kept if not stale or each.definition_hash != now})

    def dates(self, name: str, first: dt.date, last: dt.date) -> Sequence[dt.date]:
        """The partitions that begin on the days from the first to the last, or the one that holds the first."""
        return dates_of(self.definition(name), first, last)

    def manifest(self, name: str, date: dt.date, split: str) -> Manifest:
        """What a stored partition says of itself: the definition and SQL that made it, its window, its rows."""
        if isinstance(date, dt.datetime) and date.tzinfo is None:  # on the clocks of the partitions
            date = instants(date, self.definition(name).partitions.timezone)[0]
        found = self.storage.manifest(name, date, split)
        if found is None:
            there = ", ".join(f"{part_name(p.date)} {p.split}" for p in self.storage.partitions(name)[-5:]) or "none"
            what = f"{part_name(date)} {split}"
            raise DefinitionError(f"Dataset '{name}' has no partition {what}. The newest there are: {there}.")
        return found

    def prune(self, name: str, *, delete: bool = False) -> Sequence[Orphan]:
        """The partitions that were set aside as days were made again without their splits; with `delete` they go."""
        return self.storage.remove_orphans(name) if delete else self.storage.orphans(name)

    def _taken(self) -> Callable[[str], bool]:
        """Whether a name has a file, or versions of a file that is gone."""
        names = library.names_in(self.folder)
        return lambda name: name in names or name in self.elsewhere or bool(self.store.datasets.versions(name))

    def _schemas(self, definition: DatasetDefinition) -> dict[str, Mapping[str, str]]:
        return dict(schemas_of(definition, self.catalog))

    def _newest(self, definition: DatasetDefinition) -> dt.date:
        return newest_date(definition, self._schemas(definition), self.engine)

    def _check(self, definition: DatasetDefinition) -> None:
        """Everything that can be known before it runs."""
        found = dry_run(definition, self._newest(definition), self.catalog, self.engine)
        if found.problems:
            raise ValidationError(f"Dataset '{definition.name}'", found.problems)
        check_joins(definition, self.engine)

    def _rewrite(
        self, path: Path, text: str, before: DatasetDefinition, after: DatasetDefinition, data: writing.Data
    ) -> Saved:
        if after.status == "active":
            self._check(after)
        changed = changed_text(text, data)
        library.refuse_other(after, changed, path)
        with writing.unchanged(path, text):
            self._record(before)  # a file that somebody wrote by hand
            writing.save(path, changed)
            version = self._record(after)  # before others write, so that the newest version is what the file holds
        found = changes.differences(
            before.model_dump(mode="json", by_alias=True), after.model_dump(mode="json", by_alias=True)
        )
        return Saved(after, path, version, found)

    def _record(self, definition: DatasetDefinition) -> DatasetVersion:
        return recorded(definition, self.store, self.catalog, dialect=self.engine.dialect)
