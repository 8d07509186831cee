"""A store of the last revision with a million numbers is brought along in one transaction, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
import sqlalchemy as sa
from returns.result import Success

from dqx_core.errors import StoreError
from dqx_core.keys import ResultKey
from dqx_core.metrics.moments import Average
from dqx_core.report import Severity, Status
from dqx_core.store import MetricDB
from dqx_core.store.codec import digest, series_key
from tests.core.store.numbers import KEY, metric, verdict
from tests.core.store.test_opening import migrate

SERIES, DAYS, RUNS = 100, 200, 50
FIRST = dt.date(2024, 1, 1)
SPECS = [Average(f"column_{number}") for number in range(SERIES)]
DATASET = "orders"


INDEXES = [("DROP INDEX ix_dqx_metric_execution", "CREATE INDEX ix_dqx_metric_execution ON dqx_metric (execution)")]
KEYS = [
    (f"ALTER TABLE dqx_metric DROP CONSTRAINT {name}", f"ALTER TABLE dqx_metric ADD CONSTRAINT {name} {words}")
    for name, words in [
        ("fk_dqx_metric_series_id", "FOREIGN KEY (series_id) REFERENCES dqx_series (series_id) NOT VALID"),
        ("fk_dqx_metric_execution", "FOREIGN KEY (execution) REFERENCES dqx_execution (execution) NOT VALID"),
        (
            "fk_dqx_metric_source_execution",
            "FOREIGN KEY (source_execution) REFERENCES dqx_execution (execution) NOT VALID",
        ),
        (
            "fk_dqx_metric_data_version_id",
            "FOREIGN KEY (data_version_id) REFERENCES dqx_data_version (data_version_id)",
        ),
        ("pk_dqx_metric", "PRIMARY KEY (series_id, yyyy_mm_dd, execution)"),
    ]
]


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """A store in memory is always new."""
    name: str = request.param
    return name


def fill(url: str) -> None:
    """A million numbers as the last revision kept them: every run holds every series on every day.

    A number of run 1 is measured; of the others, every tenth was carried forward from it.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        old = sa.MetaData()
        old.reflect(connection)
        sqlite = connection.dialect.name == "sqlite"
        moment: Any = 1_700_000_000_000_000 if sqlite else dt.datetime(2023, 11, 14, tzinfo=dt.UTC)
        executions = [{"execution_id": f"run-{n}", "started": moment, "origin": "dagster"} for n in range(1, RUNS + 1)]
        connection.execute(sa.insert(old.tables["dqx_execution"]), executions)
        series = [
            {
                "series_key": series_key(spec, {}, DATASET),
                "dataset": DATASET,
                "metric": spec.name,
                "spec": spec.canonical,
                "spec_key": spec.digest,
                "tags": "{}",
            }
            for spec in SPECS
        ]
        connection.execute(sa.insert(old.tables["dqx_series"]), series)
        indexes = INDEXES if sqlite else (*INDEXES, *KEYS)
        for drop, _ in indexes:  # kept up for every row, they would take longer than what is tested
            connection.exec_driver_sql(drop)
        if sqlite:
            count = "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 199)"
            day, created = "CAST(strftime('%Y%m%d', '2024-01-01', d.n || ' days') AS INTEGER)", moment
        else:
            count, day, created = "WITH n AS (SELECT generate_series(0, 199) AS n)", "DATE '2024-01-01' + d.n", "now()"
        connection.exec_driver_sql(
            f"{count}, d AS MATERIALIZED (SELECT n, {day} AS day FROM n d WHERE n < {DAYS}) "
            "INSERT INTO dqx_metric (series_id, yyyy_mm_dd, execution, value, source_execution, created) "
            "SELECT s.n + 1, d.day, e.n + 1, s.n * 1000 + d.n + e.n / 64.0, "
            f"CASE WHEN e.n IN (10, 20, 30, 40) THEN 1 END, {created} "
            f"FROM n s CROSS JOIN d CROSS JOIN n e WHERE s.n < {SERIES} AND e.n < {RUNS}"
        )
        for _, make in reversed(indexes):
            connection.exec_driver_sql(make)
        results = [
            {
                "execution": execution,
                "result_key": digest("Sales suite", "Sales", "Price is positive", "2024-01-02", KEY.tags.canonical),  # type: ignore[attr-defined]
                "suite": "Sales suite",
                "check_name": "Sales",
                "assertion": "Price is positive",
                "yyyy_mm_dd": 20240102 if sqlite else KEY.yyyy_mm_dd,
                "tags": KEY.tags.canonical,  # type: ignore[attr-defined]
                "severity": str(Severity.P0),
                "status": str(status),
                "value": 4.5,
                "bound": "> 0",
                "expression": "average(price)",
                "message": f"Price is positive: {status}",
                "symbols": "[]",
                "created": moment,
            }
            for execution, status in ((1, Status.PASSED), (2, Status.FAILED))
        ]
        connection.execute(sa.insert(old.tables["dqx_result"]), results)


