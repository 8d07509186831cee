"""A run that is killed between measuring and keeping leaves nothing behind, and the rerun is whole."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dqx_core import DuckRelationDataSource, MetricDB, ResultKey, VerificationSuite, check

DAY = ResultKey(dt.date(2024, 3, 1))


@check(name="Numbers", datasets=["numbers"])
def numbers(mp, ctx):
    ctx.assert_that(mp.num_rows()).where(name="Some").is_eq(1000)
    ctx.assert_that(mp.unique_count("n")).where(name="Alone").is_eq(1000)


class Killing(DuckRelationDataSource):
    """Ends its own process after so many statements, with no chance to tidy up."""

    last = 0
    ran = 0

    def rows(self, tree):
        answer = super().rows(tree)
        self.ran += 1
        if self.ran == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def run(url: str, last: int):
    from dqx_core import DuckDB

    engine = DuckDB()
    source = Killing.from_relation(engine, engine.connection.sql("SELECT range AS n FROM range(1000)"), "numbers")
    source.last = last
    suite = VerificationSuite([numbers], MetricDB(url), "Numbers", execution_id="the-run")
    return suite.run([source], DAY)


@pytest.mark.parametrize("last", [1, 2])
def test_a_kill_between_measuring_and_keeping_loses_nothing(tmp_path: Path, last: int) -> None:
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    before = VerificationSuite([numbers], MetricDB(url), "Numbers", execution_id="before")
    before.run([DuckRelationDataSource.from_arrow(_table(), "numbers")], DAY)
    child = [sys.executable, "-c", f"from tests.core.test_killed import run; run({url!r}, {last})"]
    assert subprocess.run(child, check=False).returncode == -signal.SIGKILL
    db = MetricDB(url)
    assert db.measured("the-run") == []
    assert db.results("the-run") == []
    assert len(db.measured("before")) == 2
    assert [result.status for result in run(url, last=0)] == ["PASSED", "PASSED"]
    assert len(db.measured("the-run")) == 2
    db.close()


def _table():
    import pyarrow as pa

    return pa.table({"n": range(1000)})
