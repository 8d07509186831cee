"""What was never run on the real BigQuery, run there: `python -m benchmarks.bigquery_live --project my-project`.

It makes a dataset of its own, runs every claim of docs/bigquery.md on it, prints one line for each, and deletes the
dataset. It reads a few kilobytes; each query bills the minimum of 10 MiB, together under two cents. Credentials are the
application's default ones (`gcloud auth application-default login`). The expected output is in docs/bigquery.md.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
from sqlglot import exp

from dqx_core import Context, InMemoryMetricDB, MetricProvider, ResultKey, VerificationSuite, check
from dqx_core.datasets import define
from dqx_core.datasets.bigquery_storage import BigQueryStorage
from dqx_core.datasets.storage import FolderStorage
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_source import BigQueryDataSource
from dqx_core.engines.bigquery_tables import BigQueryTables, Layout
from dqx_core.engines.jobs import jobs_of, recording
from dqx_core.errors import DefinitionError, EngineError, NotRunError
from dqx_core.execution import execute
from dqx_core.metrics.quantiles import Median, Quantile
from dqx_core.planning import Scan
from dqx_core.sql.names import table_of
from tests.bigquery.test_linter import REFUSED
from tests.core.cases import CASES, DAYS, agrees, expected
from tests.core.cases import table_of as arrow_of
from tests.core.datasets import shop

VECTORS = Path(__file__).parents[1] / "tests/core/sql/farm_fingerprint.json"
ROWS: list[dict[str, Any]] = [
    {
        "yyyy_mm_dd": DAYS[i % 2],
        "split": ("train", "eval", None)[i % 3],
        "x": (0.1, 1e18, -1e18, 9007199254740993.0, 2.0**-35, None, 12.34)[i % 7],
        "n": (2**62, -3, None, 2**62, 1, -(2**63) + 1)[i % 6],
        "d": None if i % 5 == 4 else i * 37 - 100,
        "s": ("", "a'b", "é", "日本", None, "NL", "🦆")[i % 7],
        "at": None if i % 4 == 3 else dt.datetime(1999, 12, 31, 23, 59, 59, i),
        "items": [1] * (i % 3),
    }
    for i in range(60)
]


@dataclass
class Live:
    """A dataset of a project, for the time of the checks."""

    engine: BigQuery
    dataset: str
    made: list[str] = field(default_factory=list)

    @property
    def tables(self) -> BigQueryTables:
        return BigQueryTables(self.engine)

    def source(self, **options: Any) -> BigQueryDataSource:
        return BigQueryDataSource.from_table(self.engine, f"{self.dataset}.rows", "rows", **options)

    def select(self, *columns: str, table: str = "rows") -> exp.Select:
        return exp.select(*columns).from_(table_of(f"{self.dataset}.{table}"))

    def definition(self, **changes: Any) -> Any:
        changed = shop.changed(shop.DAILY, source__table=f"{self.dataset}.transactions", **changes)
        changed["source"]["joins"][0]["table"] = f"{self.dataset}.products"
        return define(changed, schemas=(self.dataset,))


@contextmanager
def refused(kind: type[Exception], words: str) -> Iterator[None]:
    """What runs inside must be refused, with these words."""
    try:
        yield
    except kind as error:
        if words not in str(error):
            raise AssertionError(f"it was refused in other words: {error}") from error
    else:
        raise AssertionError("it was not refused")


Claim = Callable[[Live], object]
CLAIMS: dict[str, Claim] = {}


def claim(sentence: str) -> Callable[[Claim], Claim]:
    """A sentence that is true if the function does not raise."""

    def keep(function: Claim) -> Claim:
        CLAIMS[sentence] = function
        return function

    return keep


@claim("every metric says what an independent computation says, to the bit")
def metrics(live: Live) -> None:
    key = ResultKey(DAYS[0])
    for spec, _, _, state in _measured(live, key):
        value = spec.value(state.unwrap())
        relative = 1e-12 if isinstance(spec, Quantile | Median) else 0.0
        wanted = expected([row for row in _rows() if row["yyyy_mm_dd"] == DAYS[0]], spec)
        assert agrees(value, wanted, relative=relative), (spec.name, value, wanted)


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = arrow_of(ROWS).to_pylist()
    return rows


def _measured(live: Live, key: ResultKey) -> Iterator[tuple[Any, ...]]:
    source = live.source()
    for need, state in execute(Scan(source, tuple((spec, key, "rows") for spec in CASES))).items():
        yield (*need, state)


@claim("FARM_FINGERPRINT is the function that DuckDB was taught")
def fingerprints(live: Live) -> None:
    vectors: dict[str, int] = json.loads(VECTORS.read_text("utf-8"))["vectors"]
    calls = [
        exp.alias_(exp.Anonymous(this="FARM_FINGERPRINT", expressions=[exp.Literal.string(text)]), f"f{i}")
        for i, text in enumerate(vectors)
    ]
    row = live.engine.run(exp.select(*calls).from_(table_of(f"{live.dataset}.rows")).limit(1)).to_pylist()[0]
    assert list(row.values()) == list(vectors.values()), row


@claim("a dry run counts the columns that are used, in the partitions that literals leave")
def bytes_read(live: Live) -> None:
    day = exp.EQ(this=exp.column("yyyy_mm_dd"), expression=exp.cast(exp.Literal.string(str(DAYS[0])), "date"))
    values = sum(row["n"] is not None for row in _rows())
    one_day = [row for row in _rows() if row["yyyy_mm_dd"] == DAYS[0]]
    assert live.engine.estimate(live.select("n")).bytes == 8 * values
    of_day = 8 * sum(row["n"] is not None for row in one_day) + 8 * len(one_day)
    assert live.engine.estimate(live.select("n").where(day)).bytes == of_day
    assert live.engine.estimate(live.select("COUNT(*) AS n")).bytes == 0


@claim("a statement above the limit is refused before it runs")
def limit(live: Live) -> None:
    tight = BigQuery(live.engine.client, maximum_bytes_billed=1)
    with refused(NotRunError, "it was not run"):
        tight.run(live.select("n"))
    assert not tight.jobs


@claim("BigQuery itself refuses a job above its limit")
def limit_of_job(live: Live) -> None:
    tight = BigQuery(live.engine.client, maximum_bytes_billed=2**20)
    with refused(NotRunError, "raise the limit"):
        tight.run(live.select("n"))


@claim("jobs carry suite, execution and dataset, and the store keeps their bytes")
def jobs(live: Live) -> None:
    @check(name="Rows", datasets=["rows"])
    def rows(mp: MetricProvider, ctx: Context) -> None:
        ctx.assert_that(mp.sum("n")).where(name="There is a sum").noop()

    db = InMemoryMetricDB()
    suite = VerificationSuite([rows], db, "Live suite", execution_id="live-1")
    suite.run([live.source()], ResultKey(DAYS[0]))
    kept = [job for job in jobs_of(db.execution("live-1").unwrap().parameters) if job.bytes_processed]
    assert kept
    assert all(job.bytes_billed >= 10 * 2**20 for job in kept), kept
    found = live.engine.client.get_job(kept[0].id, location=kept[0].location)
    assert found.labels["dqx_suite"] == "live-suite", found.labels
    db.close()


@claim("another day replaced is another version of that day, and of no other")
def versions(live: Live) -> None:
    before = {day: live.source().data_version(day, {}) for day in DAYS[:2]}
    live.tables.load(
        arrow_of([row for row in ROWS if row["yyyy_mm_dd"] == DAYS[1]]), f"{live.dataset}.again", Layout("yyyy_mm_dd")
    )
    again = exp.select("*").from_(table_of(f"{live.dataset}.again"))
    live.tables.write(again, f"{live.dataset}.rows${DAYS[1]:%Y%m%d}")
    after = {day: live.source().data_version(day, {}) for day in DAYS[:2]}
    assert [day for day in DAYS[:2] if after[day] != before[day]] == [DAYS[1]], (before, after)


@claim("a dataset has the rows and splits that DuckDB gives it")
def datasets(live: Live) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        here = FolderStorage(shop.engine(), folder)
        duck = here.materialize(define(shop.changed(shop.DAILY)), [shop.day(1), shop.day(2)])
        there = BigQueryStorage(live.engine, live.dataset)
        bigquery = there.materialize(live.definition(), [shop.day(1), shop.day(2)])
        assert [(r.date, r.split, r.rows) for r in bigquery] == [(r.date, r.split, r.rows) for r in duck], "rows differ"
        wanted = [(r.date, r.split) for r in duck]
        ids = [sorted(s.rows("daily", wanted)["transaction_id"].to_pylist()) for s in (here, there)]
        assert ids[0] == ids[1]


@claim("a partition is replaced whole by one job, and its neighbours stay")
def replaced(live: Live) -> None:
    storage = BigQueryStorage(live.engine, live.dataset)
    before = {(k.date, k.split): k.rows for k in storage.partitions("daily")}
    with recording() as ran:
        first = storage.materialize(live.definition(), [shop.day(2)])
    assert before == {(k.date, k.split): k.rows for k in storage.partitions("daily")}
    again = storage.materialize(live.definition(), [shop.day(2)])
    assert [r.fingerprint for r in first] == [r.fingerprint for r in again]
    assert {job.kind for job in ran} == {"query"}


@claim("one split replaced leaves the other")
def one_split(live: Live) -> None:
    storage = BigQueryStorage(live.engine, live.dataset)
    before = {(k.date, k.split): k.rows for k in storage.partitions("daily")}
    storage.materialize(live.definition(), [shop.day(1)], ["train"])
    assert before == {(k.date, k.split): k.rows for k in storage.partitions("daily")}


@claim("two runs may write two splits of one day at the same time")
def two_splits(live: Live) -> None:
    def write(split: str) -> str:
        [result] = BigQueryStorage(live.engine, live.dataset).materialize(live.definition(), [shop.day(1)], [split])
        return result.fingerprint

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(write, ("train", "eval")))
    storage = BigQueryStorage(live.engine, live.dataset)
    assert found == [each.fingerprint for each in storage.materialize(live.definition(), [shop.day(1)])]


@claim("a partition says what made it")
def manifests(live: Live) -> None:
    storage = BigQueryStorage(live.engine, live.dataset)
    [train, _] = storage.materialize(live.definition(), [shop.day(2)])
    found = storage.manifest("daily", shop.day(2), "train")
    assert found is not None
    assert (found.definition_hash, found.sql) == (live.definition().definition_hash, train.sql)
    assert (found.rows, found.fingerprint) == (train.rows, train.fingerprint)


@claim("a null where nulls are written to fail replaces nothing, and is counted")
def nulls(live: Live) -> None:
    storage = BigQueryStorage(live.engine, live.dataset)
    before = {(k.date, k.split): k.rows for k in storage.partitions("daily")}
    with refused(DefinitionError, "rows have null in country"):
        storage.materialize(live.definition(nulls={"country": "fail"}), [shop.day(1)])
    assert before == {(k.date, k.split): k.rows for k in storage.partitions("daily")}


@claim("a day without rows leaves none")
def no_rows(live: Live) -> None:
    storage = BigQueryStorage(live.engine, live.dataset)
    results = storage.materialize(live.definition(partitions__start="2020-01-01"), [dt.date(2020, 1, 1)])
    assert [r.rows for r in results] == [0, 0]


@claim("what the linter refuses, BigQuery refuses")
def linter(live: Live) -> None:
    live.tables.load(_one_of_each(), f"{live.dataset}.lint")
    wrong = []
    for sql in REFUSED:
        text = sql.replace("raw.rows", f"`{live.dataset}`.`lint`").replace("raw.nothing", f"`{live.dataset}`.`nothing`")
        try:
            _dry(live, text)
        except EngineError:
            continue
        wrong.append(sql)
    assert not wrong, f"BigQuery takes: {wrong}"


def _dry(live: Live, sql: str) -> None:
    from google.cloud import bigquery

    with live.engine.speaking("check a statement"):
        live.engine.client.query(
            sql,
            job_config=bigquery.QueryJobConfig(dry_run=True),
            location=live.engine.location_of_dataset(live.dataset),
        )


def _one_of_each() -> pa.Table:
    return pa.table(
        {
            "at": pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)], pa.timestamp("us", "UTC")),
            "clock": pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("us")),
            "day": pa.array([dt.date(2024, 1, 1)]),
            "n": pa.array([1], pa.int64()),
            "x": pa.array([1.0]),
            "d": pa.array([1], pa.decimal128(38, 9)),
            "s": pa.array(["a"]),
            "b": pa.array([True]),
            "raw": pa.array([b"a"]),
            "items": pa.array([[1]], pa.list_(pa.int64())),
        }
    )


def main(
    project: Annotated[str, typer.Option(help="The project that runs and pays for the jobs.")],
    location: Annotated[str, typer.Option(help="Where the dataset is made.")] = "EU",
    only: Annotated[str, typer.Option(help="Run the claims whose sentence holds this text.")] = "",
) -> None:
    """Run every claim on a dataset of its own, and delete it."""
    live = Live(BigQuery(project=project), f"dqx_live_{uuid.uuid4().hex[:8]}")
    live.tables.make_dataset(live.dataset, location)
    failed = 0
    try:
        live.tables.load(arrow_of(ROWS), f"{live.dataset}.rows", Layout("yyyy_mm_dd"))
        sales = pa.Table.from_pandas(shop.transactions(), preserve_index=False)
        live.tables.load(sales, f"{live.dataset}.transactions", Layout("transaction_date"))
        live.tables.load(pa.Table.from_pandas(shop.products(), preserve_index=False), f"{live.dataset}.products")
        for sentence, run in CLAIMS.items():
            if only not in sentence:
                continue
            try:
                run(live)
                print(f"ok      {sentence}", flush=True)
            except Exception as error:  # noqa: BLE001 - every claim is run
                failed += 1
                print(f"FAILED  {sentence}\n        {type(error).__name__}: {error}", flush=True)
    finally:
        live.engine.client.delete_dataset(live.dataset, delete_contents=True, not_found_ok=True)
    billed = sum(job.bytes_billed for job in live.engine.jobs)
    print(f"{failed} of {len(CLAIMS)} claims failed", file=sys.stdout)
    print(f"{len(live.engine.jobs)} jobs, {billed / 2**20:.0f} MiB billed", file=sys.stderr)
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
