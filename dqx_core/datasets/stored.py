"""Partitions as they are stored: where they lie, what is in them, and how to read them."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from dqx_core.datasets import mixing
from dqx_core.datasets.sampling import FOLD_COLUMN
from dqx_core.datasets.types import normal_type
from dqx_core.datasets.windows import Cadence, part_date, part_name
from dqx_core.engines.duckdb_source import CAN_HAVE_NAN
from dqx_core.errors import DefinitionError, hint
from dqx_core.sql.literals import literal
from dqx_core.sql.names import column_named

if TYPE_CHECKING:
    from sqlglot import exp

    from dqx_core.engines.base import Engine

Asked = tuple[dt.date, str]
"""A date and a split."""

Told = Literal["warn", "error", "allow"]
"""What becomes of partitions that are not fit to be read together."""

_MAGIC = b"PAR1"

MANIFEST = "_manifest.json"
DATA = "part-0.parquet"


@dataclass(frozen=True)
class Manifest:
    """What a stored partition says of itself."""

    dataset: str
    definition_hash: str
    date: dt.date
    split: str
    sql: str
    """A query that gives these rows, in the dialect of the engine."""
    timezone: str
    window: Mapping[str, Sequence[str | None]]
    """First day (null: since ever) and day after the last, of the whole window and of this part of it."""
    columns: Mapping[str, str]
    """Column → normal type."""
    rows: int
    bytes: int
    fingerprint: str
    data_version: str
    engine: str
    written_at: dt.datetime
    fingerprint_by: str = ""
    """The engine and version whose hash the fingerprint is of: only fingerprints by the same are comparable."""
    leaks: Sequence[str] = ()
    """Where train was chosen by what eval holds; see `DatasetDefinition.leaks`."""
    splits: Sequence[str] = ()
    """The splits that the definition has: what a day holds of others is of an older one."""
    cadence: Cadence = "daily"
    """What the partitions of the dataset are."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """What is counted → rows of the day that are in no split of it without a rule that says so, if there are any."""

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, default=lambda moment: moment.isoformat()) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest a file holds; what a later version added is left out."""
        said = json.loads(text)
        if not isinstance(said, dict):
            raise ValueError("it does not hold keys and values")
        found = {key: value for key, value in said.items() if key in cls.__dataclass_fields__}
        found["date"] = part_date(found["date"])
        found["written_at"] = dt.datetime.fromisoformat(found["written_at"])
        return cls(**found)


def partition_path(root: str | Path, dataset: str, date: dt.date, split: str) -> Path:
    """The folder of a partition, whether it is there or not."""
    # A colon is not a sign for a folder's name: it is written as readers of such folders expect it.
    return Path(root) / dataset / f"date={part_name(date).replace(':', '%3A')}" / f"split={split}"


def manifest(root: str | Path, dataset: str, date: dt.date, split: str) -> Manifest | None:
    """What a stored partition says of itself; None if there is no such partition.

    Raises:
        DefinitionError: The manifest is damaged.
    """
    path = partition_path(root, dataset, date, split) / MANIFEST
    try:
        return Manifest.from_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DefinitionError(f"The manifest {path} is damaged ({error}). Materialize the partition again.") from error


def fault(root: str | Path, dataset: str, date: dt.date, split: str) -> str | None:
    """In what the files of a partition differ from what its manifest says, by name and size; None: in nothing."""
    try:
        said = manifest(root, dataset, date, split)
    except DefinitionError as error:
        return str(error)
    if said is None:
        return f"partition {part_name(date)}/{split} of dataset '{dataset}' is not materialized"
    return differs(root, said)


def differs(root: str | Path, said: Manifest) -> str | None:
    """In what the files of a partition differ from a manifest, by name, size and ends; None: in nothing."""
    dataset, date, split = said.dataset, said.date, said.split
    folder = partition_path(root, dataset, date, split)
    sizes = {file.name: file.stat().st_size for file in folder.glob("*.parquet")}
    if sizes == {DATA: said.bytes} and _is_parquet(folder / DATA):
        return None
    extra = sorted(sizes.keys() - {DATA})
    if DATA not in sizes:
        what = f"its file {DATA} is not there"
    elif extra:
        what = f"its manifest does not know the file {extra[0]}"
    elif sizes[DATA] != said.bytes:
        what = f"its file {DATA} has {sizes[DATA]:,} bytes, and its manifest says {said.bytes:,}"
    else:
        what = f"its file {DATA} is not Parquet"
    return f"partition {part_name(date)}/{split} of dataset '{dataset}' is damaged: {what}. Materialize it again."


