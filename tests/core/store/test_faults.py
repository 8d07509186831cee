"""Whatever goes wrong, one StoreError says which store, what failed and what to do, and never the password."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dqx_core.errors import StoreError
from dqx_core.store import METRIC, MetricDB, shown, store_exists
from dqx_core.store.urls import hide_secrets
from tests.core.store.children import child, fill_the_disk, use_as_nobody
from tests.core.store.conftest import sqlalchemy_url, start_postgresql
from tests.core.store.numbers import KEY, PRICE, many, metric, verdict

SECRET = "hunter2secret"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("metrics.db", "could not read its URL: it is not a database URL. Write sqlite:///"),
        ("", "it is not a database URL"),
        ("sqlite://data/metrics.db", "a file has no host: there are three slashes before its path"),
        ("sqlite://metrics.db", "a file has no host"),
        (f"sqlite://me:{SECRET}@host/metrics.db", "a file has no host"),
        (f"postgresql//me:{SECRET}@host/db", "it is not a database URL"),
        (f"mysql://me:{SECRET}@host/db", "SQLite or PostgreSQL, not in mysql"),
        (f"postgresql+nodriver://me:{SECRET}@host/db", "there is no driver 'postgresql.nodriver'"),
        ("sqlite+nodriver:///x.db", "there is no driver 'sqlite.nodriver'"),
        ("sqlite:////no/such/folder/metrics.db", "unable to open database file.* Does the folder of"),
        (f"postgresql://me:{SECRET}@no-such-host.invalid/db", "no-such-host.invalid.* Check that the server runs"),
        (f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/db", "(?i)refused.* Check that the server runs"),
        (f"postgresql+psycopg://127.0.0.1:1/db?user=me&password={SECRET}", "(?i)refused"),
    ],
)
def test_a_wrong_url_is_one_error_that_says_what_to_do(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as raised:
        MetricDB(url)
    assert SECRET not in str(raised.value)
    assert str(raised.value).startswith("Metric store ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:pa@{SECRET}@127.0.0.1:1/db",
        f"postgresql://u:pa/{SECRET}@x@127.0.0.1:1/db",
        f"postgresql://corp/user:{SECRET}@127.0.0.1:1/db",
        f"postgresql://corp/us%40er:{SECRET}@127.0.0.1:1/db",
        f"postgresql://user@corp:{SECRET}@127.0.0.1:1/db",
        f"postgresql://{SECRET}@127.0.0.1:1/db",
        f"postgresql://u:{SECRET}?x@127.0.0.1:1/db",
        f"postgresql://u@127.0.0.1:1/db?sslpassword={SECRET}&passwd={SECRET}&api_key={SECRET}",
        f"postgresql://u@127.0.0.1:1/db?Password={SECRET}%20and%20more",
        f"postgresql://u:{SECRET}",
        f"postgresql://u:{SECRET}@127.0.0.1:notaport/db",
        f"postgresql:/u:{SECRET}@h/db",
        f"u:{SECRET}@h/db",
        f"host=127.0.0.1 password='a {SECRET}'",
        f"{SECRET}",
        f"mysql://u:{SECRET}@h/db?token={SECRET}",
        f"oracle+x://us/er:{SECRET}@h/db",
    ],
)
def test_no_mistake_in_a_url_shows_what_is_secret(url: str) -> None:
    for look in (lambda: MetricDB(url, patience=0.1), lambda: store_exists(url)):
        with pytest.raises(StoreError) as raised:
            look()
        assert SECRET not in str(raised.value)
    assert SECRET not in shown(url)


def test_what_a_driver_repeats_of_a_url_is_hidden() -> None:
    url = sa.make_url(f"postgresql+psycopg://me:{SECRET}%2F1@host/db?sslpassword=other+{SECRET}")
    for said in (
        f"cannot reach '{SECRET}/1@host'",
        f"bad option {SECRET}%2F1",
        f"in postgresql://me:x{SECRET}@@host/db",
        f"password='x {SECRET}y' host=1",
        f"sslpassword = other {SECRET}",
    ):
        assert SECRET not in hide_secrets(said, url), said
    assert hide_secrets('password authentication failed for user "me"', url).endswith('failed for user "me"')


def test_a_folder_in_place_of_a_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"That is a folder: give the path of a file in it"):
        MetricDB(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes " * 500)
    with pytest.raises(StoreError, match=r"file is not a database.* Give the path of a metric store"):
        MetricDB(f"sqlite:///{path}")
    assert path.read_text() == "these are my notes " * 500


def test_a_store_that_was_opened_read_only_is_read_and_refuses_to_write(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    MetricDB(f"sqlite:///{path}").persist([metric()])
    db = MetricDB(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert len(db.measured("run-1")) == 1
    with pytest.raises(
        StoreError, match=r"readonly database\. Nothing was written\. Nothing was judged\. This user may not"
    ):
        db.persist([metric(execution_id="run-2")])
    with pytest.raises(StoreError, match="could not persist 1 assertion results: attempt to write a readonly database"):
        db.persist_results("run-1", [verdict()])
    db.close()


@pytest.mark.parametrize("folder_mode", [0o755, 0o777], ids=["folder too", "file only"])
def test_a_read_only_file_is_one_error_and_nothing_is_written(folder_mode: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="dqx-store-"))
    try:
        path = folder / "metrics.db"
        db = MetricDB(f"sqlite:///{path}")
        db.persist([metric()])
        db.close()
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        folder.chmod(folder_mode if os.getuid() == 0 else folder_mode & 0o555)
        with child(use_as_nobody, f"sqlite:///{path}", "write") as (_, pipe):
            said = pipe.recv()
        assert said.startswith(f"Metric store sqlite:///{path}: could not ")
        assert "readonly database" in said or "unable to open database file" in said
        folder.chmod(0o755)
        path.chmod(0o644)
        db = MetricDB(f"sqlite:///{path}")
        assert [m.execution_id for m in db.search()] == ["run-1"]
        db.close()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def whole_steps(url: str, complete: int) -> None:
    """What was complete before the disk filled is there, and nothing else."""
    db = MetricDB(url)
    held = [e.execution_id for e in db.executions()]
    assert sorted(held) == sorted(f"run-{n}" for n in range(complete))
    assert all(len(db.measured(execution_id)) == 1_000 for execution_id in held)
    db.close()


def test_a_file_that_may_not_grow_is_one_error_and_no_step_is_half_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    with child(fill_the_disk, url, 700_000) as (_, pipe):
        complete, said = pipe.recv()
    assert f"Metric store {url}: could not persist 1,000 metrics: " in said
    assert "Nothing was written. Nothing was judged. Make room on its disk" in said
    assert complete > 0
    whole_steps(url, complete)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or os.getuid() != 0:
        pytest.skip("only root can make a small disk")
    ran = subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], capture_output=True, check=False)
    if ran.returncode:
        pytest.skip(f"no small disk here: {ran.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run([umount, tmp_path], check=True)


def test_a_full_disk_is_one_error_and_no_step_is_half_written(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'metrics.db'}"
    with child(fill_the_disk, url, 0) as (_, pipe):
        complete, said = pipe.recv()
    assert "could not persist 1,000 metrics: database or disk is full. Nothing was written." in said
    assert complete > 0
    whole_steps(url, complete)


class Server:
    """A PostgreSQL server that a test may kill."""

    def __init__(self, folder: str) -> None:
        self.server: Any = start_postgresql(folder)
        self.url = sqlalchemy_url(self.server)

    def kill(self) -> None:
        """Kill the server and its children, as a power cut would."""
        leader = self.server.get_pid()
        # The children notice that their parent is gone, and go.
        os.kill(leader, signal.SIGKILL)
        end = time.monotonic() + 10
        while Path(f"/proc/{leader}").exists() and time.monotonic() < end:
            time.sleep(0.02)

    def restart(self) -> None:
        """Start it again on the same files."""
        end = time.monotonic() + 20
        while True:
            try:
                self.server.ensure_postgres_running()
                with sa.create_engine(self.url, poolclass=sa.NullPool).connect():
                    return
            except (sa.exc.OperationalError, OSError, RuntimeError, subprocess.SubprocessError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)


@pytest.fixture
def server(postgresql: str) -> Iterator[Server]:
    """A server of its own; asks for the other one so that both run in one worker."""
    assert postgresql
    with tempfile.TemporaryDirectory(prefix="dqx-pg-") as folder:
        own = Server(folder)
        yield own
        own.server.cleanup()


def test_a_server_that_was_restarted_between_two_calls_is_not_noticed(server: Server) -> None:
    db = MetricDB(server.url)
    db.persist([metric(1.5)])
    server.kill()
    with pytest.raises(StoreError, match=r"Nothing was judged\. Check that the server runs"):
        db.measured("run-1")
    server.restart()
    db.persist([metric(2.5, execution_id="run-2")])
    assert len(db.measured("run-1")) == len(db.measured("run-2")) == 1
    db.close()


def test_a_server_that_dies_in_the_middle_of_a_step_leaves_all_of_it_or_nothing(server: Server) -> None:
    db = MetricDB(server.url)
    db.persist([metric(1.5)])
    said: list[str] = []

    def work() -> None:
        try:
            db.persist(many(30_000, "killed"))
            said.append("")
        except StoreError as error:
            said.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.6)
    server.kill()
    thread.join(30)
    assert said
    assert said[0] == "" or (
        said[0].startswith("Metric store postgresql+psycopg://")
        and "could not persist 30,000 metrics" in said[0]
        and "Nothing was written. Nothing was judged." in said[0]
    )
    server.restart()
    assert len(db.search(METRIC.c.execution > 1)) == (30_000 if said[0] == "" else 0)
    db.persist(many(3_000, "killed"))
    assert len(db.measured("killed")) >= 3_000
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1").unwrap() == 1.5
    db.close()


def test_a_wrong_password_is_one_error_that_does_not_show_it(server: Server) -> None:
    engine = sa.create_engine(server.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE reader LOGIN PASSWORD 'right'")
        rules = Path(connection.exec_driver_sql("SHOW hba_file").scalar_one())
        rules.write_text("local all reader scram-sha-256\n" + rules.read_text())
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    url = sa.make_url(server.url).set(username="reader", password=SECRET)
    end = time.monotonic() + 5
    said = ""
    while "authentication" not in said and time.monotonic() < end:
        with pytest.raises(StoreError) as raised:  # until the rules are read, the role lacks the right to make tables
            MetricDB(url.render_as_string(hide_password=False))
        said = str(raised.value)
    assert 'password authentication failed for user "reader"' in said
    assert "Check the user and the password in the URL." in said
    assert "//***@" in said
    assert SECRET not in said
