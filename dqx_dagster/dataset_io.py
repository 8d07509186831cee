"""The IO manager of datasets: their partitions into memory, as what the annotation of an input says."""

import datetime as dt
from typing import TYPE_CHECKING, Any, get_args, get_origin

import dagster as dg
from pydantic import Field

from dqx_core.errors import DqxError
from dqx_core.keys import ResultKey
from dqx_dagster.partitions import SPLIT, Partitioning

if TYPE_CHECKING:
    from dqx_core.datasets.stored import Asked

FORMS = ("pandas.DataFrame", "pyarrow.Table", "polars.DataFrame", "duckdb.DuckDBPyRelation", "pathlib.Path")


class DatasetIOManager(dg.ConfigurableIOManager):
    """Hands materialized partitions of a dataset to downstream assets.

    By the annotation of the input: `pandas.DataFrame`, `pyarrow.Table`, `polars.DataFrame` or
    `duckdb.DuckDBPyRelation` holds the rows of all partitions that are asked for, one or a range of dates, with the
    columns `date` and `split`; `pathlib.Path` is the folder of the one partition. `dict[str, pandas.DataFrame]`, or of
    another of them, has an entry for each split.
    """

    datasets: str = Field(description="Folder in which materialized datasets are kept: the engine's.")

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Nothing: a dataset asset writes its own partitions."""
        raise dg.DagsterInvariantViolationError(
            f"{context.asset_key.to_user_string()} returned a value; dataset assets write their own partitions."
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """The partitions asked for, as the annotation says.

        Raises:
            dg.Failure: A partition is not there, or the annotation says something else.
        """
        dataset = context.asset_key.path[-1]
        form, by_split = _form(context.dagster_type.typing_type, dataset)
        try:
            asked = self._asked(dataset, partitions_asked_for(context))
            if not by_split:
                return self._load(dataset, asked, form)
            splits = dict.fromkeys(split for _, split in asked)
            return {split: self._load(dataset, [each for each in asked if each[1] == split], form) for split in splits}
        except DqxError as error:
            raise dg.Failure(str(error)) from error

    def _asked(self, dataset: str, keys: list[ResultKey]) -> "list[Asked]":
        """Date and split of each; a key without a split asks for all that there are of its date."""
        from dqx_core.datasets.stored import stored_partitions

        splits = dict.fromkeys(split for _, split in stored_partitions(self.datasets, dataset))
        return [
            (key.yyyy_mm_dd, split)
            for key in keys
            for split in ([key.tags[SPLIT]] if SPLIT in key.tags else splits or ["all"])
        ]

    def _load(self, dataset: str, asked: "list[Asked]", form: str) -> Any:
        from dqx_core.datasets.stored import partition_path, read_partitions
        from dqx_core.engines.duckdb import DuckDB

        dates, splits = {date for date, _ in asked}, {split for _, split in asked}
        rows = read_partitions(self.datasets, dataset, dates, splits)
        if form == "pathlib.Path":
            if len(asked) != 1:
                raise dg.Failure(
                    f"A Path is the folder of one partition of {dataset}; {len(asked)} are asked for. Annotate the "
                    "input with dict[str, pathlib.Path] for the splits of a date, or with pyarrow.Table for the rows "
                    "of all."
                )
            return partition_path(self.datasets, dataset, *asked[0])
        engine = DuckDB()
        if form == "duckdb.DuckDBPyRelation":
            # Read when it is used; it keeps the connection.
            return engine.connection.sql(rows.sql("duckdb"))
        table = engine.run(rows)
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
