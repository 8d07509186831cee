"""One run of the feed over a range, in a process of its own: `python -m tests.dagster.one_run FOLDER FIRST LAST`.

DAGSTER_HOME says which instance; the run's id is printed. It says `ready-` and its number in a file, and waits until a
file `go` is in the folder. With
a file `hang` there it stops where its suite begins to read, says so in a file `reading`, and waits to be killed.
"""

import os
import sys
import time
from pathlib import Path

import dagster as dg

from dqx_core import DuckRelationDataSource
from dqx_dagster import MetricStore, suite_checks
from tests.dagster.scenario import SUITE, definitions, feed, source, span


def hanging(folder: Path) -> dg.Definitions:
    """The feed with a suite whose rows never come."""

    def never(resources: object) -> DuckRelationDataSource:
        (folder / "reading").touch()
        time.sleep(60)
        return source(resources)

    return dg.Definitions(
        assets=[feed],
        asset_checks=[suite_checks(SUITE, feed, source=never, engine=None)],
        resources={"store": MetricStore(url=f"sqlite:///{folder / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    defs = hanging(folder) if (folder / "hang").exists() else definitions(folder)
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        (folder / f"ready-{os.getpid()}").touch()
        deadline = time.monotonic() + 30
        while not (folder / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        result = job.execute_in_process(instance=instance, tags=span(sys.argv[2], sys.argv[3]), raise_on_error=False)
        print(result.run_id)
        sys.exit(0 if result.success else 1)
