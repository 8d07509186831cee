"""Opening makes a store, brings an older one up to date with every row, and refuses a newer one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from returns.result import Success

import dqx_core.store
from dqx_core.errors import StoreError
from dqx_core.store import MetricDB, store_exists
from dqx_core.store.migrations import HEAD, REVISIONS
from dqx_core.store.tables import SCHEMA
from tests.core.store.numbers import KEY, PRICE, ROWS, metric, verdict

MIGRATIONS = Path(dqx_core.store.__file__).parent / "migrations"


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """A store in memory is always new."""
    name: str = request.param
    return name


def migrate(url: str, revision: str) -> None:
    """Bring a database to a revision, as an older version of dqx did."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def structure(connection: sa.Connection) -> dict[str, Any]:
    """Every table, column, key, index and view of a database."""
    inspector = sa.inspect(connection)
    tables = {
        name: {
            # PostgreSQL adds a column behind those that are there.
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"], c.get("primary_key")) for c in inspector.get_columns(name)
            ),
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "indexes": sorted(map(str, inspector.get_indexes(name))),
        }
        for name in inspector.get_table_names()
        if name != "dqx_revision"
    }
    views = {name: inspector.get_view_definition(name) for name in inspector.get_view_names()}
    if connection.dialect.name == "sqlite":  # what inspection does not tell: WITHOUT ROWID, AUTOINCREMENT
        made = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
        words = ("WITHOUT ROWID", "AUTOINCREMENT")
        return {
            "tables": tables,
            "views": views,
            "made": {n: [w for w in words if w in s.upper()] for n, s in made if n in tables},
        }
    return {"tables": tables, "views": views}


def test_the_migrations_lead_to_the_tables_of_the_code(url: str) -> None:
    MetricDB(url).close()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        migrated = structure(connection)
        connection.execute(sa.text("DROP VIEW dqx_metrics"))
        SCHEMA.drop_all(connection)
        SCHEMA.create_all(connection)
        assert structure(connection) == migrated
    assert len(migrated["tables"]) == 7
    assert "dqx_metrics" in migrated["views"]


def test_the_list_of_revisions_is_the_one_alembic_finds() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_current_head() == HEAD
    assert [revision.revision for revision in script.walk_revisions()] == list(reversed(REVISIONS))


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_an_upgrade_from_every_older_revision_keeps_every_row(url: str, revision: str) -> None:
    migrate(url, revision)
    rows = {
        "dqx_execution": [{"execution_id": "run-1"}, {"execution_id": "run-5"}],
        "dqx_series": [
            {
                "series_key": dqx_core.store.codec.series_key(spec, KEY.tags, "sales"),
                "dataset": "sales",
                "metric": spec.name,
                "spec": spec.canonical,
                "spec_key": spec.digest,
                "tags": KEY.tags.canonical,  # type: ignore[attr-defined]
            }
            for spec in (PRICE,)
        ],
        "dqx_data_version": [{"data_version_key": b"k" * 16, "data_version": "v1"}],
        "dqx_metric": [
            {
                "series_id": 1,
                "execution": execution,
                "value": value,
                "exact": exact,
                "error": error,
                "data_version_id": 1,
            }
            for execution, value, exact, error in [(1, 4.5, None, None), (2, None, None, "no rows")]
        ],
    }
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        old = sa.MetaData()
        old.reflect(connection, only=lambda name, _: name in rows)
        sqlite = connection.dialect.name == "sqlite"
        moment, day = (1_700_000_000_000_000, 20240102) if sqlite else ("2023-11-14 22:13:20+00", "2024-01-02")
        for name, values in rows.items():
            table = old.tables[name]
            stamped = {"started": moment, "created": moment, "yyyy_mm_dd": day}
            for value in values:
                present = {k: v for k, v in stamped.items() if k in table.columns}
                connection.execute(sa.insert(table).values({**value, **present}))
        before = {name: connection.execute(sa.select(table)).all() for name, table in old.tables.items()}
    db = MetricDB(url)
    with engine.begin() as connection:
        assert {name: connection.execute(sa.select(table)).all() for name, table in old.tables.items()} == before
    assert db.info().revision == HEAD
    assert db.get_metric_value(PRICE, KEY, "sales", "run-1").unwrap() == 4.5
    [found] = db.measured("run-5")
    assert (found.value.failure(), found.data_version) == ("no rows", "v1")
    db.persist([metric(5.5, execution_id="run-6"), metric(1, spec=ROWS, execution_id="run-6")])
    assert db.latest(PRICE, KEY, "sales").unwrap().value == Success(5.5)
    db.close()


