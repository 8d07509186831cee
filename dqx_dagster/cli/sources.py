"""Where a suite's rows are, as a person types it: `--dataset orders=orders/*.parquet`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dqx_core.errors import DefinitionError, hint
from dqx_dagster.cli.printing import err

if TYPE_CHECKING:
    from dqx_core.engines.duckdb import DuckDB
    from dqx_core.engines.duckdb_source import DuckRelationDataSource

_DATABASES = (".duckdb", ".db", ".ddb")


@dataclass(frozen=True)
class Rows:
    """The options that say where rows are."""

    datasets: Sequence[str]
    database: Path | None
    root: Path
    date_columns: Sequence[str]
    dimensions: Sequence[str]

    @contextmanager
    def opened(
        self, tags: Iterable[str], *, timezone: str = "UTC", labels: Iterable[str] = ()
    ) -> Iterator[list[DuckRelationDataSource]]:
        """The data sources, closed again at the end.

        Args:
            tags: The names of the tags that are judged: columns, whose values filter rows.
            timezone: The zone in which dates and timestamps without a zone are read.
            labels: The names of tags that filter nothing.

        Raises:
            DefinitionError: A tag is not a column of any of them, or a label is.
        """
        wanted = tuple(tags)
        if not self.datasets:
            raise DefinitionError(
                "Say where the rows are: --dataset NAME=orders/*.parquet, --dataset NAME=shop.duckdb:raw_data.orders, "
                "or --dataset NAME for a dataset that dqx materialized."
            )
        engines: dict[Path | None, DuckDB] = {}
        dates = _named(self.date_columns)
        columns = dict(_pair(text, "--dimension", "split=part") for text in self.dimensions)
        try:
            made = [self._source(text, engines, dates, columns, wanted) for text in self.datasets]
            sources = [source.placed(source.name, timezone=timezone) for source in made]
            _refuse_tags(sources, wanted, labels)
            if unknown := dates.keys() - {source.name for source in sources} - {""}:
                name = min(unknown)
                raise DefinitionError(
                    f"--date-column names dataset '{name}'. {hint(name, (source.name for source in sources))}"
                )
            yield sources
        finally:
            for engine in engines.values():
                engine.close()

    def _source(
        self,
        text: str,
        engines: dict[Path | None, DuckDB],
        dates: Mapping[str, str],
        columns: Mapping[str, str],
        tags: Sequence[str],
    ) -> DuckRelationDataSource:
        from dqx_core.datasets.data_source import dataset_source
        from dqx_core.engines.duckdb import DuckDB
        from dqx_core.engines.duckdb_source import DuckRelationDataSource

        def engine(file: Path | None) -> DuckDB:
            if file is not None and not file.exists():
                raise DefinitionError(f"--dataset {text}: there is no database {file}.")
            if file not in engines:
                engines[file] = DuckDB() if file is None else DuckDB(database=file, read_only=True)
            return engines[file]

        name, equals, place = text.partition("=")
        if not equals:
            place = name
            if (self.root / name).is_dir():
                return dataset_source(engine(None), self.root, name)
        if place.startswith("~/"):  # a shell leaves it alone behind the sign of equality
            place = f"{Path.home()}{place[1:]}"
        if place.endswith("/") and not Path(place).is_dir():
            raise DefinitionError(f"--dataset {text}: there is no folder {place}.")
        chosen = dates.get(name, dates.get(""))
        options: dict[str, Any] = {} if chosen is None else {"date_column": chosen}
        file, colon, inside = place.rpartition(":")

        def made(**more: Any) -> DuckRelationDataSource:
            if _is_parquet(place):
                pattern = f"{place.rstrip('/')}/**/*.parquet" if Path(place).is_dir() else place
                return DuckRelationDataSource.from_parquet(pattern, name, engine=engine(None), **options, **more)
            if colon and file.endswith(_DATABASES):
                return DuckRelationDataSource.from_table(engine(Path(file)), inside, name, **options, **more)
            if self.database is None:
                raise DefinitionError(
                    f"--dataset {text}: '{place}' is neither Parquet (a file, a folder, a pattern) nor "
                    f"FILE.duckdb:TABLE{'' if equals else f', and no partitions of it are in {self.root}'}. "
                    "For a table, name its DuckDB file with --database."
                )
            return DuckRelationDataSource.from_table(engine(self.database), place, name, **options, **more)

        source = made()
        spelled = {column.lower() for column in source.schema}
        # A tag that is a column filters rows: judging split=train over both would not be what was asked.
        found = dict(columns) | {tag: tag for tag in tags if tag not in columns and tag.lower() in spelled}
        if source.date_column is None:
            err.print(
                f"{name} has no column yyyy_mm_dd: all its rows count as the day that is judged. "
                f"If it holds several days, say --date-column {name}=COLUMN.",
                style="yellow",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        return made(dimensions=found) if found else source


def _refuse_tags(sources: Sequence[DuckRelationDataSource], tags: Iterable[str], labels: Iterable[str]) -> None:
    columns = {column for source in sources for column in source.schema}
    dimensions = {name for source in sources for name in source.dimensions}
    for name in tags:
        if name not in dimensions:
            raise DefinitionError(
                f"--tags {name}=…: no dataset has a column '{name}', so it would choose no rows. {hint(name, columns)} "
                f"A mere name for what is judged is a label: --label {name}=…"
            )
    for name in labels:
        if name in dimensions or name.lower() in {column.lower() for column in columns}:
            raise DefinitionError(f"--label {name}=…: that is a column, whose rows are chosen with --tags {name}=….")


def _is_parquet(place: str) -> bool:
    return place.endswith((".parquet", ".pq")) or any(sign in place for sign in "*?[") or Path(place).is_dir()


def _named(texts: Iterable[str]) -> dict[str, str]:
    """Dataset → column; a column alone is for every dataset, under no name."""
    return dict(_pair(text, "--date-column", "orders=ordered_on") if "=" in text else ("", text) for text in texts)


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise DefinitionError(f"{option} {text} is not a name and a column. Write it as {option} {example}.")
    return name, value