def _is_parquet(file: Path) -> bool:
    """Whether a file begins and ends as Parquet does: a disk may have lost what is between, and not the size."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(_MAGIC))
            opened.seek(-len(_MAGIC), os.SEEK_END)
            return start == opened.read() == _MAGIC
    except OSError:
        return True  # it is being replaced, or cannot be read: whoever reads it is told


def refuse_other_cadence(root: str | Path, dataset: str, cadence: Cadence) -> None:
    """Partitions of days beside those of hours or weeks would have each row twice.

    Raises:
        DefinitionError: Partitions of another kind are stored already.
    """
    for date, split in stored_partitions(root, dataset)[-1:]:
        try:
            there = manifest(root, dataset, date, split)
        except DefinitionError:
            continue  # damaged, and told where it is read
        if there is not None and there.cadence != cadence:
            raise DefinitionError(
                f"Dataset '{dataset}' has {there.cadence} partitions in {Path(root) / dataset}, and would get "
                f"{cadence} ones beside them, with the same rows. Move that folder away, or give the dataset another "
                "name."
            )


def told_of(root: str | Path, dataset: str, date: dt.date) -> dict[str, Manifest]:
    """The manifests of a day by split; a damaged one, which is told of when it is read, is left out."""
    found = {}
    for _, split in stored_partitions(root, dataset, date):
        with contextlib.suppress(DefinitionError):
            if (said := manifest(root, dataset, date, split)) is not None:
                found[split] = said
    return found


def own_splits(said: Mapping[str, Manifest]) -> Sequence[str]:
    """The splits of the newest definition of a day; none where its manifests, of an older dqx, do not say."""
    newest = max((each for each in said.values() if each.splits), key=lambda each: each.written_at, default=None)
    return () if newest is None else newest.splits


def holding(splits: Iterable[str], said: Mapping[str, Manifest]) -> list[str]:
    """Those of the splits that are there of a day which its newest definition has; all, where nothing tells.

    A definition that left a split out, or gave it another name, did not write that one again: its rows are in the
    others.
    """
    own = own_splits(said)
    return [split for split in splits if not own or split in own]


def stored_partitions(root: str | Path, dataset: str, date: dt.date | None = None) -> list[tuple[dt.date, str]]:
    """Date and split of every partition there is, or of those of a date, in order."""
    found = []
    day = "*" if date is None else part_name(date).replace(":", "%3A")
    for path in (Path(root) / dataset).glob(f"date={day}/split=*/{MANIFEST}"):
        match = re.fullmatch(r"date=(\d{4}-\d\d-\d\d(?:T\d\d%3A\d\dZ)?)/split=(.+)", "/".join(path.parts[-3:-1]))
        if match:
            found.append((part_date(match[1].replace("%3A", ":")), match[2]))
    return sorted(found, key=lambda each: (each[0].isoformat(), each[1]))


def partition_files(
    root: str | Path,
    dataset: str,
    dates: Iterable[dt.date] | None = None,
    splits: Iterable[str] | None = None,
) -> list[Path]:
    """The Parquet files of the partitions there are, in order; of these dates and splits, if they are named.

    An empty partition has a file too, without rows.
    """
    wanted_dates = None if dates is None else set(dates)
    wanted_splits = None if splits is None else set(splits)
    return [
        file
        for date, split in stored_partitions(root, dataset)
        if (wanted_dates is None or date in wanted_dates) and (wanted_splits is None or split in wanted_splits)
        for file in sorted(partition_path(root, dataset, date, split).glob("*.parquet"))
    ]


def read_partitions(
    root: str | Path,
    dataset: str,
    dates: Iterable[dt.date] | None = None,
    splits: Iterable[str] | None = None,
    *,
    partitions: Iterable[Asked] | None = None,
    mixed: Told = "warn",
    overlap: Told = "warn",
) -> exp.Query:
    """A query for DuckDB over stored partitions, with their `date` and `split` as columns; all of them for None.

    A column that only some of them have is null in the others. In place of dates and splits, `partitions` names each.
    Partitions of several definitions of the split (`mixed`), and several snapshots of a split by time (`overlap`),
    have rows in train that others hold out: they are warned of, refused or taken.

    Raises:
        DefinitionError: A partition that is named is not there or damaged, or none is there; or they are refused.
    """
    for option, said in (("mixed", mixed), ("overlap", overlap)):
        if said not in get_args(Told):
            raise DefinitionError(f"{option}={said!r} is not one of {', '.join(map(repr, get_args(Told)))}.")
    there = set(stored_partitions(root, dataset))
    if partitions is not None:
        asked = set(partitions)
        return _read(root, dataset, asked, there, named=True, mixed=mixed, overlap=overlap)
    every = {split for _, split in there}
    named = None if dates is None else set(dates)
    days = {date for date, _ in there} if named is None else named
    if splits is not None:
        wanted = set(splits)
        asked = {(date, split) for date in days for split in wanted}
    else:
        own = {date: own_splits(told_of(root, dataset, date)) for date in days}
        if named is None:
            asked = {(date, split) for date, split in there if split in (own[date] or every)}
        else:
            asked = {(date, split) for date in days for split in own[date] or every}
    return _read(root, dataset, asked, there, named=named is not None, mixed=mixed, overlap=overlap)


def _read(
    root: str | Path, dataset: str, asked: set[Asked], there: set[Asked], *, named: bool, mixed: Told, overlap: Told
) -> exp.Query:
    missing = sorted(asked - there) if named else []
    if missing or not asked & there:
        what = ", ".join(f"{part_name(date)}/{split}" for date, split in missing[:5]) or "any partition"
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise DefinitionError(
            f"Dataset '{dataset}' does not have {what}{more} in {root}. Materialize it first. "
            f"{hint('', [f'{part_name(date)}/{split}' for date, split in sorted(there)])}"
        )
    found = sorted(asked & there)
    said: list[Manifest] = []
    for date, split in found:
        try:
            told = manifest(root, dataset, date, split)
            reason = None if told is None else differs(root, told)
        except DefinitionError as error:
            told, reason = None, str(error)
        if reason is not None and named:
            raise DefinitionError(reason[0].upper() + reason[1:])
        said += [told] if told is not None else []
    for wanted, why_of in ((mixed, mixing.mixture), (overlap, mixing.overlap)):
        why = why_of(said) if wanted != "allow" else None
        if why is not None and wanted == "error":
            raise DefinitionError(why)
        if why is not None:
            warnings.warn(why, mixing.MixedSplitsWarning, stacklevel=3)
    files = (file for each in found for file in sorted(partition_path(root, dataset, *each).glob("*.parquet")))
    return read_files(files, without=columns_gone(said, said))


def columns_gone(read: Iterable[Manifest], known: Iterable[Manifest]) -> list[str]:
    """The columns of partitions that are read which the newest definition of those that are known has no more."""
    listed = list(known)
    newest = max(listed, key=lambda each: each.written_at, default=None)
    if newest is None:
        return []
    alike = (each for each in listed if each.definition_hash == newest.definition_hash)
    # Train has the fold, and may be of an older definition yet.
    current = {FOLD_COLUMN, *(column.lower() for each in alike for column in each.columns)}
    columns = dict.fromkeys(column for each in read for column in each.columns)
    return [column for column in columns if column.lower() not in current]


def read_files(files: Iterable[Path], *, without: Sequence[str] = ()) -> exp.Select:
    """A query for DuckDB over the files of partitions, with their `date` and `split` as columns."""
    return _parquet(files, hive=True, without=without)


def read_file(path: Path) -> exp.Select:
    """A query for DuckDB over one Parquet file, as it is."""
    return _parquet([path], hive=False)


def _parquet(files: Iterable[Path], *, hive: bool, without: Sequence[str] = ()) -> exp.Select:
    from sqlglot import exp

    def named(name: str, value: exp.Expr) -> exp.Expr:
        return exp.EQ(this=exp.to_identifier(name), expression=value)

    files = list(files)
    of_hours = any("T" in path.parent.parent.name.removeprefix("date=") for path in files)
    kept = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.to_identifier(kind))
            for name, kind in (("date", "TIMESTAMPTZ" if of_hours else "DATE"), ("split", "VARCHAR"))
        ]
    )
    options = [
        named("hive_partitioning", exp.Boolean(this=hive)),
        named("union_by_name", exp.Boolean(this=hive)),
        named(CAN_HAVE_NAN, exp.true()),
    ]
    reader = exp.Anonymous(
        this="READ_PARQUET",
        expressions=[
            exp.Array(expressions=[literal(_no_glob(file)) for file in files]),
            *options,
            *([named("hive_types", kept)] if hive else []),
        ],
    )
    every = exp.Star(except_=[exp.to_identifier(name, quoted=True) for name in without]) if without else exp.Star()
    return exp.select(every).from_(exp.Table(this=reader))


def _no_glob(path: Path) -> str:
    """A path in which DuckDB finds no pattern."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def hash_of(engine: Engine) -> str:
    """Whose hash `content_fingerprint` takes: fingerprints by another version may differ though the rows do not."""
    from sqlglot import exp

    version = engine.run(exp.select(exp.alias_(exp.Anonymous(this="VERSION"), "version"))).to_pylist()[0]["version"]
    return f"{engine.dialect} {version}"