def test_what_was_kept_is_there_when_the_store_is_opened_again(url: str) -> None:
    first = MetricDB(url)
    first.persist([metric()])
    first.persist_results("run-1", [verdict()])
    first.close()
    again = MetricDB(url)
    assert again.measured("run-1") == [metric()]
    assert again.results("run-1") == [verdict()]
    again.close()


def test_an_older_store_is_refused_with_the_command_to_run_when_it_may_not_be_migrated(url: str) -> None:
    migrate(url, "0001")
    with pytest.raises(StoreError, match=f"revision 0001 and this version of dqx needs {HEAD}. Run: dqx store upgrade"):
        MetricDB(url, auto_migrate=False)
    MetricDB(url).close()
    MetricDB(url, auto_migrate=False).close()


def test_a_new_store_is_made_even_when_older_ones_may_not_be_migrated(url: str) -> None:
    db = MetricDB(url, auto_migrate=False)
    assert db.info().revision == HEAD
    db.close()


def test_a_newer_store_is_refused(url: str) -> None:
    MetricDB(url).close()
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("UPDATE dqx_revision SET version_num = '0999'"))
    with pytest.raises(StoreError, match=r"revision 0999, which this version of dqx does not know.*upgrade dqx here"):
        MetricDB(url)


def test_a_store_that_is_up_to_date_opens_without_alembic_or_pandas(url: str) -> None:
    MetricDB(url).close()
    code = (
        "import sys; from dqx_core.store import MetricDB; MetricDB(sys.argv[1]).measured('x');"
        "print(sorted({'alembic', 'pandas', 'duckdb', 'dagster', 'numpy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=False)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


def test_the_store_says_which_it_is_without_its_password(url: str) -> None:
    db = MetricDB(url)
    assert repr(db) == f"MetricDB({db.name!r})"
    db.close()


def test_a_relative_path_leads_to_one_file_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    db = MetricDB("sqlite:///metrics.db")
    db.close()  # the next connection is a new one
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    db.persist([metric()])
    db.close()
    assert MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}").measured("run-1") == [metric()]


def test_other_tables_in_the_same_database_are_left_alone(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('theirs')"))
    db = MetricDB(url)
    db.persist([metric()])
    with engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "theirs"
    db.close()


def test_a_store_that_is_made_at_the_first_write_is_empty_until_then_and_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "data" / "metrics.db"
    db = MetricDB(f"sqlite:///{file}", at_first_write=True)
    assert (db.measured("run-1"), db.executions(), db.info().numbers) == ([], [], 0)
    assert db.latest_many([(PRICE, KEY, "sales")]) == {}
    assert not store_exists(f"sqlite:///{file}")
    assert list(file.parent.iterdir()) == []
    other = MetricDB(f"sqlite:///{file}", at_first_write=True)
    db.persist([metric()])
    assert db.measured("run-1") == other.measured("run-1") == [metric()]
    other.persist_results("run-1", [verdict()])
    assert db.results("run-1") == [verdict()]
    for each in (db, other):
        each.close()
    assert MetricDB(f"sqlite:///{file}", at_first_write=True).measured("run-1") == [metric()]


def test_a_file_that_holds_nothing_yet_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "metrics.db"
    file.touch()
    db = MetricDB(f"sqlite:///{file}", at_first_write=True)
    assert db.measured("run-1") == []
    assert file.stat().st_size == 0
    db.persist([metric()])
    assert db.measured("run-1") == [metric()]
    db.close()


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match=r"the folder .*taken/deep cannot be made .*Name a place where"):
        MetricDB(f"sqlite:///{tmp_path / 'taken' / 'deep' / 'metrics.db'}", at_first_write=True)


def test_a_tilde_is_the_home_folder_or_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    MetricDB("sqlite:///~/metrics.db").close()
    assert store_exists("sqlite:///~/metrics.db")
    assert (tmp_path / "home" / "metrics.db").exists()
    with pytest.raises(
        StoreError, match=r"nobody here has the home folder of ~nobody_at_all/m\.db.*Write the whole path"
    ):
        MetricDB("sqlite:///~nobody_at_all/m.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
