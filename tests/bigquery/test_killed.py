"""The server as a process of its own, killed in the middle; and the demo on it."""

import json
import os
import re
import subprocess
import sys

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from dqx_core import InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.datasets.bigquery_storage import BigQueryStorage
from dqx_core.engines.bigquery import BigQuery
from dqx_core.engines.bigquery_tables import BigQueryTables, Layout
from dqx_core.errors import NotRunError
from examples.shop.engines import PRICE
from tests import forked
from tests.core.datasets import shop
from tests.core.datasets.shop import daily, day
from tests.examples.conftest import ROOT


class Process:
    """A server in another process, over a file that outlives it."""

    def __init__(self, *options):
        command = [sys.executable, "-m", "tests.bigquery.server", "--port", "0", *map(str, options)]
        self.process = forked.start(command, cwd=ROOT, stdout=subprocess.PIPE)
        self.variables = {}
        while "DQX_BIGQUERY_PROJECT" not in self.variables or ("--credentials" in options and len(self.variables) < 3):
            name, _, value = self.process.stdout.readline().removeprefix("export ").strip().partition("=")
            assert name, "the server ended"
            self.variables[name] = value

    def engine(self):
        client = bigquery.Client(
            "local",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.variables["BIGQUERY_EMULATOR_HOST"]},
        )
        return BigQuery(lambda: client, patience=0.3)

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()


@check(name="Daily", datasets=["daily"])
def there_are_sales(mp, ctx):
    ctx.assert_that(mp.num_rows()).where(name="There are sales").is_positive()
    ctx.assert_that(mp.num_rows(lag=1)).where(name="Yesterday too").is_positive()


def load(engine, seed):
    import pyarrow as pa

    tables = BigQueryTables(engine)
    tables.make_dataset("raw_data")
    tables.load(
        pa.Table.from_pandas(shop.transactions(seed, per_day=40), preserve_index=False), "raw_data.transactions"
    )
    tables.load(pa.Table.from_pandas(shop.products(), preserve_index=False), "raw_data.products", Layout())


@pytest.mark.slow
def test_a_server_killed_in_the_middle_is_a_clear_error_and_loses_nothing(tmp_path):
    database = tmp_path / "project.duckdb"
    server = Process("--database", database)
    db = InMemoryMetricDB()
    dates = [day(1), day(2), day(3)]
    try:
        engine = server.engine()
        load(engine, seed=1)
        storage = BigQueryStorage(engine, "datasets")
        storage.materialize(daily(), dates)
        VerificationSuite([there_are_sales], db, "S").run([storage.data_source("daily")], ResultKey(day(2)))
        old = {(k.date, k.split): k.rows for k in storage.partitions("daily")}
        numbers = db.info().numbers
        load(engine, seed=2)
        done = []

        def after_the_first_day(result):
            done.append(result)
            if len(done) == 2:
                server.kill()

        with pytest.raises(NotRunError, match=r"could not be reached .*try again when the service answers"):
            storage.materialize(daily(), dates, progress=after_the_first_day)
        with pytest.raises(NotRunError, match="could not be reached"):
            VerificationSuite([there_are_sales], db, "S").run([storage.data_source("daily")], ResultKey(day(3)))
        assert db.info().numbers == numbers
        engine.close()
    finally:
        server.kill()
    again = Process("--database", database)
    try:
        engine = again.engine()
        storage = BigQueryStorage(engine, "datasets")
        found = {(k.date, k.split): k.rows for k in storage.partitions("daily")}
        new = {(r.date, r.split): r.rows for r in done}
        assert found == old | new
        assert {date for date, _ in new} == {day(1)}
        storage.materialize(daily(), dates)
        results = VerificationSuite([there_are_sales], db, "S").run([storage.data_source("daily")], ResultKey(day(3)))
        assert {str(r.status) for r in results} == {"PASSED"}
        engine.close()
    finally:
        again.kill()


@pytest.mark.slow
def test_the_demo_on_bigquery_finds_the_same_and_prints_bytes_and_cost(tmp_path):
    server = Process("--credentials", tmp_path / "key.json")
    try:
        done = forked.run(
            [
                sys.executable, "-m", "examples.shop.demo", "--days", "8", "--rows-per-day", "300",
                "--data", tmp_path / "data", "--dagster-home", tmp_path / "home",
            ],
            cwd=ROOT, env={**os.environ, **server.variables, "COLUMNS": "120"},
        )  # fmt: skip
    finally:
        server.kill()
    assert done.returncode == 0, done.stderr
    assert "Loaded into BigQuery: raw_data.customers, raw_data.products, raw_data.transactions." in done.stdout
    [row] = re.findall(r"^ [0-9a-f]{8} .*$", done.stdout, re.MULTILINE)
    jobs, estimated, processed, billed, cost = re.findall(r"[\d.]+ \w+|\$[\d.]+|(?<= )\d+(?= )", row.strip()[8:])
    assert (int(jobs) > 3, estimated == processed, billed.endswith("MiB")) == (True,) * 3
    assert float(cost[1:]) == pytest.approx(float(billed.split()[0]) / 2**20 * PRICE, abs=1e-4)
    assert "0 assertions failed" in done.stdout
    assert json.loads((tmp_path / "key.json").read_text())["private_key"] not in done.stdout + done.stderr