def content_fingerprint(engine: Engine, rows: exp.Query) -> tuple[int, str, dict[str, str]]:
    """Number of rows, fingerprint and normal types of a query on DuckDB.

    The fingerprint is of columns and rows, not of their order: the number of rows, and the sum of a 64-bit hash
    of each, so that a row more of the same changes it. The number of threads does not. The hash is DuckDB's, fifteen
    times as fast as one of the rows as text, and not promised to stay: compare fingerprints by one `hash_of`.
    """
    from sqlglot import exp

    spelled = engine.schema(rows)
    types = {name: normal_type(kind, engine.dialect) for name, kind in spelled.items()}
    columns = [column_named(name) for name in types]
    hashed = exp.Anonymous(this="HASH", expressions=columns)
    counted = exp.select(
        exp.alias_(exp.Count(this=exp.Star()), "row_count"),
        # As text: Arrow has no 128-bit integer.
        exp.alias_(exp.cast(exp.Sum(this=hashed), "text"), "total"),
    ).from_(rows.subquery("rows"))
    row = engine.run(counted).to_pylist()[0]
    total = int(row["total"] or 0) % 2**64
    content = json.dumps([list(types.items()), row["row_count"], total], ensure_ascii=False)
    return row["row_count"], hashlib.sha256(content.encode()).hexdigest()[:32], types