def fingerprint(url: str) -> list[Any]:
    """Sums over every row of what a row holds."""
    held = (
        "SELECT count(*), sum(series_id * 31 + execution), sum(value), sum(coalesce(source_execution, 0)), "
        "min(yyyy_mm_dd), max(yyyy_mm_dd), count(created) FROM dqx_metric"
    )
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return list(connection.exec_driver_sql(held).one())


@pytest.mark.slow
def test_a_million_numbers_are_brought_along_within_a_minute_and_keep_their_order(url: str) -> None:
    migrate(url, "0002")
    fill(url)
    before = fingerprint(url)
    assert before[0] == 1_000_000
    began = time.monotonic()
    db = MetricDB(url)
    took = time.monotonic() - began
    assert took < 60
    assert fingerprint(url) == before

    # The order is the old one: by the execution that measured it, and a copy is as old as its source.
    day = ResultKey(FIRST + dt.timedelta(days=7))
    found = db.latest(SPECS[3], day, DATASET).unwrap()
    assert (found.value, found.execution_id) == (Success(3007 + 49 / 64), "run-50")
    frame = db.history(SPECS[0], DATASET)
    assert frame["execution_id"].tolist() == ["run-50"] * DAYS
    assert db.latest_results() == {verdict(status=Status.FAILED): "run-2"}

    # What is written from now on is newer, whichever execution writes it.
    carried = metric(3007.0, spec=SPECS[3], key=day, dataset=DATASET, execution_id="run-51", source="run-1")
    db.persist([carried])
    assert db.latest(SPECS[3], day, DATASET).unwrap().execution_id == "run-50"
    db.persist([metric(8, spec=SPECS[3], key=day, dataset=DATASET, execution_id="run-2")])
    db.persist_results("run-1", [verdict()])
    assert db.latest(SPECS[3], day, DATASET).unwrap().value == Success(8)
    assert db.latest_results() == {verdict(): "run-1"}
    # They are numbers of a dataset called so, and of no asset whose name only ends so.
    assert db.latest_many([(SPECS[3], day, "raw/orders")]) == {}
    assert db.newest_verdicts("Sales suite", "sales", [KEY]) == {KEY: {}}
    db.close()


def test_a_migration_that_breaks_leaves_the_store_as_it_was(url: str) -> None:
    migrate(url, "0002")

    def break_off(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO sqlite_sequence" in statement or "CREATE SEQUENCE" in statement:
            raise sa.exc.OperationalError(statement, {}, Exception("the power is gone"))

    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        before = sa.inspect(connection).get_columns("dqx_metric")
    sa.event.listen(sa.Engine, "before_cursor_execute", break_off)
    try:
        with pytest.raises(StoreError, match="could not be brought to revision 0003: the power is gone"):
            MetricDB(url)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", break_off)
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        assert str(sa.inspect(connection).get_columns("dqx_metric")) == str(before)
        assert connection.scalar(sa.text("SELECT version_num FROM dqx_revision")) == "0002"
    MetricDB(url).close()
