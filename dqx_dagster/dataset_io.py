"""The IO manager of datasets: their partitions into memory, as what the annotation of an input says."""

import datetime as dt
from typing import TYPE_CHECKING, Any, get_args, get_origin

import dagster as dg
from pydantic import Field

from dqx_core.errors import DqxError
from dqx_core.keys import ResultKey
from dqx_dagster.dagster_internals import beyond
from dqx_dagster.partitions import SPLIT, Partitioning, stored_date
from dqx_dagster.resources import DatasetEngine

if TYPE_CHECKING:
    from dqx_core.datasets.storage import Storage
    from dqx_core.datasets.stored import Asked

FORMS = ("pandas.DataFrame", "pyarrow.Table", "polars.DataFrame", "duckdb.DuckDBPyRelation", "pathlib.Path")


class DatasetIOManager(dg.ConfigurableIOManager):
    """Hands materialized partitions of a dataset to downstream assets.

    It takes the engine's resource, `DatasetIOManager(engine=engine)`, or the folder of the datasets.

    By the annotation of the input: `pandas.DataFrame`, `pyarrow.Table`, `polars.DataFrame` or
    `duckdb.DuckDBPyRelation` holds the rows of all partitions that are asked for, one or a range of dates, with the
    columns `date` and `split`; `pathlib.Path` is the folder of the one partition, where there are folders.
    `dict[str, pandas.DataFrame]`, or of another of them, has an entry for each split.
    """

    engine: DatasetEngine | None = Field(default=None, description="The engine that keeps the datasets.")
    datasets: str | None = Field(
        default=None, description="In place of an engine: the folder in which materialized datasets are kept."
    )

    mixed: str = Field(
        default="error",
        description="What becomes of partitions that several definitions of the split made, whose users may be in "
        "train and in eval: error, warn, or allow.",
    )

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Nothing: a dataset asset writes its own partitions."""
        raise dg.DagsterInvariantViolationError(
            f"{context.asset_key.to_user_string()} returned a value; dataset assets write their own partitions."
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """The partitions asked for, as the annotation says.

        Raises:
            dg.Failure: A partition is not there, or the annotation says something else.
            dg.DagsterInvariantViolationError: There is neither an engine nor a folder, or both.
        """
        dataset, storage = context.asset_key.path[-1], self._storage()
        form, by_split = _form(context.dagster_type.typing_type, dataset)
        try:
            keys = partitions_asked_for(context)
            if not keys:
                raise dg.Failure(_not_there(context, dataset), allow_retries=False)
            asked = _asked(storage, dataset, keys, _splits_now(context))
            self._tell(context, storage, dataset, asked)
            if not by_split:
                return _load(storage, dataset, asked, form)
            splits = dict.fromkeys(split for _, split in asked)
            return {
                split: _load(storage, dataset, [each for each in asked if each[1] == split], form) for split in splits
            }
        except DqxError as error:
            raise dg.Failure(str(error)) from error

    def _tell(self, context: dg.InputContext, storage: "Storage", dataset: str, asked: "list[Asked]") -> None:
        """Refuse or tell what should not be read together."""
        from dqx_core.datasets.mixing import mixture, overlap
        from dqx_core.datasets.stored import Told

        if self.mixed not in get_args(Told):
            raise dg.DagsterInvariantViolationError(
                f"DatasetIOManager(mixed={self.mixed!r}) is not one of {', '.join(map(repr, get_args(Told)))}."
            )
        if len(asked) < 2:
            return
        said = [each for each in (storage.manifest(dataset, *each) for each in asked) if each is not None]
        if self.mixed != "allow" and (reason := mixture(said)) is not None:
            if self.mixed == "error":
                raise dg.Failure(reason, allow_retries=False)
            context.log.warning(reason)
        if (reason := overlap(said)) is not None:
            context.log.warning(reason)

    def _storage(self) -> "Storage":
        from dqx_core.datasets.storage import FolderStorage
        from dqx_core.engines.duckdb import DuckDB

        if (self.engine is None) == (self.datasets is None):
            raise dg.DagsterInvariantViolationError(
                "DatasetIOManager takes the engine that keeps the datasets, DatasetIOManager(engine=engine), or their "
                "folder, DatasetIOManager(datasets=folder): one of the two."
            )
        return self.engine.storage if self.engine is not None else FolderStorage(DuckDB(), str(self.datasets))


def _asked(storage: "Storage", dataset: str, keys: list[ResultKey], splits: frozenset[str]) -> "list[Asked]":
    """Date and split of each; of a whole day the splits that its own definition has.

    A whole day is asked for by a key without a split, or by all `splits` that the asset has now: a day that was made
    before one got another name has those of then.
    """
    named: dict[dt.date, set[str]] = {}
    for key in keys:
        named.setdefault(stored_date(key), set()).update([key.tags[SPLIT]] if SPLIT in key.tags else [])
    whole = [date for date, some in named.items() if not some or (len(splits) > 1 and some == splits)]
    own = storage.splits_of(dataset, whole) if whole else {}
    # A day that does not say its splits is asked for those that there are of any.
    every = [] if all(named.values()) or all(own.values()) else storage.splits(dataset) or ["all"]
    asked: list[Asked] = []
    for key in keys:
        date = stored_date(key)
        of_key = [key.tags[SPLIT]] if SPLIT in key.tags else every
        if date not in own or not own[date] or set(own[date]) == named[date]:
            asked += [(date, split) for split in of_key]
        else:
            asked += [(date, split) for split in own[date] if (date, split) not in asked]
    return asked


def _splits_now(context: dg.InputContext) -> frozenset[str]:
    """The splits that the asset has partitions of."""
    definition = context.asset_partitions_def if context.has_asset_partitions else None
    if isinstance(definition, dg.MultiPartitionsDefinition):
        found = [each.partitions_def for each in definition.partitions_defs if each.name == SPLIT]
    else:
        found = [definition] if isinstance(definition, dg.StaticPartitionsDefinition) else []
    return frozenset(str(key) for each in found for key in each.get_partition_keys())


def _load(storage: "Storage", dataset: str, asked: "list[Asked]", form: str) -> Any:
    from dqx_core.datasets.storage import FolderStorage
    from dqx_core.datasets.stored import partition_path, read_partitions
    from dqx_core.engines.duckdb import DuckDB

    folder = storage.root if isinstance(storage, FolderStorage) else None
    if form == "pathlib.Path" and folder is None:
        raise dg.Failure(
            f"Dataset {dataset} is kept as {storage.place(dataset)}, where a partition has no folder. Annotate the "
            f"input with one of {', '.join(FORMS[:-1])}.",
            allow_retries=False,
        )
    if folder is not None and form in ("pathlib.Path", "duckdb.DuckDBPyRelation"):
        rows = read_partitions(folder, dataset, partitions=asked, mixed="allow", overlap="allow")
        if form == "duckdb.DuckDBPyRelation":
            # Read when it is used; it keeps the connection.
            return DuckDB().connection.sql(rows.sql("duckdb"))
        if len(asked) != 1:
            raise dg.Failure(
                f"A Path is the folder of one partition of {dataset}; {len(asked)} are asked for. Annotate the "
                "input with dict[str, pathlib.Path] for the splits of a date, or with pyarrow.Table for the rows "
                "of all."
            )
        return partition_path(folder, dataset, *asked[0])
    table = storage.rows(dataset, asked)
    if form == "duckdb.DuckDBPyRelation":
        return DuckDB().connection.from_arrow(table)
    if form == "pandas.DataFrame":
        return table.to_pandas()
    if form == "polars.DataFrame":
        import polars

        return polars.from_arrow(table)
    return table


def partitions_asked_for(context: dg.InputContext) -> list[ResultKey]:
    """The day and tags of every partition that an input asks for."""
    upstream = context.upstream_output
    today = dt.datetime.now(dt.UTC).date()
    if not context.has_asset_partitions:
        return [Partitioning.of(None, upstream.definition_metadata if upstream else None).key(None, today)]
    partitioning = Partitioning.of(context.asset_partitions_def, upstream.definition_metadata if upstream else None)
    return [partitioning.key(str(partition), today) for partition in context.asset_partition_keys]


def _not_there(context: dg.InputContext, dataset: str) -> str:
    """Why an input asks for nothing: its partition mapping leads to where the dataset has no partitions."""
    definition = context.asset_partitions_def
    keys = definition.get_partition_keys(dynamic_partitions_store=context.instance)
    missing = ", ".join(beyond(context)[:5])
    has = f"from {keys[0]} to {keys[-1]}" if keys else "none yet"
    return (
        f"Partition {context.step_context.partition_key if context.step_context.has_partition_key else ''} asks for "
        f"{f'partition {missing}' if missing else 'partitions'} of dataset {dataset}, which that does not have: its "
        f"partitions are {has}. The partition mapping of the input says which it asks for."
    )


def _form(annotation: Any, dataset: str) -> tuple[str, bool]:
    """Which of the forms an annotation is, and whether of each split or of all together."""
    by_split = get_origin(annotation) is dict and get_args(annotation)[:1] == (str,)
    inner = get_args(annotation)[1] if by_split else annotation
    name = getattr(inner, "__name__", str(inner))
    # By its package: pyarrow.Table is of pyarrow.lib, and so on.
    form = f"{getattr(inner, '__module__', '').split('.')[0].removeprefix('_')}.{name}"
    if form not in FORMS:
        shown = "without an annotation" if annotation is Any else f"of type {annotation if by_split else name}"
        raise dg.Failure(
            f"An input {shown} cannot be loaded from dataset {dataset}. Annotate it with one of {', '.join(FORMS)}, or "
            "with dict[str, …] of one of them for an entry a split.",
            allow_retries=False,
        )
    return form, by_split
