"""Distinct integers that lie close together are marked in a bitmap, which only cost tells from grouping them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core import DuckRelationDataSource, ResultKey
from dqx_core.engines.base import Extent
from dqx_core.execution import execute, explain, statements_of
from dqx_core.metrics.base import MarkedMetric
from dqx_core.metrics.distinct import DuplicateCount, UniqueCount
from dqx_core.planning import Plan, Scan
from tests.core.cases import DAYS, ENGINE

SPECS: list[MarkedMetric] = [
    cls(column, where=where)  # type: ignore[call-arg]
    for cls in (UniqueCount, DuplicateCount)
    for column in ("n", "N")
    for where in (None, "odd")
]
CLOSE = st.none() | st.integers(-40, 40)
ROWS = st.lists(st.tuples(st.sampled_from(DAYS), st.sampled_from(["train", "eval"]), CLOSE, st.booleans()), min_size=1)


def written(folder: Path | str, rows: list[Any]) -> DuckRelationDataSource:
    columns = zip(*rows, strict=True)
    types = {"yyyy_mm_dd": pa.date32(), "split": pa.string(), "n": pa.int64(), "odd": pa.bool_()}
    arrays = {name: pa.array(column, type_) for (name, type_), column in zip(types.items(), columns, strict=True)}
    pq.write_table(pa.table(arrays), Path(folder) / "rows.parquet")
    return DuckRelationDataSource.from_parquet(
        Path(folder) / "rows.parquet", "rows", engine=ENGINE, dimensions={"split": "split"}
    )


def scan(source: DuckRelationDataSource, *, tags: dict[str, str] | None = None) -> Scan:
    return Scan(source, tuple((spec, ResultKey(day, tags or {}), "rows") for day in DAYS for spec in SPECS))


def texts(some: Scan) -> list[str]:
    return [statement.tree.sql("duckdb") for statement in statements_of(some)]


def counted(spec: MarkedMetric, values: list[int | None]) -> int:
    copies = Counter(values)
    return len(copies.keys() - {None}) if isinstance(spec, UniqueCount) else sum(n - 1 for n in copies.values())


@settings(max_examples=25)
@given(rows=ROWS, tags=st.sampled_from([{}, {"split": "train"}]))
def test_marked_counts_are_those_of_grouping(rows: list[Any], tags: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        measured = execute(some := scan(written(folder, rows * 20), tags=tags))
        assert len(measured) == len(some.needs)
        for (spec, key, _), state in measured.items():
            values = [
                n
                for day, split, n, odd in rows * 20
                if (day, tags.get("split", split)) == (key.yyyy_mm_dd, split) and (spec.where is None or odd)
            ]
            assert spec.value(state.unwrap()).unwrap() == counted(spec, values)  # type: ignore[arg-type]


def test_a_plan_shows_the_bitmap_and_running_it_takes_what_the_plan_shows(tmp_path: Path) -> None:
    some = scan(written(tmp_path, [(day, "train", n, True) for day in DAYS for n in range(50)]))
    ran = len(ENGINE.statements)
    execute(some)
    shown = [sql for _, sql in explain(Plan((some,))).statements]
    assert shown == list(ENGINE.statements)[ran:]
    assert "BITSTRING_AGG" in shown[-1], "one statement for all columns, conditions and days"
    assert not any("items" in sql for sql in shown)


def test_values_far_apart_are_grouped(tmp_path: Path) -> None:
    some = scan(written(tmp_path, [(day, "train", n * 10_000_000_000, True) for day in DAYS for n in range(50)]))
    assert not any("BITSTRING_AGG" in sql for sql in texts(some))


def test_many_bitmaps_share_the_memory_that_one_may_take(tmp_path: Path) -> None:
    class Large(DuckRelationDataSource):
        """As large a table as it says."""

        def extent(self, columns: Any) -> Extent:
            return Extent(10**9, dict.fromkeys(columns, (0, 2**28)))

    source = Large(ENGINE, written(tmp_path, [(DAYS[0], "train", 1, True)]).relation(), "rows")

    def marks(conditions: int) -> bool:
        specs = [UniqueCount("n", where=f"n > {n}") for n in range(conditions)]
        specs += [UniqueCount("split", where=f"n > {n}") for n in range(9)]  # text, which takes none
        needs = tuple((spec, ResultKey(DAYS[0]), "rows") for spec in specs)
        return any("BITSTRING_AGG" in sql for sql in texts(Scan(source, needs)))

    assert marks(3)
    assert not marks(5)


def test_rows_of_which_nothing_is_known_beforehand_are_grouped(tmp_path: Path) -> None:
    files = written(tmp_path, [(DAYS[0], "train", n, True) for n in range(50)])
    table = files.query(files.relation())
    assert not any("BITSTRING_AGG" in sql for sql in texts(scan(DuckRelationDataSource.from_arrow(table, "rows"))))


def test_data_that_grows_beyond_its_bounds_meanwhile_is_grouped_instead(tmp_path: Path) -> None:
    class Grows(DuckRelationDataSource):
        """Files that are written anew between the question for their bounds and the scan."""

        def extent(self, columns: Any) -> Any:
            known = found.extent(columns)
            written(tmp_path, [(DAYS[0], "train", n, True) for n in (*range(500), 10**12, 10**12, None, None)])
            return known

    found = written(tmp_path, [(DAYS[0], "train", n, True) for n in range(500)])
    source = Grows(ENGINE, found.relation(), "rows")
    for specs in (SPECS, SPECS[:1]):
        needs = tuple((spec, ResultKey(DAYS[0]), "rows") for spec in specs)
        for spec, state in ((need[0], state) for need, state in execute(Scan(source, needs)).items()):
            assert spec.value(state.unwrap()).unwrap() == (501 if isinstance(spec, UniqueCount) else 2)
