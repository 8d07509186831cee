"""Where a command finds things: the options that all of them take, and the service that they open."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dqx_core.errors import DefinitionError
from dqx_dagster.cli.printing import err
from dqx_dagster.cli.store import DEFAULT_URL, StoreUrl

if TYPE_CHECKING:
    from dqx_core.datasets.catalog import Catalog
    from dqx_core.datasets.service import DatasetService
    from dqx_core.datasets.storage import Storage
    from dqx_core.engines.bigquery import BigQuery
    from dqx_core.engines.duckdb import DuckDB


@dataclass(frozen=True)
class Places:
    """What the options said, or the variables of the same names."""

    folder: Annotated[
        Path, typer.Option("--folder", envvar="DQX_DATASETS", help="Folder of the definitions, one YAML file each.")
    ] = Path("datasets")
    database: Annotated[
        Path, typer.Option("--database", envvar="DQX_DATABASE", help="DuckDB file with the raw tables; only read.")
    ] = Path("data/shop.duckdb")
    root: Annotated[Path, typer.Option("--root", envvar="DQX_ROOT", help="Folder of the materialized partitions.")] = (
        Path("data/datasets")
    )
    store: StoreUrl = DEFAULT_URL
    schema: Annotated[
        list[str] | None,
        typer.Option(
            "--schema",
            envvar="DQX_SCHEMA",
            help="A schema whose tables may be used; all of the database if left out, on BigQuery raw_data. May be "
            "repeated; in the variable several stand with spaces between.",
        ),
    ] = None

    project: Annotated[
        str | None,
        typer.Option(
            "--bigquery-project",
            envvar="DQX_BIGQUERY_PROJECT",
            help="A project of Google Cloud: its tables, on BigQuery, in place of the DuckDB file.",
        ),
    ] = None
    kept_in: Annotated[
        str,
        typer.Option(
            "--bigquery-dataset", envvar="DQX_BIGQUERY_DATASET", help="BigQuery dataset of the materialized partitions."
        ),
    ] = "dqx"
    maximum_bytes: Annotated[
        int | None,
        typer.Option(
            "--maximum-bytes-billed",
            envvar="DQX_MAXIMUM_BYTES_BILLED",
            help="On BigQuery a statement that would read more is refused before it runs.",
        ),
    ] = None
    patience: Annotated[
        float,
        typer.Option(
            "--bigquery-patience",
            envvar="DQX_BIGQUERY_PATIENCE",
            help="Seconds for which a call is tried again while BigQuery does not answer.",
        ),
    ] = 60.0
    typed: str = ""
    """Those of the options that the command line said, for a command that is to look at the same places."""

    @contextmanager
    def opened(self, *, tables: bool = True, writes: bool = False) -> Iterator[DatasetService]:
        """The service over these places. Looking at a store that is not there does not make one.

        Args:
            tables: Whether the command makes no sense without the raw tables.
            writes: Whether it keeps something in the store.
        """
        from dqx_core.datasets.service import DatasetService
        from dqx_core.store import InMemoryMetricDB, MetricDB, file_of
        from dqx_dagster.cli.datasets.components import definitions_of_project

        schemas, catalog, engine, storage = self._bigquery() if self.project else self._duckdb(tables)
        file = file_of(self.store)
        there = file is None or file.exists()
        store = MetricDB(self.store, at_first_write=True) if there or writes else InMemoryMetricDB()
        try:
            yield DatasetService(
                catalog,
                engine,
                store,
                folder=self.folder,
                root=self.root,
                storage=storage,
                schemas=schemas,
                elsewhere=definitions_of_project(Path.cwd(), schemas),
            )
        finally:
            store.close()
            engine.close()

    def _bigquery(self) -> tuple[Sequence[str] | None, Catalog, BigQuery, Storage]:
        from dqx_core.datasets.bigquery_catalog import BIGQUERY_SCHEMAS, BigQueryCatalog
        from dqx_core.datasets.bigquery_storage import BigQueryStorage
        from dqx_core.engines.bigquery import BigQuery

        engine = BigQuery(project=self.project, maximum_bytes_billed=self.maximum_bytes, patience=self.patience)
        schemas = self.schema or BIGQUERY_SCHEMAS
        return schemas, BigQueryCatalog(engine, schemas), engine, BigQueryStorage(engine, self.kept_in)

    def _duckdb(self, tables: bool) -> tuple[Sequence[str] | None, Catalog, DuckDB, Storage | None]:
        from dqx_core.datasets.catalog import DuckDBCatalog

        engine = self._engine(tables)
        schemas = self.schema or None
        return schemas, DuckDBCatalog(engine, schemas), engine, None

    def _engine(self, tables: bool) -> DuckDB:
        from dqx_core.engines.duckdb import DuckDB

        if self.database.exists():
            return DuckDB(database=self.database, read_only=True)
        if tables:
            raise DefinitionError(
                f"There is no database {self.database}. Name the DuckDB file that holds the raw tables with --database "
                "or the variable DQX_DATABASE."
            )
        return DuckDB()


def command(function: Callable[..., None]) -> Callable[..., None]:
    """A function whose first parameter is `Places`, as a command with an option for each of them."""
    hints = get_type_hints(function, include_extras=True)
    _, *others = inspect.signature(function).parameters.values()
    options = get_type_hints(Places, include_extras=True)
    asked = [field for field in fields(Places) if field.name != "typed"]

    def run(context: typer.Context, **arguments: Any) -> None:
        given = {field.name: arguments.pop(field.name) for field in asked}
        function(Places(**given, typed=_typed(context)), **arguments)

    parameters = [each.replace(annotation=hints[each.name], kind=inspect.Parameter.KEYWORD_ONLY) for each in others]
    parameters += [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=options[field.name]
        )
        for field in asked
    ]
    parameters.insert(
        0, inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    )
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)
    return run


def _typed(context: typer.Context) -> str:
    """The options of `Places` that were typed, as a shell reads them; what a variable says, it goes on saying."""
    words: list[str] = []
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in Places.__dataclass_fields__ and source is not None and source.name == "COMMANDLINE":
            value = context.params[parameter.name]
            for each in value if isinstance(value, list | tuple) else [value]:
                words += [parameter.opts[0], str(each)]
    return shlex.join(words)


def busy(what: str) -> AbstractContextManager[object]:
    """Says on a terminal that something takes its time."""
    return err.status(what) if err.is_terminal else nullcontext()
